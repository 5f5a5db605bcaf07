"""Alerts: waits whose deadline has passed, which somebody is told of until he says that he knows, or the value comes.

An alert is no thing of its own: it is what is held back of a line, once its deadline has passed and its reaction is to
tell somebody. It is with one group at a time, and goes up with each deadline that passes.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from actors.behaviour import Decision, refused
from actors.events_of_graph import AlertsAcknowledged
from actors.graph import HELD_BACK, Graph, Held, first_due
from actors.messages import AcknowledgeAlerts
from actors.people import works_for
from actors.reasons import iso
from catalog.rules.rule import TELLING_REACTIONS

ALERT: Final = "alert"
"""The attribute under which lists find orders with alerts."""
OPEN: Final = "open"
ACKNOWLEDGED: Final = "acknowledged"


def is_alert(held: Held) -> bool:
    """Whether somebody is told of it: a deadline has passed, and that is what happens then."""
    return held.times > 0 and held.part.reaction in TELLING_REACTIONS


def group_of(held: Held) -> str:
    """The group that an alert is with; empty: everybody."""
    above = held.part.escalate_to if held.part.reaction == "escalate" else ()
    return above[min(held.times, len(above)) - 1] if above else held.part.group


def alerts_of(graph: Graph | None) -> Iterator[tuple[str, Held]]:
    """Every alert of an order, with its line."""
    if graph is not None:
        for line, held in graph.held.items():
            for each in held:
                if is_alert(each):
                    yield line, each


def asked(group: str = "", state: str = "") -> str:
    """The value of :data:`ALERT` for alerts that are with a group, and :data:`OPEN` or not; empty: whichever."""
    return "\x1f".join((group, state))


def values_of(held: Iterable[Held]) -> tuple[str, ...]:
    """The values of :data:`ALERT` for what is held back of a line: one for each way to ask."""
    found: dict[str, None] = {}
    for each in held:
        if is_alert(each):
            for group in ("", group_of(each)):
                for state in ("", ACKNOWLEDGED if each.acknowledged_by else OPEN):
                    found[asked(group, state)] = None
    return tuple(found)


def listed(graph: Graph) -> list[tuple[str, str]]:
    """(attribute, value) pairs under which lists find an order by its alerts."""
    values = dict.fromkeys(value for line in graph.alerts.values() for value in line)
    return [(ALERT, value) for value in values]


def acknowledge(graph: Graph | None, message: AcknowledgeAlerts) -> Decision:
    """A person knows of alerts of a line: nobody is told of them any more."""
    line, key = message.target, message.alert
    held = graph.held.get(line, ()) if graph is not None else ()
    found = [each for each in held if is_alert(each) and key in ("", each.part.key)]
    if graph is None or not found:
        what = f"of {key[:64]!r} " if key else ""
        return refused("noAlert", f"line {line} has no alert {what}to acknowledge: see its waitsFor")
    fresh = [each for each in found if not each.acknowledged_by]
    if not fresh:
        first = found[0]
        return refused(
            "alertAcknowledged",
            f"the alert of line {line} was acknowledged by {first.acknowledged_by} at "
            f"{iso(first.acknowledged_at)}: what is left is to give what it waits for",
        )
    mine = [
        each
        for each in fresh
        if works_for(message.groups, group_of(each)) or each.part.group in message.groups
    ]
    if not mine:
        return refused(
            "notInGroup",
            f"the alert of line {line} is for {group_of(fresh[0])}: {message.by} does not work for that group",
        )
    decision = Decision([AlertsAcknowledged(line, tuple(each.part.key for each in mine), message.by)])
    rest = tuple(each for each in held if each not in mine)
    due = first_due({**graph.held, line: rest}.values())
    if due != graph.due():
        decision.timers.append((HELD_BACK, due or None))
    return decision
