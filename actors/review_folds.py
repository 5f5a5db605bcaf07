"""The fold of a review's facts, as in ``actors/folds.py``."""

from collections.abc import Callable
from typing import Any

import msgspec

from actors.captured import filled, price_overrides
from actors.people import PersonTask
from actors.review_events import (
    ApprovalAsked,
    DetailsAdded,
    OrderApproved,
    OrderPrioritised,
    OrderReturned,
    RequesterAsked,
    ReviewClosed,
    ReviewOpened,
    WorkClaimed,
    WorkCompleted,
    WorkEscalated,
    WorkOpened,
    WorkReleased,
    WorkWithdrawn,
)
from actors.review_state import APPROVAL, ENRICHMENT, Approval, Review, Urgency
from actors.states import S
from actors.structure import OrderGroup


def _opened(group: OrderGroup, event: ReviewOpened, at: int) -> None:
    group.order.in_review = True
    if group.review is None:
        group.review = Review((event.by,), ENRICHMENT, at)
        return
    review = group.review
    if event.by not in review.submitters:
        review.submitters = (*review.submitters, event.by)
    review.by = review.reason = ""
    _back_to_enrichment(review, at)


def _back_to_enrichment(review: Review, at: int) -> None:
    """Whatever was asked and answered about approval no longer stands."""
    if review.phase != ENRICHMENT:
        review.phase, review.since = ENRICHMENT, at
    review.needs, review.approvals, review.findings = (), (), ()
    review.price, review.overrides = {}, {}


def changed(group: OrderGroup, at: int) -> None:
    """The order's document changed while it was in review: it must be approved as it is now."""
    if group.review is not None and group.order.in_review:
        for task in group.review.tasks.values():
            # What is no line of the order any more can be completed by nobody.
            task.lines = tuple(line for line in task.lines if line in group.lines)
        _back_to_enrichment(group.review, at)


def _prioritised(group: OrderGroup, event: OrderPrioritised, at: int) -> None:
    lines = dict(zip(group.lines, event.lines, strict=True))
    group.urgency = Urgency(event.priority, lines, event.lane)


def _work_opened(group: OrderGroup, event: WorkOpened, at: int) -> None:
    tasks = _review(group).tasks
    for plan in event.tasks:
        tasks[plan.key] = PersonTask(**msgspec.structs.asdict(plan), state=S.ACKNOWLEDGED, since=at)


def _claimed(group: OrderGroup, event: WorkClaimed, at: int) -> None:
    task = _review(group).tasks[event.task]
    task.state, task.since, task.by, task.claim_until = S.IN_PROGRESS, at, event.by, event.until


def _released(group: OrderGroup, event: WorkReleased, at: int) -> None:
    task = _review(group).tasks[event.task]
    task.state, task.since, task.by, task.claim_until = S.ACKNOWLEDGED, at, "", 0
    task.claim_by = event.claim_by
    if event.reason:
        task.reason = event.reason


def _escalated(group: OrderGroup, event: WorkEscalated, at: int) -> None:
    task = _review(group).tasks[event.task]
    task.group, task.level, task.due, task.claim_by = event.group, event.level, event.due, event.claim_by


def _asked(group: OrderGroup, event: RequesterAsked, at: int) -> None:
    task = _review(group).tasks[event.task]
    task.state, task.since, task.by, task.claim_until = S.PENDING, at, "", 0
    task.reason, task.due, task.claim_by = event.reason, 0, 0


def _completed(group: OrderGroup, event: WorkCompleted, at: int) -> None:
    task = _review(group).tasks[event.task]
    task.state, task.since, task.by, task.claim_until = S.COMPLETED, at, event.by, 0
    task.note = event.note


def _withdrawn(group: OrderGroup, event: WorkWithdrawn, at: int) -> None:
    for key in event.tasks:
        task = _review(group).tasks[key]
        task.state, task.since, task.by, task.claim_until = S.CANCELLED, at, "", 0
        task.note = event.reason


def _details(group: OrderGroup, event: DetailsAdded, at: int) -> None:
    order = group.order
    order.document, order.version = filled(order.document, event.values), order.version + 1
    review = _review(group)
    decided = price_overrides(event.values, event.by, event.note, at)
    if decided:
        again = {(each.line, each.price) for each in decided}
        kept = [each for each in review.overridden if (each.line, each.price) not in again]
        review.overridden = (*kept, *decided)
    changed(group, at)


def _approval_asked(group: OrderGroup, event: ApprovalAsked, at: int) -> None:
    review = _review(group)
    review.phase, review.since, review.needs = APPROVAL, at, event.needs
    review.price, review.findings = event.price, event.findings


def _approved(group: OrderGroup, event: OrderApproved, at: int) -> None:
    review = _review(group)
    review.approvals = (
        *review.approvals,
        Approval(event.by, event.rules, at, event.version, event.note),
    )
    review.overrides = {**review.overrides, **event.overrides}


def _returned(group: OrderGroup, event: OrderReturned, at: int) -> None:
    _back_to_enrichment(_review(group), at)


def _closed(group: OrderGroup, event: ReviewClosed, at: int) -> None:
    review = _review(group)
    review.phase, review.since, review.by, review.reason = event.outcome, at, event.by, event.reason
    group.order.in_review = False


def _review(group: OrderGroup) -> Review:
    assert group.review is not None, "only an order in review has such facts"
    return group.review


REVIEW_FOLDS: dict[type, Callable[[OrderGroup, Any, int], None]] = {
    ReviewOpened: _opened,
    OrderPrioritised: _prioritised,
    WorkOpened: _work_opened,
    WorkClaimed: _claimed,
    WorkReleased: _released,
    WorkEscalated: _escalated,
    RequesterAsked: _asked,
    WorkCompleted: _completed,
    WorkWithdrawn: _withdrawn,
    DetailsAdded: _details,
    ApprovalAsked: _approval_asked,
    OrderApproved: _approved,
    OrderReturned: _returned,
    ReviewClosed: _closed,
}
