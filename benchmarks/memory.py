"""Memory of a live order: what hosts and the journal's server grow by, with its group in memory and passivated.

A host passivates a group that was idle for a while, so a filling that takes longer than that never has all groups in
memory at once: ``groups_in_memory`` says how many there were when the figure was taken, and the figure holds for that.
What a host's process keeps for reuse after passivation counts as its memory, as it does for the machine.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import psutil

from benchmarks.machine import circumstances
from benchmarks.probing import passivate
from benchmarks.system import Layout, running
from benchmarks.waiting import SHAPE, Say, Waits, fill, groups_in_memory, observed, targets_file, until

SETTLE_S = 25.0
WARM_ORDERS = 500
"""Live before the first reading, so that what a process needs once is not counted as an order's."""


def measured(count: int, waits: Waits, layout: Layout, say: Say) -> dict[str, Any]:
    """Fill a system made for it with ``count`` live `b6` orders and read its memory.

    :raises benchmarks.system.NotStarted: the system did not come up.
    :raises benchmarks.run.GeneratorFailed: not all orders were accepted.
    """
    return asyncio.run(_measured(count, waits, layout, say))


async def _measured(count: int, waits: Waits, layout: Layout, say: Say) -> dict[str, Any]:
    found = circumstances()
    with tempfile.TemporaryDirectory(prefix="orderloom-bench-") as folder:
        placed = Layout(
            hosts=layout.hosts,
            executors=layout.executors,
            shards=layout.shards,
            targets=targets_file(Path(folder), waits),
        )
        async with running(placed) as system, observed(system) as seen:
            await fill(system, seen, WARM_ORDERS, say)
            before = await until(seen, "warm", lambda status: status["live"] == WARM_ORDERS, say)
            samples: list[dict[str, int]] = []
            orders = await fill(system, seen, count, say, look=lambda status: samples.append(sample(status)))
            full = await until(seen, "filled", lambda status: status["live"] == WARM_ORDERS + count, say)
            samples.append(sample(full))
            executors = sum(_rss(pid) for pid in full["pids"]["executors"].values())
            await passivate(system, seen, orders, say)
            await asyncio.sleep(SETTLE_S)
            idle = await seen.status()
            samples.append(sample(idle))
    return {
        "kind": "memory",
        "shape": SHAPE,
        "orders": count,
        "waits": waits,
        "in_memory": per_order(before, full),
        "passivated": per_order(before, idle),
        "before": sample(before),
        "executors_rss": executors,
        "samples": samples,
        "fsync": full.get("fsync", "unknown"),
        "layout": {"hosts": layout.hosts, "executors": layout.executors},
        **found,
    }


def sample(status: dict[str, Any]) -> dict[str, int]:
    """What a status says of memory, in bytes, and of whom it holds."""
    memory = status.get("memory", {})
    return {
        "live": int(status.get("live", 0)),
        "groups_in_memory": groups_in_memory(status),
        "hosts_rss": int(memory.get("hosts_rss", 0)),
        "server_used": int(memory.get("server_used", 0)),
    }


def per_order(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Growth from one status to another, for each order that is live in the later and was not in the earlier."""
    first, last = sample(before), sample(after)
    orders = max(1, last["live"] - first["live"])
    growth = {name: max(0, last[name] - first[name]) for name in ("hosts_rss", "server_used")}
    return {
        "live": last["live"],
        "groups_in_memory": last["groups_in_memory"],
        "bytes_per_order": round(sum(growth.values()) / orders),
        "hosts_bytes_per_order": round(growth["hosts_rss"] / orders),
        "server_bytes_per_order": round(growth["server_used"] / orders),
    }


def _rss(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
