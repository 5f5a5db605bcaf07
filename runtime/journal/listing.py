"""A page of orders from the indexes of all shards, sorted by (order date, id).

Oldest first unless asked otherwise: new orders then arrive behind the last page and move nothing on the pages before.
Over shards a list is no snapshot: an order that changes state meanwhile may be missed or seen, never twice in a page.

One filter (or none) is counted and cut by ranges alone. A deep offset costs no walk through what lies before: the order
date at which the page begins is found by counting (some 40 round trips of one count per shard), the rest is merged.
Several filters are driven by the rarest one, whose orders are checked against the others; beyond ``SCAN_ENTRIES_MAX``
of them the page is cut off and says so.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from runtime.journal.contract import Journal
from runtime.journal.index import DATE_MAX, EVERY, entry, key_of, prefix_range
from runtime.journal.walk import CHUNK_PER_STREAM, Key, Walk

SCAN_ENTRIES_MAX: Final = 100_000
"""Orders of the rarest filter that are checked against the others for one page."""
SKIP_BY_COUNT_MIN: Final = 2_000
"""From this offset on the beginning of the page is found by counting."""
SCAN_CHUNK_PER_SHARD: Final = 1_000


class Page(msgspec.Struct, frozen=True):
    """A page and how many orders there are in all; ``exact`` is False when only ``SCAN_ENTRIES_MAX`` were looked at."""

    total: int
    entries: list[Key]
    exact: bool = True


async def list_orders(
    journal: Journal,
    filters: Mapping[str, str],
    date_from: int | None = None,
    date_to: int | None = None,
    offset: int = 0,
    limit: int = 20,
    *,
    descending: bool = False,
) -> Page:
    """Orders that have all the values of ``filters`` and ``date_from <= order date < date_to`` (ms since 1970 UTC).

    :param filters: attribute -> value, as the orders' entries were written; empty for all orders.
    :raises JournalAway: when the journal does not answer.
    """
    wanted = list(filters.items()) or [EVERY]
    counts = [await _count(journal, pair, date_from, date_to) for pair in wanted]
    if len(wanted) > 1:
        rarest = wanted.pop(counts.index(min(counts)))
        return await _scan(journal, rarest, wanted, date_from, date_to, offset, limit, descending)
    (total,) = counts
    if offset >= total or limit <= 0:
        return Page(total, [])
    if offset >= SKIP_BY_COUNT_MIN:
        # The page's first order counted from the other end stands as many orders before the last.
        begin, skipped = await _date_at(journal, wanted[0], date_from, date_to, offset, total, descending)
        date_from, date_to = (date_from, begin + 1) if descending else (begin, date_to)
        offset -= skipped
    needed = offset + limit
    chunk = min(CHUNK_PER_STREAM, needed)
    walk = Walk(journal, wanted, date_from, date_to, descending=descending, chunk=chunk)
    return Page(total, (await walk.take(needed))[offset:])


async def _count(journal: Journal, pair: tuple[str, str], date_from: int | None, date_to: int | None) -> int:
    query = prefix_range(*pair, date_from, date_to)
    return sum(await journal.index_count([(shard, query) for shard in range(journal.shards)]))


async def _date_at(
    journal: Journal,
    pair: tuple[str, str],
    date_from: int | None,
    date_to: int | None,
    offset: int,
    total: int,
    descending: bool,
) -> tuple[int, int]:
    """The date of the order at ``offset``, and how many orders are listed before that date."""
    number = total - 1 - offset if descending else offset
    low = 0 if date_from is None else max(0, date_from)
    high = DATE_MAX if date_to is None else min(DATE_MAX, date_to - 1)
    while low < high:
        middle = (low + high) // 2
        if await _count(journal, pair, date_from, middle + 1) > number:
            high = middle
        else:
            low = middle + 1
    if descending:
        return low, await _count(journal, pair, low + 1, date_to)
    return low, await _count(journal, pair, date_from, low)


async def _scan(
    journal: Journal,
    rarest: tuple[str, str],
    others: list[tuple[str, str]],
    date_from: int | None,
    date_to: int | None,
    offset: int,
    limit: int,
    descending: bool,
) -> Page:
    """All orders of the rarest filter that have the others' values too."""
    found: list[Key] = []
    last: dict[int, Key] = {}
    open_shards = list(range(journal.shards))
    scanned = 0
    while open_shards and scanned < SCAN_ENTRIES_MAX:
        queries = [
            (shard, prefix_range(*rarest, date_from, date_to, after=last.get(shard))) for shard in open_shards
        ]
        chunks = await journal.index_range(queries, limit=SCAN_CHUNK_PER_SHARD)
        candidates: list[tuple[int, Key]] = []
        still_open: list[int] = []
        for shard, entries in zip(open_shards, chunks, strict=True):
            candidates += [(shard, key_of(data)) for data in entries]
            if len(entries) == SCAN_CHUNK_PER_SHARD:
                last[shard] = candidates[-1][1]
                still_open.append(shard)
        open_shards = still_open
        scanned += len(candidates)
        for pair in others:
            has = await journal.index_has([(shard, entry(*pair, *key)) for shard, key in candidates])
            candidates = [candidate for candidate, there in zip(candidates, has, strict=True) if there]
        found += [key for _, key in candidates]
    found.sort(reverse=descending)
    return Page(len(found), found[offset : offset + limit], exact=not open_shards)
