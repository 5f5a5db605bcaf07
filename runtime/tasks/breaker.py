"""A circuit breaker: a target that fails again and again is left alone for a while.

closed → (``failures`` in a row) → open → (``open_s`` later) → half open: one call probes → closed, or open again.
"""


class Breaker:
    """Knows no clock: ``now`` is seconds. Open is not a failure of anyone's task, who meets it waits."""

    __slots__ = ("_failed", "_opened", "_probing", "failures", "open_s")

    def __init__(self, failures: int, open_s: float) -> None:
        self.failures = failures
        self.open_s = open_s
        self._failed = 0
        self._opened: float | None = None
        self._probing = False

    @property
    def closed(self) -> bool:
        """Whether calls go through freely."""
        return self._opened is None

    @property
    def probing(self) -> bool:
        """Whether the one call of half open is under way."""
        return self._probing

    def state(self, now: float) -> str:
        """``closed`` | ``open`` | ``halfOpen``."""
        if self._opened is None:
            return "closed"
        return "open" if now < self._opened + self.open_s else "halfOpen"

    def enter(self, now: float) -> bool:
        """Whether a call may be made now; in half open the first asker becomes the probe."""
        if self._opened is None:
            return True
        if self._probing or now < self._opened + self.open_s:
            return False
        self._probing = True
        return True

    def delay(self, now: float) -> float:
        """Seconds until a probe may go; 0 when something else is waited for."""
        return 0.0 if self._opened is None else max(0.0, self._opened + self.open_s - now)

    def succeeded(self) -> None:
        """The target answered like one that works."""
        self._failed = 0
        self._opened = None
        self._probing = False

    def failed(self, now: float) -> None:
        """The target did not answer, or answered that it is broken."""
        self._failed += 1
        if self._probing or (self._opened is None and self._failed >= self.failures):
            self._opened = now
            self._probing = False

    def abandoned(self) -> None:
        """A call ended without telling anything; were it the probe, the next may probe."""
        self._probing = False
