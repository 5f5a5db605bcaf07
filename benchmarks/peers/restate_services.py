"""Restate with its Python SDK: an order is a workflow, its lines are a service's calls, a task is a durable run.

The server is the binary of the npm package ``@restatedev/restate-server``, with its defaults, on loopback; the services
are served by Hypercorn (the SDK's own recommendation) in this process.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.peers.driving import Absent
from benchmarks.peers.work import KINDS, completed, element, lines_of
from benchmarks.shapes import Order

SERVER_VARIABLE = "ORDERLOOM_RESTATE_SERVER"
START_S = 60
STOP_S = 10.0

_ends: dict[str, "asyncio.Future[Any]"] = {}
"""The ends that are waited for, told by the workflow's handler itself."""


class Services:
    """The peer while it runs."""

    def __init__(self, http: aiohttp.ClientSession, ingress: str) -> None:
        self.http, self.ingress = http, ingress

    async def accept(self, key: str, order: Order) -> "asyncio.Future[Any]":
        """See :class:`benchmarks.peers.driving.Running`. Restate has logged the invocation when it answers."""
        ending = _ends[key] = asyncio.get_running_loop().create_future()
        async with self.http.post(f"{self.ingress}/Order/{key}/run/send", json=order) as response:
            if response.status >= 300:
                raise RuntimeError(f"HTTP {response.status}: {(await response.text())[:200]}")
        return ending


def app() -> Any:
    """The services as an ASGI application."""
    import restate

    line, order = restate.Service("Line"), restate.Workflow("Order")

    async def do(context: Any, asked: dict[str, Any]) -> dict[str, Any]:
        done = {}
        for kind in KINDS:
            done[kind] = await context.run_typed(
                kind, element, restate.RunOptions(), kind=kind, order=asked["order"], line=asked["line"]
            )
        return {**asked["line"], "done": done}

    async def run(context: Any, asked: dict[str, Any]) -> dict[str, Any]:
        key = asked["externalId"]
        calls = [context.service_call(line_do, {"order": key, "line": each}) for each in lines_of(asked)]
        end = completed(key, [await call for call in calls])
        if (waiting := _ends.pop(key, None)) is not None and not waiting.done():
            waiting.set_result(end)
        return end

    line_do = line.handler("do")(do)
    order.main("run")(run)
    return restate.app([line, order])


def binary() -> str:
    """The server.

    :raises Absent: it, or the SDK, is not installed.
    """
    try:
        import hypercorn  # noqa: F401
        import restate  # noqa: F401
    except ImportError:
        raise Absent('the Restate SDK is not installed: pip install "restate-sdk[serde]" hypercorn') from None
    found = os.environ.get(SERVER_VARIABLE) or shutil.which("restate-server")
    if found is None:
        local = Path("node_modules/.bin/restate-server")
        found = str(local.absolute()) if local.exists() else None
    if found is None:
        raise Absent(
            "restate-server is not installed: npm install @restatedev/restate-server, "
            f"or name it in {SERVER_VARIABLE}"
        )
    return found


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Services]:
    """A server of its own, and the services registered with it.

    :raises Absent: something is not installed, or does not start here.
    """
    program = binary()
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    ingress, admin, fabric, services = (_free_port() for _ in range(4))
    config = Config()
    config.bind = [f"127.0.0.1:{services}"]
    config.loglevel = "ERROR"
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(app(), config, shutdown_trigger=stop.wait))
    with (folder / "restate.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(program, "--no-logo", "--base-dir", folder / "restate", "--bind-ip", "127.0.0.1"),
            *("--bind-port", str(fabric), "--listen-mode", "tcp"),
            stdout=log,
            stderr=log,
            env={
                **os.environ,
                "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{ingress}",
                "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{admin}",
                "RESTATE_DISABLE_TELEMETRY": "true",
            },
        )
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            await _register(
                http,
                process,
                f"http://127.0.0.1:{admin}",
                f"http://127.0.0.1:{services}",
                folder / "restate.log",
            )
            yield Services(http, f"http://127.0.0.1:{ingress}")
    finally:
        stop.set()
        if process.returncode is None:
            process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), STOP_S)
        if process.returncode is None:
            process.kill()
            await process.wait()
        with suppress(TimeoutError):
            await asyncio.wait_for(serving, STOP_S)


async def _register(
    http: aiohttp.ClientSession, process: asyncio.subprocess.Process, admin: str, services: str, log: Path
) -> None:
    """Tell the server where the services are, as soon as it listens."""
    why = "it does not listen"
    for _ in range(START_S * 5):
        if process.returncode is not None:
            break
        with suppress(aiohttp.ClientError, OSError):
            async with http.post(f"{admin}/deployments", json={"uri": services}) as response:
                if response.status < 300:
                    return
                why = (await response.text())[:300]
        await asyncio.sleep(0.2)
    said = await asyncio.to_thread(log.read_text, errors="replace")
    raise Absent(f"Restate does not start here: {why}; {said.strip()[-300:]}")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
