"""The list of service orders of both kinds: those that were captured, and those that decomposition made.

What was made has no entries in the index. So orders are walked as the index has them, and each is shown as what it
comes to: itself, where it was captured as a service order, and behind it the service orders that were made of it,
parents before children. Only orders that may have one in the wanted state are walked, and never more than a bound.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import msgspec
from fastapi import Request, Response

from actors.astray import ATTRIBUTE, STRAIGHT
from actors.group import OrderGroup
from actors.order_id import captured_as, tenanted
from actors.states import FINAL, PRODUCT_ORDER, S, State
from catalog.model import Kind
from gateway.auth import Principal
from gateway.context import Gateway, gateway_of
from gateway.identity import tag_of
from gateway.json_answers import JsonAnswer
from gateway.tmf.cursor import Cursor
from gateway.tmf.generated_orders import generated_view, made_of
from gateway.tmf.order_query import OrderQuery, read_query
from gateway.tmf.ordering import priced_order
from gateway.tmf.pages import page_links, walked_links
from gateway.tmf.product_order import selected, visible
from gateway.tmf.shapes import SERVICE
from gateway.violations import BadRequest, Violation
from runtime.journal.index import EVERY
from runtime.journal.walk import Walk
from runtime.limits import LIST_ORDERS_READ_MAX

_KINDS: Final[tuple[Kind, ...]] = ("product", "service")
_OPEN: Final = tuple(state for state in PRODUCT_ORDER.states if state not in FINAL and state is not S.DRAFT)
_CHUNK: Final = 16
"""Entries of the index that are read ahead of each shard and state at a time."""
_ORDERS_AT_ONCE: Final = 64
"""Orders that are read together at most; the first are as few as may fill the page."""


class _Page(msgspec.Struct):
    shown: list[dict[str, Any]]
    total: int | None
    """None where it is not known: the walk did not go from the beginning to the end."""
    following: Cursor | None
    """None where nothing is behind the page."""


async def answer_both(request: Request, principal: Principal) -> Response:
    """A page of service orders of both kinds; filtered by state and order date alone, which both have."""
    gateway = gateway_of(request)
    query = read_query(request.query_params, cursors=True)
    page = await _page(gateway, principal, query)
    base_url, headers = gateway.settings.base_url, {"X-Result-Count": str(len(page.shown))}
    if page.total is not None:
        headers["X-Total-Count"] = str(page.total)
        headers["Link"] = page_links(request, base_url, query.offset, query.limit, page.total)
    else:
        following = page.following.text if page.following is not None else ""
        headers["Link"] = walked_links(
            request, base_url, query.offset, query.limit, query.offset + len(page.shown), following
        )
    return JsonAnswer(page.shown, headers=headers)


async def _page(gateway: Gateway, principal: Principal, query: OrderQuery) -> _Page:
    wanted, begin, limit = query.filters.get("state"), query.after, query.limit
    walk = Walk(
        gateway.runtime.journal,
        _walked(tag_of(principal.tenant), wanted),
        query.date_from,
        query.date_to,
        since=(begin.date, begin.order) if begin is not None else None,
        chunk=_CHUNK,
    )
    left_out = query.offset if begin is None else 0
    shown: list[dict[str, Any]] = []
    passed, walked_to = 0, begin
    async with aclosing(_parts(gateway, walk, begin, limit)) as parts:
        async for place, group, state in parts:
            if group is not None and wanted in (None, state):
                if limit and passed == left_out + limit:
                    return _Page(shown, None, walked_to)
                if limit and passed >= left_out:
                    shown.append(_shown(gateway, group, place.key, query.fields))
                passed += 1
            walked_to = place
    ended = not await walk.take(1)
    if not ended and passed < left_out:
        message = (
            f"is not reached within {LIST_ORDERS_READ_MAX:,} orders, which is as far as one request walks: "
            "follow the `next` links from the beginning, or narrow the list by orderDate"
        )
        fault = Violation("?offset", "out-of-range", message)
        raise BadRequest("invalidQuery", "the query cannot be answered", [fault])
    return _Page(shown, passed if ended and begin is None else None, None if ended else walked_to)


def _walked(tag: str, state: str | None) -> list[tuple[str, str]]:
    """Where the index has the orders that are, or were made into, service orders in this state."""
    if state in (None, S.COMPLETED):
        name, value = EVERY
        return [(tenanted(tag, name, kind), value) for kind in _KINDS]
    if state in STRAIGHT:
        # An order that has ended has no service order that has not.
        return [(tenanted(tag, "state", kind), each) for kind in _KINDS for each in _OPEN]
    return [(tenanted(tag, "state", SERVICE.kind), str(state)), (tenanted(tag, ATTRIBUTE), str(state))]


async def _parts(
    gateway: Gateway, walk: Walk, begin: Cursor | None, limit: int
) -> AsyncGenerator[tuple[Cursor, OrderGroup | None, State | None], None]:
    """What the next orders come to: the place, the order and the state of each; no order where one comes to nothing."""
    read, at_once = 0, 1 + limit // 4
    while keys := await walk.take(min(at_once, _ORDERS_AT_ONCE, LIST_ORDERS_READ_MAX - read)):
        groups = await gateway.runtime.read([order for _, order in keys])
        for (date, order), group in zip(keys, groups, strict=True):
            states = _states(group)
            last = begin.key if begin is not None and (begin.date, begin.order) == (date, order) else None
            behind = list(states)
            if last in states:
                behind = behind[behind.index(last) + 1 :]
            for key in behind:
                yield Cursor(date, order, key), group, states[key]
            if not behind:
                yield Cursor(date, order, last or ""), None, None
        read, at_once = read + len(keys), 2 * at_once


def _states(group: OrderGroup | None) -> dict[str, State]:
    """The states of the service orders that an order comes to, by key; under "" its own."""
    if group is None or not visible(group):
        return {}
    own = {"": group.order.state} if captured_as(group.order.id) == SERVICE.kind else {}
    return {**own, **{each.key: each.state for each in made_of(group)}}


def _shown(gateway: Gateway, group: OrderGroup, key: str, fields: frozenset[str] | None) -> dict[str, Any]:
    whole = generated_view(group, key, gateway.settings) if key else priced_order(gateway, group)
    return selected(whole, fields)
