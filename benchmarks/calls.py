"""What a call between two processes costs them, through Ray and over a channel: CPU of both, and latency.

Two Ray actors, one of which calls the other at a rate, once by Ray's own calls and once over
:mod:`runtime.cluster.channel`. Bodies are bytes either way.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import ray

from benchmarks.latencies import Latencies
from benchmarks.machine import circumstances
from benchmarks.ray_alone import actor, start_ray
from runtime.cluster.channel import Address, ChannelServer, channel_to

RATES: Final = (20.0, 100.0, 300.0, 1_000.0)
BODY_BYTES: Final = 2_000
CONCURRENT_CALLS: Final = 1_000

Say = Callable[[str], None]


class Callee:
    """Answers what it is sent."""

    def __init__(self) -> None:
        self._server = ChannelServer({"echo": self._echo})

    async def start(self) -> None:
        """Listen."""
        await self._server.start("127.0.0.1")

    async def address(self) -> Address:
        """See :class:`runtime.cluster.channel.ChannelServer`."""
        return self._server.address

    async def echo(self, body: bytes) -> bytes:
        """By a call of Ray's."""
        return body

    async def _echo(self, _: str, body: bytes) -> bytes:
        return body

    async def cpu_s(self) -> float:
        """CPU time of this process so far."""
        return time.process_time()


class Caller:
    """Calls at a rate, whether or not answers keep up."""

    def __init__(self, callee: Any) -> None:
        self._callee = callee
        self._channel = channel_to(callee, "caller")

    async def measure(self, way: str, rate: float, seconds: float, body_bytes: int) -> dict[str, Any]:
        """Call for so many seconds; microseconds of CPU a call for both, milliseconds of latency."""
        body = bytes(body_bytes)
        latencies = Latencies()
        call = self._by_ray if way == "ray" else self._by_channel
        await call(body)  # what a first call makes is no call's cost
        here, there = time.process_time(), await self._callee.cpu_s.remote()
        calls = int(rate * seconds)
        clock = asyncio.get_running_loop().time
        start = clock()
        under_way = []
        for number in range(calls):
            await asyncio.sleep(max(0.0, start + number / rate - clock()))
            under_way.append(asyncio.create_task(_timed(call, body, latencies)))
        await asyncio.gather(*under_way)
        here, there = time.process_time() - here, await self._callee.cpu_s.remote() - there
        return {
            "rate": rate,
            "calls": calls,
            "caller_us": round(here / calls * 1e6),
            "callee_us": round(there / calls * 1e6),
            "latency_ms": latencies.percentiles_ms(),
        }

    async def _by_ray(self, body: bytes) -> None:
        await self._callee.echo.remote(body)

    async def _by_channel(self, body: bytes) -> None:
        await self._channel.call("echo", body)


async def _timed(call: Callable[[bytes], Awaitable[None]], body: bytes, latencies: Latencies) -> None:
    began = time.perf_counter()  # the loop's own clock counts whole milliseconds
    await call(body)
    latencies.add(time.perf_counter() - began)


def calls_compared(rates: Sequence[float], seconds: float, body_bytes: int, say: Say) -> dict[str, Any]:
    """Both ways at each rate, one after the other in one run.

    :param seconds: how long to call at each rate.
    """
    found = circumstances()
    start_ray(log_to_driver=False)
    try:
        callee = actor(Callee, max_concurrency=CONCURRENT_CALLS).remote()
        ray.get(callee.start.remote())
        caller = actor(Caller, max_concurrency=CONCURRENT_CALLS).remote(callee)
        ways: dict[str, list[dict[str, Any]]] = {"ray": [], "channel": []}
        for rate in rates:
            for way, measured in ways.items():
                say(f"{way} at {rate:g} calls/s")
                measured.append(ray.get(caller.measure.remote(way, rate, seconds, body_bytes)))
    finally:
        ray.shutdown()
    return {"kind": "calls", "body_bytes": body_bytes, "seconds": seconds, "calls": ways, **found}
