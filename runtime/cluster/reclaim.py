"""Giving memory back to the machine once many groups have left it.

Freed objects leave holes that Python and the C library keep for later. After a flood of orders that is most of a host's
memory: 9.5 kB for each order that was in memory fell to 3.2 kB by one collection and one trim (200,000 `b6` orders).
"""

import ctypes
import gc
from typing import Final

GROUPS_MIN: Final = 5_000
"""A fall from fewer groups than this is not worth the pause of some ten milliseconds."""


class Reclaim:
    """Remembers how many groups there were, and says when it pays to give memory back."""

    def __init__(self) -> None:
        self._peak = 0

    def pays(self, groups: int) -> bool:
        """Whether half of the most groups seen since the last time are gone; ``groups`` are in memory now."""
        self._peak = max(self._peak, groups)
        if self._peak < GROUPS_MIN or 2 * groups > self._peak:
            return False
        self._peak = groups
        return True


def give_back() -> None:
    """Collect and let the C library return what is free; without glibc only the first."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
