"""What every route of one gateway shares, and how a route gets at it."""

import asyncio
from typing import Annotated, Any, cast

from fastapi import Depends, Security
from fastapi.security import HTTPBearer
from starlette.requests import HTTPConnection, Request

from actors.group import OrderGroup
from actors.order_id import tenant_tag_of
from gateway.auth import OPERATOR, PUBLISHER, Principal, Tokens
from gateway.door import Door
from gateway.identity import is_order_id, tag_of
from gateway.installed_reads import InstalledReads
from gateway.reception import Reception
from gateway.settings import GatewaySettings
from gateway.tmf.shapes import PRODUCT, SERVICE, Shape
from runtime.errors import NotFound
from runtime.port import Runtime


class Gateway:
    """One gateway over one runtime: settings, principals and the door."""

    def __init__(self, runtime: Runtime, settings: GatewaySettings) -> None:
        self.runtime = runtime
        self.settings = settings
        self.tokens = Tokens(settings.tokens)
        self.door = Door(runtime)
        self.reading_catalog = asyncio.Lock()
        """Held while a catalog that was sent is read: one after the other, for it takes memory and the processor."""
        reads = InstalledReads(runtime)
        self._receptions = {
            PRODUCT: Reception(self.door, reads),
            SERVICE: Reception(Door(runtime, shape=SERVICE), reads),
        }

    def reception_of(self, shape: Shape) -> Reception:
        """Where orders of this shape come in."""
        return self._receptions[shape]

    async def group(self, order: str, principal: Principal) -> OrderGroup:
        """The order's group as it durably is.

        :raises NotFound: there is none, or none of the principal's tenant.
        :raises Unavailable: nobody can tell at the moment.
        """
        if is_order_id(order) and tenant_tag_of(order) == tag_of(principal.tenant):
            (group,) = await self.runtime.read([order])
            if group is not None:
                return group
        raise NotFound(f"there is no order {order[:64]!r}")


def gateway_of(connection: HTTPConnection) -> Gateway:
    """The gateway a request came to."""
    return cast(Gateway, connection.app.state.gateway)


# Dependencies are coroutines though they await nothing: FastAPI takes others to a thread, a millisecond each.
_bearer = HTTPBearer(auto_error=False, description="A token from the token file; `make run` prints one.")


async def authenticated(request: Request, _: Annotated[Any, Security(_bearer)]) -> Principal:
    """The principal of a request with an ``Authorization`` header (:raises BadRequest: 401)."""
    return gateway_of(request).tokens.authenticate(request)


async def operator(principal: Annotated[Principal, Depends(authenticated)]) -> Principal:
    """A principal who may decide on orders (:raises BadRequest: 403)."""
    principal.demand(OPERATOR)
    return principal


async def publisher(principal: Annotated[Principal, Depends(authenticated)]) -> Principal:
    """A principal who may publish catalogs (:raises BadRequest: 403)."""
    principal.demand(PUBLISHER, OPERATOR)
    return principal


async def requester(principal: Annotated[Principal, Depends(authenticated)]) -> Principal:
    """A principal who may place and change orders (:raises BadRequest: 403)."""
    principal.demand_more_than_reading()
    return principal


Authenticated = Annotated[Principal, Depends(authenticated)]
Requester = Annotated[Principal, Depends(requester)]
Operator = Annotated[Principal, Depends(operator)]
Publisher = Annotated[Principal, Depends(publisher)]
