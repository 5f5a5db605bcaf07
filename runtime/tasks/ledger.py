"""The books of a network element: one line on disk for every key it applied, written before it answers.

A file of JSON lines that only grows. It outlives the element: killed in the middle of a write it leaves half a line,
which nobody was answered for and which the next start cuts off.
"""

import asyncio
import fcntl
import os
from pathlib import Path

import msgspec


class LedgerHeld(OSError):
    """Another element writes this ledger."""


class Applied(msgspec.Struct, frozen=True, gc=False):
    """One effect: what was asked, under which dispatch, and when (ms since 1970 UTC)."""

    key: str
    attempt: str
    epoch: str
    digest: str
    """BLAKE2b-128 of the body, hexadecimal."""
    at: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Applied).decode


def read_ledger(path: str | Path) -> list[Applied]:
    """Every effect in the order it was applied; half a line at the end is left out."""
    content = Path(path).read_bytes()
    return [_decode(line) for line in content[: content.rfind(b"\n") + 1].splitlines()]


class Ledger:
    """Writes from one event loop; whatever gathers while a sync is under way shares the next one.

    :raises LedgerHeld: on opening, when another process has it open.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            os.close(self._file)
            raise LedgerHeld(f"{path} is written by another element") from held
        content = self.path.read_bytes()
        os.ftruncate(self._file, content.rfind(b"\n") + 1)
        self.applied = {entry.key: entry for entry in read_ledger(self.path)}
        self._waiting: list[bytes] = []
        self._next: asyncio.Future[None] | None = None
        self._writing: asyncio.Task[None] | None = None

    def add(self, entry: Applied) -> None:
        """Note an effect. It is not on disk before :meth:`durable`, and nobody may be told before."""
        self.applied[entry.key] = entry
        self._waiting.append(_encode(entry))

    async def durable(self) -> None:
        """Wait until everything noted so far is on disk.

        :raises OSError: when it could not be written; the element must not go on.
        """
        if not self._waiting and self._writing is None:
            return
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await asyncio.shield(self._next)

    def close(self) -> None:
        """Close the file; another element may open it."""
        os.close(self._file)

    async def _write(self) -> None:
        try:
            while (synced := self._next) is not None:
                lines, self._waiting, self._next = self._waiting, [], None
                try:
                    await asyncio.to_thread(self._append, lines)
                except OSError as fault:
                    synced.set_exception(fault)
                else:
                    synced.set_result(None)
        finally:
            self._writing = None

    def _append(self, lines: list[bytes]) -> None:
        content = memoryview(b"".join(line + b"\n" for line in lines))
        while content:
            content = content[os.write(self._file, content) :]
        os.fdatasync(self._file)
