"""The order line actor: one order item, its action and the roll-up of its domain orders and nested items.

State machine: ``actors/states.py`` (``PRODUCT_ORDER_ITEM``).
"""

import msgspec

from actors.behaviour import Decision, refused
from actors.events import Event, LinesMoved
from actors.inside import (
    ORCHESTRATION,
    ORDER,
    DropLine,
    DropTasks,
    EnterLine,
    FreeLine,
    HoldLine,
    LineEnded,
    RollUp,
    StartLine,
    line_address,
)
from actors.messages import Message
from actors.rollup import roll_up, steps
from actors.states import FINAL, PRODUCT_ORDER_ITEM, State

S = State


class Line(msgspec.Struct):
    """What a line actor holds: one (flattened) order item."""

    id: str
    action: str
    offering: str
    state: State
    since: int
    parent: str = ""
    """The item this one is nested in."""
    needs: tuple[str, ...] = ()
    """Lines that must be completed before this one starts (productOrderItemRelationship)."""
    children: dict[State, int] = {}
    """How many domain orders (and nested items) stand in each state."""
    started: bool = False
    counted: bool = True
    """Whether the line counts in its parent's roll-up: noChange lines do not, unless nothing else is there."""
    decomposed: bool = False
    code: str = ""
    reason: str = ""
    """Why the line is held by something outside itself; empty when its own children explain its state."""


def _walk(line: Line, after: State, code: str = "", reason: str = "") -> list[Event]:
    return [
        LinesMoved(state, (line.id,), code, reason) for state in steps(PRODUCT_ORDER_ITEM, line.state, after)
    ]


class OrderLineActor:
    """Decides for one line; knows nothing but its own :class:`Line`."""

    def decide(self, line: Line, message: Message, now: int) -> Decision:
        """Decide one message. ``now`` is in milliseconds since 1970 UTC."""
        if line.state in FINAL:
            return refused("lineEnded", f"line {line.id} is {line.state}: it is changed by a new order")
        if isinstance(message, RollUp):
            return self._roll_up(line, message)
        if isinstance(message, EnterLine):
            return Decision(events=_walk(line, message.state))
        if isinstance(message, HoldLine):
            if line.state is not S.ACKNOWLEDGED:
                return refused(
                    "lineStarted", f"line {line.id} is {line.state}: it waits for nothing before its start"
                )
            return Decision(
                events=_walk(line, S.HELD, message.code, message.reason), inside=[(ORDER, RollUp())]
            )
        if not (line.state is S.HELD and line.code):
            return refused(
                "lineNotHeld",
                f"line {line.id} is {line.state} and is not held by the end of something it needs",
            )
        if isinstance(message, FreeLine):
            return Decision(
                events=_walk(line, S.ACKNOWLEDGED),
                inside=[
                    (ORCHESTRATION, StartLine(line.id)),
                    (line_address(line.id), RollUp()),
                    (ORDER, RollUp()),
                ],
            )
        if isinstance(message, DropLine):
            if line.children:
                return Decision(inside=[(ORCHESTRATION, DropTasks(line.id))])
            # A line of a large order whose turn has not come yet is decomposed all the same; it ends then.
            return Decision(
                events=_walk(line, S.CANCELLED, "givenUp", message.reason),
                inside=self._ended(line, S.CANCELLED),
            )
        return refused("unknownMessage", f"line {line.id} does not understand {type(message).__name__}")

    def _roll_up(self, line: Line, message: RollUp) -> Decision:
        if line.state is S.HELD and line.code and not line.started and S.ACKNOWLEDGED in line.children:
            return Decision()
        after = roll_up(line.children, started=line.started, movable=False)
        if after is line.state:
            return Decision()
        events = _walk(line, after)
        return Decision(events=events, inside=self._ended(line, after) if after in FINAL else self._up(line))

    def _up(self, line: Line) -> list[tuple[str, Message]]:
        return [(line_address(line.parent) if line.parent else ORDER, RollUp())]

    def _ended(self, line: Line, state: State) -> list[tuple[str, Message]]:
        return [*self._up(line), (ORCHESTRATION, LineEnded(line.id, state))]
