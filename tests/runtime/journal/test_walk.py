"""A walk over orders that have any of several values, against a plain list of what should be there."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.journal.contract import Commit, Committed, IndexQuery, Journal
from runtime.journal.index import entry, prefix_range
from runtime.journal.model import AsyncModelJournal, ModelJournal
from runtime.journal.walk import Key, Walk
from runtime.port import shard_of

Made = dict[Key, set[tuple[str, str]]]
PAIRS = (("every", ""), ("state", "held"), ("service.state", "held"))
keys = st.tuples(st.integers(0, 6), st.sampled_from([f"o{number}" for number in range(12)]))
orders = st.dictionaries(keys, st.sets(st.sampled_from(PAIRS)), max_size=40)


async def stored(journal: Journal, made: Made) -> Journal:
    for shard in range(journal.shards):
        await journal.acquire(shard, epoch=1, owner="o", coordinator=1)
        entries = [
            entry(*pair, *key)
            for key, pairs in made.items()
            if shard_of(key[1], journal.shards) == shard
            for pair in pairs
        ]
        (verdict,) = await journal.commit([Commit(shard, 1, 0, b"1", b"f", index_add=entries)])
        assert verdict == Committed(1)
    return journal


@given(
    orders,
    st.sets(st.sampled_from(PAIRS)),
    st.booleans(),
    st.tuples(st.none() | st.integers(0, 7), st.none() | st.integers(0, 7)),
    st.none() | keys,
    st.integers(1, 5),
    st.lists(st.integers(0, 9), max_size=9),
)
async def test_it_takes_what_a_plain_list_says(
    made: Made,
    pairs: set[tuple[str, str]],
    descending: bool,
    dates: tuple[int | None, int | None],
    since: Key | None,
    chunk: int,
    steps: list[int],
) -> None:
    journal = await stored(AsyncModelJournal(ModelJournal(3)), made)
    since = None if descending else since
    low, high = dates
    right = [
        key
        for key in sorted(made, reverse=descending)
        if made[key] & pairs
        and (low is None or low <= key[0])
        and (high is None or key[0] < high)
        and (since is None or since <= key)
    ]
    walk = Walk(journal, sorted(pairs), low, high, since=since, descending=descending, chunk=chunk)
    at = 0
    for step in steps:
        assert await walk.take(step) == right[at : at + step]
        at += step
    assert await walk.take(100) == right[at:]
    assert await walk.take(1) == []


async def test_an_order_that_moves_meanwhile_comes_once() -> None:
    made: Made = {(1, f"o{number}"): {PAIRS[1]} for number in range(9)}
    journal = await stored(AsyncModelJournal(ModelJournal(1)), made)
    walk = Walk(journal, PAIRS[1:], chunk=2)
    taken = await walk.take(3)
    moved = [(1, "o3"), (1, "o6")]
    (verdict,) = await journal.commit(
        [
            Commit(
                *(0, 1, 1, b"2", b"f"),
                index_add=[entry(*PAIRS[2], *key) for key in moved],
                index_remove=[entry(*PAIRS[1], *key) for key in moved],
            )
        ]
    )
    assert verdict == Committed(2)
    taken += await walk.take(9)
    assert taken == sorted(set(taken)) and set(made) - set(taken) <= set(moved)


async def test_no_more_is_read_than_is_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = AsyncModelJournal(ModelJournal(2))
    await stored(journal, {(date, f"o{date}"): {PAIRS[0]} for date in range(100)})
    read: list[int] = []
    index_range = journal.index_range

    async def counting(
        queries: Sequence[tuple[int, IndexQuery]], *, limit: int, descending: bool = False
    ) -> list[list[bytes]]:
        read.append(len(queries))
        return await index_range(queries, limit=limit, descending=descending)

    monkeypatch.setattr(journal, "index_range", counting)
    walk = Walk(journal, PAIRS, chunk=10)
    assert [date for date, _ in await walk.take(8)] == list(range(8))
    assert read == [6], "one round trip for all streams"
    await walk.take(92)
    assert sum(read) <= 6 + 10 + 2, "streams without entries are not asked again"


def test_a_range_begins_at_an_order_or_where_it_would_stand() -> None:
    made = [entry("a", "v", date, name) for date in (1, 2) for name in ("x", "z")]
    for since, first in (((1, "x"), 0), ((1, "y"), 1), ((1, "z"), 1), ((2, ""), 2), ((3, ""), 4)):
        found = prefix_range("a", "v", since=since)
        assert [one for one in made if found.low <= one < found.high] == made[first:]
