"""The gateway as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI

from gateway import (
    alerts_api,
    catalog_api,
    documentation,
    drafts_api,
    events,
    health,
    orders_api,
    principal_api,
    products_api,
    review_api,
    stream,
    stream_socket,
    tasks_api,
)
from gateway.context import Gateway
from gateway.event_hub import EventHub
from gateway.openapi import openapi_of
from gateway.settings import GatewaySettings
from gateway.tmf import product_inventory, product_ordering, service_ordering
from gateway.tmf.errors import install_error_answers
from runtime.limits import LINE_BYTES_MAX
from runtime.port import Runtime

_DESCRIPTION = """
Orders come in one by one (TMF622) or as a stream, become actors, and end fulfilled; no acknowledged order is lost.

Send the bearer token with **Authorize**. Errors are TM Forum errors whose `violations` name every place at once.
Orders stream in over `POST /stream/v1/productOrder` (NDJSON) or the WebSocket `/stream/v1/productOrder/ws`, and what
becomes of them streams out over `GET /stream/v1/events`.
"""


def create_app(runtime: Runtime, settings: GatewaySettings) -> FastAPI:
    """A gateway over a runtime. The runtime is the caller's: it outlives the application."""
    gateway = Gateway(runtime, settings)
    hub = EventHub(runtime, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await hub.close()

    app = FastAPI(
        title="Orderloom",
        version=version("orderloom"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        # Both would load scripts from elsewhere; documentation.py serves them from here.
        docs_url=None,
        redoc_url=None,
        # Metrics are the runtime's; per-request spans would cost the streams and could carry customers' data.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.gateway = gateway
    app.state.events = hub
    install_error_answers(app)
    for room in (
        product_ordering,
        product_inventory,
        service_ordering,
        stream,
        stream_socket,
        events,
        orders_api,
        products_api,
        drafts_api,
        principal_api,
        review_api,
        tasks_api,
        alerts_api,
        catalog_api,
        health,
        documentation,
    ):
        app.include_router(room.router)
    documentation.serve_assets(app)

    app.openapi = lambda: openapi_of(app)  # type: ignore[method-assign]
    return app


def uvicorn_options() -> dict[str, Any]:
    """How uvicorn serves a gateway: its C loop and parser, and WebSocket messages as long as a line may be."""
    return {
        "loop": "uvloop",
        "http": "httptools",
        "ws": "websockets-sansio",
        # A line just above the bound must still arrive, so that it is refused by itself and not with the connection.
        "ws_max_size": 2 * LINE_BYTES_MAX,
        "ws_per_message_deflate": False,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 5,
    }
