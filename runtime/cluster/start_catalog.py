"""The catalog that a system is started with, against those that were published before it.

- Files whose version is not stored yet are published, and become current: that is what they were named for.
- Files whose version is stored with the same content change nothing. What was published since stays current, so that
  the same start command after a crash does not take the catalog back; going back is a publication of its own.
- Files whose version is stored with other content end the start: orders may be pinned to what is stored.
- Without files the current version stays. Where there is none, the sample catalog becomes it.

Decided once in a run of ``up``, by its first Coordinator: files that are edited while a system runs mean nothing to it.
Hosts and gateways wait for that.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog

from catalog.findings import CatalogError
from catalog.loader import load
from catalog.model import Catalog
from catalog.store import SAMPLES
from runtime.catalog_shelf import CatalogShelf
from runtime.catalogs import CatalogStore, Publication, VersionTaken
from runtime.cluster.options import ClusterOptions
from runtime.errors import JournalAway, NoCatalog
from runtime.journal.registry import Registry

log = structlog.get_logger()
RUN: Final = "catalog-run"
"""Under which name the registry keeps the run whose start has been decided."""
PAUSE_S: Final = 0.5
LOOK_S: Final = 0.02
PATIENCE_S: Final = 60.0


class StartCatalog:
    """One Coordinator's part in it. ``refusal``: why the system cannot start; empty when it can."""

    def __init__(
        self,
        options: ClusterOptions,
        registry: Registry,
        store: CatalogStore,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.refusal = ""
        self.remark = ""
        """What whoever has started the system should know; empty: all is as he said."""
        self._options = options
        self._registry = registry
        self._shelf = CatalogShelf(store)
        self._now_ms = now_ms

    async def decide(self) -> None:
        """Publish what the system is started with, if that is due, and let everybody go on."""
        while True:
            try:
                run = self._options.run
                if run and await self._registry.remembered(RUN) == [run]:
                    return
                await self._publish()
                await self._registry.remember(RUN, [run])
                return
            except JournalAway as away:
                log.warning("catalog waits for the journal", reason=str(away))
                await asyncio.sleep(PAUSE_S)
            except (CatalogError, VersionTaken) as refused:
                log.error("the catalog of the start is refused", reason=str(refused))
                self.refusal = str(refused)
                return

    async def _publish(self) -> None:
        before = await self._shelf.store.current()
        if before is not None and not self._options.catalog:
            return
        catalog = await asyncio.to_thread(_loaded, self._options.catalog)
        publication = Publication(catalog.version, catalog.digest, catalog.name, self._now_ms(), "")
        published = await self._shelf.publish(publication, catalog, only_new=True)
        current = self._shelf.catalogs.current.version
        if published.changed:
            log.info("catalog published by the start", version=current)
        elif current != catalog.version:
            self.remark = (
                f"catalog version {catalog.version} of the files was published before, and {current} after it: "
                f"{current} stays current; go back with: orderloom catalog publish"
            )
            log.warning(self.remark)


async def started_with(registry: Registry, run: str) -> None:
    """Wait until the catalog of a run's start is decided; without a run there is nothing to wait for.

    :raises NoCatalog: it took too long.
    """
    deadline = time.monotonic() + PATIENCE_S
    while run and await registry.remembered(RUN) != [run]:
        if time.monotonic() > deadline:
            raise NoCatalog(f"the catalog of the start was not decided within {PATIENCE_S:g} s")
        await asyncio.sleep(LOOK_S)


def _loaded(files: tuple[str, ...]) -> Catalog:
    return load(list(files) or [SAMPLES])
