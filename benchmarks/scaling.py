"""How throughput changes as the work grows: with hosts, beside live orders, over a full journal.

- *hosts*: `b6` through 1, 2, 4 hosts, each held to the same share of a core, so that what they cost each other shows.
- *live*: `mobile` orders flow while so many `b6` orders wait in the same hosts.
- *journal*: `b6` orders flow over a journal that has kept so many.

Each point is a run without a rate: as fast as answers come.
"""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.machine import circumstances
from benchmarks.run import ENDS, Options, measure_at
from benchmarks.shares import NoShares, held
from benchmarks.system import Layout, System, running
from benchmarks.waiting import beside_file, fill, observed, until

FIGURES = ("orders_per_second", "accept_ms", "cycle_ms", "cpu_us_per_order", "completed", "accepted")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Growth:
    """Which points to measure; an empty row is left out. ``share`` is cores for each host."""

    hosts: Sequence[int] = (1, 2, 4)
    live: Sequence[int] = (1_000, 10_000, 50_000, 200_000)
    journal: Sequence[int] = (10_000, 100_000, 1_000_000)
    seconds: float = 20.0
    share: float = 0.2


def grown(growth: Growth, say: Say) -> dict[str, Any]:
    """Measure all rows.

    :raises benchmarks.system.NotStarted: a system did not come up.
    :raises benchmarks.run.GeneratorFailed: a load could not be sent.
    """
    return asyncio.run(_grown(growth, say))


async def _grown(growth: Growth, say: Say) -> dict[str, Any]:
    found = circumstances()
    hosts, why = await _hosts(growth, say) if growth.hosts else ([], None)
    return {
        "kind": "scaling",
        "shape": "b6",
        "seconds": growth.seconds,
        "hosts": hosts,
        "hosts_skipped": why,
        "host_share_of_a_core": growth.share,
        "live": await _live(growth, say) if growth.live else [],
        "journal": await _journal(growth, say) if growth.journal else [],
        **found,
    }


async def _hosts(growth: Growth, say: Say) -> tuple[list[dict[str, Any]], str | None]:
    points = []
    for hosts in growth.hosts:
        async with running(Layout(hosts=hosts)) as system:
            pids = [int(pid) for pid in system.pids["hosts"].values()]
            try:
                with held(pids, growth.share):
                    points.append(
                        await _point(system, hosts, Options("b6", growth.seconds), f"{hosts} hosts", say)
                    )
            except NoShares as error:
                return [], str(error)
    return points, None


async def _live(growth: Growth, say: Say) -> list[dict[str, Any]]:
    points = []
    with tempfile.TemporaryDirectory(prefix="orderloom-bench-") as folder:
        layout = Layout(targets=beside_file(Path(folder)))
        async with running(layout) as system, observed(system) as seen:
            there = 0
            for live in sorted(growth.live):
                await fill(system, seen, live - there, say)
                there = live
                await until(seen, "filled", lambda status, at=live: status["live"] == at, say)  # type: ignore[misc]
                flow = Options("mobile", growth.seconds)
                points.append(await _point(system, live, flow, f"beside {live:,} live orders", say))
    return points


async def _journal(growth: Growth, say: Say) -> list[dict[str, Any]]:
    points = []
    async with running(Layout()) as system, observed(system) as seen:
        there = 0
        for wanted in sorted(growth.journal):
            # A run before may have left more than this point asks for: the point is then where the journal is.
            at = max(wanted, there)
            if at > there:
                await fill(system, seen, at - there, say)
            await until(seen, "ending", partial(_ended, at), say)
            point = await _point(system, at, Options("b6", growth.seconds), f"over {at:,} orders", say)
            there = at + int(point["accepted"])
            points.append({**point, "server_used": (await seen.status())["memory"]["server_used"]})
    return points


async def _point(system: System, at: int, options: Options, what: str, say: Say) -> dict[str, Any]:
    figures = await measure_at(
        system,
        replace(options, rate=None),
        lambda counted: say(f"{what}: accepted {counted['accepted']:,}   completed {counted['completed']:,}"),
    )
    return {"at": at, "shape": options.shape, **{name: figures[name] for name in FIGURES}}


def _ended(orders: int, status: dict[str, Any]) -> bool:
    return sum(int(status[each]) for each in ENDS) >= orders
