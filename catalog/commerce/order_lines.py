"""An order as TMF622 JSON, read for pricing: leniently, so that a draft with gaps can be priced too."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.commerce.charges import PricedLine
from catalog.lines import LineRequest
from catalog.model import LINE_ACTIONS

ITEMS = "productOrderItem"
RELATIONSHIPS = "productOrderItemRelationship"
BUNDLES, BUNDLED_BY = "bundles", "bundledBy"

Item = dict[str, Any]


def items_of(order: Mapping[str, Any]) -> Iterator[tuple[str, Item, str]]:
    """Every item with its JSON pointer and the id of the item it is nested in, outer ones first."""
    yield from _walk(order, "", "")


def bundle_parents(order: Mapping[str, Any]) -> dict[str, str]:
    """Item id -> the item whose part it is: nested in it, or related by `bundles` from it or `bundledBy` to it."""
    parents = {item["id"]: above for _, item, above in items_of(order) if above}
    for _, item, _ in items_of(order):
        for relation in _list(item.get(RELATIONSHIPS)):
            kind, other = relation.get("relationshipType"), relation.get("id")
            if isinstance(other, str) and kind == BUNDLES:
                parents.setdefault(other, item["id"])
            elif isinstance(other, str) and kind == BUNDLED_BY:
                parents.setdefault(item["id"], other)
    return parents


def priced_lines(
    order: Mapping[str, Any], installed: Mapping[str, dict[str, Any]] | None = None
) -> list[PricedLine]:
    """The lines that can be priced; `installed` holds the characteristics of what a line changes, by item id."""
    parents = bundle_parents(order)
    lines = []
    for _, item, _ in items_of(order):
        offering = item.get("productOffering")
        if not isinstance(offering, dict) or not isinstance(offering.get("id"), str):
            continue
        quantity, action = item.get("quantity", 1), item.get("action")
        if type(quantity) is not int or quantity < 1 or action not in LINE_ACTIONS:
            continue
        product = item.get("product")
        given = _list(product.get("productCharacteristic")) if isinstance(product, dict) else []
        places = _list(product.get("place")) if isinstance(product, dict) else []
        request = LineRequest(
            line=item["id"],
            action=action,
            offering=offering["id"],
            quantity=quantity,
            characteristics={
                each["name"]: each.get("value") for each in given if isinstance(each.get("name"), str)
            },
            place={
                each["role"]: each["id"]
                for each in places
                if isinstance(each.get("role"), str) and isinstance(each.get("id"), str)
            },
        )
        lines.append(PricedLine(request, parents.get(item["id"], ""), (installed or {}).get(item["id"], {})))
    return lines


def _walk(parent: Mapping[str, Any], pointer: str, above: str) -> Iterator[tuple[str, Item, str]]:
    for index, item in enumerate(_list(parent.get(ITEMS))):
        if isinstance(item.get("id"), str):
            place = f"{pointer}/{ITEMS}/{index}"
            yield place, item, above
            yield from _walk(item, place, item["id"])


def _list(value: Any) -> list[dict[str, Any]]:
    """The objects of an array; whatever else is there is not for pricing."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
