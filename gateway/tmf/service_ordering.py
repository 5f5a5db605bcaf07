"""TMF641 Service Ordering v4.1 over HTTP: service orders that are captured as such, without a product order above them.

They are orders of the same actor: decomposition begins at the specification that an item names. Source: TMF641 v4.1.
"""

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from gateway.context import Authenticated, Requester
from gateway.settings import SERVICE_ORDERING_PATH
from gateway.tmf.edge_models import edge_model
from gateway.tmf.ordering import answer_list, change_order, create_order, retrieve_order
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
from gateway.tmf.service_order_form import ServiceOrder, ServiceOrderCreate
from gateway.tmf.shapes import SERVICE

router = APIRouter(prefix=SERVICE_ORDERING_PATH, tags=["TMF641 service ordering"])

EXAMPLE: Final[dict[str, Any]] = {
    "externalId": "assurance-2026-000042",
    "serviceOrderItem": [
        {
            "id": "1",
            "action": "add",
            "service": {
                "serviceSpecification": {"id": "internet-access-service"},
                "serviceCharacteristic": [{"name": "downstreamSpeed", "valueType": "integer", "value": 100}],
            },
        }
    ],
}
PATCH_EXAMPLE: Final[dict[str, Any]] = {
    "requestedStartDate": "2026-12-01T08:00:00Z",
    "serviceOrderItem": [{"id": "1", "quantity": 2}],
}
_ORDER: Final = edge_model(ServiceOrder)


@router.post(
    "/serviceOrder",
    status_code=201,
    summary="Create a service order",
    responses=created_responses(_ORDER),
    openapi_extra=creation("ServiceOrderCreate", EXAMPLE),
)
async def create_service_order(
    request: Request, principal: Requester, idempotency_key: IdempotencyKey = None
) -> Response:
    """Create a service order; its items name service specifications. What a 201 promises is what it does in TMF622."""
    return await create_order(request, principal, idempotency_key, SERVICE)


@router.get("/serviceOrder/{id}", summary="Retrieve a service order", responses=retrieved_responses(_ORDER))
async def retrieve_service_order(
    request: Request, principal: Authenticated, order: OrderId, fields: Fields = None
) -> Response:
    """The service order as it durably is."""
    return await retrieve_order(request, principal, order, SERVICE)


@router.patch(
    "/serviceOrder/{id}",
    summary="Change a service order",
    responses=changed_responses(_ORDER),
    openapi_extra=patching(PATCH_EXAMPLE),
)
async def change_service_order(request: Request, principal: Requester, order: OrderId) -> Response:
    """Change a service order by a merge patch in which items are merged by their id, as in TMF622."""
    return await change_order(request, principal, order, SERVICE)


@router.get(
    "/serviceOrder",
    summary="List service orders",
    responses=listed_responses(_ORDER),
    openapi_extra=FILTERS,
)
async def list_service_orders(request: Request, principal: Authenticated, fields: Fields = None) -> Response:
    """Service orders that were captured as such and match every filter."""
    return await answer_list(request, principal, SERVICE)


FORMS: Final = (ServiceOrderCreate,)
"""Request bodies that routes read themselves, to be named in the OpenAPI document."""
