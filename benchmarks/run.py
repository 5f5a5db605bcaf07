"""One measured run: start a system, load it with one shape, wait until every accepted order has ended, write it down.

What the figures mean: ``orders_per_second`` is completed orders over the time from the first send to the last
completion, the tail after the generator stopped included. ``accept_ms`` is measured at the generator from the instant
an order was due to its answer; ``cycle_ms`` by the hosts, from the acceptance to the end of the order. Percentiles are
``p50``, ``p99`` and ``p999``. ``memory_bytes_per_order`` is what the hosts and the journal's server grew by over the
run, for each order accepted.
"""

import asyncio
import os
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import msgspec

from benchmarks.generator import ANSWER_TIMEOUT_S, TOKEN_VARIABLE, Load, Way, arguments
from benchmarks.machine import circumstances, machine
from benchmarks.processes import cpu_seconds
from benchmarks.shapes import LINES, Shape
from benchmarks.system import Layout, System, running
from runtime.limits import STREAM_UNANSWERED_LINES_MAX

STATUS_PATH = "/api/v1/status"
STATUS_INTERVAL_S = 1.0
TAIL_INTERVAL_S = 0.1
TAIL_STILL_S = 60.0
"""How long the tail may stand still before the run ends with orders still in progress."""
GENERATOR_GRACE_S = ANSWER_TIMEOUT_S + 60.0
ENDS = ("completed", "failed", "held", "partial", "cancelled", "rejected")
"""What a run waits for; a held order waits for a person, so that for a run it is at its end."""
COUNTERS = ("accepted", "transitions", *ENDS)

Progress = Callable[[dict[str, Any]], None]


class GeneratorFailed(Exception):
    """The generator's process ended without a result."""


@dataclass(frozen=True)
class Options:
    """What to measure. ``rate`` in orders/s, None for as fast as the system answers."""

    shape: Shape
    seconds: float
    rate: float | None = None
    seed: int = 0
    connections: int = 2
    unanswered: int = STREAM_UNANSWERED_LINES_MAX
    layout: Layout = field(default_factory=Layout)
    by: Way = "stream"


@dataclass
class Watch:
    """The system's own counters since the run began, read from its status.

    Hosts count from their own start: a run in which hosts come and go cannot be counted so.
    """

    http: httpx.AsyncClient
    before: dict[str, Any] = field(default_factory=dict)
    now: dict[str, Any] = field(default_factory=dict)

    async def start(self) -> None:
        """Take the counters as they are, and ask for percentiles of what follows only."""
        self.before = self.now = await self._read({"window": "new"})

    async def look(self) -> dict[str, int]:
        """The counters since the start; a gateway that is away for a moment leaves the last ones standing."""
        with suppress(httpx.HTTPError):
            self.now = await self._read({})
        return self.since()

    def since(self) -> dict[str, int]:
        """The counters of the last look, less those of the start."""
        counted = {each: int(self.now.get(each, 0)) - int(self.before.get(each, 0)) for each in COUNTERS}
        return {**counted, "in_progress": max(0, counted["accepted"] - sum(counted[each] for each in ENDS))}

    def hosts_replaced(self) -> bool:
        """Whether a host came or went meanwhile: what it had counted went with it, and nothing adds up."""
        return _hosts(self.now) != _hosts(self.before)

    def memory_growth(self) -> dict[str, int]:
        """Bytes by which the hosts and the journal's server have grown; a process that shrank counts with nothing."""
        before, now = self.before.get("memory", {}), self.now.get("memory", {})
        return {name: max(0, int(size) - int(before.get(name, 0))) for name, size in now.items()}

    async def _read(self, parameters: dict[str, str]) -> dict[str, Any]:
        answer = await self.http.get(STATUS_PATH, params=parameters)
        answer.raise_for_status()
        status: dict[str, Any] = answer.json()
        return status


def _hosts(status: dict[str, Any]) -> dict[str, int]:
    return dict(status.get("pids", {}).get("hosts", {}))


def run(options: Options, progress: Progress | None = None) -> dict[str, Any]:
    """Measure, in a system made for it; gives the figures as they are written to the JSON file.

    :raises benchmarks.system.NotStarted: the system did not come up.
    :raises GeneratorFailed: the load could not be sent.
    """
    return asyncio.run(measure(options, progress or (lambda _: None)))


async def measure(options: Options, progress: Progress) -> dict[str, Any]:
    """As ``run``, for a caller with a loop of its own."""
    found = circumstances()
    async with running(options.layout) as system:
        return {**await measure_at(system, options, progress), **found}


