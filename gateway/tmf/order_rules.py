"""The rules of a product order that its types cannot say: the fast yes or no, over the typed form.

Ids are unique over all items, relationships stay inside the order and lead in no circle, dates stand in order, and the
catalog can serve every line. ``order_faults.py`` says the same rules in words when the answer is no.
Sources: TMF622 v4.0 (ProductOrderItem, OrderItemRelationship).
"""

from collections.abc import Iterable, Mapping

from msgspec import UNSET

from actors.document import DEPENDENCY_TYPES
from catalog.door import check_line
from catalog.lines import LineRequest
from catalog.model import Catalog
from gateway.tmf.parts import Product
from gateway.tmf.product_order_form import ProductOrderCreate, ProductOrderItem
from runtime.limits import ORDER_LINES_MAX


def keeps_rules(order: ProductOrderCreate, catalog: Catalog, at: int | None = None) -> bool:
    """Whether a well-formed order keeps every rule under this catalog version, ordered ``at`` (ms since 1970 UTC)."""
    start, completion = order.requested_start_date, order.requested_completion_date
    if start is not UNSET and completion is not UNSET and start > completion:
        return False
    items = order.product_order_item
    if len(items) > ORDER_LINES_MAX:
        return False
    needs: dict[str, list[str]] = {}
    related: list[str] = []
    circle_possible = False
    ways: list[ProductOrderItem] = list(items)
    while ways:
        item = ways.pop()
        if item.id in needs:
            return False
        needed = needs[item.id] = []
        if item.product_order_item:
            circle_possible = True
            needed.extend(nested.id for nested in item.product_order_item)
            ways.extend(item.product_order_item)
        for relation in item.product_order_item_relationship:
            related.append(relation.id)
            if relation.relationship_type in DEPENDENCY_TYPES:
                circle_possible = True
                needed.append(relation.id)
        if not _served(item, catalog, at):
            return False
    if len(needs) > ORDER_LINES_MAX or any(id_ not in needs for id_ in related):
        return False
    return not (circle_possible and in_circle(needs))


def _served(item: ProductOrderItem, catalog: Catalog, at: int | None) -> bool:
    product = item.product
    characteristics = {}
    specification = None
    if isinstance(product, Product):
        given = product.product_characteristic
        characteristics = {each.name: each.value for each in given}
        if len(characteristics) != len(given):
            return False
        if product.product_specification is not UNSET:
            specification = product.product_specification.id
    if item.product_offering is UNSET:
        return False
    offering = item.product_offering.id
    request = LineRequest(item.id, item.action, offering, specification, item.quantity, characteristics)
    return not check_line(catalog, request, "product", at)


def names_any(items: Iterable[ProductOrderItem], offerings: frozenset[str]) -> bool:
    """Whether one of the items, nested ones included, is of one of these offerings."""
    return any(
        (item.product_offering is not UNSET and item.product_offering.id in offerings)
        or (item.product_order_item and names_any(item.product_order_item, offerings))
        for item in items
    )


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
