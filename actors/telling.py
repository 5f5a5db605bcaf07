"""Values that are said of a running order, or brought by its tasks: whose each is, and what it starts.

They are facts of their own; what the rules make of them is grown anew from all of them (``actors/growth.py``).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from actors.behaviour import Decision, refused
from actors.domain_order import DomainOrder
from actors.events_of_graph import ValuesTold
from actors.fact import Event
from actors.graph import Graph
from actors.inside import DECOMPOSITION, Brought, Grow, Situated
from actors.messages import GiveValues
from actors.plan import line_of
from catalog.characteristics import faults
from catalog.graph.nodes import SHARED
from catalog.graph.results import CHOOSE_INSTANCES
from catalog.model import Catalog
from catalog.tree import root_of


class Telling:
    """One decision about values, in its surroundings."""

    def __init__(
        self, catalog: Catalog, orders: dict[str, DomainOrder], graph: Graph, situation: Situated
    ) -> None:
        self.catalog = catalog
        self.orders = orders
        self.graph = graph
        self.situation = situation

    def take(self, message: GiveValues) -> Decision:
        """Values that somebody gives a line, by their paths."""
        line = message.target
        if not line or line not in self.graph.lines:
            return refused(
                "noRules", f"line {line} has no rules that wait for values: change it by an amendment"
            )
        by_place: dict[str, dict[str, dict[str, Any]]] = {}
        for path, value in message.values.items():
            place = self._place(line, path)
            if place is None:
                return refused("unknownPath", f"line {line} has nothing that is called {path}")
            owner, at, specification, name = place
            if specification is None and name == "remove" and not isinstance(value, list | None):
                return refused("valueNotAllowed", f"{path}: name the instances in a list")
            if specification is not None and value is not None:
                declared = next((each for each in specification.characteristics if each.name == name), None)
                if declared is None:
                    return refused("unknownPath", f"{specification.id} has no characteristic {name}")
                against = faults(declared, value)
                if against:
                    return refused("valueNotAllowed", f"{path}: {against[0][1]}")
            by_place.setdefault(owner, {}).setdefault(at, {})[name] = value
        return self._tell(by_place, message.by)

    def _place(self, line: str, path: str) -> tuple[str, str, Any, str] | None:
        """Whose value a path is: (line or SHARED, place, specification, name); None where it leads nowhere."""
        at, _, name = path.rpartition(".")
        request = self.situation.requests[line]
        root = root_of(self.catalog, request.offering, request.specification)
        if not at or at == root.id:
            return line, root.id, root, name
        number = at.removeprefix(root.id)
        if number.startswith("[") and "." not in number:
            return line, at, root, name
        held = [each.part for each in self.graph.held.get(line, ())]
        if any(path in each.missing and each.code == CHOOSE_INSTANCES for each in held):
            # Which of several go is no characteristic of the one that stands at this place.
            return line, at, None, name
        for key, grown in self.graph.grown.items():
            owner = line_of(key)
            if grown.path == at and (
                owner == line or (owner == SHARED and line in self.orders[key].referrers)
            ):
                return owner, at, self.catalog.specifications.get(self.orders[key].specification), name
        if any(path in each.missing for each in held):
            # What is shared, once it is known which one it is, has no place of its own yet.
            return line, at, self.catalog.specifications.get(_last(at)), name
        return None

    def bring(self, message: Brought) -> Decision:
        """Values that results of tasks bring, by domain order."""
        by_place: dict[str, dict[str, dict[str, Any]]] = {}
        for key, values in message.values.items():
            grown = self.graph.grown.get(key)
            if grown is not None:
                by_place.setdefault(line_of(key), {}).setdefault(grown.path, {}).update(values)
        decision = self._tell(by_place, "")
        if not decision.events:
            # Nothing new, and yet one less that may bring something.
            lines = dict.fromkeys(
                line for key in message.values if key in self.orders for line in self.orders[key].referrers
            )
            decision.inside.append((DECOMPOSITION, Grow(tuple(lines))))
        return decision

    def _tell(self, by_place: Mapping[str, Mapping[str, dict[str, Any]]], by: str) -> Decision:
        events: list[Event] = []
        lines: dict[str, None] = {}
        for owner, places in by_place.items():
            known = self.graph.facts[owner].values if owner in self.graph.facts else {}
            new = {
                at: values
                for at, values in places.items()
                if any(known.get(at, {}).get(name, _NEVER) != value for name, value in values.items())
            }
            if new:
                events.append(ValuesTold(owner, new, by))
                lines.update(dict.fromkeys(self._lines_of(owner, new)))
        if not events:
            return Decision()
        return Decision(events, [(DECOMPOSITION, Grow(tuple(lines)))])

    def _lines_of(self, owner: str, places: Iterable[str]) -> Iterable[str]:
        if owner:
            return (owner,)
        return [
            line
            for key in self.graph.keys((SHARED,))
            if self.graph.grown[key].path in places
            for line in self.orders[key].referrers
        ]


def _last(path: str) -> str:
    """The specification that a path ends in."""
    return path.rpartition(".")[2].partition("[")[0].partition("#")[0].partition("<")[0]


_NEVER = object()
