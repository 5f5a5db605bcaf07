"""The Coordinator: membership, leases, the shard table, and the number of processes there should be.

It holds nothing that Redis does not: killed at any time, it comes back under a higher epoch of its own, reads owner
and epoch of every shard, and adopts the hosts that still renew, while orders flow on. Two Coordinators at once are
a normal state: every assignment carries the Coordinator's epoch, and shards refuse a lower one.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import ray
import structlog
from ray.exceptions import RayError

from runtime.cluster.executor import ExecutorActor
from runtime.cluster.host import Host
from runtime.cluster.leases import LeaseBook
from runtime.cluster.names import executor_name, find, gateway_name, host_name
from runtime.cluster.options import ClusterOptions
from runtime.cluster.report import Processes, report
from runtime.cluster.table import Owner, Table, spread
from runtime.errors import JournalAway
from runtime.journal.redis_journal import RedisJournal

log = structlog.get_logger()
MIND_INTERVAL_S = 0.1
ASK_TIMEOUT_S = 120.0
START_TIMEOUT_S = 60.0
CONCURRENT_CALLS = 1_000


class Coordinator:
    """A named, detached, restartable Ray actor."""

    def __init__(self, options: ClusterOptions) -> None:
        self.options = options
        self.wanted = {"hosts": options.hosts, "executors": options.executors, "gateways": options.gateways}
        self.leases = LeaseBook(options.lease_ms)
        self.handles: dict[str, Any] = {}
        self.executors: dict[str, Any] = {}
        self.gateways: dict[str, Any] = {}
        self.owners: list[Owner] = []
        self.epoch = 0
        self.version = 0
        self._numbers = {"hosts": 0, "executors": 0, "gateways": 0}
        self._ready: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._starting: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._moving = asyncio.Lock()
        self._gone: set[str] = set()
        """Hosts that were declared gone: one that comes back must not count as living again."""

    def __repr__(self) -> str:
        return "Coordinator"

    async def start(self) -> int:
        """Take up the work; answers the process id. Called by every other method, too: a restart needs no one else."""
        if self._ready is None:
            self._ready = asyncio.create_task(self._begin())
        await asyncio.shield(self._ready)
        return os.getpid()

    async def _begin(self) -> None:
        while True:
            try:
                self.journal = await RedisJournal.connect(
                    self.options.journal_url,
                    shards=self.options.shards,
                    archive=Path(self.options.archive),
                    cluster=self.options.journal_cluster,
                )
                self.epoch = await self.journal.new_coordinator()
                states = await self.journal.states()
                break
            except JournalAway as away:
                log.warning("coordinator waits for the journal", reason=str(away))
                await asyncio.sleep(0.5)
        self.owners = [Owner(state.owner, state.epoch) for state in states]
        for name in sorted({owner.host for owner in self.owners if owner.host}):
            if (handle := find(name)) is not None:
                self._adopt(name, handle)
        for kind, mine in (("executors", self.executors), ("gateways", self.gateways)):
            for name in await self.journal.registry.remembered(kind):
                if (handle := find(name)) is not None:
                    mine[name] = handle
                    self._watch_end(name, handle, mine)
        log.info("coordinator began", epoch=self.epoch, hosts=self.leases.members())
        self._change()
        self._spawn(self._mind())

    # -- what hosts and gateways ask ----------------------------------------------------------------------------

    async def renew(self, host: str) -> bool:
        """A host renews its lease. False: it was declared gone, its shards are elsewhere."""
        await self.start()
        if host not in self.leases:
            handle = find(host)
            if handle is None or host in self._gone:
                return False
            self._adopt(host, handle)
        self.leases.hear(host, time.monotonic())
        return True

    async def watch(self, version: tuple[int, int]) -> Table:
        """The shard table, once it differs from ``version`` (coordinator epoch, table version)."""
        await self.start()
        while (self.epoch, self.version) == tuple(version):
            changed = self._changed
            try:
                await asyncio.wait_for(changed.wait(), 5.0)
            except TimeoutError:
                break
        return self._table()

    def _table(self) -> Table:
        return Table(
            self.epoch,
            self.version,
            tuple(self.owners),
            tuple(sorted(self.executors)),
            tuple(sorted(self.gateways)),
        )

    # -- what operators ask -------------------------------------------------------------------------------------

    async def scale(self, wanted: dict[str, int]) -> dict[str, int]:
        """How many hosts, executors and gateways there should be; shards move while orders flow."""
        await self.start()
        self.wanted.update(
            {kind: number for kind, number in wanted.items() if kind in self.wanted and number > 0}
        )
        return dict(self.wanted)

    async def complete(self) -> bool:
        """Whether every shard has an owner and every process that is wanted runs."""
        await self.start()
        return (
            all(owner.host in self.leases for owner in self.owners)
            and len(self.handles) >= self.wanted["hosts"]
            and len(self.executors) >= self.wanted["executors"]
            and len(self.gateways) >= self.wanted["gateways"]
        )

    async def status(self, new_window: bool = False) -> dict[str, Any]:
        """Processes, shards and counters as they are now; ``new_window`` starts the cycle times anew."""
        await self.start()
        processes = Processes(dict(self.handles), dict(self.executors), dict(self.gateways))
        return await report(self.journal, self._table(), processes, self.wanted, new_window)

    # -- its own mind -------------------------------------------------------------------------------------------

    async def _mind(self) -> None:
        while True:
            try:
                for host in self.leases.expired(time.monotonic()):
                    silent = self.handles.get(host)
                    self._lose(host, "was silent for longer than its lease")
                    if silent is not None:
                        ray.kill(silent)
                await self._populate()
                await self._assign()
            except Exception as fault:
                log.error("coordinator stumbled", fault=repr(fault), exc_info=fault)
                await asyncio.sleep(1.0)
            await asyncio.sleep(MIND_INTERVAL_S)

    async def _populate(self) -> None:
        await self._more("hosts", self.handles, self._start_host)
        await self._more("executors", self.executors, self._start_executor)
        if all(owner.host in self.leases for owner in self.owners):
            await self._more("gateways", self.gateways, self._start_gateway)
        for host in list(self.handles)[self.wanted["hosts"] :]:
            self._spawn_once(f"retire {host}", self._retire(host))
        for mine, kind in ((self.executors, "executors"), (self.gateways, "gateways")):
            for name in list(mine)[self.wanted[kind] :]:
                handle = mine.pop(name)
                self._change()
                ray.kill(handle)

    async def _more(self, kind: str, mine: dict[str, Any], start: Callable[[int], Awaitable[None]]) -> None:
        under_way = sum(entry.startswith(kind) for entry in self._starting)
        for _ in range(self.wanted[kind] - len(mine) - under_way):
            self._numbers[kind] += 1
            number = self._numbers[kind]
            self._spawn_once(f"{kind} {number}", start(number))

    async def _start_host(self, number: int) -> None:
        name = host_name(self.epoch, number)
        handle = self._actor(Host, name, max_concurrency=CONCURRENT_CALLS).remote(name, self.options)
        await asyncio.wait_for(_ref(handle.start.remote()), START_TIMEOUT_S)
        self._adopt(name, handle)
        log.info("host started", host=name)

    async def _start_executor(self, number: int) -> None:
        name = executor_name(self.epoch, number)
        handle = self._actor(ExecutorActor, name, max_concurrency=CONCURRENT_CALLS).remote(name, self.options)
        await asyncio.wait_for(_ref(handle.start.remote()), START_TIMEOUT_S)
        self.executors[name] = handle
        await self.journal.registry.remember("executors", tuple(self.executors))
        self._watch_end(name, handle, self.executors)
        self._change()

    async def _start_gateway(self, number: int) -> None:
        name = gateway_name(self.epoch, number)
        module, _, cls = self.options.gateway_class.partition(":")
        gateway = getattr(import_module(module), cls)
        handle = self._actor(gateway, name, max_concurrency=CONCURRENT_CALLS).remote(name, self.options)
        await asyncio.wait_for(_ref(handle.start.remote()), START_TIMEOUT_S)
        self.gateways[name] = handle
        await self.journal.registry.remember("gateways", tuple(self.gateways))
        self._watch_end(name, handle, self.gateways)
        self._change()

    @staticmethod
    def _actor(process: type, name: str, **options: Any) -> Any:
        actor: Any = ray.remote(process)
        return actor.options(name=name, lifetime="detached", num_cpus=0, max_restarts=0, **options)

    def _adopt(self, name: str, handle: Any) -> None:
        self.handles[name] = handle
        self.leases.hear(name, time.monotonic())

        async def end() -> None:
            try:
                await handle.until_dead.remote()
            except RayError as gone:
                self._lose(name, type(gone).__name__)

        self._spawn(end())
        self._change()

    def _watch_end(self, name: str, handle: Any, mine: dict[str, Any]) -> None:
        async def end() -> None:
            try:
                await handle.until_dead.remote()
            except RayError as gone:
                log.warning("process lost", name=name, reason=type(gone).__name__)
                if mine.pop(name, None) is not None:
                    self._change()

        self._spawn(end())

    def _lose(self, host: str, why: str) -> None:
        if host not in self.handles and host not in self.leases:
            return
        log.warning("host lost", host=host, reason=why)
        self._gone.add(host)
        self.handles.pop(host, None)
        self.leases.forget(host)
        self._change()

    async def _retire(self, host: str) -> None:
        """Move a host's shards away, then end it."""
        async with self._moving:
            staying = [name for name in self.leases.members() if name != host]
            if staying:
                await self._move_to(spread(["" if o.host == host else o.host for o in self.owners], staying))
        handle = self.handles.pop(host, None)
        self._gone.add(host)
        self.leases.forget(host)
        if handle is not None:
            ray.kill(handle)
        self._change()

    async def _assign(self) -> None:
        members = self.leases.members()
        if not members or self._moving.locked():
            return
        wanted = spread([owner.host for owner in self.owners], members)
        if any(owner.host != host for owner, host in zip(self.owners, wanted, strict=True)):
            async with self._moving:
                await self._move_to(wanted)

    async def _move_to(self, wanted: list[str]) -> None:
        """Bring each shard to its host: those without an owner at once, living ones after their owner let go."""
        moves: dict[tuple[str, str], list[int]] = {}
        for shard, (owner, host) in enumerate(zip(self.owners, wanted, strict=True)):
            if owner.host != host:
                moves.setdefault((owner.host if owner.host in self.handles else "", host), []).append(shard)
        orphans = [self._take(host, shards) for (before, host), shards in moves.items() if not before]
        await asyncio.gather(*orphans)
        for (before, host), shards in moves.items():
            for shard in shards if before else ():
                if before in self.handles and host in self.handles:
                    await self._hand_over(shard, before, host)

    async def _hand_over(self, shard: int, owner: str, host: str) -> None:
        try:
            await asyncio.wait_for(_ref(self.handles[owner].release.remote([shard])), ASK_TIMEOUT_S)
        except (RayError, TimeoutError) as failed:
            log.warning("release failed", shard=shard, host=owner, reason=type(failed).__name__)
        await self._take(host, [shard])

    async def _take(self, host: str, shards: list[int]) -> None:
        """Let a host acquire shards under epochs one above those that stand."""
        handle = self.handles.get(host)
        if handle is None:
            return
        left = shards
        while left and host in self.handles:
            asked = [(shard, self.owners[shard].epoch + 1) for shard in left]
            try:
                refused = dict(
                    await asyncio.wait_for(_ref(handle.acquire.remote(asked, self.epoch)), ASK_TIMEOUT_S)
                )
            except (RayError, TimeoutError) as failed:
                log.warning("acquire failed", host=host, reason=repr(failed))
                return
            for shard, epoch in asked:
                self.owners[shard] = Owner("", refused[shard]) if shard in refused else Owner(host, epoch)
            left = [shard for shard in left if shard in refused]
            self._change()

    def _change(self) -> None:
        self.version += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _spawn_once(self, what: str, work: Any) -> None:
        if what in self._starting:
            work.close()
            return
        self._starting.add(what)

        async def run() -> None:
            try:
                await work
            except (RayError, TimeoutError, ValueError) as failed:
                log.error("not started", what=what, reason=repr(failed))
                await asyncio.sleep(1.0)
            finally:
                self._starting.discard(what)

        self._spawn(run())


async def _ref(reference: Any) -> Any:
    return await reference
