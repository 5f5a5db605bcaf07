"""Starting again over a full journal: how long until the first new order is accepted.

*Cold* is a start of everything, the server's loading included. *Server up* is a start of everything but the server,
which has loaded by then. Both run on the same data, one after the other; the clock starts with the process of
`orderloom up`.
"""

import asyncio
import os
import signal
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

import psutil

from benchmarks.machine import circumstances
from benchmarks.probing import first_new_order
from benchmarks.run import ENDS, salt
from benchmarks.system import Layout, System, running
from benchmarks.waiting import SHAPE, Say, Waits, fill, observed, targets_file, until
from runtime.journal.embedded import EmbeddedServer

Ended = Literal["stopped", "killed"]
ENDED: tuple[Ended, ...] = get_args(Ended)
"""How the system ends before it starts again: in order, or everything at once with -9."""


def measured(orders: int, live: int, ended: Ended, waits: Waits, layout: Layout, say: Say) -> dict[str, Any]:
    """Make a journal of ``orders`` `b6` orders of which ``live`` have not ended, and start over it twice.

    :raises benchmarks.system.NotStarted: a system did not come up.
    :raises benchmarks.run.GeneratorFailed: not all orders were accepted.
    """
    return asyncio.run(_measured(orders, live, ended, waits, layout, say))


async def _measured(
    orders: int, live: int, ended: Ended, waits: Waits, layout: Layout, say: Say
) -> dict[str, Any]:
    found = circumstances()
    with tempfile.TemporaryDirectory(prefix="orderloom-bench-") as folder:
        data = Path(folder) / "data"
        waiting = replace(layout, targets=targets_file(Path(folder), waits))
        await _make(data, layout, orders - live, say)
        async with running(waiting, data) as system, observed(system) as seen:
            if live:
                await fill(system, seen, live, say)
            before = await until(seen, "filled", lambda status: status["live"] == live, say)
            if ended == "killed":
                say("killing everything")
                _kill_all(system)
        size = _size(data / "redis")
        say("starting cold")
        cold = await _started(waiting, data, live)
        say("starting the server alone")
        server = EmbeddedServer(data / "redis")
        began = time.monotonic()
        await server.start(say)
        loading = time.monotonic() - began
        try:
            say("starting with the server up")
            warm = await _started(replace(waiting, redis_url=server.url), data, live)
        finally:
            await server.stop()
    return {
        "kind": "restart",
        "shape": SHAPE,
        "orders": orders,
        "live": before["live"],
        "ended": ended,
        "waits": waits,
        "cold": cold,
        "server_up": {**warm, "server_loading_s": round(loading, 2)},
        "journal_bytes": size,
        "layout": {"hosts": layout.hosts, "executors": layout.executors},
        **found,
    }


async def _make(data: Path, layout: Layout, orders: int, say: Say) -> None:
    """Orders that have ended."""
    if orders <= 0:
        return
    async with running(layout, data) as system, observed(system) as seen:
        await fill(system, seen, orders, say)
        await until(seen, "ending", lambda status: sum(int(status[each]) for each in ENDS) >= orders, say)


async def _started(layout: Layout, data: Path, live: int) -> dict[str, Any]:
    began = time.monotonic()
    async with running(layout, data) as system:
        ready = time.monotonic() - began
        accepted = await first_new_order(system, salt(), began)
        async with observed(system) as seen:
            status = await seen.status()
    return {
        "ready_s": round(ready, 2),
        "first_order_accepted_s": None if accepted is None else round(accepted, 2),
        "live_found": status["live"] - 1 if accepted is not None else status["live"],
        "all_live_found": status["live"] >= live,
    }


def _kill_all(system: System) -> None:
    """Everything that `orderloom up` started, and itself, with -9: the supervisor first, so that nothing is mended."""
    up = psutil.Process(system.pid)
    below = up.children(recursive=True)
    os.kill(system.pid, signal.SIGKILL)
    for process in below:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
