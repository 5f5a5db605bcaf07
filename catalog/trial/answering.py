"""Answers to what waits in a trial order: a value, the instances that go, or that it is decided without.

Values go where a running order takes them (`actors/telling.py`): by full path, to the line or to what is shared.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import UNSET

from catalog.graph.growing import Told
from catalog.graph.nodes import SHARED
from catalog.graph.results import CHOOSE_INSTANCES, SHARED_VALUES_DIFFER, UNKNOWN_VALUE
from catalog.lines import HeldBack, LineRequest
from catalog.model import Catalog, CharacteristicSpecification, Specification
from catalog.tree import root_of
from catalog.trial.choosing import Choices
from catalog.trial.standing import Carried, Standing

ANSWERABLE: Final = frozenset({UNKNOWN_VALUE, CHOOSE_INSTANCES, SHARED_VALUES_DIFFER})
"""Codes of what waits for somebody; anything else is a fault of the catalog."""
Step = dict[str, Any]
"""Something that happened, as JSON: an item, or what was said of a line."""


class Answers:
    """All that is said of one order: `told` as growing reads it, `steps` as people do.

    `known` are characteristics that are known of lines beside what they state. `give`: values are given as far as
    there are any; else everything that waits is decided without.
    """

    def __init__(
        self,
        catalog: Catalog,
        requests: Sequence[LineRequest],
        choices: Choices,
        known: Mapping[str, Mapping[str, Any]],
        *,
        give: bool,
    ) -> None:
        self.catalog = catalog
        self.requests = {request.line: request for request in requests}
        self.choices = choices
        self.known = known
        self.give = give
        self.told: dict[str, Told] = {}
        self.steps: list[Step] = []

    def answer(self, done: Carried, standing: Standing) -> None:
        """Say something of all that waits, none of which is hopeless."""
        # What is shared waits in every line that refers to it.
        parts = {part.key: (line, part) for line, held in done.held.items() for part in held}
        for line, part in parts.values():
            given = self._given(line, part, done, standing) if self.give else {}
            if not given:
                self._of(_owner(line, part.key)).decided[part.key] = False
                self.steps.append({"line": line, "decidedWithout": part.sentence})
                continue
            for (owner, place, name), value in given.items():
                self._of(owner).values.setdefault(place, {})[name] = value
            values = {f"{place}.{name}": value for (_, place, name), value in given.items()}
            self.steps.append({"line": line, "values": values})

    def _of(self, owner: str) -> Told:
        return self.told.setdefault(owner, Told({}, {}))

    def _given(
        self, line: str, part: HeldBack, done: Carried, standing: Standing
    ) -> dict[tuple[str, str, str], Any]:
        """Values by (owner, place, name); nothing where one of those that are missing cannot be given."""
        if part.code == CHOOSE_INSTANCES:
            return self._going(line, part, standing)
        given: dict[tuple[str, str, str], Any] = {}
        for path in part.missing:
            place, _, name = path.rpartition(".")
            owner, specification = self._place(line, place, done)
            declared = _declared(specification, name)
            if declared is None or name in self._of(owner).values.get(place, {}):
                return {}
            known = self.known.get(line, {}) if specification is self._root(line) else {}
            value = known[name] if name in known else self.choices.value(declared)
            if value is UNSET:
                return {}
            given[owner, place, name] = value
        return given

    def _going(self, line: str, part: HeldBack, standing: Standing) -> dict[tuple[str, str, str], Any]:
        """One more of the instances that stand."""
        (path,) = part.missing
        place, _, name = path.rpartition(".")
        owner = _owner(line, part.key)
        installed = self.requests[line].installed
        own = installed.nodes if installed is not None and owner == line else ()
        shared = [node for each in standing.shared.values() for node in each.nodes] if owner == SHARED else ()
        named = self._of(owner).values.get(place, {}).get(name, [])
        ordinals = {node.ordinal for node in (*own, *shared) if node.specification == part.target}
        left = sorted(ordinals.difference(named), reverse=True)
        return {(owner, place, name): [*named, self.choices.among(left)]} if left else {}

    def _place(self, line: str, place: str, done: Carried) -> tuple[str, Specification | None]:
        """Whose value one at this place is, and of what specification it is there."""
        root = self._root(line)
        if place == root.id or ("." not in place and place.startswith(f"{root.id}[")):
            return line, root
        for node in done.nodes:
            if node.path == place and line in node.referrers:
                return SHARED if node.shared else line, self.catalog.specifications[node.specification]
        last = place.rpartition(".")[2].partition("[")[0].partition("#")[0].partition("<")[0]
        return line, self.catalog.specifications.get(last)

    def _root(self, line: str) -> Specification:
        request = self.requests[line]
        return root_of(self.catalog, request.offering, request.specification)


def _owner(line: str, key: str) -> str:
    return SHARED if key.startswith(".") else line


def _declared(specification: Specification | None, name: str) -> CharacteristicSpecification | None:
    characteristics = specification.characteristics if specification is not None else ()
    return next((each for each in characteristics if each.name == name), None)
