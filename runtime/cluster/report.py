"""The status of a cluster: what its processes say of themselves, put together."""

import asyncio
import os
from typing import Any, NamedTuple

import structlog
from hdrh.histogram import HdrHistogram
from ray.exceptions import RayError

from runtime.cluster.metrics import CYCLE_MAX_MS
from runtime.cluster.table import Table
from runtime.errors import JournalAway
from runtime.journal.index import prefix_range
from runtime.journal.redis_journal import RedisJournal

log = structlog.get_logger()
ASK_TIMEOUT_S = 2.0
_SUMS = ("accepted", "completed", "failed", "partial", "cancelled", "rejected", "commits", "transitions")
_STATES = ("acknowledged", "inProgress", "held", "pending")


class Processes(NamedTuple):
    """The handles of the living actors by name."""

    hosts: dict[str, Any]
    executors: dict[str, Any]
    gateways: dict[str, Any]


async def report(
    journal: RedisJournal,
    table: Table,
    processes: Processes,
    wanted: dict[str, int],
    new_window: bool,
) -> dict[str, Any]:
    """Counters (since each host started), live orders by state (from the journal), processes and shards."""
    said_hosts, said_executors, said_gateways, states, (memory, fsync) = await asyncio.gather(
        _ask(processes.hosts, new_window),
        _ask(processes.executors),
        _ask(processes.gateways),
        _by_state(journal),
        _server(journal),
    )
    sums = {name: sum(int(said.get(name, 0)) for said in said_hosts.values()) for name in _SUMS}
    cycle = HdrHistogram(1, CYCLE_MAX_MS, 3)
    for said in said_hosts.values():
        if encoded := said.pop("cycle", None):
            cycle.decode_and_add(encoded)
    live = sum(states.values())
    rss = sum(int(said.get("rss", 0)) for said in said_hosts.values())
    return {
        **sums,
        "in_progress": states["inProgress"],
        "held": states["held"],
        "pending": states["pending"],
        "acknowledged": states["acknowledged"],
        "live": live,
        "cycle_ms": {
            "p50": cycle.get_value_at_percentile(50),
            "p99": cycle.get_value_at_percentile(99),
            "p999": cycle.get_value_at_percentile(99.9),
        },
        "memory": {"hosts_rss": rss, "server_used": memory},
        "memory_bytes_per_order": round((rss + memory) / live) if live else 0,
        "coordinator": {"pid": os.getpid(), "epoch": table.coordinator, "table": table.version},
        "fsync": fsync,
        "wanted": wanted,
        "pids": {
            "coordinator": os.getpid(),
            "hosts": _pids(said_hosts),
            "executors": _pids(said_executors),
            "gateways": _pids(said_gateways),
        },
        "hosts": said_hosts,
        "shards": [
            {"shard": n, "owner": o.host, "epoch": o.epoch}
            | ({"stopped": table.stopped[n]} if n in table.stopped else {})
            for n, o in enumerate(table.owners)
        ],
    }


def _pids(said: dict[str, dict[str, Any]]) -> dict[str, int]:
    return {name: entry["pid"] for name, entry in said.items() if "pid" in entry}


async def _ask(actors: dict[str, Any], *arguments: Any) -> dict[str, dict[str, Any]]:
    async def one(handle: Any) -> dict[str, Any]:
        try:
            said: dict[str, Any] = await asyncio.wait_for(
                _ref(handle.status.remote(*arguments)), ASK_TIMEOUT_S
            )
            return said
        except (RayError, TimeoutError) as silent:
            return {"silent": type(silent).__name__}

    answers = await asyncio.gather(*(one(handle) for handle in actors.values()))
    return dict(zip(actors, answers, strict=True))


async def _by_state(journal: RedisJournal) -> dict[str, int]:
    queries = [(shard, prefix_range("state", state)) for state in _STATES for shard in range(journal.shards)]
    try:
        counts = await journal.index_count(queries)
    except JournalAway:
        return dict.fromkeys(_STATES, 0)
    shards = journal.shards
    return {state: sum(counts[n * shards : (n + 1) * shards]) for n, state in enumerate(_STATES)}


async def _server(journal: RedisJournal) -> tuple[int, str]:
    """Memory in bytes and what the server does on a commit."""
    try:
        return await journal.registry.memory_bytes(), await journal.durability()
    except JournalAway:
        return 0, "unknown"


async def _ref(reference: Any) -> Any:
    return await reference
