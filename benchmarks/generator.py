"""The open-loop generator: TMF622 orders over HTTP at a fixed rate, in a process of its own.

Open loop: order ``n`` is due at ``start + n / rate`` whether or not the system keeps up, and its latency counts from
that instant, so a stall shows in the percentiles instead of slowing the questions. Unanswered orders are bounded; an
order that waits for the bound keeps its due time. Without a rate the bound alone paces: as fast as answers come.

::

    ORDERLOOM_TOKEN=... python -m benchmarks.generator --url URL --shape b6 --seconds 30 [--rate 1000] [--by post]

Prints JSON lines: ``{"progress": {...}}`` twice a second with the longest latency since the line before,
``{"result": {...}}`` at the end. Times in the result are
seconds of the machine's monotonic clock, latencies milliseconds. Cost: some 10 to 40 µs an order, because bodies are
encoded before the start and only the external id is patched in, and answers are decoded a chunk at a time.
"""

import argparse
import asyncio
import gc
import math
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal, get_args

import aiohttp
import msgspec

from benchmarks.latencies import Latencies
from benchmarks.shapes import SHAPES, Shape, order_lines
from runtime.limits import STREAM_UNANSWERED_LINES_MAX

STREAM_PATH = "/stream/v1/productOrder"
TOKEN_VARIABLE = "ORDERLOOM_TOKEN"
TICK_S = 0.004
"""How often a connection looks for orders that are due; half of it is the mean delay the generator itself adds."""
CHUNK_LINES_MAX = 256
CHUNK_BYTES_MAX = 1024 * 1024
POOL_BYTES_MAX = 8 * 1024 * 1024
POOL_ORDERS_MAX = 256
PROGRESS_INTERVAL_S = 0.5
ANSWER_TIMEOUT_S = 60.0
"""How long to wait for an answer when none comes at all, before what is unanswered counts as undecided."""
RECONNECT_S = 0.2
ACCEPTED = frozenset({200, 201})

Way = Literal["stream", "post"]
"""How orders are sent: NDJSON lines of a stream, or each in a POST of its own (:mod:`benchmarks.posting`)."""
WAYS: tuple[Way, ...] = get_args(Way)


class Answer(msgspec.Struct):
    """What the generator reads of an answer line: which line it answers (from 1), and how."""

    line: int
    status: int


@dataclass(frozen=True)
class Load:
    """What to send: ``rate`` in orders/s over all connections, None for as fast as answers come.

    ``unanswered`` bounds each stream, as the gateway does; a connection that posts has one unanswered order.
    """

    url: str
    shape: Shape
    seconds: float
    rate: float | None = None
    connections: int = 2
    unanswered: int = STREAM_UNANSWERED_LINES_MAX
    seed: int = 0
    salt: str = ""
    token: str = ""
    by: Way = "stream"
    count: int | None = None
    """Orders at most over all streams; None for as many as the time allows."""


@dataclass
class Tally:
    """What happened so far. ``undecided``: sent on a connection that broke before the answer came."""

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    undecided: int = 0
    broken: list[str] = field(default_factory=list)
    latencies: Latencies = field(default_factory=Latencies)
    first_send: float = 0.0
    last_answer: float = 0.0
    cpu_before: float = field(default_factory=time.process_time)

    def progress(self) -> dict[str, Any]:
        """The figures that a display follows while the load runs."""
        answered = sum(self.statuses.values())
        accepted = sum(self.statuses[status] for status in ACCEPTED)
        return {"sent": self.sent, "answered": answered, "accepted": accepted}

    def result(self, load: Load) -> dict[str, Any]:
        """Everything the run needs to know, as plain JSON."""
        offered = None if load.rate is None else int(load.rate * load.seconds)
        return {
            **self.progress(),
            "offered": offered,
            "statuses": {str(status): n for status, n in sorted(self.statuses.items())},
            "undecided": self.undecided,
            "broken": self.broken[:5],
            "accept_ms": self.latencies.percentiles_ms(),
            "first_send": self.first_send,
            "last_answer": self.last_answer,
            "cpu_seconds": round(time.process_time() - self.cpu_before, 3),
        }


class Bodies:
    """Order lines at a few hundred nanoseconds each: a pool encoded once, the external id patched into its bytes."""

    def __init__(self, load: Load) -> None:
        marker = b'{"externalId":"'
        self._prefix = marker + f"{load.salt}{load.shape}-{load.seed}-".encode()
        self._tails: list[bytes] = []
        size = 0
        for line in order_lines(load.shape, POOL_ORDERS_MAX, load.seed):
            if not line.startswith(marker):
                raise ValueError(f"shape {load.shape} does not begin with its externalId")
            self._tails.append(line[line.index(b'"', len(marker)) :])
            size += len(line)
            if size > POOL_BYTES_MAX:
                break
        self.bytes_each = size // len(self._tails)

    def line(self, number: int) -> bytes:
        """Order ``number`` of the load, different from every other one in its external id."""
        return b"%b%d%b" % (self._prefix, number, self._tails[number % len(self._tails)])


