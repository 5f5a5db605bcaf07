"""What an order waits for: one stated reason, and the full list below it.

Read by order agents over the APIs and by the simulator, which judges liveness by it: every order that has not ended
has exactly one stated reason, an ended one has none. Reasons are ranked by who can do something about them:
requester, operator, target, other order, date, runtime.
"""

from typing import Final

import msgspec

from actors.alerts import group_of, is_alert
from actors.compatibility_state import Compatibility
from actors.graph import Delta, Held
from actors.line import Line
from actors.orchestration import ATTEMPTS_MAX
from actors.order import Order
from actors.people import APPROVAL, PersonTask
from actors.plan import Task
from actors.reasons import (
    DATE,
    OPERATOR,
    OTHER_ORDER,
    RANKS,
    REQUESTER,
    RUNTIME,
    TARGET,
    Reason,
    Wait,
    iso,
)
from actors.review_state import Review
from actors.states import FINAL, S, State
from actors.structure import OrderGroup
from actors.waiting_beside import apart, held_line, incompatible, looked_for, products, refused_lines
from catalog.lines import Awaited

__all__ = [
    "DATE",
    "OPERATOR",
    "OTHER_ORDER",
    "RANKS",
    "REQUESTER",
    "RUNTIME",
    "TARGET",
    "Reason",
    "WaitReport",
    "waits_for",
]

REASONS_MAX: Final = 50
"""Reasons a report spells out; ``WaitReport.total`` counts them all."""


class WaitReport(msgspec.Struct, frozen=True):
    """Why an order has not ended."""

    stated: Reason | None
    """The one reason to tell; None exactly when the order has ended."""
    reasons: tuple[Reason, ...]
    """By rank, then the longest wait first; at most :data:`REASONS_MAX`, ``stated`` is the first."""
    total: int
    """How many there are."""


def waits_for(group: OrderGroup, now: int) -> WaitReport:
    """What the order waits for at ``now`` (ms since 1970 UTC)."""
    if group.order.state in FINAL:
        return WaitReport(None, (), 0)
    waits = _waits(group, now)
    reasons = tuple(spell(subject, now) for spell, subject in waits[:REASONS_MAX])
    return WaitReport(reasons[0], reasons, len(waits))


def _waits(group: OrderGroup, now: int) -> list[Wait]:
    """Everything a non-terminal order waits for, by rank."""
    order = group.order
    if order.state is S.DRAFT:
        return [(_draft, order)]
    if order.in_review and group.review is not None:
        return _people(group.review, order, group.compatibility)
    tasks = _tasks(group)
    held_back = _held_back(group)
    waits: list[Wait] = [(_asked, task) for task in tasks[S.PENDING]]
    waits += held_back[REQUESTER]
    if order.code:
        waits.append((_held_order, order))
    waits += [(held_line, group.lines[line]) for line in group.orchestration.blocked]
    if group.reservations is not None:
        waits += refused_lines(group, group.reservations)
    waits += held_back[OPERATOR]
    if group.compatibility is not None:
        waits += incompatible(group, group.compatibility)
    waits += [(_held_task, task) for task in tasks[S.HELD]]
    waits += [(_out, task) for task in tasks[S.IN_PROGRESS]]
    unstarted = order.state is S.ACKNOWLEDGED and not order.started
    if unstarted:
        waits += [(_other_order, (order, other)) for other, ended in order.depends_on.items() if not ended]
    if group.reservations is not None and order.asking:
        waits += products(group.reservations)
    if unstarted and order.requested_start > now:
        waits.append((_date, order))
    waits += held_back[RUNTIME]
    if group.compatibility is not None:
        waits += looked_for(group.compatibility)
    if not waits or 0 < order.decomposed < len(group.lines):
        waits.append((_runtime, group))
    # Never the root of a wait, so never stated: what the other line waits for stands above.
    waits += _between_lines(group)
    if group.reservations is not None:
        waits += apart(group.reservations)
    return waits


def _people(review: Review, order: Order, compatibility: Compatibility | None) -> list[Wait]:
    """The people an order in review waits for: its requester first, then whoever has waited longest."""
    active = sorted(review.active, key=lambda task: task.since)
    asked = [task for task in active if task.state is S.PENDING]
    waits: list[Wait] = [(_requester, task) for task in asked]
    waits += [(_person, (review, task)) for task in active if task.state is not S.PENDING]
    if compatibility is not None:
        waits += looked_for(compatibility)
    return waits or [(_review, order)]


