"""A network element as a process of its own: ``python -m runtime.tasks.element --port 0 --ledger FILE``.

It is the judge in crash tests and the target in benchmarks over real HTTP: it stands outside whatever is killed, and
its ledger says what was applied, once for each ``Idempotency-Key``. It listens on loopback only and prints one JSON
line when it is ready: ``{"ready": true, "url": …, "port": …, "pid": …, "applied": …}``.

==== ============== ======================================================================
POST any path       applies once and answers 200; a key that was applied gets the same answer
GET  any path/KEY   200 with the answer of an applied key, else 404
GET  /status        ``{"applied", "requests", "repeated"}``
==== ============== ======================================================================
"""

import argparse
import asyncio
import ctypes
import json
import os
import random
import signal
import socket
import sys
import time
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote

import uvicorn

from runtime.tasks.ledger import Applied, Ledger, LedgerHeld

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_BYTES_MAX = 1024 * 1024
PR_SET_PDEATHSIG = 1


class Element:
    """The application. ``fail_share`` of the POSTs are answered 500, half of them after they were applied."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        delay_ms: float = 0,
        fail_share: float = 0,
        chance: Callable[[], float] = random.random,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        broken: Callable[[OSError], None] = lambda fault: None,
    ) -> None:
        self.ledger = ledger
        self.delay_s = delay_ms / 1_000
        self.fail_share = fail_share
        self.requests = 0
        self.repeated = 0
        self._chance = chance
        self._wall_ms = wall_ms
        self._broken = broken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request (ASGI)."""
        if scope["type"] != "http":
            raise RuntimeError(f"an element speaks HTTP, not {scope['type']}")
        if scope["method"] == "POST":
            status, answer = await self._post(dict(scope["headers"]), receive)
        elif scope["method"] == "GET":
            status, answer = await self._get(scope["raw_path"].decode())
        else:
            status, answer = 405, {"code": "methodNotAllowed", "message": "POST a task or GET its key"}
        body = json.dumps(answer).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _post(self, headers: dict[bytes, bytes], receive: Receive) -> tuple[int, dict[str, Any]]:
        body = await _body(receive)
        if body is None:
            return 413, {"code": "tooLarge", "message": f"a task has at most {BODY_BYTES_MAX} bytes"}
        key = headers.get(b"idempotency-key", b"").decode("latin-1")
        if not key:
            return 400, {"code": "keyMissing", "message": "a task needs the header Idempotency-Key"}
        self.requests += 1
        drawn = self._chance() if self.fail_share else 1.0
        if drawn < self.fail_share / 2:
            return 500, {"code": "failedBefore", "message": "the element failed before it applied the task"}
        digest = blake2b(body, digest_size=16).hexdigest()
        entry = self.ledger.applied.get(key)
        if entry is None:
            attempt = headers.get(b"x-attempt", b"").decode("latin-1")
            epoch = headers.get(b"x-shard-epoch", b"").decode("latin-1")
            self.ledger.add(Applied(key, attempt, epoch, digest, self._wall_ms()))
        elif entry.digest != digest:
            return 422, {"code": "keyReused", "message": f"{key} was applied with another body"}
        else:
            self.repeated += 1
        # A repetition waits as well: the effect it repeats may not be on disk yet.
        if not await self._durable():
            return 500, {"code": "ledgerBroken", "message": "the ledger could not be written"}
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if drawn < self.fail_share:
            return 500, {"code": "failedAfter", "message": "the element failed after it applied the task"}
        return 200, _answer(key)

    async def _get(self, path: str) -> tuple[int, dict[str, Any]]:
        if path == "/status":
            counts = {
                "applied": len(self.ledger.applied),
                "requests": self.requests,
                "repeated": self.repeated,
            }
            return 200, counts
        # A key has slashes of its own, and the path before it is the caller's choice.
        rest = unquote(path).lstrip("/")
        while rest:
            if rest in self.ledger.applied:
                return (200, _answer(rest)) if await self._durable() else (500, {"code": "ledgerBroken"})
            rest = rest.partition("/")[2]
        return 404, {"code": "notFound", "message": "no such key was applied"}

    async def _durable(self) -> bool:
        try:
            await self.ledger.durable()
        except OSError as fault:
            # What memory says and what the disk says differ from here on: only a new start can tell the truth.
            self._broken(fault)
            return False
        return True


def _answer(key: str) -> dict[str, Any]:
    return {"id": f"element-{zlib.crc32(key.encode()):08x}"}


async def _body(receive: Receive) -> bytes | None:
    parts = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None  # half a body must not be applied
        part: bytes = message.get("body", b"")
        size += len(part)
        if size <= BODY_BYTES_MAX:
            parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts) if size <= BODY_BYTES_MAX else None


class _Server(uvicorn.Server):
    """Says where it listens once it does."""

    def __init__(self, config: uvicorn.Config, applied: int) -> None:
        super().__init__(config)
        self._applied = applied

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        port = sockets[0].getsockname()[1] if sockets else 0
        ready = {"ready": True, "url": f"http://127.0.0.1:{port}", "port": port, "pid": os.getpid()}
        print(json.dumps({**ready, "applied": self._applied}), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Exit code 2: the ledger is another's; 3: it could not be written."""
    parser = argparse.ArgumentParser(prog="python -m runtime.tasks.element", description="A network element.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--ledger", required=True, help="file of the applied keys, one JSON line each")
    parser.add_argument("--delay-ms", type=float, default=0, help="how long an answer takes")
    parser.add_argument("--fail-share", type=float, default=0, help="share of POSTs answered 500")
    parser.add_argument("--seed", type=int, default=0, help="which POSTs those are")
    parser.add_argument("--with-parent", action="store_true", help="die when the parent process does")
    options = parser.parse_args(arguments)
    if options.with_parent:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        ledger = Ledger(options.ledger)
    except LedgerHeld as held:
        print(held, file=sys.stderr)
        return 2
    with socket.create_server(("127.0.0.1", options.port), backlog=2_048) as listening:
        faults: list[OSError] = []

        def broken(fault: OSError) -> None:
            faults.append(fault)
            server.should_exit = True

        element = Element(
            ledger,
            delay_ms=options.delay_ms,
            fail_share=options.fail_share,
            chance=random.Random(options.seed).random,
            broken=broken,
        )
        config = uvicorn.Config(
            element, lifespan="off", log_level="warning", access_log=False, loop="uvloop", http="httptools",
            timeout_keep_alive=75,
        )  # fmt: skip
        server = _Server(config, len(ledger.applied))
        server.run(sockets=[listening])
    if faults:
        print(f"{options.ledger}: {faults[0]}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
