"""The catalogs of one process: taken up while it works, brought when an order needs them, never mixed up."""

import asyncio

import msgspec
import pytest

from actors.messages import Accepted, SubmitOrder
from benchmarks.shapes import orders
from catalog.content import content_of
from catalog.model import Catalog, catalog_of, content_bytes, digest_of
from catalog.store import Catalogs, sample_catalogs
from runtime.catalog_shelf import CatalogShelf
from runtime.catalogs import MemoryCatalogs, Publication, StoredCatalog, VersionTaken
from runtime.errors import JournalAway, NoCatalog, Unavailable
from runtime.journal.model import AsyncModelJournal, ModelJournal
from runtime.local import LocalRuntime

SAMPLE = sample_catalogs().current
NEWER = catalog_of(
    SAMPLE.name,
    "newer",
    tuple(SAMPLE.offerings.values()),
    tuple(SAMPLE.specifications.values()),
    SAMPLE.commerce,
    SAMPLE.policies,
)
ONE, TWO, THREE = (catalog_of("shop", version, (), ()) for version in "123")


def act(catalog: Catalog, by: str = "ann") -> Publication:
    return Publication(catalog.version, catalog.digest, catalog.name, 1, by)


class SlowStore(MemoryCatalogs):
    """Counts what is read, and can be away."""

    def __init__(self, catalog: Catalog | None = None) -> None:
        super().__init__(catalog)
        self.read: list[str] = []
        self.away = False

    async def content(self, version: str) -> StoredCatalog | None:
        await asyncio.sleep(0)
        if self.away:
            raise JournalAway("the test says so")
        self.read.append(version)
        return await super().content(version)


async def test_a_shelf_takes_up_what_others_publish() -> None:
    store = SlowStore(ONE)
    seen: list[Catalogs] = []
    shelf = CatalogShelf(store, seen.append)
    with pytest.raises(NoCatalog):
        _ = shelf.catalogs
    assert (await shelf.open()).current == ONE
    await store.publish(act(TWO), content_of(TWO))
    assert shelf.catalogs.current == ONE, "nobody has told it yet"
    shelf.hear(2)
    shelf.hear(2)
    async with asyncio.timeout(5):
        while shelf.catalogs.current != TWO:
            await asyncio.sleep(0.001)
    assert [each.versions for each in seen] == [("1",), ("1", "2")], "each is told once, and read once"
    assert store.read == ["1", "2"]
    await shelf.follow(2)
    await shelf.follow(1)
    assert shelf.catalogs.current == TWO and store.read == ["1", "2"], "old news are none"


async def test_going_back_needs_no_reading() -> None:
    store = SlowStore(ONE)
    shelf = CatalogShelf(store)
    await shelf.open()
    for catalog in (TWO, ONE):
        await shelf.publish(act(catalog), catalog)
    assert (shelf.catalogs.current, shelf.number, store.read) == (ONE, 3, ["1", "2"])


async def test_what_an_order_is_pinned_to_is_brought_once_and_does_not_become_current() -> None:
    store = SlowStore(ONE)
    for catalog in (TWO, THREE):
        await store.publish(act(catalog), content_of(catalog))
    shelf = CatalogShelf(store)
    assert (await shelf.open()).versions == ("3",)
    assert await asyncio.gather(*(shelf.bring("1") for _ in range(5)), shelf.bring("none")) == [True] * 5 + [
        False
    ]
    assert (shelf.catalogs.current, set(shelf.catalogs.versions)) == (THREE, {"1", "3"})
    assert store.read == ["3", "1", "none"]
    assert await shelf.bring("1") and store.read == ["3", "1", "none"]


async def test_two_versions_that_arrive_at_once_are_both_kept() -> None:
    store = SlowStore(ONE)
    await store.publish(act(TWO), content_of(TWO))
    shelf = CatalogShelf(store)
    await shelf.open()
    await store.publish(act(THREE), content_of(THREE))
    await asyncio.gather(shelf.bring("1"), shelf.follow(3))
    assert (shelf.catalogs.current, set(shelf.catalogs.versions)) == (THREE, {"1", "2", "3"})


async def test_a_store_that_is_away_leaves_the_current_version_and_is_asked_again() -> None:
    store = SlowStore(ONE)
    shelf = CatalogShelf(store)
    await shelf.open()
    await store.publish(act(TWO), content_of(TWO))
    store.away = True
    with pytest.raises(JournalAway):
        await shelf.follow(2)
    shelf.hear(2)
    await asyncio.sleep(0.02)
    assert (shelf.catalogs.current, shelf.number) == (ONE, 1)
    store.away = False
    await shelf.follow(2)
    assert shelf.catalogs.current == TWO


async def test_a_verdict_says_what_publishing_would_come_to() -> None:
    shelf = CatalogShelf(SlowStore(ONE))
    await shelf.open()
    assert [await shelf.judge(each) for each in (ONE, TWO)] == ["current", "new"]
    await shelf.publish(act(TWO), TWO)
    assert await shelf.judge(ONE) == "known"
    with pytest.raises(VersionTaken):
        await shelf.judge(catalog_of("another", "1", (), ()))


