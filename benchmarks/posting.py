"""The open-loop generator's other way: one order in one POST, over connections that stay open.

Order ``n`` is due at ``start + n / rate``, as in the stream. A bounded number of posters each take the next order that
is due, so that an order which finds no poster free waits, and its latency says so. aiohttp costs some 200 µs a request:
beyond some thousand a second the generator is a large part of what two cores do, which its own CPU figure tells.
"""

import asyncio
import time
from itertools import count

import aiohttp

from benchmarks.generator import ACCEPTED, Bodies, Load, Tally
from gateway.settings import ORDERING_PATH

POST_PATH = f"{ORDERING_PATH}/productOrder"


class Posters:
    """``connections`` posters that share one sequence of orders."""

    def __init__(self, load: Load, bodies: Bodies, tally: Tally, start: float) -> None:
        self.load, self.bodies, self.tally, self.start = load, bodies, tally, start
        self._numbers = count()
        self._headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {load.token}",
        }

    async def run(self, http: aiohttp.ClientSession) -> None:
        """Post until the load's time is over."""
        await asyncio.gather(*(self._poster(http) for _ in range(self.load.connections)))

    async def _poster(self, http: aiohttp.ClientSession) -> None:
        rate, end = self.load.rate, self.start + self.load.seconds
        while True:
            number = next(self._numbers)
            now = time.monotonic()
            due = now if rate is None else self.start + number / rate
            if due >= end or now >= end:
                return
            if due > now:
                await asyncio.sleep(due - now)
            await self._post(http, number, due)

    async def _post(self, http: aiohttp.ClientSession, number: int, due: float) -> None:
        tally = self.tally
        tally.first_send = tally.first_send or time.monotonic()
        tally.sent += 1
        try:
            async with http.post(
                self.load.url + POST_PATH, data=self.bodies.line(number), headers=self._headers
            ) as response:
                await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            tally.undecided += 1
            tally.broken.append(f"{type(error).__name__}: {error}")
            return
        now = tally.last_answer = time.monotonic()
        tally.statuses[response.status] += 1
        if response.status in ACCEPTED:
            tally.latencies.add(now - due)