async def measure_at(system: System, options: Options, progress: Progress) -> dict[str, Any]:
    """Measure a system that already runs and has nothing else to do."""
    load = Load(
        url=system.url,
        shape=options.shape,
        seconds=options.seconds,
        rate=options.rate,
        connections=options.connections,
        unanswered=options.unanswered,
        seed=options.seed,
        salt=salt(),
        token=system.token,
        by=options.by,
    )
    authorization = {"Authorization": f"Bearer {system.token}"}
    async with httpx.AsyncClient(base_url=system.url, headers=authorization, timeout=30) as http:
        watch = Watch(http)
        await watch.start()
        cpu_before = cpu_seconds(system)
        sent = await send(load, watch, progress)
        ended = await _tail(sent, watch, progress)
        cpu_after = cpu_seconds(system)
    cpu = {name: seconds - cpu_before.get(name, 0.0) for name, seconds in cpu_after.items()}
    return report(options, sent, watch, ended, {**cpu, "generator": sent["cpu_seconds"]})


def salt() -> str:
    """What makes the external ids of one load different from those of every other."""
    return f"{uuid.uuid4().hex[:10]}-"


async def send(
    load: Load, watch: Watch, progress: Progress, each: Progress = lambda _: None
) -> dict[str, Any]:
    """Run the generator to its end, telling its progress and the system's; ``each`` is told its own at once."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.generator"),
        *arguments(replace(load, token="")),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, TOKEN_VARIABLE: load.token},
    )
    if process.stdout is None:
        raise GeneratorFailed("the generator has no output to read")
    looked = 0.0
    try:
        async with asyncio.timeout(load.seconds + GENERATOR_GRACE_S):
            while line := await process.stdout.readline():
                told = msgspec.json.decode(line)
                if "result" in told:
                    await process.wait()
                    result: dict[str, Any] = told["result"]
                    return result
                each(told["progress"])
                if time.monotonic() - looked > STATUS_INTERVAL_S:
                    looked = time.monotonic()
                    progress({**told["progress"], **await watch.look()})
            code = await process.wait()
    except TimeoutError:
        raise GeneratorFailed("the generator did not end in time") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    raise GeneratorFailed(f"the generator ended with exit code {code} and no result")


async def _tail(sent: dict[str, Any], watch: Watch, progress: Progress) -> float:
    """Wait until all accepted orders have ended; gives the monotonic instant of the last end.

    Lines left undecided by a broken connection may have been accepted too, so that the system's own count is waited
    for where it is larger.
    """
    ended_before, last_end = -1, time.monotonic()
    while True:
        counted = await watch.look()
        progress({**sent, **counted})
        now = time.monotonic()
        ended = sum(counted[each] for each in ENDS)
        if ended != ended_before:
            ended_before, last_end = ended, now
        if ended >= max(int(sent["accepted"]), counted["accepted"]) or now - last_end > TAIL_STILL_S:
            return last_end
        await asyncio.sleep(TAIL_INTERVAL_S)


def report(
    options: Options, sent: dict[str, Any], watch: Watch, ended: float, cpu: dict[str, float]
) -> dict[str, Any]:
    """The figures of a run, rounded to what was measured; units stand in the names."""
    counted = watch.since()
    elapsed = max(ended - sent["first_send"], 1e-9) if sent["first_send"] else float(options.seconds)
    answering = max(sent["last_answer"] - sent["first_send"], 1e-9) if sent["last_answer"] else elapsed
    completed, memory = counted["completed"], watch.memory_growth()
    return {
        "shape": options.shape,
        "seconds": options.seconds,
        "accepted": sent["accepted"],
        "completed": completed,
        "failed": counted["failed"],
        "orders_per_second": round(completed / elapsed, 1),
        "accept_ms": sent["accept_ms"],
        "cycle_ms": watch.now.get("cycle_ms", {}),
        "transitions_per_second": round(counted["transitions"] / elapsed, 1),
        "fsync": watch.now.get("fsync", "unknown"),
        "memory_bytes_per_order": round(sum(memory.values()) / max(1, counted["accepted"])),
        "rate": options.rate,
        "elapsed_seconds": round(elapsed, 2),
        "offered": sent["offered"],
        "sent": sent["sent"],
        "statuses": sent["statuses"],
        "undecided": sent["undecided"],
        "broken_connections": sent["broken"],
        "held": counted["held"],
        "ended_otherwise": counted["partial"] + counted["cancelled"] + counted["rejected"],
        "in_progress": counted["in_progress"],
        "hosts_replaced": watch.hosts_replaced(),
        "memory_growth_bytes": memory,
        "memory_bytes": watch.now.get("memory", {}),
        "cpu_seconds": {name: round(seconds, 2) for name, seconds in sorted(cpu.items())},
        "cpu_us_per_order": {
            name: round(seconds / completed * 1e6) for name, seconds in sorted(cpu.items()) if completed
        },
        "cpu_us_per_line": round(sum(cpu.values()) / (completed * LINES[options.shape]) * 1e6, 1)
        if completed
        else None,
        "layout": msgspec.to_builtins(options.layout)
        | {
            "redis_url": options.layout.redis_url is not None,
            "targets": options.layout.targets is not None,
        },
        "machine": machine(),
        "kind": "run",
        "by": options.by,
        "accepted_per_second": round(sent["accepted"] / answering, 1),
    }
