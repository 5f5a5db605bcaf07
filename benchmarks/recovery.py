"""Recovery: a host with live orders is killed with -9; how long until all its shards work again.

A shard works again when its new owner has taken a message for an order it holds and for a new one
(:mod:`benchmarks.probing`). The clock starts right before the kill.
"""

import asyncio
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.machine import circumstances
from benchmarks.probing import HELD, NEW, Prober, held_orders, new_orders, passivate
from benchmarks.run import salt
from benchmarks.system import Layout, running
from benchmarks.waiting import SHAPE, Say, Waits, fill, groups_in_memory, observed, targets_file, until


def measured(count: int, waits: Waits, layout: Layout, passivated: bool, say: Say) -> dict[str, Any]:
    """Fill a system made for it with ``count`` live `b6` orders, kill one of its hosts, and watch its shards.

    :param passivated: wait until all groups have left memory before the kill.
    :raises benchmarks.system.NotStarted: the system did not come up.
    :raises benchmarks.run.GeneratorFailed: not all orders were accepted.
    """
    return asyncio.run(_measured(count, waits, layout, passivated, say))


async def _measured(count: int, waits: Waits, layout: Layout, passivated: bool, say: Say) -> dict[str, Any]:
    found = circumstances()
    with tempfile.TemporaryDirectory(prefix="orderloom-bench-") as folder:
        placed = Layout(
            hosts=layout.hosts, executors=layout.executors, targets=targets_file(Path(folder), waits)
        )
        async with running(placed) as system, observed(system) as seen:
            orders = await fill(system, seen, count, say)
            full = await until(seen, "filled", lambda status: status["live"] == count, say)
            if passivated:
                full = await passivate(system, seen, orders, say)
            owned = shards_by_host(full)
            victim = max(owned, key=lambda host: len(owned[host]))
            shards, lost = len(full["shards"]), owned[victim]
            held = held_orders(orders, lost, shards)
            new = new_orders(salt(), lost, shards)
            say(f"killing {victim}, which owns {len(lost)} shards")
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(connector=connector) as http:
                prober = Prober(system, http, time.monotonic())
                os.kill(int(full["pids"]["hosts"][victim]), signal.SIGKILL)
                times = await asyncio.gather(
                    *(prober.answered(body, HELD) for body in held.values()),
                    *(prober.answered(body, NEW) for body in new.values()),
                )
            await asyncio.sleep(1.0)
            after = await seen.status()
    return {
        "kind": "recovery",
        "shape": SHAPE,
        "orders": count,
        "waits": waits,
        "live_before": full["live"],
        "live_after": after["live"],
        "groups_in_memory_before": groups_in_memory(full),
        "shards": shards,
        "shards_lost": len(lost),
        "shards_probed_with_a_held_order": len(held),
        "recovery": summary([each for each in times if each is not None], len(times)),
        "layout": {"hosts": layout.hosts, "executors": layout.executors},
        **found,
    }


def shards_by_host(status: dict[str, Any]) -> dict[str, list[int]]:
    """Which shards each host owns, as a status tells."""
    owned: dict[str, list[int]] = {}
    for each in status["shards"]:
        if each["owner"]:
            owned.setdefault(each["owner"], []).append(int(each["shard"]))
    return owned


def summary(times: list[float], probes: int) -> dict[str, Any]:
    """Seconds until a probe was answered: the first, the median, the last, and each. ``never`` counts the others."""
    ordered = sorted(times)
    return {
        "first_s": round(ordered[0], 3) if ordered else None,
        "median_s": round(ordered[len(ordered) // 2], 3) if ordered else None,
        "all_s": round(ordered[-1], 3) if ordered and len(ordered) == probes else None,
        "never": probes - len(ordered),
        "probes_s": [round(each, 3) for each in ordered],
    }
