"""Frames and snapshots as they are stored: packed by Zstandard where that pays.

Orders resemble each other, so a frame of a few shrinks to a fifth: less to send, to write, to sync, to keep in memory
and to load again. What is packed says so by Zstandard's own first bytes, which no frame and no snapshot begins
with; what was stored plain is read as it stands. One process packs and unpacks in one thread at a time.
"""

from typing import Final

import zstandard

from runtime.journal.faults import JournalDamaged

PACKED_BYTES_MIN: Final = 256
"""Anything smaller is stored as it is."""
LEVEL: Final = -1
"""The fastest but one: 5 µs of CPU for an order of 3.7 kB (``docs/decisions/0007``)."""

_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_pack = zstandard.ZstdCompressor(level=LEVEL).compress
_unpack = zstandard.ZstdDecompressor().decompress


def packed(data: bytes) -> bytes:
    """The bytes to store."""
    return _pack(data) if len(data) >= PACKED_BYTES_MIN else data


def unpacked(data: bytes) -> bytes:
    """The bytes that were packed, or ``data`` itself when they were not.

    :raises JournalDamaged: for bytes that begin as packed ones and are none.
    """
    if data[:4] != _MAGIC:
        return data
    try:
        return _unpack(data)
    except zstandard.ZstdError as error:
        raise JournalDamaged(f"{len(data)} packed bytes that cannot be unpacked: {error}") from error
