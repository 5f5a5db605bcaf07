"""The facts of a group, as the journal keeps them.

A fact says what was decided, never what it was computed from: folding it looks nothing up. Tags are chosen words; the
number of a changed layout goes into the tag's table in ``actors/lifting.py``. The instant of a fact is its record's.
"""

from typing import Any

from actors.compatibility_events import CompatibilityEvent
from actors.events_of_graph import (
    GraphEvent,
)
from actors.events_of_products import ClaimEvent, ProductEvent, SharedEvent
from actors.fact import Event
from actors.messages import AnyMessage, Heading
from actors.review_events import ReviewEvent
from actors.states import State
from catalog.lines import DomainOrderPlan, TaskPlan


class OrderSubmitted(Event, frozen=True, tag="submitted"):
    """The order came in, as ``draft`` or ``acknowledged``."""

    order: str
    document: bytes
    digest: bytes
    catalog: str
    client: str
    external_id: str
    category: str
    party: str
    requested_start: int
    depends_on: tuple[str, ...]
    state: State


class DraftSaved(Event, frozen=True, tag="draft"):
    """A draft was saved; its document is the fact, whatever is wrong with it. The first one begins the order."""

    order: str
    document: bytes
    digest: bytes
    """Of the document at the first save, of what was sent at the later ones."""
    catalog: str
    client: str
    heading: Heading


class DraftSubmitted(Event, frozen=True, tag="draftSubmitted"):
    """The draft became an acknowledged order with this document, checked under this version of the catalog."""

    document: bytes
    catalog: str


class DraftWithdrawn(Event, frozen=True, tag="draftWithdrawn"):
    """The draft was given up before it was ever an order."""

    reason: str


class OrderChanged(Event, frozen=True, tag="orderChanged"):
    """An order that had not begun got another document. ``changed`` are JSON pointers to what differs."""

    document: bytes
    digest: bytes
    catalog: str
    heading: Heading
    changed: tuple[str, ...]


class OrderAnnotated(Event, frozen=True, tag="annotated"):
    """The order's document changed. ``changed`` are JSON pointers to what differs.

    No work rests on it, or what it means for work follows in facts of its own.
    """

    document: bytes
    digest: bytes
    changed: tuple[str, ...]


class OrderMoved(Event, frozen=True, tag="order"):
    """The order walked one arc. ``code`` and ``reason`` are given where the arc needs an explanation."""

    state: State
    code: str = ""
    reason: str = ""


class DependencyEnded(Event, frozen=True, tag="dependency"):
    """An order that this one waits for has ended."""

    order: str
    state: str


class WaiterAdded(Event, frozen=True, tag="waiter"):
    """Another order wants to know when this one ends."""

    order: str


class LinesMoved(Event, frozen=True, tag="lines"):
    """Order lines walked the same arc."""

    state: State
    lines: tuple[str, ...]
    code: str = ""
    reason: str = ""


class LineDecomposed(Event, frozen=True, tag="decomposed"):
    """One line's domain orders, as the catalog version of the order gave them."""

    line: str
    domain_orders: tuple[DomainOrderPlan, ...]


class LinePlanned(Event, frozen=True, tag="planned"):
    """One line's tasks with their dependencies."""

    line: str
    tasks: tuple[TaskPlan, ...]


class DomainOrdersMoved(Event, frozen=True, tag="domain"):
    """Domain orders walked the same arc."""

    state: State
    keys: tuple[str, ...]


class TasksDispatched(Event, frozen=True, tag="dispatched"):
    """Tasks go out to their targets; ``until`` is when each answer is due at the latest."""

    tasks: tuple[str, ...]
    until: tuple[int, ...]


class TaskCompleted(Event, frozen=True, tag="completed"):
    """A target did the task of this generation."""

    task: str
    output: dict[str, Any]


class TaskHeld(Event, frozen=True, tag="held"):
    """A permanent failure: fallout that waits for an operator's decision."""

    task: str
    code: str
    message: str


