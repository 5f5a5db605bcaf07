"""A real system under a real load, for faults: ``orderloom up``, an element outside the kill set, a client."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import psutil

from benchmarks.shapes import orders
from gateway.client import OrderloomClient

READY_S = 120.0


class Element:
    """The network element with its ledger on disk: the judge of what was done, in a process that nobody kills."""

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
        lines = self.ledger.read_bytes().splitlines()
        return [msgspec.json.decode(line) for line in lines if line.startswith(b"{")]


class System:
    """One data folder and the ``up`` that serves it."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self.data = data
        self.arguments = arguments
        self.ready: dict[str, Any] = {}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, port: int = 0) -> None:
        """Start ``up`` on the folder and wait until it is ready."""
        self._process = await _python(
            *("-m", "gateway.cli", "up", f"--data={self.data}", f"--port={port}", *self.arguments),
            log=self.data.parent / "up.log",
        )
        self.ready = await _json_line(self._process)

    @property
    def port(self) -> int:
        """The gateway's port, to come back to."""
        return int(str(self.ready["gateway"]).rpartition(":")[2])

    async def pids(self) -> dict[str, Any]:
        """The processes as they are now."""
        async with self.client() as client, client.session.get(f"{client.url}/api/v1/status") as response:
            return dict((await response.json())["pids"])

    def client(self) -> OrderloomClient:
        """A client with the operator's token."""
        return OrderloomClient(self.ready["gateway"], self.ready["token"])

    def everything(self) -> list[psutil.Process]:
        """``up`` and every process below it, the journal's server and Ray included."""
        assert self._process is not None
        up = psutil.Process(self._process.pid)
        return [up, *up.children(recursive=True)]

    async def gone(self) -> None:
        """Wait for the end of an ``up`` that was killed."""
        if self._process is not None:
            await self._process.wait()

    async def stop(self) -> None:
        """As Ctrl-C would."""
        if self._process is not None:
            await _end(self._process, signal.SIGINT)


class Load:
    """Orders that stream in all the time; remembers what was acknowledged, by external id."""

    def __init__(self, system: System, salt: str) -> None:
        self.system = system
        self.salt = salt
        self.acknowledged: dict[str, str] = {}
        self.sent: dict[str, dict[str, Any]] = {}
        self.refused: list[str] = []
        self._stop = asyncio.Event()

    async def run(self, per_second: float) -> None:
        """Stream until :meth:`stop`; the client reconnects and repeats with the same keys by itself."""

        async def source() -> AsyncIterator[dict[str, Any]]:
            for order in orders("b6", 1_000_000, salt=self.salt):
                if self._stop.is_set():
                    return
                self.sent[order["externalId"]] = order
                yield order
                await asyncio.sleep(1 / per_second)

        async with self.system.client() as client:
            async for answer in client.stream(source(), unanswered_max=256):
                if answer.status in (200, 201):
                    self.acknowledged[str(answer.order["externalId"])] = answer.id
                else:
                    self.refused.append(f"{answer.status} {answer.error}")

    def stop(self) -> None:
        """End the source; what is under way is still answered."""
        self._stop.set()


def kill(pids: list[int]) -> None:
    """kill -9, by process id."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


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
    assert process.stdout is not None
    async with asyncio.timeout(READY_S):
        while line := await process.stdout.readline():
            with contextlib.suppress(ValueError):
                told = json.loads(line)
                if isinstance(told, dict) and told.get("ready"):
                    return told
    raise AssertionError("the process ended without a ready line")


async def _end(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    if process.returncode is None:
        process.send_signal(number)
        try:
            await asyncio.wait_for(process.wait(), 60)
        except TimeoutError:
            process.kill()
            await process.wait()
