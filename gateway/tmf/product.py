"""How an installed product looks in TMF637 v4.

Extension attributes: ``quantity``, ``version`` (it counts the changes of the product), ``reservation`` (the order item
that has the product for itself now) and ``waiting`` (those that wait for it).
Source: TMF637 v4.0 Product, ProductStatusType, RelatedProductOrderItem, ServiceRef, ResourceRef.
"""

from collections.abc import Callable
from typing import Any, Final

from actors.installed_product import Installed, Reservation
from actors.states import State
from catalog.installed import InstalledNode
from gateway.tmf.product_order import instant_text

STATUSES: Final = {State.ABORTED: "aborted "}
"""Where TM Forum spells a status otherwise: the blank is theirs."""


def status_text(state: State) -> str:
    """A product's status in the words of TMF637 v4.0."""
    return STATUSES.get(state, str(state))


def product_view(product: Installed, href: str, order_href: Callable[[str], str]) -> dict[str, Any]:
    """A product as it is, ready for JSON."""
    shown: dict[str, Any] = {
        "id": product.id,
        "href": href,
        "@type": "Product",
        "status": status_text(product.state),
    }
    if product.offering:
        shown["productOffering"] = {"id": product.offering}
    if product.party:
        shown["relatedParty"] = [{"id": product.party, "@referredType": "Party"}]
    if product.picture is not None:
        root, *nodes = product.picture.nodes
        shown["version"] = product.picture.version
        shown["productSpecification"] = {"id": root.specification, "version": root.version}
        shown["productCharacteristic"] = [
            {"name": name, "value": value} for name, value in root.characteristics.items()
        ]
        shown["product"] = [
            {**_reference(node, "Product"), "status": shown["status"]} for node in nodes if _is_part(node)
        ]
        shown["realizingService"] = [_reference(node, "Service") for node in nodes if node.kind == "service"]
        shown["realizingResource"] = [
            _reference(node, "Resource") for node in nodes if node.kind == "resource"
        ]
        shown["isBundle"] = bool(shown["product"])
    shown["quantity"] = product.quantity
    if product.started and product.state is not State.CANCELLED:
        shown["startDate"] = instant_text(product.started)
    if product.ended:
        shown["terminationDate"] = instant_text(product.ended)
    shown["productOrderItem"] = [
        {
            "productOrderId": cause.order,
            "productOrderHref": order_href(cause.order),
            "orderItemId": cause.line,
            "orderItemAction": cause.action,
        }
        for cause in product.causes
    ]
    if product.holder is not None:
        shown["reservation"] = _reservation(product.holder)
    if product.queue:
        shown["waiting"] = [_reservation(each) for each in product.queue]
    return {name: value for name, value in shown.items() if value != []}


def _is_part(node: InstalledNode) -> bool:
    """Whether a node is a product within the product; the roots are the product itself, once or several times."""
    return node.kind == "product" and bool(node.parent)


def _reference(node: InstalledNode, kind: str) -> dict[str, Any]:
    return {"id": node.id, "name": node.specification, "@referredType": kind}


def _reservation(each: Reservation) -> dict[str, Any]:
    shown = {"productOrderId": each.order, "orderItemId": each.line, "action": each.action}
    if each.since:
        shown["since"] = instant_text(each.since)
    return shown
