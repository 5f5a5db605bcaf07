"""The fold of facts about an order's document: the group it makes, drafts, and what changes before work begins."""

from actors.decomposition import Decomposition
from actors.document import lines_of
from actors.events import (
    DraftSaved,
    DraftSubmitted,
    DraftWithdrawn,
    OrderAnnotated,
    OrderChanged,
    OrderSubmitted,
)
from actors.line import Line
from actors.order import Order
from actors.plan import Orchestration
from actors.review_folds import changed as review_changed
from actors.states import S, State
from actors.structure import OrderGroup


def submitted(event: OrderSubmitted, at: int) -> OrderGroup:
    """The group as its first fact makes it."""
    order = Order(
        id=event.order,
        document=event.document,
        digest=event.digest,
        catalog=event.catalog,
        client=event.client,
        external_id=event.external_id,
        category=event.category,
        party=event.party,
        order_date=at,
        requested_start=event.requested_start,
        state=event.state,
        since=at,
        depends_on=dict.fromkeys(event.depends_on, ""),
    )
    return _with_lines(order, event.state, at)


def _with_lines(order: Order, state: State, at: int) -> OrderGroup:
    """The group of an order that has not begun, with the lines of its document as they stand in ``state``."""
    lines: dict[str, Line] = {}
    waiting: dict[str, tuple[str, ...]] = {}
    needed_by: dict[str, tuple[str, ...]] = {}
    siblings: dict[str, list[Line]] = {}
    for entry in lines_of(order.document):
        request = entry.request
        line = Line(
            id=request.line,
            action=request.action,
            offering=request.offering or "",
            state=state,
            since=at,
            parent=entry.parent,
            depth=lines[entry.parent].depth + 1 if entry.parent else 1,
            needs=entry.needs,
            counted=request.action != "noChange",
            gate=S.ACKNOWLEDGED if entry.needs else None,
        )
        lines[line.id] = line
        siblings.setdefault(entry.parent, []).append(line)
        if entry.needs:
            waiting[line.id] = entry.needs
            for needed in entry.needs:
                needed_by[needed] = (*needed_by.get(needed, ()), line.id)
    order.size, order.lines = len(lines), {}
    for line in reversed(lines.values()):
        # An unchanged whole with parts that change has work below it.
        if line.counted and line.parent:
            lines[line.parent].counted = True
    for parent, children in siblings.items():
        if not any(line.counted for line in children):
            for line in children:
                line.counted = True
        tally = lines[parent].children if parent else order.lines
        tally[state] = sum(line.counted for line in children)
    return OrderGroup(order, lines, Decomposition(), Orchestration(waiting=waiting, needed_by=needed_by))


def draft_started(event: DraftSaved, at: int) -> OrderGroup:
    """The group of a draft as its first save makes it. What is wrong may have no lines: a draft has none."""
    order = Order(
        id=event.order,
        document=event.document,
        digest=event.digest,
        catalog=event.catalog,
        client=event.client,
        external_id="",
        category="",
        party="",
        order_date=at,
        requested_start=0,
        state=S.DRAFT,
        since=at,
        submitted=False,
    )
    _headed(order, event)
    return OrderGroup(order, {}, Decomposition(), Orchestration())


def _headed(order: Order, event: DraftSaved | OrderChanged) -> None:
    heading = event.heading
    order.document, order.catalog = event.document, event.catalog
    order.external_id, order.category, order.party = heading.external_id, heading.category, heading.party
    order.requested_start = heading.requested_start
    order.depends_on = {other: order.depends_on.get(other, "") for other in heading.depends_on}


def draft_saved(group: OrderGroup, event: DraftSaved, at: int) -> None:
    """Another document of a draft."""
    order = group.order
    _headed(order, event)
    order.version, order.change, order.since = order.version + 1, event.digest, at


def draft_submitted(group: OrderGroup, event: DraftSubmitted, at: int) -> None:
    """The draft is an order now."""
    order = group.order
    order.document, order.catalog, order.submitted = event.document, event.catalog, True
    order.state, order.since, order.order_date = S.ACKNOWLEDGED, at, at
    _lined_anew(group, at)


def draft_withdrawn(group: OrderGroup, event: DraftWithdrawn, at: int) -> None:
    """The draft was given up."""
    order = group.order
    order.state, order.since, order.completed_at = S.CANCELLED, at, at
    order.code, order.reason = "withdrawn", event.reason
    order.size, order.lines, group.lines = 0, {}, {}


def order_changed(group: OrderGroup, event: OrderChanged, at: int) -> None:
    """Another document of an order that has not begun."""
    order = group.order
    _headed(order, event)
    order.version, order.change = order.version + 1, event.digest
    _lined_anew(group, at)
    review_changed(group, at)


def order_annotated(group: OrderGroup, event: OrderAnnotated, at: int) -> None:
    """Another document that no work rests on."""
    order = group.order
    order.document, order.version, order.change = event.document, order.version + 1, event.digest


def _lined_anew(group: OrderGroup, at: int) -> None:
    """The lines of another document, of an order that has not begun."""
    made = _with_lines(group.order, S.ACKNOWLEDGED, at)
    group.lines, group.orchestration = made.lines, made.orchestration
