"""TMF622 Product Ordering v4 over HTTP: create, get, list, change.

Source: TMF622 v4.0; what an answer promises stands in ``docs/`` and in the route descriptions below.
"""

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from gateway.context import Authenticated, Requester
from gateway.settings import ORDERING_PATH
from gateway.tmf.edge_models import edge_model
from gateway.tmf.ordering import (
    answer_list,
    change_order,
    create_order,
    priced_order,
    refusal,
    retrieve_order,
)
from gateway.tmf.ordering_docs import (
    FILTERS,
    Fields,
    IdempotencyKey,
    OrderId,
    changed_responses,
    created_responses,
    creation,
    listed_responses,
    patching,
    retrieved_responses,
)
from gateway.tmf.product_order_form import ProductOrder, ProductOrderCreate
from gateway.tmf.shapes import PRODUCT

__all__ = ["EXAMPLE", "FORMS", "PATCH_EXAMPLE", "priced_order", "refusal", "router"]

router = APIRouter(prefix=ORDERING_PATH, tags=["TMF622 product ordering"])

EXAMPLE: Final[dict[str, Any]] = {
    "externalId": "shop-2026-000123",
    "category": "B2C",
    "relatedParty": [{"id": "customer-42", "role": "customer", "@referredType": "Individual"}],
    "productOrderItem": [
        {
            "id": "1",
            "action": "add",
            "quantity": 1,
            "productOffering": {"id": "broadband-basic"},
            "product": {
                "productCharacteristic": [
                    {"name": "speed", "valueType": "integer", "value": 100},
                    {"name": "site", "valueType": "string", "value": "12 Harbour Road"},
                ]
            },
        }
    ],
}
PATCH_EXAMPLE: Final[dict[str, Any]] = {
    "requestedStartDate": "2026-12-01T08:00:00Z",
    "productOrderItem": [{"id": "1", "quantity": 2}],
}
_ORDER: Final = edge_model(ProductOrder)


@router.post(
    "/productOrder",
    status_code=201,
    summary="Create a product order",
    responses=created_responses(_ORDER),
    openapi_extra=creation("ProductOrderCreate", EXAMPLE),
)
async def create_product_order(
    request: Request, principal: Requester, idempotency_key: IdempotencyKey = None
) -> Response:
    """Create an order. 201 means: on disk, and past every check at the door.

    From then on the order ends, or says what it waits for in `waitsFor`. A repetition with the same key and the same
    body answers 200 with the order as it is, also when it spells out what the order then took by itself (a bundle's
    defaults, the offering of an installed product); a connection that broke leaves the order undecided, so repeat it.
    """
    return await create_order(request, principal, idempotency_key, PRODUCT)


@router.get("/productOrder/{id}", summary="Retrieve a product order", responses=retrieved_responses(_ORDER))
async def retrieve_product_order(
    request: Request, principal: Authenticated, order: OrderId, fields: Fields = None
) -> Response:
    """The order as it durably is, through any gateway, from the moment its 201 was sent."""
    return await retrieve_order(request, principal, order, PRODUCT)


@router.patch(
    "/productOrder/{id}",
    summary="Change a product order",
    responses=changed_responses(_ORDER),
    openapi_extra=patching(PATCH_EXAMPLE),
)
async def change_product_order(request: Request, principal: Requester, order: OrderId) -> Response:
    """Change an order by a merge patch (RFC 7386) in which **items are merged by their id**: an omitted line stays.

    Before its work begins (it waits for its date, another order or people) an order takes other lines, dates and
    parties; the whole is checked as a new order would be. Once work has begun only notes, descriptions and contacts
    change. `id`, `href`, `orderDate`, `state` and what else Orderloom sets cannot be given. All of it or nothing.
    """
    return await change_order(request, principal, order, PRODUCT)


@router.get(
    "/productOrder",
    summary="List product orders",
    responses=listed_responses(_ORDER),
    openapi_extra=FILTERS,
)
async def list_product_orders(request: Request, principal: Authenticated, fields: Fields = None) -> Response:
    """Orders that match every filter. A list over all shards is no snapshot: an order that changes its state at that
    moment may be missed or seen, and never comes twice in one page."""
    return await answer_list(request, principal, PRODUCT)


FORMS: Final = (ProductOrderCreate,)
"""Request bodies that routes read themselves, to be named in the OpenAPI document."""
