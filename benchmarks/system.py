"""A whole system for the length of a run: `orderloom up` as a process of its own, in a folder that goes with it."""

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READY_TIMEOUT_S = 600.0
"""Long enough for the journal's server to load a million orders."""
STOP_TIMEOUT_S = 60.0
LOG_LINES_SHOWN = 20


class NotStarted(Exception):
    """`orderloom up` ended, or said nothing for too long; the text holds the last lines it logged."""


@dataclass(frozen=True)
class Layout:
    """How large a system to start; the options of `orderloom up` by the same names."""

    placement: str = "pooled"
    hosts: int = 1
    executors: int = 1
    gateways: int = 1
    redis_url: str | None = None
    shards: int | None = None
    """None: what `orderloom up` makes new data with."""
    targets: str | None = None
    """File of target settings; None: every target is a simulated element that answers at once."""
    redis_cluster: bool = False
    replicas: int = 0

    def arguments(self, data: Path) -> list[str]:
        """The command line of `orderloom up` for this layout, on a free port."""
        chosen = [
            f"--data={data}",
            "--port=0",
            f"--placement={self.placement}",
            f"--hosts={self.hosts}",
            f"--executors={self.executors}",
            f"--gateways={self.gateways}",
        ]
        if self.redis_url is not None:
            chosen.append(f"--redis-url={self.redis_url}")
        if self.shards is not None:
            chosen.append(f"--shards={self.shards}")
        if self.targets is not None:
            chosen.append(f"--targets={self.targets}")
        if self.redis_cluster:
            chosen.append("--redis-cluster")
        if self.replicas:
            chosen.append(f"--replicas={self.replicas}")
        return chosen


@dataclass(frozen=True)
class System:
    """A running system as its ready line tells it; ``pid`` is that of `orderloom up`."""

    url: str
    token: str
    dashboard: str
    pids: dict[str, Any]
    pid: int


@asynccontextmanager
async def running(layout: Layout, data: Path | None = None) -> AsyncIterator[System]:
    """Start a system, give it, and stop all of it at the end.

    :param data: its data folder, which stays; without it the data goes with the system.
    :raises NotStarted: it did not come up.
    """
    with tempfile.TemporaryDirectory(prefix="orderloom-bench-") as folder:
        log_path = Path(folder) / "up.log"
        with log_path.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", "from gateway.cli import main; main()", "up"),
                *layout.arguments(data or Path(folder) / "data"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
            draining: asyncio.Task[None] | None = None
            try:
                system = await _ready(process, log_path)
                draining = asyncio.create_task(_drain(process))
                yield system
            finally:
                await _stop(process)
                if draining is not None:
                    draining.cancel()


async def _ready(process: asyncio.subprocess.Process, log: Path) -> System:
    said = []
    if process.stdout is None:
        raise NotStarted("`orderloom up` has no output to read")
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            while line := await process.stdout.readline():
                said.append(line.decode(errors="replace").rstrip())
                if (told := _ready_line(line)) is not None:
                    return System(
                        url=str(told["gateway"]).rstrip("/"),
                        token=str(told.get("token", "")),
                        dashboard=str(told.get("dashboard", "")),
                        pids=dict(told.get("pids", {})),
                        pid=process.pid,
                    )
    except TimeoutError:
        said.append(f"no ready line within {READY_TIMEOUT_S:.0f} s")
    logged = await asyncio.to_thread(log.read_text, errors="replace")
    shown = [*said, *logged.splitlines()][-LOG_LINES_SHOWN:]
    raise NotStarted("`orderloom up` did not start:\n" + "\n".join(shown))


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Read on what nobody needs, so that a system with much to say cannot stall on a full pipe."""
    while process.stdout is not None and await process.stdout.read(65536):
        pass


def _ready_line(line: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) and told.get("ready") is True else None


async def _stop(process: asyncio.subprocess.Process) -> None:
    """As Ctrl-C would; by force if that is not heard. ``up`` ends everything it started."""
    for number, patience in ((signal.SIGINT, STOP_TIMEOUT_S), (signal.SIGTERM, 10.0), (signal.SIGKILL, 10.0)):
        if process.returncode is not None:
            return
        process.send_signal(number)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), patience)
