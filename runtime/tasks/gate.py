"""The way in to one target: concurrency, rate, circuit breaker and what Retry-After asked for, in one queue.

Those who cannot enter at once wait: the more urgent ones ahead of those who came a while before them, never ahead of
all, so that nobody waits for ever. Only calls stand in the gate: who backs off or waits for a poll has left it.
"""

import asyncio
from heapq import heappop, heappush
from itertools import count

import structlog

from runtime.tasks.breaker import Breaker
from runtime.tasks.bucket import TokenBucket
from runtime.tasks.world import World

log = structlog.get_logger()

AHEAD_S_PER_POINT = 6.0
"""For each point of priority (0 to 100) a caller stands as if he had come so much earlier: ten minutes at most."""
WAKE_S_MIN = 0.001
"""The moment waited for may pass between two readings of the clock: the queue is looked at again, never forgotten."""


class Gate:
    """Bounds the calls to one target of one executor."""

    def __init__(
        self, name: str, *, concurrency: int, breaker: Breaker, bucket: TokenBucket | None, world: World
    ) -> None:
        self.name = name
        self.concurrency = concurrency
        self.breaker = breaker
        self.bucket = bucket
        self.inside = 0
        self._clock = world.clock
        self._paused_until = 0.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        """A heap by (when they came less what their priority is worth, number)."""
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many stand in the queue."""
        return sum(not future.done() for _, _, future in self._waiting)

    @property
    def reason(self) -> str:
        """Why callers wait, in one word: ``breakerOpen``, ``paused``, ``limited``, or nothing when they do not."""
        now = self._clock()
        if not self.breaker.closed:
            return "breakerOpen"
        if now < self._paused_until:
            return "paused"
        return "limited" if self.waiting else ""

    def enter(self) -> bool:
        """Go in at once when that is possible and nobody is waiting. Every entry ends with :meth:`leave`."""
        return not self._waiting and self._admit()

    def queue(self, priority: int = 0) -> asyncio.Future[None]:
        """Stand in the queue; the future is done on having entered. Cancel it to go away.

        :param priority: 0 to 100, as orders have it.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place = self._clock() - AHEAD_S_PER_POINT * priority
        heappush(self._waiting, (place, next(self._numbers), future))
        self._let_in()
        return future

    def leave(self, worked: bool | None) -> None:
        """A call is over. ``worked``: whether the target answered as one that works; None when nobody knows."""
        self.inside -= 1
        breaker = self.breaker
        if worked:
            if not breaker.closed:
                log.info("target works again", target=self.name)
            breaker.succeeded()
        elif worked is None:
            breaker.abandoned()
        else:
            was_closed = breaker.closed
            breaker.failed(self._clock())
            if was_closed and not breaker.closed:
                log.warning("target left alone", target=self.name, seconds=breaker.open_s)
        if self._waiting:
            self._let_in()

    def pause(self, seconds: float) -> None:
        """Let nobody in for a while: the target asked for it."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def close(self) -> None:
        """Send everybody away."""
        for _, _, future in self._waiting:
            future.cancel()
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _admit(self) -> bool:
        if self.inside >= self.concurrency:
            return False
        breaker, bucket = self.breaker, self.bucket
        if self._paused_until or bucket is not None or not breaker.closed:
            now = self._clock()
            if now < self._paused_until:
                return False
            self._paused_until = 0.0
            # The bucket is asked before the breaker: a probe that is allowed must also go.
            if bucket is not None and bucket.delay(now) > 0:
                return False
            if not breaker.enter(now):
                return False
            if bucket is not None:
                bucket.take(now)
        self.inside += 1
        return True

    def _let_in(self) -> None:
        waiting = self._waiting
        while waiting:
            if waiting[0][2].done():
                heappop(waiting)
            elif self._admit():
                heappop(waiting)[2].set_result(None)
            else:
                break
        if waiting and self.inside < self.concurrency:
            self._wake_later()

    def _wake_later(self) -> None:
        now = self._clock()
        delay = max(self._paused_until - now, self.breaker.delay(now))
        if self.bucket is not None:
            delay = max(delay, self.bucket.delay(now))
        if delay <= 0 and self.breaker.probing:
            return  # the probe lets the next in when it leaves
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(max(delay, WAKE_S_MIN), self._let_in)
