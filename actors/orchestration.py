"""The orchestration actor: the plan of tasks with their dependencies, and what is in flight.

State machine of a task: ``actors/states.py`` (``TASK``). A permanent failure is ``held`` and waits for a decision;
only that decision makes a task ``failed``.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from actors.behaviour import Decision, refused
from actors.events import (
    AnswerRecorded,
    DeadlineArmed,
    Event,
    LinePlanned,
    NeedMet,
    TaskCompleted,
    TaskFailed,
    TaskGivenUp,
    TaskHeld,
    TaskPending,
    TaskRedriven,
    TasksDispatched,
    TasksDropped,
)
from actors.inside import (
    DECOMPOSITION,
    DropTasks,
    HoldLine,
    LineEnded,
    Plan,
    StartLine,
    WorkMoved,
    line_address,
)
from actors.messages import AnyReply, Done, GiveUp, Message, Retry, TaskResult, TaskResults, TimerFired
from actors.rollup import roll_up
from actors.states import State
from catalog.lines import TaskPlan

S = State
DEADLINE = "deadline"
"""The group's one timer for overdue answers: armed for the earliest of them, checked when it fires."""
ATTEMPTS_MAX = 3
"""How often a task is dispatched before silence is a fallout. Every attempt carries the same effect key."""


class Task(msgspec.Struct):
    """One piece of work at one target."""

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
    changes: dict[str, Any] = {}
    """Request values an operator replaced."""
    output: dict[str, Any] = {}
    code: str = ""
    message: str = ""


class Orchestration(msgspec.Struct):
    """What the orchestration actor holds: every task by key."""

    tasks: dict[str, Task] = {}
    work: dict[str, tuple[str, ...]] = {}
    """Task keys by domain order."""
    open: int = 0
    """How many tasks are dispatched and unanswered."""
    troubled: int = 0
    """How many tasks are held or pending."""
    armed: int = 0
    """When the deadline timer fires (0: not set); never later than the earliest ``until`` of an open task."""
    waiting: dict[str, tuple[str, ...]] = {}
    """Lines that may not start yet, with the lines each still needs."""


def line_of(domain_order: str) -> str:
    """The line a domain order was made for, from its key."""
    return domain_order.rpartition(".")[0]


class _Plan:
    """The tasks as they will stand after the events decided so far: a scratch view over the state."""

    def __init__(self, state: Orchestration, now: int) -> None:
        self.state = state
        self.now = now
        self.events: list[Event] = []
        self.moved: dict[str, State] = {}
        self.touched: dict[str, None] = {}
        self.ready: list[str] = []
        self.troubled = state.troubled
        self.due = 0

    def standing(self, key: str) -> State:
        return self.moved.get(key) or self.state.tasks[key].state

    def move(self, task: Task, after: State) -> None:
        before = self.standing(task.key)
        self.troubled += (after in (S.HELD, S.PENDING)) - (before in (S.HELD, S.PENDING))
        self.moved[task.key] = after
        self.touched[task.domain_order] = None

    def completed(self, task: Task) -> None:
        self.move(task, S.COMPLETED)
        tasks = self.state.tasks
        for key in task.feeds:
            if self.standing(key) is S.ACKNOWLEDGED and all(
                self.standing(needed) is S.COMPLETED for needed in tasks[key].needs
            ):
                self.ready.append(key)

    def drop_behind(self, task: Task) -> None:
        dropped: dict[str, None] = {}
        ways = [task.key]
        while ways:
            for key in self.state.tasks[ways.pop()].feeds:
                if key not in dropped and self.standing(key) is S.ACKNOWLEDGED:
                    dropped[key] = None
                    ways.append(key)
        self.drop(dropped)

    def drop(self, keys: Iterable[str]) -> None:
        dropped = tuple(keys)
        if dropped:
            self.events.append(TasksDropped(dropped))
            for key in dropped:
                self.move(self.state.tasks[key], S.CANCELLED)

    def dispatch(self, keys: Iterable[str]) -> list[str]:
        going = list(keys)
        if going:
            tasks = self.state.tasks
            until = tuple(self.now + tasks[key].timeout_ms for key in going)
            self.events.append(TasksDispatched(tuple(going), until))
            self.due = min(until)
            for key in going:
                self.move(tasks[key], S.IN_PROGRESS)
        return going

    def work_moved(self) -> WorkMoved:
        """Where every domain order that may have moved stands now."""
        domain_orders = self.touched
        if self.troubled or self.state.troubled:
            lines = {line_of(key) for key in self.touched}
            domain_orders = dict.fromkeys(key for key in self.state.work if line_of(key) in lines)
        stuck = self._stuck() if self.troubled else {}
        return WorkMoved(tuple((key, self._standing_of(key, stuck)) for key in domain_orders))

    def _stuck(self) -> dict[str, State]:
        """Tasks that cannot move, with the state of the one they stand behind; ``pending`` outranks ``held``."""
        stuck: dict[str, State] = {}
        for cause in (S.PENDING, S.HELD):
            ways = [key for key in self.state.tasks if self.standing(key) is cause]
            while ways:
                for key in self.state.tasks[ways.pop()].feeds:
                    if key not in stuck:
                        stuck[key] = cause
                        ways.append(key)
        return stuck

    def _standing_of(self, domain_order: str, stuck: dict[str, State]) -> State:
        states = [(self.standing(key), stuck.get(key)) for key in self.state.work[domain_order]]
        started = any(state is not S.ACKNOWLEDGED for state, _ in states)
        movable = any(state is S.ACKNOWLEDGED and cause is None for state, cause in states)
        tally: dict[State, int] = {}
        for state, cause in states:
            if state is S.ACKNOWLEDGED and cause is not None and started and not movable:
                state = cause
            tally[state] = tally.get(state, 0) + 1
        return roll_up(tally, started=started, movable=movable, wished=False)


