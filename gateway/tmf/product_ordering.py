"""TMF622 Product Ordering v4 over HTTP: create, get, list.

Source: TMF622 v4.0 (operations, status codes, headers); what an answer promises stands in ``docs/`` and in the route
descriptions below.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import ConfigDict, create_model

from actors.group import OrderGroup
from actors.messages import Accepted, KeyConflict
from actors.states import State
from actors.structure import tenanted
from catalog.commerce.charges import OrderPrice
from catalog.refusals import UnknownCatalogVersion
from gateway.auth import Principal
from gateway.bodies import MERGE_PATCH, read_body
from gateway.conflict import conflict
from gateway.context import Authenticated, Gateway, Requester, gateway_of
from gateway.identity import tag_of
from gateway.json_answers import JsonAnswer
from gateway.preconditions import IF_MATCH, base_of, etag
from gateway.settings import ORDERING_PATH
from gateway.tmf.edge_models import edge_model
from gateway.tmf.errors import Error
from gateway.tmf.order_delta import Shape
from gateway.tmf.order_prices import lay_computed_prices, lay_prices
from gateway.tmf.order_query import read_fields, read_query
from gateway.tmf.pages import page_links
from gateway.tmf.patching import change
from gateway.tmf.product_order import created, product_order, selected, visible
from gateway.tmf.product_order_form import ProductOrder, ProductOrderCreate
from gateway.wall_clock import now_ms
from runtime.errors import DiskFull, NotFound, Refused
from runtime.journal.index import EVERY
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
PATCH_EXAMPLE: Final[dict[str, Any]] = {
    "requestedStartDate": "2026-12-01T08:00:00Z",
    "productOrderItem": [{"id": "1", "quantity": 2}],
}
SHAPE: Final = Shape("productOrderItem", "product", "productCharacteristic")
_ORDER: Final = edge_model(ProductOrder)
_ETAG: Final = {
    "ETag": {"schema": {"type": "string"}, "description": "The version of what was ordered, for `If-Match`."}
}
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
        403: "The token's principal may not do this.",
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
    principal: Requester,
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
        group = await visible_group(gateway, reply.order, principal)
        shown, version = priced_order(gateway, group), group.order.version
    else:
        shown = created(admitted.message.document, reply.order, href, reply.state, reply.order_date)
        version = 1
    headers = {"Location": href, "ETag": etag(version)}
    return JsonAnswer(shown, status_code=200 if reply.duplicate else 201, headers=headers)


@router.get(
    "/productOrder/{id}",
    summary="Retrieve a product order",
    responses={
        200: {
            "model": _ORDER | _SELECTED,  # models made at run time
            "description": "The order as it durably is.",
            "headers": _ETAG,
        },
        **_PROBLEMS,
        **_MISSING,
    },
)
async def retrieve_product_order(
    request: Request,
    principal: Authenticated,
    order: Annotated[str, Path(alias="id", description="The order's id.")],
    fields: Fields = None,
) -> Response:
    """The order as it durably is, through any gateway, from the moment its 201 was sent."""
    gateway = gateway_of(request)
    group = await visible_group(gateway, order, principal)
    shown = priced_order(gateway, group)
    headers = {"ETag": etag(group.order.version)}
    return JsonAnswer(selected(shown, read_fields(request.query_params)), headers=headers)


@router.patch(
    "/productOrder/{id}",
    summary="Change a product order",
    responses={
        200: {
            "model": _ORDER,
            "description": "The order with the change, which is on disk.",
            "headers": _ETAG,
        },
        409: {
            "model": _ERROR,
            "description": "The order's state forbids it, or work rests on what would change.",
        },
        412: {"model": _ERROR, "description": "Another version stands than `If-Match` names: read it again."},
        413: {"model": _ERROR, "description": "The body is too large."},
        428: {"model": _ERROR, "description": "`If-Match` is missing."},
        **_PROBLEMS,
        **_MISSING,
    },
    openapi_extra={
        "parameters": [IF_MATCH],
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {"type": "object"}, "example": PATCH_EXAMPLE} for kind in MERGE_PATCH
            },
        },
    },
)
async def change_product_order(
    request: Request,
    principal: Requester,
    order: Annotated[str, Path(alias="id", description="The order's id.")],
) -> Response:
    """Change an order by a merge patch (RFC 7386) in which **items are merged by their id**: an omitted line stays.

    Before its work begins (it waits for its date, another order or people) an order takes other lines, dates and
    parties; the whole is checked as a new order would be. Once work has begun only notes, descriptions and contacts
    change. `id`, `href`, `orderDate`, `state` and what else Orderloom sets cannot be given. All of it or nothing.
    """
    gateway = gateway_of(request)
    body = await read_body(request, gateway.settings.body_bytes_max, MERGE_PATCH)
    group = await visible_group(gateway, order, principal)
    await change(gateway, principal, group, base_of(request), body, SHAPE)
    group = await visible_group(gateway, order, principal)
    shown = priced_order(gateway, group)
    return JsonAnswer(shown, headers={"ETag": etag(group.order.version)})


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
async def list_product_orders(request: Request, principal: Authenticated, fields: Fields = None) -> Response:
    """Orders that match every filter. A list over all shards is no snapshot: an order that changes its state at that
    moment may be missed or seen, and never comes twice in one page."""
    gateway = gateway_of(request)
    query = read_query(request.query_params)
    page = await list_orders(
        gateway.runtime.journal,
        filters_of(query.filters, principal),
        query.date_from,
        query.date_to,
        query.offset,
        query.limit,
    )
    groups = await gateway.runtime.read([order for _, order in page.entries]) if page.entries else []
    shown = [
        selected(priced_order(gateway, group), query.fields)
        for group in groups
        if group is not None and visible(group)
    ]
    headers = {
        "X-Total-Count": str(page.total),
        "X-Result-Count": str(len(shown)),
        "Link": page_links(request, gateway.settings.base_url, query.offset, query.limit, page.total),
    }
    return JsonAnswer(shown, headers=headers)


def filters_of(filters: Mapping[str, str], principal: Principal) -> dict[str, str]:
    """The filters of a list as its index knows them, of the principal's tenant alone."""
    tag = tag_of(principal.tenant)
    if not tag:
        return dict(filters)
    return {tenanted(tag, name): value for name, value in (filters.items() or [EVERY])}


async def visible_group(gateway: Gateway, order: str, principal: Principal) -> OrderGroup:
    """An order that TMF622 v4 has words for (:raises NotFound: there is none)."""
    group = await gateway.group(order, principal)
    if not visible(group):
        raise NotFound(f"there is no order {order!r}")
    return group


def priced_order(gateway: Gateway, group: OrderGroup) -> dict[str, Any]:
    """An order with what it costs: as its approvers saw it, else as computed for the time it was ordered."""
    order, review = group.order, group.review
    shown = product_order(group, gateway.settings.href(order.id), now_ms())
    if review is not None and review.price:
        lay_prices(shown, msgspec.convert(review.price, OrderPrice))
        return shown
    overrides = review.overridden if review is not None else ()
    with suppress(UnknownCatalogVersion):
        lay_computed_prices(shown, gateway.runtime.catalogs.get(order.catalog), order.order_date, overrides)
    return shown


def refusal(reply: Any) -> Refused | NotFound:
    """The error for a reply that refuses."""
    if reply.code in ("unknownOrder", "unknownTarget"):
        return NotFound(reply.message)
    return Refused(reply.code, reply.message)


FORMS: Final = (ProductOrderCreate,)
"""Request bodies that routes read themselves, to be named in the OpenAPI document."""
