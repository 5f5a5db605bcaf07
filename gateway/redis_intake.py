"""Orders in, from a Redis stream: a consumer of a group, for integrations that already speak Redis.

An entry's field ``order`` holds a TMF622 order as JSON, an optional field ``idempotencyKey`` its key; without one the
entry's own place (stream and id) is the key, so that an entry delivered twice finds the order it made. An entry is
acknowledged after its order is on disk. What can never become an order goes to ``<stream>:refused`` with the TMF error,
for an operator, and is acknowledged too. Entries of a consumer that died are claimed after a while.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError, ResponseError

from actors.messages import Accepted, AnyReply, KeyConflict
from gateway.auth import Principal
from gateway.bodies import too_large
from gateway.conflict import met_again
from gateway.door import Admitted, Door
from gateway.entering import entering
from gateway.installed_reads import InstalledReads
from gateway.json_answers import encode
from gateway.reception import Reception
from gateway.tmf.errors import Error, error_of
from gateway.tmf.product_ordering import refusal
from gateway.violations import BadRequest, Violation
from runtime.errors import OrderloomError
from runtime.limits import LINE_BYTES_MAX, RETRY_AFTER_S
from runtime.port import Runtime

log = structlog.get_logger(__name__)

BLOCK_MS: Final = 1_000
CLAIM_IDLE_MS: Final = 30_000
"""How long another consumer may leave an entry unacknowledged before it is taken over."""
REFUSED_SUFFIX: Final = ":refused"

Entry = tuple[bytes, dict[bytes, bytes] | None]
"""(id, fields); the fields of an entry that was deleted meanwhile are None."""


class IntakeCounts(msgspec.Struct):
    """What a consumer has done since it started."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    repeated: int = 0
    """Attempts that found the runtime busy or away and were made again."""


