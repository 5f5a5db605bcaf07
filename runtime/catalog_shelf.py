"""The catalogs of one process: the versions it has met, from where all published versions are stored.

A host, a gateway, a program of one process: each has one shelf. A shelf that hears of a publication takes the version
up while its process works on, by one assignment of another immutable set. What an order is pinned to and is not on the
shelf yet is brought from the store before the order is decided. Reading a version goes on in a thread beside the event
loop.
"""

import asyncio
from collections.abc import Callable, Iterable

import msgspec
import structlog

from actors.structure import OrderGroup
from catalog.content import DamagedContent, catalog_from, content_of, same_content
from catalog.model import Catalog
from catalog.store import Catalogs
from catalog.warming import warm
from runtime.catalogs import CatalogStore, Publication, Published, StoredCatalog, VersionTaken
from runtime.errors import JournalAway, NoCatalog

log = structlog.get_logger()
Taken = Callable[[Catalogs], None]
"""Told of every new set, in the process's event loop."""


class CatalogShelf:
    """See :class:`runtime.catalogs.PublishedCatalogs`.

    :meth:`open` it before anything else is asked of it, or give it a set to begin with.
    """

    def __init__(
        self,
        store: CatalogStore,
        taken: Taken = lambda catalogs: None,
        catalogs: Catalogs | None = None,
    ) -> None:
        self.store = store
        self.number = 0
        """Which publication made the current version current."""
        self.taken = taken
        self._catalogs = catalogs
        self._following = asyncio.Lock()
        self._hearing: asyncio.Task[None] | None = None
        self._bringing: dict[str, asyncio.Task[bool]] = {}

    @property
    def catalogs(self) -> Catalogs:
        """The set as it is now (:raises NoCatalog: the shelf is not open)."""
        if self._catalogs is None:
            raise NoCatalog("no catalog is known here yet")
        return self._catalogs

    async def open(self) -> Catalogs:
        """Take up the current version (:raises NoCatalog: none was ever published. :raises JournalAway:)."""
        await self.follow()
        return self.catalogs

    def hear(self, number: int) -> None:
        """Publication ``number`` is said to be there: it is taken up by and by. Said again when that fails."""
        if number > self.number and (self._hearing is None or self._hearing.done()):
            self._hearing = asyncio.create_task(self._heard(number))

    async def _heard(self, number: int) -> None:
        try:
            await self.follow(number)
        except (JournalAway, DamagedContent) as away:
            log.warning("catalog not taken up", number=number, reason=str(away))

    async def follow(self, number: int | None = None) -> None:
        """Take up what is current now, if it is not yet: publication ``number`` is said to be there.

        :raises JournalAway: the version that was current here stays.
        """
        if number is not None and number <= self.number:
            return
        async with self._following:
            current = await self.store.current()
            if current is None or current.number <= self.number:
                return
            known = self._catalogs
            if known is not None and current.version in known:
                catalog: Catalog | None = known.get(current.version)
            else:
                catalog = await self.read(current.version)
            if catalog is None:
                raise NoCatalog(f"catalog version {current.version} is current and not stored")
            # Asked for again: another version may have been brought while this one was read.
            known = self._catalogs
            self.number = current.number
            self._take(Catalogs(catalog) if known is None else known.publish(catalog))

    async def meet(self, groups: Iterable[OrderGroup | None]) -> None:
        """See that the versions of these orders are known here, if they were published (:raises JournalAway:)."""
        for group in groups:
            if group is not None and group.order.catalog not in self.catalogs:
                await self.bring(group.order.catalog)

    async def bring(self, version: str) -> bool:
        """See that a version is known here; False: it was never published (:raises JournalAway:)."""
        if self._catalogs is not None and version in self._catalogs:
            return True
        bringing = self._bringing.get(version)
        if bringing is None:
            bringing = self._bringing[version] = asyncio.create_task(self._bring(version))
            bringing.add_done_callback(lambda _: self._bringing.pop(version, None))
        return await asyncio.shield(bringing)

    async def _bring(self, version: str) -> bool:
        catalog = await self.read(version)
        if catalog is not None and version not in self.catalogs:
            self._take(self.catalogs.remember(catalog))
        return catalog is not None

    async def publish(
        self, publication: Publication, catalog: Catalog, *, only_new: bool = False
    ) -> Published:
        """See the protocol."""
        content = await asyncio.to_thread(content_of, catalog)
        try:
            published = await self.store.publish(publication, content, only_new=only_new)
        except VersionTaken as taken:
            stored = await self.store.content(taken.version)
            if stored is None or not await asyncio.to_thread(
                same_content, catalog, stored.content, stored.digest
            ):
                raise
            as_stored = msgspec.structs.replace(publication, digest=stored.digest)
            published = await self.store.publish(as_stored, stored.content, only_new=only_new)
        await self.follow()
        return published

    async def judge(self, catalog: Catalog) -> str:
        """See the protocol."""
        stored = await self.store.content(catalog.version)
        if stored is None:
            return "new"
        if stored.digest != catalog.digest and not await asyncio.to_thread(
            same_content, catalog, stored.content, stored.digest
        ):
            raise VersionTaken(catalog.version, stored.digest, catalog.digest)
        current = await self.store.current()
        return "current" if current is not None and current.version == catalog.version else "known"

    async def read(self, version: str) -> Catalog | None:
        """See the protocol."""
        if self._catalogs is not None and version in self._catalogs:
            return self._catalogs.get(version)
        stored = await self.store.content(version)
        return None if stored is None else await asyncio.to_thread(_made, stored)

    def _take(self, catalogs: Catalogs) -> None:
        self._catalogs = catalogs
        self.taken(catalogs)


def _made(stored: StoredCatalog) -> Catalog:
    catalog = catalog_from(stored.content, stored.digest)
    warm(catalog)
    return catalog
