"""TMF622 Product Ordering v4 over HTTP: create, get, list.

Source: TMF622 v4.0 (operations, status codes, headers); what an answer promises stands in ``docs/`` and in the route
descriptions below.
"""

from contextlib import suppress
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import ConfigDict, create_model

from actors.group import OrderGroup
from actors.messages import Accepted, KeyConflict
from actors.states import State
from catalog.refusals import UnknownCatalogVersion
from gateway.bodies import read_body
from gateway.conflict import conflict
from gateway.context import Authenticated, Gateway, gateway_of
from gateway.json_answers import JsonAnswer
from gateway.settings import ORDERING_PATH
from gateway.tmf.edge_models import edge_model
from gateway.tmf.errors import Error
from gateway.tmf.order_prices import lay_computed_prices
from gateway.tmf.order_query import read_fields, read_query
from gateway.tmf.pages import page_links
from gateway.tmf.product_order import created, product_order, selected, visible
from gateway.tmf.product_order_form import ProductOrder, ProductOrderCreate
from gateway.wall_clock import now_ms
from runtime.errors import DiskFull, NotFound, Refused
from runtime.journal.listing import list_orders

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
_ORDER: Final = edge_model(ProductOrder)
_SELECTED: Final = create_model(
    "SelectedAttributes",
    __config__=ConfigDict(extra="allow"),
    __doc__="What `fields` asked for, and always the id.",
    id=(str, ...),
)
_ERROR: Final = edge_model(Error)
_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": _ERROR, "description": text}
    for status, text in {
        400: "Something is wrong with the request; `violations` lists all of it, with JSON pointers.",
        401: "No bearer token, or an unknown one.",
        429: "The runtime is at its limit: repeat after `Retry-After` seconds, with the same key.",
        503: "The runtime cannot answer now: repeat after `Retry-After` seconds, with the same key.",
    }.items()
}
_MISSING: Final[dict[int | str, dict[str, Any]]] = {
    404: {"model": _ERROR, "description": "There is no such order."}
}
Fields = Annotated[
    str | None,
    Query(description="First-level attributes, by commas. `id` always comes, `href` only when asked for."),
]


@router.post(
    "/productOrder",
    status_code=201,
    summary="Create a product order",
    responses={
        201: {"model": _ORDER, "description": "The order is on disk; `Location` says where to find it."},
        200: {"model": _ORDER, "description": "The same key and body came before: the order as it is now."},
        409: {
            "model": _ERROR,
            "description": "The same key came with another body: its order, and where they differ.",
        },
        413: {"model": _ERROR, "description": "The body is too large."},
        **_PROBLEMS,
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/ProductOrderCreate"},
                    "example": EXAMPLE,
                }
            },
        }
    },
)
async def create_product_order(
    request: Request,
    principal: Authenticated,
    idempotency_key: Annotated[
        str | None,
        Header(
            description="Names the order for repetitions; without it (party, externalId) does, if there is one."
        ),
    ] = None,
) -> Response:
    """Create an order. 201 means: on disk, and past every check at the door.

    From then on the order ends, or says what it waits for in `waitsFor`. A repetition with the same key and the same
    body answers 200 with the order as it is; a connection that broke leaves the order undecided, so repeat it.
    """
    gateway = gateway_of(request)
    door, runtime = gateway.door, gateway.runtime
    body = await read_body(request, gateway.settings.body_bytes_max)
    admitted = door.admit(door.read(body), principal, idempotency_key, raw=body)
    if folder := await runtime.full_disk():
        raise DiskFull(folder)
    reply = await runtime.send(admitted.order, admitted.message)
    if isinstance(reply, KeyConflict):
        href = gateway.settings.href(reply.order)
        return JsonAnswer(
            await conflict(runtime, reply.order, admitted.message.document, href), status_code=409
        )
    if not isinstance(reply, Accepted):
        raise refusal(reply)
    href = gateway.settings.href(reply.order)
    waits = admitted.message.requested_start or admitted.message.depends_on
    if reply.duplicate or reply.state != State.ACKNOWLEDGED or waits:
        shown = await _shown(gateway, reply.order)
    else:
        shown = created(admitted.message.document, reply.order, href, reply.state, reply.order_date)
    return JsonAnswer(shown, status_code=200 if reply.duplicate else 201, headers={"Location": href})


