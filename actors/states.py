"""The states of orders, order items, domain orders and tasks, and the arcs between them: tables, and nothing else.

Each :class:`Machine` is TM Forum's diagram of one kind plus named extension arcs, each with its reason. The pages with
diagrams under ``docs/states`` are printed from these tables, and a test holds them together.

Sources: TMF622 v4.0 and v5.0, TMF641 v4.1, TMF652 v4.0 (state enumerations and state diagrams), TMF637 v4.0
(ProductStatusType).
"""

from enum import StrEnum
from functools import cache
from typing import Final

import msgspec


class State(StrEnum):
    """A state in TM Forum's words. Which of them a kind may be in is its machine's business."""

    DRAFT = "draft"
    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    PENDING = "pending"
    HELD = "held"
    IN_PROGRESS = "inProgress"
    ASSESSING_CANCELLATION = "assessingCancellation"
    PENDING_CANCELLATION = "pendingCancellation"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"
    PARTIAL = "partial"
    CREATED = "created"
    PENDING_ACTIVE = "pendingActive"
    ACTIVE = "active"
    ABORTED = "aborted"
    PENDING_TERMINATE = "pendingTerminate"
    TERMINATED = "terminated"


class S:
    """The states by a short name: a turn asks for hundreds, and a plain class answers faster than an enumeration."""

    DRAFT: Final = State.DRAFT
    ACKNOWLEDGED: Final = State.ACKNOWLEDGED
    REJECTED: Final = State.REJECTED
    PENDING: Final = State.PENDING
    HELD: Final = State.HELD
    IN_PROGRESS: Final = State.IN_PROGRESS
    ASSESSING_CANCELLATION: Final = State.ASSESSING_CANCELLATION
    PENDING_CANCELLATION: Final = State.PENDING_CANCELLATION
    CANCELLED: Final = State.CANCELLED
    COMPLETED: Final = State.COMPLETED
    FAILED: Final = State.FAILED
    PARTIAL: Final = State.PARTIAL
    CREATED: Final = State.CREATED
    PENDING_ACTIVE: Final = State.PENDING_ACTIVE
    ACTIVE: Final = State.ACTIVE
    ABORTED: Final = State.ABORTED
    PENDING_TERMINATE: Final = State.PENDING_TERMINATE
    TERMINATED: Final = State.TERMINATED


class Machine(msgspec.Struct, frozen=True):
    """One kind's states and arcs.

    ``arcs`` are TM Forum's, ``extensions`` ours: (from, to) -> why the arc exists. An end state has no way out.
    """

    name: str
    source: str
    initial: tuple[State, ...]
    arcs: dict[tuple[State, State], str]
    extensions: dict[tuple[State, State], str]

    @property
    def states(self) -> tuple[State, ...]:
        """Every state of this kind, in the enumeration's order."""
        named = set(self.initial) | {state for arc in (*self.arcs, *self.extensions) for state in arc}
        return tuple(state for state in State if state in named)

    @property
    def final(self) -> tuple[State, ...]:
        """The states without a way out."""
        leaving = {before for before, _ in (*self.arcs, *self.extensions)}
        return tuple(state for state in self.states if state not in leaving)

    def may(self, before: State, after: State) -> bool:
        """Whether one arc leads from ``before`` to ``after``."""
        return (before, after) in self.arcs or (before, after) in self.extensions


FINAL: Final = frozenset({S.REJECTED, S.CANCELLED, S.COMPLETED, S.FAILED, S.PARTIAL, S.TERMINATED})
"""Ends of every kind: no message moves what stands here."""

