"""Who the bearer of a token is: what a front end asks first, to know what to offer."""

from fastapi import APIRouter, Response

from gateway.context import Authenticated
from gateway.json_answers import JsonAnswer

router = APIRouter(prefix="/api/v1", tags=["Status"])


@router.get("/principal", summary="Who asks: name, tenant, roles and groups of the token's principal")
async def who_asks(principal: Authenticated) -> Response:
    """What the token file says of the token; the token itself is never shown."""
    return JsonAnswer(
        {
            "name": principal.name,
            "client": principal.client,
            "tenant": principal.tenant,
            "roles": principal.roles,
            "groups": principal.groups,
        }
    )
