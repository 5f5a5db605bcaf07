"""Where the pages of a collection are: the ``Link`` header.

Source: RFC 8288; the relations are those of the design guidelines (TMF630). The status stays 200, as TMF622 v4.0 says.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request

AFTER: Final = "after"
"""The parameter that tells where a page of a list that is walked begins."""


def page_links(request: Request, base_url: str, offset: int, limit: int, total: int) -> str:
    """Links to this page and its neighbours, with every filter of the request; no ``next`` behind the last order."""
    pages = {"self": offset, "first": 0}
    if limit:
        if offset:
            pages["prev"] = max(0, min(offset, total) - limit)
        if offset + limit < total:
            pages["next"] = offset + limit
        pages["last"] = max(0, total - 1) // limit * limit
    return _links(request, base_url, limit, [(rel, start, "") for rel, start in pages.items()])


def walked_links(
    request: Request, base_url: str, offset: int, limit: int, following: int, after: str = ""
) -> str:
    """Links to a page of a list that was not walked from its beginning to its end, and to its neighbours.

    :param following: how many stand before the next page.
    :param after: the cursor at which the next page begins; empty where there is none.
    """
    here = request.query_params.get(AFTER, "")
    pages = [("self", offset, here), ("first", 0, "")]
    if limit and offset and not here:
        pages.append(("prev", max(0, offset - limit), ""))
    if limit and after:
        pages.append(("next", following, after))
    return _links(request, base_url, limit, pages)


def _links(request: Request, base_url: str, limit: int, pages: Iterable[tuple[str, int, str]]) -> str:
    kept = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if name not in ("offset", "limit", AFTER)
    ]
    path = base_url + request.url.path
    links: list[str] = []
    for rel, start, after in pages:
        cursor = [(AFTER, after)] if after else []
        links.append(
            f'<{path}?{urlencode([*kept, ("offset", start), ("limit", limit), *cursor])}>; rel="{rel}"'
        )
    return ", ".join(links)
