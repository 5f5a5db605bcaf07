"""The facts of a review: what people were asked before an order is fulfilled, and what they decided.

Rules as in ``actors/events.py``. Every fact that a person brings about says who: ``by`` is the principal's name.
"""

from typing import Any

import msgspec

from actors.fact import Event


class ReviewOpened(Event, frozen=True, tag="reviewOpened"):
    """People look at the order before anything is decomposed; ``by`` submitted it."""

    by: str


class OrderPrioritised(Event, frozen=True, tag="prioritised"):
    """How urgent the order is (0 to 100), and each of its lines in document order."""

    priority: int
    lines: tuple[int, ...]
    lane: str


class WorkPlan(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A task for people as it is opened. ``due`` and ``claim_by`` are instants, the others durations, in ms; 0 = none.

    ``kind``: ``enrichment`` | ``rework`` | ``approval``.
    """

    key: str
    kind: str
    rule: str
    name: str
    lines: tuple[str, ...]
    fills: tuple[str, ...]
    group: str
    overdue: str
    due: int
    deadline: int
    escalate_to: tuple[str, ...]
    claim_by: int
    claim_within: int
    claim_lasts: int
    reason: str = ""


class WorkOpened(Event, frozen=True, tag="workOpened"):
    """Tasks for people come to be."""

    tasks: tuple[WorkPlan, ...]


class WorkClaimed(Event, frozen=True, tag="workClaimed"):
    """A person took a task on; the claim lapses at ``until`` (0: never)."""

    task: str
    by: str
    until: int


class WorkReleased(Event, frozen=True, tag="workReleased"):
    """A claim ended without the task being done; ``claim_by`` is when it goes up unless somebody claims it."""

    task: str
    code: str
    by: str
    reason: str
    claim_by: int


class WorkEscalated(Event, frozen=True, tag="workEscalated"):
    """Nobody claimed the task, or its deadline passed: it goes to ``group`` with new instants."""

    task: str
    code: str
    group: str
    level: int
    due: int
    claim_by: int


class RequesterAsked(Event, frozen=True, tag="requesterAsked"):
    """A task for people needs something that only the requester can give, for these lines."""

    task: str
    by: str
    reason: str
    lines: tuple[str, ...]


class WorkCompleted(Event, frozen=True, tag="workCompleted"):
    """A task for people is done; ``by`` is empty when what it asked for came without it."""

    task: str
    by: str
    note: str


class WorkWithdrawn(Event, frozen=True, tag="workWithdrawn"):
    """Tasks for people that nobody needs any more."""

    tasks: tuple[str, ...]
    reason: str


class DetailsAdded(Event, frozen=True, tag="details"):
    """What lines of the order lacked was filled in: line -> field -> value."""

    values: dict[str, dict[str, Any]]
    by: str
    note: str
    task: str = ""


class ApprovalNeed(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An approval that a rule asks for: how many different people of which group, and why."""

    rule: str
    name: str
    group: str
    approvers: int
    lines: tuple[str, ...]
    reason: str = ""
    return_to: str = ""


class Incompatibility(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A compatibility finding; ``id`` names it for an override."""

    id: str
    line: str
    sentence: str


class ApprovalAsked(Event, frozen=True, tag="approvalAsked"):
    """The order is complete: these approvals are asked for, on this price and these findings."""

    needs: tuple[ApprovalNeed, ...]
    price: dict[str, Any]
    findings: tuple[Incompatibility, ...]


class OrderApproved(Event, frozen=True, tag="approved"):
    """One approver's yes, to the order as of ``version`` and at the price that was seen; it counts for ``rules``."""

    by: str
    rules: tuple[str, ...]
    version: int
    price: dict[str, Any]
    overrides: dict[str, str]
    note: str


class OrderReturned(Event, frozen=True, tag="orderReturned"):
    """An approver sent the order back for rework."""

    by: str
    reason: str


class ReviewClosed(Event, frozen=True, tag="reviewClosed"):
    """The review is over: ``cleared`` for fulfilment, or ``rejected``."""

    outcome: str
    by: str
    reason: str


ReviewEvent = (
    ReviewOpened
    | OrderPrioritised
    | WorkOpened
    | WorkClaimed
    | WorkReleased
    | WorkEscalated
    | RequesterAsked
    | WorkCompleted
    | WorkWithdrawn
    | DetailsAdded
    | ApprovalAsked
    | OrderApproved
    | OrderReturned
    | ReviewClosed
)
