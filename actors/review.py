"""The review actor: what people are asked before anything of an order is decomposed, and where that stands.

Phases: ``enrichment`` (people fill in what is missing), then ``approval``; the order is ``acknowledged`` meanwhile, and
``pending`` while nothing goes on but by its requester. What no policy of the catalog concerns has no review. A message
is decided first; what follows from it is found by :class:`~actors.inside.Settle`, after its facts are folded.
"""

from collections.abc import Callable
from typing import Any, Final

from actors import approval, enrichment, people
from actors.acceptance import ORDER_ACCEPTS
from actors.appraisal import facts_of
from actors.behaviour import Decision, refused
from actors.compatibility import look_beside, watched
from actors.fact import Event
from actors.inside import CLEARED, ORDER, REVIEW, Asked, OpenReview, Refuse, Settle
from actors.message import Message
from actors.messages import (
    AddDetails,
    ApproveOrder,
    ClaimWork,
    CompleteWork,
    RejectOrder,
    ReturnOrder,
    ReturnWork,
    TimerFired,
)
from actors.review_events import OrderPrioritised, ReviewOpened, WorkWithdrawn
from actors.review_events import ReviewClosed as Closed
from actors.review_state import ENRICHMENT, PHASES, REJECTED
from actors.states import S
from actors.structure import OrderGroup
from catalog.model import Catalog
from catalog.policies.priority import ranking
from catalog.store import Catalogs

PEOPLE: Final = "people"
"""The review's one timer: the earliest instant at which a claim, a deadline or an escalation is due."""
NOT_IN_REVIEW: Final = "orderNotInReview"


class ReviewActor:
    """Decides what people are asked about an order, and takes their answers."""

    def __init__(self, catalogs: Catalogs) -> None:
        self.catalogs = catalogs

    def decide(self, group: OrderGroup, message: Message, now: int) -> Decision:
        """Decide one message. ``now`` is in milliseconds since 1970 UTC.

        :raises catalog.store.UnknownCatalogVersion: the order's version has not reached this host yet.
        """
        catalog = self.catalogs.get(group.order.catalog)
        if isinstance(message, OpenReview):
            return self._open(group, catalog, message, now)
        if isinstance(message, Settle):
            return self._settle(group, catalog, message, now)
        order, review = group.order, group.review
        if type(message) in ORDER_ACCEPTS.rules:
            why = ORDER_ACCEPTS.refusal(type(message), order.state, order.id)
            if why is not None:
                return refused(*why)
        if review is None or not order.in_review:
            return refused(NOT_IN_REVIEW, f"order {order.id} waits for nobody to complete or approve it")
        way = _WAYS.get(type(message))
        if way is None:
            return refused("unknownMessage", f"a review does not understand {type(message).__name__}")
        due = people.next_instant(review.tasks.values())
        decision = way(group, catalog, message, now)
        if decision.reply is None:
            decision.inside.append((REVIEW, Settle(0 if isinstance(message, TimerFired) else due)))
        return decision

    @staticmethod
    def _open(group: OrderGroup, catalog: Catalog, message: OpenReview, now: int) -> Decision:
        """The order came in or changed: what nobody must be asked about goes on at once."""
        review = group.review
        if review is not None and group.order.in_review:
            due = people.next_instant(review.tasks.values())
            decision = Decision([*enrichment.answered(group, message.by)], [(REVIEW, Settle(due))])
            decision.events += watched(group, catalog, now)
            decision.add(look_beside(group, catalog, now, message.customer))
            return decision
        events = [*_prioritised(group, catalog, now, message.lane), *watched(group, catalog, now)]
        looked = look_beside(group, catalog, now, message.customer)
        if looked.events:
            opened = [*events, ReviewOpened(message.by), *looked.events]
            return Decision(opened, [(REVIEW, Settle(0))], looked.sends)
        if not (enrichment.wanted(group, catalog, now) or approval.asked_for(group, catalog, now)):
            return Decision(events, [(ORDER, CLEARED)])
        return Decision([*events, ReviewOpened(message.by)], [(REVIEW, Settle(0))])

    @staticmethod
    def _settle(group: OrderGroup, catalog: Catalog, message: Settle, now: int) -> Decision:
        review = group.review
        assert review is not None
        if review.phase in PHASES:
            events = _prioritised(group, catalog, now)
            step = enrichment.step if review.phase == ENRICHMENT else approval.step
            events += step(group, catalog, now)
            if events:
                return Decision(events, [(REVIEW, message)])
        return _settled(group, message)