class OrchestrationActor:
    """Decides which tasks go out, and what their answers mean for the plan."""

    def decide(self, state: Orchestration, message: Message, now: int) -> Decision:
        """Decide one message. ``now`` is in milliseconds since 1970 UTC."""
        if isinstance(message, TaskResults):
            return self._results(state, message.results, now)
        if isinstance(message, TaskResult):
            return self._results(state, (message,), now)
        if isinstance(message, Plan):
            return self._plan(state, message, now)
        if isinstance(message, LineEnded):
            return self._line_ended(state, message, now)
        if isinstance(message, StartLine):
            plan = _Plan(state, now)
            plan.events.append(NeedMet(message.line, ""))
            return self._decision(plan, plan.dispatch(self._roots(state, message.line)))
        if isinstance(message, DropTasks):
            plan = _Plan(state, now)
            plan.drop(
                key
                for key, task in state.tasks.items()
                if line_of(task.domain_order) == message.line and task.state is S.ACKNOWLEDGED
            )
            return self._decision(plan, [])
        if isinstance(message, Retry):
            return self._retry(state, message, now)
        if isinstance(message, GiveUp):
            return self._give_up(state, message, now)
        if isinstance(message, TimerFired):
            return self._overdue(state, now)
        return refused("unknownMessage", f"the orchestration does not understand {type(message).__name__}")

    @staticmethod
    def _roots(state: Orchestration, line: str) -> list[str]:
        return [
            key
            for key, task in state.tasks.items()
            if not task.needs and task.state is S.ACKNOWLEDGED and line_of(task.domain_order) == line
        ]

    def _plan(self, state: Orchestration, message: Plan, now: int) -> Decision:
        events: list[Event] = []
        ready: list[TaskPlan] = []
        for line, tasks in message.lines:
            events.append(LinePlanned(line, tasks))
            if line not in state.waiting:
                ready += [task for task in tasks if not task.needs]
        if not ready:
            return Decision(events=events)
        going = tuple(task.key for task in ready)
        until = tuple(now + task.timeout_ms for task in ready)
        events.append(TasksDispatched(going, until))
        started = dict.fromkeys(task.domain_order for task in ready)
        moved = WorkMoved(tuple((key, S.IN_PROGRESS) for key in started))
        decision = Decision(events=events, inside=[(DECOMPOSITION, moved)], dispatch=list(going))
        _arm(decision, state.armed, min(until))
        return decision

    def _results(self, state: Orchestration, results: tuple[TaskResult, ...], now: int) -> Decision:
        plan = _Plan(state, now)
        stale: str | None = None
        for result in results:
            task = state.tasks.get(result.task)
            if task is None:
                stale = f"there is no task {result.task}"
            elif result.generation > task.generation:
                stale = f"task {task.key} has never had a generation {result.generation}"
            elif result.generation < task.generation:
                plan.events.append(AnswerRecorded(task.key, result.generation, result.outcome, result.output))
            elif plan.standing(task.key) is S.IN_PROGRESS:
                self._apply(plan, task, result)
        if stale and not plan.events:
            return refused("unknownTask", stale)
        return self._decision(plan, plan.dispatch(plan.ready), reply=Done(""))

    @staticmethod
    def _apply(plan: _Plan, task: Task, result: TaskResult) -> None:
        if result.outcome == "completed":
            plan.events.append(TaskCompleted(task.key, result.output))
            plan.completed(task)
        elif result.outcome == "pending":
            plan.events.append(TaskPending(task.key, result.code or "informationRequired", result.message))
            plan.move(task, S.PENDING)
        else:
            plan.events.append(TaskHeld(task.key, result.code or "failed", result.message))
            plan.move(task, S.HELD)

    def _retry(self, state: Orchestration, message: Retry, now: int) -> Decision:
        task = state.tasks.get(message.target)
        if task is None:
            return refused("unknownTarget", f"the order has no task or line {message.target!r}")
        if task.state not in (S.HELD, S.PENDING):
            return refused(
                "taskNotHeld", f"task {task.key} is {task.state}: only a held or pending task is retried"
            )
        plan = _Plan(state, now)
        generation = task.generation + (1 if message.changes else 0)
        plan.events.append(TaskRedriven(task.key, generation, message.changes or {}))
        return self._decision(plan, plan.dispatch([task.key]), reply=Done(S.IN_PROGRESS))

    def _give_up(self, state: Orchestration, message: GiveUp, now: int) -> Decision:
        task = state.tasks.get(message.target)
        if task is None:
            return refused("unknownTarget", f"the order has no task or line {message.target!r}")
        if task.state not in (S.HELD, S.PENDING):
            return refused(
                "taskNotHeld", f"task {task.key} is {task.state}: only a held or pending task is given up"
            )
        plan = _Plan(state, now)
        plan.events.append(TaskGivenUp(task.key, message.reason))
        plan.events.append(TaskFailed(task.key))
        plan.move(task, S.FAILED)
        plan.drop_behind(task)
        return self._decision(plan, [], reply=Done(S.FAILED))

    def _overdue(self, state: Orchestration, now: int) -> Decision:
        plan = _Plan(state, now)
        again: list[str] = []
        for task in state.tasks.values():
            if task.state is not S.IN_PROGRESS or task.until > now:
                continue
            if task.attempt < ATTEMPTS_MAX:
                again.append(task.key)
            else:
                sentence = f"{task.target} did not answer {task.name} after {task.attempt} attempts"
                plan.events.append(TaskHeld(task.key, "noAnswer", sentence))
                plan.move(task, S.HELD)
        dispatched = plan.dispatch(again)
        left = [t.until for t in state.tasks.values() if t.state is S.IN_PROGRESS and t.until > now]
        left += [now + state.tasks[key].timeout_ms for key in again]
        decision = self._decision(plan, dispatched)
        decision.events = [e for e in decision.events if not isinstance(e, DeadlineArmed)]
        decision.events.append(DeadlineArmed(min(left, default=0)))
        decision.timers = [(DEADLINE, min(left, default=None))]
        return decision

    def _line_ended(self, state: Orchestration, message: LineEnded, now: int) -> Decision:
        """Lines whose last need was met start; a need that ended otherwise holds the line."""
        plan = _Plan(state, now)
        roots: list[str] = []
        holds: list[tuple[str, Message]] = []
        for line, needs in state.waiting.items():
            if message.line not in needs:
                continue
            if message.state is S.COMPLETED:
                plan.events.append(NeedMet(line, message.line))
                if needs == (message.line,):
                    roots += self._roots(state, line)
            else:
                reason = f"line {message.line}, which it needs, ended {message.state}"
                holds.append((line_address(line), HoldLine("neededLineEnded", reason)))
        decision = self._decision(plan, plan.dispatch(roots))
        decision.inside += holds
        return decision

    @staticmethod
    def _decision(plan: _Plan, dispatched: list[str], reply: AnyReply | None = None) -> Decision:
        inside: list[tuple[str, Message]] = []
        if plan.touched:
            moved = plan.work_moved()
            if moved.states:
                inside.append((DECOMPOSITION, moved))
        decision = Decision(events=plan.events, inside=inside, dispatch=dispatched, reply=reply)
        if dispatched:
            _arm(decision, plan.state.armed, plan.due)
        return decision


def _arm(decision: Decision, armed: int, due: int) -> None:
    """Set the deadline timer if none fires early enough."""
    if not armed or due < armed:
        decision.events.append(DeadlineArmed(due))
        decision.timers.append((DEADLINE, due))
