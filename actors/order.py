"""The order actor: one order's life from draft to its end, supervising its lines.

State machine: ``actors/states.py`` (``PRODUCT_ORDER``). Rules: TMF622 v4.0; phases and roll-up as in ``docs/states``.
"""

from collections.abc import Iterable

import msgspec

from actors.acceptance import ORDER_ACCEPTS
from actors.behaviour import Decision, refused
from actors.customer_products import NOTHING_LOOKED_FOR
from actors.document import lines_of
from actors.events import DependencyEnded, DraftSubmitted, OrderMoved, OrderSubmitted, WaiterAdded
from actors.fact import Event
from actors.inside import (
    DECOMPOSITION,
    REVIEW,
    Asked,
    Cleared,
    Decompose,
    EnterLine,
    OpenReview,
    Refuse,
    RollUp,
    line_address,
)
from actors.message import Message
from actors.messages import (
    Accepted,
    AnyMessage,
    AwaitOrder,
    ChangeOrder,
    GiveUp,
    KeyConflict,
    OrderEnded,
    SubmitDraft,
    SubmitOrder,
    TimerFired,
)
from actors.rollup import roll_up, steps
from actors.states import FINAL, PRODUCT_ORDER, S, State
from catalog.policies.concern import concerned
from catalog.store import Catalogs

START = "start"
"""The timer of a future requestedStartDate."""
DECOMPOSE = "decompose"
"""The timer that takes up the next lines of a large order in a later turn."""
LINES_PER_TURN_MAX = 128
"""Order lines that are decomposed in one turn of one order, so that a large order does not hold up its shard."""
COMMANDS_KEPT = 16
"""Keys of decisions that an order remembers: what is repeated is repeated within seconds."""
UNKNOWN = "unknown"
"""How an order that is needed "ended" when there is no such order."""
VERSION_PASSED = "versionPassed"
"""The refusal of what rests on another version (HTTP 412)."""
NEEDED_ENDED = "neededOrderEnded"
"""Why an order is held that cannot begin because one it needs ended without success."""
WAIVED = "waived"
"""What stands for an order that was needed, once someone decided to go on without it."""


class Order(msgspec.Struct):
    """What the order actor holds. Instants are milliseconds since 1970 UTC, 0 = none."""

    id: str
    document: bytes
    digest: bytes
    catalog: str
    client: str
    external_id: str
    category: str
    party: str
    order_date: int
    requested_start: int
    state: State
    since: int
    started: bool = False
    """Whether fulfilment ever started; before it the order waits in ``acknowledged``."""
    completed_at: int = 0
    code: str = ""
    reason: str = ""
    """Why the order stands where it stands, where its state needs an explanation."""
    depends_on: dict[str, str] = {}
    """Order ids this one waits for, with the state each ended in ("" = not yet)."""
    waiters: tuple[str, ...] = ()
    """Orders that want to know when this one ends."""
    size: int = 0
    """How many lines there are, nested ones counted."""
    decomposed: int = 0
    """How many lines have been taken up, in document order, some per turn: decomposed, or put off until the line has
    the installed products it names."""
    lines: dict[State, int] = {}
    """How many lines stand in each state (noChange lines and nested items are not counted)."""
    commands: tuple[str, ...] = ()
    """Keys of the last decisions of people that were carried out, so that none is when it comes twice."""
    asking: int = 0
    """How many lines wait for an installed product."""
    version: int = 1
    """How often the document was saved: what a change names as its base."""
    change: bytes = b""
    """The digest of what was sent for the last change, to know it when it comes again."""
    in_review: bool = False
    """Whether people look at it before it begins (``actors/review.py``)."""
    submitted: bool = True
    """Whether it is an order, or was one: False for a draft, whatever became of it, until it is submitted."""
    encircled: int = 0
    """How many of those that are asking stand in a circle of orders that wait for each other: they cannot move."""


def standing(order: Order) -> State:
    """Where its lines leave an order whose fulfilment has begun."""
    if order.decomposed < order.size or order.asking > order.encircled:
        # Lines whose turn is still to come can move, whatever the others do; so can those that wait for a product.
        lines = {**order.lines, S.ACKNOWLEDGED: order.lines.get(S.ACKNOWLEDGED, 0) + 1}
        return roll_up(lines, started=order.started, wished=False)
    return roll_up(order.lines, started=order.started, movable=False, wished=False)


