"""A gateway on a real uvicorn and a free port, in the test's own loop, over a runtime in the same process."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any

import httpx
import pytest
import uvicorn

from catalog.store import Catalogs, sample_catalogs
from gateway.app import create_app, uvicorn_options
from gateway.auth import Principal
from gateway.client import OrderloomClient
from gateway.settings import GatewaySettings
from runtime.journal.model import ModelJournal
from runtime.local import LocalRuntime
from runtime.port import Runtime
from tests.gateway.recording_runtime import RecordingRuntime, WaitingJournal

PRODUCTS = "/tmf-api/productInventory/v4/product"
TOKEN = "test-token"
TOKENS = {
    TOKEN: Principal("ann", "shop"),
    "other-token": Principal("bob", "portal"),
    "no-unique-token": Principal("cid", "batch", external_ids_unique=False),
    "reader-token": Principal("dan", "insight", roles=("reader",)),
    "north-token": Principal("nora", "shop", tenant="north", groups=("north-desk",)),
    "north-reader-token": Principal("nils", "insight", tenant="north", roles=("reader",)),
}


class Served:
    """A running gateway."""

    def __init__(self, runtime: Runtime, settings: GatewaySettings) -> None:
        self.runtime = runtime
        self.settings = settings
        self.app = create_app(runtime, settings)
        options: dict[str, Any] = {**uvicorn_options(), "loop": "asyncio", "lifespan": "on"}
        self.server = uvicorn.Server(uvicorn.Config(self.app, host="127.0.0.1", port=0, **options))
        self.server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]

    async def __aenter__(self) -> "Served":
        self._serving = asyncio.create_task(self.server.serve())
        while not self.server.started:
            await asyncio.sleep(0.005)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.server.force_exit = True
        await self._serving


@asynccontextmanager
async def local(catalogs: Catalogs) -> AsyncIterator[Runtime]:
    """The real kernel, whose timers fire, over the model journal."""
    async with LocalRuntime(WaitingJournal(ModelJournal(4)), catalogs) as runtime:
        yield runtime


@contextmanager
def served_beside(settings: GatewaySettings, catalogs: Catalogs | None = None) -> Iterator[str]:
    """The address of a gateway in a loop and a thread of its own, for tests that are no coroutines.

    With ``catalogs`` it is over the real kernel.
    """
    ready: Future[str] = Future()
    stop: Future[None] = Future()

    async def serve() -> None:
        runtime = local(catalogs) if catalogs is not None else nullcontext(RecordingRuntime())
        async with runtime as reached, Served(reached, settings) as served:
            ready.set_result(served.url)
            await asyncio.wrap_future(stop)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    yield ready.result(20)
    stop.set_result(None)
    thread.join(20)


@pytest.fixture
def runtime() -> RecordingRuntime:
    return RecordingRuntime()


@pytest.fixture
def settings() -> GatewaySettings:
    return GatewaySettings(tokens=TOKENS, heartbeat_s=0.2)


@pytest.fixture
async def served(runtime: RecordingRuntime, settings: GatewaySettings) -> AsyncIterator[Served]:
    async with Served(runtime, settings) as running:
        yield running


@pytest.fixture
async def http(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=served.url, headers=headers, timeout=10) as client:
        yield client


class Shop:
    """A client of a gateway over the real kernel, which orders and looks at what is installed."""

    def __init__(self, orders: OrderloomClient, http: httpx.AsyncClient) -> None:
        self.orders = orders
        self.http = http
        self.number = 0

    async def placed(self, *items: dict[str, Any]) -> dict[str, Any]:
        self.number += 1
        return await self.orders.submit(order(self.number, productOrderItem=list(items)))

    async def completed(self, *items: dict[str, Any]) -> dict[str, Any]:
        placed = await self.placed(*items)
        return await self.orders.wait_completed(placed["id"], timeout_s=10)

    async def product(self, id_: str, **query: str) -> dict[str, Any]:
        response = await self.http.get(f"{PRODUCTS}/{id_}", params=query)
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def freed(self, id_: str, version: int) -> dict[str, Any]:
        """The product once the order that had it has told what it did."""
        async with asyncio.timeout(10):
            while (shown := await self.product(id_))["version"] < version or "reservation" in shown:
                await asyncio.sleep(0.01)
        return shown


@pytest.fixture
async def shop(settings: GatewaySettings) -> AsyncIterator[Shop]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        local(sample_catalogs()) as runtime,
        Served(runtime, settings) as served,
        OrderloomClient(served.url, TOKEN) as orders,
        httpx.AsyncClient(base_url=served.url, headers=headers, timeout=10) as http,
    ):
        yield Shop(orders, http)


def order(number: int = 0, **changes: Any) -> dict[str, Any]:
    """A product order that the sample catalog can serve."""
    return {
        "externalId": f"test-{number}",
        "category": "B2C",
        "relatedParty": [{"id": "c1", "role": "customer", "@referredType": "Individual"}],
        "productOrderItem": [item("1")],
        **changes,
    }


def item(id_: str, **changes: Any) -> dict[str, Any]:
    characteristics = [{"name": "speed", "value": 100}, {"name": "site", "value": "12 Harbour Road"}]
    return {
        "id": id_,
        "action": "add",
        "productOffering": {"id": "broadband-basic"},
        "product": {"productCharacteristic": characteristics},
        **changes,
    }


def change(product: str, action: str = "modify", speed: int = 250) -> dict[str, Any]:
    values = [{"name": "speed", "value": speed}] if action == "modify" else []
    return item("1", action=action, product={"id": product, "productCharacteristic": values})
