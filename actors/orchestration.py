"""The orchestration actor: the plan of tasks with their dependencies, and what is in flight.

State machine of a task: ``actors/states.py`` (``TASK``). A permanent failure is ``held`` and waits for a decision;
only that decision makes a task ``failed``.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from actors.acceptance import TASK_ACCEPTS
from actors.behaviour import Decision, refused
from actors.events import (
    AnswerRecorded,
    DeadlineArmed,
    LineBlocked,
    LinePlanned,
    NeedMet,
    TaskCompleted,
    TaskFailed,
    TaskGivenUp,
    TaskHeld,
    TaskPending,
    TaskRedriven,
    TasksDispatched,
    TaskWaits,
)
from actors.fact import Event
from actors.inside import (
    DECOMPOSITION,
    LINES,
    DropTasks,
    Go,
    Join,
    LinesEnded,
    Plan,
    RollUp,
    StartLine,
    WorkMoved,
)
from actors.joining import brings, free, join
from actors.line import NEEDED_LINE_ENDED
from actors.message import Message
from actors.messages import AnyReply, Done, GiveUp, Retry, TaskResult, TaskResults, TimerFired
from actors.plan import Orchestration, Outlook, Task
from actors.states import S
from catalog.lines import TaskPlan

DEADLINE = "deadline"
"""The group's one timer for overdue answers: armed for the earliest of them, checked when it fires."""
ATTEMPTS_MAX = 3
"""How often a task is dispatched before silence is a fallout. Every attempt carries the same effect key."""
NO_ANSWER: Final = "noAnswer"
"""The code of that fallout. An answer that comes all the same is taken, and solves it."""
WAITING: Final = "waiting"
"""The outcome that is none yet: the target is left alone, and the dispatch under way spends no attempt."""


class OrchestrationActor:
    """Decides which tasks go out, and what their answers mean for the plan."""

    def decide(self, state: Orchestration, message: Message, now: int) -> Decision:
        """Decide one message. ``now`` is in milliseconds since 1970 UTC."""
        way = _WAYS.get(type(message))
        if way is None:
            return refused(
                "unknownMessage", f"the orchestration does not understand {type(message).__name__}"
            )
        return way(state, message, now)


def _plan(state: Orchestration, message: Plan, now: int) -> Decision:
    events: list[Event] = []
    ready: list[TaskPlan] = []
    for line, tasks in message.lines:
        if tasks:
            events.append(LinePlanned(line, tasks))
            if line not in state.waiting:
                ready += [task for task in tasks if not task.needs]
    if not ready:
        return Decision(events)
    until = tuple([now + task.timeout_ms for task in ready])
    going = [task.key for task in ready]
    events.append(TasksDispatched(tuple(going), until))
    started = dict.fromkeys([task.domain_order for task in ready])
    moved = WorkMoved(tuple([(key, S.IN_PROGRESS) for key in started]))
    decision = Decision(events, [(DECOMPOSITION, moved)], dispatch=going)
    _arm(decision, state.armed, min(until))
    return decision


def _result(state: Orchestration, message: TaskResult, now: int) -> Decision:
    return _answers(state, (message,), now)


def _results(state: Orchestration, message: TaskResults, now: int) -> Decision:
    return _answers(state, message.results, now)


def _answers(state: Orchestration, results: Iterable[TaskResult], now: int) -> Decision:
    outlook = Outlook(state, now)
    unknown = ""
    for result in results:
        task = state.tasks.get(result.task)
        if task is None:
            unknown = f"there is no task {result.task}"
        elif result.generation > task.generation:
            unknown = f"task {task.key} has never had a generation {result.generation}"
        elif result.generation < task.generation:
            outlook.events.append(AnswerRecorded(task.key, result.generation, result.outcome, result.output))
        elif result.outcome == WAITING:
            if outlook.standing(task.key) is S.IN_PROGRESS and not task.waits:
                outlook.events.append(TaskWaits(task.key, result.code, result.message))
        elif (standing := outlook.standing(task.key)) is S.IN_PROGRESS:
            _apply(outlook, task, result)
        elif standing is S.HELD and task.state is S.HELD and task.code == NO_ANSWER:
            outlook.events.append(TaskRedriven(task.key, task.generation, {}))
            outlook.move(task, S.IN_PROGRESS)
            _apply(outlook, task, result)
        # Any other answer of this generation is a repetition: it says nothing new and changes nothing.
    if unknown and not outlook.events:
        return refused("unknownTask", unknown)
    return _decision(outlook, outlook.dispatch(outlook.startable(outlook.ready)), reply=_HEARD)


_HEARD: Final = Done("")


def _apply(outlook: Outlook, task: Task, result: TaskResult) -> None:
    if result.outcome == "completed":
        outlook.events.append(TaskCompleted(task.key, result.output))
        outlook.completed(task)
    elif result.outcome == "pending":
        outlook.events.append(TaskPending(task.key, result.code or "informationRequired", result.message))
        outlook.move(task, S.PENDING)
    else:
        outlook.events.append(TaskHeld(task.key, result.code or "failed", result.message))
        outlook.move(task, S.HELD)


