"""An order group at work: the turn in which its actors decide on a message, and what the runtime must know of it.

One message comes in, the actors answer each other until none has anything to say, and the facts of all of them become
one decision: the group commits together or not at all.
"""

from collections import deque
from typing import Any, Protocol

from actors.behaviour import Decision, Dispatch
from actors.decomposition import DecompositionActor
from actors.events import Event, OrderSubmitted
from actors.folds import FOLDS, submitted
from actors.inside import DECOMPOSITION, ORCHESTRATION, ORDER, DropLine, FreeLine, RollUp, line_address
from actors.line import Line, OrderLineActor
from actors.messages import (
    AnyReply,
    Done,
    GiveUp,
    Message,
    OrderEnded,
    RefusedReply,
    Retry,
    TaskResult,
    TaskResults,
    TimerFired,
    Undeliverable,
)
from actors.orchestration import DEADLINE, OrchestrationActor, Task
from actors.order import OrderActor
from actors.states import FINAL, State
from actors.structure import OrderGroup
from catalog.store import Catalogs

S = State

__all__ = ["LineDecider", "OrderGroup", "OrderGroupKind"]


class LineDecider(Protocol):
    """Who decides for lines: the behaviour itself, or (in dedicated placement) an actor of its own that runs it."""

    def decide(self, line: Line, message: Message, now: int) -> Decision:
        """As :meth:`actors.line.OrderLineActor.decide`."""


class OrderGroupKind:
    """The kind of group whose ids begin with ``o``: one order with its lines, domain orders and tasks."""

    prefix = "o"
    State = OrderGroup

    def __init__(self, catalogs: Catalogs, lines: LineDecider | None = None) -> None:
        self.order = OrderActor()
        self.lines: LineDecider = lines or OrderLineActor()
        self.decomposition = DecompositionActor(catalogs)
        self.orchestration = OrchestrationActor()

    def handle(
        self, group: str, state: OrderGroup | None, message: Message, now: int
    ) -> tuple[OrderGroup | None, Decision]:
        """Decide one message from outside and fold what was decided.

        The state is folded in place; the caller gives it up when the turn cannot be committed.
        """
        turn = Decision()
        address, message = self._route(state, message)
        inbox: deque[tuple[str, Message]] = deque(((address, message),))
        while inbox:
            address, message = inbox.popleft()
            decision = self._decide(group, state, address, message, now)
            for event in decision.events:
                state = self.evolve(state, event, now)
            turn.events += decision.events
            if decision.reply is not None and turn.reply is None:
                turn.reply = decision.reply
            for entry in decision.inside:
                if entry not in inbox:
                    inbox.append(entry)
            turn.sends += decision.sends
            turn.dispatch += decision.dispatch
            turn.timers += decision.timers
        return state, turn

    @staticmethod
    def _route(state: OrderGroup | None, message: Message) -> tuple[str, Message]:
        """The actor an outside message is for."""
        if isinstance(message, Undeliverable):
            return ORDER, OrderEnded(message.to, "")
        if isinstance(message, TaskResult | TaskResults):
            return (ORCHESTRATION if state is not None else ORDER), message
        if isinstance(message, TimerFired) and message.key == DEADLINE:
            return ORCHESTRATION, message
        if isinstance(message, Retry | GiveUp) and message.target and state is not None:
            if message.target in state.lines and message.target not in state.orchestration.tasks:
                inside = FreeLine() if isinstance(message, Retry) else DropLine(message.reason)
                return line_address(message.target), inside
            return ORCHESTRATION, message
        return ORDER, message

    def _decide(
        self, group: str, state: OrderGroup | None, address: str, message: Message, now: int
    ) -> Decision:
        if address == ORDER or state is None:
            if state is not None and type(message) is RollUp:
                message = RollUp(self._movable(state))
            return self.order.decide(state.order if state is not None else None, message, now, group)
        if address == ORCHESTRATION:
            return self.orchestration.decide(state.orchestration, message, now)
        if address == DECOMPOSITION:
            return self.decomposition.decide(state.decomposition, message, now)
        return self.lines.decide(state.lines[address[5:]], message, now)

    @staticmethod
    def _movable(state: OrderGroup) -> bool:
        """Whether a line in ``acknowledged`` can still start by itself: it is not behind a line that cannot move."""
        tally = state.order.lines
        if S.ACKNOWLEDGED not in tally or not (S.HELD in tally or S.PENDING in tally):
            return True
        waiting = state.orchestration.waiting
        return any(
            line.state is S.ACKNOWLEDGED and (not line.decomposed or line.id not in waiting) and line.counted
            for line in state.lines.values()
        )

    @staticmethod
    def evolve(state: OrderGroup | None, event: Event, at: int) -> OrderGroup:
        """Fold one fact."""
        if type(event) is OrderSubmitted:
            return submitted(event, at)
        assert state is not None
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

    @staticmethod
    def index(state: OrderGroup) -> tuple[int, tuple[tuple[str, str], ...]]:
        """(orderDate in ms, attributes by which lists find the order)."""
        order = state.order
        entries = [("every", ""), ("state", str(order.state))]
        if order.external_id:
            entries.append(("externalId", order.external_id))
        if order.party:
            entries.append(("relatedParty.id", order.party))
        if order.category:
            entries.append(("category", order.category))
        return order.order_date, tuple(entries)

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
        inputs = _outputs(state, task)
        if inputs:
            request["inputs"] = inputs
        return Dispatch(task.key, task.generation, task.attempt, task.target, task.until, request)


def _outputs(state: OrderGroup, task: Task) -> dict[str, Any]:
    tasks = state.orchestration.tasks
    return {tasks[key].name: tasks[key].output for key in task.needs if tasks[key].output}


def reply_of(decision: Decision) -> AnyReply:
    """What the sender of a message is told when the actors named no reply of their own."""
    if decision.reply is not None:
        return decision.reply
    return (
        Done("")
        if decision.events or decision.inside
        else RefusedReply("nothingToDo", "there was nothing to do")
    )
