"""The one clock of a gateway."""

import time


def now_ms() -> int:
    """The wall clock in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000