def _settled(group: OrderGroup, message: Settle) -> Decision:
    """Nothing follows any more: what the order shows, and when the clock looks again."""
    order, review = group.order, group.review
    assert review is not None
    decision = Decision()
    due = people.next_instant(review.tasks.values()) if review.phase in PHASES else 0
    if due != message.due:
        decision.timers.append((PEOPLE, due or None))
    if review.phase == REJECTED:
        decision.inside.append((ORDER, Refuse("rejected", review.reason)))
    elif review.phase not in PHASES:
        decision.inside.append((ORDER, CLEARED))
    else:
        active = review.active
        asked = [task for task in active if task.state is S.PENDING]
        after = S.PENDING if asked and len(asked) == len(active) else S.ACKNOWLEDGED
        if order.state is not after:
            reason = asked[0].reason if after is S.PENDING else ""
            decision.inside.append((ORDER, Asked(after, "informationRequired" if reason else "", reason)))
    return decision


def _prioritised(group: OrderGroup, catalog: Catalog, now: int, lane: str = "") -> list[Event]:
    """How urgent the order is now, where it is not what it was. Its lane it keeps from when it came in."""
    found = ranking(catalog, facts_of(group, catalog, now))
    if found is None:
        return []
    urgency = group.urgency
    if urgency is None:
        return [OrderPrioritised(found.priority, found.lines, lane or found.lane)]
    if (urgency.priority, tuple(urgency.lines.values())) == (found.priority, found.lines):
        return []
    return [OrderPrioritised(found.priority, found.lines, urgency.lane)]


def _claim(group: OrderGroup, catalog: Catalog, message: ClaimWork, now: int) -> Decision:
    assert group.review is not None
    task = group.review.tasks.get(message.task)
    if (why := people.refusal(task, message, group.order.id)) is not None:
        return why
    assert task is not None
    return Decision([*people.claimed(task, message, now)])


def _give_back(group: OrderGroup, catalog: Catalog, message: ReturnWork, now: int) -> Decision:
    assert group.review is not None
    task = group.review.tasks.get(message.task)
    if (why := people.refusal(task, message, group.order.id)) is not None:
        return why
    assert task is not None
    if message.requester and task.kind == people.APPROVAL:
        return refused(
            "approvalReturned", f"task {task.key} is an approval: return the order itself to its requester"
        )
    return Decision([*people.given_back(task, message, now)])


def _timer(group: OrderGroup, catalog: Catalog, message: TimerFired, now: int) -> Decision:
    review = group.review
    assert review is not None
    decision = Decision(timers=[(message.key, None)])
    for task in review.active:
        if task.overdue == "reject" and 0 < task.due <= now:
            reason = f"{task.name} was not done in time"
            return Decision([*_closed(group, "", reason)], timers=decision.timers)
        decision.events += people.passed(task, now)
    return decision


def _reject(group: OrderGroup, catalog: Catalog, message: RejectOrder, now: int) -> Decision:
    review = group.review
    assert review is not None
    if not approval.may_decide(review, message.groups):
        return approval.not_an_approver(group, message.by)
    return Decision([*_closed(group, message.by, message.reason)])


def _closed(group: OrderGroup, by: str, reason: str) -> list[Event]:
    """The end of a review without a yes."""
    assert group.review is not None
    active = tuple(task.key for task in group.review.active)
    withdrawn: list[Event] = [WorkWithdrawn(active, "the order was rejected")] if active else []
    return [*withdrawn, Closed(REJECTED, by, reason)]


REVIEW_MESSAGES: Final = (
    ClaimWork,
    CompleteWork,
    ReturnWork,
    AddDetails,
    ApproveOrder,
    RejectOrder,
    ReturnOrder,
)
"""What people may say to a review."""
_WAYS: Final[dict[type[Message], Callable[[OrderGroup, Catalog, Any, int], Decision]]] = {
    ClaimWork: _claim,
    CompleteWork: enrichment.complete,
    ReturnWork: _give_back,
    AddDetails: enrichment.add_details,
    ApproveOrder: approval.approve,
    RejectOrder: _reject,
    ReturnOrder: approval.send_back,
    TimerFired: _timer,
}
"""What a review understands."""
