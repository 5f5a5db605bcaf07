"""The demonstration: a realistic mix of orders through the public streaming API, watched until the last has ended."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from random import Random

import httpx
from rich.console import Console

from benchmarks.demo_display import DemoSummary, Display, summary_table
from benchmarks.generator import ACCEPTED
from benchmarks.latencies import Latencies
from benchmarks.run import ENDS, Watch
from benchmarks.shapes import Order, Shape, orders
from gateway.client import OrderloomClient

MIX: dict[Shape, int] = {"mobile": 640, "triple-play": 220, "b6": 138, "sdwan-200": 2}
"""How often each shape comes, in a thousand orders."""
UNANSWERED_MAX = 256
LOOK_INTERVAL_S = 0.5
TAIL_STILL_S = 60.0
"""How long nothing may end before the demonstration stops to wait."""


def mix(count: int, seed: int = 0, salt: str = "") -> Iterator[Order]:
    """``count`` orders of the shapes as in ``MIX``, the same for the same seed."""
    draw = Random(f"mix/{seed}")
    each = {shape: orders(shape, count, seed, salt) for shape in MIX}
    for shape in draw.choices(list(MIX), list(MIX.values()), k=count):
        yield next(each[shape])


async def stream_demo(url: str, token: str, count: int, console: Console, *, seed: int = 0) -> DemoSummary:
    """Stream ``count`` orders through the gateway at ``url`` and watch until all have ended.

    Shows a live panel on a terminal, plain lines elsewhere, and the summary at the end. The orders are new to the
    system in every call.

    :raises gateway.client.OrderloomRefusal: the gateway does not take the stream (a wrong token).
    :raises httpx.HTTPError: its status cannot be read.
    """
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        OrderloomClient(url, token) as client,
        httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as http,
    ):
        watch = Watch(http)
        await watch.start()
        show = Display(console, count)
        demonstration = Demonstration(client, watch, show)
        with show:
            summary = await demonstration.run(mix(count, seed, salt=f"demo-{uuid.uuid4().hex[:8]}-"))
    console.print(summary_table(summary))
    return summary


class Demonstration:
    """One stream of orders, and the watch over what becomes of them."""

    def __init__(self, client: OrderloomClient, watch: Watch, display: Display) -> None:
        self.client, self.watch, self.display = client, watch, display
        self.summary = DemoSummary()
        self.latencies = Latencies()
        self.began = time.monotonic()
        self._sent_at: dict[str, float] = {}

    async def run(self, mixed: Iterator[Order]) -> DemoSummary:
        """Send everything, then wait for the ends."""
        self.began = time.monotonic()
        streaming = asyncio.create_task(self._stream(mixed))
        try:
            while not streaming.done():
                await asyncio.wait({streaming}, timeout=LOOK_INTERVAL_S)
                await self._look()
            await streaming
            await self._wait_for_ends()
        finally:
            streaming.cancel()
            with suppress(asyncio.CancelledError):
                await streaming
        return self.summary

    async def _stream(self, mixed: Iterator[Order]) -> None:
        async for answer in self.client.stream(self._sent(mixed), unanswered_max=UNANSWERED_MAX):
            latency = time.monotonic() - self._sent_at.pop(answer.order["externalId"])
            if answer.status in ACCEPTED:
                self.summary.accepted += 1
                self.latencies.add(latency)
            else:
                self.summary.refused += 1

    async def _sent(self, mixed: Iterator[Order]) -> AsyncIterator[Order]:
        for order in mixed:
            self._sent_at[order["externalId"]] = time.monotonic()
            self.summary.sent += 1
            yield order

    async def _look(self) -> int:
        """Read the counters and show them; gives how many orders have ended."""
        counted = await self.watch.look()
        ended = sum(counted[each] for each in ENDS)
        summary = self.summary
        summary.completed, summary.failed, summary.held = (
            counted[each] for each in ("completed", "failed", "held")
        )
        summary.in_progress = max(0, summary.accepted - ended)
        summary.seconds = time.monotonic() - self.began
        summary.accept_ms = self.latencies.percentiles_ms()
        summary.cycle_ms = self.watch.now.get("cycle_ms", {})
        self.display.show(summary)
        return ended

    async def _wait_for_ends(self) -> None:
        ended_before, last_end = -1, time.monotonic()
        while time.monotonic() - last_end < TAIL_STILL_S:
            ended = await self._look()
            if ended >= self.summary.accepted:
                return
            if ended != ended_before:
                ended_before, last_end = ended, time.monotonic()
            await asyncio.sleep(LOOK_INTERVAL_S)
