"""What every route of one gateway shares, and how a route gets at it."""

import re
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Security
from fastapi.security import HTTPBearer
from starlette.requests import HTTPConnection, Request

from actors.group import OrderGroup
from gateway.auth import Principal, Tokens
from gateway.door import Door
from gateway.settings import GatewaySettings
from gateway.violations import BadRequest
from runtime.errors import NotFound
from runtime.port import Runtime

_ORDER_ID: Final = re.compile(r"o[0-9a-hjkmnp-tv-z]{24}")
OPERATOR: Final = "operator"


class Gateway:
    """One gateway over one runtime: settings, principals and the door."""

    def __init__(self, runtime: Runtime, settings: GatewaySettings) -> None:
        self.runtime = runtime
        self.settings = settings
        self.tokens = Tokens(settings.tokens)
        self.door = Door(runtime)

    async def group(self, order: str) -> OrderGroup:
        """The order's group as it durably is.

        :raises NotFound: there is none. :raises Unavailable: nobody can tell at the moment.
        """
        if is_order_id(order):
            (group,) = await self.runtime.read([order])
            if group is not None:
                return group
        raise NotFound(f"there is no order {order[:64]!r}")


def is_order_id(text: str) -> bool:
    """Whether this can be the id of an order at all; nothing else is ever looked up."""
    return _ORDER_ID.fullmatch(text) is not None


def gateway_of(connection: HTTPConnection) -> Gateway:
    """The gateway a request came to."""
    return cast(Gateway, connection.app.state.gateway)


_bearer = HTTPBearer(auto_error=False, description="A token from the token file; `make run` prints one.")


def authenticated(request: Request, _: Annotated[Any, Security(_bearer)]) -> Principal:
    """The principal of a request with an ``Authorization`` header (:raises BadRequest: 401)."""
    return gateway_of(request).tokens.authenticate(request)


def operator(principal: Annotated[Principal, Depends(authenticated)]) -> Principal:
    """A principal who may decide on orders (:raises BadRequest: 403)."""
    if OPERATOR not in principal.roles:
        raise BadRequest("forbidden", f"{principal.name} does not have the role {OPERATOR}", status=403)
    return principal


Authenticated = Annotated[Principal, Depends(authenticated)]
Operator = Annotated[Principal, Depends(operator)]
