"""Virtual time: what happens next, in an order that a seed alone decides."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

BEGIN_MS: Final = 1_700_000_000_000
"""The instant at which every simulated world begins, in ms since 1970 UTC."""


class Schedule:
    """The world's only clock, and everything that is still to happen by it."""

    def __init__(self) -> None:
        self.now = BEGIN_MS
        self.steps = 0
        self._calls: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = 0

    def after(self, delay_ms: int, call: Callable[[], None]) -> None:
        """Let something happen after a while; what is due at one instant happens in the order it was asked for."""
        self._numbers += 1
        heappush(self._calls, (self.now + max(0, delay_ms), self._numbers, call))

    def step(self) -> bool:
        """Let the next thing happen. False: there is none."""
        if not self._calls:
            return False
        self.now, _, call = heappop(self._calls)
        self.steps += 1
        call()
        return True
