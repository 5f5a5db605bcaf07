"""Whether two sides fit: one compatibility of the one, asked about the other."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from catalog.model import Catalog
from catalog.policies.conditions import context, order_context
from catalog.policies.facts import OrderFacts
from catalog.policies.sides import Side
from catalog.rules.outcome import Error, Undetermined
from catalog.rules.rule import Compatibility
from catalog.rules.vocabulary import rule_expression


class CompatibilityFinding(msgspec.Struct, frozen=True):
    """What stands against an order; ``id`` names it: line, holder and rule."""

    id: str
    line: str
    sentence: str


def fits(
    catalog: Catalog, order: OrderFacts, holder: Side, rule: Compatibility, other: Side
) -> bool | Undetermined | Error:
    """Whether ``other`` is what the holder's rule speaks of: what it requires, or what it excludes.

    What the rule reads of ``line`` is that of the line that brings the holder; of an installed one it is never known.
    """
    if rule.condition is None:
        return True
    known: dict[str, Any] = {"order": order_context(order)}
    if holder.line is not None:
        known["line"] = context(holder.line, order)["line"]
    known[holder.specification] = _known(holder)
    known[other.specification] = _known(other)
    return rule_expression(catalog, holder.specification, rule.condition).decide(known)


def within(rule: Compatibility, side: Side) -> bool:
    """Whether a rule looks as far as where this stands."""
    return side.named or rule.beside == "customer"


def by_specification(sides: Iterable[Side]) -> dict[str, list[Side]]:
    """Sides by what they are: a rule speaks of one specification, and orders have thousands of lines."""
    found: dict[str, list[Side]] = {}
    for each in sides:
        found.setdefault(each.specification, []).append(each)
    return found


def spoken_of(holder: Side, rule: Compatibility, sides: Mapping[str, Sequence[Side]]) -> Iterator[Side]:
    """Those of the sides that the holder's rule speaks of."""
    return (each for each in sides.get(rule.target, ()) if within(rule, each) and holder.beside(each))


def _known(side: Side) -> dict[str, Any]:
    return {name: value for name, value in side.values.items() if value is not None}
