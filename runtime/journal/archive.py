"""The archive: frames that left the stream, in checksummed segment files that are never changed.

Layout: ``<folder>/s042/<first>-<last>.segment``, positions in 12 digits. A segment::

    header   magic "OLSEGMNT", format u16, shard u32, first u64, count u32, crc32 u32 of these
    entries  position u64, length u32, crc32 u32 (of position, length and frame), frame
    index    count times: offset u64 of the entry; then offset u64 of the index itself
    footer   crc32 u32 of the index, magic "OLSEGEND"

All numbers little endian. Positions in a segment follow each other without a gap.

What is survived: a crash at any step leaves no segment or a whole one (written aside, synced, renamed, folder synced).
What is found and reported with file and offset: a torn end, a changed byte. Two segments may hold the same positions
after a crash between writing and trimming; they are equal there, and a reader takes each position once.
"""

import contextlib
import os
import struct
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from runtime.errors import invariant
from runtime.journal.faults import BeforeHorizon, JournalDamaged, UnsupportedFormat

SEGMENT_FORMAT: Final = 1
READ_BYTES_PER_BATCH: Final = 16 * 1024 * 1024
"""A batch ends once it holds this much, whatever its number of frames."""

_MAGIC: Final = b"OLSEGMNT"
_END: Final = b"OLSEGEND"
_HEADER: Final = struct.Struct("<8sHIQI")
_ENTRY: Final = struct.Struct("<QI")
_CRC: Final = struct.Struct("<I")
_OFFSET: Final = struct.Struct("<Q")


class Segment(msgspec.Struct, frozen=True):
    """A segment file and the positions it holds, both ends included."""

    first: int
    last: int
    path: Path


