"""What every store of catalogs promises: versions are there whole or not at all, and never change."""

import asyncio

import pytest

from catalog.content import content_of
from catalog.model import Catalog, catalog_of
from catalog.store import sample_catalogs
from runtime.catalogs import (
    CatalogStore,
    Current,
    MemoryCatalogs,
    Publication,
    Published,
    StoredCatalog,
    VersionTaken,
)
from runtime.errors import JournalAway
from runtime.journal.faults import JournalDamaged
from runtime.journal.redis_journal import RedisJournal
from tests.runtime.journal.conftest import MakeJournal, ask

ONE, TWO = catalog_of("shop", "1", (), ()), catalog_of("shop", "2", (), ())


def act(catalog: Catalog, at: int = 1, by: str = "ann") -> tuple[Publication, bytes]:
    publication = Publication(catalog.version, catalog.digest, catalog.name, at, by, "shop", "north")
    return publication, content_of(catalog)


@pytest.fixture
async def store(kind: tuple[str, str], connect: MakeJournal) -> CatalogStore:
    name, url = kind
    if name == "simulated":
        return MemoryCatalogs()
    journal = await connect(url, cluster=name == "cluster")
    assert isinstance(journal, RedisJournal)
    return journal.catalogs


async def test_an_empty_store_knows_nothing(store: CatalogStore) -> None:
    assert await store.current() is None
    assert await store.content("1") is None
    assert await store.log() == []


async def test_a_publication_is_stored_and_current(store: CatalogStore) -> None:
    sample = sample_catalogs().current
    publication, content = act(sample)
    assert await store.publish(publication, content) == Published(1, changed=True)
    assert await store.current() == Current(1, sample.version)
    assert await store.content(sample.version) == StoredCatalog(sample.digest, content)
    assert await store.log() == [publication]
    assert await store.publish(publication, content) == Published(1, changed=False), "it is current already"


async def test_going_back_is_a_publication(store: CatalogStore) -> None:
    for number, catalog in enumerate((ONE, TWO, ONE), 1):
        assert await store.publish(*act(catalog, at=number)) == Published(number, changed=True)
    assert await store.current() == Current(3, "1")
    assert [(each.version, each.at) for each in await store.log()] == [("1", 1), ("2", 2), ("1", 3)]


async def test_what_is_only_published_if_new_leaves_known_versions_as_they_are(store: CatalogStore) -> None:
    assert await store.publish(*act(ONE), only_new=True) == Published(1, changed=True)
    assert await store.publish(*act(TWO), only_new=True) == Published(2, changed=True)
    assert await store.publish(*act(ONE), only_new=True) == Published(2, changed=False)
    assert await store.current() == Current(2, "2")


async def test_a_version_cannot_get_other_content(store: CatalogStore) -> None:
    await store.publish(*act(ONE))
    other = catalog_of("another", "1", (), ())
    for only_new in (False, True):
        with pytest.raises(
            VersionTaken, match=f"digest {ONE.digest}, not {other.digest}.*a version of its own"
        ):
            await store.publish(*act(other), only_new=only_new)
    assert await store.log() == [act(ONE)[0]]
    assert await store.content("1") == StoredCatalog(ONE.digest, content_of(ONE))


async def test_of_two_that_publish_one_version_at_once_one_is_refused(store: CatalogStore) -> None:
    contents = [catalog_of(f"shop {number}", "1", (), ()) for number in range(8)]
    done = await asyncio.gather(*(store.publish(*act(each)) for each in contents), return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["Published"] + ["VersionTaken"] * 7
    assert len(await store.log()) == 1


async def test_versions_survive_the_client_and_are_counted_with_the_coordinator(
    embedded_url: str, connect: MakeJournal
) -> None:
    first = await connect(embedded_url, namespace="catalogs")
    await first.catalogs.publish(*act(TWO))  # type: ignore[attr-defined]
    second = await connect(embedded_url, namespace="catalogs")
    assert await second.catalogs.current() == Current(1, "2")  # type: ignore[attr-defined]
    epoch = await second.new_coordinator()
    assert await second.registry.news() == (epoch, 1)  # type: ignore[attr-defined]
    elsewhere = await connect(embedded_url, namespace="elsewhere")
    assert await elsewhere.catalogs.current() is None  # type: ignore[attr-defined]
    assert await elsewhere.registry.news() == (0, 0)  # type: ignore[attr-defined]


async def test_keys_of_other_types_are_told_before_anything_is_written(
    embedded_url: str, connect: MakeJournal
) -> None:
    journal = await connect(embedded_url, namespace="damaged")
    await ask(embedded_url, "SET", "{damaged.orderloom}:catalog-log", "no list")
    with pytest.raises(JournalDamaged, match="catalog-log is a string, not a list"):
        await journal.catalogs.publish(*act(ONE))  # type: ignore[attr-defined]
    assert await journal.catalogs.content("1") is None  # type: ignore[attr-defined]
    assert await journal.catalogs.current() is None  # type: ignore[attr-defined]


async def test_a_server_that_is_away_says_so(connect: MakeJournal, embedded_url: str) -> None:
    journal = await connect(embedded_url)
    await journal.close()
    with pytest.raises(JournalAway):
        await journal.catalogs.current()  # type: ignore[attr-defined]
