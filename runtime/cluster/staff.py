"""Who works for a system, and how many there should be: processes are started, watched, missed and sent away here.

Hosts live by their leases. Executors and gateways hold nothing, so that they are only asked now and then whether they
still answer; one that does not is ended, for a process that hangs would keep its tasks and its port.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import structlog

from runtime.cluster.fleet import START_TIMEOUT_S, Fleet, Gone, Process
from runtime.cluster.leases import LeaseBook
from runtime.cluster.names import NAMES
from runtime.errors import JournalAway
from runtime.journal.registry import Registry

log = structlog.get_logger()
RETRY_S: Final = 1.0
SILENT_TIMES: Final = 2
"""How many questions in a row an executor or gateway may leave unanswered, each for as long as a lease."""
KINDS: Final = ("hosts", "executors", "gateways")


class Staff:
    """All processes of one Coordinator. ``changed`` is told whenever somebody comes or goes."""

    def __init__(
        self,
        fleet: Fleet,
        registry: Registry,
        coordinator: int,
        wanted: dict[str, int],
        lease_ms: int,
        changed: Callable[[], None],
    ) -> None:
        self.wanted = wanted
        self.present: dict[str, dict[str, Process]] = {kind: {} for kind in KINDS}
        self.leases = LeaseBook(lease_ms)
        self.last_failure = ""
        """What kept the last process that did not start from starting, for whoever waits for it."""
        self._fleet = fleet
        self._registry = registry
        self._coordinator = coordinator
        self._lease_s = lease_ms / 1000
        self._changed = changed
        self._number = dict.fromkeys(KINDS, 0)
        self._starting: dict[str, set[str]] = {kind: set() for kind in KINDS}
        self._open = asyncio.Event()
        """Set while gateways would find owners: until then they are made, which takes longest, and not started."""
        self._gone: set[str] = set()
        """Hosts that were declared gone: one that comes back must not count as living again."""
        self._tasks: set[asyncio.Task[None]] = set()

    # -- who is there -------------------------------------------------------------------------------------------

    @property
    def hosts(self) -> dict[str, Process]:
        """The living hosts."""
        return self.present["hosts"]

    async def take_over(self, owners: Sequence[str]) -> None:
        """Adopt what an earlier Coordinator has left: the owners of shards, and all it had remembered.

        :raises JournalAway: when the journal does not tell.
        """
        named = {kind: await self._registry.remembered(kind) for kind in KINDS}
        named["hosts"] = sorted({*named["hosts"], *owners})
        for kind, names in named.items():
            for name in names:
                if name not in self.present[kind] and (process := self._fleet.find(name)) is not None:
                    self._adopt(kind, process)
                    # It may have been made and not started before that Coordinator ended; a second start does nothing.
                    self._spawn(self._start(kind, process))

    def renewed(self, host: str) -> bool:
        """A host renews its lease. False: it was declared gone, its shards are elsewhere."""
        if host in self._gone:
            return False
        if host not in self.hosts:
            process = self._fleet.find(host)
            if process is None:
                return False
            self._adopt("hosts", process)
        self.leases.hear(host, time.monotonic())
        return True

    def expire(self, now: float) -> None:
        """Declare those hosts gone that were silent for longer than their lease."""
        for host in self.leases.expired(now):
            self._lose("hosts", host, "was silent for longer than its lease")

    def forgive(self, now: float) -> None:
        """We have not listened for a while: nobody's silence counts."""
        for host in self.leases.members():
            self.leases.hear(host, now)

    # -- how many there should be -------------------------------------------------------------------------------

    async def scale(self, run: str, wanted: dict[str, int]) -> None:
        """Other numbers; they outlive this Coordinator, not this run of ``up``.

        :raises JournalAway: they are not recorded, nothing changes.
        """
        numbers = self.wanted | {
            kind: number for kind, number in wanted.items() if kind in KINDS and number > 0
        }
        await self._registry.remember("wanted", [run, *(f"{kind}={numbers[kind]}" for kind in KINDS)])
        self.wanted.update(numbers)

    @property
    def complete(self) -> bool:
        """Whether everybody who is wanted is there."""
        return all(len(self.present[kind]) >= self.wanted[kind] for kind in KINDS)

    @property
    def leaving(self) -> list[str]:
        """Hosts that are too many: they stay until they own nothing."""
        return list(self.hosts)[self.wanted["hosts"] :]

    def populate(self, owners: set[str], *, gateways: bool) -> None:
        """Start who is missing, send away who is too many. ``gateways``: whether they would find anyone yet."""
        if gateways:
            self._open.set()
        else:
            self._open.clear()
        for kind in KINDS:
            for _ in range(self.wanted[kind] - len(self.present[kind]) - len(self._starting[kind])):
                self._number[kind] += 1
                name = NAMES[kind](self._coordinator, self._number[kind])
                self._starting[kind].add(name)
                self._spawn(self._hire(kind, name))
        for kind in KINDS:
            for name in list(self.present[kind])[self.wanted[kind] :]:
                if kind != "hosts" or name not in owners:
                    self._lose(kind, name, "is not wanted any more")

    def close(self) -> None:
        """Leave everybody as they are, and mind them no more."""
        for task in self._tasks:
            task.cancel()

    # -- coming and going ---------------------------------------------------------------------------------------

    async def _hire(self, kind: str, name: str) -> None:
        try:
            # Remembered before it is made: a Coordinator that ends here leaves nobody behind that no one knows of.
            await self._registry.remember(kind, [*self.present[kind], *self._starting[kind]])
            process = self._fleet.make(kind, name)
            if kind == "gateways":
                await self._open.wait()
            if not await self._start(kind, process):
                await asyncio.sleep(RETRY_S)
            elif name not in self.present[kind]:  # a host that renewed its lease meanwhile is there already
                self._adopt(kind, process)
        except (JournalAway, ValueError) as failed:
            log.error("not made", name=name, reason=str(failed))
            await asyncio.sleep(RETRY_S)
        finally:
            self._starting[kind].discard(name)

    async def _start(self, kind: str, process: Process) -> bool:
        """Start it; one that cannot be started is ended, or it would stay for ever."""
        try:
            await process.ask("start", timeout_s=START_TIMEOUT_S)
        except Gone as failed:
            log.error("not started", name=process.name, reason=str(failed))
            self.last_failure = f"{process.name} did not start: {failed}"
            self._lose(kind, process.name, "did not start")
            process.end()
            return False
        log.info("started", name=process.name)
        return True

    def _adopt(self, kind: str, process: Process) -> None:
        self.present[kind][process.name] = process
        if kind == "hosts":
            self.leases.hear(process.name, time.monotonic())
        else:
            self._spawn(self._ask_after(kind, process))
        self._spawn(self._bury(kind, process))
        self._changed()

    async def _bury(self, kind: str, process: Process) -> None:
        """Take Ray's word for the death of a process; for that of a node it counts from the end of the lease only."""
        node = await process.died()
        if node and kind == "hosts":
            self._gone.add(process.name)
            log.warning("host lost with its node", host=process.name)
        else:
            self._lose(kind, process.name, "died")

    async def _ask_after(self, kind: str, process: Process) -> None:
        silent = 0
        while silent < SILENT_TIMES:
            await asyncio.sleep(self._lease_s / 4)
            try:
                await process.ask("start", timeout_s=self._lease_s)
                silent = 0
            except Gone:
                if process.lost.is_set():
                    return
                silent += 1
        self._lose(kind, process.name, "does not answer")

    def _lose(self, kind: str, name: str, why: str) -> None:
        process = self.present[kind].pop(name, None)
        if process is None:
            return
        log.warning("process lost", name=name, reason=why)
        if kind == "hosts":
            self._gone.add(name)
            self.leases.forget(name)
        process.end()
        self._changed()

    def _spawn(self, work: Coroutine[Any, Any, bool | None]) -> None:
        task: asyncio.Task[Any] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def wanted_of(remembered: Sequence[str]) -> dict[str, int]:
    """The numbers that :meth:`Staff.scale` recorded."""
    return {kind: int(number) for kind, _, number in (line.partition("=") for line in remembered) if number}
