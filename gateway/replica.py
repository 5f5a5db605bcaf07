"""A gateway replica: uvicorn with the gateway's application in a Ray actor.

Replicas of one node share a port (SO_REUSEPORT): the kernel spreads connections over those that live.
"""

import asyncio
import gc
import os
import socket
from pathlib import Path
from typing import Any

import uvicorn

from gateway.app import create_app, uvicorn_options
from gateway.auth import read_tokens
from gateway.settings import GatewaySettings
from runtime.cluster.options import ClusterOptions
from runtime.cluster.router import Router

START_TIMEOUT_S = 30.0


class GatewayReplica:
    """One of the processes that speak HTTP."""

    def __init__(self, name: str, options: ClusterOptions) -> None:
        self.name = name
        self.options = options
        self._serving: asyncio.Task[None] | None = None
        self._started: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return self.name

    async def start(self) -> int:
        """Serve, once; answers the process id when the port answers."""
        if self._started is None:
            self._started = asyncio.create_task(self._start())
        await asyncio.shield(self._started)
        return os.getpid()

    async def _start(self) -> None:
        options = self.options
        runtime = await Router.connect(self.name, options)
        settings = GatewaySettings(
            tokens=read_tokens(Path(options.token_file)), base_url=f"http://{options.bind}:{options.port}"
        )
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((options.bind, options.port))
        chosen = uvicorn_options()
        chosen.pop("loop", None)
        server = uvicorn.Server(uvicorn.Config(create_app(runtime, settings), **chosen))
        self._serving = asyncio.create_task(self._serve(server, listener))
        async with asyncio.timeout(START_TIMEOUT_S):
            await _started(server)
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 50)

    async def _serve(self, server: uvicorn.Server, listener: socket.socket) -> None:
        await server.serve(sockets=[listener])
        os._exit(1)

    async def until_dead(self) -> None:
        """Never answers: the caller learns by Ray's error that this actor is gone."""
        await asyncio.Event().wait()

    async def status(self) -> dict[str, Any]:
        """Process as it is now."""
        return {"pid": os.getpid()}


async def _started(server: uvicorn.Server) -> None:
    # uvicorn offers a flag and no event.
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