_SUPPLIED = "the information was supplied"
_SOLVED = "the issue is solved"
_ENDS = {
    (S.IN_PROGRESS, S.COMPLETED): "all work is completed",
    (S.IN_PROGRESS, S.FAILED): "all work failed",
}
_PARTIAL = {(S.IN_PROGRESS, S.PARTIAL): "some work completed and some failed"}
_WAITING = {
    (S.ACKNOWLEDGED, S.IN_PROGRESS): "fulfilment starts",
    (S.IN_PROGRESS, S.PENDING): "information is required from the requester",
    (S.IN_PROGRESS, S.HELD): "fallout",
    (S.PENDING, S.IN_PROGRESS): _SUPPLIED,
    (S.PENDING, S.CANCELLED): "the information cannot be supplied",
    (S.HELD, S.IN_PROGRESS): _SOLVED,
    (S.HELD, S.CANCELLED): "the issue cannot be solved",
}
_CANCELLATION = {
    (S.IN_PROGRESS, S.ASSESSING_CANCELLATION): "cancellation is requested",
    (S.PENDING, S.ASSESSING_CANCELLATION): "cancellation is requested",
    (S.HELD, S.ASSESSING_CANCELLATION): "cancellation is requested",
    (S.ASSESSING_CANCELLATION, S.IN_PROGRESS): "cancellation is denied",
    (S.ASSESSING_CANCELLATION, S.PENDING): "cancellation is denied",
    (S.ASSESSING_CANCELLATION, S.HELD): "cancellation is denied",
    (S.ASSESSING_CANCELLATION, S.PENDING_CANCELLATION): "cancellation is accepted",
    (S.PENDING_CANCELLATION, S.CANCELLED): "everything is undone",
}
_BEFORE_WORK = {
    (S.ACKNOWLEDGED, S.REJECTED): "an approver may refuse after the order was acknowledged",
    (S.ACKNOWLEDGED, S.ASSESSING_CANCELLATION): "an order that waits for its date can be cancelled",
    (S.ASSESSING_CANCELLATION, S.ACKNOWLEDGED): "a denied cancellation leads back to the state before",
    (S.ACKNOWLEDGED, S.HELD): "fallout may come before any work: another order that is needed has failed",
    (S.HELD, S.ACKNOWLEDGED): "and is solved before any work",
    (S.ACKNOWLEDGED, S.PENDING): "the requester may be asked before any work",
    (S.PENDING, S.ACKNOWLEDGED): "and answer before any work",
}
_DRAFT = {
    (S.DRAFT, S.ACKNOWLEDGED): "submitted",
    (S.DRAFT, S.CANCELLED): "withdrawn before it was ever submitted",
}