async def test_the_same_files_are_known_though_they_were_stored_by_an_older_orderloom() -> None:
    content = content_of(SAMPLE).replace(b'"description":"",', b"")
    store = SlowStore()
    older = Publication(SAMPLE.version, digest_of(content), SAMPLE.name, 1, "ann")
    await store.publish(older, content)
    await store.publish(act(ONE), content_of(ONE))
    shelf = CatalogShelf(store)
    await shelf.open()
    assert await shelf.judge(SAMPLE) == "known"
    assert (await shelf.publish(act(SAMPLE), SAMPLE)).changed
    assert shelf.catalogs.current.digest == older.digest
    assert [each.digest for each in await store.log()][-1] == older.digest
    changed = content_bytes("other", SAMPLE.version, (), (), SAMPLE.commerce, None)
    assert changed != content
    with pytest.raises(VersionTaken):
        await shelf.publish(
            act(catalog_of("other", SAMPLE.version, (), ())), catalog_of("other", SAMPLE.version, (), ())
        )


# -- orders that are pinned to what is not here yet ------------------------------------------------------------------


def submitted(number: int, version: str) -> tuple[str, SubmitOrder]:
    order = next(orders("b6", 1, seed=number))
    return f"o{number:024d}", SubmitOrder(msgspec.json.encode(order), b"%016d" % number, version)


async def completed(runtime: LocalRuntime, *groups: str) -> None:
    async with asyncio.timeout(10):
        while {group.order.state if group else "" for group in await runtime.read(groups)} != {"completed"}:
            await asyncio.sleep(0.005)


async def test_an_order_whose_version_is_not_here_yet_waits_for_it_and_is_never_an_error() -> None:
    store = SlowStore(SAMPLE)
    async with LocalRuntime(AsyncModelJournal(ModelJournal(1)), Catalogs(SAMPLE), store=store) as runtime:
        # Another gateway has published, and accepted orders; this host has not heard of it.
        await store.publish(act(NEWER), content_of(NEWER))
        sent = [submitted(number, "newer" if number % 2 else SAMPLE.version) for number in range(8)]
        replies = await asyncio.gather(*(runtime.send(*each) for each in sent))
        assert all(isinstance(reply, Accepted) and not reply.duplicate for reply in replies)
        assert store.read.count("newer") == 1
        assert runtime.catalogs.current == SAMPLE, "what is brought for an order is not current by that"
        await completed(runtime, *(group for group, _ in sent))
        for group, message in sent:
            (found,) = await runtime.read([group])
            assert found is not None and found.order.catalog == message.catalog


async def test_a_store_that_is_away_delays_only_what_needs_it() -> None:
    store = SlowStore(SAMPLE)
    async with LocalRuntime(AsyncModelJournal(ModelJournal(1)), Catalogs(SAMPLE), store=store) as runtime:
        await store.publish(act(NEWER), content_of(NEWER))
        store.away = True
        waiting = asyncio.create_task(runtime.send(*submitted(1, "newer")))
        assert isinstance(await runtime.send(*submitted(2, SAMPLE.version)), Accepted)
        await completed(runtime, submitted(2, "")[0])
        assert not waiting.done()
        store.away = False
        assert isinstance(await asyncio.wait_for(waiting, 5), Accepted)


async def test_a_version_that_was_never_published_is_told_and_spoils_nothing() -> None:
    async with LocalRuntime(AsyncModelJournal(ModelJournal(1)), Catalogs(SAMPLE)) as runtime:
        with pytest.raises(Unavailable):
            await runtime.send(*submitted(1, "never"))
        assert isinstance(await runtime.send(*submitted(1, SAMPLE.version)), Accepted)


async def test_after_a_restart_with_other_files_orders_keep_their_version() -> None:
    """Those that wait and those that end: the files that are there now know nothing of theirs."""
    store, journal = MemoryCatalogs(), AsyncModelJournal(ModelJournal(1))
    later = SubmitOrder(
        msgspec.json.encode({**next(orders("b6", 1)), "requestedStartDate": "2000-01-01T00:00:01Z"}),
        b"0" * 16,
        SAMPLE.version,
        requested_start=2**42,
    )
    async with LocalRuntime(journal, Catalogs(SAMPLE), store=store) as runtime:
        assert isinstance(await runtime.send(f"o{1:024d}", later), Accepted)
    async with LocalRuntime(journal, Catalogs(NEWER), store=store) as runtime:
        assert (runtime.catalogs.current, runtime.catalogs.versions) == (NEWER, ("newer",))
        (group,) = await runtime.read([f"o{1:024d}"])
        assert group is not None and group.order.catalog == SAMPLE.version
        assert runtime.catalogs.get(SAMPLE.version) == SAMPLE, "reading the order has brought it"
        assert runtime.catalogs.current == NEWER
