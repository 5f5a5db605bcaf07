"""The fold of an order group: one function per fact, in one table.

A fact is folded by the actor it is about and, where it moves a child, by the supervisor's tally of children. Folding
refuses nothing, looks nothing up and knows no clock: ``at`` is the record's instant.
"""

from collections.abc import Callable
from typing import Any

from actors import astray
from actors.compatibility_folds import COMPATIBILITY_FOLDS
from actors.domain_order import DomainOrder
from actors.events import (
    AnswerRecorded,
    CommandDecided,
    DeadlineArmed,
    DependencyEnded,
    DomainOrdersMoved,
    DraftSaved,
    DraftSubmitted,
    DraftWithdrawn,
    LineBlocked,
    LineDecomposed,
    LineGivenUp,
    LinePlanned,
    LinesMoved,
    NeedMet,
    OrderAnnotated,
    OrderChanged,
    OrderMoved,
    OrderSubmitted,
    TaskCompleted,
    TaskFailed,
    TaskGivenUp,
    TaskHeld,
    TaskPending,
    TaskRedriven,
    TasksDispatched,
    TasksDropped,
    TaskWaits,
    WaiterAdded,
)
from actors.folds_of_documents import (
    draft_saved,
    draft_started,
    draft_submitted,
    draft_withdrawn,
    order_annotated,
    order_changed,
    submitted,
)
from actors.folds_of_graph import FOLDS_OF_GRAPH, grow_no_more
from actors.order import COMMANDS_KEPT
from actors.plan import Task
from actors.reservation_folds import RESERVATION_FOLDS
from actors.review_folds import REVIEW_FOLDS
from actors.rollup import move
from actors.states import FINAL, S, State
from actors.structure import OrderGroup


def _order_moved(group: OrderGroup, event: OrderMoved, at: int) -> None:
    order = group.order
    order.state = event.state
    order.since = at
    order.code = event.code
    order.reason = event.reason
    if event.state is S.IN_PROGRESS:
        order.started = True
    elif event.state in FINAL:
        order.completed_at = at


def _dependency_ended(group: OrderGroup, event: DependencyEnded, at: int) -> None:
    group.order.depends_on[event.order] = event.state


def _waiter_added(group: OrderGroup, event: WaiterAdded, at: int) -> None:
    group.order.waiters = (*group.order.waiters, event.order)


def _lines_moved(group: OrderGroup, event: LinesMoved, at: int) -> None:
    after = event.state
    for key in event.lines:
        line = group.lines[key]
        before, line.state, line.since = line.state, after, at
        if after is S.IN_PROGRESS:
            line.started = True
        if line.counted:
            move(group.lines[line.parent].children if line.parent else group.order.lines, before, after)


def _line_decomposed(group: OrderGroup, event: LineDecomposed, at: int) -> None:
    orders = group.decomposition.domain_orders
    referrers = (event.line,)
    for plan in event.domain_orders:
        orders[plan.key] = DomainOrder(
            plan.key,
            plan.kind,
            plan.specification,
            plan.parent or "",
            plan.relationship,
            plan.ordinal,
            plan.action,
            plan.characteristics,
            referrers,
            S.ACKNOWLEDGED,
            at,
        )
        if plan.parent:
            parent = orders[plan.parent]
            parent.children = (*parent.children, plan.key)
    group.lines[event.line].decomposed = True
    reservations = group.reservations
    if reservations is None or event.line not in reservations.claims:
        group.order.decomposed += 1
    else:
        reservations.claims[event.line].asked = False
        group.order.asking -= 1


def _line_planned(group: OrderGroup, event: LinePlanned, at: int) -> None:
    orchestration = group.orchestration
    tasks, orders = orchestration.tasks, group.decomposition.domain_orders
    work: dict[str, tuple[str, ...]] = {}
    for plan in event.tasks:
        key, owner, needs = plan.key, plan.domain_order, plan.needs
        tasks[key] = Task(
            key,
            plan.name,
            owner,
            plan.target,
            needs,
            plan.duration_ms,
            plan.timeout_ms,
            S.ACKNOWLEDGED,
            at,
        )
        # A plan names needed tasks before those that need them.
        for needed in needs:
            tasks[needed].feeds += (key,)
        work[owner] = (*work[owner], key) if owner in work else (key,)
    orchestration.work[event.line] = work
    for owner in work:
        order = orders[owner]
        order.works = True
        above: DomainOrder | None = order
        while above is not None and not above.busy:
            above.busy = True
            above = orders[above.parent] if above.parent else None
        for referrer in order.referrers:
            children = group.lines[referrer].children
            children[S.ACKNOWLEDGED] = children.get(S.ACKNOWLEDGED, 0) + 1


def _domain_orders_moved(group: OrderGroup, event: DomainOrdersMoved, at: int) -> None:
    decomposition, lines, after = group.decomposition, group.lines, event.state
    orders = decomposition.domain_orders
    if decomposition.astray or after not in astray.STRAIGHT:
        astray.book(decomposition, event.keys, after)
    for key in event.keys:
        order = orders[key]
        before = order.state
        order.state = after
        order.since = at
        if order.works:
            for referrer in order.referrers:
                move(lines[referrer].children, before, after)


def _tasks_dispatched(group: OrderGroup, event: TasksDispatched, at: int) -> None:
    orchestration = group.orchestration
    tasks = orchestration.tasks
    for key, until in zip(event.tasks, event.until, strict=True):
        task = tasks[key]
        if task.state is not S.IN_PROGRESS:
            orchestration.open += 1
            task.state, task.since = S.IN_PROGRESS, at
        if task.waits:
            task.waits = ""
        else:
            task.attempt += 1
        task.until = until


