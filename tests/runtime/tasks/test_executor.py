"""What comes at once, what comes by the poll, what is refused, and that nothing grows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest

import runtime.tasks.executor as room
from runtime.tasks.executor import Executor
from runtime.tasks.handlers import Answer, Call, Completed, Flow, Task, register
from runtime.tasks.targets import Targets, TargetsSettings
from runtime.tasks.transport import Request
from runtime.tasks.wire import ResultEntry, decode_results

from .conftest import batch, entry


class Slow:
    """A transport whose answers are let go by the test."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.open = asyncio.Event()

    def __call__(self, request: Request) -> Awaitable[Answer]:
        self.requests.append(request)
        return self._answer(request)

    async def _answer(self, request: Request) -> Answer:
        await self.open.wait()
        return Answer(200, {"attempt": request.attempt})


@pytest.fixture
async def slow() -> Slow:
    return Slow()


@pytest.fixture
async def executor(slow: Slow) -> AsyncIterator[Executor]:
    settings = TargetsSettings.model_validate({"targets": {"narrow": {"concurrency": 1}}})
    made = Executor(Targets(settings, transports={"slow": slow, "narrow": slow}), "executor 1")
    yield made
    await made.close()


async def dispatched(executor: Executor, *entries: Any, host: str = "h1") -> list[ResultEntry]:
    return decode_results(await executor.dispatch(batch(*entries), host))


async def collected(executor: Executor, host: str = "h1") -> list[ResultEntry]:
    return decode_results(await asyncio.wait_for(executor.collect(host), 5))


async def test_what_needs_no_waiting_is_answered_at_once(executor: Executor) -> None:
    results = await dispatched(executor, entry("o1"), entry("o2", shard=4, epoch=9, target="hlr"))
    assert [(shard, epoch, order) for shard, epoch, order, _ in results] == [(3, 7, "o1"), (4, 9, "o2")]
    assert {result.outcome for *_, result in results} == {"completed"}
    assert results[0][3].output["id"].startswith("olt-")
    assert executor.in_flight == 0
    assert await dispatched(executor, entry("o1")) == results[:1]


async def test_simulated_elements_behave_as_asked(executor: Executor) -> None:
    asked = [
        entry("o1", simulate="fail"),
        entry("o2", simulate="pending"),
        entry("o3", simulate="failOnce"),
        entry("o3", simulate="failOnce"),
    ]
    results = [result for *_, result in await dispatched(executor, *asked)]
    assert [each.outcome for each in results] == ["failed", "pending", "failed", "completed"]
    assert [each.code for each in results] == [
        "simulatedFailure",
        "informationRequired",
        "simulatedFailure",
        "",
    ]


async def test_what_takes_time_comes_by_the_poll(executor: Executor, slow: Slow) -> None:
    poll = asyncio.create_task(executor.collect("h1"))
    results = await dispatched(executor, entry("o1", target="slow"), entry("o2"), entry("o3", target="slow"))
    assert [order for _, _, order, _ in results] == ["o2"]
    assert executor.in_flight == 2
    await asyncio.sleep(0.01)
    assert not poll.done()
    slow.open.set()
    gathered = decode_results(await asyncio.wait_for(poll, 5))
    while len(gathered) < 2:
        gathered += await collected(executor)
    assert sorted(order for _, _, order, _ in gathered) == ["o1", "o3"]
    assert executor.in_flight == 0


async def test_a_key_in_flight_goes_on_under_the_new_dispatch(executor: Executor, slow: Slow) -> None:
    await dispatched(executor, entry("o1", target="slow", epoch=7))
    await dispatched(executor, entry("o1", target="slow", epoch=8, attempt=2), host="h2")
    assert executor.in_flight == len(slow.requests) == 1
    slow.open.set()
    ((shard, epoch, order, result),) = await collected(executor, "h2")
    assert (shard, epoch, order, result.generation) == (3, 8, "o1", 1)
    assert executor.counts["repeated"] == 1


async def test_the_more_urgent_task_goes_first_to_a_target_that_is_busy(
    executor: Executor, slow: Slow
) -> None:
    await dispatched(executor, entry("o1", target="narrow"), entry("o2", target="narrow"))
    await dispatched(executor, entry("o3", target="narrow", priority=90))
    await asyncio.sleep(0.01)  # all of them stand in the gate by then
    slow.open.set()
    while executor.in_flight:
        await collected(executor)
    assert [request.key.partition("/")[0] for request in slow.requests] == ["o1", "o3", "o2"]


async def test_another_generation_is_another_effect(executor: Executor, slow: Slow) -> None:
    await dispatched(executor, entry("o1", target="slow"), entry("o1", target="slow", generation=2))
    await asyncio.sleep(0)
    assert [request.key for request in slow.requests] == ["o1/1.1:activate/1", "o1/1.1:activate/2"]