PRODUCT_ORDER: Final = Machine(
    name="ProductOrder",
    source="TMF622 v4.0; draft from v5.0",
    initial=(S.DRAFT, S.ACKNOWLEDGED, S.REJECTED),
    arcs={
        **_WAITING,
        **_ENDS,
        **_PARTIAL,
        **_CANCELLATION,
        (S.ACKNOWLEDGED, S.PENDING): _BEFORE_WORK[S.ACKNOWLEDGED, S.PENDING],
    },
    extensions={
        **{arc: why for arc, why in _BEFORE_WORK.items() if arc != (S.ACKNOWLEDGED, S.PENDING)},
        **_DRAFT,
    },
)
PRODUCT_ORDER_ITEM: Final = Machine(
    name="ProductOrderItem",
    source="TMF622 v4.0; partial from v5.0",
    initial=(S.DRAFT, S.ACKNOWLEDGED, S.REJECTED),
    arcs=PRODUCT_ORDER.arcs,
    extensions=PRODUCT_ORDER.extensions,
)
SERVICE_ORDER: Final = Machine(
    name="ServiceOrder",
    source="TMF641 v4.1",
    initial=(S.ACKNOWLEDGED,),
    arcs={
        **_WAITING,
        **_ENDS,
        **_PARTIAL,
        **_CANCELLATION,
        (S.ACKNOWLEDGED, S.REJECTED): "the business check refuses it",
        (S.ACKNOWLEDGED, S.CANCELLED): "cancelled before any work",
        (S.ACKNOWLEDGED, S.ASSESSING_CANCELLATION): "cancellation is requested",
        (S.ASSESSING_CANCELLATION, S.ACKNOWLEDGED): "cancellation is denied",
        (S.IN_PROGRESS, S.CANCELLED): "cancelled without an assessment",
    },
    extensions={},
)
RESOURCE_ORDER: Final = Machine(
    name="ResourceOrder",
    source="TMF652 v4.0",
    initial=(S.ACKNOWLEDGED,),
    arcs={**_WAITING, **_ENDS, **_PARTIAL},
    extensions={
        (S.ACKNOWLEDGED, S.CANCELLED): "what never started is dropped when the work before it was given up",
    },
)
TASK: Final = Machine(
    name="Task",
    source="Orderloom, in the words of TMF652 v4.0",
    initial=(S.ACKNOWLEDGED,),
    arcs={
        **_WAITING,
        **_ENDS,
        (S.ACKNOWLEDGED, S.CANCELLED): "nothing can start behind work that was given up",
    },
    extensions={},
)
PERSON_TASK: Final = Machine(
    name="PersonTask",
    source="Orderloom, in the words of TMF652 v4.0; people read open, claimed, returned, completed, withdrawn",
    initial=(S.ACKNOWLEDGED,),
    arcs={
        (S.ACKNOWLEDGED, S.IN_PROGRESS): "somebody claims it",
        (S.IN_PROGRESS, S.ACKNOWLEDGED): "it is given back, or the claim lapses",
        (S.IN_PROGRESS, S.PENDING): "only the requester can give what is missing",
        (S.ACKNOWLEDGED, S.PENDING): "its deadline passed, and then the requester is asked",
        (S.PENDING, S.IN_PROGRESS): "somebody takes it up all the same",
        (S.IN_PROGRESS, S.COMPLETED): "it is done",
        (S.PENDING, S.COMPLETED): "the requester gave what was missing",
        (S.ACKNOWLEDGED, S.COMPLETED): "what it asks for came without it",
        (S.ACKNOWLEDGED, S.CANCELLED): "nobody needs it any more",
        (S.IN_PROGRESS, S.CANCELLED): "nobody needs it any more",
        (S.PENDING, S.CANCELLED): "nobody needs it any more",
    },
    extensions={},
)
INSTALLED_PRODUCT: Final = Machine(
    name="InstalledProduct",
    source="TMF637 v4.0 (ProductStatusType); the arcs are Orderloom's",
    initial=(S.CREATED,),
    arcs={
        (S.CREATED, S.PENDING_ACTIVE): "the order that makes it is under way",
        (S.CREATED, S.ACTIVE): "the order that made it was completed",
        (S.CREATED, S.CANCELLED): "the order that was to make it ended, and nothing stands",
        (S.CREATED, S.ABORTED): "the order that was to make it ended, and a part of it stands",
        (S.PENDING_ACTIVE, S.ACTIVE): "the order that makes it is completed",
        (S.PENDING_ACTIVE, S.CANCELLED): "the order that was to make it ends, and nothing stands",
        (S.PENDING_ACTIVE, S.ABORTED): "the order that was to make it ends, and a part of it stands",
        (S.ACTIVE, S.PENDING_TERMINATE): "an order that takes it away has reserved it",
        (S.ABORTED, S.PENDING_TERMINATE): "an order that takes away what stands of it has reserved it",
        (S.PENDING_TERMINATE, S.TERMINATED): "it is taken away",
        (S.PENDING_TERMINATE, S.ACTIVE): "the order that was to take it away ends without having done so",
        (S.PENDING_TERMINATE, S.ABORTED): "the same, of a product that was never whole",
    },
    extensions={},
)
MACHINES: Final = (
    PRODUCT_ORDER,
    PRODUCT_ORDER_ITEM,
    SERVICE_ORDER,
    RESOURCE_ORDER,
    TASK,
    PERSON_TASK,
    INSTALLED_PRODUCT,
)

DOMAIN_ORDER_MACHINES: Final = {
    "product": PRODUCT_ORDER,
    "service": SERVICE_ORDER,
    "resource": RESOURCE_ORDER,
}


@cache
def walk(machine_name: str, before: State, after: State) -> tuple[State, ...]:
    """The shortest way along legal arcs from ``before`` to ``after``, without ``before``; empty when there is none.

    Roll-up never jumps (``acknowledged`` to ``completed`` goes through ``inProgress``, each step with its event), and
    it never walks through a cancellation or a rejection on its way elsewhere. What is dropped goes through ``held``
    where its kind has no shorter way to ``cancelled``.
    """
    machine = _BY_NAME[machine_name]
    ways: list[tuple[State, ...]] = [(before,)]
    seen = {before}
    while ways:
        way = ways.pop(0)
        for state in machine.states:
            if state in seen or not machine.may(way[-1], state):
                continue
            if state is after:
                return (*way[1:], state)
            if state is S.IN_PROGRESS or (state is S.HELD and after is S.CANCELLED):
                seen.add(state)
                ways.append((*way, state))
    return ()


_BY_NAME = {machine.name: machine for machine in MACHINES}
