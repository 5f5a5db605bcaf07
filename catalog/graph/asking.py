"""Asking a rule's question at a node: what it reads is gathered, and what is missing gets its full path."""

from collections.abc import Callable, Mapping
from typing import Any

from catalog.graph.frames import Question
from catalog.graph.nodes import Node, Part
from catalog.model import ORDERING_TYPES, Catalog
from catalog.rules.outcome import NOT_APPLICABLE, Error, Undetermined


class Surroundings:
    """All that a rule can read beside its own node.

    `before` are the parts as the pass before left them (what stands elsewhere is read from there), `scopes` what a
    line says of itself and of its order.
    """

    def __init__(self, catalog: Catalog, scopes: Callable[[str], Mapping[str, Any]]) -> None:
        self.catalog = catalog
        self.scopes = scopes
        self.before: dict[str, Part] = {}

    def ask(self, part: Part, node: Node, question: Question) -> Any:
        """The outcome at a node: a value, Undetermined with full paths, or Error."""
        context: dict[str, Any] = {question.holder: node.values}
        places = {question.holder: node.path}
        if question.scopes:
            context.update(self.scopes(part.line))
        for specification in question.elsewhere:
            found = self.nearest(part, node, specification)
            if len(found) > 1:
                paths = ", ".join(sorted(each.path for each in found)[:4])
                return Error(f"`{question.text}`: {specification} stands in several places: {paths}")
            if found:
                context[specification] = found[0].values
                places[specification] = found[0].path
            elif not self._may_come(part, specification):
                context[specification] = NOT_APPLICABLE
            if not found or found[0] not in node.above():
                part.reads = True
        outcome = question.expression.evaluate(context)
        if type(outcome) is Undetermined:
            return Undetermined(tuple(self._full(missing, places) for missing in outcome.missing))
        return outcome

    def inputs(self, part: Part, node: Node, question: Question) -> dict[str, Any]:
        """What a question reads and is known, by full path: for people."""
        found: dict[str, Any] = {}
        scopes = self.scopes(part.line)
        for path in question.expression.paths:
            first, *rest = path
            if first in scopes:
                value, place = scopes[first], first
            else:
                at = [node] if first == question.holder else self.nearest(part, node, first)
                if len(at) != 1:
                    continue
                value, place = at[0].values, at[0].path
            for name in rest:
                value = value.get(name) if isinstance(value, Mapping) else None
            if value is not None:
                found[".".join((place, *rest))] = value
        return found

    def nearest(self, part: Part, node: Node, specification: str) -> list[Node]:
        """The nodes of a specification that a rule at a node means.

        The node itself, one above it, those below it, those below the nearest one above it: the first that are there.
        """
        for above in node.above():
            if above.specification == specification:
                return [above]
        before = self.before.get(part_name(part))
        if before is None:
            return []
        candidates = before.by_specification.get(specification, ())
        elsewhere = [
            (each.place, found)
            for each in before.referrals
            if (shared := self.before.get(each.shared)) is not None
            for found in shared.by_specification.get(specification, ())
        ]
        if not candidates and not elsewhere:
            return []
        for above in node.above():
            inside = above.path + "."
            found = [each for each in candidates if each.path.startswith(inside)]
            found += [each for place, each in elsewhere if place.startswith(inside)]
            if found:
                return list({each.key: each for each in found}.values())
        return list({each.key: each for each in (*candidates, *(each for _, each in elsewhere))}.values())

    def _may_come(self, part: Part, specification: str) -> bool:
        """Whether a node of a specification may still appear, so that its values are unknown rather than none."""
        before = self.before.get(part_name(part))
        return before is None or any(
            specification in reachable(self.catalog, held.target)
            for held in (*before.held.values(), *before.unmapped.values())
            if held.target in self.catalog.specifications
        )

    @staticmethod
    def _full(missing: str, places: Mapping[str, str]) -> str:
        for specification, path in places.items():
            if missing.startswith(specification + "."):
                return path + missing[len(specification) :]
        return missing


def part_name(part: Part) -> str:
    """Under which name a part is kept: the line's id, or the key of the shared node."""
    return part.line or part.roots[0].key


def reachable(catalog: Catalog, specification: str) -> frozenset[str]:
    """The specifications that may stand at or below a node of this one."""
    key = ("reachable", specification)
    known: frozenset[str] | None = catalog.compiled.get(key)
    if known is None:
        seen = {specification}
        ways = [specification]
        while ways:
            for relationship in catalog.specifications[ways.pop()].relationships:
                if relationship.type in ORDERING_TYPES and relationship.target not in seen:
                    seen.add(relationship.target)
                    ways.append(relationship.target)
        known = catalog.compiled[key] = frozenset(seen)
    return known
