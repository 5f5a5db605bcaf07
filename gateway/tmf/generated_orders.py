"""Service orders that decomposition made, as TMF641 shows them: read only, each related to the order it belongs to.

They live inside that order and change with it alone: they are found by its id, and by lists through it.
Source: TMF641 v4.1 ServiceOrder, ServiceOrderRelationship (a reference that keeps track of the source order).
"""

from collections.abc import Iterator
from typing import Any, Final

from actors.domain_order import DomainOrder
from actors.group import OrderGroup
from gateway.settings import GatewaySettings
from gateway.tmf.product_order import instant_text
from gateway.tmf.shapes import SERVICE, shape_of

SOURCE: Final = "orderRelationship.id"
"""The filter that asks for what decomposition made of an order."""
SEPARATOR: Final = "."
"""Stands between the id of the order and the key of the domain order in it."""


def source_of(service_order: str) -> tuple[str, str]:
    """The order that a generated service order belongs to, and its key there; ("", "") for the id of no such one."""
    order, separator, key = service_order.partition(SEPARATOR)
    return (order, key) if separator else ("", "")


def made_of(group: OrderGroup) -> Iterator[DomainOrder]:
    """The service orders below an order, parents before children."""
    return (each for each in group.decomposition.domain_orders.values() if each.kind == SERVICE.kind)


def generated_order(group: OrderGroup, key: str, settings: GatewaySettings) -> dict[str, Any] | None:
    """One of them; None when there is none of this key."""
    found = group.decomposition.domain_orders.get(key)
    return generated_view(group, key, settings) if found is not None and found.kind == SERVICE.kind else None


def generated_view(group: OrderGroup, key: str, settings: GatewaySettings) -> dict[str, Any]:
    """One of them that is known to be there."""
    order, made = group.order, group.decomposition.domain_orders[key]
    id_ = f"{order.id}{SEPARATOR}{key}"
    return {
        "@type": SERVICE.base_type,
        "id": id_,
        "href": f"{settings.base_url}{SERVICE.path}/{id_}",
        "state": str(made.state),
        "orderDate": instant_text(order.order_date),
        "orderRelationship": [
            {
                "id": order.id,
                "href": settings.href(order.id),
                "relationshipType": "cross-ref",
                "@referredType": shape_of(order.id).base_type,
            }
        ],
        "serviceOrderItem": [
            {
                "id": key,
                "action": made.action,
                "quantity": 1,
                "state": str(made.state),
                "service": {
                    "@type": "Service",
                    "serviceSpecification": {"id": made.specification},
                    "serviceCharacteristic": [
                        {"name": name, "value": value} for name, value in made.characteristics.items()
                    ],
                },
            }
        ],
    }
