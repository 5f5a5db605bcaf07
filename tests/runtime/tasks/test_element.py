"""The element on a real port: one entry for each key, whatever is killed; and the way to it over HTTP."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from actors.messages import TaskResult
from runtime.tasks.driver import Drive
from runtime.tasks.executor import Executor
from runtime.tasks.handlers import Answer, Task
from runtime.tasks.http_transport import HttpTransport
from runtime.tasks.ledger import Applied, Ledger, LedgerHeld, read_ledger
from runtime.tasks.targets import Targets, TargetsSettings
from runtime.tasks.transport import NoAnswer, Request
from runtime.tasks.wire import decode_results

from .conftest import ElementProcess, batch, entry

Start = Callable[..., ElementProcess]


def at(url: str, **more: object) -> Targets:
    settings = {"kind": "http", "url": url, "retry": {"backOffS": 0.02, "backOffSMax": 0.2}, **more}
    return Targets(TargetsSettings.model_validate({"targets": {"olt": settings}}))


async def results(executor: Executor, count: int) -> dict[str, TaskResult]:
    found: dict[str, TaskResult] = {}
    async with asyncio.timeout(60):
        while len(found) < count:
            found |= {order: result for _, _, order, result in decode_results(await executor.collect("h1"))}
    return found


async def test_a_key_is_applied_once_and_answered_the_same(element: Start, tmp_path: Path) -> None:
    process = element(ledger := tmp_path / "ledger")
    transport = HttpTransport(process.url)
    request = Request("POST", "/tasks", {"action": "add"}, "o1/1.1:a/1", 1, 7)
    first = await transport(request)
    again = await transport(Request("POST", "/tasks", {"action": "add"}, "o1/1.1:a/1", 2, 8))
    assert first.status == again.status == 200
    assert first.body == again.body
    other = await transport(Request("POST", "/tasks", {"action": "delete"}, "o1/1.1:a/1", 1, 7))
    assert (other.status, other.body["code"]) == (422, "keyReused")
    assert (await transport(Request("GET", "/tasks/o1/1.1%3Aa/1", None, "", 1, 7))).body == first.body
    assert (await transport(Request("GET", "/tasks/o2/1", None, "", 1, 7))).status == 404
    assert (await transport(Request("POST", "/tasks", {}, "", 1, 7))).body["code"] == "keyMissing"
    counts = (await transport(Request("GET", "/status", None, "", 1, 7))).body
    assert counts == {"applied": 1, "requests": 3, "repeated": 1}
    await transport.close()
    assert process.end() == -signal.SIGTERM
    (applied,) = read_ledger(ledger)
    assert (applied.key, applied.attempt, applied.epoch) == ("o1/1.1:a/1", "1", "7")
    assert abs(applied.at - time.time() * 1_000) < 60_000


@pytest.mark.parametrize("kills", [2, pytest.param(12, marks=pytest.mark.slow)])
async def test_killed_and_started_again_it_has_every_key_once(
    element: Start, tmp_path: Path, kills: int
) -> None:
    """Tasks flow while the element is killed; each completes, and the ledger has each key once."""
    ledger = tmp_path / "ledger"
    process = element(ledger, "--fail-share", "0.1")
    executor = Executor(at(process.url, breaker={"failures": 5, "openS": 0.1}, concurrency=32), "executor 1")
    count = 400 * kills
    sent = [entry(f"o{number}", left_ms=60_000) for number in range(count)]
    port = str(process.ready["port"])
    for round_ in range(kills):
        await executor.dispatch(batch(*sent[round_ * 400 : (round_ + 1) * 400]), "h1")
        before = len(process_lines(ledger))
        while len(process_lines(ledger)) < before + 50:
            await asyncio.sleep(0.002)
        await asyncio.to_thread(process.kill)
        process = await asyncio.to_thread(element, ledger, "--fail-share", "0.1", "--port", port)
    found = await results(executor, count)
    assert Counter(result.outcome for result in found.values()) == {"completed": count}
    await executor.close()
    process.end()
    keys = Counter(applied.key for applied in read_ledger(ledger))
    assert len(keys) == count
    assert set(keys.values()) == {1}


def process_lines(ledger: Path) -> list[bytes]:
    return ledger.read_bytes().splitlines()


async def test_refused_connections_are_waited_out(element: Start, tmp_path: Path) -> None:
    first = element(tmp_path / "ledger")
    first.kill()
    executor = Executor(at(first.url), "executor 1")
    assert decode_results(await executor.dispatch(batch(entry("o1")), "h1")) == []
    await asyncio.sleep(0.1)
    await asyncio.to_thread(element, tmp_path / "ledger", "--port", str(first.ready["port"]))
    assert (await results(executor, 1))["o1"].outcome == "completed"
    await executor.close()


def test_half_a_line_is_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    whole = b'{"key":"a","attempt":"1","epoch":"7","digest":"d","at":1}\n'
    file.write_bytes(whole + b'{"key":"b","att')
    assert [applied.key for applied in read_ledger(file)] == ["a"]
    ledger = Ledger(file)
    assert list(ledger.applied) == ["a"]
    assert file.read_bytes() == whole
    with pytest.raises(LedgerHeld):
        Ledger(file)
    ledger.close()


async def test_what_gathers_shares_a_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path / "ledger")
    batches: list[int] = []
    append = ledger._append
    monkeypatch.setattr(ledger, "_append", lambda lines: (batches.append(len(lines)), append(lines)))

    async def one(number: int) -> None:
        ledger.add(Applied(str(number), "1", "7", "d", 1))
        await ledger.durable()

    await asyncio.gather(*(one(number) for number in range(100)))
    assert sum(batches) == len(read_ledger(tmp_path / "ledger")) == 100
    assert len(batches) <= 3
    ledger.close()


async def test_an_element_whose_disk_fails_answers_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path / "ledger")

    def full(lines: list[bytes]) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ledger, "_append", full)
    ledger.add(Applied("a", "1", "7", "d", 1))
    with pytest.raises(OSError, match="No space"):
        await ledger.durable()
    ledger.close()


async def test_a_second_element_on_a_ledger_is_refused(element: Start, tmp_path: Path) -> None:
    element(tmp_path / "ledger")
    second = await asyncio.to_thread(element, tmp_path / "ledger")
    assert not second.ready
    assert second.process.wait(10) == 2


async def test_locations_elsewhere_are_not_followed() -> None:
    transport = HttpTransport("http://127.0.0.1:9/api", {"Authorization": "Bearer secret"})
    for place in ("http://127.0.0.1:10/x", "//127.0.0.1:10/x", "http://127.0.0.1:9.example/x"):
        answer = await transport(Request("GET", place, None, "", 1, 7))
        assert (answer.status, answer.body["code"]) == (421, "foreignLocation")
    with pytest.raises(NoAnswer, match=r"127\.0\.0\.1"):
        await transport(Request("GET", "http://127.0.0.1:9/api/x", None, "", 1, 7))
    await transport.close()


async def test_the_same_driver_goes_over_http_and_through_a_function(element: Start, tmp_path: Path) -> None:
    targets = at(element(tmp_path / "ledger").url)
    task, world = Task("o1/a/1", "o1", "a", 1, "olt", {"action": "add"}), targets.world

    async def over(targets: Targets) -> object:
        drive = Drive(targets.named("olt"), task, attempt=1, epoch=7, deadline=world.clock() + 9, world=world)
        return drive.at_once() or await drive.rest()

    seen = await over(targets)
    body = getattr(seen, "output", {})
    assert body["id"].startswith("element-")
    assert await over(Targets(transport=lambda request: Answer(200, body))) == seen
    await targets.close()


@pytest.mark.slow
async def test_an_element_answers_many(element: Start, tmp_path: Path) -> None:
    """1,500 requests a second with the client on the same two cores."""
    process = element(tmp_path / "ledger")
    count, workers = 6_000, 64
    async with aiohttp.ClientSession() as session:

        async def work(worker: int) -> None:
            for number in range(count // workers):
                headers = {"Idempotency-Key": f"{worker}/{number}"}
                async with session.post(process.url + "/tasks", data=b"{}", headers=headers) as response:
                    assert response.status == 200
                    await response.read()

        began = time.monotonic()
        await asyncio.gather(*(work(worker) for worker in range(workers)))
        rate = count / (time.monotonic() - began)
    print(f"{rate:.0f} requests/s")
    assert rate > 1_500 / 2, "half of it, for a busy machine"
