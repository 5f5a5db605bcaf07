"""What passes by itself is waited out, what does not is told."""

import asyncio
from collections.abc import Callable

import pytest

from runtime.tasks.driver import Drive
from runtime.tasks.handlers import Answer, Completed, Failed, Outcome, Task
from runtime.tasks.targets import Targets, TargetSettings, TargetsSettings
from runtime.tasks.transport import NoAnswer, Request, Transport
from runtime.tasks.world import World

TASK = Task("o1/1.1:activate/1", "o1", "1.1:activate", 1, "olt", {"action": "add"})


class Hours:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    @property
    def world(self) -> World:
        return World(
            clock=lambda: self.now,
            wall_ms=lambda: int(self.now * 1_000),
            sleep=self.sleep,
            chance=lambda: 1.0,
        )


class Script:
    """A transport that plays answers in turn and repeats the last; an exception is raised."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Answer:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def driven(
    hours: Hours, transport: Transport, left_s: float = 600, **settings: object
) -> tuple[Drive, Callable[[], int]]:
    target = TargetSettings.model_validate({"breaker": {"failures": 1_000}, **settings})
    targets = Targets(TargetsSettings(targets={"olt": target}), transport=transport, world=hours.world)
    olt = targets.named("olt")
    drive = Drive(olt, TASK, attempt=1, epoch=7, deadline=hours.now + left_s, world=hours.world)
    return drive, lambda: olt.gate.inside


async def ended(drive: Drive) -> Outcome | None:
    return drive.at_once() or await drive.rest()


async def test_a_plain_function_is_a_network_element() -> None:
    def olt(request: Request) -> Answer:
        assert (request.method, request.key, request.attempt, request.epoch) == ("POST", TASK.key, 1, 7)
        return Answer(200, {"ont": "A1"})

    drive, inside = driven(Hours(), olt)
    assert drive.at_once() == Completed({"ont": "A1"})
    assert inside() == 0


async def test_passing_failures_are_waited_out_with_a_growing_pause() -> None:
    hours = Hours()
    script = Script(NoAnswer("refused"), Answer(503), Answer(500), Answer(408), Answer(200, {"id": "1"}))
    drive, inside = driven(hours, script, retry={"backOffS": 0.5, "backOffSMax": 3})
    assert await ended(drive) == Completed({"id": "1"})
    assert hours.slept == pytest.approx([1, 2, 3, 3])
    assert {request.key for request in script.requests} == {TASK.key}
    assert inside() == 0


async def test_retries_are_a_budget() -> None:
    drive, _ = driven(Hours(), script := Script(Answer(500, {"message": "no light"})), retry={"retries": 3})
    outcome = await ended(drive)
    assert isinstance(outcome, Failed)
    assert outcome.code == "targetUnavailable"
    assert "no light" in outcome.message
    assert len(script.requests) == 4


@pytest.mark.parametrize("header", ["0.03", "Thu, 01 Jan 1970 00:16:40 GMT"])
async def test_retry_after_is_obeyed_and_spends_nothing(header: str) -> None:
    busy = Answer(429, None, {"retry-after": header})
    settings = TargetSettings.model_validate({"retry": {"retries": 0}})
    script = Script(busy, Answer(503, None, {"retry-after": header}), busy, Answer(200))
    targets = Targets(TargetsSettings(default=settings), transport=script)
    drive = Drive(
        targets.named("olt"),
        TASK,
        attempt=1,
        epoch=7,
        deadline=targets.world.clock() + 9,
        world=targets.world,
    )
    assert drive.at_once() is None
    assert targets.named("olt").gate.reason == "paused"
    assert await drive.rest() == Completed()
    assert len(script.requests) == 4


async def test_at_the_deadline_it_ends_without_an_outcome() -> None:
    hours = Hours()
    drive, inside = driven(hours, Script(Answer(503)), left_s=5)
    assert await ended(drive) is None
    assert hours.now == pytest.approx(1_006, abs=0.1)
    assert inside() == 0


async def test_a_new_dispatch_moves_the_deadline_and_restores_the_budget() -> None:
    hours = Hours()
    drive, _ = driven(hours, script := Script(Answer(503)), left_s=5, retry={"retries": 1_000})
    assert drive.at_once() is None
    drive.renew(attempt=2, epoch=8, deadline=hours.now + 50)
    assert drive.spent == 0
    assert await drive.rest() is None
    assert hours.now == pytest.approx(1_051, abs=0.1)
    assert (script.requests[-1].attempt, script.requests[-1].epoch) == (2, 8)


async def test_an_open_breaker_spends_nothing() -> None:
    settings = TargetSettings.model_validate(
        {"breaker": {"failures": 2, "openS": 0.02}, "retry": {"retries": 2, "backOffS": 0.001}}
    )
    script = Script(*[Answer(500)] * 6, Answer(200))
    targets = Targets(TargetsSettings(default=settings), transport=script)
    world = targets.world
    drive = Drive(targets.named("olt"), TASK, attempt=1, epoch=7, deadline=world.clock() + 9, world=world)
    assert await ended(drive) == Completed()
    assert len(script.requests) == 7


async def test_silence_is_a_passing_failure() -> None:
    calls = 0

    async def silent(request: Request) -> Answer:
        nonlocal calls
        calls += 1
        if calls == 1:
            await asyncio.Event().wait()
        return Answer(200)

    drive, inside = driven(Hours(), silent, timeoutS=0.01)
    assert await ended(drive) == Completed()
    assert inside() == 0


async def test_polls_wait_their_time_outside_the_gate() -> None:
    hours = Hours()
    drive, inside = driven(hours, Script(Answer(202, None, {"location": "/j/1"}), Answer(200)), pollS=40)
    assert drive.at_once() is None
    assert inside() == 0
    assert await drive.rest() == Completed()
    assert hours.slept == [40]


async def test_cancelled_in_the_queue_it_leaves_no_trace() -> None:
    opened = asyncio.Event()

    async def slow(request: Request) -> Answer:
        await opened.wait()
        return Answer(200)

    targets = Targets(
        TargetsSettings(default=TargetSettings.model_validate({"concurrency": 1})), transport=slow
    )
    world, gate = targets.world, targets.named("olt").gate
    drives = [
        Drive(targets.named("olt"), TASK, attempt=1, epoch=7, deadline=world.clock() + 9, world=world)
        for _ in range(3)
    ]
    assert [drive.at_once() for drive in drives] == [None] * 3
    flights = [asyncio.create_task(drive.rest()) for drive in drives]
    await asyncio.sleep(0.01)
    flights[1].cancel()
    await asyncio.sleep(0)
    opened.set()
    assert await flights[0] == await flights[2] == Completed()
    assert (gate.inside, gate.waiting) == (0, 0)