class TaskPending(Event, frozen=True, tag="pending"):
    """The target needs something only the requester can give."""

    task: str
    code: str
    message: str


class TaskWaits(Event, frozen=True, tag="waits"):
    """The task was not put to its target, which is left alone at the moment: no attempt was spent on it."""

    task: str
    code: str
    message: str


class TaskRedriven(Event, frozen=True, tag="redriven"):
    """A held or pending task goes on; ``generation`` grows when its request data changed."""

    task: str
    generation: int
    changes: dict[str, Any]


class TaskGivenUp(Event, frozen=True, tag="givenUp"):
    """The decision that a held task will not be done: it leaves ``held`` on its way to ``failed``."""

    task: str
    reason: str


class TaskFailed(Event, frozen=True, tag="failed"):
    """The given-up task has failed: its end."""

    task: str


class TasksDropped(Event, frozen=True, tag="dropped"):
    """Tasks that can never start any more, because what they need was given up."""

    tasks: tuple[str, ...]


class LineBlocked(Event, frozen=True, tag="blocked"):
    """A line that this one needs has ended without success: fallout that waits for an operator's decision."""

    line: str
    need: str
    code: str
    reason: str


class LineGivenUp(Event, frozen=True, tag="lineGivenUp"):
    """The decision that a blocked line's own work will not be done."""

    line: str
    reason: str


class NeedMet(Event, frozen=True, tag="need"):
    """A line no longer waits for ``need`` ("" = someone decided to go on without those that blocked it)."""

    line: str
    need: str


class DeadlineArmed(Event, frozen=True, tag="armed"):
    """The earliest instant at which an answer is overdue, after the one before was met; 0 = none is out."""

    until: int


class CommandDecided(Event, frozen=True, tag="command"):
    """A decision of a person was carried out; the same key again is a repetition of it."""

    key: str


class AnswerRecorded(Event, frozen=True, tag="late"):
    """An answer of an older generation: kept, never applied to the task's state."""

    task: str
    generation: int
    outcome: str
    output: dict[str, Any]


class TimerSet(Event, frozen=True, tag="timerSet"):
    """The group is to be woken at ``due`` with ``TimerFired(key)``; replaces an earlier setting of the key."""

    key: str
    due: int


class TimerEnded(Event, frozen=True, tag="timerEnded"):
    """The timer fired and was decided, or was cancelled."""

    key: str


class MessageSent(Event, frozen=True, tag="sent"):
    """A message to another group, in this group's outbox until it is acknowledged there."""

    to: str
    sequence: int
    message: AnyMessage


class MessageReceived(Event, frozen=True, tag="received"):
    """A message of another group was decided here: the sender's sequence up to which all are."""

    sender: str
    sequence: int


class MessageAcknowledged(Event, frozen=True, tag="acknowledged"):
    """The receiver has decided the outbox entry durably."""

    to: str
    sequence: int


GroupEvent = TimerSet | TimerEnded | MessageSent | MessageReceived | MessageAcknowledged
"""Facts every kind of group has; the kernel folds them."""

OrderEvent = (
    OrderSubmitted
    | OrderMoved
    | DependencyEnded
    | WaiterAdded
    | LinesMoved
    | LineDecomposed
    | GraphEvent
    | LinePlanned
    | DomainOrdersMoved
    | TasksDispatched
    | TaskCompleted
    | TaskHeld
    | TaskPending
    | TaskWaits
    | TaskRedriven
    | TaskGivenUp
    | TaskFailed
    | TasksDropped
    | LineBlocked
    | LineGivenUp
    | NeedMet
    | DeadlineArmed
    | CommandDecided
    | AnswerRecorded
    | DraftSaved
    | DraftSubmitted
    | DraftWithdrawn
    | OrderChanged
    | OrderAnnotated
    | ClaimEvent
    | CompatibilityEvent
)

AnyEvent = GroupEvent | OrderEvent | ReviewEvent | ProductEvent | SharedEvent
