"""Orders in, over a WebSocket: the same lines and answers as ``stream.py``, for clients that have no streaming HTTP.

A message holds one line or several (NDJSON), and so does an answer. Line numbers count over the connection. Whoever
closes before the last answer has come leaves those lines undecided.
"""

import asyncio
from contextlib import aclosing

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.status import WS_1011_INTERNAL_ERROR

from gateway.context import gateway_of
from gateway.intake import Intake
from gateway.line_splitter import LineSplitter
from gateway.tmf.errors import answer_error
from gateway.violations import BadRequest

log = structlog.get_logger(__name__)
router = APIRouter()


@router.websocket("/stream/v1/productOrder/ws")
async def stream_product_orders(socket: WebSocket) -> None:
    """Take orders until the client closes. The token comes as a header, or from browsers as ``?access_token=``."""
    gateway = gateway_of(socket)
    try:
        principal = gateway.tokens.authenticate(socket, in_query=True)
        principal.demand_more_than_reading()
    except BadRequest as problem:
        await socket.send_denial_response(answer_error(problem))
        return
    await socket.accept()
    intake = Intake(gateway, principal)
    splitter = LineSplitter(gateway.settings.line_bytes_max)
    reading = asyncio.create_task(_read(socket, intake, splitter))
    try:
        async with aclosing(intake.answers()) as answers:
            async for piece in answers:
                await socket.send_text(piece.decode())
    except WebSocketDisconnect:
        log.info("a socket's client left", lines=splitter.number, unanswered=intake.unanswered_lines)
    finally:
        reading.cancel()


async def _read(socket: WebSocket, intake: Intake, splitter: LineSplitter) -> None:
    """Feed every line of every message; a message's end ends its last line."""
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                intake.abandon()
                return
            text = message.get("text")
            data: bytes = text.encode() if text is not None else message.get("bytes") or b""
            obstacle = await intake.obstacle()
            for lines in (splitter.feed(data), splitter.finish()):
                for number, line in lines:
                    await intake.room()
                    intake.feed(number, line, obstacle)
    except Exception:
        log.exception("a socket cannot be read on", lines=splitter.number)
        intake.abandon()
        await socket.close(WS_1011_INTERNAL_ERROR)
