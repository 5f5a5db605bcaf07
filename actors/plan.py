"""A plan: the tasks of an order with their dependencies, and how it will stand after what is being decided."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from actors.events import TasksDispatched, TasksDropped
from actors.fact import Event
from actors.rollup import roll_up
from actors.states import S, State

_NOTHING: Final[dict[str, Any]] = {}


def _nothing() -> dict[str, Any]:
    """One empty dict for all tasks: they are replaced as a whole, never changed in place, and most stay empty."""
    return _NOTHING


class Task(msgspec.Struct):
    """One piece of work at one target. Instants are milliseconds since 1970 UTC, 0 = none."""

    key: str
    name: str
    domain_order: str
    target: str
    needs: tuple[str, ...]
    duration_ms: int
    timeout_ms: int
    state: State
    since: int
    generation: int = 1
    attempt: int = 0
    until: int = 0
    """When the answer to the dispatch under way is due at the latest."""
    feeds: tuple[str, ...] = ()
    """Tasks that need this one."""
    changes: dict[str, Any] = msgspec.field(default_factory=_nothing)
    """Request values an operator replaced."""
    output: dict[str, Any] = msgspec.field(default_factory=_nothing)
    code: str = ""
    message: str = ""
    waits: str = ""
    """Why the dispatch under way has not been put to the target; it spends no attempt."""


class Orchestration(msgspec.Struct):
    """What the orchestration actor holds: every task by key, and which lines may not start yet."""

    tasks: dict[str, Task] = {}
    work: dict[str, dict[str, tuple[str, ...]]] = {}
    """Line -> domain order -> its task keys. Tasks need each other within one line, and by way of what is shared."""
    open: int = 0
    """How many tasks are dispatched and unanswered."""
    troubled: int = 0
    """How many tasks are held or pending."""
    armed: int = 0
    """When the deadline timer fires (0: not set); never later than the earliest ``until`` of an open task."""
    waiting: dict[str, tuple[str, ...]] = {}
    """Lines that may not start yet, with the lines each still needs; empty for one that is only blocked."""
    blocked: dict[str, tuple[str, ...]] = {}
    """Lines that need lines which ended without success, until someone decides: a subset of ``waiting``."""
    needed_by: dict[str, tuple[str, ...]] = {}
    """Line -> lines that need it."""
    shared: dict[str, tuple[str, ...]] = {}
    """Shared domain order -> the lines that refer to it. Their tasks stand in ``work`` under ""."""
    linked: dict[str, tuple[str, ...]] = {}
    """Line -> lines whose tasks need its tasks, or the other way round: only where something is shared."""
    gives: dict[str, tuple[tuple[str, str], ...]] = {}
    """Task -> (output, characteristic): what its result brings for its domain order."""
    frozen: dict[str, dict[str, Any]] = {}
    """Task -> the characteristics it was asked with, where its domain order has others by now."""


def line_of(domain_order: str) -> str:
    """The line a domain order was made for, from its key."""
    return domain_order.rpartition(".")[0]


class Outlook:
    """The tasks as they will stand after the events decided so far: a scratch view over the state."""

    __slots__ = ("due", "events", "moved", "now", "ready", "state", "touched", "troubled")

    def __init__(self, state: Orchestration, now: int) -> None:
        self.state = state
        self.now = now
        self.events: list[Event] = []
        self.moved: dict[str, State] = {}
        self.touched: dict[str, None] = {}
        """Domain orders of tasks that moved."""
        self.ready: dict[str, None] = {}
        """Tasks whose last need was met."""
        self.troubled = state.troubled
        self.due = 0

    def standing(self, key: str) -> State:
        """Where a task will stand."""
        return self.moved.get(key) or self.state.tasks[key].state

    def move(self, task: Task, after: State) -> None:
        """Book that a task walks an arc."""
        key = task.key
        before = self.moved.get(key) or task.state
        if before is S.HELD or before is S.PENDING:
            self.troubled -= 1
        if after is S.HELD or after is S.PENDING:
            self.troubled += 1
        self.moved[key] = after
        self.touched[task.domain_order] = None

    def completed(self, task: Task) -> None:
        """Book a completion and find what became ready by it."""
        self.move(task, S.COMPLETED)
        for key in task.feeds:
            if self.standing(key) is S.ACKNOWLEDGED:
                for needed in self.state.tasks[key].needs:
                    if self.standing(needed) is not S.COMPLETED:
                        break
                else:
                    self.ready[key] = None

    def drop_behind(self, task: Task) -> None:
        """Drop everything that needs this task, directly or by way of others."""
        dropped: dict[str, None] = {}
        ways = [task.key]
        while ways:
            for key in self.state.tasks[ways.pop()].feeds:
                if key not in dropped and self.standing(key) is S.ACKNOWLEDGED:
                    dropped[key] = None
                    ways.append(key)
        self.drop(dropped)

    def drop(self, keys: Iterable[str]) -> None:
        """Drop tasks that never started."""
        dropped = tuple(keys)
        if dropped:
            self.events.append(TasksDropped(dropped))
            for key in dropped:
                self.move(self.state.tasks[key], S.CANCELLED)

    def dispatch(self, keys: Iterable[str]) -> list[str]:
        """Send tasks out; gives their keys."""
        going = list(keys)
        if going:
            tasks, now = self.state.tasks, self.now
            until = tuple([now + tasks[key].timeout_ms for key in going])
            self.events.append(TasksDispatched(tuple(going), until))
            self.due = min(until)
            for key in going:
                self.move(tasks[key], S.IN_PROGRESS)
        return going

    def roots(self, line: str) -> list[str]:
        """The tasks a line begins with, those of what it shares among them."""
        state = self.state
        keys = self.of_line(line)
        if state.shared:
            keys += [
                key
                for shared, lines in state.shared.items()
                if line in lines
                for key in state.work.get("", {}).get(shared, ())
            ]
        return [key for key in keys if self.is_free(key)]

    def is_free(self, key: str) -> bool:
        """Whether a task waits for nothing but to be dispatched; whether its line may start is not asked."""
        task = self.state.tasks[key]
        return self.standing(key) is S.ACKNOWLEDGED and all(
            self.standing(need) is S.COMPLETED for need in task.needs
        )

    def startable(self, keys: Iterable[str]) -> list[str]:
        """Those of these tasks whose line may start; what is shared starts with the first of its lines."""
        state = self.state
        if not state.shared or not state.waiting:
            return list(keys)
        return [key for key in keys if self._may_start(state.tasks[key].domain_order)]

    def _may_start(self, domain_order: str) -> bool:
        line = line_of(domain_order)
        lines = (line,) if line else self.state.shared.get(domain_order, ())
        return any(each not in self.state.waiting for each in lines)

    def of_line(self, line: str) -> list[str]:
        """Every task of a line."""
        return [key for keys in self.state.work.get(line, {}).values() for key in keys]

    def domain_orders(self) -> tuple[tuple[str, State], ...]:
        """Where every domain order that may have moved stands now."""
        if not (self.troubled or self.state.troubled):
            return tuple([(key, self._standing_of(key, {})) for key in self.touched])
        # Trouble in one domain order holds up those behind it, anywhere in the line.
        standing: list[tuple[str, State]] = []
        lines = dict.fromkeys(map(line_of, self.touched))
        for together in self._together(lines) if self.state.linked else [[line] for line in lines]:
            stuck = self._stuck(together)
            standing += [
                (key, self._standing_of(key, stuck)) for line in together for key in self.state.work[line]
            ]
        return tuple(standing)

    def _together(self, lines: Iterable[str]) -> list[list[str]]:
        """Lines that may hold each other up by what they share."""
        found: list[list[str]] = []
        seen: set[str] = set()
        for line in lines:
            ways, together = [line], []
            while ways:
                each = ways.pop()
                if each not in seen:
                    seen.add(each)
                    if each in self.state.work:
                        together.append(each)
                    ways += self.state.linked.get(each, ())
            if together:
                found.append(together)
        return found

    def _stuck(self, lines: Iterable[str]) -> dict[str, State]:
        """Tasks that cannot move, with the state of the one they stand behind; ``pending`` outranks ``held``."""
        stuck: dict[str, State] = {}
        keys = [key for line in lines for key in self.of_line(line)]
        for cause in (S.PENDING, S.HELD):
            ways = [key for key in keys if self.standing(key) is cause]
            while ways:
                for key in self.state.tasks[ways.pop()].feeds:
                    if key not in stuck:
                        stuck[key] = cause
                        ways.append(key)
        return stuck

    def _standing_of(self, domain_order: str, stuck: dict[str, State]) -> State:
        keys = self.state.work[line_of(domain_order)][domain_order]
        if len(keys) == 1 and not stuck:
            return self.standing(keys[0])
        return standing_of_tasks([(self.standing(key), stuck.get(key)) for key in keys])


def standing_of_tasks(tasks: list[tuple[State, State | None]]) -> State:
    """A domain order's state from its tasks, each with what it stands behind (None: it can move)."""
    tally: dict[State, int] = {}
    movable = False
    causes: list[State] = []
    for state, cause in tasks:
        if state is S.ACKNOWLEDGED and cause is not None:
            causes.append(cause)
        else:
            tally[state] = tally.get(state, 0) + 1
            movable |= state is S.ACKNOWLEDGED
    started = not tally.keys() <= {S.ACKNOWLEDGED}
    for cause in causes:
        # What stands behind trouble shows that trouble once work began here; before that it only waits.
        after = cause if started and not movable else S.ACKNOWLEDGED
        tally[after] = tally.get(after, 0) + 1
    return roll_up(tally, started=started, movable=movable, wished=False)
