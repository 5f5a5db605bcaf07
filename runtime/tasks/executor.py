"""Carries out the tasks that hosts dispatch, and keeps nothing that the journal does not have.

A task that needs no waiting is answered in the reply to its own dispatch. The others go on by themselves, and their
host fetches the answers by a long poll. An executor may die at any time: what it had in hand is dispatched again under
the same key.
"""

import asyncio
import traceback
from collections import Counter, deque
from pathlib import Path
from typing import Any

import structlog

from actors.behaviour import Dispatch
from actors.messages import TaskResult
from runtime.tasks.driver import Drive
from runtime.tasks.handlers import Completed, Failed, Outcome, Task
from runtime.tasks.targets import Target, Targets
from runtime.tasks.wire import DispatchEntry, ResultEntry, decode_dispatches, encode_results

log = structlog.get_logger()

FLIGHTS_MAX = 50_000
"""Tasks that wait or go on at a time; beyond it a dispatch is let fall, and comes again when it is overdue."""
RESULTS_PER_HOST_MAX = 8_192
"""Results kept for a host that does not fetch them; the oldest go first and are made anew by the next dispatch."""
HOSTS_MAX = 1_024
"""Hosts that results are kept for: incarnations come and go, and the dead never say so."""
_WHY = {
    "breakerOpen": "{target} fails, so it is left alone until it works again",
    "paused": "{target} asked to be left alone for a while",
    "limited": "{target} takes no more at a time",
}
"""What a gate's reason says to people."""
COLLECT_S_MAX = 20.0
"""A poll without results ends after this, so that those of dead hosts do not gather."""


class _Flight:
    """A task that goes on after its dispatch was answered."""

    __slots__ = ("drive", "entry", "host", "task")

    def __init__(self, drive: Drive, entry: DispatchEntry, host: str) -> None:
        self.drive = drive
        self.entry = entry
        self.host = host
        self.task: asyncio.Task[None] | None = None


class _Box:
    """Results that wait for one host."""

    __slots__ = ("filled", "results")

    def __init__(self) -> None:
        self.results: deque[ResultEntry] = deque(maxlen=RESULTS_PER_HOST_MAX)
        self.filled = asyncio.Event()


