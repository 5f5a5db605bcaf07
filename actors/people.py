"""Tasks for people: opened, claimed, done or given back; unclaimed ones go up, claims lapse, deadlines pass.

State machine: ``actors/states.py`` (``PERSON_TASK``). What a task is for is its ``kind``'s business: ``enrichment`` and
``rework`` (``actors/enrichment.py``), ``approval`` (``actors/approval.py``).
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from actors.acceptance import WORK_ACCEPTS
from actors.behaviour import Decision, refused
from actors.messages import ClaimWork, CompleteWork, ReturnWork
from actors.review_events import (
    RequesterAsked,
    ReviewEvent,
    WorkClaimed,
    WorkEscalated,
    WorkPlan,
    WorkReleased,
)
from actors.states import FINAL, S, State
from catalog.policies.model import WorkRule

ENRICHMENT: Final = "enrichment"
REWORK: Final = "rework"
APPROVAL: Final = "approval"
EVERY_GROUP: Final = "*"
"""Among a person's groups: works for all of them."""
WORK: Final = "work"
"""The attribute under which lists find orders with tasks for people."""
WORDS: Final[dict[State, str]] = {
    S.ACKNOWLEDGED: "open",
    S.IN_PROGRESS: "claimed",
    S.PENDING: "returned",
    S.COMPLETED: "completed",
    S.CANCELLED: "withdrawn",
}
"""How people read the states of their tasks; ``returned`` is to the requester."""


class PersonTask(msgspec.Struct):
    """A task for a person of a group. Instants and durations in milliseconds, 0 = none."""

    key: str
    kind: str
    rule: str
    """The row of the catalog's policies that asked for it."""
    name: str
    lines: tuple[str, ...]
    fills: tuple[str, ...]
    """What its lines must know before it is done."""
    group: str
    overdue: str
    due: int
    deadline: int
    escalate_to: tuple[str, ...]
    claim_by: int
    """When it goes up to the next group unless somebody claims it."""
    claim_within: int
    claim_lasts: int
    state: State
    since: int
    reason: str = ""
    """Why it is there, where it is or whom it waits for, where that is not plain."""
    level: int = 0
    """How often it went up."""
    by: str = ""
    """Who claims it, or has done it."""
    claim_until: int = 0
    note: str = ""

    @property
    def active(self) -> bool:
        """Whether it is still to be done."""
        return self.state not in FINAL


def opened(
    key: str,
    kind: str,
    rule: str,
    name: str,
    work: WorkRule,
    now: int,
    *,
    lines: tuple[str, ...] = (),
    fills: tuple[str, ...] = (),
    reason: str = "",
) -> WorkPlan:
    """A task as it is opened at ``now``."""
    return WorkPlan(
        key=key,
        kind=kind,
        rule=rule,
        name=name,
        lines=lines,
        fills=fills,
        group=work.group,
        overdue=work.overdue,
        due=now + work.deadline if work.deadline else 0,
        deadline=work.deadline,
        escalate_to=work.escalate_to,
        claim_by=now + work.claim_within if work.claim_within else 0,
        claim_within=work.claim_within,
        claim_lasts=work.claim_lasts,
        reason=reason,
    )


def works_for(groups: Iterable[str], group: str) -> bool:
    """Whether a person with these groups may do the work of ``group``."""
    return not group or group in groups or EVERY_GROUP in groups


def refusal(
    task: PersonTask | None, message: ClaimWork | CompleteWork | ReturnWork, order: str
) -> Decision | None:
    """Why a person may not do this to a task; None where nothing speaks against it."""
    if task is None:
        return refused("unknownTarget", f"order {order} has no task for people {message.task!r}")
    if (why := WORK_ACCEPTS.refusal(type(message), task.state, task.key)) is not None:
        return refused(*why)
    if not works_for(message.groups, task.group):
        return refused(
            "notInGroup", f"task {task.key} is for {task.group}: {message.by} does not work for that group"
        )
    if task.state is S.IN_PROGRESS and task.by != message.by:
        return refused(
            "notYours", f"task {task.key} is claimed by {task.by}, not by {message.by}; it must be given back"
        )
    return None


def claimed(task: PersonTask, message: ClaimWork, now: int) -> list[ReviewEvent]:
    """A person takes it on, until the claim lapses."""
    until = now + task.claim_lasts if task.claim_lasts else 0
    return [WorkClaimed(task.key, message.by, until)]


def given_back(task: PersonTask, message: ReturnWork, now: int) -> list[ReviewEvent]:
    """A person gives it back to the group, or hands the question on to the requester."""
    if message.requester:
        return [RequesterAsked(task.key, message.by, message.reason, task.lines)]
    return [WorkReleased(task.key, "givenBack", message.by, message.reason, _claim_by(task, now))]


def passed(task: PersonTask, now: int) -> list[ReviewEvent]:
    """What the clock does to an active task at ``now``; a deadline with the reaction ``reject`` is the review's."""
    if task.state is S.IN_PROGRESS and 0 < task.claim_until <= now:
        return [WorkReleased(task.key, "claimLapsed", task.by, "", _claim_by(task, now))]
    if 0 < task.due <= now:
        due = now + task.deadline
        if task.overdue == "ask" and task.state is not S.PENDING:
            reason = f"nobody could tell before {task.name} was due"
            return [RequesterAsked(task.key, "", reason, task.lines)]
        if task.overdue == "escalate" and (up := _next_group(task)):
            return [WorkEscalated(task.key, "overdue", up, task.level + 1, due, _claim_by(task, now))]
        return [WorkEscalated(task.key, "reminded", task.group, task.level, due, task.claim_by)]
    if task.state is S.ACKNOWLEDGED and 0 < task.claim_by <= now:
        up = _next_group(task)
        more = len(task.escalate_to) > task.level + 1
        claim_by = now + task.claim_within if more else 0
        return [WorkEscalated(task.key, "unclaimed", up or task.group, task.level + 1, task.due, claim_by)]
    return []


def listed(tasks: Iterable[PersonTask]) -> list[tuple[str, str]]:
    """(attribute, value) pairs under which lists find an order by the tasks for people that it has.

    One for each way to ask, so that no question needs more than one range: by group, by state, by who claims it, by
    any of them together, and by none.
    """
    found: dict[str, None] = {}
    for task in tasks:
        if task.active:
            for group in ("", task.group):
                for state in ("", WORDS[task.state]):
                    for by in ("", task.by):
                        found[asked(group, state, by)] = None
    return [(WORK, value) for value in found]


def asked(group: str = "", state: str = "", by: str = "") -> str:
    """The value of :data:`WORK` for tasks of a group, in a state, claimed by somebody; empty: whichever."""
    return "\x1f".join((group, state, by))


def next_instant(tasks: Iterable[PersonTask]) -> int:
    """When the clock next does something to one of these tasks; 0 when it never does."""
    instants = []
    for task in tasks:
        if task.active:
            instants.append(task.due)
            if task.state is S.IN_PROGRESS:
                instants.append(task.claim_until)
            elif task.state is S.ACKNOWLEDGED:
                instants.append(task.claim_by)
    return min((at for at in instants if at), default=0)


def _next_group(task: PersonTask) -> str:
    """The group it goes up to next; empty when there is none above."""
    return task.escalate_to[task.level] if task.level < len(task.escalate_to) else ""


def _claim_by(task: PersonTask, now: int) -> int:
    """When a task that is open again goes up; nothing is above the last group."""
    return now + task.claim_within if task.claim_within and _next_group(task) else 0
