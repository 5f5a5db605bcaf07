"""The sending side of the NDJSON stream: reads and writes at once, and outlives its connections.

An order is *pending* from the moment it is taken from the caller until its answer is handed back. A connection numbers
the lines it sends; when it breaks, the next one sends every pending order again with the same key.
"""

import asyncio
import heapq
import random
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from typing import Any, Final
from uuid import uuid4

import aiohttp
import msgspec

from gateway.client_refusal import OrderloomRefusal, refusal_of
from gateway.line_splitter import LineSplitter
from runtime.limits import BODY_BYTES_MAX

BACK_OFF_S: Final = 0.2
BACK_OFF_MAX_S: Final = 5.0
LINES_PER_CHUNK_MAX: Final = 64
PATH: Final = "/stream/v1/productOrder"

Order = Mapping[str, Any]


class StreamAnswer(msgspec.Struct, frozen=True):
    """What became of one order. ``status`` is 201, 200 (``duplicate``), or an error's with the TMF ``error``."""

    order: Order
    """The order as it was given to the stream."""
    status: int
    id: str = ""
    href: str = ""
    state: str = ""
    duplicate: bool = False
    error: dict[str, Any] | None = None


class _AnswerLine(msgspec.Struct, rename="camel"):
    line: int
    status: int
    id: str = ""
    href: str = ""
    state: str = ""
    duplicate: bool = False
    error: dict[str, Any] | None = None
    retry_after: float | None = None


class _Pending:
    """An order that is not answered yet, as the line that is sent for it."""

    __slots__ = ("line", "order")

    def __init__(self, order: Order, line: bytes) -> None:
        self.order = order
        self.line = line


_read_answer = msgspec.json.Decoder(_AnswerLine).decode


class OrderStream:
    """One stream of orders over as many connections as it takes. Iterate :meth:`answers` once."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        unanswered_max: int,
        *,
        external_ids_unique: bool = True,
    ) -> None:
        self._session = session
        self._url = url + PATH
        self._external_ids_unique = external_ids_unique
        self._room = asyncio.Semaphore(unanswered_max)
        self._serial = 0
        self._pending: dict[int, _Pending] = {}
        self._ready: deque[int] = deque()
        self._delayed: list[tuple[float, int]] = []
        self._wake = asyncio.Event()
        self._all_taken = False
        self._clock = asyncio.get_running_loop().time

    async def answers(self, orders: AsyncIterable[Order] | Iterable[Order]) -> AsyncGenerator[StreamAnswer]:
        """An answer for each order (:raises OrderloomRefusal: the stream itself is refused)."""
        taking = asyncio.create_task(self._take(orders))
        pause = BACK_OFF_S
        try:
            while not self._finished:
                try:
                    async with aclosing(self._connection()) as answered:
                        async for answer in answered:
                            pause = BACK_OFF_S
                            yield answer
                except OrderloomRefusal as refusal:
                    if refusal.retry_after_s is None:
                        raise
                    pause = max(pause, refusal.retry_after_s)
                except (aiohttp.ClientError, OSError):
                    pass  # what is pending is sent again over the next connection
                if not self._finished:
                    await asyncio.sleep(pause * random.uniform(1.0, 1.5))
                    pause = min(2 * pause, BACK_OFF_MAX_S)
            await taking  # what the caller's own iterator raised
        finally:
            taking.cancel()

    @property
    def _finished(self) -> bool:
        return self._all_taken and not self._pending

    async def _take(self, orders: AsyncIterable[Order] | Iterable[Order]) -> None:
        try:
            async for order in _each(orders):
                await self._room.acquire()
                self._serial += 1
                self._pending[self._serial] = _Pending(order, self._line(order))
                self._ready.append(self._serial)
                self._wake.set()
        finally:
            # Also when the caller's iterator raised: what was taken before is answered first.
            self._all_taken = True
            self._wake.set()

    def _line(self, order: Order) -> bytes:
        return msgspec.json.encode(keyed(order, self._external_ids_unique)) + b"\n"

    async def _connection(self) -> AsyncGenerator[StreamAnswer]:
        """Send and receive over one connection until it ends."""
        waiting = {serial for _, serial in self._delayed}
        self._ready = deque(serial for serial in self._pending if serial not in waiting)
        numbers: dict[int, int] = {}
        splitter = LineSplitter(BODY_BYTES_MAX)
        headers = {"Content-Type": "application/x-ndjson"}
        async with self._session.post(self._url, data=self._lines(numbers), headers=headers) as response:
            if response.status != 200:
                raise refusal_of(response.status, await response.read(), response.headers)
            async for chunk in response.content.iter_any():
                for _, line in splitter.feed(chunk):
                    if not isinstance(line, bytes):
                        raise aiohttp.ClientPayloadError("an answer line is too long to be one")
                    answer = self._answered(_read_answer(line), numbers)
                    if answer is not None:
                        yield answer

    def _answered(self, answer: _AnswerLine, numbers: dict[int, int]) -> StreamAnswer | None:
        serial = numbers.pop(answer.line, None)
        if serial is None:
            return None
        if answer.retry_after is not None:
            heapq.heappush(self._delayed, (self._clock() + answer.retry_after, serial))
            self._wake.set()
            return None
        order = self._pending.pop(serial).order
        self._room.release()
        self._wake.set()
        return StreamAnswer(
            order, answer.status, answer.id, answer.href, answer.state, answer.duplicate, answer.error
        )

    async def _lines(self, numbers: dict[int, int]) -> AsyncIterator[bytes]:
        """The request's body: what is ready, until everything is answered."""
        number = 0
        while not self._finished:
            now = self._clock()
            while self._delayed and self._delayed[0][0] <= now:
                self._ready.append(heapq.heappop(self._delayed)[1])
            chunk: list[bytes] = []
            while self._ready and len(chunk) < LINES_PER_CHUNK_MAX:
                serial = self._ready.popleft()
                number += 1
                numbers[number] = serial
                chunk.append(self._pending[serial].line)
            if chunk:
                yield b"".join(chunk)
                continue
            self._wake.clear()
            try:
                until = self._delayed[0][0] - now if self._delayed else None
                await asyncio.wait_for(self._wake.wait(), until)
            except TimeoutError:
                continue


def keyed(order: Order, external_ids_unique: bool) -> Order:
    """The order with something to know it by at a repetition: its own key, its externalId, or a new key."""
    if "productOrder" in order:
        return order if order.get("idempotencyKey") else {**order, "idempotencyKey": str(uuid4())}
    if external_ids_unique and order.get("externalId"):
        return order
    return {"idempotencyKey": str(uuid4()), "productOrder": order}


async def _each(orders: AsyncIterable[Order] | Iterable[Order]) -> AsyncIterator[Order]:
    if isinstance(orders, AsyncIterable):
        async for order in orders:
            yield order
    else:
        for order in orders:
            yield order