class Executor:
    """One executor: as many tasks at a time as its targets bear."""

    def __init__(self, targets: Targets, name: str) -> None:
        self.targets = targets
        self.name = name
        self.counts: Counter[str] = Counter()
        """Since the start: ``taken``, ``stale`` (refused for their epoch), ``repeated`` (already in flight),
        ``overdue``, ``shed`` and ``uncollected``."""
        self._world = targets.world
        self._epochs: dict[int, int] = {}
        self._flights: dict[tuple[str, str, int], _Flight] = {}
        self._boxes: dict[str, _Box] = {}

    async def dispatch(self, batch: bytes, host: str) -> bytes:
        """Take (shard, epoch, order, dispatch) entries; answers the results of those that were done at once.

        A key in flight is not begun again: it goes on under the new dispatch and answers to the new host. An epoch
        below the highest seen of its shard is a stale owner's and refused without a word.
        """
        entries = decode_dispatches(batch)
        epochs, flights, named = self._epochs, self._flights, self.targets.named
        now, wall = self._world.clock(), self._world.wall_ms()
        done: list[ResultEntry] = []
        for entry in entries:
            shard, epoch, order, dispatch = entry
            highest = epochs.get(shard, -1)
            if epoch != highest:
                if epoch < highest:
                    self.counts["stale"] += 1
                    continue
                epochs[shard] = epoch
            deadline = now + (dispatch.until - wall) / 1_000
            if flights:
                flight = flights.get((order, dispatch.task, dispatch.generation))
                if flight is not None:
                    self.counts["repeated"] += 1
                    flight.entry, flight.host = entry, host
                    flight.drive.renew(attempt=dispatch.attempt, epoch=epoch, deadline=deadline)
                    continue
            result = self._begin(named(dispatch.target), entry, deadline, host)
            if result is not None:
                done.append((shard, epoch, order, result))
        self.counts["taken"] += len(entries)
        return _encoded(done)

    async def collect(self, host: str) -> bytes:
        """Results of this host's tasks that took their time: all that gathered, as soon as there is one.

        Ends with an empty batch when there is none for a while: ask again.
        """
        box = self._box(host)
        if not box.results:
            box.filled.clear()
            try:
                async with asyncio.timeout(COLLECT_S_MAX):
                    await box.filled.wait()
            except TimeoutError:
                return encode_results([])
        gathered = list(box.results)
        box.results.clear()
        return _encoded(gathered)

    @property
    def in_flight(self) -> int:
        """Tasks that wait or go on."""
        return len(self._flights)

    def status(self) -> dict[str, Any]:
        """Counts since the start, and the targets that make tasks wait, each with the reason."""
        waits = {
            target.name: {"reason": reason, "waiting": target.gate.waiting}
            for target in self.targets.made
            if (reason := target.gate.reason)
        }
        return {"inFlight": self.in_flight, **self.counts, "targets": waits}

    async def close(self) -> None:
        """End what is in flight and close connections."""
        tasks = [flight.task for flight in self._flights.values() if flight.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for flight in self._flights.values():
            flight.drive.abandon()  # cancelled before its first step
        self._flights.clear()
        await self.targets.close()

    def _begin(self, target: Target, entry: DispatchEntry, deadline: float, host: str) -> TaskResult | None:
        """Go as far as possible without waiting; None when the task is in flight now, or was let fall."""
        _, epoch, order, dispatch = entry
        task = Task(
            f"{order}/{dispatch.task}/{dispatch.generation}",
            order,
            dispatch.task,
            dispatch.generation,
            dispatch.target,
            dispatch.request,
        )
        try:
            drive = Drive(
                target, task, attempt=dispatch.attempt, epoch=epoch, deadline=deadline, world=self._world
            )
            outcome = drive.at_once()
        except Exception as fault:
            return _result(dispatch, self._broken(dispatch, fault))
        if outcome is not None:
            return _result(dispatch, outcome)
        if len(self._flights) >= FLIGHTS_MAX:
            self.counts["shed"] += 1
            drive.abandon()
            return None
        flight = _Flight(drive, entry, host)
        self._flights[order, dispatch.task, dispatch.generation] = flight
        drive.notify = lambda reason: self._tell_waiting(flight, reason)
        flight.task = asyncio.create_task(self._fly(flight))
        return None

    async def _fly(self, flight: _Flight) -> None:
        order, first = flight.entry[2], flight.entry[3]
        outcome: Outcome | None = None
        try:
            outcome = await flight.drive.rest()
        except Exception as fault:
            outcome = self._broken(first, fault)
        finally:
            del self._flights[order, first.task, first.generation]
        if outcome is None:
            self.counts["overdue"] += 1
            return
        self._put(flight, _result(flight.entry[3], outcome))

    def _tell_waiting(self, flight: _Flight, reason: str) -> None:
        dispatch = flight.entry[3]
        sentence = _WHY[reason].format(target=dispatch.target)
        self._put(flight, TaskResult(dispatch.task, dispatch.generation, "waiting", {}, reason, sentence))

    def _put(self, flight: _Flight, result: TaskResult) -> None:
        shard, epoch, order, _ = flight.entry
        box = self._box(flight.host)
        if len(box.results) == RESULTS_PER_HOST_MAX:
            self.counts["uncollected"] += 1
        box.results.append((shard, epoch, order, result))
        box.filled.set()

    def _box(self, host: str) -> _Box:
        box = self._boxes.pop(host, None)
        if box is None:
            box = _Box()
            if len(self._boxes) >= HOSTS_MAX:
                del self._boxes[next(iter(self._boxes))]
        self._boxes[host] = box
        return box

    def _broken(self, dispatch: Dispatch, fault: Exception) -> Failed:
        """A handler that raises is a bug of the handler's: the task is held, and the bug has a name."""
        # Where it was raised, never what the variables held: those are customers' data and the target's credentials.
        place = traceback.extract_tb(fault.__traceback__)[-1]
        log.error(
            "handler broken",
            executor=self.name,
            target=dispatch.target,
            task=dispatch.task,
            fault=f"{type(fault).__name__} in {Path(place.filename).name}:{place.lineno}",
        )
        return Failed(
            "handlerBroken", f"the handler of {dispatch.target} raised {type(fault).__name__}: {fault}"
        )


def _result(dispatch: Dispatch, outcome: Outcome) -> TaskResult:
    if type(outcome) is Completed:
        return TaskResult(dispatch.task, dispatch.generation, "completed", outcome.output)
    word = "failed" if type(outcome) is Failed else "pending"
    return TaskResult(dispatch.task, dispatch.generation, word, {}, outcome.code, outcome.message)  # type: ignore[union-attr]


def _encoded(results: list[ResultEntry]) -> bytes:
    try:
        return encode_results(results)
    except (TypeError, ValueError, OverflowError):
        return encode_results([_sendable(each) for each in results])


def _sendable(entry: ResultEntry) -> ResultEntry:
    """A result whose output cannot cross the wire becomes a failure that says so, instead of stopping its batch."""
    try:
        encode_results([entry])
    except (TypeError, ValueError, OverflowError) as error:
        shard, epoch, order, result = entry
        sentence = f"the output of task {result.task} cannot be written: {error}"
        return (
            shard,
            epoch,
            order,
            TaskResult(result.task, result.generation, "failed", {}, "outputUnusable", sentence),
        )
    return entry
