"""Tasks go out to executors over real channels, and come back whatever ends meanwhile: connection or executor."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest

import runtime.cluster.dispatching as room
from runtime.cluster.channel import Address, ChannelServer
from runtime.cluster.dispatching import Dispatching
from runtime.tasks.executor import Executor
from runtime.tasks.handlers import Answer
from runtime.tasks.targets import Targets, TargetsSettings
from runtime.tasks.transport import Request
from tests.runtime.tasks.conftest import entry

PATIENCE_S = 5.0


class Remote:
    """A method of a Ray actor, without Ray."""

    def __init__(self, answer: Address) -> None:
        self._answer = answer

    async def remote(self) -> Address:
        return self._answer


class Peer:
    """An executor that hosts reach by its name. What goes to the target ``slow`` waits until ``open`` is set."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.taken: list[Request] = []
        settings = TargetsSettings.model_validate({"targets": {"slow": {}}})
        self.executor = Executor(Targets(settings, transports={"slow": self._answer}), "executor")
        self.calls: list[asyncio.Task[Any]] = []
        self.server = ChannelServer({"dispatch": self._dispatch, "collect": self._collect})

    async def start(self) -> "Peer":
        await self.server.start("127.0.0.1")
        self.address = Remote(self.server.address)
        return self

    async def _dispatch(self, host: str, batch: bytes) -> bytes:
        return await self.executor.dispatch(batch, host)

    async def _collect(self, host: str, _: bytes) -> bytes:
        return await self.executor.collect(host)

    def _answer(self, request: Request) -> Awaitable[Answer]:
        self.taken.append(request)
        return self._answered()

    async def _answered(self) -> Answer:
        await self.open.wait()
        return Answer(200, {})

    async def close(self) -> None:
        await self.server.close()
        await self.executor.close()


class Host:
    """What a host has out, and what came back."""

    def __init__(self) -> None:
        self.back: dict[str, int] = {}
        self.dispatching = Dispatching("Host 1.1", self._take)
        self._came = asyncio.Event()

    def _take(self, results: list[Any]) -> None:
        for _, _, order, result in results:
            assert result.outcome == "completed"
            self.back[order] = self.back.get(order, 0) + 1
        self._came.set()

    async def until(self, count: int) -> None:
        while len(self.back) < count:
            self._came.clear()
            await self._came.wait()


@pytest.fixture
async def peers(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, Peer]]:
    found = {name: await Peer().start() for name in ("Executor 1.1", "Executor 1.2")}
    monkeypatch.setattr(room, "find", found.get)
    monkeypatch.setattr(room, "PAUSE_S", 0.01)
    async with asyncio.timeout(PATIENCE_S):
        yield dict(found)
    for peer in found.values():
        await peer.close()


async def _until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.005)


async def test_what_is_done_at_once_and_what_takes_time_both_come_back(peers: dict[str, Peer]) -> None:
    host = Host()
    host.dispatching.dispatch([entry("o0")])
    assert host.dispatching.out == 1  # nobody is there yet: it waits
    host.dispatching.set_executors(["Executor 1.1"])
    host.dispatching.dispatch([entry("o1"), entry("o2", target="slow")])
    await host.until(2)
    assert host.back == {"o0": 1, "o1": 1}
    assert host.dispatching.out == 1
    peers["Executor 1.1"].open.set()
    await host.until(3)
    assert host.dispatching.out == 0
    host.dispatching.set_executors([])


async def test_a_connection_that_ends_loses_no_task_and_no_answer(peers: dict[str, Peer]) -> None:
    host, executor = Host(), peers["Executor 1.1"]
    host.dispatching.set_executors(["Executor 1.1"])
    host.dispatching.dispatch([entry("o1", target="slow")])
    await _until(lambda: executor.taken)
    (link,) = host.dispatching._links
    assert link.channel._connection is not None
    link.channel._connection.abort()
    await _until(lambda: executor.executor.counts["repeated"] == 1)
    executor.open.set()
    await host.until(1)
    assert (host.back, host.dispatching.out, len(executor.taken)) == ({"o1": 1}, 0, 1)
    host.dispatching.set_executors([])


async def test_tasks_of_an_executor_that_is_gone_go_to_another(peers: dict[str, Peer]) -> None:
    host = Host()
    host.dispatching.set_executors(["Executor 1.1"])
    host.dispatching.dispatch([entry("o1", target="slow")])
    await _until(lambda: peers["Executor 1.1"].taken)
    peers["Executor 1.2"].open.set()
    host.dispatching.set_executors(["Executor 1.2"])
    await host.until(1)
    assert (host.back, host.dispatching.out) == ({"o1": 1}, 0)
    assert len(peers["Executor 1.2"].taken) == 1
    host.dispatching.set_executors([])


async def test_a_key_goes_to_one_executor_of_several(peers: dict[str, Peer]) -> None:
    host = Host()
    host.dispatching.set_executors(["Executor 1.1", "Executor 1.2"])
    for shard in (3, 4, 3):
        host.dispatching.dispatch([entry(f"o{shard}", target="slow", shard=shard)])
    await _until(lambda: peers["Executor 1.2"].executor.counts["repeated"] == 1)
    for peer in peers.values():
        peer.open.set()
    await host.until(2)
    assert [len(peer.taken) for peer in peers.values()] == [1, 1]
    host.dispatching.set_executors([])
