"""Events out: server-sent events of everything that happens to orders, resumable without gap or repetition.

Source: TMF622 v4.0 for the events, WHATWG HTML for the stream. The id of each event is the place in the journal behind
it; a client that comes back with ``Last-Event-ID`` goes on exactly there.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Final, Literal, cast

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from actors.order_id import tenant_tag_of
from gateway.context import gateway_of
from gateway.event_hub import Batch, Closed, EventHub, Item, identified
from gateway.event_position import EventPosition, read_event_id
from gateway.identity import tag_of
from gateway.json_answers import encode
from gateway.tmf.errors import error
from gateway.tmf.order_events import EVENT_TYPES, OrderNotice
from gateway.violations import BadRequest, Violation

router = APIRouter(tags=["Streams"])
MEDIA_TYPE: Final = "text/event-stream"


class Wanted:
    """Which events a subscriber wants, of its tenant's orders; an empty set wants all."""

    def __init__(
        self, tenant: str, orders: frozenset[str], types: frozenset[str], states: frozenset[str]
    ) -> None:
        self.tag = tag_of(tenant)
        self.orders = orders
        self.types = types
        self.states = states

    def takes(self, notice: OrderNotice) -> bool:
        """Whether this event is wanted."""
        return (
            tenant_tag_of(notice.order) == self.tag
            and (not self.orders or notice.order in self.orders)
            and (not self.types or notice.event_type in self.types)
            and (not self.states or notice.state in self.states)
        )


@router.get(
    "/stream/v1/events",
    summary="Stream the events of orders",
    response_class=Response,
    responses={
        200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}, "description": "Server-sent events."}
    },
)
async def stream_events(
    request: Request,
    begin: Annotated[
        Literal["now", "start"], Query(alias="from", description="Where to begin without a Last-Event-ID.")
    ] = "now",
    order: Annotated[str, Query(alias="id", description="Only of these orders, by commas.")] = "",
    event_type: Annotated[str, Query(alias="eventType", description="Only of these types, by commas.")] = "",
    state: Annotated[str, Query(description="Only events that tell one of these states, by commas.")] = "",
) -> Response:
    """TMF622 v4 events as they are committed. Needs the token as a header, or from browsers as `?access_token=`.

    Events of one order come in their order. The header `Last-Event-ID` (or the query parameter `lastEventId`) goes on
    behind that event. A client that reads too slowly gets an event `closed` and is disconnected: come back with the id.
    """
    gateway = gateway_of(request)
    principal = gateway.tokens.authenticate(request, in_query=True)
    hub = cast(EventHub, request.app.state.events)
    wanted = Wanted(principal.tenant, _names(order), _names(event_type), _names(state))
    unknown = sorted(wanted.types.difference(EVENT_TYPES))
    if unknown:
        message = f"{', '.join(unknown)[:200]}: there are {', '.join(EVENT_TYPES)}"
        raise BadRequest("invalidQuery", message, [Violation("?eventType", "value-not-allowed", message)])
    last = request.headers.get("last-event-id") or request.query_params.get("lastEventId", "")
    shards = gateway.runtime.journal.shards
    if last:
        place = read_event_id(last, shards)
        await hub.check(place)
    elif begin == "start":
        place = EventPosition((0,) * shards)
    else:
        place = EventPosition(await hub.positions())
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_lines(hub, place, wanted), media_type=MEDIA_TYPE, headers=headers)


async def _lines(hub: EventHub, place: EventPosition, wanted: Wanted) -> AsyncIterator[bytes]:
    yield b": orderloom events\n\n"
    async with aclosing(hub.subscribe(place)) as items:
        async for item in items:
            piece = _piece(item, wanted)
            if piece:
                yield piece


def _piece(item: Item, wanted: Wanted) -> bytes:
    if isinstance(item, Batch):
        return b"".join(
            b"id: %b\nevent: %b\ndata: %b\n\n"
            % (identified(item, notice).encode(), notice.event_type.encode(), notice.body)
            for notice in item.notices
            if wanted.takes(notice)
        )
    if isinstance(item, Closed):
        return b"event: closed\ndata: %b\n\n" % encode(error(503, item.code, item.reason))
    # The id lets a client whose filter matches seldom resume here, not at the last event it saw.
    return b": heartbeat\nid: %b\n\n" % item.id.encode()


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())
