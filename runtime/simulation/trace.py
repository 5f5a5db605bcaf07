"""What happened in a simulated world, line by line, and one digest of it all.

The digest is how two runs of one seed are compared: the same seed, the same digest, in every process.
"""

from collections.abc import Callable
from hashlib import blake2b

from runtime.simulation.schedule import BEGIN_MS, Schedule


class Trace:
    """Notes are hashed as they come; a reader gets them as text."""

    def __init__(self, schedule: Schedule, write: Callable[[str], None] | None = None) -> None:
        self._schedule = schedule
        self._write = write
        self._hash = blake2b(digest_size=16)
        self.lines = 0

    def note(self, who: str, what: str) -> None:
        """One step: who did what, at this instant."""
        line = f"{self._schedule.now - BEGIN_MS:>8} ms  {who:<12} {what}"
        self._hash.update(line.encode())
        self.lines += 1
        if self._write is not None:
            self._write(line)

    def digest(self) -> str:
        """Of everything noted so far."""
        return self._hash.hexdigest()