async def test_a_stale_epoch_is_refused(executor: Executor) -> None:
    assert await dispatched(executor, entry("o1", epoch=8))
    assert await dispatched(executor, entry("o2", epoch=7)) == []
    assert len(await dispatched(executor, entry("o3", shard=4, epoch=1), entry("o2", epoch=8))) == 2
    assert executor.counts["stale"] == 1


async def test_an_overdue_task_ends_in_silence(executor: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.tasks.driver.OVERDUE_GRACE_S", 0.02)
    await dispatched(executor, entry("o1", target="narrow"), entry("o2", target="narrow", left_ms=30))
    async with asyncio.timeout(5):
        while executor.counts["overdue"] == 0:
            await asyncio.sleep(0.01)
    # The other one is being answered: an answer that is under way is waited for.
    assert executor.in_flight == 1
    assert executor.status()["inFlight"] == 1


async def test_who_waits_for_an_open_breaker_says_so_before_the_deadline_once_for_each_dispatch() -> None:
    settings = {"breaker": {"failures": 1, "openS": 600}, "retry": {"backOffS": 0.001, "backOffSMax": 0.001}}
    targets = TargetsSettings.model_validate({"targets": {"olt": settings}})
    executor = Executor(Targets(targets, transport=lambda _: Answer(500)), "executor 1")
    for _ in range(2):
        assert await dispatched(executor, entry(left_ms=300)) == []
        ((_, _, _, result),) = await collected(executor)
        assert (result.outcome, result.code) == ("waiting", "breakerOpen")
        assert "olt" in result.message
        assert executor.in_flight == 1
    await executor.close()


async def test_flights_are_bounded(executor: Executor, slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "FLIGHTS_MAX", 3)
    assert await dispatched(executor, *(entry(f"o{n}", target="slow") for n in range(5))) == []
    assert (executor.in_flight, executor.counts["shed"]) == (3, 2)
    assert executor.targets.named("slow").gate.inside == 3


async def test_results_nobody_fetches_are_bounded(
    executor: Executor, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "RESULTS_PER_HOST_MAX", 2)
    slow.open.set()
    await dispatched(executor, *(entry(f"o{n}", target="slow") for n in range(5)))
    async with asyncio.timeout(5):
        while executor.in_flight:
            await asyncio.sleep(0.001)
    assert [order for _, _, order, _ in await collected(executor)] == ["o3", "o4"]
    assert executor.counts["uncollected"] == 3


async def test_polls_end_and_dead_hosts_are_forgotten(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "COLLECT_S_MAX", 0.001)
    monkeypatch.setattr(room, "HOSTS_MAX", 4)
    for number in range(10):
        assert await collected(executor, f"h{number}") == []
    assert list(executor._boxes) == ["h6", "h7", "h8", "h9"]


@register("tests-broken")
def broken(task: Task) -> Flow:
    yield Call("POST", "/", task.request, task.key)
    raise KeyError("port")


@register("tests-unwritable")
def unwritable(task: Task) -> Flow:
    yield Call("POST", "/", task.request, task.key)
    return Completed({"port": object()})


async def test_a_broken_handler_holds_its_task_and_no_other() -> None:
    targets = {"bad": {"handler": "tests-broken"}, "odd": {"handler": "tests-unwritable"}}
    executor = Executor(Targets(TargetsSettings.model_validate({"targets": targets})), "executor 1")
    results = await dispatched(
        executor, entry("o1", target="bad"), entry("o2"), entry("o3", target="odd"), entry("o4", target="bad")
    )
    assert [(result.outcome, result.code) for *_, result in results] == [
        ("failed", "handlerBroken"),
        ("completed", ""),
        ("failed", "outputUnusable"),
        ("failed", "handlerBroken"),
    ]
    assert executor.targets.named("bad").gate.inside == 0


async def test_closed_it_has_let_go_of_everything(executor: Executor, slow: Slow) -> None:
    await dispatched(executor, *(entry(f"o{n}", target="narrow") for n in range(3)))
    await asyncio.sleep(0)
    await dispatched(executor, entry("o9", target="slow"))
    await executor.close()
    assert executor.in_flight == 0
    assert [target.gate.inside for target in executor.targets.made] == [0, 0]


async def test_simulated_elements_take_any_body(executor: Executor) -> None:
    element = executor.targets.named("olt").transport
    for body in (None, [], "text", {"characteristics": [1]}, {"characteristics": {"simulate": 7}}):
        answer = element(Request("POST", "/tasks", body, "o1/1/1", 1, 7))
        assert isinstance(answer, Answer)
        assert answer.status == 200
