"""Steady load for long: whether memory and latency grow, and how fast.

The load is cut into equal windows of one system's life. The slope is that of the straight line nearest to the windows'
figures (least squares), given for an hour beside the figure's mean and its scatter around the line, so that a slope can
be told from noise: ``beyond_noise`` when the slope's own standard error goes into it more than three times. The first
windows warm caches and pools and are left out of the slopes.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import psutil

from benchmarks.machine import circumstances
from benchmarks.processes import parts
from benchmarks.run import Options, measure_at
from benchmarks.system import System, running

WARM_SHARE = 0.2
WINDOWS_MIN = 5
NOISE_ERRORS = 3.0
FIGURES = ("accept_p50_ms", "accept_p99_ms", "cycle_p50_ms", "cycle_p99_ms", "hosts_rss", "processes_rss")
JOURNAL = "server_used"
"""Grows with the orders it keeps: told by order, and not judged."""

Say = Callable[[str], None]


def soak(options: Options, windows: int, say: Say) -> dict[str, Any]:
    """Load a system made for it for ``windows`` times ``options.seconds`` at ``options.rate``.

    :raises benchmarks.system.NotStarted: the system did not come up.
    :raises benchmarks.run.GeneratorFailed: the load could not be sent.
    """
    return asyncio.run(_soak(options, windows, say))


async def _soak(options: Options, windows: int, say: Say) -> dict[str, Any]:
    found = circumstances()
    seen: list[dict[str, Any]] = []
    async with running(options.layout) as system:
        for number in range(1, windows + 1):
            figures = await measure_at(
                system,
                replace(options, seed=options.seed + number),
                lambda counted, at=number: say(  # type: ignore[misc]
                    f"window {at} of {windows}: accepted {counted['accepted']:,}   "
                    f"completed {counted['completed']:,}"
                ),
            )
            seen.append(window(figures, processes_rss(system), number * options.seconds))
    whole = len(seen) == windows and all(each["completed"] == each["accepted"] for each in seen)
    return {
        "kind": "soak",
        "shape": options.shape,
        "rate": options.rate,
        "minutes": round(windows * options.seconds / 60, 2),
        "accepted": sum(each["accepted"] for each in seen),
        "completed": sum(each["completed"] for each in seen),
        "all_completed": whole,
        "slopes": slopes(seen),
        "journal_bytes_per_order": journal_bytes_per_order(seen),
        "windows": seen,
        "layout": figures["layout"],
        **found,
    }


def window(figures: dict[str, Any], rss: int, at: float) -> dict[str, Any]:
    """One window's figures; ``at`` is its end in seconds of load."""
    return {
        "at_s": at,
        "accepted": figures["accepted"],
        "completed": figures["completed"],
        "orders_per_second": figures["orders_per_second"],
        **{f"accept_{name}_ms": figures["accept_ms"][name] for name in ("p50", "p99")},
        **{f"cycle_{name}_ms": figures["cycle_ms"].get(name, 0) for name in ("p50", "p99")},
        "hosts_rss": figures["memory_bytes"]["hosts_rss"],
        JOURNAL: figures["memory_bytes"][JOURNAL],
        "processes_rss": rss,
    }


def slopes(windows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The slope of each figure over an hour, once warm; empty with too few windows to tell."""
    warm = windows[math.ceil(len(windows) * WARM_SHARE) :]
    if len(warm) < WINDOWS_MIN:
        return {}
    hours = [each["at_s"] / 3_600 for each in warm]
    return {name: slope(hours, [float(each[name]) for each in warm]) for name in FIGURES}


def slope(times: Sequence[float], values: Sequence[float]) -> dict[str, Any]:
    """The straight line nearest to (time, value): slope by unit of time, its standard error, and the mean."""
    count = len(times)
    middle, mean = sum(times) / count, sum(values) / count
    spread = sum((time - middle) ** 2 for time in times)
    steep = sum((time - middle) * (value - mean) for time, value in zip(times, values, strict=True)) / spread
    rest = sum(
        (value - mean - steep * (time - middle)) ** 2 for time, value in zip(times, values, strict=True)
    )
    error = math.sqrt(rest / (count - 2) / spread)
    return {
        "per_hour": round(steep, 3),
        "standard_error": round(error, 3),
        "mean": round(mean, 3),
        "beyond_noise": steep > NOISE_ERRORS * error and steep > 0,
    }


def journal_bytes_per_order(windows: Sequence[dict[str, Any]]) -> int | None:
    """What the journal's server keeps in memory for each order that ended, over the windows after the first."""
    if len(windows) < 2:
        return None
    orders = sum(each["completed"] for each in windows[1:])
    return round((windows[-1][JOURNAL] - windows[0][JOURNAL]) / orders) if orders else None


def processes_rss(system: System) -> int:
    """Memory of everything that Orderloom runs but the journal's server: executors, gateways, coordinator, ``up``."""
    total = 0
    for name, pid in parts(system.pids):
        if name == "server":
            continue
        try:
            total += psutil.Process(pid).memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