def _leaves(group: OrderGroup, key: str, after: State, at: int) -> Task:
    orchestration = group.orchestration
    task = orchestration.tasks[key]
    before = task.state
    if before is S.IN_PROGRESS:
        orchestration.open -= 1
    elif before is not S.ACKNOWLEDGED:
        orchestration.troubled -= 1
    if after is S.HELD or after is S.PENDING:
        orchestration.troubled += 1
    task.state, task.since = after, at
    return task


def _task_completed(group: OrderGroup, event: TaskCompleted, at: int) -> None:
    _leaves(group, event.task, S.COMPLETED, at).output = event.output


def _task_held(group: OrderGroup, event: TaskHeld, at: int) -> None:
    task = _leaves(group, event.task, S.HELD, at)
    task.code, task.message = event.code, event.message


def _task_pending(group: OrderGroup, event: TaskPending, at: int) -> None:
    task = _leaves(group, event.task, S.PENDING, at)
    task.code, task.message = event.code, event.message


def _task_waits(group: OrderGroup, event: TaskWaits, at: int) -> None:
    group.orchestration.tasks[event.task].waits = f"{event.code}: {event.message}"


def _task_redriven(group: OrderGroup, event: TaskRedriven, at: int) -> None:
    task = _leaves(group, event.task, S.IN_PROGRESS, at)
    group.orchestration.open += 1
    task.generation, task.attempt, task.code, task.message = event.generation, 0, "", ""
    task.waits = ""
    if event.changes:
        task.changes = {**task.changes, **event.changes}
        # Another effect: it is asked for with what is known today.
        group.orchestration.frozen.pop(event.task, None)


def _task_given_up(group: OrderGroup, event: TaskGivenUp, at: int) -> None:
    task = _leaves(group, event.task, S.IN_PROGRESS, at)
    group.orchestration.open += 1
    if event.reason:
        task.message = f"{task.message}; given up: {event.reason}" if task.message else event.reason


def _task_failed(group: OrderGroup, event: TaskFailed, at: int) -> None:
    _leaves(group, event.task, S.FAILED, at)


def _tasks_dropped(group: OrderGroup, event: TasksDropped, at: int) -> None:
    for key in event.tasks:
        _leaves(group, key, S.CANCELLED, at)


def _line_blocked(group: OrderGroup, event: LineBlocked, at: int) -> None:
    plan, line = group.orchestration, group.lines[event.line]
    plan.waiting[line.id] = tuple(need for need in plan.waiting[line.id] if need != event.need)
    plan.blocked[line.id] = (*plan.blocked.get(line.id, ()), event.need)
    line.gate, line.code, line.reason = S.HELD, event.code, event.reason


def _line_given_up(group: OrderGroup, event: LineGivenUp, at: int) -> None:
    plan, line = group.orchestration, group.lines[event.line]
    if line.id in plan.blocked:
        del plan.waiting[line.id], plan.blocked[line.id]
    grow_no_more(group, line.id)
    line.gate, line.code = S.CANCELLED, "givenUp"
    given_up = f"given up: {event.reason}" if event.reason else ""
    line.reason = "; ".join(filter(None, (line.reason, given_up)))


def _need_met(group: OrderGroup, event: NeedMet, at: int) -> None:
    plan, line = group.orchestration, group.lines[event.line]
    if event.need:
        plan.waiting[line.id] = tuple(need for need in plan.waiting[line.id] if need != event.need)
    else:
        del plan.blocked[line.id]
        line.gate, line.code, line.reason = S.ACKNOWLEDGED, "", ""
    if not plan.waiting[line.id] and line.id not in plan.blocked:
        del plan.waiting[line.id]
        line.gate = None


def _deadline_armed(group: OrderGroup, event: DeadlineArmed, at: int) -> None:
    group.orchestration.armed = event.until


def _command_decided(group: OrderGroup, event: CommandDecided, at: int) -> None:
    group.order.commands = (*group.order.commands, event.key)[-COMMANDS_KEPT:]


def _answer_recorded(group: OrderGroup, event: AnswerRecorded, at: int) -> None:
    return None


BEGINS: dict[type, Callable[[Any, int], OrderGroup]] = {OrderSubmitted: submitted, DraftSaved: draft_started}
"""The facts that begin a group."""
FOLDS: dict[type, Callable[[OrderGroup, Any, int], None]] = {
    OrderMoved: _order_moved,
    DependencyEnded: _dependency_ended,
    WaiterAdded: _waiter_added,
    LinesMoved: _lines_moved,
    LineDecomposed: _line_decomposed,
    LinePlanned: _line_planned,
    DomainOrdersMoved: _domain_orders_moved,
    TasksDispatched: _tasks_dispatched,
    TaskCompleted: _task_completed,
    TaskHeld: _task_held,
    TaskPending: _task_pending,
    TaskWaits: _task_waits,
    TaskRedriven: _task_redriven,
    TaskGivenUp: _task_given_up,
    TaskFailed: _task_failed,
    TasksDropped: _tasks_dropped,
    LineBlocked: _line_blocked,
    LineGivenUp: _line_given_up,
    NeedMet: _need_met,
    DeadlineArmed: _deadline_armed,
    CommandDecided: _command_decided,
    AnswerRecorded: _answer_recorded,
    **RESERVATION_FOLDS,
    DraftSaved: draft_saved,
    DraftSubmitted: draft_submitted,
    DraftWithdrawn: draft_withdrawn,
    OrderChanged: order_changed,
    OrderAnnotated: order_annotated,
    **REVIEW_FOLDS,
    **FOLDS_OF_GRAPH,
    **COMPATIBILITY_FOLDS,
}