@router.get(
    "/productOrder/{id}",
    summary="Retrieve a product order",
    responses={
        200: {
            "model": _ORDER | _SELECTED,  # models made at run time
            "description": "The order as it durably is.",
        },
        **_PROBLEMS,
        **_MISSING,
    },
)
async def retrieve_product_order(
    request: Request,
    _: Authenticated,
    order: Annotated[str, Path(alias="id", description="The order's id.")],
    fields: Fields = None,
) -> Response:
    """The order as it durably is, through any gateway, from the moment its 201 was sent."""
    return JsonAnswer(selected(await _shown(gateway_of(request), order), read_fields(request.query_params)))


@router.get(
    "/productOrder",
    summary="List product orders",
    responses={
        200: {
            "model": list[_ORDER | _SELECTED],  # type: ignore[valid-type]  # a model made at run time
            "description": "Orders by (orderDate, id).",
            "headers": {
                "X-Total-Count": {"schema": {"type": "integer"}, "description": "All orders that match."},
                "X-Result-Count": {"schema": {"type": "integer"}, "description": "Orders in this answer."},
                "Link": {
                    "schema": {"type": "string"},
                    "description": "Pages by rel: self, first, prev, next, last; the last page has no next.",
                },
            },
        },
        **_PROBLEMS,
    },
    openapi_extra={
        "parameters": [
            {"name": name, "in": "query", "required": False, "schema": {"type": kind}, "description": text}
            for name, kind, text in (
                ("state", "string", "Orders in this state."),
                ("externalId", "string", "Orders with this externalId."),
                ("relatedParty.id", "string", "Orders of this party: the owner, ordering party or customer."),
                ("category", "string", "Orders of this category."),
                ("orderDate.gt", "string", "Later than this date-time. Also `.gte`, `.lt`, `.lte`."),
                ("orderDate.gte", "string", "At this date-time or later."),
                ("orderDate.lt", "string", "Before this date-time."),
                ("orderDate.lte", "string", "At this date-time or before."),
                ("offset", "integer", "How many orders to leave out at the start."),
                ("limit", "integer", "How many orders to return at most; 20 unless said."),
            )
        ]
    },
)
async def list_product_orders(request: Request, _: Authenticated, fields: Fields = None) -> Response:
    """Orders that match every filter. A list over all shards is no snapshot: an order that changes its state at that
    moment may be missed or seen, and never comes twice in one page."""
    gateway = gateway_of(request)
    query = read_query(request.query_params)
    page = await list_orders(
        gateway.runtime.journal, query.filters, query.date_from, query.date_to, query.offset, query.limit
    )
    groups = await gateway.runtime.read([order for _, order in page.entries]) if page.entries else []
    now, href = now_ms(), gateway.settings.href
    shown = [
        selected(_priced(gateway, group, product_order(group, href(group.order.id), now)), query.fields)
        for group in groups
        if group is not None and visible(group)
    ]
    headers = {
        "X-Total-Count": str(page.total),
        "X-Result-Count": str(len(shown)),
        "Link": page_links(request, gateway.settings.base_url, query.offset, query.limit, page.total),
    }
    return JsonAnswer(shown, headers=headers)


async def _shown(gateway: Gateway, order: str) -> dict[str, Any]:
    group = await gateway.group(order)
    if not visible(group):
        raise NotFound(f"there is no order {order!r}")
    return _priced(gateway, group, product_order(group, gateway.settings.href(order), now_ms()))


def _priced(gateway: Gateway, group: OrderGroup, shown: dict[str, Any]) -> dict[str, Any]:
    """With what it costs under the catalog version that the order keeps, at the time it was ordered."""
    with suppress(UnknownCatalogVersion):
        lay_computed_prices(shown, gateway.runtime.catalogs.get(group.order.catalog), group.order.order_date)
    return shown


def refusal(reply: Any) -> Refused | NotFound:
    """The error for a reply that refuses."""
    if reply.code in ("unknownOrder", "unknownTarget"):
        return NotFound(reply.message)
    return Refused(reply.code, reply.message)


FORMS: Final = (ProductOrderCreate,)
"""Request bodies that routes read themselves, to be named in the OpenAPI document."""
