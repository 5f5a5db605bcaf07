"""The order line actor: one order item, its action and the roll-up of its domain orders and nested items.

State machine: ``actors/states.py`` (``PRODUCT_ORDER_ITEM``); messages from outside: ``actors/acceptance.py``.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.acceptance import LINE_ACCEPTS, LINE_NOT_HELD
from actors.behaviour import Decision, refused
from actors.compatibility_state import FAILED
from actors.events import LineGivenUp, LinesMoved
from actors.fact import Event
from actors.graph import Points
from actors.inside import (
    COMPATIBILITY,
    DECOMPOSITION,
    LINES,
    ORCHESTRATION,
    ORDER,
    RESERVATION,
    ROLL_UP,
    AcceptFindings,
    CheckLine,
    ClaimAgain,
    DropTasks,
    EnterLine,
    Grow,
    Leave,
    LeaveOut,
    LinesEnded,
    LinesFell,
    RollUp,
    StartLine,
)
from actors.message import Message
from actors.messages import GiveUp, Retry
from actors.rollup import roll_up, steps
from actors.states import FINAL, PRODUCT_ORDER_ITEM, S, State

NEEDED_LINE_ENDED: Final = "neededLineEnded"
"""Why a line is held that needs another one; with any other code it was refused an installed product."""


class Line(msgspec.Struct):
    """What a line actor holds: one (flattened) order item."""

    id: str
    action: str
    offering: str
    state: State
    since: int
    parent: str = ""
    """The item this one is nested in."""
    depth: int = 1
    """How deep it is nested: 1 for an item of the order itself."""
    needs: tuple[str, ...] = ()
    """Lines that must be completed before this one's own work starts; what is nested in it has needs of its own."""
    children: dict[State, int] = {}
    """How many domain orders (and nested items) stand in each state."""
    started: bool = False
    counted: bool = True
    """Whether the line counts in its parent's roll-up: noChange lines do not, unless a nested
    one does or nothing else is there."""
    decomposed: bool = False
    gate: State | None = None
    """What keeps the line's own work from starting: ``acknowledged`` it waits for what it needs, ``held`` that ended
    without success or an installed product was refused, ``cancelled`` it was given up then; None: nothing."""
    code: str = ""
    reason: str = ""
    """Why the gate is held or cancelled; empty when the line's children explain its state."""
    points: Points | None = None
    """What is held back or changed too late, and for whom it waits; None: nothing."""


def standing(line: Line) -> State:
    """Where the line's children and its gate leave it."""
    children = line.children
    gate = line.gate
    if gate is None and not line.decomposed:
        gate = S.ACKNOWLEDGED
    if gate is not None:
        children = {**children, gate: children.get(gate, 0) + 1}
    if line.points is not None:
        children = {**children}
        for state, count in line.points.states.items():
            children[state] = children.get(state, 0) + count
    # What is acknowledged below a line waits for something else; whatever that is shows in the tally itself.
    return roll_up(children, started=line.started, movable=False, wished=False)


class OrderLineActor:
    """Decides for one line; knows nothing but its own :class:`Line`."""

    def decide(self, line: Line, message: Message, now: int) -> Decision:
        """Decide one message. ``now`` is in milliseconds since 1970 UTC."""
        kind = type(message)
        if isinstance(message, EnterLine):
            after = message.state
            return Decision(_walk(line, after)) if line.state not in FINAL else Decision()
        if not isinstance(message, Retry | GiveUp):
            return refused("unknownMessage", f"line {line.id} does not understand {kind.__name__}")
        if (why := LINE_ACCEPTS.refusal(kind, line.state, line.id)) is not None:
            return refused(*why)
        if line.points is not None and line.points.check == FAILED and line.gate is not S.HELD:
            if isinstance(message, Retry):
                return Decision(inside=[(COMPATIBILITY, CheckLine(line.id))])
            return Decision(inside=[(COMPATIBILITY, AcceptFindings(line.id, message.reason, message.by))])
        if line.points is not None and line.points.states and line.gate is not S.HELD:
            if isinstance(message, Retry):
                return Decision(inside=[(DECOMPOSITION, Grow((line.id,)))])
            return Decision(inside=[(DECOMPOSITION, LeaveOut(line.id, message.reason))])
        if line.gate is not S.HELD:
            return refused(LINE_NOT_HELD.code, LINE_NOT_HELD.sentence.format(name=line.id, state=line.state))
        me = (LINES, RollUp((line.id,)))
        if isinstance(message, Retry):
            if line.code != NEEDED_LINE_ENDED:
                return Decision(inside=[(RESERVATION, ClaimAgain(line.id))])
            return Decision(inside=[(ORCHESTRATION, StartLine(line.id)), me])
        dropped = [(ORCHESTRATION, DropTasks(line.id)), (DECOMPOSITION, Leave(line.id)), me]
        return Decision([LineGivenUp(line.id, message.reason)], dropped)

    def roll_up(self, lines: Sequence[Line], now: int) -> Decision:
        """Each line's own answer to its children's moves; those that walk the same arcs say so in one fact."""
        together: dict[tuple[State, State], list[str]] = {}
        events: list[Event] = []
        parents: dict[str, None] = {}
        ended: list[tuple[str, State]] = []
        inside: list[tuple[str, Message]] = []
        for line in lines:
            before = line.state
            if before in FINAL:
                continue
            after = standing(line)
            if after is before:
                continue
            if line.gate is not None or line.points is not None:
                if after is S.COMPLETED and line.points is not None and line.points.check:
                    inside.append((COMPATIBILITY, CheckLine(line.id)))
                    continue
                events += _walk(line, after)
                if after in FINAL and after is not S.COMPLETED:
                    inside.append((COMPATIBILITY, LinesFell()))
            else:
                together.setdefault((before, after), []).append(line.id)
            parents[line.parent] = None
            if after in FINAL:
                ended.append((line.id, after))
        for (before, after), moved in together.items():
            keys = tuple(moved)
            events += [LinesMoved(state, keys) for state in steps(PRODUCT_ORDER_ITEM, before, after)]
        if ended:
            inside.append((ORCHESTRATION, LinesEnded(tuple(ended))))
        if "" in parents:
            inside.append((ORDER, ROLL_UP))
            del parents[""]
        if parents:
            inside.append((LINES, RollUp(tuple(parents))))
        return Decision(events, inside)


def _walk(line: Line, after: State) -> list[Event]:
    """The arcs to ``after``; the gate's reason goes with the state that it explains."""
    lines = (line.id,)
    why = {**line.points.why} if line.points is not None else {}
    if line.gate is not None:
        why[line.gate] = (line.code, line.reason)
    return [
        LinesMoved(state, lines, *why.get(state, ()))
        for state in steps(PRODUCT_ORDER_ITEM, line.state, after)
    ]
