"""A gateway's stream in a few lines, so that the generator is tested without a system behind it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from benchmarks.generator import STREAM_PATH
from benchmarks.posting import POST_PATH
from benchmarks.run import STATUS_PATH

Answering = Callable[[int, dict[str, Any]], dict[str, Any] | None]


@dataclass
class StreamServer:
    """Answers each line after ``delay`` seconds as ``answering`` says; None breaks the connection.

    Its status counts an order as completed ``completes_after`` seconds after it came.
    """

    delay: float = 0.0
    answering: Answering = lambda number, order: {"line": number, "status": 201, "id": order["externalId"]}
    counts: Callable[[dict[str, Any]], bool] = lambda answer: True
    """Whether the line that got this answer became an order."""
    orders: list[dict[str, Any]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    peers: set[Any] = field(default_factory=set)
    """The connections that single orders came over."""
    streams: int = 0
    unanswered: int = 0
    unanswered_max: int = 0
    url: str = ""
    completes_after: float = 0.0
    arrivals: list[float] = field(default_factory=list)

    async def status(self, request: web.Request) -> web.Response:
        completed = sum(time.monotonic() - each >= self.completes_after for each in self.arrivals)
        return web.json_response(
            {
                "accepted": len(self.arrivals),
                "completed": completed,
                "failed": 0,
                "held": 0,
                "in_progress": len(self.arrivals) - completed,
                "transitions": 13 * completed,
                "cycle_ms": {"p50": 1.0, "p99": 2.0, "p999": 3.0},
                "memory": {"hosts_rss": 50_000_000, "server_used": 1_000_000 + 4_000 * len(self.arrivals)},
                "fsync": "always",
            }
        )

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.streams += 1
        self.tokens.add(request.headers.get("Authorization", ""))
        response = web.StreamResponse()
        await response.prepare(request)
        rest, number, answers = b"", 0, []
        async for chunk in request.content.iter_any():
            *lines, rest = (rest + chunk).split(b"\n")
            batch = []
            for line in lines:
                number += 1
                order = json.loads(line)
                self.orders.append(order)
                answer = self.answering(number, order)
                if answer is None:
                    assert request.transport is not None
                    request.transport.close()
                    return response
                if self.counts(answer):
                    self.arrivals.append(time.monotonic())
                batch.append(answer)
            self.unanswered += len(batch)
            self.unanswered_max = max(self.unanswered_max, self.unanswered)
            answers.append(asyncio.create_task(self._answer(response, batch)))
        await asyncio.gather(*answers)
        return response

    async def handle_post(self, request: web.Request) -> web.Response:
        order = await request.json()
        self.orders.append(order)
        self.tokens.add(request.headers.get("Authorization", ""))
        if request.transport is not None:
            self.peers.add(request.transport.get_extra_info("peername"))
        answer = self.answering(len(self.orders), order)
        if answer is None:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if self.counts(answer):
            self.arrivals.append(time.monotonic())
        await asyncio.sleep(self.delay)
        return web.json_response(answer, status=answer["status"])

    async def _answer(self, response: web.StreamResponse, batch: list[dict[str, Any]]) -> None:
        await asyncio.sleep(self.delay)
        self.unanswered -= len(batch)
        await response.write(b"".join(json.dumps(answer).encode() + b"\n" for answer in batch))


@pytest.fixture
async def stream_server() -> AsyncIterator[StreamServer]:
    server = StreamServer()
    app = web.Application()
    app.router.add_post(STREAM_PATH, server.handle)
    app.router.add_post(POST_PATH, server.handle_post)
    app.router.add_get(STATUS_PATH, server.status)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()
