"""Enrichment: what an order lacks before it can be approved, and the people who fill it in.

The catalog's table says which tasks an order needs as it stands (``catalog/policies/enrichment.py``); it is asked again
whenever the order changed. A task is done when a person says so and its lines know what it fills in; one whose values
came another way is done without a person.
"""

from collections.abc import Iterable

from actors import approval, people
from actors.appraisal import facts_of, facts_with, overrides_of
from actors.behaviour import Decision, refused
from actors.captured import Values, filled, misfits, price_overrides
from actors.fact import Event
from actors.messages import AddDetails, CompleteWork
from actors.people import PersonTask
from actors.review_events import DetailsAdded, WorkCompleted, WorkOpened, WorkWithdrawn
from actors.review_state import APPROVAL
from actors.states import S
from actors.structure import OrderGroup
from catalog.model import Catalog
from catalog.policies.enrichment import WantedTask, wanted_tasks
from catalog.policies.facts import LineFacts, OrderFacts

CAME = "what it asks for is there"


def wanted(group: OrderGroup, catalog: Catalog, now: int) -> tuple[WantedTask, ...]:
    """The tasks that the catalog's table asks for as the order stands."""
    return wanted_tasks(catalog, facts_of(group, catalog, now))


def step(group: OrderGroup, catalog: Catalog, now: int) -> list[Event]:
    """What follows from how the order stands now; nothing when people are at work or are waited for."""
    review = group.review
    assert review is not None
    facts = facts_of(group, catalog, now)
    lines = {line.line: line for line in facts.lines}
    asked = _Asked(wanted_tasks(catalog, facts))
    events: list[Event] = []
    gone: list[str] = []
    kept: list[PersonTask] = []
    for task in review.active:
        if task.kind == people.REWORK or asked.includes(task):
            kept.append(task)
        elif task.kind == people.ENRICHMENT and task.fills and not lacking(task, lines):
            events.append(WorkCompleted(task.key, "", CAME))
        else:
            gone.append(task.key)
    if gone:
        events.append(WorkWithdrawn(tuple(gone), "the order changed"))
    looked = [task for task in review.tasks.values() if task.state is S.COMPLETED and not task.fills]
    new = asked.without((*kept, *looked))
    if new:
        first = len(review.tasks) + 1
        events.append(
            WorkOpened(
                tuple(
                    people.opened(
                        f"w{number}",
                        people.ENRICHMENT,
                        each.rule.id,
                        each.rule.name,
                        each.rule.work,
                        now,
                        lines=each.lines,
                        fills=each.rule.fills,
                        reason=each.reason,
                    )
                    for number, each in enumerate(new, first)
                )
            )
        )
    if events or kept:
        return events
    return approval.ask(group, catalog, now)


def complete(group: OrderGroup, catalog: Catalog, message: CompleteWork, now: int) -> Decision:
    """A person says that a task is done, with what fills it in."""
    review = group.review
    assert review is not None
    task = review.tasks.get(message.task)
    if (why := people.refusal(task, message, group.order.id)) is not None:
        return why
    assert task is not None
    if task.kind == APPROVAL:
        return refused(
            "approvalNotCompleted", f"task {task.key} is an approval: approve, reject or return the order"
        )
    if (unfit := _unfit(group, message.values)) is not None:
        return unfit
    document, overrides = group.order.document, overrides_of(group)
    if message.values:
        document = filled(document, message.values)
        overrides = (*overrides, *price_overrides(message.values, message.by, message.note, now))
    facts = facts_with(document, overrides, catalog, now)
    if missing := lacking(task, {line.line: line for line in facts.lines}):
        places = "; ".join(f"line {line}: {', '.join(fields)}" for line, fields in missing.items())
        return refused("notFilledIn", f"task {task.key} ({task.name}) still lacks {places}")
    # Nothing below may refuse: the work is done.
    events: list[Event] = []
    if message.values:
        events.append(DetailsAdded(message.values, message.by, message.note, task.key))
    return Decision([*events, WorkCompleted(task.key, message.by, message.note)])


def add_details(group: OrderGroup, catalog: Catalog, message: AddDetails, now: int) -> Decision:
    """Somebody fills in what lines lack without a task; whoever was asked for that is done with it."""
    review = group.review
    assert review is not None
    if (unfit := _unfit(group, message.values)) is not None:
        return unfit
    events: list[Event] = [DetailsAdded(message.values, message.by, message.note)]
    return Decision([*events, *answered(group, message.by)])


def answered(group: OrderGroup, by: str) -> list[Event]:
    """The requester's answer came: tasks that waited for nothing but it are done."""
    assert group.review is not None
    return [
        WorkCompleted(task.key, by, "answered")
        for task in group.review.active
        if task.state is S.PENDING and not task.fills
    ]


def lacking(task: PersonTask, lines: dict[str, LineFacts]) -> dict[str, list[str]]:
    """What the lines of a task still lack of what it fills in, line by line; lines that are gone lack nothing."""
    found = {}
    for key in task.lines:
        if key in lines and (missing := [field for field in task.fills if not lines[key].knows(field)]):
            found[key] = missing
    return found


def locations(facts: OrderFacts) -> dict[str, list[str]]:
    """The lines of an order grouped by where they are; those without a place stand under an empty name."""
    found: dict[str, list[str]] = {}
    for line in facts.lines:
        found.setdefault(line.location, []).append(line.line)
    return found


class _Asked:
    """What the table asks for, to be found by the tasks there are: a large order has many of both."""

    def __init__(self, asked: tuple[WantedTask, ...]) -> None:
        self._single = {(each.rule.id, each.lines): each for each in asked if not each.rule.together}
        self._together = {each.rule.id: each for each in asked if each.rule.together}

    def includes(self, task: PersonTask) -> bool:
        """Whether a task is among it: of the same row, for the same line, or for no line that it does not have."""
        if task.kind != people.ENRICHMENT:
            return False
        together = self._together.get(task.rule)
        if together is not None:
            return set(together.lines) <= set(task.lines)
        return (task.rule, task.lines) in self._single

    def without(self, tasks: Iterable[PersonTask]) -> list[WantedTask]:
        """What none of these tasks is for; tasks for one line before those for several."""
        single, together = dict(self._single), dict(self._together)
        for task in tasks:
            if self.includes(task):
                single.pop((task.rule, task.lines), None)
                together.pop(task.rule, None)
        return [*single.values(), *together.values()]


def _unfit(group: OrderGroup, values: Values) -> Decision | None:
    """Why values cannot be filled in at all; whether they are right is asked at the door."""
    unknown = [line for line in values if line not in group.lines]
    if unknown:
        return refused("unknownTarget", f"order {group.order.id} has no line {', '.join(unknown)}")
    for line, field, sentence in misfits(values):
        return refused("badValue", f"order {group.order.id} line {line}: {field} {sentence}")
    return None
