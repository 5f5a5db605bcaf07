"""The client that integrations import: orders in, one by one or as a stream that survives what networks do.

A stream reads and writes at once, bounds what is unanswered, and gives every order a key. When the connection breaks it
connects again with back-off and repeats the unanswered orders with the same keys, so that each order is made once and
answered once. Lines answered 429 or 503 are sent again after the time the gateway asks for.

::

    async with OrderloomClient("http://127.0.0.1:8080", token) as client:
        async for answer in client.stream(orders):
            print(answer.order["externalId"], answer.status, answer.id)
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

import aiohttp
import msgspec

from gateway.client_refusal import OrderloomRefusal, refusal_of
from gateway.order_stream import BACK_OFF_MAX_S, BACK_OFF_S, Order, OrderStream, StreamAnswer
from gateway.settings import ORDERING_PATH

__all__ = ["OrderloomClient", "OrderloomRefusal", "StreamAnswer"]

ENDED: Final = frozenset({"rejected", "cancelled", "completed", "failed", "partial"})


class OrderPage(msgspec.Struct, frozen=True):
    """A page of a list and how many orders there are in all."""

    orders: list[dict[str, Any]]
    total: int


class OrderloomClient:
    """One gateway, one token. Use it as an async context manager, from one event loop."""

    def __init__(self, url: str, token: str, *, external_ids_unique: bool = True) -> None:
        """``external_ids_unique``: the gateway knows an order of this client by party and externalId.

        Orders with an externalId then get no other key; say False where the token's settings say so.
        """
        self._external_ids_unique = external_ids_unique
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the connections' pool."""
        # A stream lasts as long as its orders do: no total time-out; a lost peer shows in the socket.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open session (:raises RuntimeError: outside of ``async with``)."""
        if self._session is None:
            raise RuntimeError("use the client as `async with OrderloomClient(...) as client`")
        return self._session

    async def submit(
        self, order: Order, *, idempotency_key: str | None = None, timeout_s: float = 60.0
    ) -> dict[str, Any]:
        """Create one order and return it; repeated with the same key while the gateway is busy or away.

        Without an ``idempotency_key`` or an externalId a key is made, so that this call's repetitions make one order.

        :raises OrderloomRefusal: the order cannot be accepted, or the gateway was busy for ``timeout_s``.
        :raises aiohttp.ClientError: no connection for ``timeout_s``.
        """
        headers = {"Content-Type": "application/json"}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        elif not (self._external_ids_unique and order.get("externalId")):
            headers["Idempotency-Key"] = str(uuid4())
        body = msgspec.json.encode(order)
        deadline = time.monotonic() + timeout_s
        return dict(await self._patiently(deadline, "POST", "/productOrder", data=body, headers=headers))

    async def get(self, order: str, *, fields: Iterable[str] = ()) -> dict[str, Any]:
        """An order as it durably is (:raises OrderloomRefusal: 404 when there is none)."""
        query = {"fields": ",".join(fields)} if fields else {}
        _, answered = await self._asked("GET", f"/productOrder/{order}", params=query)
        return dict(answered)

    async def list(self, *, offset: int = 0, limit: int = 20, **filters: str) -> OrderPage:
        """A page of orders by (orderDate, id). Filters have TMF's names, such as ``state="held"``."""
        query = {**filters, "offset": str(offset), "limit": str(limit)}
        total, answered = await self._asked("GET", "/productOrder", params=query)
        return OrderPage(list(answered), total)

    async def wait_completed(
        self, order: str, *, timeout_s: float = 60.0, poll_s: float = 0.1
    ) -> dict[str, Any]:
        """The order once it has ended, in whatever state; asked again while the gateway is busy or away.

        :raises TimeoutError: it has not; the message says what the order waits for.
        :raises OrderloomRefusal: there is no such order, or the gateway was busy for ``timeout_s``.
        :raises aiohttp.ClientError: no connection for ``timeout_s``.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            shown = dict(await self._patiently(deadline, "GET", f"/productOrder/{order}"))
            if shown["state"] in ENDED:
                return shown
            if time.monotonic() + poll_s > deadline:
                reasons = "; ".join(reason["sentence"] for reason in shown.get("waitsFor", ()))
                raise TimeoutError(
                    f"order {order} is {shown['state']} after {timeout_s} s: {reasons or 'no reason given'}"
                )
            await asyncio.sleep(poll_s)

    def stream(
        self, orders: AsyncIterable[Order] | Iterable[Order], *, unanswered_max: int = 1024
    ) -> AsyncGenerator[StreamAnswer]:
        """Send orders and get an answer for each, in whatever order they come.

        An order may be ``{"idempotencyKey": ..., "productOrder": {...}}``; without a key or an
        externalId to be known by, it is given a random one. At most ``unanswered_max`` orders are under way.

        :raises OrderloomRefusal: the gateway refuses the stream itself (a wrong token).
        """
        stream = OrderStream(
            self.session, self.url, unanswered_max, external_ids_unique=self._external_ids_unique
        )
        return stream.answers(orders)

    async def _patiently(self, deadline: float, method: str, path: str, **request: Any) -> Any:
        """The answer to a request that may be repeated, asked again until ``deadline`` (of the monotonic clock)."""
        pause = BACK_OFF_S
        while True:
            try:
                _, answered = await self._asked(method, path, **request)
            except OrderloomRefusal as refusal:
                if refusal.retry_after_s is None or time.monotonic() + refusal.retry_after_s > deadline:
                    raise
                pause = max(pause, refusal.retry_after_s)
            except (aiohttp.ClientError, OSError):
                if time.monotonic() + pause > deadline:
                    raise
            else:
                return answered
            await asyncio.sleep(pause * random.uniform(1.0, 1.5))
            pause = min(pause * 2, BACK_OFF_MAX_S)

    async def _asked(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self.session.request(method, f"{self.url}{ORDERING_PATH}{path}", **options) as response:
            body = await response.read()
            if response.status >= 400:
                raise refusal_of(response.status, body, response.headers)
            return int(response.headers.get("X-Total-Count", 0)), msgspec.json.decode(body)
