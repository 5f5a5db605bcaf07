"""The gateway's way to the actors: :class:`runtime.port.Runtime` over channels to the hosts.

Messages for one host gather while two batches are under way and go together. Whoever turns out not to own a shard is
asked no more: the table is read again and the message goes to the owner, until its patience ends.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import structlog
from ray.exceptions import RayError

from actors.group import OrderGroup, OrderGroupKind
from actors.installed_group import InstalledProductKind
from actors.installed_product import Installed
from actors.messages import AnyMessage, AnyReply
from catalog.store import Catalogs
from runtime.catalog_shelf import CatalogShelf
from runtime.cluster.autoscale import Setting
from runtime.cluster.channel import Channel, PeerLost, channel_to
from runtime.cluster.names import COORDINATOR, find
from runtime.cluster.options import ClusterOptions
from runtime.cluster.start_catalog import started_with
from runtime.cluster.table import Table
from runtime.errors import Busy, JournalAway, JournalBehind, NoOwner, Unavailable
from runtime.history import fold
from runtime.journal.contract import Journal
from runtime.journal.embedded import disk_free_ok
from runtime.journal.redis_journal import RedisJournal
from runtime.kernel.kind import GroupKind
from runtime.kernel.words import Answer, Faulted, NotNow, Taken, TooBusy, View, WrongOwner
from runtime.port import shard_of
from runtime.shell import Request
from runtime.wire import decode_answers, encode_requests

log = structlog.get_logger()
BATCHES_UNDER_WAY_MAX = 2
BATCH_REQUESTS_MAX = 512
PATIENCE_S = 10.0
"""How long a message waits for its shard to have an owner before the caller is told to come back."""
READ_PATIENCE_S = 2.0
DISK_LOOK_S = 1.0
FOLLOW_PAUSE_S = 0.2
_state = msgspec.msgpack.Decoder(OrderGroup).decode
_product = msgspec.msgpack.Decoder(Installed).decode


class _Link:
    """The way to one host."""

    def __init__(self, name: str, channel: Channel) -> None:
        self.name = name
        self.channel = channel
        self.waiting: list[tuple[Request, asyncio.Future[Answer]]] = []
        self.under_way = 0


class Router:
    """See :class:`runtime.port.Runtime`."""

    def __init__(
        self,
        name: str,
        options: ClusterOptions,
        journal: RedisJournal,
        shelf: CatalogShelf,
        catalogs: Catalogs,
    ) -> None:
        self.name = name
        self.options = options
        self.journal: Journal = journal
        self.shelf = shelf
        self.catalogs = catalogs
        self._orders = OrderGroupKind(catalogs)
        self._products = InstalledProductKind()
        self._shards = journal.shards
        self._table: Table | None = None
        self._links: dict[str, _Link] = {}
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._coordinator: Any = None
        self._disk_ok = True
        self._disk_looked_at = -DISK_LOOK_S

    @classmethod
    async def connect(cls, name: str, options: ClusterOptions) -> "Router":
        """A router of its own for the process of that name; follows the shard table until :meth:`close`."""
        journal = await RedisJournal.connect(
            options.journal_url, archive=Path(options.archive), cluster=options.journal_cluster
        )
        await started_with(journal.registry, options.run)
        shelf = CatalogShelf(journal.catalogs)
        router = cls(name, options, journal, shelf, await shelf.open())
        shelf.taken = router._use
        router._spawn(router._follow_table())
        return router

    def _use(self, catalogs: Catalogs) -> None:
        self.catalogs = catalogs

    async def close(self) -> None:
        """Stop following, end the channels, give back the journal."""
        for task in self._tasks:
            task.cancel()
        for link in self._links.values():
            link.channel.close()
        await self.journal.close()

    # -- the port -----------------------------------------------------------------------------------------------

    async def send(self, group: str, message: AnyMessage) -> AnyReply:
        """See the port."""
        answer = await self._ask(group, message, PATIENCE_S)
        if isinstance(answer, TooBusy):
            raise Busy(f"shard {answer.shard} has as many messages as it may hold")
        if isinstance(answer, NotNow):
            raise JournalAway("the journal does not answer; nothing is promised, repeat with the same key")
        if isinstance(answer, Faulted | View | WrongOwner | Taken):
            raise Unavailable(
                f"order {answer.group} could not be decided" if isinstance(answer, Faulted) else "no answer"
            )
        return answer

    async def read(self, groups: Sequence[str]) -> list[OrderGroup | None]:
        """See the port."""
        found: list[OrderGroup | None] = list(
            await asyncio.gather(*(self._read(group, self._orders, _state) for group in groups))
        )
        await self.shelf.meet(found)
        return found

    async def read_products(self, products: Sequence[str]) -> list[Installed | None]:
        """See the port."""
        return list(await asyncio.gather(*(self._read(each, self._products, _product) for each in products)))

    async def _read(self, group: str, kind: GroupKind, decode: Callable[[bytes], Any]) -> Any:
        try:
            answer = await self._ask(group, None, READ_PATIENCE_S)
        except NoOwner:
            live = await fold(self.journal, kind, group)
            return live.state if live is not None else None
        if isinstance(answer, NotNow):
            raise JournalAway("the journal does not answer")
        if not isinstance(answer, View):
            raise Unavailable(f"group {group} could not be read")
        return None if answer.state is None else decode(answer.state)

    async def full_disk(self) -> str:
        """See the port; looked up once a second. An external server looks after its own disk."""
        now = time.monotonic()
        if now - self._disk_looked_at >= DISK_LOOK_S:
            self._disk_looked_at = now
            self._disk_ok = await asyncio.to_thread(disk_free_ok, Path(self.options.data))
        return "" if self._disk_ok else self.options.data

    async def status(self, *, new_window: bool = False) -> dict[str, Any]:
        """See the port."""
        status: dict[str, Any] = await self._operator("status", new_window)
        return status

    async def scale(
        self, *, hosts: int | None, executors: int | None, gateways: int | None
    ) -> dict[str, Any]:
        """See the port."""
        asked = {"hosts": hosts, "executors": executors, "gateways": gateways}
        told: dict[str, Any] = await self._operator(
            "scale", {k: v for k, v in asked.items() if v is not None}
        )
        return told

    async def autoscale(self, setting: Setting) -> dict[str, Any]:
        """See the port."""
        told: dict[str, Any] = await self._operator("autoscale", setting)
        return told

    async def _operator(self, method: str, *arguments: Any) -> Any:
        coordinator = self._coordinator or find(COORDINATOR)
        if coordinator is None:
            raise Unavailable("there is no Coordinator at the moment")
        try:
            return await asyncio.wait_for(_ref(getattr(coordinator, method).remote(*arguments)), PATIENCE_S)
        except (RayError, TimeoutError) as away:
            raise Unavailable(f"the Coordinator does not answer: {type(away).__name__}") from away

    # -- the way ------------------------------------------------------------------------------------------------

    async def _ask(self, group: str, message: AnyMessage | None, patience_s: float) -> Answer:
        shard = shard_of(group, self._shards)
        deadline = 0.0
        while True:
            table = self._table
            if table is not None and shard in table.stopped:
                raise JournalBehind(table.stopped[shard])
            owner = table.owners[shard] if table is not None else None
            link = self._links.get(owner.host) if owner is not None else None
            if owner is not None and link is not None:
                future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
                link.waiting.append(((shard, owner.epoch, group, message, ""), future))
                if link.under_way < BATCHES_UNDER_WAY_MAX:
                    link.under_way += 1
                    self._spawn(self._flush(link))
                answer = await future
                if type(answer) is not WrongOwner:
                    return answer
            now = time.monotonic()
            deadline = deadline or now + patience_s
            if now >= deadline:
                raise NoOwner(f"shard {shard} has no owner that answers")
            await self._change(0.1 if table is self._table else 0.0)

    async def _flush(self, link: _Link) -> None:
        try:
            while link.waiting:
                batch, link.waiting = link.waiting[:BATCH_REQUESTS_MAX], link.waiting[BATCH_REQUESTS_MAX:]
                answers = await self._deliver(link, [request for request, _ in batch])
                for (_, future), answer in zip(batch, answers, strict=True):
                    if not future.done():
                        future.set_result(answer)
        finally:
            link.under_way -= 1

    async def _deliver(self, link: _Link, requests: list[Request]) -> Sequence[Answer]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                answers: Sequence[Answer] = decode_answers(
                    await link.channel.call("deliver", encode_requests(requests))
                )
                return answers
        except TimeoutError:
            # Decided or not, nobody knows yet: the caller is told that nothing is promised.
            log.warning(
                "host silent", host=link.name, requests=len(requests), shards=[r[0] for r in requests[:8]]
            )
            return [NotNow(request[0]) for request in requests]
        except PeerLost as lost:
            # What the batch did is unknown: a message is repeated at the next owner, which knows what it has seen.
            log.warning("host lost", host=link.name, reason=str(lost))
            if lost.dead and self._links.get(link.name) is link:
                del self._links[link.name]
            return [WrongOwner(request[0]) for request in requests]

    async def _change(self, pause_s: float) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), max(pause_s, 0.02))
        except TimeoutError:
            return

    async def _follow_table(self) -> None:
        version = (-1, -1)
        while True:
            try:
                self._coordinator = self._coordinator or find(COORDINATOR)
                if self._coordinator is not None:
                    table: Table = await self._coordinator.watch.remote(version)
                    version = (table.coordinator, table.version)
                    if self._table is None or table.coordinator >= self._table.coordinator:
                        self._take(table)
                        self.shelf.hear(table.catalog)
                        continue
                    self._coordinator = None
            except Exception as away:
                log.warning("table not followed", reason=type(away).__name__)
                self._coordinator = None
            await asyncio.sleep(FOLLOW_PAUSE_S)

    def _take(self, table: Table) -> None:
        names = {owner.host for owner in table.owners if owner.host}
        for name in names - self._links.keys():
            if (handle := find(name)) is not None:
                self._links[name] = _Link(name, channel_to(handle, self.name))
        for name in self._links.keys() - names:
            # One that hangs has lost its shards: nobody waits for its answers.
            link = self._links.pop(name)
            link.channel.close()
            for request, future in link.waiting:
                if not future.done():
                    future.set_result(WrongOwner(request[0]))
            link.waiting.clear()
        self._table = table
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _ref(reference: Any) -> Any:
    return await reference
