"""The frame: what one commit of one shard appends, and how frames of older formats are read.

A frame is a msgpack array ``[format, at, records, settled]``, a record ``[group, sequence, at, by, events]``. Events
stay raw bytes until someone folds them: a recovery that reads a frame for one group pays for that group alone.

How a frame is packed for storing is no matter of its format (``runtime/journal/packing.py``).

A format is lifted step by step: ``LIFT[n]`` turns the bytes of format n into those of n + 1, so that a new format
needs one small pure function and leaves the earlier ones alone.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from runtime.journal.faults import JournalDamaged, UnsupportedFormat
from runtime.journal.packing import packed, unpacked

FRAME_FORMAT: Final = 1
"""The format that is written. 0 had no ``by`` in a record and no ``settled``."""


class Record(msgspec.Struct, array_like=True, frozen=True):
    """What one turn of one group decided. ``at`` is milliseconds since 1970 UTC and never runs backwards in a group.

    ``sequence`` counts the group's records from 1; ``by`` says who caused it (a user, a system, a task), empty when
    the record is older than format 1; ``events`` is a msgpack array of event structs.
    """

    group: str
    sequence: int
    at: int
    by: str
    events: msgspec.Raw


class Frame(msgspec.Struct, array_like=True, frozen=True):
    """The records of one commit, in the order in which they were decided."""

    format: int
    at: int
    records: list[Record]
    settled: list[str] = []
    """Groups that ended or were snapshotted with this commit: a recovery needs none of their earlier records."""


class _Record0(msgspec.Struct, array_like=True):
    group: str
    sequence: int
    at: int
    events: msgspec.Raw


class _Frame0(msgspec.Struct, array_like=True):
    format: int
    at: int
    records: list[_Record0]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Frame).decode
_decode_0 = msgspec.msgpack.Decoder(_Frame0).decode
_decode_parts = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_decode_format = msgspec.msgpack.Decoder(int).decode

_HEAD: Final = bytes((0x94, FRAME_FORMAT))
"""The first two bytes of every frame of today's format: an array of four, then the format."""


def _from_0(data: bytes) -> bytes:
    old = _decode_0(data)
    return _encode(Frame(1, old.at, [Record(r.group, r.sequence, r.at, "", r.events) for r in old.records]))


LIFT: Final[dict[int, Callable[[bytes], bytes]]] = {0: _from_0}


def encode_frame(at: int, records: list[Record], settled: Sequence[str] = ()) -> bytes:
    """The bytes to store of a frame in today's format; ``at`` is the instant of the commit in ms since 1970 UTC."""
    return packed(_encode(Frame(FRAME_FORMAT, at, records, list(settled))))


def decode_frame(data: bytes) -> Frame:
    """Read a frame of today's format or an older one.

    :raises UnsupportedFormat: for a newer format.
    :raises JournalDamaged: for bytes that are no frame.
    """
    data = unpacked(data)
    try:
        if data[:2] != _HEAD:
            data = _lifted(data)
        return _decode(data)
    except msgspec.MsgspecError as error:
        raise JournalDamaged(f"{len(data)} bytes that are no frame: {error}") from error


def pack_positions(positions: Sequence[int]) -> bytes:
    """Rising frame positions as delta varints: a group whose records stand close together costs a byte each.

    :raises ValueError: unless the positions rise strictly and are not negative.
    """
    packed = bytearray()
    last = -1
    for position in positions:
        if position <= last:
            raise ValueError(f"positions must rise: {position} after {last}")
        delta = position - last
        last = position
        while delta > 0x7F:
            packed.append(delta & 0x7F | 0x80)
            delta >>= 7
        packed.append(delta)
    return bytes(packed)


def unpack_positions(data: bytes) -> list[int]:
    """The positions that :func:`pack_positions` packed.

    :raises JournalDamaged: when the bytes end within a number.
    """
    positions: list[int] = []
    last, delta, shift = -1, 0, 0
    for byte in data:
        delta |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
            continue
        last += delta
        positions.append(last)
        delta, shift = 0, 0
    if shift:
        raise JournalDamaged(f"packed positions end within a number, after {len(positions)} whole ones")
    return positions


def _lifted(data: bytes) -> bytes:
    parts = _decode_parts(data)
    if not parts:
        raise JournalDamaged("an empty array is no frame")
    found = _decode_format(parts[0])
    if found > FRAME_FORMAT:
        raise UnsupportedFormat(
            f"this frame has format {found}, this Orderloom reads up to {FRAME_FORMAT}: "
            f"it was written by a newer version; start that version instead"
        )
    for step in range(found, FRAME_FORMAT):
        if step not in LIFT:
            raise UnsupportedFormat(f"this frame has format {found}, and nothing lifts format {step}")
        data = LIFT[step](data)
    return data
