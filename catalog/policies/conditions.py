"""When a row of a policy holds for an order line: its columns by comparison, its `when` by CEL.

A `when` reads the line's characteristics by their bare names, and besides:

    line.id, line.offering, line.specification, line.action, line.quantity, line.place (a map of role to id)
    order.customer, order.category, order.channel, order.priority, order.lines (how many), order.offerings (a list)
    order.price.oneTime, order.price.recurring (by month), order.price.currency

What is not known is left out, so that a row over it is undetermined until it is known (`catalog.rules.expression`).
"""

from functools import lru_cache
from typing import Any, Final

from catalog.model import Catalog
from catalog.policies.facts import LineFacts, OrderFacts
from catalog.policies.model import Conditions, Policies
from catalog.rules.expression import Expression, expression
from catalog.rules.outcome import Error, Undetermined

LINE_NAMES: Final = ("id", "offering", "specification", "action", "quantity", "place")
ORDER_NAMES: Final = ("customer", "category", "channel", "priority", "lines", "offerings", "price")
PRICE_NAMES: Final = ("oneTime", "recurring", "currency")

Verdict = bool | Undetermined | Error


@lru_cache(maxsize=4096)
def compiled(when: str) -> Expression:
    """The expression of a `when`, compiled once for all catalogs.

    :raises catalog.rules.syntax.ExpressionSyntaxError: it is no CEL; a loaded catalog holds none such.
    """
    return expression(when)


def reads_price(catalog: Catalog) -> bool:
    """Whether any row of the catalog reads what an order costs: then it must be computed first."""
    found: bool | None = catalog.compiled.get("policies read prices")
    if found is None:
        found = any(
            path[:2] == ("order", "price")
            for conditions in _conditions_of(catalog.policies)
            if conditions.when
            for path in compiled(conditions.when).paths
        )
        catalog.compiled["policies read prices"] = found
    return found


def _conditions_of(policies: Policies | None) -> list[Conditions]:
    if policies is None:
        return []
    found = [rule.conditions for rule in policies.enrichment]
    found += [rule.conditions for rule in policies.approval]
    if policies.priority is not None:
        found += [row.conditions for factor in policies.priority.factors for row in factor.rows]
        found += [lane.conditions for lane in policies.priority.lanes]
    return found


def may_hold(conditions: Conditions, offering: str, specification: str, action: str) -> bool:
    """Whether the row can hold for some line of this offering, product specification and action."""
    return (
        (not conditions.offering or offering in conditions.offering)
        and (not conditions.specification or specification in conditions.specification)
        and (not conditions.action or action in conditions.action)
        and action != "noChange"
    )


def verdict(conditions: Conditions, line: LineFacts, order: OrderFacts) -> Verdict:
    """Whether the row holds for the line: true, false, or what is missing to tell, or why it cannot be told."""
    if not may_hold(conditions, line.offering, line.specification, line.action):
        return False
    if conditions.customer and order.customer not in conditions.customer:
        return False
    if conditions.category and order.category not in conditions.category:
        return False
    if conditions.urgency and order.urgency not in conditions.urgency:
        return False
    if conditions.place and not any(place.id in conditions.place for place in line.places):
        return False
    return compiled(conditions.when).decide(context(line, order)) if conditions.when else True


def context(line: LineFacts, order: OrderFacts) -> dict[str, Any]:
    """What a `when` may read, without what is not known."""
    of_line = {
        "id": line.line,
        "offering": line.offering or None,
        "specification": line.specification,
        "action": line.action,
        "quantity": line.quantity,
        "place": {place.role: place.id for place in line.places if place.id},
    }
    return {**line.characteristics, "line": of_line, "order": order_context(order)}


def order_context(order: OrderFacts) -> dict[str, Any]:
    """What a `when` may read of an order."""
    return {
        "customer": order.customer or None,
        "category": order.category or None,
        "channel": order.channel or None,
        "priority": str(order.urgency),
        "lines": len(order.lines),
        "offerings": order.offerings,
        "price": order.price or None,
    }
