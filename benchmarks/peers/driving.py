"""How a peer is loaded: so many orders at a time, as fast as they end, and the same fields as Orderloom's own run.

A peer does far less than a rate that would load Orderloom, so the comparison is of what each does at its best: the next
order is sent when one has ended. ``accept_ms`` is from the call to the peer's durable acknowledgement (for a peer that
keeps nothing, to its first answer), ``cycle_ms`` from there to the end of the order.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import psutil

from benchmarks.latencies import Latencies
from benchmarks.peers.work import order_of
from benchmarks.shapes import Order, order_lines

POOL = 256
PROGRESS_INTERVAL_S = 0.5
TAIL_MAX_S = 120.0


class Absent(Exception):
    """The peer cannot run here; the text says what is missing, and how to get it."""


class Running(Protocol):
    """A peer that runs."""

    async def accept(self, key: str, order: Order) -> "asyncio.Future[Any]":
        """Give it an order; answers once it is accepted, with what will be its end."""


@dataclass
class Driven:
    """What has happened so far."""

    accepted: int = 0
    completed: int = 0
    failed: int = 0
    why: str = ""
    first: float = 0.0
    last: float = 0.0
    accept: Latencies = field(default_factory=Latencies)
    cycle: Latencies = field(default_factory=Latencies)


async def drive(
    peer: Running, seconds: float, at_a_time: int, salt: str, say: Callable[[dict[str, int]], None]
) -> dict[str, Any]:
    """Load a running peer with `b6` orders; gives the figures."""
    pool = [order_of(line) for line in order_lines("b6", POOL)]
    driven = Driven(first=time.monotonic())
    numbers = iter(range(1_000_000_000))
    cpu_before = cpu_by_process()
    end = driven.first + seconds

    async def one_after_the_other() -> None:
        while time.monotonic() < end:
            number = next(numbers)
            order = {**pool[number % POOL], "externalId": f"{salt}{number}"}
            began = time.monotonic()
            try:
                ending = await peer.accept(order["externalId"], order)
                accepted = time.monotonic()
                driven.accepted += 1
                driven.accept.add(accepted - began)
                await asyncio.wait_for(ending, TAIL_MAX_S)
            except Exception as error:
                driven.failed += 1
                driven.why = driven.why or f"{type(error).__name__}: {error}"
                continue
            driven.last = time.monotonic()
            driven.completed += 1
            driven.cycle.add(driven.last - accepted)

    async def tell() -> None:
        while True:
            await asyncio.sleep(PROGRESS_INTERVAL_S)
            say({"accepted": driven.accepted, "completed": driven.completed})

    telling = asyncio.create_task(tell())
    await asyncio.gather(*(one_after_the_other() for _ in range(at_a_time)))
    telling.cancel()
    cpu = {name: used - cpu_before.get(name, 0.0) for name, used in cpu_by_process().items()}
    return figures(driven, seconds, at_a_time, cpu)


def figures(driven: Driven, seconds: float, at_a_time: int, cpu: dict[str, float]) -> dict[str, Any]:
    """The same names as those of a run of Orderloom."""
    elapsed = max(driven.last - driven.first, 1e-9) if driven.completed else seconds
    return {
        "shape": "b6",
        "seconds": seconds,
        "accepted": driven.accepted,
        "completed": driven.completed,
        "failed": driven.failed,
        "why_failed": driven.why,
        "orders_per_second": round(driven.completed / elapsed, 3),
        "accept_ms": driven.accept.percentiles_ms(),
        "cycle_ms": driven.cycle.percentiles_ms(),
        "cpu_us_per_order": {
            name: round(used / driven.completed * 1e6)
            for name, used in sorted(cpu.items())
            if driven.completed
        },
        "at_a_time": at_a_time,
    }


def cpu_by_process() -> dict[str, float]:
    """CPU seconds of this process (``driver``: the peer's own Python and ours) and of all below it, by name."""
    here = psutil.Process()
    seconds: dict[str, float] = {}
    for process in (here, *here.children(recursive=True)):
        try:
            name = "driver" if process.pid == here.pid else process.name()
            times = process.cpu_times()
            reaped = times.children_user + times.children_system if process.pid == here.pid else 0.0
        except psutil.NoSuchProcess:
            continue
        seconds[name] = seconds.get(name, 0.0) + times.user + times.system
        if reaped:
            seconds["ended"] = seconds.get("ended", 0.0) + reaped
    return seconds
