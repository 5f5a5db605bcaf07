"""A gateway on a real uvicorn and a free port, in the test's own loop, over a runtime in the same process."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn

from gateway.app import create_app, uvicorn_options
from gateway.auth import Principal
from gateway.settings import GatewaySettings
from runtime.port import Runtime
from tests.gateway.recording_runtime import RecordingRuntime

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