class OrderActor:
    """Decides for the order; knows its :class:`Order` and, through the tally, how its lines stand."""

    def __init__(self, catalogs: Catalogs) -> None:
        self.catalogs = catalogs

    def decide(self, order: Order | None, message: Message, now: int, group: str) -> Decision:
        """Decide one message. ``order`` is None while the group does not exist; ``now`` in ms since 1970 UTC."""
        kind = type(message)
        if order is not None and kind is RollUp:
            return self._roll_up(order)
        if isinstance(message, SubmitOrder):
            return self._submit(order, message, now, group)
        if order is None:
            return refused("unknownOrder", f"there is no order {group}")
        if isinstance(message, Cleared | Asked | Refuse):
            return self._reviewed(order, message, now)
        if kind not in ORDER_ACCEPTS.rules:
            return refused("unknownMessage", f"an order does not understand {kind.__name__}")
        if (why := ORDER_ACCEPTS.refusal(kind, order.state, order.id)) is not None:
            return refused(*why)
        if isinstance(message, TimerFired):
            return self._timer(order, message, now)
        if isinstance(message, AwaitOrder):
            return self._await(order, message)
        if isinstance(message, OrderEnded):
            return self._dependency(order, message, now)
        if isinstance(message, SubmitDraft):
            return self._submit_draft(order, message, now)
        if not _blocked(order):
            return refused(
                "orderHeldByTask", f"order {order.id} is held by its tasks: name the task, see waitsFor"
            )
        if isinstance(message, GiveUp):
            return self._end(order, "givenUp", message.reason or order.reason)
        return self._free(order, now)

    def _submit(self, order: Order | None, message: SubmitOrder, now: int, group: str) -> Decision:
        if order is not None:
            if order.digest != message.digest:
                return Decision(reply=KeyConflict(order.id))
            return Decision(reply=Accepted(order.id, order.state, order.order_date, duplicate=True))
        depends_on = tuple(dict.fromkeys(message.depends_on))
        submitted = OrderSubmitted(
            group,
            message.document,
            message.digest,
            message.catalog,
            message.client,
            message.external_id,
            message.category,
            message.party,
            message.requested_start,
            depends_on,
            S.ACKNOWLEDGED,
        )
        # Nothing below may refuse: the order is accepted.
        decision = Decision([submitted], reply=Accepted(group, S.ACKNOWLEDGED, now))
        decision.sends += [(other, AwaitOrder(group)) for other in depends_on]
        if self._concerned(message.catalog, message.document):
            decision.inside.append((REVIEW, OpenReview(message.by, message.lane, message.customer)))
        elif not depends_on:
            self._begin(decision, message.document, message.catalog, message.requested_start, now)
        return decision

    def _submit_draft(self, order: Order, message: SubmitDraft, now: int) -> Decision:
        if order.state is not S.DRAFT:
            return Decision()  # asked twice is asked once
        if message.base not in (0, order.version):
            return refused_for_version(order, message.base)
        catalog, document = message.catalog or order.catalog, message.document or order.document
        decision = Decision([DraftSubmitted(document, catalog)])
        decision.sends += [(other, AwaitOrder(order.id)) for other in order.depends_on]
        if self._concerned(catalog, document):
            decision.inside.append((REVIEW, OpenReview(message.by, message.lane, message.customer)))
        elif not order.depends_on:
            self._begin(decision, document, catalog, order.requested_start, now)
        return decision

    def changed(
        self, decision: Decision, order: Order, message: ChangeOrder, depends_on: dict[str, str], now: int
    ) -> None:
        """What follows when an order that has not begun gets another document; ``depends_on`` as it is from now on."""
        decision.sends += [
            (other, AwaitOrder(order.id)) for other in depends_on if other not in order.depends_on
        ]
        freed = _blocked(order) and not any(_bad(ended) for ended in depends_on.values())
        if freed:
            decision.events += _walk(order, S.ACKNOWLEDGED)
        if order.requested_start:
            decision.timers.append((START, None))
        if order.in_review or self._concerned(message.catalog, message.document):
            customer = message.customer or NOTHING_LOOKED_FOR
            decision.inside.append((REVIEW, OpenReview(message.by, customer=customer)))
        elif (freed or order.state is S.ACKNOWLEDGED) and _met(depends_on.values()):
            self._begin(decision, message.document, message.catalog, message.heading.requested_start, now)

    def _concerned(self, catalog: str, document: bytes) -> bool:
        """Whether a policy may want people to look at the order first."""
        version = self.catalogs.get(catalog)
        return version.reviewed and concerned(version, [line.request for line in lines_of(document)])

    def _reviewed(self, order: Order, message: Cleared | Asked | Refuse, now: int) -> Decision:
        """What a review comes to: the order begins, waits for its requester, or is refused."""
        if isinstance(message, Asked):
            return Decision(_walk(order, message.state, message.code, message.reason))
        if isinstance(message, Refuse):
            decision = self._end(order, message.code, message.reason, S.REJECTED)
            decision.events = [
                *_walk(order, S.ACKNOWLEDGED),  # only from there is an order refused
                OrderMoved(S.REJECTED, message.code, message.reason),
            ]
            return decision
        decision = Decision()
        if order.state is S.PENDING:
            decision.events += _walk(order, S.ACKNOWLEDGED)
        bad = next((other for other, ended in order.depends_on.items() if _bad(ended)), None)
        if bad is None:
            self._begin_if(decision, order, order.depends_on.values(), now)
        elif order.state is not S.HELD:  # a change of a held order is reviewed as well
            reason = _ended_badly(bad, order.depends_on[bad])
            decision.events.append(OrderMoved(S.HELD, NEEDED_ENDED, reason))
        return decision

    @staticmethod
    def _end(order: Order, code: str, reason: str, after: State = S.CANCELLED) -> Decision:
        """End an order of which nothing ever started."""
        return Decision(
            _walk(order, after, code, reason),
            _enter_lines(order, after),
            [(waiter, OrderEnded(order.id, after)) for waiter in order.waiters],
        )

    def _begin_if(self, decision: Decision, order: Order, depends_on: Iterable[str], now: int) -> None:
        """Begin if no order is waited for any more; ``depends_on`` are the ends of those that are needed."""
        if not order.decomposed and not order.in_review and _met(depends_on):
            self._begin(decision, order.document, order.catalog, order.requested_start, now)

    def _begin(
        self, decision: Decision, document: bytes, catalog: str, requested_start: int, now: int
    ) -> None:
        """Begin fulfilment, now or at its date."""
        if requested_start > now:
            decision.timers.append((START, requested_start))
        else:
            self._decompose(decision, document, catalog, 0, now)

    @staticmethod
    def _decompose(decision: Decision, document: bytes, catalog: str, done: int, now: int) -> None:
        lines = lines_of(document)
        upto = done + LINES_PER_TURN_MAX
        requests = tuple([line.request for line in lines[done:upto]])
        decision.inside.append((DECOMPOSITION, Decompose(catalog, requests)))
        if upto < len(lines):
            decision.timers.append((DECOMPOSE, now))

    def _timer(self, order: Order, message: TimerFired, now: int) -> Decision:
        decision = Decision(timers=[(message.key, None)])
        if order.state in FINAL:
            return decision
        if message.key == DECOMPOSE and 0 < order.decomposed < order.size:
            self._decompose(decision, order.document, order.catalog, order.decomposed, now)
        elif message.key == START and order.state is S.ACKNOWLEDGED:
            self._begin_if(decision, order, order.depends_on.values(), now)
        return decision

    @staticmethod
    def _await(order: Order, message: AwaitOrder) -> Decision:
        if order.state in FINAL:
            return Decision(sends=[(message.order, OrderEnded(order.id, order.state))])
        # Asked twice is asked once.
        return Decision([WaiterAdded(message.order)] if message.order not in order.waiters else [])

    def _dependency(self, order: Order, message: OrderEnded, now: int) -> Decision:
        if order.depends_on.get(message.order) != "":
            return refused("notAwaited", f"order {order.id} does not wait for order {message.order}")
        ended = message.state or UNKNOWN
        decision = Decision([DependencyEnded(message.order, ended)])
        if ended == S.COMPLETED:
            self._begin_if(decision, order, {**order.depends_on, message.order: ended}.values(), now)
        elif order.state is S.ACKNOWLEDGED and not order.in_review:
            decision.events += _walk(order, S.HELD, NEEDED_ENDED, _ended_badly(message.order, ended))
        return decision

    def _free(self, order: Order, now: int) -> Decision:
        """Go on without the orders that ended without success; those still under way are waited for."""
        decision = Decision(_walk(order, S.ACKNOWLEDGED))
        depends_on = {other: WAIVED if _bad(ended) else ended for other, ended in order.depends_on.items()}
        decision.events += [
            DependencyEnded(other, WAIVED) for other, ended in order.depends_on.items() if _bad(ended)
        ]
        self._begin_if(decision, order, depends_on.values(), now)
        return decision

    @staticmethod
    def _roll_up(order: Order) -> Decision:
        if order.state in FINAL:
            return Decision()
        after = standing(order)
        if after is order.state:
            return Decision()
        sends: list[tuple[str, AnyMessage]] = []
        if after in FINAL and order.waiters:
            sends = [(waiter, OrderEnded(order.id, after)) for waiter in order.waiters]
        return Decision(_walk(order, after), sends=sends)