def _retry(state: Orchestration, message: Retry, now: int) -> Decision:
    task = state.tasks.get(message.target)
    if task is None:
        return refused("unknownTarget", f"the order has no task or line {message.target!r}")
    if (why := TASK_ACCEPTS.refusal(Retry, task.state, task.key)) is not None:
        return refused(*why)
    # Nothing below may refuse. Changed data is another effect: its key is new.
    outlook = Outlook(state, now)
    generation = task.generation + (1 if message.changes else 0)
    outlook.events.append(TaskRedriven(task.key, generation, message.changes or {}))
    return _decision(outlook, outlook.dispatch([task.key]))


def _give_up(state: Orchestration, message: GiveUp, now: int) -> Decision:
    task = state.tasks.get(message.target)
    if task is None:
        return refused("unknownTarget", f"the order has no task or line {message.target!r}")
    if (why := TASK_ACCEPTS.refusal(GiveUp, task.state, task.key)) is not None:
        return refused(*why)
    outlook = Outlook(state, now)
    outlook.events += [TaskGivenUp(task.key, message.reason), TaskFailed(task.key)]
    outlook.move(task, S.FAILED)
    outlook.drop_behind(task)
    return _decision(outlook, [])


def _overdue(state: Orchestration, message: TimerFired, now: int) -> Decision:
    """Ask again whoever did not answer in time; who was asked often enough is a fallout."""
    outlook = Outlook(state, now)
    again: list[str] = []
    left: list[int] = []
    for task in state.tasks.values() if state.open else ():
        if task.state is not S.IN_PROGRESS:
            continue
        if task.until > now:
            left.append(task.until)
        elif task.waits or task.attempt < ATTEMPTS_MAX:
            again.append(task.key)
            left.append(now + task.timeout_ms)
        else:
            sentence = f"{task.target} did not answer {task.name} after {task.attempt} attempts"
            outlook.events.append(TaskHeld(task.key, NO_ANSWER, sentence))
            outlook.move(task, S.HELD)
    dispatched = outlook.dispatch(again)
    decision = _decided(outlook, dispatched)
    due = min(left, default=0)
    if due != state.armed:
        decision.events.append(DeadlineArmed(due))
    decision.timers.append((DEADLINE, due or None))
    return decision


def _lines_ended(state: Orchestration, message: LinesEnded, now: int) -> Decision:
    """Lines whose last need was met start; a need that ended otherwise blocks the line."""
    if not state.needed_by:
        return Decision()
    outlook = Outlook(state, now)
    waiting = dict(state.waiting)
    blocked = set(state.blocked)
    roots: list[str] = []
    moved: dict[str, None] = {}
    for ended, after in message.lines:
        for line in state.needed_by.get(ended, ()):
            needs = waiting.get(line, ())
            if ended not in needs:
                continue
            waiting[line] = tuple(need for need in needs if need != ended)
            if after is not S.COMPLETED:
                reason = f"line {ended}, which it needs, ended {after}"
                outlook.events.append(LineBlocked(line, ended, NEEDED_LINE_ENDED, reason))
                blocked.add(line)
                moved[line] = None
                continue
            outlook.events.append(NeedMet(line, ended))
            if not waiting[line] and line not in blocked:
                roots += outlook.roots(line)
                moved[line] = None
    decision = _decision(outlook, outlook.dispatch(dict.fromkeys(roots)))
    if moved:
        decision.inside.append((LINES, RollUp(tuple(moved))))
    return decision


def _start_line(state: Orchestration, message: StartLine, now: int) -> Decision:
    """Someone decided that the line goes on without what ended; what it still needs it waits for."""
    outlook = Outlook(state, now)
    outlook.events.append(NeedMet(message.line, ""))
    return _decision(
        outlook, outlook.dispatch([] if state.waiting[message.line] else outlook.roots(message.line))
    )


def _drop_tasks(state: Orchestration, message: DropTasks, now: int) -> Decision:
    outlook = Outlook(state, now)
    shared = state.work.get("", {})
    keys = [*outlook.of_line(message.line), *(key for each in message.shared for key in shared.get(each, ()))]
    outlook.drop([key for key in keys if state.tasks[key].state is S.ACKNOWLEDGED])
    return _decision(outlook, [])


def _go(state: Orchestration, message: Go, now: int) -> Decision:
    outlook = Outlook(state, now)
    return _decision(outlook, outlook.dispatch(free(outlook, message)))


def _decided(outlook: Outlook, dispatched: list[str], reply: AnyReply | None = None) -> Decision:
    decision = Decision(outlook.events, dispatch=dispatched, reply=reply)
    if outlook.touched:
        decision.inside.append((DECOMPOSITION, WorkMoved(outlook.domain_orders())))
    return decision


def _decision(outlook: Outlook, dispatched: list[str], reply: AnyReply | None = None) -> Decision:
    decision = _decided(outlook, dispatched, reply)
    if dispatched:
        _arm(decision, outlook.state.armed, outlook.due)
    if outlook.state.gives:
        brings(decision, outlook)
    return decision


def _arm(decision: Decision, armed: int, due: int) -> None:
    """Set the deadline timer if none fires early enough."""
    if not armed or due < armed:
        decision.events.append(DeadlineArmed(due))
        decision.timers.append((DEADLINE, due))


_WAYS: Final[dict[type[Message], Callable[[Orchestration, Any, int], Decision]]] = {
    TaskResult: _result,
    TaskResults: _results,
    Plan: _plan,
    LinesEnded: _lines_ended,
    StartLine: _start_line,
    Join: join,
    Go: _go,
    DropTasks: _drop_tasks,
    Retry: _retry,
    GiveUp: _give_up,
    TimerFired: _overdue,
}
"""What the orchestration understands."""
