"""Orders in, over one HTTP request: NDJSON lines up, an answer line for each while the request is still being sent.

A plain streaming response would listen for a disconnect beside its body and thereby eat the request's lines; this one
leaves the receiving side alone. When the client goes away the reader notices, and the answers end.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import structlog
from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.bodies import refuse_encoded
from gateway.context import Requester, gateway_of
from gateway.intake import Intake
from gateway.line_splitter import LineSplitter
from gateway.violations import BadRequest

log = structlog.get_logger(__name__)
router = APIRouter(tags=["Streams"])
NDJSON = "application/x-ndjson"
LINE_EXAMPLES: dict[str, Any] = {
    "answers": {
        "summary": "One answer a line; they may come out of order",
        "value": (
            '{"line":1,"status":201,"id":"o…","href":"…/productOrder/o…","state":"acknowledged"}\n'
            '{"line":3,"status":400,"error":{"code":"invalidOrder","reason":"…","violations":[]}}\n'
            '{"line":2,"status":503,"error":{"code":"unavailable","reason":"…"},"retryAfter":1}\n'
        ),
    }
}


class LiveResponse(StreamingResponse):
    """A streaming response that never touches the request: for answers that go out while the body comes in."""

    def __init__(self, answers: AsyncGenerator[bytes], media_type: str) -> None:
        # Nobody on the way may keep answers back or for later.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(answers, media_type=media_type, headers=headers)
        self.answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the body; whoever reads the request notices a disconnect."""
        async with aclosing(self.answers):
            await self.stream_response(send)


@router.post(
    "/stream/v1/productOrder",
    summary="Stream product orders in",
    response_class=Response,
    responses={
        200: {"content": {NDJSON: {"examples": LINE_EXAMPLES}}, "description": "An answer line per line."}
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": (
                "One order a line: the TMF622 product order, or `{idempotencyKey, productOrder}`. "
                "Read the answers while you send: unanswered lines are bounded, beyond them the stream waits for you."
            ),
            "content": {NDJSON: {"schema": {"type": "string"}}},
        }
    },
)
async def stream_product_orders(request: Request, principal: Requester) -> Response:
    """Send orders as NDJSON, one a line, for as long as you like; each gets an answer line with its number.

    Answers may come out of order. `201` and `200` (`duplicate`) promise what they promise on a POST; a line with
    `retryAfter` made nothing and may be sent again with the same key, and so may every line without an answer when a
    connection breaks.
    """
    media_type = request.headers.get("content-type", NDJSON).partition(";")[0].strip().lower()
    if media_type not in (NDJSON, "application/ndjson", "application/jsonl"):
        raise BadRequest("mediaType", f"{media_type[:80]} is not understood: send {NDJSON}", status=415)
    refuse_encoded(request)
    gateway = gateway_of(request)
    intake = Intake(gateway, principal)
    splitter = LineSplitter(gateway.settings.line_bytes_max)
    return LiveResponse(_answers(request, intake, splitter), media_type=NDJSON)


async def _answers(request: Request, intake: Intake, splitter: LineSplitter) -> AsyncGenerator[bytes]:
    """The answers, while a task beside them reads the lines."""
    reading = asyncio.create_task(_read(request, intake, splitter))
    try:
        async for piece in intake.answers():
            yield piece
    finally:
        reading.cancel()


async def _read(request: Request, intake: Intake, splitter: LineSplitter) -> None:
    """Feed every line. Half a line that a client left behind is no order."""
    try:
        async for chunk in request.stream():
            obstacle = await intake.obstacle()
            for number, line in splitter.feed(chunk):
                await intake.room()
                intake.feed(number, line, obstacle)
        for number, line in splitter.finish():
            await intake.room()
            intake.feed(number, line, await intake.obstacle())
        intake.complete()
    except ClientDisconnect:
        log.info("a stream's client left", lines=splitter.number, unanswered=intake.unanswered_lines)
        intake.abandon()
    except Exception:
        log.exception("a stream cannot be read on", lines=splitter.number)
        intake.abandon()