class RedisIntake:
    """One consumer of one stream. Several, under different names, share the stream's entries."""

    def __init__(
        self,
        client: "redis.Redis",
        runtime: Runtime,
        principal: Principal,
        *,
        stream: str,
        group: str,
        consumer: str,
        unanswered_max: int = 256,
        claim_idle_ms: int = CLAIM_IDLE_MS,
        block_ms: int = BLOCK_MS,
    ) -> None:
        self._client: Any = client
        self._runtime = runtime
        self._reception = Reception(Door(runtime), InstalledReads(runtime))
        self._principal = principal
        self._stream = stream
        self._group = group
        self._consumer = consumer
        self._unanswered_max = unanswered_max
        self._claim_idle_ms = claim_idle_ms
        self._block_ms = block_ms
        self.counts = IntakeCounts()

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop`` is set; what is under way then is finished. The journal or Redis away: wait, go on.

        :raises redis.exceptions.ResponseError: the key holds something that is no stream.
        """
        await self._repeated(self._join, stop)
        claimed_at = float("-inf")
        clock = asyncio.get_running_loop().time
        while not stop.is_set():
            try:
                entries: list[Entry] = []
                if clock() - claimed_at >= self._claim_idle_ms / 1000:
                    entries = await self._claim()
                    if not entries:
                        claimed_at = clock()
                entries = entries or await self._next()
                if entries:
                    await self._take(entries, stop)
            except ResponseError as fault:
                if "NOGROUP" not in str(fault):
                    raise
                await self._repeated(self._join, stop)
            except (RedisError, OSError) as away:
                log.warning("the intake waits for Redis", reason=str(away))
                await _pause(stop)

    async def _repeated(self, step: Any, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await step()
                return
            except ResponseError:
                raise
            except (RedisError, OSError) as away:
                log.warning("the intake waits for Redis", reason=str(away))
                await _pause(stop)

    async def _join(self) -> None:
        try:
            await self._client.xgroup_create(self._stream, self._group, id="0", mkstream=True)
        except ResponseError as fault:
            if "BUSYGROUP" not in str(fault):
                raise

    async def _claim(self) -> list[Entry]:
        """Entries that another consumer, or an earlier life of this one, left behind."""
        answer = await self._client.xautoclaim(
            self._stream, self._group, self._consumer, self._claim_idle_ms, "0-0", count=self._unanswered_max
        )
        return list(answer[1])

    async def _next(self) -> list[Entry]:
        answer = await self._client.xreadgroup(
            self._group, self._consumer, {self._stream: ">"}, count=self._unanswered_max, block=self._block_ms
        )
        if not answer:
            return []
        streams = answer.values() if isinstance(answer, dict) else [entries for _, entries in answer]
        return [entry for entries in streams for entry in _flat(entries)]

    async def _take(self, entries: Sequence[Entry], stop: asyncio.Event) -> None:
        """Bring a batch in; what is decided is acknowledged together, what is not stays pending."""
        outcomes = await asyncio.gather(*(self._one(id_, fields or {}, stop) for id_, fields in entries))
        decided = [id_ for (id_, _), outcome in zip(entries, outcomes, strict=True) if outcome is not None]
        refused = [
            (id_, fields or {}, outcome)
            for (id_, fields), outcome in zip(entries, outcomes, strict=True)
            if isinstance(outcome, Error)
        ]
        if not decided:
            return
        # The dead letters and the acknowledgements are one transaction: no entry is lost between them.
        async with self._client.pipeline(transaction=True) as pipe:
            for id_, fields, problem in refused:
                letter = {**fields, b"id": id_, b"error": encode(problem)}
                pipe.xadd(self._stream + REFUSED_SUFFIX, letter)
            pipe.xack(self._stream, self._group, *decided)
            await pipe.execute()
        self.counts.refused += len(refused)

    async def _one(
        self, id_: bytes, fields: dict[bytes, bytes], stop: asyncio.Event
    ) -> AnyReply | Error | None:
        """The reply, or the error of what can never become an order, or None: stopped before it was decided."""
        admitted: Admitted | None = None
        while not stop.is_set():
            try:
                admitted = admitted or await self._admit(id_, fields)
                message = await entering(self._runtime, self._principal, admitted.order, admitted.message)
                reply = await self._runtime.send(admitted.order, message)
                if isinstance(reply, KeyConflict):
                    met = await met_again(self._runtime, reply.order, admitted.message.document)
                    return met if isinstance(met, Error) else self._judged(met)
            except BadRequest as problem:
                return error_of(problem)[1]
            except OrderloomError as problem:
                if not problem.retry:
                    return error_of(problem)[1]
                self.counts.repeated += 1
                await _pause(stop)
                continue
            return self._judged(reply)
        return None

    def _judged(self, reply: AnyReply) -> AnyReply | Error:
        if isinstance(reply, Accepted):
            if reply.duplicate:
                self.counts.duplicates += 1
            else:
                self.counts.accepted += 1
            return reply
        return error_of(refusal(reply))[1]

    async def _admit(self, id_: bytes, fields: dict[bytes, bytes]) -> Admitted:
        raw = fields.get(b"order")
        if raw is None:
            message = "the entry has no field `order`"
            raise BadRequest("malformedEntry", message, [Violation("/order", "missing", message)])
        if len(raw) > LINE_BYTES_MAX:
            raise too_large(LINE_BYTES_MAX)
        given = fields.get(b"idempotencyKey")
        try:
            key = given.decode() if given is not None else f"redis:{self._stream}:{id_.decode()}"
        except UnicodeDecodeError:
            message = "the idempotency key is no UTF-8 text"
            raise BadRequest(
                "malformedEntry", message, [Violation("/idempotencyKey", "wrong-type", message)]
            ) from None
        order = self._reception.door.read(raw)
        return await self._reception.admit(order, self._principal, key, raw=raw)


def _flat(entries: Any) -> list[Entry]:
    """Entries as redis-py gives them, whether or not it wrapped them once more (RESP3)."""
    if entries and isinstance(entries[0], list):
        return [entry for part in entries for entry in part]
    return list(entries)


async def _pause(stop: asyncio.Event) -> None:
    """Wait before repeating, or until it is time to stop."""
    try:
        await asyncio.wait_for(stop.wait(), RETRY_AFTER_S)
    except TimeoutError:
        return
