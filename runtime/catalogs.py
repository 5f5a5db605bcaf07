"""Published catalogs: what a publication is, where versions are kept, and what the gateway asks of it.

Publishing writes to a store, and every process takes the new version up from there (``runtime/catalog_shelf.py``).
"""

from typing import NamedTuple, Protocol

import msgspec

from catalog.content import content_of
from catalog.model import Catalog
from runtime.errors import Refused


class Publication(msgspec.Struct, array_like=True, frozen=True):
    """One act of making a version current: what, when (ms since 1970 UTC) and by whom."""

    version: str
    digest: str
    name: str
    at: int
    by: str
    """The principal's name; empty: the files that the system was started with."""
    client: str = ""
    tenant: str = ""


class Published(NamedTuple):
    """How often a version was made current so far, and whether this was one more time."""

    number: int
    changed: bool


class Current(NamedTuple):
    """The current version, and which publication made it that."""

    number: int
    version: str


class StoredCatalog(NamedTuple):
    """A version's content under the digest it was stored with."""

    digest: str
    content: bytes


class VersionTaken(Refused):
    """The version is published with other content: orders are pinned to it."""

    def __init__(self, version: str, stored: str, digest: str) -> None:
        super().__init__(
            "catalogVersionTaken",
            f"catalog version {version} is published with digest {stored}, not {digest}: "
            "give the changed catalog a version of its own",
        )
        self.version = version


class CatalogStore(Protocol):
    """Where published versions are kept. Every method raises JournalAway when nobody answers."""

    async def publish(self, publication: Publication, content: bytes, *, only_new: bool = False) -> Published:
        """Keep a version and make it current, whole or not at all; one that is current already stays as it is.

        :param only_new: leave a version that is known as it is, current or not.
        :raises VersionTaken: it is known with other content.
        """

    async def current(self) -> Current | None:
        """The current version; None before the first publication."""

    async def content(self, version: str) -> StoredCatalog | None:
        """A version's content; None for one that was never published."""

    async def log(self) -> list[Publication]:
        """All publications, in their order."""


class MemoryCatalogs:
    """A store for as long as its process: for tests, and where one process is enough."""

    def __init__(self, catalog: Catalog | None = None) -> None:
        self._contents: dict[str, StoredCatalog] = {}
        self._log: list[Publication] = []
        if catalog is not None:
            self._keep(Publication(catalog.version, catalog.digest, catalog.name, 0, ""), content_of(catalog))

    async def publish(self, publication: Publication, content: bytes, *, only_new: bool = False) -> Published:
        """See the store."""
        version, known = publication.version, self._contents.get(publication.version)
        if known is not None and known.digest != publication.digest:
            raise VersionTaken(version, known.digest, publication.digest)
        if known is not None and (only_new or self._log[-1].version == version):
            return Published(len(self._log), changed=False)
        self._keep(publication, content)
        return Published(len(self._log), changed=True)

    async def current(self) -> Current | None:
        """See the store."""
        return Current(len(self._log), self._log[-1].version) if self._log else None

    async def content(self, version: str) -> StoredCatalog | None:
        """See the store."""
        return self._contents.get(version)

    async def log(self) -> list[Publication]:
        """See the store."""
        return list(self._log)

    def _keep(self, publication: Publication, content: bytes) -> None:
        self._contents[publication.version] = StoredCatalog(publication.digest, content)
        self._log.append(publication)


class PublishedCatalogs(Protocol):
    """The published catalogs as the gateway sees them."""

    store: CatalogStore

    async def judge(self, catalog: Catalog) -> str:
        """What publishing it would come to: it is ``new`` or ``known``, or ``current`` already.

        :raises VersionTaken: it is known with other content. :raises JournalAway:
        """

    async def publish(
        self, publication: Publication, catalog: Catalog, *, only_new: bool = False
    ) -> Published:
        """Store a version, make it current, and take it up here; others hear of it.

        :raises VersionTaken: it is known with other content.
        :raises JournalAway: whether it was published is not known; publishing it again is harmless.
        """

    async def read(self, version: str) -> Catalog | None:
        """A version, without keeping it here; None: it was never published (:raises JournalAway:)."""
