"""TMF641 Service Ordering v4.1 over HTTP: service orders that are captured as such, without a product order above them.

They are orders of the same actor: decomposition begins at the specification that an item names. Source: TMF641 v4.1.
"""

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from starlette.datastructures import QueryParams

from gateway.context import Authenticated, Requester, gateway_of
from gateway.json_answers import JsonAnswer
from gateway.settings import SERVICE_ORDERING_PATH
from gateway.tmf.edge_models import edge_model
from gateway.tmf.generated_orders import SOURCE, generated_order, generated_view, made_of, source_of
from gateway.tmf.order_query import read_fields, read_query
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
from gateway.tmf.pages import AFTER, page_links
from gateway.tmf.product_order import selected
from gateway.tmf.service_order_form import ServiceOrder, ServiceOrderCreate
from gateway.tmf.service_order_list import answer_both
from gateway.tmf.shapes import SERVICE
from gateway.violations import BadRequest, Violation
from runtime.errors import NotFound, Refused

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
_FILTERS: Final[dict[str, Any]] = {
    "parameters": [
        *FILTERS["parameters"],
        {
            "name": SOURCE,
            "in": "query",
            "required": False,
            "schema": {"type": "string"},
            "description": "Service orders that decomposition made of this order.",
        },
        {
            "name": AFTER,
            "in": "query",
            "required": False,
            "schema": {"type": "string"},
            "description": "Where the page begins, from the `next` link of the page before. "
            "`offset` then only tells how many stand before it.",
        },
    ]
}
_OF_CAPTURED: Final = frozenset({"externalId", "relatedParty.id", "category"})
"""Filters by attributes that only service orders have which were captured."""


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
    """The service order as it durably is: one that was captured, or one that decomposition made (`ORDER.KEY`)."""
    source, key = source_of(order)
    if not source:
        return await retrieve_order(request, principal, order, SERVICE)
    gateway = gateway_of(request)
    shown = generated_order(await gateway.group(source, principal), key, gateway.settings)
    if shown is None:
        raise NotFound(f"there is no service order {order[:64]!r}")
    return JsonAnswer(selected(shown, read_fields(request.query_params)))


@router.patch(
    "/serviceOrder/{id}",
    summary="Change a service order",
    responses=changed_responses(_ORDER),
    openapi_extra=patching(PATCH_EXAMPLE),
)
async def change_service_order(request: Request, principal: Requester, order: OrderId) -> Response:
    """Change a service order by a merge patch in which items are merged by their id, as in TMF622."""
    source, _ = source_of(order)
    if source:
        reason = (
            f"service order {order[:64]} was made by decomposition: change {source[:64]}, which it belongs to"
        )
        raise Refused("generatedOrder", reason)
    return await change_order(request, principal, order, SERVICE)


@router.get(
    "/serviceOrder",
    summary="List service orders",
    responses=listed_responses(
        _ORDER, "All orders that match, where the page shows it; else it is left out."
    ),
    openapi_extra=_FILTERS,
)
async def list_service_orders(request: Request, principal: Authenticated, fields: Fields = None) -> Response:
    """Service orders that match every filter: captured ones, and behind each order what decomposition made of it.

    What was made has no `externalId`, `relatedParty` and `category`. With `orderRelationship.id` the list is of what
    was made of that order; `state` is the only filter beside it.
    """
    source = request.query_params.get(SOURCE)
    if source is None:
        if _OF_CAPTURED & request.query_params.keys():
            return await answer_list(request, principal, SERVICE)
        return await answer_both(request, principal)
    gateway = gateway_of(request)
    query = read_query(
        QueryParams([each for each in request.query_params.multi_items() if each[0] != SOURCE])
    )
    others = query.filters.keys() - {"state"}
    if others or query.date_from is not None or query.date_to is not None:
        message = f"{SOURCE} combines with state only"
        raise BadRequest("invalidQuery", message, [Violation(f"?{SOURCE}", "unknown-filter", message)])
    wanted = query.filters.get("state")
    try:
        group = await gateway.group(source, principal)
        found = [generated_view(group, each.key, gateway.settings) for each in made_of(group)]
    except NotFound:
        found = []
    found = [each for each in found if wanted in (None, each["state"])]
    page = found[query.offset : query.offset + query.limit]
    headers = {
        "X-Total-Count": str(len(found)),
        "X-Result-Count": str(len(page)),
        "Link": page_links(request, gateway.settings.base_url, query.offset, query.limit, len(found)),
    }
    return JsonAnswer([selected(each, query.fields) for each in page], headers=headers)


FORMS: Final = (ServiceOrderCreate,)
"""Request bodies that routes read themselves, to be named in the OpenAPI document."""
