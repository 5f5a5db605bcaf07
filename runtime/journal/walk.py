"""A walk over orders in the order of lists, merged from the indexes of all shards and read as far as it is walked."""

import heapq
from collections.abc import Iterable
from typing import Final

from runtime.journal.contract import IndexQuery, Journal
from runtime.journal.index import key_of, prefix_range

Key = tuple[int, str]
"""(order date, id)"""
CHUNK_PER_STREAM: Final = 256


class Walk:
    """The orders that have any of some attributes and values, each once, by (order date, id).

    What one shard has under one attribute and value is a stream; the streams are read in chunks and merged.
    """

    def __init__(
        self,
        journal: Journal,
        pairs: Iterable[tuple[str, str]],
        date_from: int | None = None,
        date_to: int | None = None,
        *,
        since: Key | None = None,
        descending: bool = False,
        chunk: int = CHUNK_PER_STREAM,
    ) -> None:
        """Begin with the first order of ``date_from <= order date < date_to`` (ms since 1970 UTC).

        :param pairs: attributes and values, as the orders' entries were written.
        :param since: begin with this order, or where it would stand.
        :param descending: newest first; without ``since``.
        :param chunk: how many entries of a stream are read at a time.
        """
        self._journal = journal
        self._dates = date_from, date_to
        self._since = since
        self._descending = descending
        self._chunk = chunk
        self._empty = [_Stream(shard, pair, descending) for pair in pairs for shard in range(journal.shards)]
        """Streams whose chunk is used up."""
        self._ready: list[_Stream] = []
        """The others, as a heap."""
        self._last: Key | None = None

    async def take(self, number: int) -> list[Key]:
        """The next orders; fewer than asked for when there are no more.

        :raises JournalAway: when the journal does not answer.
        """
        taken: list[Key] = []
        while len(taken) < number:
            if self._empty:
                # A stream whose chunk is used up may hold the very next order: it is read before the merge goes on.
                await self._read()
            if not self._ready:
                break
            stream = heapq.heappop(self._ready)
            key = stream.ahead.pop()
            if key != self._last:
                taken.append(key)
                self._last = key
            if stream.ahead:
                heapq.heappush(self._ready, stream)
            elif not stream.ended:
                self._empty.append(stream)
        return taken

    async def _read(self) -> None:
        streams, self._empty = self._empty, []
        queries = [(each.shard, self._query(each)) for each in streams]
        chunks = await self._journal.index_range(queries, limit=self._chunk, descending=self._descending)
        for stream, entries in zip(streams, chunks, strict=True):
            stream.ended = len(entries) < self._chunk
            if entries:
                stream.ahead = [key_of(data) for data in reversed(entries)]
                stream.read_to = stream.ahead[0]
                heapq.heappush(self._ready, stream)

    def _query(self, stream: "_Stream") -> IndexQuery:
        if self._descending:
            return prefix_range(*stream.pair, *self._dates, before=stream.read_to)
        return prefix_range(*stream.pair, *self._dates, after=stream.read_to, since=self._since)


class _Stream:
    """What one shard has under one attribute and value, as far as it was read; sorted by its next order."""

    __slots__ = ("ahead", "descending", "ended", "pair", "read_to", "shard")

    def __init__(self, shard: int, pair: tuple[str, str], descending: bool) -> None:
        self.shard = shard
        self.pair = pair
        self.descending = descending
        self.ahead: list[Key] = []
        """Orders that were read and not taken, the next one last."""
        self.read_to: Key | None = None
        self.ended = False

    def __lt__(self, other: "_Stream") -> bool:
        mine, theirs = self.ahead[-1], other.ahead[-1]
        return mine > theirs if self.descending else mine < theirs
