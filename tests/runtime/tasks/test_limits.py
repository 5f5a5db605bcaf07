"""Bucket and breaker on a clock of the test's own; the gate's queue on the loop's."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.tasks.breaker import Breaker
from runtime.tasks.bucket import TokenBucket
from runtime.tasks.gate import AHEAD_S_PER_POINT, Gate
from runtime.tasks.world import World


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    bucket = TokenBucket(10, 3, now=100)
    assert [bucket.take(100) for _ in range(4)] == [True, True, True, False]
    assert bucket.delay(100) == pytest.approx(0.1)
    assert not bucket.take(100.05)
    assert bucket.take(100.11)
    assert bucket.delay(200) == 0


@given(st.lists(st.floats(0, 0.5), max_size=200), st.floats(0.5, 50), st.integers(1, 10))
def test_a_bucket_never_lets_more_through_than_burst_and_rate(
    steps: list[float], rate: float, burst: int
) -> None:
    bucket = TokenBucket(rate, burst, now=0)
    now, through = 0.0, 0
    for step in steps:
        now += step
        through += bucket.take(now)
    assert through <= burst + rate * now + 1e-6


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (5, 0)])
def test_a_bucket_that_lets_nothing_through_is_refused(rate: float, burst: int) -> None:
    with pytest.raises(ValueError, match="lets nothing through"):
        TokenBucket(rate, burst, now=0)


def test_a_breaker_opens_probes_and_closes() -> None:
    breaker = Breaker(failures=2, open_s=10)
    breaker.failed(0)
    breaker.succeeded()
    breaker.failed(1)
    assert breaker.closed
    breaker.failed(2)
    assert breaker.state(2) == "open"
    assert not breaker.enter(11.9)
    assert breaker.delay(11) == 1
    assert breaker.enter(12)
    assert breaker.state(12) == "halfOpen"
    assert not breaker.enter(12)
    breaker.failed(13)
    assert breaker.state(22.9) == "open"
    assert breaker.enter(23)
    breaker.abandoned()
    assert breaker.enter(23)
    breaker.succeeded()
    assert breaker.closed
    assert breaker.enter(23)


def test_late_failures_do_not_keep_a_breaker_open_longer() -> None:
    breaker = Breaker(failures=1, open_s=10)
    breaker.failed(0)
    breaker.failed(5)
    assert breaker.enter(10)


def gate(concurrency: int = 1, bucket: TokenBucket | None = None, open_s: float = 0.05) -> Gate:
    world = World()
    return Gate("olt", concurrency=concurrency, breaker=Breaker(1, open_s), bucket=bucket, world=world)


async def test_who_waits_goes_in_first_and_in_order() -> None:
    door = gate()
    assert door.enter()
    first, gone, second = door.queue(), door.queue(), door.queue()
    gone.cancel()
    assert door.reason == "limited"
    assert door.waiting == 2
    door.leave(True)
    assert first.done()
    assert not second.done()
    assert not door.enter()
    door.leave(True)
    assert second.done()
    door.leave(True)
    assert door.inside == 0
    assert door.enter()


async def test_who_is_more_urgent_goes_before_those_who_came_a_while_earlier_and_nobody_waits_for_ever() -> (
    None
):
    now = 0.0
    door = Gate("olt", concurrency=1, breaker=Breaker(1, 1), bucket=None, world=World(clock=lambda: now))
    assert door.enter()
    came = {"low": door.queue(10)}
    now = 1.0
    came |= {"high": door.queue(80), "high too": door.queue(80)}
    now = 1.0 + 70 * AHEAD_S_PER_POINT
    came["highest of all, long after the low one"] = door.queue(80)
    order = []
    for _ in range(4):
        door.leave(True)
        order += [name for name, turn in came.items() if turn.done() and name not in order]
    assert order == ["high", "high too", "low", "highest of all, long after the low one"]


async def test_a_rate_spreads_those_who_wait() -> None:
    door = gate(concurrency=100, bucket=TokenBucket(50, 1, asyncio.get_running_loop().time()))
    began = asyncio.get_running_loop().time()
    assert door.enter()
    await asyncio.gather(*(door.queue() for _ in range(5)))
    assert asyncio.get_running_loop().time() - began >= 0.095
    assert door.inside == 6


async def test_an_open_breaker_lets_one_probe_through() -> None:
    door = gate(concurrency=10)
    assert door.enter()
    door.leave(False)
    assert door.reason == "breakerOpen"
    waiting = [door.queue() for _ in range(3)]
    await asyncio.sleep(0.1)
    assert [each.done() for each in waiting] == [True, False, False]
    door.leave(True)
    assert all(each.done() for each in waiting)
    assert door.inside == 2


async def test_a_pause_holds_everybody() -> None:
    door = gate(concurrency=10)
    door.pause(0.05)
    assert not door.enter()
    assert door.reason == "paused"
    turn = door.queue()
    assert not turn.done()
    await asyncio.wait_for(turn, 1)
    assert door.reason == ""


async def test_a_moment_that_passes_between_two_looks_is_not_missed() -> None:
    """The clock moves with every reading: full at the first look, free at the second, and nobody else comes."""
    readings = 0

    def clock() -> float:
        nonlocal readings
        readings += 1
        return readings * 0.01

    bucket = TokenBucket(60, 1, now=0)
    door = Gate("olt", concurrency=9, breaker=Breaker(1, 1), bucket=bucket, world=World(clock=clock))
    assert door.enter()
    await asyncio.wait_for(asyncio.gather(*(door.queue() for _ in range(5))), 2)
