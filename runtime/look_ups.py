"""How a shell reads groups for its kernel: from the journal, and with them the catalog versions they are pinned to."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from runtime.errors import JournalAway
from runtime.journal.contract import Journal, Stored
from runtime.journal.frames import unpack_positions
from runtime.kernel.words import Input, Loaded, Lookup

log = structlog.get_logger()
RETRY_FIRST_S: Final = 0.02
RETRY_MAX_S: Final = 1.0

Bringer = Callable[[str], Awaitable[bool]]
"""Sees that a catalog version is known to the kernel's kinds; False: there is none of that name."""


async def nowhere(version: str) -> bool:
    """A bringer that knows of no version."""
    return False


class LookUps:
    """Answers a kernel's look-ups.

    :param take: takes inputs that are there together, at once if it can.
    :param put: takes one input for the next turn.
    """

    def __init__(
        self,
        name: str,
        journal: Journal,
        bring: Bringer,
        take: Callable[[list[Input]], None],
        put: Callable[[Input], None],
    ) -> None:
        self._name = name
        self._journal = journal
        self._bring = bring
        self._take = take
        self._put = put

    async def answer(self, lookups: list[Lookup]) -> None:
        """Look all of them up in one question, again until the journal answers."""
        by_shard: dict[int, list[Lookup]] = {}
        for lookup in lookups:
            by_shard.setdefault(lookup.shard, []).append(lookup)
        asked = [(shard, [lookup.group for lookup in mine]) for shard, mine in by_shard.items()]
        pause = RETRY_FIRST_S
        while True:
            try:
                found = await self._journal.lookup_many(asked)
                known: list[tuple[Lookup, Stored]] = []
                unheard: list[Input] = []
                for mine, stored in zip(by_shard.values(), found, strict=True):
                    for lookup, entry in zip(mine, stored, strict=True):
                        if (
                            entry.snapshot is None
                            and entry.ended is None
                            and not (lookup.positions or lookup.catalog)
                        ):
                            # A new order, as nearly all are: there is nothing to read.
                            unheard.append(Loaded(lookup.shard, lookup.epoch, lookup.group))
                        else:
                            known.append((lookup, entry))
                self._take(unheard)
                known.sort(key=_waits_for_a_catalog)
                for lookup, entry in known:
                    self._put(await self._loaded(lookup, entry))
                return
            except JournalAway as away:
                log.warning("journal away", host=self._name, reason=str(away))
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_MAX_S)

    async def _loaded(self, lookup: Lookup, stored: Stored) -> Loaded:
        try:
            if lookup.catalog and not await self._bring(lookup.catalog):
                fault = f"catalog version {lookup.catalog!r} was never published"
                return Loaded(lookup.shard, lookup.epoch, lookup.group, fault=fault)
            return await self._read(lookup, stored)
        except JournalAway:
            raise
        except Exception as fault:
            return Loaded(lookup.shard, lookup.epoch, lookup.group, fault=repr(fault))

    async def _read(self, lookup: Lookup, stored: Stored) -> Loaded:
        positions = list(lookup.positions)
        if stored.snapshot is None and stored.ended is not None:
            positions = sorted({*positions, *unpack_positions(stored.ended)})
        frames = await self._journal.frames(lookup.shard, positions) if positions else []
        return Loaded(lookup.shard, lookup.epoch, lookup.group, stored.snapshot, frames)


def _waits_for_a_catalog(known: tuple[Lookup, Stored]) -> bool:
    """Those that do are read last: nobody else waits for their catalog."""
    return known[0].catalog != ""
