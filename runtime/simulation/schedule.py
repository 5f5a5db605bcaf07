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
        heappush(self._calls, (self.now + (delay_ms if delay_ms > 0 else 0), self._numbers, call))

    def until(self, instant: int, steps_max: int) -> bool:
        """Let everything happen that is due up to an instant, which it then is. False: too much, it was given up."""
        calls = self._calls
        while calls and calls[0][0] <= instant:
            if self.steps >= steps_max:
                return False
            self.now, _, call = heappop(calls)
            self.steps += 1
            call()
        self.now = instant
        return True
