"""Systems to command: a supervisor in this process over a Ray side that is none."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
import structlog

from runtime.cluster.options import ClusterOptions
from runtime.journal.lock import Process
from runtime.ray_keeper import Started
from runtime.ray_process import RayFailed
from runtime.run_record import RunRecord
from runtime.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "gateway.cli"]


class FakeRay:
    """The Ray side as a supervisor sees it; a test says when it is lost, and how often it does not start."""

    made: list["FakeRay"] = []
    failures = 0

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.process: Process | None = None
        self.options: ClusterOptions | None = None
        self.gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.ended = ""
        FakeRay.made.append(self)

    async def prepare(self, options: ClusterOptions) -> None:
        """Nothing to begin with."""

    async def start(self, options: ClusterOptions) -> Started:
        self.options = options
        if FakeRay.failures:
            FakeRay.failures -= 1
            raise RayFailed("no room")
        return Started("http://dashboard", "sesame", "127.0.0.1:1", {"hosts": {"Host 1": 1}})

    async def lost(self) -> str:
        return await self.gone

    async def stop(self) -> None:
        self.ended = "stopped"

    async def kill(self) -> None:
        self.ended = "killed"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Commands log to their data folder; the next test must not."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def rays() -> list[FakeRay]:
    FakeRay.made, FakeRay.failures = [], 0
    return FakeRay.made


def options_for(data: Path, **given: object) -> ClusterOptions:
    return ClusterOptions(
        data=str(data), journal_url="", port=1, token_file=str(data / "tokens.json"), **given
    )  # type: ignore[arg-type]


@asynccontextmanager
async def supervised(supervisor: Supervisor) -> AsyncIterator[RunRecord]:
    """The supervisor at work, from its ready line to its orderly end."""
    ready: asyncio.Future[RunRecord] = asyncio.get_running_loop().create_future()

    async def tell(record: RunRecord, _: Started) -> None:
        ready.set_result(record)

    running = asyncio.create_task(supervisor.run(tell))
    await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    try:
        yield ready.result()
    finally:
        supervisor.stop()
        await running


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        await asyncio.sleep(0.01)


def left_below(pid: int | None = None) -> list[str]:
    """The living processes below us (or ``pid``)."""
    return [
        f"{child.pid} {child.name()}"
        for child in psutil.Process(pid or os.getpid()).children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE
    ]
