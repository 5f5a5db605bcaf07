"""The whole runtime in one process and one event loop: the real kernel over a real journal, without Ray.

For tests of what stands above the runtime, and for embedding where one process is enough.
"""

import asyncio
import os
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from actors.behaviour import Dispatch
from actors.group import OrderGroup, OrderGroupKind
from actors.installed_product import Installed
from actors.kinds import kinds_with
from actors.messages import AnyMessage, AnyReply
from catalog.store import Catalogs
from runtime.catalog_shelf import CatalogShelf
from runtime.catalogs import CatalogStore, MemoryCatalogs, Publication
from runtime.cluster.autoscale import Setting
from runtime.errors import Busy, JournalAway, NoOwner, Unavailable
from runtime.journal.contract import Journal
from runtime.kernel.bounds import Bounds
from runtime.kernel.words import Answer, Faulted, NotNow, Outgoing, Taken, TooBusy, View, WrongOwner
from runtime.port import shard_of
from runtime.shell import Listener, Shell
from runtime.tasks.executor import Executor
from runtime.tasks.targets import Targets
from runtime.tasks.wire import decode_results, encode_dispatches

_state = msgspec.msgpack.Decoder(OrderGroup).decode
_product = msgspec.msgpack.Decoder(Installed).decode


class LocalRuntime:
    """See :class:`runtime.port.Runtime`. Use as an async context manager.

    ``catalogs`` are published into ``store`` as far as they are new there (``runtime/cluster/start_catalog.py`` says
    what that means); without a store they live as long as the runtime does.
    """

    def __init__(
        self,
        journal: Journal,
        catalogs: Catalogs,
        *,
        store: CatalogStore | None = None,
        targets: Targets | None = None,
        bounds: Bounds | None = None,
        shards: Iterable[int] | None = None,
    ) -> None:
        self.journal = journal
        self.catalogs = catalogs
        self.shelf = CatalogShelf(store or MemoryCatalogs(), self._use, catalogs)
        self._orders = OrderGroupKind(catalogs)
        self.name = "local"
        self.listener = Listener()
        self._owned = tuple(range(journal.shards) if shards is None else shards)
        self._epochs: dict[int, int] = {}
        self._executor = Executor(targets or Targets(), "local executor")
        self._tasks: set[asyncio.Task[None]] = set()
        self.shell = Shell(
            self.name,
            journal,
            kinds_with(self._orders),
            dispatch=self._dispatch,
            post=self._post,
            bring=self.shelf.bring,
            bounds=bounds,
            listener=self.listener,
        )

    async def __aenter__(self) -> "LocalRuntime":
        given = self.catalogs
        for version in sorted(given.versions, key=given.current.version.__eq__):
            # The current one last.
            catalog = given.get(version)
            publication = Publication(version, catalog.digest, catalog.name, 0, "")
            await self.shelf.publish(publication, catalog, only_new=True)
        self.shell.start()
        states = await self.journal.states()
        for shard in self._owned:
            epoch = states[shard].epoch + 1
            fenced = await self.shell.acquire(shard, epoch=epoch)
            if fenced is not None:
                raise NoOwner(fenced.sentence)
            self._epochs[shard] = epoch
        self._spawn(self._collect())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.shell.stop()
        await self._executor.close()

    async def send(self, group: str, message: AnyMessage) -> AnyReply:
        """See the port."""
        answer = await self._ask(group, message)
        if isinstance(answer, TooBusy):
            raise Busy(f"shard {answer.shard} has as many messages as it may hold")
        if isinstance(answer, NotNow):
            raise JournalAway("the journal does not answer; nothing is promised, repeat with the same key")
        if isinstance(answer, Faulted | View | WrongOwner | Taken):
            raise Unavailable(f"order {group} could not be decided")
        return answer

    async def read(self, groups: Sequence[str]) -> list[OrderGroup | None]:
        """See the port."""
        found = [None if state is None else _state(state) for state in await self._states(groups)]
        await self.shelf.meet(found)
        return found

    async def read_products(self, products: Sequence[str]) -> list[Installed | None]:
        """See the port."""
        return [None if state is None else _product(state) for state in await self._states(products)]

    def _use(self, catalogs: Catalogs) -> None:
        self.catalogs = catalogs
        self._orders.use(catalogs)

    async def _states(self, groups: Sequence[str]) -> list[bytes | None]:
        answers = await asyncio.gather(*(self._ask(group, None) for group in groups))
        return [answer.state if isinstance(answer, View) else None for answer in answers]

    async def full_disk(self) -> str:
        """See the port."""
        return ""

    async def status(self, *, new_window: bool = False) -> dict[str, Any]:
        """See the port."""
        return {"pids": {"local": os.getpid()}, "shards": sorted(self._epochs)}

    async def scale(
        self, *, hosts: int | None, executors: int | None, gateways: int | None
    ) -> dict[str, Any]:
        """See the port: one process does not scale."""
        raise Unavailable("this runtime is one process: start a cluster to scale")

    async def autoscale(self, setting: Setting) -> dict[str, Any]:
        """See the port: one process does not scale."""
        raise Unavailable("this runtime is one process: start a cluster to scale")

    async def _ask(self, group: str, message: AnyMessage | None) -> Answer:
        shard = shard_of(group, self.journal.shards)
        epoch = self._epochs.get(shard)
        if epoch is None:
            raise NoOwner(f"shard {shard} has no owner here")
        (answer,) = await self.shell.ask([(shard, epoch, group, message, "")])
        return answer

    async def _post(self, out: Outgoing) -> Answer:
        shard = shard_of(out.to, self.journal.shards)
        return await self.shell.take_post(out, shard, self._epochs[shard])

    def _dispatch(self, entries: list[tuple[int, int, str, Dispatch]]) -> None:
        self._spawn(self._execute(encode_dispatches(entries)))

    async def _execute(self, batch: bytes) -> None:
        self.shell.results(decode_results(await self._executor.dispatch(batch, self.name)))

    async def _collect(self) -> None:
        while True:
            self.shell.results(decode_results(await self._executor.collect(self.name)))

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
