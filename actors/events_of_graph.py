"""The facts that only orders with rules have: the graph, what is held back of it, and plans that grow."""

from typing import Any

from actors.fact import Event
from actors.graph import Delta, Held
from catalog.graph.results import Contribution, GrownNode
from catalog.lines import TaskPlan


class LinesRuled(Event, frozen=True, tag="ruled"):
    """These lines have rules: their domain orders come with the facts that follow, and may go on coming."""

    lines: tuple[str, ...]


class NodesGrown(Event, frozen=True, tag="grown"):
    """Domain orders that rules made, parents before children."""

    nodes: tuple[GrownNode, ...]


class NodeReferred(Event, frozen=True, tag="referred"):
    """A shared domain order stands below these domain orders now, for these lines."""

    key: str
    parents: tuple[str, ...]
    referrers: tuple[str, ...]


class NodeChanged(Event, frozen=True, tag="changed"):
    """A domain order has these values now. Requests that are out, or will be repeated, keep the ones they had."""

    key: str
    characteristics: dict[str, Any]


class NodesDropped(Event, frozen=True, tag="nodesDropped"):
    """Domain orders on which no work had begun are not wanted any more: as if they had never been."""

    keys: tuple[str, ...]


class NodesKept(Event, frozen=True, tag="kept"):
    """The decision to leave domain orders as they are, whatever the rules say now."""

    keys: tuple[str, ...]


class SharedAsked(Event, frozen=True, tag="asked"):
    """What referrers ask of these shared nodes now, where it is not what they asked before; None: nothing any more."""

    asked: dict[str, dict[str, Contribution | None]]


class ValuesTold(Event, frozen=True, tag="told"):
    """Values that were not known before, or are others now, by the path of what they belong to (null: not known)."""

    line: str
    values: dict[str, dict[str, Any]]
    by: str = ""


class RulesDecided(Event, frozen=True, tag="decided"):
    """Outcomes of single rules that were decided without them: by a deadline, or by somebody."""

    line: str
    outcomes: dict[str, Any]
    reason: str = ""


class HeldBackSet(Event, frozen=True, tag="heldBack"):
    """All that is held back of a line now. ``told``: the keys of what somebody is reminded or told of by this."""

    line: str
    held: tuple[Held, ...]
    told: tuple[str, ...] = ()


class AlertsAcknowledged(Event, frozen=True, tag="alertsAcknowledged"):
    """Somebody knows that deadlines of a line have passed; ``alerts`` are the keys of what is held back."""

    line: str
    alerts: tuple[str, ...]
    by: str


class ChangesPending(Event, frozen=True, tag="changes"):
    """All that changed values would change in a line's domain orders on which work has begun."""

    line: str
    changes: tuple[Delta, ...]


class LineCancelled(Event, frozen=True, tag="lineCancelled"):
    """What the line has not begun will not be done."""

    line: str
    code: str
    reason: str


class TasksJoined(Event, frozen=True, tag="joined"):
    """Tasks that join the plan; ``gives`` are the (output, characteristic) pairs that their results bring."""

    tasks: tuple[TaskPlan, ...]
    gives: dict[str, tuple[tuple[str, str], ...]] = {}


class NeedsJoined(Event, frozen=True, tag="needs"):
    """A task that has not begun waits for more."""

    task: str
    needs: tuple[str, ...]


class NeedsLeft(Event, frozen=True, tag="needsLeft"):
    """A task that has not begun needs these no more: its line has left the shared service they belong to."""

    task: str
    needs: tuple[str, ...]


GraphEvent = (
    LinesRuled
    | NodesGrown
    | NodeReferred
    | NodeChanged
    | NodesDropped
    | NodesKept
    | SharedAsked
    | ValuesTold
    | RulesDecided
    | HeldBackSet
    | AlertsAcknowledged
    | ChangesPending
    | LineCancelled
    | TasksJoined
    | NeedsJoined
    | NeedsLeft
)
