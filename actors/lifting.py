"""Reading events of older layouts: the one place that decodes events.

A journal is read by every later version of the code. An event keeps its tag as long as it keeps its layout; a field
with a default at the end is no new layout. Any other change gives the event the next tag (``completed``,
``completed.2``, ``completed.3`` ...) and this room a step from each layout to the next, so that a frame of any age
reads as today's events. Messages are stored within events (``sent``): they keep their tags for good, a changed one
is a new message beside the old.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from actors.events import AnyEvent

Fields = list[Any]
"""An event as plain values in the order of its fields, without its tag."""

LIFT: Final[dict[tuple[str, int], Callable[[Fields], Fields]]] = {}
"""(name, version) -> the step from this layout to the next. Empty: every event still has its first layout."""


class UnreadableEvents(ValueError):
    """The bytes hold an event that this version does not know: damage, or a newer version wrote it."""


_today: Final = msgspec.msgpack.Decoder(list[AnyEvent]).decode
_plain: Final = msgspec.msgpack.Decoder(list[list[Any]]).decode
_encode: Final = msgspec.msgpack.Encoder().encode


def decode_events(data: bytes) -> list[AnyEvent]:
    """The events of one record, oldest layouts and all.

    :raises UnreadableEvents: something in it is no event of any layout known here.
    """
    try:
        return _today(data)
    except msgspec.DecodeError:
        pass
    try:
        return _today(_encode([_lifted(event) for event in _plain(data)]))
    except (msgspec.DecodeError, IndexError, TypeError, ValueError) as fault:
        raise UnreadableEvents(f"no event of a layout known to this version: {fault}") from fault


def _lifted(event: list[Any]) -> list[Any]:
    """One event in the layout of today, step by step."""
    tag, *fields = event
    name, _, number = tag.partition(".")
    version = int(number or 1)
    while (step := LIFT.get((name, version))) is not None:
        fields = step(fields)
        version += 1
    return [name if version == 1 else f"{name}.{version}", *fields]
