"""An order group at work: the turn in which its actors decide on a message, and what the runtime must know of it.

One message comes in, the actors answer each other until none has anything to say, and the facts of all of them become
one decision: the group commits together or not at all.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

from actors import changes, drafts
from actors.acceptance import LINE_ACCEPTS
from actors.behaviour import Decision, Dispatch, refused
from actors.command_keys import KEY_CONFLICT, carried_out
from actors.compatibility import CompatibilityActor
from actors.decomposition import DecompositionActor
from actors.events import CommandDecided
from actors.fact import Event
from actors.folds import BEGINS, FOLDS
from actors.graph import HELD_BACK
from actors.inside import (
    CHANGE,
    COMPATIBILITY,
    DECOMPOSITION,
    DRAFT,
    ORCHESTRATION,
    ORDER,
    RESERVATION,
    REVIEW,
    ROLL_UP,
    Decompose,
    RollUp,
    line_address,
)
from actors.line import Line, OrderLineActor
from actors.listing import listed
from actors.message import Message
from actors.messages import (
    AcknowledgeAlerts,
    AnnotateOrder,
    AnyReply,
    ChangeOrder,
    ChangeValues,
    Done,
    GiveUp,
    GiveValues,
    OrderEnded,
    RefusedReply,
    Retry,
    SaveDraft,
    StartDraft,
    SubmitDraft,
    SubmitOrder,
    TaskResult,
    TaskResults,
    TimerFired,
    Undeliverable,
    WithdrawDraft,
)
from actors.messages_of_products import ProductShown
from actors.orchestration import DEADLINE, OrchestrationActor
from actors.order import OrderActor
from actors.plan import Task
from actors.product_id import PREFIX as PRODUCT_PREFIX
from actors.reservation import HEARD, ReservationActor, waits
from actors.review import PEOPLE, REVIEW_MESSAGES, ReviewActor
from actors.situation import ABOUT_THE_GRAPH, situated
from actors.states import FINAL, S
from actors.structure import OrderGroup
from catalog.store import Catalogs

__all__ = ["LineDecider", "OrderGroup", "OrderGroupKind"]


class LineDecider(Protocol):
    """Who decides for lines: the behaviour itself, or (in dedicated placement) an actor of its own that runs it."""

    def decide(self, line: Line, message: Message, now: int) -> Decision:
        """As :meth:`actors.line.OrderLineActor.decide`."""

    def roll_up(self, lines: Sequence[Line], now: int) -> Decision:
        """As :meth:`actors.line.OrderLineActor.roll_up`."""


class OrderGroupKind:
    """The kind of group whose ids begin with ``o``: one order with its lines, domain orders and tasks."""

    prefix = "o"
    State = OrderGroup
    counts = True

    def __init__(self, catalogs: Catalogs, lines: LineDecider | None = None) -> None:
        self.order = OrderActor(catalogs)
        self.review = ReviewActor(catalogs)
        self.lines: LineDecider = lines or OrderLineActor()
        self.decomposition = DecompositionActor(catalogs)
        self.orchestration = OrchestrationActor()
        self.reservation = ReservationActor(catalogs)
        self.compatibility = CompatibilityActor(catalogs)

    def use(self, catalogs: Catalogs) -> None:
        """Decide from now on with a set that knows more versions; those of the orders stay as they are."""
        self.order.catalogs = self.review.catalogs = catalogs
        self.decomposition.catalogs = self.reservation.catalogs = self.compatibility.catalogs = catalogs

    def handle(
        self, group: str, state: OrderGroup | None, message: Message, now: int
    ) -> tuple[OrderGroup | None, Decision]:
        """Decide one message from outside and fold what was decided.

        The state is folded in place; the caller gives it up when the turn cannot be committed.
        """
        key = getattr(message, "key", "") if type(message) in _COMMANDS else ""
        if key and state is not None and (met := carried_out(state.order.commands, key)) is not None:
            if not met:
                return state, refused(
                    KEY_CONFLICT, f"the same key has decided something else on order {group}"
                )
            return state, Decision(reply=Done(_state_of(state, getattr(message, "target", ""))))
        address, first = self._route(state, message)
        turn = self._decide(group, state, address, first, now)
        if turn.events:
            for event in turn.events:
                state = self.evolve(state, event, now)
        if turn.inside and state is not None:
            self._settle(group, state, turn, now)
        if key and turn.events:
            turn.events.append(CommandDecided(key))
            state = self.evolve(state, turn.events[-1], now)
        if state is not None and state.reservations is not None:
            self._reserve(group, state, turn, now)
        if turn.reply is None and type(message) in _ANSWERED_WITH_STATE:
            turn.reply = Done(_state_of(state, getattr(message, "target", "")))
        return state, turn

    def _reserve(self, group: str, state: OrderGroup, turn: Decision, now: int) -> None:
        """Let what was decided have its consequences for installed products, and those theirs in the order."""
        seen = 0
        while seen < len(turn.events):
            news, seen = turn.events[seen:], len(turn.events)
            decision = self.reservation.look(state, news, now)
            for event in decision.events:
                FOLDS[type(event)](state, event, now)
            turn.events += decision.events
            turn.sends += decision.sends
            turn.inside = decision.inside
            if turn.inside:
                self._settle(group, state, turn, now)

    def _settle(self, group: str, state: OrderGroup, turn: Decision, now: int) -> None:
        """Let the actors answer each other until none has anything to say; ``turn`` gathers what they decide."""
        inbox = deque(turn.inside)
        lines, events, folds = state.lines, turn.events, FOLDS
        # Everything else first, children before parents: no state is shown that the turn does not end in.
        depths: list[dict[str, None]] = []
        order_moved = False
        while True:
            if inbox:
                address, message = inbox.popleft()
                if type(message) is RollUp:
                    order_moved |= not message.lines
                    for line in message.lines:
                        depth = lines[line].depth
                        while len(depths) < depth:
                            depths.append({})
                        depths[depth - 1][line] = None
                    continue
                decision = self._decide(group, state, address, message, now)
            elif depths:
                moved = depths.pop()
                if not moved:
                    continue
                decision = self.lines.roll_up([lines[line] for line in moved], now)
            elif order_moved:
                order_moved = False
                decision = self.order.decide(state.order, ROLL_UP, now, group)
            else:
                return
            if decision.events:
                for event in decision.events:
                    folds[type(event)](state, event, now)
                events += decision.events
            if decision.inside:
                inbox += decision.inside
            if decision.dispatch or decision.timers or decision.sends:
                turn.sends += decision.sends
                turn.dispatch += decision.dispatch
                turn.timers += decision.timers

    @staticmethod
    def _route(state: OrderGroup | None, message: Message) -> tuple[str, Message]:
        """The actor an outside message is for."""
        kind = type(message)
        if kind is SubmitOrder:
            return ORDER, message
        if state is None:
            return _ADDRESSES.get(kind, ORDER), message
        if kind is TaskResult or kind is TaskResults:
            return ORCHESTRATION, message
        if isinstance(message, TimerFired) and message.key == DEADLINE and state.order.state not in FINAL:
            return ORCHESTRATION, message
        if isinstance(message, TimerFired) and message.key == PEOPLE and state.order.in_review:
            return REVIEW, message
        if kind in _ABOUT_VALUES or (
            isinstance(message, TimerFired) and message.key == HELD_BACK and state.order.state not in FINAL
        ):
            return DECOMPOSITION, message
        if isinstance(message, Retry | GiveUp) and message.target:
            if (
                kind is GiveUp
                and state.reservations is not None
                and waits(state.reservations, message.target)
            ):
                return RESERVATION, message
            if message.target in state.lines and message.target not in state.orchestration.tasks:
                return line_address(message.target), message
            return ORCHESTRATION, message
        if kind in HEARD:
            return RESERVATION, message
        if isinstance(message, Undeliverable):
            if message.to.startswith(PRODUCT_PREFIX):
                return RESERVATION, message
            return ORDER, OrderEnded(message.to, "")
        return _ADDRESSES.get(kind, ORDER), message

    def _decide(
        self, group: str, state: OrderGroup | None, address: str, message: Message, now: int
    ) -> Decision:
        if address == ORDER or (state is None and address in (REVIEW, COMPATIBILITY)):
            return self.order.decide(state.order if state is not None else None, message, now, group)
        if address == DRAFT:
            return drafts.decide(state.order if state is not None else None, message, now, group)
        if address == CHANGE:
            order = state.order if state is not None else None
            decision = changes.decide(self.order, order, message, now, group)
            if isinstance(message, ChangeValues) and state is not None and decision.events:
                return self._with_values(group, state, message, decision, now)
            return decision
        assert state is not None
        if address == REVIEW:
            return self.review.decide(state, message, now)
        if address == ORCHESTRATION:
            return self.orchestration.decide(state.orchestration, message, now)
        if address == DECOMPOSITION:
            if isinstance(message, Decompose):
                if state.orchestration.needed_by:
                    message = _still_wanted(state, message)
            else:
                if type(message) in _ABOUT_VALUES and (why := _not_open(state, message)) is not None:
                    return refused(*why)
                if type(message) in ABOUT_THE_GRAPH:
                    message = situated(state, message)
            return self.decomposition.decide(state.decomposition, message, now)
        if address == COMPATIBILITY:
            return self.compatibility.decide(state, message, now)
        if address == RESERVATION:
            return self.reservation.decide(state, message, now)
        return self.lines.decide(state.lines[address[5:]], message, now)

    def _with_values(
        self, group: str, state: OrderGroup, message: ChangeValues, decision: Decision, now: int
    ) -> Decision:
        """The change of a document with all its values, or the refusal of the first line that does not take its own."""
        for line, values in message.values.items():
            given = GiveValues(line, values, message.by)
            answer = self._decide(group, state, DECOMPOSITION, given, now)
            if isinstance(answer.reply, RefusedReply):
                return answer
            decision.inside.append((DECOMPOSITION, given))
        return decision

    @staticmethod
    def creates(message: Message) -> bool:
        """Only a client brings an order into being, never another group."""
        return False

    @staticmethod
    def evolve(state: OrderGroup | None, event: Event, at: int) -> OrderGroup:
        """Fold one fact."""
        if state is None:
            return BEGINS[type(event)](event, at)
        FOLDS[type(event)](state, event, at)
        return state

    @staticmethod
    def ended(state: OrderGroup) -> bool:
        """Whether nothing can happen in this group any more."""
        return state.order.state in FINAL

    @staticmethod
    def final_state(state: OrderGroup) -> str:
        """The word for how the order ended."""
        return str(state.order.state)

    index = staticmethod(listed)

    @staticmethod
    def has_open_work(state: OrderGroup) -> bool:
        """Whether tasks are out at their targets."""
        return state.orchestration.open > 0

    def open_work(self, state: OrderGroup) -> list[str]:
        """The tasks that are out, for dispatching them again after a crash."""
        return [key for key, task in state.orchestration.tasks.items() if task.state is S.IN_PROGRESS]

    @staticmethod
    def dispatch(state: OrderGroup, key: str) -> Dispatch:
        """What goes to the target for one task: the same whenever it is asked for the same generation."""
        task = state.orchestration.tasks[key]
        order = state.decomposition.domain_orders[task.domain_order]
        request: dict[str, Any] = {
            "task": task.name,
            "action": order.action,
            "kind": order.kind,
            "specification": order.specification,
            "characteristics": {**order.characteristics, **task.changes}
            if task.changes
            else order.characteristics,
        }
        if state.orchestration.frozen and key in state.orchestration.frozen:
            request["characteristics"] = {**state.orchestration.frozen[key], **task.changes}
        inputs = _outputs(state, task)
        if inputs:
            request["inputs"] = inputs
        if state.urgency is not None:
            # A shared domain order is as urgent as the most urgent line it serves.
            lines = state.urgency.lines
            request["priority"] = max([lines[line] for line in order.referrers])
            request["lane"] = state.urgency.lane
        return Dispatch(task.key, task.generation, task.attempt, task.target, task.until, request)


_ADDRESSES: dict[type[Message], str] = {
    StartDraft: DRAFT,
    SaveDraft: DRAFT,
    WithdrawDraft: DRAFT,
    ChangeOrder: CHANGE,
    AnnotateOrder: CHANGE,
    **dict.fromkeys(REVIEW_MESSAGES, REVIEW),
    ChangeValues: CHANGE,
    ProductShown: COMPATIBILITY,
}
"""Who decides messages that are about the order's document."""
_ABOUT_VALUES = frozenset({GiveValues, AcknowledgeAlerts})
"""What people say of values that a line waits for."""
_COMMANDS = frozenset({Retry, GiveUp, *_ABOUT_VALUES, *REVIEW_MESSAGES})
"""Decisions of people that name themselves by a key."""
_ANSWERED_WITH_STATE = frozenset(
    {
        SubmitDraft,
        WithdrawDraft,
        SaveDraft,
        ChangeOrder,
        AnnotateOrder,
        ChangeValues,
        *_COMMANDS,
    }
)
"""Messages whose sender is told where their target stands now."""


