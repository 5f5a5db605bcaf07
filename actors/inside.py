"""Messages between the actors of one group. They never leave their turn and are never stored.

Addresses: ``order``, ``decomposition``, ``orchestration``, ``reservation``, ``line:<id>``, and ``lines`` for several of
them at once; ``draft`` and ``change`` are rooms of the order's own, for messages about its document;
``review`` is what people are asked before fulfilment, ``compatibility`` whether what is built fits what is beside it.
"""

from typing import Any, Final, Protocol

from actors.claims import SharedClaim
from actors.customer_products import CustomerProducts
from actors.events_of_products import SharedReference
from actors.message import Message
from actors.states import State
from catalog.lines import LineRequest, TaskPlan

ORDER = "order"
DECOMPOSITION = "decomposition"
ORCHESTRATION = "orchestration"
RESERVATION = "reservation"
LINES = "lines"
DRAFT = "draft"
CHANGE = "change"
REVIEW = "review"
COMPATIBILITY = "compatibility"


def line_address(line: str) -> str:
    """The address of a line actor."""
    return f"line:{line}"


class Decompose(Message, frozen=True, tag="decompose"):
    """To the decomposition: give these lines their domain orders, from this version of the catalog.

    Lines that name an installed product and come without its picture are put off until they have reserved it.
    """

    catalog: str
    requests: tuple[LineRequest, ...]
    given_up: tuple[str, ...] = ()
    """Lines among them that were given up before their turn came: they get none."""


class ClaimProducts(Message, frozen=True, tag="claimProducts"):
    """To the reservation: these lines name installed products, and are decomposed once they have them."""

    requests: tuple[LineRequest, ...]


class ClaimAgain(Message, frozen=True, tag="claimAgain"):
    """To the reservation: ask again for the products that were refused to this line."""

    line: str


class NeedShared(Message, frozen=True, tag="needShared"):
    """To the reservation: lines refer to shared services that the order has not reserved for them.

    Those that are ``waiting`` have not grown; they do when the order has all of them.
    """

    shared: tuple[SharedReference, ...]
    waiting: tuple[str, ...]


class Grow(Message, frozen=True, tag="grow"):
    """To the decomposition: see what the rules of these lines say now, and compare with what there is."""

    lines: tuple[str, ...]


class Brought(Message, frozen=True, tag="brought"):
    """To the decomposition: results of tasks bring these values, by domain order."""

    values: dict[str, dict[str, Any]]


class LeaveOut(Message, frozen=True, tag="leaveOut"):
    """To the decomposition: what is held back of this line, or changed too late, will not be done."""

    line: str
    reason: str = ""


class Leave(Message, frozen=True, tag="leave"):
    """To the decomposition: the line was given up and wants nothing of what it shares with others any more."""

    line: str


class Rest(Message, frozen=True, tag="rest"):
    """To the decomposition: these lines' domain orders without tasks stand where all below them leaves them."""

    lines: tuple[str, ...]


class Bringing(Protocol):
    """Who knows which tasks may still bring a value."""

    def still(self, line: str, bringer: str) -> bool:
        """Whether it may still come to a line from whom `catalog.lines.HeldBack.by` names."""
        ...


class Situated(Message, frozen=True, tag="situated"):
    """To the decomposition: a message, and what growing reads of the order around it."""

    message: Message
    catalog: str
    requests: dict[str, LineRequest]
    about: dict[str, Any]
    at_ms: int
    lines: dict[str, State]
    bringing: "Bringing"
    shared: dict[str, SharedClaim]
    """The shared services that the order has, by id."""


class Join(Message, frozen=True, tag="join"):
    """To the orchestration: all tasks that these lines' domain orders have by now ("" for what is shared)."""

    lines: tuple[str, ...]
    tasks: tuple[TaskPlan, ...]
    gives: dict[str, tuple[tuple[str, str], ...]]


class Go(Message, frozen=True, tag="go"):
    """To the orchestration: what may start in these lines, starts."""

    lines: tuple[str, ...]


class Plan(Message, frozen=True, tag="plan"):
    """To the orchestration: these lines' tasks."""

    lines: tuple[tuple[str, tuple[TaskPlan, ...]], ...]


class WorkMoved(Message, frozen=True, tag="work"):
    """To the decomposition: where the tasks of these domain orders leave them."""

    states: tuple[tuple[str, State], ...]


class RollUp(Message, frozen=True, tag="rollUp"):
    """To these lines (none: to the order): your children moved.

    Decided after everything else in the turn, deepest lines first, lines of one depth together.
    """

    lines: tuple[str, ...] = ()


ROLL_UP: Final = RollUp()


class LinesEnded(Message, frozen=True, tag="linesEnded"):
    """To the orchestration: these lines are final, each with its state; others may have waited for them."""

    lines: tuple[tuple[str, State], ...]


class StartLine(Message, frozen=True, tag="startLine"):
    """To the orchestration: the line goes on without the lines that ended without success."""

    line: str


class DropTasks(Message, frozen=True, tag="dropTasks"):
    """To the orchestration: what the line has not started will never start."""

    line: str
    shared: tuple[str, ...] = ()
    """Domain orders that it shared with nobody: they are as little wanted any more."""


class CheckLine(Message, frozen=True, tag="checkLine"):
    """To compatibility: the work of the line is done; of others perhaps, too."""

    line: str


class CheckSeen(Message, frozen=True, tag="checkSeen"):
    """To compatibility: all installed products that lines whose work is done are compared with have been seen."""


class LinesFell(Message, frozen=True, tag="linesFell"):
    """To compatibility: lines ended without all that they were to bring; what others needed may be missing now."""


class AcceptFindings(Message, frozen=True, tag="acceptFindings"):
    """To compatibility: what the line has built stands in spite of what was found."""

    line: str
    reason: str
    by: str


class EnterLine(Message, frozen=True, tag="enterLine"):
    """To a line: follow the order out of ``draft``, or out of an order that ended before any work."""

    state: State


class OpenReview(Message, frozen=True, tag="openReview"):
    """To the review: the order came in; ask people whatever its catalog's policies want asked."""

    by: str
    lane: str = ""
    """The lane it was given at the door; empty: the one the catalog says."""
    customer: CustomerProducts | None = None
    """What was found of its customer's products; None: nobody has looked anew."""


class Settle(Message, frozen=True, tag="settle"):
    """To the review: something moved; see what follows. ``due`` is when its timer was set to fire before."""

    due: int


class Cleared(Message, frozen=True, tag="cleared"):
    """To the order: nobody has to be asked any more."""


class Asked(Message, frozen=True, tag="asked"):
    """To the order: the requester must answer (``pending``), or has answered (``acknowledged``)."""

    state: State
    code: str = ""
    reason: str = ""


class Refuse(Message, frozen=True, tag="refuse"):
    """To the order: it will not be fulfilled."""

    code: str
    reason: str


CLEARED: Final = Cleared()
