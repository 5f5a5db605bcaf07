"""Where a reader of events stands: the position of every shard, and how far into the frame that follows.

The text form is an SSE event id: base64url of varints for the positions, then the shard whose next frame is under way
and how many of its events are done. It names a place in this journal and means nothing in another.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from typing import Final

import msgspec

from gateway.violations import BadRequest, Violation

_TEXT: Final = re.compile(r"([A-Za-z0-9_-]{1,4096})\.([0-9]{1,6})\.([0-9]{1,9})")


class EventPosition(msgspec.Struct, frozen=True):
    """``positions`` by shard are wholly read; of the next frame of ``shard``, ``done`` events are."""

    positions: tuple[int, ...]
    shard: int = 0
    done: int = 0


def head_of(positions: Sequence[int]) -> str:
    """The part of an event id that all events of one frame share."""
    packed = bytearray()
    for position in positions:
        rest = position
        while rest > 0x7F:
            packed.append(rest & 0x7F | 0x80)
            rest >>= 7
        packed.append(rest)
    return urlsafe_b64encode(packed).rstrip(b"=").decode()


def event_id(head: str, shard: int, done: int) -> str:
    """The id of the event that is the ``done``-th (from 1) of the next frame of ``shard``."""
    return f"{head}.{shard}.{done}"


def read_event_id(text: str, shards: int) -> EventPosition:
    """The place an event id names (:raises BadRequest: it names none in a journal of this many shards)."""
    match = _TEXT.fullmatch(text)
    if match is not None:
        positions = _unpacked(match[1])
        if len(positions) == shards and int(match[2]) < shards:
            return EventPosition(positions, int(match[2]), int(match[3]))
    sentence = "Last-Event-ID is not an event id of this journal; leave it out and say from=start or from=now"
    raise BadRequest("badEventId", sentence, [Violation("?Last-Event-ID", "bad-event-id", sentence)])


def _unpacked(text: str) -> tuple[int, ...]:
    try:
        packed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Base64Error, ValueError):
        return ()
    positions: list[int] = []
    value = shift = 0
    for byte in packed:
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            positions.append(value)
            value = shift = 0
    return tuple(positions) if not shift else ()
