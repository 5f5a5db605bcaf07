"""Index entries and pages of orders, against a plain list of what should be there."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.journal import listing
from runtime.journal.contract import Commit, Committed, Journal
from runtime.journal.index import DATE_MAX, EVERY, IndexEntry, entry, key_of, parse, prefix_range
from runtime.journal.listing import list_orders
from runtime.journal.model import AsyncModelJournal, ModelJournal

values = st.text(st.sampled_from("\0\1\2ab"), max_size=4) | st.text(max_size=5)
dates = st.integers(0, DATE_MAX)


@given(values, dates, st.uuids())
def test_an_entry_comes_apart_as_it_was_made(value: str, date: int, identity: object) -> None:
    made = entry("state", value, date, str(identity))
    assert parse(made) == IndexEntry("state", value, date, str(identity))
    assert key_of(made) == (date, str(identity))


@given(st.lists(st.tuples(values, dates, st.sampled_from(["1", "2", "12"])), min_size=2, max_size=6))
def test_entries_are_sorted_by_value_then_date_then_id(made: list[tuple[str, int, str]]) -> None:
    by_bytes = sorted(made, key=lambda one: entry("state", *one))
    assert by_bytes == sorted(made, key=lambda one: (one[0].encode(), one[1], one[2].encode()))


@given(values, values, dates, st.none() | dates, st.none() | dates)
def test_a_range_holds_its_value_and_dates_and_nothing_else(
    value: str, other: str, date: int, date_from: int | None, date_to: int | None
) -> None:
    query = prefix_range("state", value, date_from, date_to)
    inside = other == value and (date_from or 0) <= date < (DATE_MAX + 1 if date_to is None else date_to)
    assert (query.low <= entry("state", other, date, "id") < query.high) == inside
    assert not query.low <= entry("states", value, date, "id") < query.high


def test_a_page_goes_on_after_its_last_order() -> None:
    made = [entry("a", "v", date, name) for date in (1, 2) for name in ("x", "y")]
    after, before = prefix_range("a", "v", after=(1, "y")), prefix_range("a", "v", before=(2, "x"))
    assert [one for one in made if after.low <= one < after.high] == made[2:]
    assert [one for one in made if before.low <= one < before.high] == made[:2]
    beyond = prefix_range("a", "v", date_from=5, date_to=3)
    assert beyond.low == beyond.high


ORDERS = 600
Order = tuple[int, str, dict[str, str]]


def orders(seed: int) -> list[Order]:
    """Orders of few dates, so that many share one."""
    draw = random.Random(seed)
    return sorted(
        (
            (
                1_764_000_000_000 + draw.randrange(60) * draw.choice((1, 1_000_000)),
                f"order-{number:04}",
                {"state": draw.choice(("completed", "inProgress", "held")), "category": draw.choice("ab")},
            )
            for number in range(ORDERS)
        ),
        key=lambda one: one[:2],
    )


async def store(journal: Journal, made: list[Order]) -> None:
    for shard in range(journal.shards):
        await journal.acquire(shard, epoch=1, owner="o", coordinator=1)
        entries = [
            entry(*pair, date, name)
            for date, name, attributes in made
            if hash((date, name)) % journal.shards == shard
            for pair in [EVERY, *attributes.items()]
        ]
        (verdict,) = await journal.commit([Commit(shard, 1, 0, b"1", b"f", index_add=entries)])
        assert verdict == Committed(1)


CASES: list[dict[str, Any]] = [
    {},
    {"limit": 0},
    {"limit": 1_000},
    {"offset": 15, "limit": 7},
    {"offset": ORDERS - 3, "limit": 10},
    {"offset": ORDERS, "limit": 10},
    {"date_from": 1_764_000_000_020, "date_to": 1_764_000_000_050, "limit": 500},
    {"date_from": 1_764_030_000_000, "offset": 30, "limit": 30},
    {"filters": {"state": "held"}, "offset": 40, "limit": 9},
    {"filters": {"state": "held", "category": "a"}, "offset": 4, "limit": 9},
    {"filters": {"category": "b", "state": "completed"}, "date_to": 1_764_000_000_050, "limit": 99},
    {"filters": {"state": "nothing", "category": "a"}},
    {"filters": {"state": "nothing"}},
]


@pytest.mark.parametrize("by_count", [False, True], ids=["merged", "by-count"])
@pytest.mark.parametrize("descending", [False, True], ids=["oldest-first", "newest-first"])
async def test_pages_are_what_a_plain_list_says(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, by_count: bool, descending: bool
) -> None:
    monkeypatch.setattr(listing, "SKIP_BY_COUNT_MIN", 1 if by_count else 10**9)
    monkeypatch.setattr(listing, "CHUNK_PER_STREAM", 7)
    monkeypatch.setattr(listing, "SCAN_CHUNK_PER_SHARD", 11)
    made = orders(7)
    await store(journal, made)
    for case in CASES:
        filters, low, high = (
            case.get("filters", {}),
            case.get("date_from", 0),
            case.get("date_to", DATE_MAX + 1),
        )
        right = [
            (date, name)
            for date, name, attributes in made
            if low <= date < high and filters.items() <= attributes.items()
        ]
        if descending:
            right.reverse()
        offset, limit = case.get("offset", 0), case.get("limit", 20)
        page = await list_orders(journal, filters, *(case.get(n) for n in ("date_from", "date_to")), offset, limit,
                                 descending=descending)  # fmt: skip
        assert page.exact and page.total == len(right), case
        assert page.entries == right[offset : offset + limit], case


async def test_an_endless_scan_is_cut_off_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "SCAN_CHUNK_PER_SHARD", 10)
    monkeypatch.setattr(listing, "SCAN_ENTRIES_MAX", 30)
    journal = AsyncModelJournal(ModelJournal(2))
    await store(journal, orders(1))
    page = await list_orders(journal, {"state": "held", "category": "a"})
    assert not page.exact and 0 < page.total <= 40
