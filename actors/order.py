"""The order actor: one order's life from draft to its end, supervising its lines.

State machine: ``actors/states.py`` (``PRODUCT_ORDER``). Rules: TMF622 v4.0; phases and roll-up as in ``docs/states``.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from actors.behaviour import Decision, refused
from actors.document import lines_of
from actors.events import DependencyEnded, Event, OrderMoved, OrderSubmitted, WaiterAdded
from actors.inside import DECOMPOSITION, Decompose, DropLine, EnterLine, HoldLine, RollUp, line_address
from actors.messages import (
    Accepted,
    AnyMessage,
    AwaitOrder,
    Done,
    GiveUp,
    KeyConflict,
    Message,
    OrderEnded,
    Retry,
    SubmitDraft,
    SubmitOrder,
    TimerFired,
    WithdrawDraft,
)
from actors.rollup import roll_up, steps
from actors.states import FINAL, PRODUCT_ORDER, State

S = State
START = "start"
"""The timer of a future requestedStartDate."""
DECOMPOSE = "decompose"
"""The timer that takes up the next lines of a large order in a later turn."""
LINES_PER_TURN_MAX = 128
"""Order lines that are decomposed in one turn of one order, so that a large order does not hold up its shard."""
WAIVED = "waived"
"""What stands for an order that was needed, once someone decided to go on without it."""

ACCEPTS: Final[dict[type[Message], frozenset[State]]] = {
    SubmitDraft: frozenset({S.DRAFT}),
    WithdrawDraft: frozenset({S.DRAFT}),
    OrderEnded: frozenset({S.ACKNOWLEDGED, S.HELD, S.DRAFT}),
    Retry: frozenset({S.HELD}),
    GiveUp: frozenset({S.HELD}),
}
"""In which states of the order a message is legal; :func:`refusal` says why not elsewhere."""


def refusal(message: type[Message], state: State) -> tuple[str, str] | None:
    """Why ``message`` is refused in ``state``: (code, sentence), or None where it is legal."""
    if state in ACCEPTS[message]:
        return None
    if state in FINAL:
        return "orderEnded", f"the order is {state}: what it ordered is changed by a new order"
    if message in (SubmitDraft, WithdrawDraft):
        return "orderNotDraft", f"the order is {state}: only a draft is submitted or withdrawn"
    if message is OrderEnded:
        return "orderStarted", f"the order is {state}: it waits for no other order any more"
    return "orderNotHeld", f"the order is {state}: only a held order is retried or given up"


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
    decomposed: int = 0
    """How many lines have been decomposed; they are taken in document order, some per turn."""
    lines: dict[State, int] = {}
    """How many lines stand in each state (noChange lines and nested items are not counted)."""


class OrderActor:
    """Decides for the order; knows its :class:`Order` and, through the tally, how its lines stand."""

    def decide(self, order: Order | None, message: Message, now: int, group: str) -> Decision:
        """Decide one message. ``order`` is None while the group does not exist; ``now`` in ms since 1970 UTC."""
        if isinstance(message, SubmitOrder):
            return self._submit(order, message, now, group)
        if order is None:
            return refused("unknownOrder", f"there is no order {group}")
        if isinstance(message, RollUp):
            return self._roll_up(order, message)
        if isinstance(message, TimerFired):
            return self._timer(order, message, now)
        if isinstance(message, AwaitOrder):
            if order.state in FINAL:
                return Decision(sends=[(message.order, OrderEnded(order.id, order.state))])
            return Decision(events=[WaiterAdded(message.order)])
        if type(message) not in ACCEPTS:
            return refused("unknownMessage", f"an order does not understand {type(message).__name__}")
        if (why := refusal(type(message), order.state)) is not None:
            return refused(*why)
        if isinstance(message, OrderEnded):
            return self._dependency(order, message, now)
        if isinstance(message, SubmitDraft):
            return self._enter(order, now)
        if isinstance(message, WithdrawDraft):
            return self._withdraw(order)
        if not order.code:
            return refused(
                "orderHeldByTask", f"order {order.id} is held by its tasks: name the task, see waitsFor"
            )
        if isinstance(message, Retry):
            return self._free(order, now)
        assert isinstance(message, GiveUp)
        return self._drop(order, message)

    def _submit(self, order: Order | None, message: SubmitOrder, now: int, group: str) -> Decision:
        if order is not None:
            if order.digest != message.digest:
                return Decision(reply=KeyConflict(order.id))
            return Decision(reply=Accepted(order.id, order.state, order.order_date, duplicate=True))
        state = S.DRAFT if message.draft else S.ACKNOWLEDGED
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
            message.depends_on,
            state,
        )
        # Nothing below may refuse: the order is accepted.
        decision = Decision(events=[submitted], reply=Accepted(group, state, now))
        if state is S.ACKNOWLEDGED:
            self._wait_or_start(
                decision,
                group,
                message.document,
                message.catalog,
                message.requested_start,
                message.depends_on,
                now,
            )
        return decision

    def _enter(self, order: Order, now: int) -> Decision:
        lines = lines_of(order.document)
        decision = Decision(events=[OrderMoved(S.ACKNOWLEDGED)], reply=Done(S.ACKNOWLEDGED))
        decision.inside += [(line_address(line.request.line), EnterLine(S.ACKNOWLEDGED)) for line in lines]
        depends_on = tuple(other for other, state in order.depends_on.items() if not state)
        self._wait_or_start(
            decision, order.id, order.document, order.catalog, order.requested_start, depends_on, now
        )
        return decision

    @staticmethod
    def _withdraw(order: Order) -> Decision:
        lines = lines_of(order.document)
        return Decision(
            events=[OrderMoved(S.CANCELLED, "withdrawn", "the draft was withdrawn")],
            inside=[(line_address(line.request.line), EnterLine(S.CANCELLED)) for line in lines],
            reply=Done(S.CANCELLED),
        )

    def _wait_or_start(
        self,
        decision: Decision,
        group: str,
        document: bytes,
        catalog: str,
        requested_start: int,
        depends_on: tuple[str, ...],
        now: int,
    ) -> None:
        decision.sends += [(other, AwaitOrder(group)) for other in depends_on]
        if requested_start > now:
            decision.timers.append((START, requested_start))
        elif not depends_on:
            self._decompose(decision, document, catalog, 0, now)

    @staticmethod
    def _decompose(decision: Decision, document: bytes, catalog: str, done: int, now: int) -> None:
        lines = lines_of(document)
        upto = done + LINES_PER_TURN_MAX
        requests = tuple(line.request for line in lines[done:upto])
        decision.inside.append((DECOMPOSITION, Decompose(catalog, requests)))
        if upto < len(lines):
            decision.timers.append((DECOMPOSE, now))

    def _timer(self, order: Order, message: TimerFired, now: int) -> Decision:
        decision = Decision(timers=[(message.key, None)])
        if message.key == DECOMPOSE or (order.state is S.ACKNOWLEDGED and _met(order.depends_on.values())):
            self._decompose(decision, order.document, order.catalog, order.decomposed, now)
        return decision

    def _dependency(self, order: Order, message: OrderEnded, now: int) -> Decision:
        if order.depends_on.get(message.order) != "":
            return refused("notAwaited", f"order {order.id} does not wait for order {message.order}")
        decision = Decision(events=[DependencyEnded(message.order, message.state or "unknown")])
        if order.state is S.DRAFT:
            return decision
        if message.state != S.COMPLETED:
            ended = f"ended {message.state}" if message.state else "does not exist"
            reason = f"order {message.order}, on which it depends, {ended}"
            if order.state is S.ACKNOWLEDGED:
                decision.events += _walk(order, S.HELD, "neededOrderEnded", reason)
                decision.inside += [
                    (line_address(line.request.line), HoldLine("neededOrderEnded", reason))
                    for line in lines_of(order.document)
                ]
        elif order.state is S.ACKNOWLEDGED and order.requested_start <= now:
            if _met(state for other, state in order.depends_on.items() if other != message.order):
                self._decompose(decision, order.document, order.catalog, order.decomposed, now)
        return decision

    def _free(self, order: Order, now: int) -> Decision:
        decision = Decision(events=_walk(order, S.ACKNOWLEDGED), reply=Done(S.ACKNOWLEDGED))
        decision.events += [
            DependencyEnded(other, WAIVED)
            for other, state in order.depends_on.items()
            if state != S.COMPLETED
        ]
        decision.inside += [
            (line_address(line.request.line), EnterLine(S.ACKNOWLEDGED)) for line in lines_of(order.document)
        ]
        if order.requested_start <= now:
            self._decompose(decision, order.document, order.catalog, order.decomposed, now)
        return decision

    @staticmethod
    def _drop(order: Order, message: GiveUp) -> Decision:
        return Decision(
            inside=[
                (line_address(line.request.line), DropLine(message.reason))
                for line in lines_of(order.document)
            ],
            reply=Done(S.CANCELLED),
        )

    @staticmethod
    def _roll_up(order: Order, message: RollUp) -> Decision:
        if order.state in FINAL or order.state is S.DRAFT:
            return Decision()
        after = roll_up(order.lines, started=order.started, movable=message.movable)
        if after is order.state:
            return Decision()
        if order.code and after is S.ACKNOWLEDGED:
            return Decision()
        events = _walk(order, after)
        sends: list[tuple[str, AnyMessage]] = []
        if after in FINAL:
            sends = [(waiter, OrderEnded(order.id, after)) for waiter in order.waiters]
        return Decision(events=events, sends=sends)


def _met(states: Iterable[str]) -> bool:
    return all(state in (S.COMPLETED, WAIVED) for state in states)


def _walk(order: Order, after: State, code: str = "", reason: str = "") -> list[Event]:
    return [OrderMoved(state, code, reason) for state in steps(PRODUCT_ORDER, order.state, after)]
