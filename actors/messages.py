"""The messages that reach a group, and what it answers.

Tags are chosen words, never class paths: a message may outlive the code that sent it. Instants are milliseconds since
1970 UTC. Messages between actors of one group never leave their turn and stand in ``actors/inside.py``.
"""

from typing import Any

import msgspec

from actors.customer_products import CustomerProducts
from actors.message import Message
from actors.messages_of_products import ProductMessage


class Heading(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What of a document others than its lines need: lists, its date, and the orders it waits for.

    ``requested_start`` is 0 without one.
    """

    external_id: str = ""
    category: str = ""
    party: str = ""
    requested_start: int = 0
    depends_on: tuple[str, ...] = ()


class SubmitOrder(Message, frozen=True, tag="submit"):
    """A TMF622 order that has passed every check at the door: the message that creates the group.

    ``document`` is the order as canonical JSON (sorted keys, no blanks), ``digest`` BLAKE2b-128 of it;
    ``catalog`` the version it was checked against and is pinned to. ``keyed`` says that the id derives from a key
    (Idempotency-Key or party and externalId), so that meeting the same id again is a repetition.
    """

    document: bytes
    digest: bytes
    catalog: str
    client: str = ""
    external_id: str = ""
    category: str = ""
    party: str = ""
    requested_start: int = 0
    depends_on: tuple[str, ...] = ()
    """Ids of orders that must be completed before this one starts."""
    keyed: bool = True
    by: str = ""
    lane: str = ""
    """The lane it travels on, where that is not for the catalog's policy to say: its lane was full."""
    customer: CustomerProducts | None = None
    """What was found of its customer's products, where a compatibility of its lines looks among them."""


class StartDraft(Message, frozen=True, tag="draft"):
    """The first save of a draft: the message that creates the group. ``document`` may be wrong in any way."""

    document: bytes
    digest: bytes
    catalog: str
    client: str = ""
    heading: Heading = Heading()
    by: str = ""


class SaveDraft(Message, frozen=True, tag="saveDraft"):
    """Another document for a draft. ``base`` is the version it was written on, ``digest`` that of what was sent."""

    base: int
    document: bytes
    digest: bytes
    catalog: str
    heading: Heading = Heading()
    by: str = ""


class SubmitDraft(Message, frozen=True, tag="submitDraft"):
    """Turn a draft into an acknowledged order.

    ``base`` is the version that passed every check at the door, under the ``catalog`` of this version, and
    ``document`` what the door made of it; 0 and empty: whatever it is, as it was saved.
    """

    by: str = ""
    base: int = 0
    catalog: str = ""
    document: bytes = b""
    lane: str = ""
    """As in :class:`SubmitOrder`."""
    customer: CustomerProducts | None = None
    """As in :class:`SubmitOrder`."""


class WithdrawDraft(Message, frozen=True, tag="withdrawDraft"):
    """Give up a draft."""

    by: str = ""
    reason: str = ""


class ChangeOrder(Message, frozen=True, tag="change"):
    """Another document for an order that has not begun: it has passed every check at the door.

    ``base`` is the version it was made from, ``digest`` that of the patch, ``changed`` JSON pointers to what differs.
    """

    base: int
    document: bytes
    digest: bytes
    catalog: str
    heading: Heading
    changed: tuple[str, ...]
    by: str = ""
    customer: CustomerProducts | None = None
    """As in :class:`SubmitOrder`."""


class AnnotateOrder(Message, frozen=True, tag="annotate"):
    """Another document that differs in nothing any work rests on: a note, a description, a contact."""

    base: int
    document: bytes
    digest: bytes
    changed: tuple[str, ...]
    by: str = ""


class ChangeValues(Message, frozen=True, tag="changeValues"):
    """Another document of an order whose work has begun, which differs in remarks and in values of characteristics.

    ``values`` has them by line: what was not known and is now, or is another value now (null: not known any more).
    All of it happens, or nothing.
    """

    base: int
    document: bytes
    digest: bytes
    changed: tuple[str, ...]
    values: dict[str, dict[str, Any]]
    by: str = ""


class TaskResult(Message, frozen=True, tag="result"):
    """What a target answered to one generation of one task."""

    task: str
    generation: int
    outcome: str
    """``completed`` | ``failed`` (a permanent failure: the task is held) | ``pending`` (the requester must decide) |
    ``waiting`` (no answer yet and no failure: the target is left alone at the moment; ``code`` says why)."""
    output: dict[str, Any] = {}
    code: str = ""
    message: str = ""


class TaskResults(Message, frozen=True, tag="results"):
    """Answers for several tasks of one order that came together."""

    results: tuple[TaskResult, ...]


class Retry(Message, frozen=True, tag="retry"):
    """Dispatch a held or pending task again, or free a line or an order that is held by another's end.

    ``target`` is a task key, a line id or empty for the order; ``changes`` replace values of the task's request
    (a new generation), None repeats the same data. ``key`` names the decision (``actors/command_keys.py``): one that
    comes twice is decided once, though its target may be held again by then.
    """

    target: str
    changes: dict[str, Any] | None = None
    by: str = ""
    key: str = ""


class GiveUp(Message, frozen=True, tag="giveUp"):
    """The decision that what is held or pending will not be done: task ``failed``, line or order ``cancelled``."""

    target: str
    reason: str = ""
    by: str = ""
    key: str = ""
    """See :class:`Retry`."""


class GiveValues(Message, frozen=True, tag="giveValues"):
    """Values for a line with rules: what it waits for, or what is another value now.

    ``target`` is the line; values go by their full path as ``waitsFor`` names it (``sdwan.site[2].model``), those of
    the line's own specification also by their name alone. Null: it is not known any more. Wherever the values come
    from (an enrichment, a PATCH, a person), this is how they reach the running order.
    """

    target: str
    values: dict[str, Any]
    by: str = ""
    key: str = ""
    """See :class:`Retry`."""


class AcknowledgeAlerts(Message, frozen=True, tag="acknowledgeAlerts"):
    """A person knows that a deadline of line ``target`` has passed: nobody is reminded or told of it any more.

    ``alert`` is the key of what is held back; empty: all alerts of the line that are for one of ``groups``.
    """

    target: str
    by: str
    alert: str = ""
    groups: tuple[str, ...] = ()
    key: str = ""
    """See :class:`Retry`."""


class ClaimWork(Message, frozen=True, tag="claimWork"):
    """A person takes a task for people on; ``groups`` are those the person works for, ``*`` is every group."""

    task: str
    by: str
    groups: tuple[str, ...] = ()
    key: str = ""
    """See :class:`Retry`."""


class CompleteWork(Message, frozen=True, tag="completeWork"):
    """A person's task is done. ``values``: line -> field -> value, as in :class:`AddDetails`."""

    task: str
    by: str
    groups: tuple[str, ...] = ()
    values: dict[str, dict[str, Any]] = {}
    note: str = ""
    key: str = ""
    """See :class:`Retry`."""


class ReturnWork(Message, frozen=True, tag="returnWork"):
    """A person gives a claimed task back: to its group, or (``requester``) because only the requester can answer."""

    task: str
    by: str
    reason: str
    groups: tuple[str, ...] = ()
    requester: bool = False
    key: str = ""
    """See :class:`Retry`."""


class AddDetails(Message, frozen=True, tag="addDetails"):
    """Fill in what lines of an order in review lack, without a task.

    ``values``: line -> field -> value; a field is a characteristic, or one of ``catalog.policies.facts.FIELDS``.
    """

    values: dict[str, dict[str, Any]]
    by: str
    note: str = ""
    key: str = ""
    """See :class:`Retry`."""


class ApproveOrder(Message, frozen=True, tag="approve"):
    """One approver's yes. ``version`` is that of the review the approver saw (0: whatever it is now).

    ``overrides``: compatibility finding -> why the order is approved in spite of it.
    """

    by: str
    groups: tuple[str, ...] = ()
    version: int = 0
    overrides: dict[str, str] = {}
    note: str = ""
    key: str = ""
    """See :class:`Retry`."""


class RejectOrder(Message, frozen=True, tag="reject"):
    """The decision that an order in review will not be fulfilled."""

    by: str
    reason: str
    groups: tuple[str, ...] = ()
    key: str = ""
    """See :class:`Retry`."""


class ReturnOrder(Message, frozen=True, tag="returnOrder"):
    """Send an order that waits for approval back for rework: to people, or (``requester``) to the requester."""

    by: str
    reason: str
    groups: tuple[str, ...] = ()
    requester: bool = False
    key: str = ""
    """See :class:`Retry`."""


class TimerFired(Message, frozen=True, tag="timer"):
    """A timer of the group is due. Fires at least once, is decided once."""

    key: str


class AwaitOrder(Message, frozen=True, tag="await"):
    """Sent by an order that depends on this one: tell it when this one has ended."""

    order: str


class OrderEnded(Message, frozen=True, tag="ended"):
    """Sent to an order that waits: the order it depends on has ended in ``state`` ("" when there is no such order)."""

    order: str
    state: str


class Undeliverable(Message, frozen=True, tag="undeliverable"):
    """The runtime's word to a sender: there is no group ``to`` that could take the message."""

    to: str


AnyMessage = (
    ProductMessage
    | SubmitOrder
    | SubmitDraft
    | WithdrawDraft
    | TaskResult
    | TaskResults
    | Retry
    | GiveUp
    | ClaimWork
    | CompleteWork
    | ReturnWork
    | AddDetails
    | ApproveOrder
    | RejectOrder
    | ReturnOrder
    | GiveValues
    | AcknowledgeAlerts
    | TimerFired
    | AwaitOrder
    | OrderEnded
    | Undeliverable
    | StartDraft
    | SaveDraft
    | ChangeOrder
    | AnnotateOrder
    | ChangeValues
)


class Reply(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What the sender is told, once everything it rests on is durable."""


class Accepted(Reply, frozen=True, tag="accepted"):
    """The order is durable. ``duplicate``: it was already, from the same key and the same body."""

    order: str
    state: str
    order_date: int
    duplicate: bool = False


class KeyConflict(Reply, frozen=True, tag="conflict"):
    """The key already made an order, from a body with another digest (HTTP 409 if it is another order, too)."""

    order: str


class Done(Reply, frozen=True, tag="done"):
    """What was asked is decided and durable. ``state`` is the target's state now."""

    state: str


class RefusedReply(Reply, frozen=True, tag="refused"):
    """The state of the order forbids it (HTTP 409); ``unknownOrder`` and the like answer 404."""

    code: str
    message: str


AnyReply = Accepted | KeyConflict | Done | RefusedReply