def _tasks(group: OrderGroup) -> dict[State, list[Task]]:
    """Tasks that are pending, held, and out at their targets, the longest wait first."""
    found: dict[State, list[Task]] = {S.PENDING: [], S.HELD: [], S.IN_PROGRESS: []}
    left = group.orchestration.troubled + group.orchestration.open
    if left:
        for task in group.orchestration.tasks.values():
            if task.state in found:
                found[task.state].append(task)
                left -= 1
                if not left:
                    break
    for tasks in found.values():
        tasks.sort(key=lambda task: task.since)
    return found


_WAITED_FOR: Final[dict[Awaited, str]] = {"requester": REQUESTER, "operator": OPERATOR, "runtime": RUNTIME}


def _held_back(group: OrderGroup) -> dict[str, list[Wait]]:
    """What is held back of lines with rules, and what changed too late, by who is waited for."""
    found: dict[str, list[Wait]] = {REQUESTER: [], OPERATOR: [], RUNTIME: []}
    graph = group.decomposition.graph
    if graph is None:
        return found
    for line, held in graph.held.items():
        for each in held:
            found[_WAITED_FOR[each.part.awaits]].append((_part, (line, each)))
    for line, changes in graph.changes.items():
        found[OPERATOR] += [(_change, (group.lines[line], delta)) for delta in changes]
    return found


def _between_lines(group: OrderGroup) -> list[Wait]:
    """Planned lines that wait for other planned lines; before that, what holds up the whole order says it better."""
    lines = group.lines
    return [
        (_other_line, (lines[line], needed))
        for line, needs in group.orchestration.waiting.items()
        if _taken_up(group, line) and lines[line].state is S.ACKNOWLEDGED
        for needed in needs
        if _taken_up(group, needed)
    ]


def _taken_up(group: OrderGroup, line: str) -> bool:
    """Whether a line's turn has come: it is planned, or was put off until it has its installed products."""
    claimed = group.reservations is not None and line in group.reservations.claims
    return claimed or group.lines[line].decomposed


def _draft(order: Order, now: int) -> Reason:
    sentence = f"order {order.id} is a draft since {iso(order.since)}: submit it or withdraw it"
    return Reason(REQUESTER, sentence, order.since, None, order.id)


def _asked(task: Task, now: int) -> Reason:
    sentence = (
        f"task {task.key} ({task.name}) waits since {iso(task.since)} for the requester: "
        f"{task.message or task.code}; retry it with what is missing or give it up"
    )
    return Reason(REQUESTER, sentence, task.since, None, task.key)


def _requester(task: PersonTask, now: int) -> Reason:
    sentence = (
        f"task {task.key} ({task.name}) waits since {iso(task.since)} for the requester: {task.reason}; "
        "change the order accordingly, or take the task up"
    )
    return Reason(REQUESTER, sentence, task.since, None, task.key)


def _person(pair: tuple[Review, PersonTask], now: int) -> Reason:
    review, task = pair
    until = min((at for at in (task.due, _moves_on(task)) if at), default=0)
    if task.state is S.IN_PROGRESS:
        who = f"is claimed by {task.by} since {iso(task.since)}"
    else:
        who = f"waits since {iso(task.since)} for somebody of {task.group or 'any group'} to take it on"
    ends = f", until {iso(until)}" if until else ""
    next_step = "complete it or give it back"
    if task.kind == APPROVAL:
        need = next((each for each in review.needs if each.rule == task.rule), None)
        given = f"{len(review.approvals)} of {need.approvers} given" if need is not None else "none given"
        next_step = f"{given}; approve, return or reject the order"
    why = f" ({task.reason})" if task.reason else ""
    sentence = f"task {task.key} ({task.name}) {who}{ends}{why}: {next_step}"
    return Reason(OPERATOR, sentence, task.since, until or None, task.key)


def _moves_on(task: PersonTask) -> int:
    return task.claim_until if task.state is S.IN_PROGRESS else task.claim_by


