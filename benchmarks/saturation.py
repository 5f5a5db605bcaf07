"""The saturation search: which rate a running system still keeps, and what it is like at half of that.

One system runs throughout. Rates grow by a factor until one is not kept, then halve the distance (in proportion)
between the best that was kept and the least that was not. A rate is *kept* when every due order was sent, accepted and
completed, and the completions, the tail included, came at 95 % of the rate at least. *Saturation* is the highest rate
kept; *peak* is the most that was completed in a second on average over any step, kept or not.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.generator import Way
from benchmarks.machine import circumstances
from benchmarks.run import Options, measure_at
from benchmarks.shapes import Shape
from benchmarks.system import System, running

GROWTH = 1.5
CLOSE_ENOUGH = 1.1
"""The search ends when the least rate missed is at most so much above the best that was kept."""
STEPS_MAX = 16
SENT_SHARE_MIN = 0.99
KEPT_SHARE_MIN = 0.95
SETTLE_S = 1.0
FIRST_RATES: dict[Way, dict[Shape, float]] = {
    "stream": {"mobile": 500, "b6": 500, "triple-play": 200, "office": 100, "sdwan-200": 2, "mega-5000": 0.2},
    "post": {"mobile": 100, "b6": 100, "triple-play": 50, "office": 50, "sdwan-200": 2, "mega-5000": 0.2},
}
"""Orders/s to begin with: low enough to be kept by any machine that can run the system at all."""
POST_CONNECTIONS = 64
FIGURES = ("accept_ms", "cycle_ms", "cpu_us_per_order")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Judged:
    """A rate in orders/s, and whether it was kept."""

    rate: float
    kept: bool


def next_rate(judged: Sequence[Judged], first: float) -> float | None:
    """Where to look next, None when the knee is known well enough.

    A rate that was missed counts against higher ones only: what was kept above it outweighs one bad moment.
    """
    if not judged:
        return first
    if len(judged) >= STEPS_MAX:
        return None
    best = max((each.rate for each in judged if each.kept), default=0.0)
    missed = min((each.rate for each in judged if not each.kept and each.rate > best), default=None)
    if missed is None:
        return best * GROWTH
    if not best:
        return missed / 2
    return None if missed / best <= CLOSE_ENOUGH else math.sqrt(best * missed)


def why_missed(figures: dict[str, Any]) -> str | None:
    """In a few words why a run at a rate did not keep it; None when it did."""
    offered, sent, rate = figures["offered"], figures["sent"], figures["rate"]
    if sent < SENT_SHARE_MIN * offered:
        return f"only {sent:,} of {offered:,} due orders could be sent"
    if figures["accepted"] < sent:
        return f"{sent - figures['accepted']:,} orders were not accepted"
    if figures["completed"] < figures["accepted"]:
        return f"{figures['accepted'] - figures['completed']:,} accepted orders did not complete"
    # Measured against what was due: at a few orders a run the last one is due well before the end.
    if figures["orders_per_second"] < KEPT_SHARE_MIN * min(rate, offered / figures["seconds"]):
        return f"completed {figures['orders_per_second']:,.1f}/s of {rate:,.1f}/s"
    return None


def search(options: Options, first: float | None, say: Say) -> dict[str, Any]:
    """Search in a system made for it; ``options.rate`` is not looked at, ``options.seconds`` is one step's length.

    :raises benchmarks.system.NotStarted: the system did not come up.
    :raises benchmarks.run.GeneratorFailed: the load could not be sent.
    """

    async def searched() -> dict[str, Any]:
        found = circumstances()
        async with running(options.layout) as system:
            return {**await search_at(system, options, first, say), **found}

    return asyncio.run(searched())


async def search_at(system: System, options: Options, first: float | None, say: Say) -> dict[str, Any]:
    """Search in a system that already runs."""
    first = first or FIRST_RATES[options.by][options.shape]
    judged: list[Judged] = []
    curve: list[dict[str, Any]] = []
    while (rate := next_rate(judged, first)) is not None:
        figures = await _step(system, options, rate, say)
        why = why_missed(figures)
        judged.append(Judged(rate, why is None))
        curve.append(point(figures, why))
    saturation = max((each.rate for each in judged if each.kept), default=0.0)
    half = await _step(system, options, saturation / 2, say) if saturation else None
    return {
        "kind": "saturation",
        "shape": options.shape,
        "by": options.by,
        "step_seconds": options.seconds,
        "saturation": round(saturation, 1),
        "peak": max(each["completed_per_second"] for each in curve),
        "half": None if half is None else point(half, why_missed(half)),
        "curve": sorted(curve, key=lambda each: float(each["offered_per_second"])),
        "fsync": curve[-1]["fsync"],
        "layout": figures["layout"],
    }


def point(figures: dict[str, Any], why: str | None) -> dict[str, Any]:
    """A run as one point of the curve."""
    return {
        "offered_per_second": round(figures["rate"], 1),
        "accepted_per_second": figures["accepted_per_second"],
        "completed_per_second": figures["orders_per_second"],
        "kept": why is None,
        "why_missed": why,
        **{name: figures[name] for name in FIGURES},
        "sent": figures["sent"],
        "accepted": figures["accepted"],
        "completed": figures["completed"],
        "fsync": figures["fsync"],
    }


async def _step(system: System, options: Options, rate: float, say: Say) -> dict[str, Any]:
    await asyncio.sleep(SETTLE_S)
    at = f"{rate:,.1f}/s"
    say(f"{at}: starting")
    figures = await measure_at(
        system,
        replace(options, rate=rate),
        lambda counted: say(f"{at}: accepted {counted['accepted']:,}   completed {counted['completed']:,}"),
    )
    say(f"{at}: {why_missed(figures) or 'kept'}")
    return figures
