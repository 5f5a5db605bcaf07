"""Where the pages of a collection are: the ``Link`` header.

Source: RFC 8288; the relations are those of the design guidelines (TMF630). The status stays 200, as TMF622 v4.0 says.
"""

from urllib.parse import urlencode

from starlette.requests import Request


def page_links(request: Request, base_url: str, offset: int, limit: int, total: int) -> str:
    """Links to this page and its neighbours, with every filter of the request; no ``next`` behind the last order."""
    pages = {"self": offset, "first": 0}
    if limit:
        if offset:
            pages["prev"] = max(0, min(offset, total) - limit)
        if offset + limit < total:
            pages["next"] = offset + limit
        pages["last"] = max(0, total - 1) // limit * limit
    kept = [
        (name, value) for name, value in request.query_params.multi_items() if name not in ("offset", "limit")
    ]
    path = base_url + request.url.path
    return ", ".join(
        f'<{path}?{urlencode([*kept, ("offset", start), ("limit", limit)])}>; rel="{rel}"'
        for rel, start in pages.items()
    )
