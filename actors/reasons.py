"""One reason why an order waits: who is waited for, and how it is told."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

REQUESTER: Final = "requester"
OPERATOR: Final = "operator"
TARGET: Final = "target"
OTHER_ORDER: Final = "other order"
DATE: Final = "date"
RUNTIME: Final = "runtime"
"""Orderloom itself: its next turn, or another line of the same order that must be completed before."""
RANKS: Final = (REQUESTER, OPERATOR, TARGET, OTHER_ORDER, DATE, RUNTIME)
"""Who is waited for, the one whose move matters most first."""


class Reason(msgspec.Struct, frozen=True):
    """One thing that is waited for. Instants are milliseconds since 1970 UTC."""

    kind: str
    """One of :data:`RANKS`."""
    sentence: str
    """For people: who or what, since when, until when, and the next step where a person has one."""
    since: int
    until: int | None
    """When the wait ends by itself at the latest; None where it does not."""
    at: str
    """The task key, line id or order id it concerns."""


Wait = tuple[Callable[[Any, int], Reason], Any]
"""How a reason is spelled, and its subject. A large order has many and tells few."""


def iso(at: int) -> str:
    """Milliseconds since 1970 UTC as RFC 3339 text in UTC."""
    # Whole seconds: a float of a far date loses the milliseconds.
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"
