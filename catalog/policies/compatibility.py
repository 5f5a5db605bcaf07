"""Compatibility: what of an order needs, or cannot stand beside, something else.

A specification may hold `requires` and `excludes` on any specification of another hierarchy. At approval both sides are
looked for among the order's lines (what they are made of, with the values they would have) and among installed
products: those that the order names and, where a compatibility says so, the others of its customer. At completion the
same is asked of what was built. What lines make invalid of installed products is told, too (`invalidated`).
"""

from collections.abc import Iterable, Mapping

from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.policies.facts import OrderFacts
from catalog.policies.fitting import CompatibilityFinding, by_specification, fits, spoken_of
from catalog.policies.invalidated import invalidated
from catalog.policies.sides import Side, ordered_sides, replaced_sides
from catalog.rules.outcome import Error, Undetermined
from catalog.rules.rule import Compatibility


def compatibility_findings(
    catalog: Catalog,
    order: OrderFacts,
    beside: Iterable[Side] = (),
    over: Mapping[str, LineRequest] | None = None,
) -> tuple[CompatibilityFinding, ...]:
    """Everything that is incompatible in an order as it stands, by line; nothing where the catalog states nothing.

    :param beside: what is installed, and no line changes or ends.
    :param over: by line, its request over the installed product that it changes or ends, where that is known.
    """
    if not catalog.horizontal:
        return ()
    over = over or {}
    sides = [side for line in order.lines for side in ordered_sides(catalog, line, over.get(line.line))]
    before = [side for line in order.lines for side in replaced_sides(catalog, line, over.get(line.line))]
    return findings_among(catalog, order, [*sides, *beside], before)


def findings_among(
    catalog: Catalog, order: OrderFacts, sides: Iterable[Side], before: Iterable[Side] = ()
) -> tuple[CompatibilityFinding, ...]:
    """What the order's lines bring or change that does not fit what stands beside it, and what they make invalid.

    :param before: what stood of the products that its lines change or end.
    """
    sides = list(sides)
    standing = by_specification(sides)
    found: dict[str, CompatibilityFinding] = {}
    for side in sides:
        holder = catalog.specifications.get(side.specification)
        if side.line is None or side.line.action in ("delete", "noChange") or holder is None:
            continue
        for rule in holder.compatibilities:
            sentence = _broken(catalog, order, side, rule, spoken_of(side, rule, standing))
            if sentence:
                id_ = f"{side.line.line}:{side.specification}:{rule.id}"
                found.setdefault(id_, CompatibilityFinding(id_, side.line.line, sentence))
    for each in invalidated(catalog, order, sides, standing, by_specification(before)):
        found.setdefault(each.id, each)
    return tuple(found.values())


def _broken(
    catalog: Catalog, order: OrderFacts, side: Side, rule: Compatibility, others: Iterable[Side]
) -> str:
    """Why the rule does not hold for what a line brings; empty where it does."""
    me = f"{side.specification} of {side.of}"
    leaving: Side | None = None
    unknown: list[str] = []
    for other in others:
        if rule.type == "requires" and other.coming:
            continue  # it is not there yet
        outcome = fits(catalog, order, side, rule, other)
        if other.leaving:
            # It helps nobody any more, and is in nobody's way.
            leaving = other if outcome is not False else leaving
        elif isinstance(outcome, Error):
            return f"{side.specification}: compatibility {rule.id}: {outcome.sentence}"
        elif isinstance(outcome, Undetermined):
            unknown += outcome.missing
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
    whose = "of the customer" if rule.beside == "customer" and order.customer else "that it names"
    return rule.message or (
        f"{me} requires {rule.target}, and neither a line of this order nor an installed product {whose} brings one"
    )
