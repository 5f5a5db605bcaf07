"""What was read of a document is remembered for the next turns of its order: a document never changes, it is replaced.

Many small documents are, of orders that are on their way together, and few large ones.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, Final, ParamSpec, TypeVar

SMALL_BYTES: Final = 4_096
SMALL_REMEMBERED: Final = 256
LARGE_REMEMBERED: Final = 16

_More = ParamSpec("_More")
_Read = TypeVar("_Read")


def remembered(
    read: Callable[Concatenate[bytes, _More], _Read],
) -> Callable[Concatenate[bytes, _More], _Read]:
    """``read`` with its last answers kept; what it answers must not be changed, and its arguments are hashable."""
    small, large = lru_cache(SMALL_REMEMBERED)(read), lru_cache(LARGE_REMEMBERED)(read)

    @wraps(read)
    def remembering(document: bytes, /, *more: _More.args, **named: _More.kwargs) -> _Read:
        kept = small if len(document) <= SMALL_BYTES else large
        return kept(document, *more, **named)  # type: ignore[arg-type]  # a cache takes what is hashable

    return remembering
