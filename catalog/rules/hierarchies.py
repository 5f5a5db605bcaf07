"""Which specifications can stand in one line's hierarchy, and how each comes to stand there."""

from collections.abc import Mapping
from typing import NamedTuple

from catalog.model import ORDERING_TYPES, Relationship, Specification


class Edge(NamedTuple):
    """A relationship that creates its target, with the specification that holds it."""

    source: Specification
    relationship: Relationship


class Hierarchies:
    """The specifications of a catalog by what is above and below them; computed on demand, kept."""

    def __init__(self, specifications: Mapping[str, Specification]) -> None:
        self.specifications = specifications
        self.edges_to: dict[str, list[Edge]] = {}
        for specification in specifications.values():
            for relationship in specification.relationships:
                if relationship.type in ORDERING_TYPES and relationship.target in specifications:
                    self.edges_to.setdefault(relationship.target, []).append(
                        Edge(specification, relationship)
                    )
        self._above: dict[str, frozenset[str]] = {}

    def above(self, identifier: str) -> frozenset[str]:
        """The specification and all that can stand above it."""
        found = self._above.get(identifier)
        if found is None:
            seen = {identifier}
            waiting = [identifier]
            while waiting:
                for edge in self.edges_to.get(waiting.pop(), ()):
                    if edge.source.id not in seen:
                        seen.add(edge.source.id)
                        waiting.append(edge.source.id)
            found = self._above[identifier] = frozenset(seen)
        return found

    def together(self, one: str, other: str) -> bool:
        """Whether both can stand in the hierarchy of one line."""
        return not self.above(one).isdisjoint(self.above(other))

    def is_below(self, lower: str, upper: str) -> bool:
        """Whether the one can stand below the other."""
        return lower != upper and upper in self.above(lower)
