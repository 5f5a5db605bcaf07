"""Compatibility at approval: what of an order needs, or cannot stand beside, something else.

A specification may hold `requires` and `excludes` on any specification of another hierarchy. Both sides are looked for
among the order's lines: what they are made of, with the values they would have. What only an installed product could
satisfy is a finding, too: who approves it says which. For lines that delete, the finding is what becomes invalid.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from catalog.decompose import decompose
from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.policies.conditions import context
from catalog.policies.facts import LineFacts, OrderFacts
from catalog.refusals import CatalogRefusal
from catalog.rules.outcome import Error, Undetermined
from catalog.rules.rule import Compatibility
from catalog.rules.vocabulary import rule_expression


class CompatibilityFinding(msgspec.Struct, frozen=True):
    """What stands against an order; ``id`` names it: line, holder and rule."""

    id: str
    line: str
    sentence: str


class _Node(msgspec.Struct, frozen=True):
    """A specification that a line comes to, with its values."""

    line: LineFacts
    specification: str
    values: dict[str, Any]


def compatibility_findings(catalog: Catalog, order: OrderFacts) -> tuple[CompatibilityFinding, ...]:
    """Everything that is incompatible in an order as it stands, by line; nothing where the catalog states nothing."""
    if not any(each.compatibilities for each in catalog.specifications.values()):
        return ()
    nodes = list(_nodes(catalog, order))
    found: dict[str, CompatibilityFinding] = {}
    for node in nodes:
        holder = catalog.specifications.get(node.specification)
        if node.line.action == "delete" or holder is None:
            continue
        for rule in holder.compatibilities:
            # What is nested in a bundle is a hierarchy of its own.
            others = [
                each for each in nodes if each.specification == rule.target and each.line is not node.line
            ]
            sentence = _broken(catalog, order, node, rule, others)
            if sentence:
                id_ = f"{node.line.line}:{node.specification}:{rule.id}"
                found.setdefault(id_, CompatibilityFinding(id_, node.line.line, sentence))
    return tuple(found.values())


def holds_any(catalog: Catalog, specification: str) -> bool:
    """Whether a specification, or one below it, states or meets a compatibility of this catalog."""
    concerned = catalog.compiled.get("compatibility")
    if concerned is None:
        concerned = set()
        for holder in catalog.specifications.values():
            if holder.compatibilities:
                concerned.add(holder.id)
                concerned.update(each.target for each in holder.compatibilities)
        catalog.compiled["compatibility"] = concerned
    # A bundle has no specification of its own.
    ways, seen = [specification] if specification else [], {specification}
    while ways and concerned:
        each = ways.pop()
        if each in concerned:
            return True
        below = {relation.target for relation in catalog.specifications[each].relationships} - seen
        seen |= below
        ways += below
    return False


def _broken(
    catalog: Catalog, order: OrderFacts, node: _Node, rule: Compatibility, others: Iterable[_Node]
) -> str:
    """Why the rule does not hold for the node; empty where it does."""
    leaving = False
    unknown: list[str] = []
    for other in others:
        outcome = _fits(catalog, order, node, rule, other)
        if isinstance(outcome, Error):
            return f"{node.specification}: compatibility {rule.id}: {outcome.sentence}"
        if isinstance(outcome, Undetermined):
            unknown += outcome.missing
        elif outcome and other.line.action == "delete":
            leaving = True
        elif outcome:
            if rule.type == "requires":
                return ""
            return rule.message or (
                f"{node.specification} of line {node.line.line} cannot stand beside {rule.target} of line "
                f"{other.line.line}"
            )
    if unknown:
        return (
            f"{node.specification} of line {node.line.line} {rule.type} {rule.target}: not known yet whether it fits: "
            f"{', '.join(dict.fromkeys(unknown))}"
        )
    if rule.type == "excludes":
        return ""
    if leaving:
        return (
            f"{node.specification} of line {node.line.line} requires {rule.target}, which this order removes: it would "
            "become invalid"
        )
    return rule.message or (
        f"{node.specification} of line {node.line.line} requires {rule.target}, and no line of this order brings one"
    )


def _fits(
    catalog: Catalog, order: OrderFacts, node: _Node, rule: Compatibility, other: _Node
) -> bool | Undetermined | Error:
    if rule.condition is None:
        return True
    about = context(node.line, order)
    known = {
        "line": about["line"],
        "order": about["order"],
        node.specification: node.values,
        other.specification: other.values,
    }
    return rule_expression(catalog, node.specification, rule.condition).decide(known)


def _nodes(catalog: Catalog, order: OrderFacts) -> Iterator[_Node]:
    """What the lines come to: the specification each names, and those of its domain orders."""
    for line in order.lines:
        yield _Node(line, line.specification, line.characteristics)
        request = LineRequest(
            line.line,
            line.action,
            line.offering or None,
            None if line.offering else line.specification,
            1,
            line.characteristics,
        )
        try:
            orders = decompose(catalog, request).domain_orders
        except CatalogRefusal:
            continue  # the door says so; there is nothing to compare
        for each in orders:
            if each.specification != line.specification:
                yield _Node(line, each.specification, each.characteristics)
