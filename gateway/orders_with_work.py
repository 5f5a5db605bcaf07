"""Orders that people have something to do with: all that the index knows under a value, or one by its id."""

from collections.abc import Mapping
from contextlib import suppress

from starlette.requests import Request

from actors.group import OrderGroup
from gateway.auth import Principal
from gateway.context import Gateway
from gateway.tmf.pages import page_links
from runtime.errors import NotFound
from runtime.journal.listing import list_orders


async def orders_asked(
    gateway: Gateway,
    principal: Principal,
    order: str,
    filters: Mapping[str, str],
    offset: int,
    limit: int,
) -> tuple[list[OrderGroup | None], int]:
    """A page of the orders that ``filters`` find, or ``order`` alone where one is named, and how many there are."""
    if order:
        groups: list[OrderGroup | None] = []
        with suppress(NotFound):  # a list of nothing
            groups.append(await gateway.group(order, principal))
        return groups, len(groups)
    page = await list_orders(gateway.runtime.journal, filters, None, None, offset, limit)
    groups = await gateway.runtime.read([id_ for _, id_ in page.entries]) if page.entries else []
    return groups, page.total


def page_headers(request: Request, gateway: Gateway, offset: int, limit: int, total: int) -> dict[str, str]:
    """The headers of a page that counts orders."""
    return {
        "X-Total-Count": str(total),
        "Link": page_links(request, gateway.settings.base_url, offset, limit, total),
    }
