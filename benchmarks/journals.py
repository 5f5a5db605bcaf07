"""What it costs where the journal is: one server, three servers of a Redis Cluster, a server with a replica.

The same load through each, one after the other in one run, every server on this machine and syncing every write:

- *server*: one server on TCP, as everywhere else in the figures but for the socket.
- *cluster*: three servers of a Redis Cluster, the shards spread over them.
- *replica*: one server, and only what its replica has on disk as well is acknowledged (``WAITAOF 1 1``).
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import psutil
from redis.asyncio import Redis

from benchmarks.machine import circumstances
from benchmarks.run import Options, measure_at
from benchmarks.system import NotStarted, running
from runtime.journal.embedded import EmbeddedServer

NODES: Final = 3
SLOTS: Final = 16_384
READY_S: Final = 30.0
FIGURES: Final = ("orders_per_second", "accepted", "completed", "accept_ms", "cycle_ms", "cpu_us_per_order")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Servers:
    """Servers that a journal is on; ``url`` is where a system finds them."""

    url: str
    pids: tuple[int, ...]
    cluster: bool = False
    replicas: int = 0


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[Servers]:
    """One server."""
    async with _started(EmbeddedServer(folder / "server", port=0)) as one:
        yield Servers(one.url, _pids(one))


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[Servers]:
    """Three servers that know each other and share the slots."""
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(
                _started(EmbeddedServer(folder / f"node{number}", port=0, cluster=True))
            )
            for number in range(NODES)
        ]
        await joined(nodes)
        yield Servers(nodes[0].url, _pids(*nodes), cluster=True)


@asynccontextmanager
async def replica(folder: Path) -> AsyncIterator[Servers]:
    """A server whose every acknowledged write its replica has on disk, too."""
    async with AsyncExitStack() as stack:
        primary = await stack.enter_async_context(_started(EmbeddedServer(folder / "primary", port=0)))
        follows = ("replicaof", f"127.0.0.1 {primary.port}", "repl-diskless-sync-delay", "0")
        second = await stack.enter_async_context(
            _started(EmbeddedServer(folder / "replica", port=0, options=follows))
        )
        await in_step(primary)
        yield Servers(primary.url, _pids(primary, second), replicas=1)


PLACES: Final = {"server": server, "cluster": cluster, "replica": replica}


def compared(options: Options, say: Say) -> dict[str, Any]:
    """Measure ``options`` with the journal in each place; ``ratio`` is throughput over that of one server.

    :raises benchmarks.system.NotStarted: servers or a system did not come up.
    :raises benchmarks.run.GeneratorFailed: a load could not be sent.
    """
    return asyncio.run(_compared(options, say))


async def _compared(options: Options, say: Say) -> dict[str, Any]:
    found = circumstances()
    places: dict[str, dict[str, Any]] = {}
    for name, started in PLACES.items():
        say(f"{name}: starting")
        with tempfile.TemporaryDirectory(prefix="orderloom-bench-") as folder:
            async with started(Path(folder)) as servers:
                places[name] = await _measured(name, servers, options, say)
    one = places["server"]["orders_per_second"]
    for figures in places.values():
        figures["ratio"] = round(figures["orders_per_second"] / one, 3) if one else None
    return {
        "kind": "journals",
        "shape": options.shape,
        "seconds": options.seconds,
        "rate": options.rate,
        "hosts": options.layout.hosts,
        "journals": places,
        **found,
    }


async def _measured(name: str, servers: Servers, options: Options, say: Say) -> dict[str, Any]:
    layout = replace(
        options.layout, redis_url=servers.url, redis_cluster=servers.cluster, replicas=servers.replicas
    )
    async with running(layout) as system:
        before = _cpu_seconds(servers)
        figures = await measure_at(
            system,
            replace(options, layout=layout),
            lambda counted: say(
                f"{name}: accepted {counted['accepted']:,}   completed {counted['completed']:,}"
            ),
        )
        spent = _cpu_seconds(servers) - before
    chosen = {each: figures[each] for each in FIGURES}
    if figures["completed"]:
        # The servers are none of the system's own processes.
        chosen["cpu_us_per_order"] = {
            **figures["cpu_us_per_order"], "server": round(spent / figures["completed"] * 1e6)
        }  # fmt: skip
    return {"servers": len(servers.pids), **chosen}


@asynccontextmanager
async def _started(one: EmbeddedServer) -> AsyncIterator[EmbeddedServer]:
    await one.start()
    try:
        yield one
    finally:
        await one.stop()


def _pids(*servers: EmbeddedServer) -> tuple[int, ...]:
    return tuple(one.pid for one in servers if one.pid is not None)


def _cpu_seconds(servers: Servers) -> float:
    times = [psutil.Process(pid).cpu_times() for pid in servers.pids]
    return sum(each.user + each.system for each in times)


async def joined(nodes: list[EmbeddedServer]) -> None:
    """Make servers that run a cluster, each with its share of the slots, in order.

    :raises benchmarks.system.NotStarted: they did not become one in time.
    """
    count = len(nodes)
    bounds = [SLOTS // count * number for number in range(count)] + [SLOTS]
    for number, node in enumerate(nodes):
        await _ask(node, "CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
        await _ask(node, "CONFIG", "SET", "cluster-announce-ip", "127.0.0.1")
    for node in nodes[1:]:
        await _ask(nodes[0], "CLUSTER", "MEET", "127.0.0.1", str(node.port), str(node.bus_port))
    await _ready(nodes, f"cluster_known_nodes:{count}", f"cluster_slots_ok:{SLOTS}", "cluster_state:ok")


async def _ask(one: EmbeddedServer, *words: str | int) -> Any:
    client: Any = Redis.from_url(one.url)
    async with client:
        return await client.execute_command(*words)


async def _ready(nodes: list[EmbeddedServer], *words: str) -> None:
    try:
        async with asyncio.timeout(READY_S):
            for node in nodes:
                while not await _says(node, words):  # noqa: ASYNC110 - a server tells nobody when it is ready
                    await asyncio.sleep(0.05)
    except TimeoutError:
        raise NotStarted(f"the servers made no cluster within {READY_S:g} s") from None


async def _says(node: EmbeddedServer, words: tuple[str, ...]) -> bool:
    told = str(await _ask(node, "CLUSTER", "INFO"))
    return all(word in told for word in words)


async def in_step(primary: EmbeddedServer) -> None:
    """Wait for the replica's log to follow: it counts from the end of the rewrite after the first copy.

    On one connection, because WAITAOF is about the writes of its own.

    :raises benchmarks.system.NotStarted: it did not, in time.
    """
    client: Any = Redis.from_url(primary.url)
    try:
        async with client, asyncio.timeout(READY_S), client.pipeline(transaction=False) as pipe:
            while (await pipe.set("in step", 1).execute_command("WAITAOF", 1, 1, 200).execute())[1] != [1, 1]:
                pass
    except TimeoutError:
        raise NotStarted(f"the replica was not in step within {READY_S:g} s") from None
