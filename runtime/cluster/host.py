"""The Host: a Ray actor that owns shards. A thin shell over the shell: calls in, bytes out.

It renews its lease at the Coordinator, follows the shard table for executors and other hosts, and ends itself when it
learns that it was declared gone: its shards live elsewhere under a later epoch by then.
"""

import asyncio
import gc
import os
import time
from pathlib import Path
from typing import Any

import structlog

from actors.group import OrderGroupKind
from actors.kinds import kinds_with
from catalog.store import Catalogs
from runtime.catalog_shelf import CatalogShelf
from runtime.cluster.channel import Address, Channel, ChannelServer, channel_to, own_ip
from runtime.cluster.dedicated import DedicatedOrders
from runtime.cluster.dispatching import Dispatching, Entry
from runtime.cluster.leases import HostLease, Renewal
from runtime.cluster.metrics import HostMetrics
from runtime.cluster.names import COORDINATOR, find
from runtime.cluster.options import ClusterOptions
from runtime.cluster.reclaim import Reclaim, give_back
from runtime.cluster.start_catalog import started_with
from runtime.cluster.table import Table
from runtime.errors import NoOwner, OrderloomError, Superseded
from runtime.journal.contract import Fenced
from runtime.journal.redis_journal import RedisJournal
from runtime.kernel.words import Answer, Outgoing, WrongOwner
from runtime.limits import LEASE_RENEWAL_INTERVAL_MS, TRIM_BYTES_MIN, TRIM_FRAMES_MIN
from runtime.port import shard_of
from runtime.shell import Shell
from runtime.wire import decode_answer, decode_post, decode_requests, encode, encode_answers

log = structlog.get_logger()
METRICS_INTERVAL_S = 1.0
RECOVERIES_AT_ONCE = 8
TRIM_INTERVAL_S = 10.0
RECLAIM_INTERVAL_S = 5.0
FOLLOW_PAUSE_S = 0.2


