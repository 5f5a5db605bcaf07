"""Events of all orders for many readers: one follower at the live edge, and a careful way from the past to it.

Life of a subscription: *catching up* reads frames by itself until it is near the edge; then it *attaches* and notes, in
the same step, where the edge stands; it reads up to exactly there, and everything behind comes from its queue. So
there is no gap and no repetition. A subscriber whose queue is full is told so and closed; it comes back with the id of
the last event it saw.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Final

import msgspec
import structlog

from gateway.event_position import EventPosition, event_id, head_of
from gateway.settings import GatewaySettings
from gateway.tmf.order_events import OrderNotice, notices_of
from gateway.violations import BadRequest
from runtime.errors import OrderloomError
from runtime.port import Runtime

log = structlog.get_logger(__name__)

BLOCK_MS: Final = 1_000
"""How long the follower waits for a frame before it looks again whether anyone still listens."""
EMPTY_PAUSE_S: Final = 0.01
"""A journal that answers an empty follow at once must not be asked without a pause."""
RETRY_S: Final = 1.0
"""Pause before the journal is asked again after it was away."""
ATTACH_LAG_FRAMES_MAX: Final = 64
SUBSCRIBER_BYTES_MAX: Final = 32 * 1024 * 1024


class Batch(msgspec.Struct, frozen=True):
    """The events of one frame. ``head`` is where a reader stood before the frame."""

    shard: int
    position: int
    head: str
    notices: list[OrderNotice]
    size: int = 0
    """Bytes of all events."""


class Closed(msgspec.Struct, frozen=True):
    """The end of a subscription, and why."""

    code: str
    reason: str


class Waiting(msgspec.Struct, frozen=True):
    """Nothing has happened for a while; ``id`` is the event id of where the subscription stands."""

    id: str


Item = Batch | Waiting | Closed


class _Subscriber:
    """A bounded queue between the follower and one reader."""

    def __init__(self, frames_max: int) -> None:
        self._frames_max = frames_max
        self._queue: deque[Batch] = deque()
        self._size = 0
        self._arrived = asyncio.Event()
        self.closed: Closed | None = None

    def put(self, batch: Batch) -> None:
        if self.closed is not None:
            return
        self._size += batch.size
        if len(self._queue) >= self._frames_max or self._size > max(SUBSCRIBER_BYTES_MAX, batch.size):
            self.close(
                Closed("slowSubscriber", "events were not read fast enough: connect again with Last-Event-ID")
            )
            return
        self._queue.append(batch)
        self._arrived.set()

    def close(self, why: Closed) -> None:
        self.closed = why
        self._queue.clear()
        self._arrived.set()

    async def get(self, timeout_s: float) -> Batch | Closed | None:
        """The next frame, the end, or None when nothing came in time."""
        if not self._queue and self.closed is None:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), timeout_s)
            except TimeoutError:
                return None
        if self.closed is not None:
            return self.closed
        batch = self._queue.popleft()
        self._size -= batch.size
        return batch


class EventHub:
    """Follows the journal while anyone listens."""

    def __init__(self, runtime: Runtime, settings: GatewaySettings) -> None:
        self._runtime = runtime
        self._settings = settings
        self._edge: list[int] = []
        self._subscribers: set[_Subscriber] = set()
        self._readers = 0
        self._following: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    async def positions(self) -> tuple[int, ...]:
        """Where every shard stands now (:raises JournalAway:)."""
        return tuple(state.position for state in await self._runtime.journal.states())

    async def check(self, place: EventPosition) -> None:
        """Refuse a place that this journal has never reached (:raises BadRequest: :raises JournalAway:)."""
        if not _reached(_least(place), await self.positions()):
            reason = "Last-Event-ID lies beyond this journal: it comes from another one"
            raise BadRequest("badEventId", reason)

    async def subscribe(self, start: EventPosition) -> AsyncGenerator[Item]:
        """Every frame's events behind ``start``, for ever; ends after a :class:`Closed`."""
        self._readers += 1
        subscriber = _Subscriber(self._settings.subscriber_frames_max)
        at = list(start.positions)
        done = {start.shard: start.done} if start.done else {}
        try:
            async for item in self._catch_up(subscriber, start, at, done):
                yield item
            while True:
                got = await subscriber.get(self._settings.heartbeat_s)
                if isinstance(got, Closed):
                    yield got
                    return
                if got is None:
                    yield Waiting(_standing(at, done))
                else:
                    at[got.shard] = got.position
                    yield _rest(got, done)
        finally:
            self._readers -= 1
            self._subscribers.discard(subscriber)

    async def close(self) -> None:
        """End every subscription, telling why."""
        for subscriber in self._subscribers:
            subscriber.close(Closed("shutdown", "this gateway stops: connect again with Last-Event-ID"))
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def _catch_up(
        self, subscriber: _Subscriber, start: EventPosition, at: list[int], done: dict[int, int]
    ) -> AsyncIterator[Batch | Waiting]:
        """Read until the edge is near, attach, and read what is left up to where the edge then stood.

        The frame that is half read comes first: ids of what another shard tells could not say how far it was read.
        """
        attached = False
        least = _least(start)
        while True:
            try:
                await self._follow_on()
                target = tuple(self._edge)
                if not _reached(least, target):
                    # The reader comes from another gateway, which was further: what it has seen must not come again.
                    await asyncio.sleep(EMPTY_PAUSE_S)
                    continue
                lag = sum(target) - sum(at)
                if not attached and lag <= ATTACH_LAG_FRAMES_MAX:
                    # No await between reading the edge and attaching: from this edge on the queue has everything.
                    self._subscribers.add(subscriber)
                    attached, final = True, target
                async for batch in self._frames(at, final if attached else target, start.shard):
                    yield _rest(batch, done)
                if attached:
                    return
            except OrderloomError as away:
                log.warning("events wait for the journal", reason=str(away))
                yield Waiting(_standing(at, done))
                await asyncio.sleep(RETRY_S)

    async def _frames(self, at: list[int], target: tuple[int, ...], first: int) -> AsyncIterator[Batch]:
        for shard in sorted(range(len(target)), key=first.__ne__):
            up_to = target[shard]
            if at[shard] >= up_to:
                continue
            async for position, frame in self._runtime.journal.read(shard, after=at[shard], up_to=up_to):
                batch = self._batch(at, shard, position, frame)
                at[shard] = position
                yield batch

    async def _follow_on(self) -> None:
        """Have the follower running, with a known edge."""
        async with self._starting:
            if self._following is None or self._following.done():
                self._edge = list(await self.positions())
                self._following = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        edge = self._edge
        try:
            while self._readers:
                try:
                    frames = await self._runtime.journal.follow(dict(enumerate(edge)), block_ms=BLOCK_MS)
                except OrderloomError as away:
                    log.warning("the event follower waits for the journal", reason=str(away))
                    await asyncio.sleep(RETRY_S)
                    continue
                for shard, position, frame in frames:
                    batch = self._batch(edge, shard, position, frame)
                    edge[shard] = position
                    for subscriber in tuple(self._subscribers):
                        subscriber.put(batch)
                await asyncio.sleep(0 if frames else EMPTY_PAUSE_S)
        except Exception:
            log.exception("the event follower failed")
        finally:
            for subscriber in self._subscribers:
                subscriber.close(
                    Closed("internalError", "events were interrupted: connect again with Last-Event-ID")
                )
            self._subscribers.clear()

    def _batch(self, at: list[int], shard: int, position: int, frame: bytes) -> Batch:
        notices = notices_of(shard, position, frame, self._settings.href)
        head = head_of(at) if notices else ""
        return Batch(shard, position, head, notices, sum(len(notice.body) for notice in notices))


def _least(place: EventPosition) -> tuple[int, ...]:
    """How far a journal must have come to know of a place."""
    return tuple(
        position + (shard == place.shard and place.done > 0) for shard, position in enumerate(place.positions)
    )


def _reached(least: Sequence[int], edge: Sequence[int]) -> bool:
    return all(reached >= asked for asked, reached in zip(least, edge, strict=True))


def _standing(at: Sequence[int], done: dict[int, int]) -> str:
    """The event id of where a reader stands."""
    shard, read = next(iter(done.items()), (0, 0))
    return event_id(head_of(at), shard, read)


def _rest(batch: Batch, done: dict[int, int]) -> Batch:
    """The batch without the events that the subscriber had before it broke off within this frame."""
    skip = done.pop(batch.shard, 0)
    if not skip:
        return batch
    return Batch(batch.shard, batch.position, batch.head, batch.notices[skip:], batch.size)


def identified(batch: Batch, notice: OrderNotice) -> str:
    """The event id of one event of a batch."""
    return event_id(batch.head, batch.shard, notice.number)
