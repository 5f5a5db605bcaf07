"""The Ray side of a system as its supervisor sees it: one process (:mod:`runtime.ray_keeper`) to start, watch, end."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Final, Protocol

import msgspec

from runtime.cluster.options import ClusterOptions
from runtime.journal.lock import Process
from runtime.ray_keeper import STOP_S, Failed, Lost, Said, Started

BOOT: Final = "runtime.cluster.boot:Cluster"
LOG_BYTES_MAX: Final = 16 * 1024 * 1024
LINE_BYTES_MAX: Final = 4 * 1024 * 1024
_decode = msgspec.json.Decoder(Said).decode


class RayFailed(Exception):
    """The Ray side did not come up; the text says why and where the log is."""


class RaySide(Protocol):
    """What a supervisor needs of the Ray side; tests give their own."""

    process: Process | None

    async def prepare(self, options: ClusterOptions) -> None:
        """Begin with what needs no journal, so that its server can start meanwhile."""

    async def start(self, options: ClusterOptions) -> Started:
        """Start all the rest; :raises RayFailed: it did not come up."""

    async def lost(self) -> str:
        """Wait until it is lost; a sentence on why."""

    async def stop(self) -> None:
        """End it in order."""

    async def kill(self) -> None:
        """End it at once."""


class RayProcess:
    """The real one. ``logs`` is the folder its output goes to; ``boot`` names the cluster's class."""

    def __init__(self, logs: Path, boot: str = BOOT) -> None:
        self.process: Process | None = None
        self._log = logs / "ray.log"
        self._boot = boot
        self._child: asyncio.subprocess.Process | None = None
        self._heard: asyncio.StreamReader | None = None

    async def prepare(self, options: ClusterOptions) -> None:
        """Start Ray itself: half of the time that all takes."""
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES_MAX:
            self._log.rename(self._log.with_suffix(".log.1"))
        hear, say = os.pipe()
        with self._log.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "runtime.ray_keeper", str(say), self._boot),
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=(say,),
                # Ctrl-C in a terminal goes to the whole group: the supervisor decides when Ray ends.
                start_new_session=True,
            )
        os.close(say)
        self.process = Process.of(self._child.pid)
        self._heard = asyncio.StreamReader(limit=LINE_BYTES_MAX)
        protocol = asyncio.StreamReaderProtocol(self._heard)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(hear, "rb"))
        self._tell(msgspec.json.encode(options))

    async def start(self, options: ClusterOptions) -> Started:
        """Start all actors in the Ray that was prepared; takes some ten seconds.

        :raises RayFailed: when it did not come up. Nothing of it is left then.
        """
        assert self._child is not None
        self._tell(msgspec.json.encode(options))
        said = await self._next()
        if isinstance(said, Started):
            return said
        await self._child.wait()
        reason = said.reason if said else f"its keeper ended with {self._child.returncode}"
        raise RayFailed(f"{reason} (log: {self._log})")

    async def lost(self) -> str:
        """Wait until Ray is lost, or the keeper itself has ended."""
        if self._child is None:
            return "it was never started"
        said = await self._next()
        code = await self._child.wait()
        return said.reason if isinstance(said, Failed | Lost) else f"its keeper ended with {code}"

    async def stop(self) -> None:
        """Ask the keeper to stop all; by force when it takes too long."""
        if self._child is None:
            return
        self._tell(b"stop")
        try:
            await asyncio.wait_for(self._child.wait(), STOP_S + 10.0)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End the keeper at once. What was below it comes to us, for the supervisor to end."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()
            await self._child.wait()

    def _tell(self, line: bytes) -> None:
        if self._child is not None and self._child.stdin is not None and self._child.returncode is None:
            with contextlib.suppress(ConnectionError):
                self._child.stdin.write(line + b"\n")

    async def _next(self) -> Said | None:
        if self._heard is None:
            return None
        line = await self._heard.readline()
        return _decode(line) if line else None
