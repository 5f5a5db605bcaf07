"""What operators ask about single installed products: every node with where it comes from, and who has the product.

An API of Orderloom's own under ``/api/v1``; errors are TM Forum errors all the same.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from gateway.camel_case import shown_part
from gateway.context import Authenticated, gateway_of
from gateway.inventory import installed_product
from gateway.json_answers import JsonAnswer

router = APIRouter(prefix="/api/v1", tags=["Products"])
ProductId = Annotated[str, Path(alias="id", description="The product's id.")]


@router.get(
    "/product/{id}/graph", summary="The nodes of an installed product, and who has it or waits for it"
)
async def graph(request: Request, principal: Authenticated, product: ProductId) -> Response:
    """Each node with the versions of specification and catalog it was made with, and the rule that made it."""
    found = await installed_product(gateway_of(request), product, principal)
    nodes = found.picture.nodes if found.picture is not None else ()
    return JsonAnswer(
        {
            "id": found.id,
            "state": found.state,
            "order": found.order,
            "line": found.line,
            "version": found.picture.version if found.picture is not None else 0,
            "nodes": [shown_part(node) for node in nodes],
            "causes": [shown_part(cause) for cause in found.causes],
            "holder": shown_part(found.holder) if found.holder is not None else None,
            "queue": [shown_part(each) for each in found.queue],
        }
    )
