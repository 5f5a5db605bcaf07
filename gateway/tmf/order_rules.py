"""The rules of an order that its types cannot say: the fast yes or no, over the typed form.

Ids are unique over all items, relationships stay inside the order and lead in no circle, dates stand in order, and the
catalog can serve every line. ``order_faults.py`` says the same rules in words when the answer is no.
Sources: TMF622 v4.0 (ProductOrderItem, OrderItemRelationship), TMF641 v4.1 (their siblings).
"""

from collections.abc import Iterable, Mapping

from msgspec import UNSET

from actors.document_lines import DEPENDENCY_TYPES, SERVICE_DEPENDENCY_TYPES
from catalog.door import check_line
from catalog.model import Catalog, Kind
from gateway.tmf.product_order_form import ProductOrderItem
from gateway.tmf.shapes import Form, Item
from runtime.limits import ORDER_LINES_MAX


def keeps_rules(order: Form, catalog: Catalog, at: int | None = None, kind: Kind = "product") -> bool:
    """Whether a well-formed order keeps every rule under this catalog version, ordered ``at`` (ms since 1970 UTC)."""
    start, completion = order.requested_start_date, order.requested_completion_date
    if start is not UNSET and completion is not UNSET and start > completion:
        return False
    items = order.items
    if len(items) > ORDER_LINES_MAX:
        return False
    needs: dict[str, list[str]] = {}
    related: list[str] = []
    circle_possible = False
    ways: list[Item] = list(items)
    while ways:
        item = ways.pop()
        if item.id in needs:
            return False
        needed = needs[item.id] = []
        if item.items:
            circle_possible = True
            needed.extend(nested.id for nested in item.items)
            ways.extend(item.items)
        for relation in item.relationships:
            related.append(relation.id)
            depending = DEPENDENCY_TYPES if kind == "product" else SERVICE_DEPENDENCY_TYPES
            if relation.relationship_type in depending:
                circle_possible = True
                needed.append(relation.id)
        request = item.line_request()
        if request is None or check_line(catalog, request, kind, at):
            return False
    if len(needs) > ORDER_LINES_MAX or any(id_ not in needs for id_ in related):
        return False
    return not (circle_possible and in_circle(needs))


def names_any(items: Iterable[ProductOrderItem], offerings: frozenset[str]) -> bool:
    """Whether one of the items, nested ones included, is of one of these offerings."""
    for item in items:
        if item.product_offering is not UNSET and item.product_offering.id in offerings:
            return True
        if item.items and names_any(item.items, offerings):
            return True
    return False


def in_circle(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """The ids that wait for each other for ever, or for such a one; empty when everything can be done in some order."""
    waiting = {id_: {need for need in needed if need in needs} for id_, needed in needs.items()}
    feeds: dict[str, list[str]] = {}
    for id_, needed in waiting.items():
        for need in needed:
            feeds.setdefault(need, []).append(id_)
    ways = [id_ for id_, needed in waiting.items() if not needed]
    while ways:
        done = ways.pop()
        del waiting[done]
        for id_ in feeds.get(done, ()):
            waiting[id_].discard(done)
            if not waiting[id_]:
                ways.append(id_)
    return list(waiting)