class Archive:
    """The segments below one folder. Holds nothing open: several processes may read while one writes a shard."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def segments(self, shard: int) -> list[Segment]:
        """The shard's segments by first position; of two that begin alike the longer one comes first."""
        found: list[Segment] = []
        with contextlib.suppress(FileNotFoundError), os.scandir(self._shard_folder(shard)) as entries:
            for entry in entries:
                if entry.name.endswith(".segment"):
                    first, _, last = entry.name.removesuffix(".segment").partition("-")
                    found.append(Segment(int(first), int(last), Path(entry.path)))
        return sorted(found, key=lambda segment: (segment.first, -segment.last))

    def write(self, shard: int, frames: Sequence[tuple[int, bytes]]) -> Segment:
        """Put frames on disk as one segment; on return they are there for good.

        :param frames: (position, frame) without gaps, at least one.
        :raises OSError: when the disk refuses; nothing is left behind then.
        """
        first, last = frames[0][0], frames[-1][0]
        invariant(last - first + 1 == len(frames), f"shard {shard}: a segment's positions have no gap")
        folder = self._shard_folder(shard)
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            _sync(self.folder)
            _sync(self.folder.parent)
        path = folder / f"{first:012d}-{last:012d}.segment"
        descriptor, aside = tempfile.mkstemp(prefix=".writing-", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                _write_segment(file, shard, frames)
                file.flush()
                os.fsync(file.fileno())
            Path(aside).rename(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(aside).unlink()
            raise
        _sync(folder)
        return Segment(first, last, path)

    def read(self, shard: int, after: int, up_to: int, limit: int) -> list[tuple[int, bytes]]:
        """The first frames with ``after < position <= up_to``: at least one, at most ``limit`` or 16 MB.

        :raises BeforeHorizon: when the first of them is older than the oldest segment.
        :raises JournalDamaged: when it stands in no segment, or its segment is damaged.
        """
        segment = self._covering(shard, after + 1)
        with segment.path.open("rb") as file:
            offsets = _offsets(file, segment, shard)
            found: list[tuple[int, bytes]] = []
            size = 0
            for position in range(after + 1, min(up_to, segment.last, after + limit) + 1):
                frame = _frame(file, segment, offsets[position - segment.first], position)
                found.append((position, frame))
                size += len(frame)
                if size >= READ_BYTES_PER_BATCH:
                    break
        return found

    def frames(self, shard: int, positions: Sequence[int]) -> dict[int, bytes]:
        """Single frames by position. Raises as :meth:`read`."""
        found: dict[int, bytes] = {}
        left = sorted(set(positions))
        while left:
            segment = self._covering(shard, left[0])
            with segment.path.open("rb") as file:
                offsets = _offsets(file, segment, shard)
                here = [position for position in left if position <= segment.last]
                for position in here:
                    found[position] = _frame(file, segment, offsets[position - segment.first], position)
            left = left[len(here) :]
        return found

    def verify(self, shard: int) -> int:
        """Read every segment of a shard and check every byte; the number of frames (raises as :meth:`read`)."""
        checked = 0
        for segment in self.segments(shard):
            with segment.path.open("rb") as file:
                for number, offset in enumerate(_offsets(file, segment, shard)):
                    _frame(file, segment, offset, segment.first + number)
                    checked += 1
        return checked

    def _covering(self, shard: int, position: int) -> Segment:
        segments = self.segments(shard)
        covering = [segment for segment in segments if segment.first <= position <= segment.last]
        if covering:
            return max(covering, key=lambda segment: segment.last)
        if segments and position < segments[0].first:
            raise BeforeHorizon(
                f"shard {shard}, frame {position}: before the retention horizon, "
                f"the archive begins at {segments[0].first}"
            )
        raise JournalDamaged(
            f"shard {shard}, frame {position}: neither in the stream nor in {self._shard_folder(shard)}"
        )

    def _shard_folder(self, shard: int) -> Path:
        return self.folder / f"s{shard:03d}"


def _write_segment(file: BinaryIO, shard: int, frames: Sequence[tuple[int, bytes]]) -> None:
    header = _HEADER.pack(_MAGIC, SEGMENT_FORMAT, shard, frames[0][0], len(frames))
    file.write(header + _CRC.pack(zlib.crc32(header)))
    offset = len(header) + _CRC.size
    index = bytearray()
    for position, frame in frames:
        index += _OFFSET.pack(offset)
        head = _ENTRY.pack(position, len(frame))
        file.write(head + _CRC.pack(zlib.crc32(frame, zlib.crc32(head))))
        file.write(frame)
        offset += len(head) + _CRC.size + len(frame)
    index += _OFFSET.pack(offset)
    file.write(bytes(index) + _CRC.pack(zlib.crc32(index)) + _END)


def _offsets(file: BinaryIO, segment: Segment, shard: int) -> tuple[int, ...]:
    """Where the segment's entries begin, after a check of header, index and footer."""
    head = file.read(_HEADER.size + _CRC.size)
    count = segment.last - segment.first + 1
    if len(head) < _HEADER.size + _CRC.size or _CRC.unpack(head[_HEADER.size :])[0] != zlib.crc32(
        head[: _HEADER.size]
    ):
        raise _damaged(segment, 0, "the header is torn or changed")
    magic, found, of_shard, first, holds = _HEADER.unpack(head[: _HEADER.size])
    if magic != _MAGIC:
        raise _damaged(segment, 0, "this is no segment")
    if found > SEGMENT_FORMAT:
        raise UnsupportedFormat(
            f"{segment.path}: segment format {found}, this Orderloom reads up to {SEGMENT_FORMAT}: "
            f"it was written by a newer version; start that version instead"
        )
    if (of_shard, first, holds) != (shard, segment.first, count):
        raise _damaged(
            segment, 0, f"it holds {holds} frames of shard {of_shard} from {first}, not what its name says"
        )
    size = file.seek(0, os.SEEK_END)
    begin = size - len(_END) - _CRC.size - (count + 1) * _OFFSET.size
    if begin < len(head):
        raise _damaged(segment, size, "it ends too early")
    file.seek(begin)
    tail = file.read()
    index, crc, end = (
        tail[: -_CRC.size - len(_END)],
        tail[-_CRC.size - len(_END) : -len(_END)],
        tail[-len(_END) :],
    )
    if end != _END:
        raise _damaged(segment, size, "its end is torn")
    if _CRC.unpack(crc)[0] != zlib.crc32(index):
        raise _damaged(segment, begin, "its index does not match its checksum")
    *offsets, index_at = struct.unpack(f"<{count + 1}Q", index)
    if index_at != begin:
        raise _damaged(segment, begin, f"its index should begin at {index_at}")
    return tuple(offsets)


def _frame(file: BinaryIO, segment: Segment, offset: int, position: int) -> bytes:
    file.seek(offset)
    head = file.read(_ENTRY.size)
    crc = file.read(_CRC.size)
    if len(crc) < _CRC.size:
        raise _damaged(segment, offset, f"frame {position} is torn")
    found, length = _ENTRY.unpack(head)
    if found != position:
        raise _damaged(segment, offset, f"frame {position} is marked {found}")
    size = os.fstat(file.fileno()).st_size
    frame = file.read(length) if length <= size else b""
    if len(frame) < length or zlib.crc32(frame, zlib.crc32(head)) != _CRC.unpack(crc)[0]:
        raise _damaged(segment, offset, f"frame {position} does not match its checksum")
    return frame


def _damaged(segment: Segment, offset: int, what: str) -> JournalDamaged:
    return JournalDamaged(f"{segment.path}, offset {offset}: {what}")


def _sync(folder: Path) -> None:
    """Make a folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
