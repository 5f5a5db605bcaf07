"""What a running system leaves in its data folder for the other commands: where it is, who it is, what it runs.

``run.json`` stands there while ``up`` runs (and after it was killed, until the next start); ``processes.json`` lists
what it has started, so that the next ``up`` can end what a killed one left behind. Both are for this user only.
"""

import contextlib
import os
from pathlib import Path
from typing import Any, Final

import msgspec

from runtime.cluster.options import ClusterOptions
from runtime.journal.lock import Process

RECORD: Final = "run.json"
PROCESSES: Final = "processes.json"


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One run of ``up``. ``started`` is RFC 3339 in UTC; ``ready`` is False until the gateway has answered."""

    url: str
    token_file: str
    started: str
    up: Process
    options: ClusterOptions
    ready: bool = False
    server: Process | None = None
    """The embedded server; None with a server of somebody else's, and while it is down."""
    ray: Process | None = None
    """The keeper of the Ray side."""
    ray_address: str = ""
    dashboard: str = ""
    pids: dict[str, Any] = {}
    """Processes by role as they were when the system became ready; ``orderloom status`` asks for them as they are."""

    def own_pids(self) -> dict[str, int]:
        """The processes that are not Ray's to tell: ``up``, ``server``, ``ray``."""
        named = {"up": self.up, "server": self.server, "ray": self.ray}
        return {name: process.pid for name, process in named.items() if process is not None}

    def write(self, data: Path) -> None:
        """Replace what stands in the folder, whole or not at all."""
        _replace(data / RECORD, msgspec.json.format(msgspec.json.encode(self), indent=2))


def read(data: Path) -> RunRecord | None:
    """What the folder says of its last run, None when it says nothing (``up`` was stopped in order)."""
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode((data / RECORD).read_bytes(), type=RunRecord)
    return None


def remove(data: Path) -> None:
    """After an orderly stop nothing runs, and the folder says so."""
    for name in (RECORD, PROCESSES):
        (data / name).unlink(missing_ok=True)


def write_processes(data: Path, processes: list[Process]) -> None:
    """Remember what would have to be ended if this supervisor were killed now."""
    _replace(data / PROCESSES, msgspec.json.encode(processes))


def read_processes(data: Path) -> list[Process]:
    """What an earlier supervisor had started; most of it, or all, has ended since."""
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode((data / PROCESSES).read_bytes(), type=list[Process])
    return []


def _replace(path: Path, text: bytes) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
    fresh.replace(path)