def _review(order: Order, now: int) -> Reason:
    sentence = f"order {order.id} waits since {iso(order.since)} for its review to go on"
    return Reason(RUNTIME, sentence, order.since, None, order.id)


def _held_order(order: Order, now: int) -> Reason:
    sentence = f"order {order.id} is held since {iso(order.since)}: {order.reason}; retry it or give it up"
    return Reason(OPERATOR, sentence, order.since, None, order.id)


def _part(pair: tuple[str, Held], now: int) -> Reason:
    line, held = pair
    part = held.part
    kind = _WAITED_FOR[part.awaits]
    sentence = f"line {line}: {part.sentence}, since {iso(held.since)}"
    if held.until:
        sentence += f", until {iso(held.until)} (then: {part.reaction})"
    if is_alert(held):
        sentence += f"; {_told(held)}"
    elif held.times:
        sentence += f"; its deadline has passed {held.times} time(s)"
    if kind == RUNTIME:
        sentence += f"; {part.by} brings it"
    elif kind == REQUESTER:
        sentence += "; give the values, or give the line up to leave it out"
    else:
        sentence += "; retry the line, or give it up to leave it out"
    return Reason(kind, sentence, held.since, held.until or None, line)


def _told(held: Held) -> str:
    """Who was told that a deadline has passed, and how often."""
    what = "escalated" if held.part.reaction == "escalate" else "reminded"
    if held.acknowledged_by:
        return f"{what} {held.times} time(s), acknowledged by {held.acknowledged_by} at {iso(held.acknowledged_at)}"
    return f"{what} {held.times} time(s), it is with {group_of(held) or 'everybody'}"


def _change(pair: tuple[Line, Delta], now: int) -> Reason:
    line, delta = pair
    what = ", ".join(f"{name} {old!r} -> {new!r}" for name, (old, new) in delta.values.items())
    sentence = (
        f"line {line.id}: change pending since {iso(line.since)}: work on {delta.key} had begun when "
        f"{what or 'it was no longer wanted'}; give the line up to leave it as it is"
    )
    return Reason(OPERATOR, sentence, line.since, None, line.id)


def _held_task(task: Task, now: int) -> Reason:
    why = f"{task.code}: {task.message}" if task.message else task.code
    sentence = (
        f"task {task.key} ({task.name} at {task.target}) is held since {iso(task.since)}: {why}; "
        "retry it or give it up"
    )
    return Reason(OPERATOR, sentence, task.since, None, task.key)


def _out(task: Task, now: int) -> Reason:
    if task.waits:
        sentence = (
            f"task {task.key} ({task.name}) waits since {iso(task.since)} for {task.target}: {task.waits}"
        )
        return Reason(TARGET, sentence, task.since, None, task.key)
    due = "is due by" if task.until > now else "is overdue since"
    sentence = (
        f"task {task.key} ({task.name}) is at {task.target} since {iso(task.since)}, "
        f"attempt {task.attempt} of {ATTEMPTS_MAX}: its answer {due} {iso(task.until)}"
    )
    return Reason(TARGET, sentence, task.since, task.until, task.key)


def _other_order(pair: tuple[Order, str], now: int) -> Reason:
    order, other = pair
    sentence = f"order {order.id} waits since {iso(order.since)} for order {other} to be completed"
    return Reason(OTHER_ORDER, sentence, order.since, None, other)


def _other_line(pair: tuple[Line, str], now: int) -> Reason:
    line, needed = pair
    sentence = f"line {line.id} waits since {iso(line.since)} for line {needed} to be completed"
    return Reason(RUNTIME, sentence, line.since, None, line.id)


def _date(order: Order, now: int) -> Reason:
    sentence = (
        f"order {order.id} waits since {iso(order.since)} "
        f"for its requested start on {iso(order.requested_start)}"
    )
    return Reason(DATE, sentence, order.since, order.requested_start, order.id)


def _runtime(group: OrderGroup, now: int) -> Reason:
    order, lines = group.order, len(group.lines)
    since = order.since if order.started else max(order.since, order.requested_start)
    what = f"{lines - order.decomposed} of its {lines} lines" if order.decomposed < lines else "it"
    sentence = f"order {order.id} waits since {iso(since)} for the runtime to take up {what} in its next turn"
    return Reason(RUNTIME, sentence, since, None, order.id)
