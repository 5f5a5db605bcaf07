"""TMF637 Product Inventory v4 over HTTP: get, list. What changes the inventory are orders.

Source: TMF637 v4.0 (operations, status codes, headers).
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import ConfigDict, create_model

from actors.installed_product import Installed
from gateway.context import Authenticated, Gateway, gateway_of
from gateway.inventory import installed_product, products_of_party
from gateway.json_answers import JsonAnswer
from gateway.settings import INVENTORY_PATH
from gateway.tmf.edge_models import edge_model
from gateway.tmf.order_query import read_fields
from gateway.tmf.pages import page_links
from gateway.tmf.parts import Product
from gateway.tmf.product import product_view, status_text
from gateway.tmf.product_order import selected
from gateway.tmf.product_query import read_query

router = APIRouter(prefix=INVENTORY_PATH, tags=["TMF637 product inventory"])

_PRODUCT: Final = edge_model(Product)
_SELECTED: Final = create_model(
    "SelectedProductAttributes",
    __config__=ConfigDict(extra="allow"),
    __doc__="What `fields` asked for, and always the id.",
    id=(str, ...),
)
Fields = Annotated[
    str | None,
    Query(description="First-level attributes, by commas. `id` always comes, `href` only when asked for."),
]


@router.get(
    "/product/{id}",
    summary="Retrieve an installed product",
    responses={
        200: {"model": _PRODUCT | _SELECTED, "description": "The product as it durably is."},
    },
)
async def retrieve_product(
    request: Request,
    principal: Authenticated,
    product: Annotated[str, Path(alias="id", description="The product's id, as the order item shows it.")],
    fields: Fields = None,
) -> Response:
    """The product as it durably is, from the moment its order was accepted."""
    gateway = gateway_of(request)
    found = await installed_product(gateway, product, principal)
    return JsonAnswer(selected(_shown(gateway, found), read_fields(request.query_params)))


@router.get(
    "/product",
    summary="List installed products",
    responses={
        200: {
            "model": list[_PRODUCT | _SELECTED],  # type: ignore[valid-type]  # a model made at run time
            "description": "Products by the order dates of the orders that made them.",
            "headers": {
                "X-Total-Count": {"schema": {"type": "integer"}, "description": "All products that match."},
                "X-Result-Count": {"schema": {"type": "integer"}, "description": "Products in this answer."},
                "Link": {"schema": {"type": "string"}, "description": "Pages by rel, as for orders."},
            },
        },
    },
    openapi_extra={
        "parameters": [
            {"name": name, "in": "query", "required": required, "schema": {"type": kind}, "description": text}
            for name, kind, required, text in (
                ("relatedParty.id", "string", True, "Products of this party's orders."),
                ("status", "string", False, "Products in this status."),
                ("offset", "integer", False, "How many products to leave out at the start."),
                ("limit", "integer", False, "How many products to return at most; 20 unless said."),
            )
        ]
    },
)
async def list_products(request: Request, principal: Authenticated, fields: Fields = None) -> Response:
    """Products of a party: those its orders made or make, of its first 1,000 orders."""
    gateway = gateway_of(request)
    query = read_query(request.query_params)
    found = [
        product
        for product in await products_of_party(gateway, query.party, principal)
        if not query.status or status_text(product.state).strip() == query.status
    ]
    page = found[query.offset : query.offset + query.limit]
    headers = {
        "X-Total-Count": str(len(found)),
        "X-Result-Count": str(len(page)),
        "Link": page_links(request, gateway.settings.base_url, query.offset, query.limit, len(found)),
    }
    shown = [selected(_shown(gateway, product), query.fields) for product in page]
    return JsonAnswer(shown, headers=headers)


def _shown(gateway: Gateway, product: Installed) -> dict[str, Any]:
    settings = gateway.settings
    return product_view(product, settings.product_href(product.id), settings.href)
