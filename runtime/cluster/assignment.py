"""Which host has which shard, and bringing each shard to the host that should have it.

Several shards may be on their way at a time: those without a living owner go at once, those of living hosts one by
one, after their owner has let go. What was asked of a host ends with the host, so that nothing waits for the dead.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

import structlog

from runtime.cluster.fleet import Gone, Process
from runtime.cluster.table import Owner, spread

log = structlog.get_logger()
ASK_TIMEOUT_S: Final = 120.0
"""A recovery may read much; a host that hangs is lost with its lease, long before this."""
PAUSE_S: Final = 0.1
"""Between two attempts at a shard that a host could not take."""


class Assignment:
    """The owners of all shards under one Coordinator. ``changed`` is told of every change of ``owners``."""

    def __init__(
        self,
        coordinator: int,
        owners: Sequence[Owner],
        hosts: Mapping[str, Process],
        changed: Callable[[], None],
    ) -> None:
        self.owners = list(owners)
        self._coordinator = coordinator
        self._hosts = hosts
        self._changed = changed
        self._moving: dict[int, str] = {}
        """Shards on their way, and where to."""
        self._handing_over = False
        self._missed: set[tuple[int, int]] = set()
        """What hosts said once that they do not have: on its way to them, unless they say so again."""
        self.stopped: dict[int, str] = {}
        """Shards that nobody may own, with the sentence on why; see :meth:`stop`."""
        self._missing: set[int] = set()
        """What its owner does not have: it acquires it anew; nobody else may answer for it while that one lives."""
        self._tasks: set[asyncio.Task[None]] = set()

    def heard(self, host: str, held: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """A host says which (shard, epoch)s it holds; answers those of them that are another owner's by now.

        A shard that is its own by the table and not in its hands was let go for a Coordinator that ended before it
        could give it to another, or fenced: it is acquired anew. One that it holds under a later epoch than we know
        was given to it by such a Coordinator after we had looked.
        """
        stale = []
        holds = dict(held)
        for shard, epoch in holds.items():
            known = self.owners[shard]
            if epoch > known.epoch and shard not in self._moving:
                self._settle(shard, Owner(host, epoch))
            elif epoch < known.epoch and known.host != host:
                stale.append((shard, epoch))
        for shard, owner in enumerate(self.owners):
            if owner.host != host or shard in self._moving:
                continue
            if holds.get(shard, 0) >= owner.epoch:
                self._missed.discard((shard, owner.epoch))
            elif (shard, owner.epoch) in self._missed:
                self._missing.add(shard)
            else:
                self._missed.add((shard, owner.epoch))
        return stale

    def stop(self, shards: Mapping[int, str]) -> bool:
        """Take shards from everybody: to go on from where their journal stands would hide what it has lost.

        True: there are new ones.
        """
        new = {shard: why for shard, why in shards.items() if shard not in self.stopped}
        for shard, why in new.items():
            log.error("shard stopped", shard=shard, reason=why)
            self.stopped[shard] = why
            self._settle(shard, Owner("", self.owners[shard].epoch))
        return bool(new)

    def step(self, living: Sequence[str], leaving: Sequence[str] = ()) -> None:
        """Set out with what can go now. ``leaving`` are living hosts that are to own nothing, if others are left."""
        staying = [host for host in living if host not in leaving] or list(living)
        if not staying:
            return
        bound = [self._moving.get(shard, owner.host) for shard, owner in enumerate(self.owners)]
        takes: dict[str, list[int]] = {}
        for shard, host in enumerate(spread(bound, staying)):
            owner = self.owners[shard].host
            if (
                shard in self._moving
                or shard in self.stopped
                or (owner == host and shard not in self._missing)
            ):
                continue
            if owner not in living or owner == host:
                takes.setdefault(host, []).append(shard)
            elif not self._handing_over:
                self._handing_over = True
                self._moving[shard] = host
                self._spawn(self._hand_over(shard, owner, host))
        for host, shards in takes.items():
            self._moving.update(dict.fromkeys(shards, host))
            self._spawn(self._take(host, shards))

    def close(self) -> None:
        """Ask nobody any more."""
        for task in self._tasks:
            task.cancel()

    async def _hand_over(self, shard: int, owner: str, host: str) -> None:
        try:
            giving = self._hosts.get(owner)
            if giving is not None:
                await giving.ask("release", [shard], self._coordinator, timeout_s=ASK_TIMEOUT_S)
            # From here on nobody has it: should the new owner be lost, the next step finds another.
            self._settle(shard, Owner("", self.owners[shard].epoch))
            await self._take(host, [shard])
        except Gone as gone:
            log.warning("release failed", shard=shard, host=owner, reason=str(gone))
            await asyncio.sleep(PAUSE_S)
            del self._moving[shard]
        finally:
            self._handing_over = False

    async def _take(self, host: str, shards: list[int]) -> None:
        """Let a host acquire shards under epochs one above those that stand."""
        asked = [(shard, self.owners[shard].epoch + 1) for shard in shards]
        try:
            taking = self._hosts.get(host)
            if taking is None:
                return
            refused = dict(await taking.ask("acquire", asked, self._coordinator, timeout_s=ASK_TIMEOUT_S))
            for shard, epoch in asked:
                if epoch > self.owners[shard].epoch:
                    self._settle(shard, Owner("", refused[shard]) if shard in refused else Owner(host, epoch))
            if refused:
                await asyncio.sleep(PAUSE_S)
        except Gone as gone:
            log.warning("acquire failed", host=host, shards=shards, reason=str(gone))
            await asyncio.sleep(PAUSE_S)
        finally:
            for shard in shards:
                del self._moving[shard]

    def _settle(self, shard: int, owner: Owner) -> None:
        self.owners[shard] = owner
        self._missing.discard(shard)
        self._missed = {missed for missed in self._missed if missed[0] != shard}
        self._changed()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
