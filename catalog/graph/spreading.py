"""Attribute mappings over the whole graph: what each writes where, and which of several writers wins."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from catalog.graph.asking import Surroundings, part_name
from catalog.graph.frames import Mapping as CompiledMapping
from catalog.graph.growing import Told, Written
from catalog.graph.holding import held_back
from catalog.graph.nodes import Node, Part
from catalog.graph.results import VALIDATION_FAILED
from catalog.rules.outcome import Error, Undetermined


class Wish(NamedTuple):
    """What one mapping wants at one place; the greatest wins. `holder` settles what precedence leaves open."""

    precedence: int
    holder: str
    mapping: str
    value: Any


def spread(
    surroundings: Surroundings, parts: Mapping[str, Part], told: Mapping[str, Told]
) -> dict[str, Written]:
    """What the mappings of all parts write, by part; what waits or fails is held back in the part that holds it."""
    wishes: dict[tuple[str, str, str, str], list[Wish]] = {}
    for part in parts.values():
        part.unmapped = {}
        for node in part.nodes:
            for compiled in node.frame.mappings:
                _apply(surroundings, parts, told, part, node, compiled, wishes)
    written: dict[str, Written] = {}
    for (name, what, path, field), wanted in wishes.items():
        into = written.setdefault(name, Written({}, {}, {}))
        best = max(wanted, key=lambda wish: (wish.precedence, wish.holder, wish.mapping))
        if what == "edge":
            into.edges[path, field] = best.value, best.mapping
        else:
            values = into.values if what == "value" else into.fallbacks
            values.setdefault(path, {})[field] = best.value
    return written


def _apply(
    surroundings: Surroundings,
    parts: Mapping[str, Part],
    told: Mapping[str, Told],
    part: Part,
    node: Node,
    compiled: CompiledMapping,
    wishes: dict[tuple[str, str, str, str], list[Wish]],
) -> None:
    mapping = compiled.mapping
    key = f"{node.key}|{mapping.id}"
    decided = told[part.line].decided if part.line in told else {}
    if decided.get(key) is False:
        return
    if compiled.condition is not None:
        holds = surroundings.ask(part, node, compiled.condition)
        if holds is False:
            return
        if holds is not True:
            if type(holds) not in (Undetermined, Error):
                holds = Error(
                    f"`{compiled.condition.text}`: a condition must be true or false, not {holds!r}"
                )
            _wait(part, node, compiled, key, compiled.condition.text, holds)
            return
    value: Any = None
    if compiled.value is not None:
        value = decided[key] if key in decided else surroundings.ask(part, node, compiled.value)
        if type(value) in (Undetermined, Error):
            _wait(part, node, compiled, key, compiled.value.text, value)
            return
    if mapping.action == "validate":
        if value is not True:
            sentence = mapping.message or f"`{compiled.value.text if compiled.value else ''}` is {value!r}"
            _wait(part, node, compiled, key, "", Error(sentence), VALIDATION_FAILED)
        return
    wish = Wish(mapping.precedence, node.path, mapping.id, value)
    if compiled.writes:
        assert mapping.target_characteristic is not None
        what = "fallback" if mapping.action == "default" else "value"
        for name, path in _places(surroundings, parts, part, node, mapping.target):
            wishes.setdefault((name, what, path, mapping.target_characteristic), []).append(wish)
    else:
        wish = wish._replace(value=mapping.action == "include")
        for name, path, edge in _edges(surroundings, parts, part, node, mapping.target):
            wishes.setdefault((name, "edge", path, edge), []).append(wish)


def _wait(
    part: Part,
    node: Node,
    compiled: CompiledMapping,
    key: str,
    text: str,
    outcome: Undetermined | Error,
    code: str = "",
) -> None:
    mapping = compiled.mapping
    if type(outcome) is Undetermined and compiled.writes and not compiled.needed:
        # What is not known yet does not flow yet; whoever needs it waits for it himself.
        return
    waits = [(key, mapping.wait)] if mapping.wait is not None else []
    part.unmapped[key] = held_back(
        part, key, node, mapping.target, mapping.action, mapping.id, text, outcome, waits, code=code
    )


def _places(
    surroundings: Surroundings, parts: Mapping[str, Part], part: Part, node: Node, target: str
) -> Iterator[tuple[str, str]]:
    """Where a value for a specification goes: (part, path). Into a shared node by what this line asks of it."""
    for where, origin in _origins(surroundings, parts, part, node, target):
        for found in surroundings.nearest(where, origin, target):
            roots = [each.place for each in where.referrals if each.shared == found.key]
            if roots:
                for place in roots:
                    yield part_name(where), place
            else:
                yield found.line or list(found.above())[-1].key, found.path


def _edges(
    surroundings: Surroundings, parts: Mapping[str, Part], part: Part, node: Node, target: str
) -> Iterator[tuple[str, str, str]]:
    """The edges that lead to a specification, the nearest below one node: (part, path of the node, edge)."""
    for above in node.above():
        inside = above.path + "."
        found = [
            (part_name(part), each.path, edge.id)
            for each in part.nodes
            if each is above or each.path.startswith(inside)
            for edge in each.frame.edges
            if edge.target == target
        ]
        if found:
            yield from found
            return


def _origins(
    surroundings: Surroundings, parts: Mapping[str, Part], part: Part, node: Node, target: str
) -> list[tuple[Part, Node]]:
    """From where a target is looked for: the node itself, or out of a shared part each place that refers to it."""
    if part.line or surroundings.nearest(part, node, target):
        return [(part, node)]
    name = part_name(part)
    return [
        (other, referral.parent)
        for other in parts.values()
        for referral in other.referrals
        if referral.shared == name and referral.parent is not None
    ]