class Connection:
    """One stream of the load: every ``connections``-th order, paced, its answers matched by line number."""

    def __init__(self, load: Load, index: int, bodies: Bodies, tally: Tally, start: float) -> None:
        self.load, self.bodies, self.tally, self.start = load, bodies, tally, start
        self.numbers: Iterator[int] = count(index, load.connections)
        self.left = math.inf if load.count is None else len(range(index, load.count, load.connections))
        self.interval = None if load.rate is None else load.connections / load.rate
        self.offset = 0.0 if load.rate is None else index / load.rate
        self.paced = 0
        self.lines_max = max(1, min(CHUNK_LINES_MAX, CHUNK_BYTES_MAX // bodies.bytes_each))
        self.due: dict[int, float] = {}
        self.answered = asyncio.Event()

    async def run(self, http: aiohttp.ClientSession) -> None:
        """Stream until the load's time or orders are over; a broken connection is counted and made anew."""
        while time.monotonic() < self.start + self.load.seconds and self.left:
            self.due.clear()
            try:
                async with http.post(
                    self.load.url + STREAM_PATH,
                    data=self._lines(),
                    headers={
                        "Content-Type": "application/x-ndjson",
                        "Authorization": f"Bearer {self.load.token}",
                    },
                ) as response:
                    if response.status >= 400:
                        raise ConnectionError(f"HTTP {response.status}: {(await response.text())[:200]}")
                    await self._answers(response)
                if self.due:
                    raise ConnectionError("the answer ended before every line was answered")
            except (aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError) as error:
                self.tally.undecided += len(self.due)
                self.tally.broken.append(f"{type(error).__name__}: {error}")
                await asyncio.sleep(RECONNECT_S)

    async def _lines(self) -> AsyncIterator[bytes]:
        end, line = self.start + self.load.seconds, 1
        while (now := time.monotonic()) < end and self.left:
            room = int(min(self.load.unanswered - len(self.due), self.lines_max, self.left))
            if self.interval is not None:
                room = min(room, int((now - self.start - self.offset) / self.interval) + 1 - self.paced)
            if room > 0:
                self.tally.first_send = self.tally.first_send or now
                chunk = []
                for _ in range(room):
                    chunk.append(self.bodies.line(next(self.numbers)))
                    self.due[line] = now if self.interval is None else self._due_at(self.paced)
                    line += 1
                    self.paced += 1
                self.tally.sent += room
                self.left -= room
                yield b"".join(chunk)
                if self.interval is None:
                    continue
            await self._wait(now, end)

    def _due_at(self, number: int) -> float:
        return self.start + self.offset + number * (self.interval or 0.0)

    async def _wait(self, now: float, end: float) -> None:
        """Until the next order is due or, with the bound reached, an answer has come."""
        if len(self.due) >= self.load.unanswered or self.interval is None:
            self.answered.clear()
            try:
                await asyncio.wait_for(self.answered.wait(), max(0.0, end - now))
            except TimeoutError:
                return
            if self.interval is None:
                return
        await asyncio.sleep(min(max(TICK_S, self._due_at(self.paced) - now), max(0.0, end - now)))

    async def _answers(self, response: aiohttp.ClientResponse) -> None:
        decode = msgspec.json.Decoder(Answer).decode_lines
        due, statuses, latencies, rest = self.due, self.tally.statuses, self.tally.latencies, b""
        async for chunk in response.content.iter_any():
            whole, end, rest = (rest + chunk).rpartition(b"\n")
            if not end:
                continue
            now = time.monotonic()
            for answer in decode(whole):
                since = due.pop(answer.line, None)
                if since is None:
                    raise ConnectionError(f"line {answer.line} was answered twice, or never sent")
                statuses[answer.status] += 1
                if answer.status in ACCEPTED:
                    latencies.add(now - since)
            self.tally.last_answer = now
            self.answered.set()


async def generate(load: Load) -> dict[str, Any]:
    """Run the load to its end, printing progress; gives the result."""
    bodies = Bodies(load)
    gc.collect()
    gc.freeze()
    tally = Tally()
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=ANSWER_TIMEOUT_S)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as http:
        start = time.monotonic()
        showing = asyncio.create_task(_show(tally))
        try:
            if load.by == "post":
                from benchmarks.posting import Posters

                await Posters(load, bodies, tally, start).run(http)
            else:
                streams = [Connection(load, each, bodies, tally, start) for each in range(load.connections)]
                await asyncio.gather(*(each.run(http) for each in streams))
        finally:
            showing.cancel()
    return tally.result(load)


async def _show(tally: Tally) -> None:
    while True:
        await asyncio.sleep(PROGRESS_INTERVAL_S)
        _say({"progress": {**tally.progress(), "longest_ms": tally.latencies.longest_ms()}})


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


def arguments(load: Load) -> list[str]:
    """The command line that gives this load to another process; the token goes by environment, never by argument."""
    named = {
        "url": load.url,
        "shape": load.shape,
        "seconds": load.seconds,
        "rate": load.rate,
        "connections": load.connections,
        "unanswered": load.unanswered,
        "seed": load.seed,
        "salt": load.salt,
        "by": load.by,
        "count": load.count,
    }
    return [f"--{name}={value}" for name, value in named.items() if value is not None]


def main() -> None:
    """The process: reads its load from the command line."""
    import uvloop

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.generator", description="open-loop order generator"
    )
    parser.add_argument("--url", required=True)
    parser.add_argument("--shape", required=True, choices=SHAPES)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--connections", type=int, default=Load.connections)
    parser.add_argument("--unanswered", type=int, default=Load.unanswered)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--salt", default="")
    parser.add_argument("--count", type=int)
    parser.add_argument("--by", choices=WAYS, default=Load.by)
    load = Load(token=os.environ.get(TOKEN_VARIABLE, ""), **vars(parser.parse_args()))
    _say({"result": uvloop.run(generate(load))})


if __name__ == "__main__":
    main()
