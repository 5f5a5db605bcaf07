"""Time and chance as the executor sees them, so that a test can hand it others."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class World:
    """Clocks, a way to wait, and dice."""

    clock: Callable[[], float] = time.monotonic
    """Seconds that never run backwards: all waiting and every deadline counts in them."""
    wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    """Milliseconds since 1970 UTC: only to translate instants that others state."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    """In [0, 1): spreads retries, so that those who failed together do not return together."""
