"""Compatibility: what of an order needs, or cannot stand beside, something else.

A specification may hold `requires` and `excludes` on any specification of another hierarchy. At approval both sides are
looked for among the order's lines (what they are made of, with the values they would have) and among the installed
products that the order names; at completion the same is asked of what was built. For lines that delete, the finding is
what becomes invalid.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from catalog.decompose import decompose
from catalog.installed import InstalledProduct
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


class Side(msgspec.Struct, frozen=True):
    """A specification that stands or is to stand, with its values; ``of`` says for people what it is part of."""

    of: str
    specification: str
    values: dict[str, Any]
    line: LineFacts | None = None
    """The line of the order that brings it; None: it is installed."""
    leaving: bool = False
    """Whether the order takes it away, or another one does."""


def compatibility_findings(
    catalog: Catalog, order: OrderFacts, beside: Iterable[Side] = ()
) -> tuple[CompatibilityFinding, ...]:
    """Everything that is incompatible in an order as it stands, by line; nothing where the catalog states nothing.

    :param beside: what is installed and the order names.
    """
    if not catalog.horizontal:
        return ()
    return findings_among(catalog, order, [*_ordered(catalog, order), *beside])


def findings_among(
    catalog: Catalog, order: OrderFacts, sides: Iterable[Side]
) -> tuple[CompatibilityFinding, ...]:
    """What the order's lines bring or change that does not fit what stands beside it."""
    sides = list(sides)
    found: dict[str, CompatibilityFinding] = {}
    for side in sides:
        holder = catalog.specifications.get(side.specification)
        if side.line is None or side.line.action in ("delete", "noChange") or holder is None:
            continue
        for rule in holder.compatibilities:
            # What is nested in a bundle is a hierarchy of its own.
            others = [
                each for each in sides if each.specification == rule.target and each.line is not side.line
            ]
            sentence = _broken(catalog, order, side, rule, others)
            if sentence:
                id_ = f"{side.line.line}:{side.specification}:{rule.id}"
                found.setdefault(id_, CompatibilityFinding(id_, side.line.line, sentence))
    return tuple(found.values())


def installed_sides(picture: InstalledProduct, *, leaving: bool = False) -> Iterator[Side]:
    """What an installed product is made of."""
    for node in picture.nodes:
        yield Side(
            f"installed product {picture.id}", node.specification, node.characteristics, leaving=leaving
        )


def ordered_sides(catalog: Catalog, line: LineFacts) -> Iterator[Side]:
    """What a line comes to: the specification it names, and those of its domain orders."""
    leaving, of = line.action == "delete", f"line {line.line}"
    if line.specification:
        yield Side(of, line.specification, line.characteristics, line, leaving)
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
        return  # the door says so; there is nothing to compare
    for each in orders:
        if each.specification != line.specification:
            yield Side(of, each.specification, each.characteristics, line, leaving)


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
        found = catalog.specifications.get(each)
        if found is None:
            continue  # installed, and no longer of this catalog
        below = {relation.target for relation in found.relationships} - seen
        seen |= below
        ways += below
    return False


def _broken(
    catalog: Catalog, order: OrderFacts, side: Side, rule: Compatibility, others: Iterable[Side]
) -> str:
    """Why the rule does not hold for what a line brings; empty where it does."""
    me = f"{side.specification} of {side.of}"
    leaving: Side | None = None
    unknown: list[str] = []
    for other in others:
        outcome = _fits(catalog, order, side, rule, other)
        if isinstance(outcome, Error):
            return f"{side.specification}: compatibility {rule.id}: {outcome.sentence}"
        if isinstance(outcome, Undetermined):
            unknown += outcome.missing
        elif outcome and other.leaving:
            leaving = other
        elif outcome:
            if rule.type == "requires":
                return ""
            return rule.message or f"{me} cannot stand beside {rule.target} of {other.of}"
    if unknown:
        return (
            f"{me} {rule.type} {rule.target}: not known yet whether it fits: "
            f"{', '.join(dict.fromkeys(unknown))}"
        )
    if rule.type == "excludes":
        return ""
    if leaving is not None:
        by = "this order removes" if leaving.line is not None else "is being removed"
        return f"{me} requires {rule.target}, which {by}: it would become invalid"
    return rule.message or (
        f"{me} requires {rule.target}, and neither a line of this order nor an installed product that it names "
        "brings one"
    )


def _fits(
    catalog: Catalog, order: OrderFacts, side: Side, rule: Compatibility, other: Side
) -> bool | Undetermined | Error:
    if rule.condition is None:
        return True
    assert side.line is not None, "only what a line brings is asked whether it fits"
    about = context(side.line, order)
    known = {
        "line": about["line"],
        "order": about["order"],
        side.specification: _known(side),
        other.specification: _known(other),
    }
    return rule_expression(catalog, side.specification, rule.condition).decide(known)


def _known(side: Side) -> dict[str, Any]:
    return {name: value for name, value in side.values.items() if value is not None}


def _ordered(catalog: Catalog, order: OrderFacts) -> Iterator[Side]:
    for line in order.lines:
        yield from ordered_sides(catalog, line)