class Host:
    """One host of shards."""

    def __init__(self, name: str, options: ClusterOptions) -> None:
        self.name = name
        self.options = options
        self.lease = HostLease(options.lease_ms)
        self.metrics = HostMetrics(name)
        self.shell: Shell | None = None
        self.shelf: CatalogShelf | None = None
        self.table: Table | None = None
        self.dispatching: Dispatching | None = None
        self.channel = ChannelServer({"deliver": self._deliver, "take_post": self._take_post})
        self._channels: dict[str, Channel] = {}
        self._dedicated = options.placement == "dedicated"
        self._orders: OrderGroupKind | None = None
        self._delivering = 0
        self._coordinator = 0
        """The highest epoch of a Coordinator that we have heard of."""
        self._started: asyncio.Task[None] | None = None
        self._mind: list[asyncio.Task[None]] = []

    def __repr__(self) -> str:
        return f"{self.name} ({self.options.placement})"

    async def start(self) -> int:
        """Connect and run, once; answers the process id."""
        if self._started is None:
            self._started = asyncio.create_task(self._start())
        await asyncio.shield(self._started)
        return os.getpid()

    async def _start(self) -> None:
        journal = await RedisJournal.connect(
            self.options.journal_url,
            archive=Path(self.options.archive),
            cluster=self.options.journal_cluster,
            replicas=self.options.replicas,
        )
        await started_with(journal.registry, self.options.run)
        self.shelf = CatalogShelf(journal.catalogs, self._use)
        catalogs = await self.shelf.open()
        self._orders = DedicatedOrders(catalogs) if self._dedicated else OrderGroupKind(catalogs)
        self.shell = shell = Shell(
            self.name,
            journal,
            kinds_with(self._orders),
            dispatch=self._dispatch,
            post=self._post,
            bring=self.shelf.bring,
            lease_valid=lambda: self.lease.valid(time.monotonic()),
            listener=self.metrics,
            blocking=self._dedicated,
        )
        self.dispatching = Dispatching(self.name, shell.results)
        shell.start()
        await self.channel.start(own_ip(self.options))
        self._mind = [
            asyncio.create_task(work)
            for work in (
                self._renew(),
                self._follow_table(),
                self._tell_metrics(),
                self._trim(),
                self._give_memory_back(),
                self._end_with(shell),
            )
        ]
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 50)

    # -- what the Coordinator asks ------------------------------------------------------------------------------

    async def acquire(self, shards: list[tuple[int, int]], coordinator: int) -> list[tuple[int, int]]:
        """Take over (shard, epoch)s; answers those refused, with the epoch that stands in the way.

        :raises Superseded: a newer Coordinator has been heard of.
        """
        self._obey(coordinator)
        began = time.perf_counter()
        at_once = asyncio.Semaphore(RECOVERIES_AT_ONCE)

        async def one(shard: int, epoch: int) -> tuple[int, int] | None:
            async with at_once:
                refused = await self._shell.acquire(shard, epoch=epoch, coordinator=coordinator)
            return (shard, refused.epoch) if isinstance(refused, Fenced) else None

        refused = [answer for answer in await asyncio.gather(*(one(*entry) for entry in shards)) if answer]
        self.metrics.recovered(time.perf_counter() - began)
        return refused

    async def release(self, shards: list[int], coordinator: int) -> None:
        """Give up shards between two turns, so that another host can take them.

        :raises Superseded: a newer Coordinator has been heard of.
        """
        self._obey(coordinator)
        await asyncio.gather(*(self._shell.release(shard) for shard in shards))

    async def address(self) -> Address:
        """Where gateways and other hosts reach us."""
        if self._started is None:
            raise NoOwner(f"{self.name} has not started")
        await asyncio.shield(self._started)
        return self.channel.address

    async def until_dead(self) -> None:
        """Never answers: the caller learns by Ray's error that this actor is gone."""
        await asyncio.Event().wait()

    async def status(self, new_window: bool = False) -> dict[str, Any]:
        """Process and counters as they are now; ``new_window`` starts the cycle times anew."""
        shards = self._shell.kernel.shards
        return {
            "pid": os.getpid(),
            "shards": sorted(shards),
            "groups": sum(len(shard.groups) for shard in shards.values()),
            "delivering": self._delivering,
            "parked": sum(len(shard.parked) for shard in shards.values()),
            "commits_under_way": sum(shard.turn is not None for shard in shards.values()),
            "mailbox": sum(len(shard.mailbox) for shard in shards.values()),
            "tasks_out": self.dispatching.out if self.dispatching else 0,
            "catalog": self.shelf.catalogs.current.version if self.shelf else "",
            **self.metrics.status(new_window),
        }

    # -- what gateways and other hosts ask ----------------------------------------------------------------------

    async def _deliver(self, _: str, batch: bytes) -> bytes:
        """A batch of messages and reads; answered once everything the answers rest on is durable."""
        self._delivering += 1
        try:
            # A gateway that goes away takes back nothing of what it has asked for.
            return encode_answers(await asyncio.shield(self._shell.ask(decode_requests(batch))))
        finally:
            self._delivering -= 1

    async def _take_post(self, _: str, data: bytes) -> bytes:
        """A message from another group's outbox."""
        return encode(await asyncio.shield(self._shell.take_post(*decode_post(data))))

    # -- its own mind -------------------------------------------------------------------------------------------

    @property
    def _shell(self) -> Shell:
        if self.shell is None:
            raise NoOwner(f"{self.name} has not started")
        return self.shell

    def _use(self, catalogs: Catalogs) -> None:
        """Between two turns; turns that run in a thread meet the set of before or this one, which knows as much."""
        if self._orders is not None:
            self._orders.use(catalogs)
            log.info("catalog", host=self.name, current=catalogs.current.version, known=catalogs.versions)

    def _obey(self, coordinator: int) -> None:
        if coordinator < self._coordinator:
            raise Superseded(f"Coordinator {self._coordinator} has taken over from {coordinator}")
        self._coordinator = coordinator

    def _dispatch(self, entries: list[Entry]) -> None:
        if self.dispatching is not None:
            self.dispatching.dispatch(entries)

    async def _post(self, out: Outgoing) -> Answer:
        table = self.table
        shard = shard_of(out.to, self._shell.journal.shards)
        if table is None:
            raise NoOwner(f"shard {shard} has no known owner")
        owner = table.owners[shard]
        if owner.host == self.name:
            return await self._shell.take_post(out, shard, owner.epoch)
        channel = self._channels.get(owner.host)
        if channel is None:
            handle = find(owner.host) if owner.host else None
            if handle is None:
                return WrongOwner(shard)
            channel = self._channels[owner.host] = channel_to(handle, self.name)
        answer: Answer = decode_answer(await channel.call("take_post", encode((out, shard, owner.epoch))))
        return answer

    def _close_channels(self, owners: set[str]) -> None:
        for name in self._channels.keys() - owners:
            self._channels.pop(name).close()

    async def _renew(self) -> None:
        interval = min(LEASE_RENEWAL_INTERVAL_MS, self.options.lease_ms / 4) / 1000
        while True:
            try:
                if (coordinator := find(COORDINATOR)) is not None:
                    await self._renewed(coordinator, interval * 3)
            except Exception as away:
                log.warning("lease not renewed", host=self.name, reason=type(away).__name__)
            await asyncio.sleep(interval)

    async def _renewed(self, coordinator: Any, timeout_s: float) -> None:
        sent = time.monotonic()
        held = [(number, shard.epoch) for number, shard in self._shell.kernel.shards.items()]
        asked = _ref(coordinator.renew.remote(self.name, held, dict(self._shell.behind)))
        renewal: Renewal = await asyncio.wait_for(asked, timeout_s)
        if renewal.coordinator < self._coordinator:
            return
        self._coordinator = renewal.coordinator
        if not renewal.member:
            log.error("declared gone", host=self.name)
            os._exit(1)
        for shard, epoch in renewal.stale:
            # Another owner may have gone on from here: nothing is read from it under a lease that is given now.
            log.warning("shard is another owner's", host=self.name, shard=shard, epoch=epoch)
            await self._shell.release(shard, epoch=epoch)
        self.lease.renewed(sent - renewal.age_s)

    async def _follow_table(self) -> None:
        version = (-1, -1)
        while True:
            try:
                if (coordinator := find(COORDINATOR)) is not None:
                    table: Table = await _ref(coordinator.watch.remote(version))
                    version = (table.coordinator, table.version)
                    if self.table is None or table.coordinator >= self.table.coordinator:
                        self.table = table
                        self._close_channels({owner.host for owner in table.owners})
                        if self.dispatching is not None:
                            self.dispatching.set_executors(table.executors)
                        if self.shelf is not None:
                            self.shelf.hear(table.catalog)
                        continue
            except Exception as away:
                log.warning("table not followed", host=self.name, reason=type(away).__name__)
            await asyncio.sleep(FOLLOW_PAUSE_S)

    async def _tell_metrics(self) -> None:
        while True:
            await asyncio.sleep(METRICS_INTERVAL_S)
            shards = self._shell.kernel.shards.values()
            self.metrics.flush(sum(len(s.mailbox) for s in shards), sum(len(s.groups) for s in shards))

    async def _give_memory_back(self) -> None:
        reclaim = Reclaim()
        while True:
            await asyncio.sleep(RECLAIM_INTERVAL_S)
            if reclaim.pays(sum(len(shard.groups) for shard in self._shell.kernel.shards.values())):
                give_back()

    async def _trim(self) -> None:
        """Move what no recovery needs any more into the archive, some thousand frames of a shard at a time."""
        trimmed: dict[int, int] = {}
        moved: dict[int, int] = {}
        while True:
            await asyncio.sleep(TRIM_INTERVAL_S)
            for number, shard in list(self._shell.kernel.shards.items()):
                try:
                    state = await self._shell.journal.state(number)
                    gathered = shard.frame_bytes - moved.get(number, 0)
                    frames = state.recovery - trimmed.get(number, 0)
                    if frames >= TRIM_FRAMES_MIN or (frames and gathered >= TRIM_BYTES_MIN):
                        await self._shell.journal.trim(number, epoch=shard.epoch, up_to=state.recovery)
                        trimmed[number] = state.recovery
                        moved[number] = shard.frame_bytes
                except OrderloomError as away:
                    log.warning("not trimmed", host=self.name, shard=number, reason=str(away))

    async def _end_with(self, shell: Shell) -> None:
        """A loop that ended is a bug: better a dead host, whose shards move, than one that looks alive."""
        await shell.ended()
        log.error("the turns ended", host=self.name)
        os._exit(1)


async def _ref(reference: Any) -> Any:
    return await reference
