"""A Coordinator without Ray: its processes are objects here, its journal is the model."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from ray.exceptions import ActorDiedError

from runtime.catalogs import MemoryCatalogs
from runtime.cluster.coordinator import Coordinator
from runtime.cluster.fleet import Process
from runtime.cluster.leases import Renewal
from runtime.cluster.options import ClusterOptions
from runtime.errors import JournalAway, Superseded
from runtime.journal.contract import Fenced
from runtime.journal.model import AsyncModelJournal, ModelJournal

SHARDS = 8
LEASE_MS = 300


class FakeRegistry:
    """What the registry keeps, in memory."""

    def __init__(self, model: ModelJournal) -> None:
        self.kept: dict[str, list[str]] = {}
        self.away = False
        self.newest = 0
        self.catalogs = MemoryCatalogs()
        self._model = model

    async def remember(self, kind: str, names: Sequence[str]) -> None:
        self._answer()
        self.kept[kind] = list(names)

    async def remembered(self, kind: str) -> list[str]:
        self._answer()
        return list(self.kept.get(kind, ()))

    async def news(self) -> tuple[int, int]:
        self._answer()
        current = await self.catalogs.current()
        return self.newest, 0 if current is None else current.number

    def _answer(self) -> None:
        if self.away:
            raise JournalAway("the test says so")


class FakeJournal(AsyncModelJournal):
    """The model with a registry."""

    def __init__(self) -> None:
        super().__init__(ModelJournal(SHARDS))
        self.registry = FakeRegistry(self.model)
        self.catalogs = self.registry.catalogs

    async def new_coordinator(self) -> int:
        self.registry.newest = await super().new_coordinator()
        return self.registry.newest


class FakeActor:
    """A process: ``method.remote(…)`` answers, unless it hangs or is dead."""

    def __init__(self, name: str, world: "World") -> None:
        self.name = name
        self.world = world
        self.dead = asyncio.Event()
        self.death = ActorDiedError()
        self.awake = asyncio.Event()
        self.awake.set()
        self.held: dict[int, int] = {}
        self.newest = 0
        self.started = 0
        self.gate: dict[str, asyncio.Event] = {}
        """Methods that wait before they do anything."""

    def __getattr__(self, method: str) -> Any:
        class Call:
            @staticmethod
            def remote(*arguments: Any) -> Any:
                return self._answer(method, arguments)

        return Call

    async def _answer(self, method: str, arguments: tuple[Any, ...]) -> Any:
        if method == "until_dead":
            await self.dead.wait()
            raise self.death
        if (gate := self.gate.get(method)) is not None:
            await gate.wait()
        await self.awake.wait()
        if self.dead.is_set():
            raise self.death
        self.world.asked.append((self.name, method, arguments))
        return await {"start": self._start, "acquire": self._acquire, "release": self._release}[method](
            *arguments
        )

    async def _start(self) -> int:
        self.started += 1
        if self.world.cannot_start(self.name):
            raise ActorDiedError
        return 1

    async def _acquire(self, asked: list[tuple[int, int]], coordinator: int) -> list[tuple[int, int]]:
        self._obey(coordinator)
        refused = []
        for shard, epoch in asked:
            state = await self.world.journal.acquire(
                shard, epoch=epoch, owner=self.name, coordinator=coordinator
            )
            if isinstance(state, Fenced):
                refused.append((shard, state.epoch))
            else:
                self.held[shard] = epoch
        return refused

    async def _release(self, shards: list[int], coordinator: int) -> None:
        self._obey(coordinator)
        for shard in shards:
            self.held.pop(shard, None)

    def _obey(self, coordinator: int) -> None:
        if coordinator < self.newest:
            raise ActorDiedError from Superseded("by the test")
        self.newest = coordinator


class World:
    """A journal, processes by name, and hosts that renew at whoever is the Coordinator."""

    def __init__(self) -> None:
        self.journal = FakeJournal()
        self.actors: dict[str, FakeActor] = {}
        self.killed: list[str] = []
        self.asked: list[tuple[str, str, tuple[Any, ...]]] = []
        self.cannot_start: Callable[[str], bool] = lambda name: False
        self.coordinator: Coordinator
        self.all: list[Coordinator] = []
        self._renewing: asyncio.Task[None] | None = None

    # -- the fleet ----------------------------------------------------------------------------------------------

    def make(self, kind: str, name: str) -> Process:
        self.actors[name] = FakeActor(name, self)
        return Process(name, self.actors[name], self._kill)

    def find(self, name: str) -> Process | None:
        actor = self.actors.get(name)
        return None if actor is None or actor.dead.is_set() else Process(name, actor, self._kill)

    def _kill(self, actor: FakeActor) -> None:
        self.killed.append(actor.name)
        actor.dead.set()

    # -- Coordinators -------------------------------------------------------------------------------------------

    async def begin(self, *, hosts: int = 2, run: str = "this run") -> Coordinator:
        """Another Coordinator; those before it go on, unless they were ended."""
        options = ClusterOptions(
            data="", journal_url="", hosts=hosts, shards=SHARDS, lease_ms=LEASE_MS, run=run
        )

        async def connect(_: ClusterOptions) -> Any:
            return self.journal

        self.coordinator = Coordinator(options, fleet=self, connect=connect)
        self.all.append(self.coordinator)
        await self.coordinator.start()
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._renew())
        return self.coordinator

    @staticmethod
    async def end(coordinator: Coordinator) -> None:
        """kill -9 of a Coordinator: nothing of it goes on."""
        for task in coordinator._minding:
            task.cancel()
            await asyncio.wait({task})
        coordinator.staff.close()
        coordinator.assignment.close()
        await asyncio.sleep(0)

    async def close(self) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
        for coordinator in self.all:
            await self.end(coordinator)

    async def _renew(self) -> None:
        while True:
            for actor in list(self.actors.values()):
                if actor.name.startswith("Host") and actor.awake.is_set() and not actor.dead.is_set():
                    with contextlib.suppress(Superseded):
                        await self.renew(actor)
            await asyncio.sleep(LEASE_MS / 8_000)

    async def renew(self, actor: FakeActor) -> Renewal:
        """One renewal, as the host does it."""
        renewal = await self.coordinator.renew(actor.name, list(actor.held.items()))
        if not renewal.member:
            actor.dead.set()
        for shard, epoch in renewal.stale:
            if actor.held.get(shard) == epoch:
                del actor.held[shard]
        return renewal

    # -- what tests ask -----------------------------------------------------------------------------------------

    def owners(self) -> list[str]:
        """The table's owners."""
        return [owner.host for owner in self.coordinator.assignment.owners]

    def kept(self) -> bool:
        """Whether each shard's owner by the table lives and holds it under that epoch, and the journal agrees."""
        for shard, owner in enumerate(self.coordinator.assignment.owners):
            actor = self.actors.get(owner.host)
            if actor is None or actor.dead.is_set() or actor.held.get(shard) != owner.epoch:
                return False
            if self.journal.model.state(shard).epoch != owner.epoch:
                return False
        return self.coordinator.staff.complete

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what must come."""
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World()
    yield world
    await world.close()