def refused_for_version(order: Order, base: int) -> Decision:
    """The refusal of what was made from another version than the one that stands."""
    return refused(
        VERSION_PASSED,
        f"order {order.id} is at version {order.version}, not {base}: read it again and repeat it on that",
    )


def _ended_badly(other: str, ended: str) -> str:
    how = f"ended {ended}" if ended != UNKNOWN else "does not exist"
    return f"order {other}, on which it depends, {how}"


def _met(ends: Iterable[str]) -> bool:
    return all(ended in (S.COMPLETED, WAIVED) for ended in ends)


def _bad(ended: str) -> bool:
    """Whether an order that is needed ended without success, and nobody has decided to go on without it."""
    return ended not in ("", S.COMPLETED, WAIVED)


def _blocked(order: Order) -> bool:
    return any(_bad(ended) for ended in order.depends_on.values())


def _enter_lines(order: Order, state: State) -> list[tuple[str, Message]]:
    entry = EnterLine(state)
    return [(line_address(line.request.line), entry) for line in lines_of(order.document)]


def _walk(order: Order, after: State, code: str = "", reason: str = "") -> list[Event]:
    return [
        OrderMoved(state, code, reason) if state is after else OrderMoved(state)
        for state in steps(PRODUCT_ORDER, order.state, after)
    ]
