"""The Coordinator: membership, leases, the shard table, and the number of processes there should be.

It holds nothing that Redis does not: killed at any time, it comes back under a higher epoch of its own, reads owner
and epoch of every shard, and adopts the hosts that still renew, while orders flow on. Two Coordinators at once are
a normal state: the one with the higher epoch decides. The other finds that out within a tick, and until then is
refused by shards and hosts; the leases it gives are no longer than its knowledge of being the newest.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import structlog

from runtime.cluster.assignment import Assignment
from runtime.cluster.autoscale import Setting
from runtime.cluster.autoscaler import LOOK_S, Autoscaler
from runtime.cluster.fleet import Fleet, RayFleet
from runtime.cluster.leases import Renewal
from runtime.cluster.options import ClusterOptions
from runtime.cluster.report import Processes, report
from runtime.cluster.staff import KINDS, Staff, wanted_of
from runtime.cluster.start_catalog import StartCatalog
from runtime.cluster.table import Owner, Table
from runtime.errors import JournalAway, Superseded
from runtime.journal.redis_journal import RedisJournal

log = structlog.get_logger()
MIND_INTERVAL_S: Final = 0.1
JOURNAL_PAUSE_S: Final = 0.5
WATCH_S: Final = 5.0
GATHER_S: Final = 3.0
"""How long the first host of a start waits for the others, so that it does not take what it must soon hand over."""

Connect = Callable[[ClusterOptions], Awaitable[RedisJournal]]


async def _connect(options: ClusterOptions) -> RedisJournal:
    return await RedisJournal.connect(
        options.journal_url,
        shards=options.shards,
        archive=Path(options.archive),
        cluster=options.journal_cluster,
    )


class Coordinator:
    """A named, detached, restartable Ray actor. Tests give it a fleet and a journal of their own."""

    def __init__(
        self, options: ClusterOptions, *, fleet: Fleet | None = None, connect: Connect = _connect
    ) -> None:
        self.options = options
        self.epoch = 0
        self.version = 0
        self.staff: Staff
        self.assignment: Assignment
        self.autoscaler: Autoscaler
        self.start_catalog: StartCatalog
        self.journal: RedisJournal
        self._fleet = fleet or RayFleet(options)
        self._connect = connect
        self._ready: asyncio.Task[None] | None = None
        self._minding: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._newest_at = 0.0
        """Since when we have not asked whether we still are the newest Coordinator; monotonic seconds."""
        self._newer = 0
        self._catalog = 0
        """How many catalogs were published, when we looked last."""
        self._gathering = True
        self._first_host_at = 0.0

    def __repr__(self) -> str:
        return "Coordinator"

    async def pulse(self) -> int:
        """Whether the process answers, whatever it may wait for; the epoch of a newer Coordinator, 0 without one."""
        return self._newer

    async def start(self) -> int:
        """Take up the work; answers the process id. Called by every other method, too: a restart needs no one else.

        :raises Superseded: a newer Coordinator has taken over.
        """
        if self._ready is None:
            self._ready = asyncio.create_task(self._begin())
        await asyncio.shield(self._ready)
        if self._newer:
            raise Superseded(f"Coordinator {self._newer} has taken over from {self.epoch}: ask that one")
        return os.getpid()

    async def _begin(self) -> None:
        while True:
            try:
                self.journal = journal = await self._connect(self.options)
                self._newest_at = time.monotonic()
                self.epoch = await journal.new_coordinator()
                run, *wanted = await journal.registry.remembered("wanted") or [""]
                # Those of an earlier run count no more: `up` was told its own.
                scaled = wanted_of(wanted) if run == self.options.run else {}
                layout = {kind: int(getattr(self.options, kind)) for kind in KINDS} | scaled
                self.staff = Staff(
                    self._fleet, journal.registry, self.epoch, layout, self.options.lease_ms, self._change
                )
                self.autoscaler = Autoscaler(
                    journal.registry, lambda: self.status(new_window=True), self.scale
                )
                await self.autoscaler.remember()
                self.start_catalog = StartCatalog(self.options, journal.registry, journal.catalogs)
                owners = [Owner(state.owner, state.epoch) for state in await journal.states()]
                run, *lines = await journal.registry.remembered("stopped") or [""]
                numbered = (line.split(" ", 1) for line in lines)
                # Who starts `up` again goes on with what there is.
                stopped = {int(shard): why for shard, why in numbered} if run == self.options.run else {}
                await self.staff.take_over([owner.host for owner in owners if owner.host])
                self._gathering = not self.staff.hosts
                break
            except JournalAway as away:
                log.warning("coordinator waits for the journal", reason=str(away))
                await asyncio.sleep(JOURNAL_PAUSE_S)
        self.assignment = Assignment(self.epoch, owners, self.staff.hosts, self._change)
        self.assignment.stop(stopped)
        log.info("coordinator began", epoch=self.epoch, hosts=self.staff.leases.members())
        self._change()
        self._minding = [
            asyncio.create_task(work)
            for work in (self._mind(), self._autoscale(), self.start_catalog.decide())
        ]

    # -- what hosts and gateways ask ----------------------------------------------------------------------------

    async def renew(
        self, host: str, held: Sequence[tuple[int, int]], behind: Mapping[int, str] | None = None
    ) -> Renewal:
        """A host renews its lease, and says which (shard, epoch)s it holds and which shards' journals are behind."""
        await self.start()
        age_s = time.monotonic() - self._newest_at
        if behind and self.assignment.stop(behind):
            stopped = [f"{shard} {why}" for shard, why in self.assignment.stopped.items()]
            await self.journal.registry.remember("stopped", [self.options.run, *stopped])
        if not self.staff.renewed(host):
            return Renewal(self.epoch, False, age_s)
        return Renewal(self.epoch, True, age_s, self.assignment.heard(host, held))

    async def watch(self, version: tuple[int, int]) -> Table:
        """The shard table, once it differs from ``version`` (coordinator epoch, table version)."""
        await self.start()
        while (self.epoch, self.version) == tuple(version):
            changed = self._changed
            try:
                await asyncio.wait_for(changed.wait(), WATCH_S)
            except TimeoutError:
                break
        await self.start()
        return self._table()

    def _table(self) -> Table:
        return Table(
            self.epoch,
            self.version,
            tuple(self.assignment.owners),
            tuple(sorted(self.staff.present["executors"])),
            tuple(sorted(self.staff.present["gateways"])),
            dict(self.assignment.stopped),
            self._catalog,
        )

    # -- what operators ask -------------------------------------------------------------------------------------

    async def scale(self, wanted: dict[str, int]) -> dict[str, int]:
        """How many hosts, executors and gateways there should be; shards move while orders flow.

        :raises JournalAway: it cannot be recorded, nothing changes.
        """
        await self.start()
        await self.staff.scale(self.options.run, wanted)
        return dict(self.staff.wanted)

    async def autoscale(self, setting: Setting) -> dict[str, Any]:
        """Choose whether and between which bounds the numbers follow the load.

        :raises JournalAway: it cannot be recorded, nothing changes.
        """
        await self.start()
        await self.autoscaler.choose(setting)
        return self.autoscaler.told()

    async def complete(self) -> bool:
        """Whether every shard has an owner and every process that is wanted runs."""
        await self.start()
        return self._owned and self.staff.complete

    async def refusal(self) -> str:
        """Why this system cannot start with the catalog it was given; empty when it can, or that is not known yet."""
        await self.start()
        return self.start_catalog.refusal

    async def last_failure(self) -> str:
        """The last process that did not start, with its reason; empty when all did."""
        return self.staff.last_failure

    async def status(self, new_window: bool = False) -> dict[str, Any]:
        """Processes, shards and counters as they are now; ``new_window`` starts the cycle times anew."""
        await self.start()
        processes = Processes(
            *({name: one.handle for name, one in self.staff.present[kind].items()} for kind in KINDS)
        )
        told = await report(self.journal, self._table(), processes, self.staff.wanted, new_window)
        return {**told, "autoscale": self.autoscaler.told(), "start_catalog": self.start_catalog.remark}

    # -- its own mind -------------------------------------------------------------------------------------------

    @property
    def _owned(self) -> bool:
        return all(
            owner.host in self.staff.leases or shard in self.assignment.stopped
            for shard, owner in enumerate(self.assignment.owners)
        )

    async def _mind(self) -> None:
        while not self._newer:
            try:
                asked_at = time.monotonic()
                newest, catalog = await self.journal.registry.news()
                if newest > self.epoch:
                    self._stand_aside(newest)
                    return
                self._newest_at = asked_at
                if catalog != self._catalog:
                    self._catalog = catalog
                    self._change()
                self._decide(time.monotonic())
            except JournalAway as away:
                log.warning("coordinator waits for the journal", reason=str(away))
            except Exception as fault:
                log.error("coordinator stumbled", fault=repr(fault), exc_info=fault)
                await asyncio.sleep(1.0)
            slept_at = time.monotonic()
            await asyncio.sleep(MIND_INTERVAL_S)
            if time.monotonic() - slept_at > MIND_INTERVAL_S + self.options.lease_ms / 4_000:
                # We were stopped: whoever renewed meanwhile has not been heard, that is not their silence.
                log.warning("coordinator was stopped", seconds=round(time.monotonic() - slept_at, 1))
                self.staff.forgive(time.monotonic())

    async def _autoscale(self) -> None:
        while not self._newer:
            await asyncio.sleep(LOOK_S)
            try:
                await self.autoscaler.look()
            except Exception as away:
                log.warning("not scaled", reason=repr(away))

    def _decide(self, now: float) -> None:
        """What is to be done now; whatever takes time goes on by itself."""
        self.staff.expire(now)
        owners = {owner.host for owner in self.assignment.owners}
        self.staff.populate(owners, gateways=self._owned)
        if not self._gather(now):
            self.assignment.step(self.staff.leases.members(), self.staff.leaving)

    def _gather(self, now: float) -> bool:
        """Whether nobody has been given anything yet and more hosts are about to come."""
        if self._gathering and self.staff.hosts:
            self._first_host_at = self._first_host_at or now
            waited = now - self._first_host_at > GATHER_S
            self._gathering = not (waited or len(self.staff.hosts) >= self.staff.wanted["hosts"])
        return self._gathering

    def _stand_aside(self, newer: int) -> None:
        log.warning("coordinator stands aside", epoch=self.epoch, newer=newer)
        self._newer = newer
        self.staff.close()
        self.assignment.close()
        self._change()

    def _change(self) -> None:
        self.version += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
