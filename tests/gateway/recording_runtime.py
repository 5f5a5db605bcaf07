"""A runtime in one process for the gateway's tests: the real behaviours over the model journal, one commit a message.

It has none of the kernel's batching and recovery, which other tests are about; what it commits is what a host commits.
"""

import asyncio
import time
from collections.abc import Sequence
from itertools import count
from typing import Any

import msgspec

from actors.group import OrderGroupKind, reply_of
from actors.installed_group import InstalledProductKind
from actors.installed_product import Installed
from actors.messages import AnyMessage, AnyReply, TaskResult, TaskResults
from actors.structure import OrderGroup
from catalog.store import Catalogs, sample_catalogs
from runtime.catalog_shelf import CatalogShelf
from runtime.catalogs import MemoryCatalogs
from runtime.cluster.autoscale import Setting
from runtime.errors import OrderloomError
from runtime.journal.contract import Commit, Committed
from runtime.journal.frames import Record, encode_frame
from runtime.journal.index import EVERY, entry
from runtime.journal.model import AsyncModelJournal, ModelJournal
from runtime.port import shard_of

SHARDS = 8


class WaitingJournal(AsyncModelJournal):
    """The model, waiting for new frames as the contract says."""

    async def follow(self, positions: dict[int, int], *, block_ms: int) -> list[tuple[int, int, bytes]]:
        end = time.monotonic() + block_ms / 1000
        while not (found := self.model.follow(positions)) and time.monotonic() < end:
            await asyncio.sleep(0.002)
        return found


class RecordingRuntime:
    """See :class:`runtime.port.Runtime`. ``fail`` raises for every message; ``gate`` holds replies back."""

    def __init__(self) -> None:
        self.model = ModelJournal(SHARDS)
        self.journal = WaitingJournal(self.model)
        self.catalogs = sample_catalogs()
        self.kind = OrderGroupKind(self.catalogs)
        self.shelf = CatalogShelf(MemoryCatalogs(self.catalogs.current), self.use, self.catalogs)
        self.products = InstalledProductKind()
        self.groups: dict[str, OrderGroup] = {}
        self.installed: dict[str, Installed] = {}
        self.messages: list[tuple[str, AnyMessage]] = []
        self.products_read: list[int] = []
        """How many installed products were asked for at once, each time."""
        self.fail: OrderloomError | None = None
        self.room = True
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = self.waiting_max = 0
        self._sequence: dict[str, int] = {}
        self._commit = count(1)
        for shard in range(SHARDS):
            self.model.acquire(shard, epoch=1, owner="test", coordinator=1)

    def use(self, catalogs: Catalogs) -> None:
        self.catalogs = catalogs
        self.kind.use(catalogs)

    async def send(self, group: str, message: AnyMessage) -> AnyReply:
        self.waiting += 1
        self.waiting_max = max(self.waiting, self.waiting_max)
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
            return self.handle(group, message)
        finally:
            self.waiting -= 1

    def handle(self, group: str, message: AnyMessage, at: int | None = None) -> AnyReply:
        if self.fail is not None:
            raise self.fail
        self.messages.append((group, message))
        now = time.time_ns() // 1_000_000 if at is None else at
        before = self.groups.get(group)
        entries = self._entries(group, before)
        state, decision = self.kind.handle(group, before, message, now)
        if decision.events and state is not None:
            self.groups[group] = state
            sequence = self._sequence[group] = self._sequence.get(group, 0) + 1
            events = msgspec.Raw(msgspec.msgpack.encode(decision.events))
            record = Record(group, sequence, now, getattr(message, "by", ""), events)
            after = self._entries(group, state)
            self._append(shard_of(group, SHARDS), now, [record], after - entries, entries - after)
        return reply_of(decision)

    def answer(self, group: str, outcome: str = "completed", code: str = "", message: str = "") -> AnyReply:
        """Let every task that is out be answered."""
        open_work = self.kind.open_work(self.groups[group])
        tasks = self.groups[group].orchestration.tasks
        results = [TaskResult(key, tasks[key].generation, outcome, {}, code, message) for key in open_work]
        return self.handle(group, TaskResults(tuple(results)))

    def complete(self, group: str) -> None:
        while self.kind.open_work(self.groups[group]):
            self.answer(group)

    async def read(self, groups: Sequence[str]) -> list[OrderGroup | None]:
        if self.fail is not None:
            raise self.fail
        return [self.groups.get(group) for group in groups]

    async def read_products(self, products: Sequence[str]) -> list[Installed | None]:
        self.products_read.append(len(products))
        if self.fail is not None:
            raise self.fail
        return [self.installed.get(product) for product in products]

    async def full_disk(self) -> str:
        return "" if self.room else "/data"

    async def status(self, *, new_window: bool = False) -> dict[str, Any]:
        return {"pids": {}}

    async def scale(
        self, *, hosts: int | None, executors: int | None, gateways: int | None
    ) -> dict[str, Any]:
        return {"hosts": hosts or 1, "executors": executors or 1, "gateways": gateways or 1}

    async def autoscale(self, setting: Setting) -> dict[str, Any]:
        return {"mode": setting.mode, "advice": None}

    def _entries(self, group: str, state: OrderGroup | None) -> set[bytes]:
        if state is None:
            return set()
        date, attributes = self.kind.index(state)
        return {entry(*(pair if pair[0] else EVERY), date, group) for pair in attributes}

    def _append(
        self, shard: int, now: int, records: list[Record], add: set[bytes], remove: set[bytes]
    ) -> None:
        verdict = self.model.commit_one(
            Commit(
                shard=shard,
                epoch=1,
                expected=self.model.state(shard).position,
                commit_id=next(self._commit).to_bytes(8, "big"),
                frame=encode_frame(now, records),
                index_add=tuple(add),
                index_remove=tuple(remove),
            )
        )
        assert isinstance(verdict, Committed)