def _state_of(state: OrderGroup | None, target: str) -> str:
    if state is None or not target:
        return str(state.order.state) if state is not None else ""
    found = state.orchestration.tasks.get(target) or state.lines.get(target)
    return str(found.state) if found is not None else ""


def _not_open(state: OrderGroup, message: Message) -> tuple[str, str] | None:
    """Why nothing is said now of values that a line waits for; None where it may be."""
    assert isinstance(message, GiveValues | AcknowledgeAlerts)
    line = state.lines.get(message.target)
    if line is None:
        return "unknownTarget", f"the order has no line {message.target!r}"
    return LINE_ACCEPTS.refusal(type(message), line.state, line.id)


def _still_wanted(state: OrderGroup, message: Decompose) -> Decompose:
    """Names the lines that were given up, for want of a line they need, before their turn came."""
    given_up = [each.line for each in message.requests if state.lines[each.line].gate is S.CANCELLED]
    return Decompose(message.catalog, message.requests, tuple(given_up))


def _outputs(state: OrderGroup, task: Task) -> dict[str, Any]:
    """What the tasks it needs brought, by their names; those that share a name with another, by their keys."""
    needed = [state.orchestration.tasks[key] for key in task.needs]
    names = [each.name for each in needed]
    return {
        each.name if names.count(each.name) == 1 else each.key: each.output for each in needed if each.output
    }


def reply_of(decision: Decision) -> AnyReply:
    """What the sender of a message is told when the actors named no reply of their own."""
    if decision.reply is not None:
        return decision.reply
    if decision.events or decision.sends:
        return Done("")
    return RefusedReply("nothingToDo", "there was nothing to do")
