"""Whether this gateway lives, and where the journal stands."""

import time

from fastapi import APIRouter, Request, Response

from gateway.context import Authenticated, gateway_of
from gateway.json_answers import JsonAnswer

router = APIRouter(tags=["Status"])
_started = time.monotonic()


@router.get("/health", summary="Whether the gateway lives; needs no token")
async def health() -> Response:
    """Answers while the process answers; it asks nobody else."""
    return JsonAnswer({"status": "ok"})


@router.get("/api/v1/status", summary="Shards, positions, catalog and room on disk")
async def status(request: Request, _: Authenticated) -> Response:
    """What the journal knows of every shard; 503 while it does not answer."""
    gateway = gateway_of(request)
    runtime = gateway.runtime
    return JsonAnswer(
        {
            "uptimeSeconds": round(time.monotonic() - _started, 3),
            "catalog": runtime.catalogs.current.version,
            "freeDisk": await runtime.free_disk(),
            "shards": await runtime.journal.states(),
        }
    )
