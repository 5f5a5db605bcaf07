"""Who holds a data directory: an flock that supervisor and server share.

Two servers on one directory would both start and both take writes. The lock's descriptor is inherited by the server,
so the directory stays held while either lives. Who it is stands in the lock file itself, as JSON.
"""

import contextlib
import fcntl
import os
import signal
import time
from pathlib import Path
from typing import Final

import msgspec
import psutil

from runtime.journal.faults import DataInUse

ORPHAN_ENDS_S: Final = 20.0
"""How long an orphaned server gets to end by itself after SIGTERM, before SIGKILL."""


class Process(msgspec.Struct, frozen=True):
    """A process and when it began: a pid alone may be somebody else's by now."""

    pid: int
    began: float

    @classmethod
    def of(cls, pid: int) -> "Process":
        """The process as it is now."""
        return cls(pid, psutil.Process(pid).create_time())

    def lives(self) -> bool:
        """Whether it is still this very process, and no zombie."""
        try:
            process = psutil.Process(self.pid)
            # The clock that create_time is derived from may be set; a second apart is the same process.
            return abs(process.create_time() - self.began) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


class Holder(msgspec.Struct, frozen=True):
    """What the lock file says."""

    supervisor: Process
    server: Process | None = None


class DataLock:
    """The hold on one data directory. ``descriptor`` is what the server inherits."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> "DataLock":
        """Take the directory; a server whose supervisor is dead is ended first (this may take seconds).

        :raises DataInUse: when another supervisor lives, naming its pid.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not _locked(descriptor):
                _end_orphan(path, descriptor)
            lock = cls(path, descriptor)
            lock.tell(None)
        except BaseException:
            os.close(descriptor)
            raise
        return lock

    def tell(self, server: int | None) -> None:
        """Write down who holds the directory now."""
        holder = Holder(Process.of(os.getpid()), None if server is None else Process.of(server))
        text = msgspec.json.encode(holder)
        os.pwrite(self.descriptor, text, 0)
        os.ftruncate(self.descriptor, len(text))

    def release(self) -> None:
        """Let the directory go. The file stays: removing it would let two holders lock two files of one name."""
        with contextlib.suppress(OSError):
            os.ftruncate(self.descriptor, 0)
            os.close(self.descriptor)


def holder(path: Path) -> Holder | None:
    """What a lock file says about its holder, if anything."""
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(path.read_bytes(), type=Holder)
    return None


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end_orphan(path: Path, descriptor: int) -> None:
    """Wait for, or end, a server that outlived its supervisor; on return the lock is ours."""
    found = holder(path)
    if found is None:
        raise DataInUse(
            f"{path.parent} is held by another process, which has not written its pid to {path} (yet)"
        )
    if found.supervisor.lives():
        server = f" (its server: pid {found.server.pid})" if found.server else ""
        raise DataInUse(f"{path.parent} is held by pid {found.supervisor.pid}{server}: stop that one first")
    if found.server is None:
        raise DataInUse(
            f"{path.parent} is held by a process that pid {found.supervisor.pid} started before it died"
        )
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal(found.server, number)
        deadline = time.monotonic() + ORPHAN_ENDS_S
        while time.monotonic() < deadline:
            if _locked(descriptor):
                return
            time.sleep(0.02)
    raise DataInUse(f"{path.parent} is still held after its server, pid {found.server.pid}, was killed")


def _signal(process: Process, number: signal.Signals) -> None:
    if process.lives():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
