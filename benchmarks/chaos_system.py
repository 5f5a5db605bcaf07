"""A real system to do harm to: `orderloom up` on a folder, and a network element that nobody harms.

The element is a process of its own with its ledger on disk: what it applied is what really happened, whatever the
system believes of it.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import psutil

from benchmarks.system import NotStarted
from gateway.client import OrderloomClient

READY_S: Final = 120.0
STATUS_S: Final = 5.0
STOP_S: Final = 60.0
SERVER: Final = "valkey-server"


class Element:
    """The network element: the judge of what was done. ``slow_s`` is not for it: it answers at once."""

    def __init__(self, folder: Path) -> None:
        self.ledger = folder / "ledger.jsonl"
        self.targets = folder / "targets.yaml"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Run it, and write a targets file that sends every task there."""
        self._process = process = await _python(
            "-m",
            "runtime.tasks.element",
            "--port=0",
            f"--ledger={self.ledger}",
            log=self.ledger.with_suffix(".log"),
        )
        ready = await _json_line(process)
        self.targets.write_text(f"default:\n  kind: http\n  url: {ready['url']}\n")

    async def stop(self) -> None:
        """End it."""
        if self._process is not None:
            await _end(self._process, signal.SIGTERM)

    def applied(self) -> list[dict[str, Any]]:
        """The ledger's entries in order: one for each effect that really happened."""
        lines = self.ledger.read_bytes().splitlines() if self.ledger.exists() else []
        return [msgspec.json.decode(line) for line in lines if line.startswith(b"{")]


class System:
    """One data folder and the ``up`` that serves it; ``arguments`` are options of `orderloom up`."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self.data = data
        self.arguments = arguments
        self.ready: dict[str, Any] = {}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, port: int = 0) -> None:
        """Start ``up`` on the folder and wait until it is ready (:raises NotStarted: it does not come up)."""
        self._process = await _python(
            *("-m", "gateway.cli", "up", f"--data={self.data}", f"--port={port}", *self.arguments),
            log=self.data.parent / "up.log",
        )
        self.ready = await _json_line(self._process)

    @property
    def port(self) -> int:
        """The gateway's port, to come back to."""
        return int(str(self.ready["gateway"]).rpartition(":")[2])

    @property
    def journal_url(self) -> str:
        """Where the embedded server listens."""
        return f"unix://{self.data / 'redis' / 'redis.sock'}"

    async def status(self) -> dict[str, Any]:
        """What ``/api/v1/status`` says (:raises aiohttp.ClientError, TimeoutError: nobody says anything)."""
        async with self.client() as client:
            return await self._asked(client, "GET", "/api/v1/status")

    async def pids(self) -> dict[str, Any]:
        """The processes as they are now."""
        return dict((await self.status())["pids"])

    async def scale(self, **wanted: int) -> None:
        """As `orderloom scale`."""
        async with self.client() as client:
            await self._asked(client, "POST", "/api/v1/scale", json=wanted)

    @staticmethod
    async def _asked(client: OrderloomClient, method: str, path: str, **options: Any) -> dict[str, Any]:
        async with (
            asyncio.timeout(STATUS_S),
            client.session.request(method, f"{client.url}{path}", **options) as response,
        ):
            response.raise_for_status()
            return dict(await response.json())

    async def whole(self, without: Iterable[int] = ()) -> bool:
        """Whether every shard has a living owner and everybody wanted is there, none of these pids among them."""
        try:
            status = await self.status()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        pids, wanted = status["pids"], status["wanted"]
        named = [pids["coordinator"], *(pid for kind in wanted for pid in pids[kind].values())]
        return (
            all(len(pids[kind]) == number for kind, number in wanted.items())
            and {shard["owner"] for shard in status["shards"]} <= set(pids["hosts"])
            and not set(named) & set(without)
        )

    def client(self) -> OrderloomClient:
        """A client with the operator's token."""
        return OrderloomClient(self.ready["gateway"], self.ready["token"])

    def everything(self) -> list[psutil.Process]:
        """``up`` and every process below it, the journal's server and Ray included."""
        if self._process is None:
            return []
        up = psutil.Process(self._process.pid)
        return [up, *up.children(recursive=True)]

    def named(self, *names: str) -> list[int]:
        """Processes below ``up`` by the name of their program: the server, Ray's own."""
        found = []
        for process in self.everything():
            with contextlib.suppress(psutil.Error):
                if process.name() in names:
                    found.append(process.pid)
        return found

    async def gone(self) -> None:
        """Wait for the end of an ``up`` that was killed."""
        if self._process is not None:
            await self._process.wait()

    async def stop(self) -> None:
        """As Ctrl-C would."""
        if self._process is not None:
            await _end(self._process, signal.SIGINT)


def kill(pids: Iterable[int], number: signal.Signals = signal.SIGKILL) -> None:
    """kill -9 (or another signal), by process id."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


async def _python(*arguments: str, log: Path) -> asyncio.subprocess.Process:
    with log.open("ab") as stderr:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )


async def _json_line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    if process.stdout is not None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_S):
                while line := await process.stdout.readline():
                    with contextlib.suppress(ValueError):
                        told = json.loads(line)
                        if isinstance(told, dict) and told.get("ready"):
                            return told
    raise NotStarted("a process said nothing of being ready: see the log beside its folder")


async def _end(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    if process.returncode is None:
        process.send_signal(number)
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()
