"""What TMF622 and TMF641 do alike: create, retrieve, list and change orders. The routes stand in rooms of their own.

Source: TMF622 v4.0 and TMF641 v4.1 (operations, status codes, headers).
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec
from fastapi import Request, Response

from actors.group import OrderGroup
from actors.messages import Accepted, KeyConflict
from actors.order_id import captured_as, tenanted
from actors.states import State
from catalog.commerce.charges import OrderPrice
from catalog.refusals import UnknownCatalogVersion
from gateway.auth import Principal
from gateway.bodies import MERGE_PATCH, read_body
from gateway.conflict import met_again
from gateway.context import Gateway, gateway_of
from gateway.entering import entering
from gateway.identity import tag_of
from gateway.json_answers import JsonAnswer
from gateway.preconditions import base_of, etag
from gateway.tmf.errors import Error
from gateway.tmf.order_prices import lay_computed_prices, lay_prices
from gateway.tmf.order_query import read_fields, read_query
from gateway.tmf.pages import page_links
from gateway.tmf.patching import change
from gateway.tmf.product_order import created, product_order, selected, visible
from gateway.tmf.shapes import PRODUCT, Shape
from gateway.wall_clock import now_ms
from runtime.errors import DiskFull, NotFound, Refused
from runtime.journal.index import EVERY
from runtime.journal.listing import list_orders


async def create_order(request: Request, principal: Principal, key: str | None, shape: Shape) -> Response:
    """Take an order in: 201, or 200 for a repetition, or 409 for another body under the same key."""
    gateway = gateway_of(request)
    reception, runtime = gateway.reception_of(shape), gateway.runtime
    body = await read_body(request, gateway.settings.body_bytes_max)
    admitted = await reception.admit(gateway.door.read(body), principal, key, raw=body)
    if folder := await runtime.full_disk():
        raise DiskFull(folder)
    reply = await runtime.send(
        admitted.order, await entering(runtime, principal, admitted.order, admitted.message)
    )
    href = gateway.settings.href(admitted.order)
    if isinstance(reply, KeyConflict):
        met = await met_again(runtime, reply.order, admitted.message.document, href)
        if isinstance(met, Error):
            return JsonAnswer(met, status_code=409)
        reply = met
    if not isinstance(reply, Accepted):
        raise refusal(reply)
    waits = admitted.message.requested_start or admitted.message.depends_on
    if reply.duplicate or reply.state != State.ACKNOWLEDGED or waits:
        group = await visible_group(gateway, reply.order, principal, shape)
        shown, version = priced_order(gateway, group), group.order.version
    else:
        shown = created(admitted.message.document, reply.order, href, reply.state, reply.order_date, shape)
        version = 1
    headers = {"Location": href, "ETag": etag(version)}
    return JsonAnswer(shown, status_code=200 if reply.duplicate else 201, headers=headers)


async def retrieve_order(request: Request, principal: Principal, order: str, shape: Shape) -> Response:
    """One order as it durably is."""
    gateway = gateway_of(request)
    group = await visible_group(gateway, order, principal, shape)
    shown = selected(priced_order(gateway, group), read_fields(request.query_params))
    return JsonAnswer(shown, headers={"ETag": etag(group.order.version)})


async def change_order(request: Request, principal: Principal, order: str, shape: Shape) -> Response:
    """Apply a merge patch, whole or not at all, and answer the order."""
    gateway = gateway_of(request)
    body = await read_body(request, gateway.settings.body_bytes_max, MERGE_PATCH)
    group = await visible_group(gateway, order, principal, shape)
    await change(gateway, principal, group, base_of(request), body, shape)
    group = await visible_group(gateway, order, principal, shape)
    return JsonAnswer(priced_order(gateway, group), headers={"ETag": etag(group.order.version)})


async def answer_list(request: Request, principal: Principal, shape: Shape) -> Response:
    """A page of orders that match every filter."""
    gateway = gateway_of(request)
    query = read_query(request.query_params)
    page = await list_orders(
        gateway.runtime.journal,
        filters_of(query.filters, principal, shape),
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


def filters_of(filters: Mapping[str, str], principal: Principal, shape: Shape) -> dict[str, str]:
    """The filters of a list as its index knows them, of the principal's tenant and of one kind of order alone."""
    tag = tag_of(principal.tenant)
    if not tag and shape is PRODUCT:
        return dict(filters)
    return {tenanted(tag, name, shape.kind): value for name, value in (filters.items() or [EVERY])}


async def visible_group(gateway: Gateway, order: str, principal: Principal, shape: Shape) -> OrderGroup:
    """An order of this kind that TMF622 v4 has words for (:raises NotFound: there is none)."""
    if captured_as(order) == shape.kind:
        group = await gateway.group(order, principal)
        if visible(group):
            return group
    raise NotFound(f"there is no {shape.name} {order[:64]!r}")


def priced_order(gateway: Gateway, group: OrderGroup) -> dict[str, Any]:
    """An order with what it costs: as its approvers saw it, else as computed for the time it was ordered."""
    order, review = group.order, group.review
    shown = product_order(group, gateway.settings.href(order.id), now_ms())
    if captured_as(order.id) != "product":
        return shown
    if review is not None and review.price:
        lay_prices(shown, msgspec.convert(review.price, OrderPrice))
        return shown
    overrides = review.overridden if review is not None else ()
    with suppress(UnknownCatalogVersion):
        catalog = gateway.runtime.catalogs.get(order.catalog)
        lay_computed_prices(shown, catalog, order.order_date, overrides)
    return shown


def refusal(reply: Any) -> Refused | NotFound:
    """The error for a reply that refuses."""
    if reply.code in ("unknownOrder", "unknownTarget"):
        return NotFound(reply.message)
    return Refused(reply.code, reply.message)
