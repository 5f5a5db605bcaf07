"""Whether this gateway lives, how the runtime stands, and how many of everything there should be."""

import time
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response

from gateway.bodies import read_body
from gateway.context import Authenticated, Operator, gateway_of
from gateway.json_answers import JsonAnswer
from gateway.violations import BadRequest, Violation
from runtime.cluster.autoscale import MODES, Setting

router = APIRouter(tags=["Status"])
_started = time.monotonic()


class Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Wanted numbers of processes; what is left out stays as it is."""

    hosts: int | None = None
    executors: int | None = None
    gateways: int | None = None


@router.get("/health", summary="Whether the gateway lives; needs no token")
async def health() -> Response:
    """Answers while the process answers; it asks nobody else."""
    return JsonAnswer({"status": "ok"})


@router.get("/api/v1/status", summary="Processes, shards, counters, catalog and room on disk")
async def status(
    request: Request, _: Authenticated, window: Annotated[Literal["new"] | None, Query()] = None
) -> Response:
    """The runtime as it is now; 503 while nobody can tell. `window=new` starts the cycle times anew after it."""
    runtime = gateway_of(request).runtime
    return JsonAnswer(
        {
            "catalog": runtime.catalogs.current.version,
            "freeDisk": not await runtime.full_disk(),
            "gatewayUptimeSeconds": round(time.monotonic() - _started, 3),
            **await runtime.status(new_window=window == "new"),
        }
    )


@router.post(
    "/api/v1/scale",
    summary="Change how many hosts, executors and gateways there are",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            name: {"type": "integer", "minimum": 1}
                            for name in ("hosts", "executors", "gateways")
                        },
                    },
                    "example": {"hosts": 2, "executors": 4},
                }
            },
        }
    },
)
async def scale(request: Request, _: Operator) -> Response:
    """Answers the numbers that are wanted now; shards move over while orders flow on."""
    gateway = gateway_of(request)
    body = await read_body(request, gateway.settings.body_bytes_max)
    try:
        wanted = msgspec.json.decode(body, type=Scale)
    except msgspec.DecodeError as problem:
        raise BadRequest("invalidRequest", str(problem), [Violation("", "invalid", str(problem))]) from None
    faults = [
        Violation(f"/{name}", "below-minimum", "there is at least 1 of each kind")
        for name, number in msgspec.structs.asdict(wanted).items()
        if number is not None and number < 1
    ]
    if faults:
        raise BadRequest("invalidRequest", "these numbers cannot be", faults)
    return JsonAnswer(
        await gateway.runtime.scale(hosts=wanted.hosts, executors=wanted.executors, gateways=wanted.gateways)
    )


@router.post(
    "/api/v1/autoscale",
    summary="Choose whether the numbers of hosts and executors follow the load",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "mode": {"type": "string", "enum": list(MODES)},
                            "targets": {"type": "object"},
                        },
                    },
                    "example": {"mode": "dry-run", "targets": {"hosts": [1, 4], "cycle_p99_ms": 1000}},
                }
            },
        }
    },
)
async def autoscale(request: Request, _: Operator) -> Response:
    """Answers the setting with all its targets, and what the policy advised last."""
    gateway = gateway_of(request)
    body = await read_body(request, gateway.settings.body_bytes_max)
    try:
        setting = msgspec.json.decode(body, type=Setting)
    except msgspec.DecodeError as problem:
        raise BadRequest("invalidRequest", str(problem), [Violation("", "invalid", str(problem))]) from None
    return JsonAnswer(await gateway.runtime.autoscale(setting))
