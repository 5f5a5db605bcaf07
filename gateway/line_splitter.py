"""NDJSON lines out of chunks, without I/O: numbered from 1, bounded in length, whatever the chunks' edges."""

from collections.abc import Iterator

import msgspec


class TooLong(msgspec.Struct, frozen=True):
    """A line above the bound; its bytes were let go as they came."""

    bytes_max: int


class LineSplitter:
    """Feed chunks in, get (line number, line) out. Blank lines count and are left out."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.number = 0
        self._pieces: list[bytes] = []
        self._size = 0
        self._skipping = False

    def feed(self, chunk: bytes) -> Iterator[tuple[int, bytes | TooLong]]:
        """The lines that this chunk ends."""
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            self._take(piece)
            yield from self._end()
        self._take(rest)

    def finish(self) -> Iterator[tuple[int, bytes | TooLong]]:
        """The last line, when no newline ended it. Not for a sender that broke off."""
        if self._pieces or self._skipping:
            yield from self._end()

    def _take(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self.bytes_max:
            self._skipping = True
            self._pieces.clear()
        elif piece:
            self._pieces.append(piece)

    def _end(self) -> Iterator[tuple[int, bytes | TooLong]]:
        self.number += 1
        skipped, pieces = self._skipping, self._pieces
        self._pieces, self._size, self._skipping = [], 0, False
        if skipped:
            yield self.number, TooLong(self.bytes_max)
        else:
            line = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            if line and not line.isspace():
                yield self.number, line
