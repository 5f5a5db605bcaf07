"""Chaos: faults at random moments against a system under load, the length of each recovery, and the verdict."""

import asyncio
import contextlib
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.chaos_faults import FAULTS, Done
from benchmarks.chaos_judge import judged
from benchmarks.chaos_load import Load
from benchmarks.chaos_system import Element, System

ORDERS_PER_SECOND: Final = 50.0
LAYOUT: Final = ("--hosts=2", "--executors=1", "--gateways=2", "--shards=16")
PAUSE_S: Final = (1.0, 3.0)
"""Between a recovery and the next fault."""
RECOVERY_S: Final = 120.0
"""A system that has not recovered by then has failed."""
DRAIN_S: Final = 120.0


class Round(msgspec.Struct):
    """One fault and what came of it. Seconds; None: it did not happen."""

    fault: str
    at_s: float
    """Since the start of the load."""
    what: str
    acknowledged_again_s: float | None
    """From the fault to the first acknowledgement of an order that was sent after it."""
    whole_again_s: float | None
    """From the fault until every shard had an owner and every process was there."""
    longest_wait_s: float
    """The longest an order sent from the fault on waited for its acknowledgement."""


class Report(msgspec.Struct):
    """A whole run."""

    seed: int
    seconds: float
    orders: dict[str, int]
    rounds: list[Round]
    verdict: dict[str, list[str]]
    """The faults found, by question; see ``chaos_judge.py``."""

    @property
    def ok(self) -> bool:
        """Whether nothing was lost and the system recovered every time."""
        recovered = all(
            r.whole_again_s is not None and r.acknowledged_again_s is not None for r in self.rounds
        )
        return recovered and not any(self.verdict.values())

    def as_json(self) -> dict[str, Any]:
        """Plain values for a file."""
        return {**msgspec.to_builtins(self), "ok": self.ok}


Tell = Callable[[str], None]
More = Callable[[int, float], bool]
"""Whether there is to be another round, given how many there were and the seconds since the start."""


def deck(chance: random.Random, faults: Sequence[str] = tuple(FAULTS)) -> Iterator[str]:
    """Names of faults for ever: each comes once before any comes again."""
    while True:
        yield from chance.sample(list(faults), len(faults))


async def chaos(more: More, seed: int, *, faults: Sequence[str] = tuple(FAULTS), tell: Tell) -> Report:
    """Run a system in a folder of its own and do harm to it as long as ``more`` says.

    :raises benchmarks.system.NotStarted: the system or its element does not come up.
    """
    with tempfile.TemporaryDirectory(prefix="orderloom-chaos-") as folder:
        element = Element(Path(folder))
        system = System(Path(folder) / "data", *LAYOUT, f"--targets={element.targets}")
        try:
            await element.start()
            await system.start()
            return await _storm(system, element, more, seed, faults, tell)
        finally:
            await system.stop()
            await element.stop()


async def _storm(
    system: System, element: Element, more: More, seed: int, faults: Sequence[str], tell: Tell
) -> Report:
    chance = random.Random(seed)
    load = Load(system, salt=f"chaos-{seed}-")
    began = time.monotonic()
    streaming = asyncio.create_task(load.run(ORDERS_PER_SECOND))
    reading = asyncio.create_task(load.read(seed))
    rounds: list[Round] = []
    try:
        for fault in deck(chance, faults):
            if not more(len(rounds), time.monotonic() - began) or streaming.done() or reading.done():
                break
            await asyncio.sleep(chance.uniform(*PAUSE_S))
            rounds.append(await _round(system, load, fault, chance, began))
            tell(told(rounds[-1]))
            if rounds[-1].whole_again_s is None:
                break
        seconds = time.monotonic() - began
    finally:
        load.stop()
        await asyncio.wait({streaming, reading}, timeout=DRAIN_S)
    # What they died of, if they did, is the run's end: a load that has stopped proves nothing.
    for task in (streaming, reading):
        if not task.done():
            task.cancel()
            load.lies.append(f"orders that were sent were not answered within {DRAIN_S:g} s of the end")
        elif (problem := task.exception()) is not None:
            raise problem
    tell(f"{len(load.acknowledged)} orders acknowledged, {load.reads} reads: judging")
    verdict = await judged(system, element, load)
    counts = {
        "sent": len(load.sent),
        "acknowledged": len(load.acknowledged),
        "refused": len(load.refused),
        "reads": load.reads,
    }
    return Report(seed, round(seconds, 1), counts, rounds, verdict)


async def _round(system: System, load: Load, name: str, chance: random.Random, began: float) -> Round:
    at = time.monotonic()
    done = Done("the system did not say what runs")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(RECOVERY_S):
            done = await FAULTS[name](system, chance)
    whole_at = await _recovered(system, load, done, at)
    again_at = load.acknowledged_since(at)
    return Round(
        fault=name,
        at_s=round(at - began, 1),
        what=done.what,
        acknowledged_again_s=None if again_at is None else round(again_at - at, 2),
        whole_again_s=None if whole_at is None else round(whole_at - at, 2),
        longest_wait_s=round(load.longest_wait_s(at), 2),
    )


async def _recovered(system: System, load: Load, done: Done, at: float) -> float | None:
    """When the system was whole again and had acknowledged an order; None when it took too long."""
    while time.monotonic() - at < RECOVERY_S:
        if await system.whole(done.gone) and load.acknowledged_since(at) is not None:
            return time.monotonic()
        await asyncio.sleep(0.1)
    return None


def told(one: Round) -> str:
    """A round in a line."""
    whole = "NOT within its time" if one.whole_again_s is None else f"after {one.whole_again_s} s"
    return (
        f"{one.at_s:6.1f} s  {one.what}: whole again {whole}, "
        f"first acknowledgement after {one.acknowledged_again_s} s, longest wait {one.longest_wait_s} s"
    )
