"""The journal on Redis or Valkey: a single server or a Redis Cluster.

One client per process. Commits, queries and followers use connections of their own, so that a long read delays no
commit. The owner of a shard calls :meth:`RedisJournal.commit` with at most one commit per shard under way.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import hiredis
from redis.crc import key_slot

from runtime.errors import JournalAway, invariant
from runtime.journal.archive import Archive
from runtime.journal.catalog_store import RedisCatalogs
from runtime.journal.contract import (
    Commit,
    Committed,
    Fenced,
    IndexQuery,
    InDoubt,
    ShardState,
    Stored,
    Verdict,
)
from runtime.journal.faults import JournalDamaged, JournalFault
from runtime.journal.follow import Follower
from runtime.journal.functions import Calls, command
from runtime.journal.keys import Keys, agreed_shards, check_namespace, coordinator_key, shards_key
from runtime.journal.nodes import Nodes, Replicas, Request, is_away
from runtime.journal.registry import Registry
from runtime.journal.verdicts import fenced, refused_owner
from runtime.journal.wire import Address, Lost, Reply
from runtime.limits import SHARDS_DEFAULT

READ_FRAMES_PER_BATCH: Final = 64
READ_BYTES_PER_BATCH: Final = 4 * 1024 * 1024
"""What a batch aims at, judged by the frames of the one before."""
TRIM_FRAMES_PER_SEGMENT: Final = 4_096
"""A segment of the archive holds at most this many frames, so that a trim's memory is bounded."""
TRIM_BYTES_PER_SEGMENT: Final = 64 * 1024 * 1024

_STATE: Final = (b"epoch", b"position", b"recovery", b"owner", b"coordinator")


class RedisJournal:
    """See :class:`runtime.journal.contract.Journal`. Made by :meth:`connect`."""

    def __init__(self, nodes: Nodes, keys: Keys, archive: Archive, replicas: int) -> None:
        self.shards = len(keys)
        self.archive = archive
        self.registry = Registry(nodes, keys.namespace)
        self._nodes = nodes
        self._keys = keys
        self._calls = Calls(keys)
        self._waitaof = Replicas.of(replicas, int(nodes.answer_timeout_s * 250)) if replicas else None
        self.catalogs = RedisCatalogs(nodes, keys.namespace, self._waitaof)
        self._follower = Follower(nodes, keys, self._from_archive)

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        shards: int | None = None,
        archive: Path,
        cluster: bool = False,
        namespace: str = "",
        replicas: int = 0,
        connect_timeout_s: float = 2.0,
        answer_timeout_s: float = 5.0,
    ) -> "RedisJournal":
        """Open the journal, or make it with ``shards`` shards (default ``SHARDS_DEFAULT``) on empty data.

        :param url: ``redis://``, ``rediss://`` or ``unix://``; with ``cluster``, of any of its nodes.
        :param archive: the folder of the archive segments; made when it is missing.
        :param namespace: lets several systems share a server.
        :param replicas: a commit is answered only once this many replicas have it on disk too (WAITAOF).
        :raises JournalAway: when the server does not answer.
        :raises ShardsDiffer: when the data was made with another number of shards.
        """
        check_namespace(namespace)
        nodes = Nodes(
            Address.of(url),
            cluster=cluster,
            connect_timeout_s=connect_timeout_s,
            answer_timeout_s=answer_timeout_s,
        )
        key = shards_key(namespace)
        slot = key_slot(key)
        made = command(b"SET", key, shards or SHARDS_DEFAULT, b"NX")
        try:
            _, recorded = _answers(
                await nodes.ask([Request(slot, made), Request(slot, command(b"GET", key))], lane="query")
            )
            number = agreed_shards(int(recorded), shards, f"the journal at {nodes.seed}")
        except BaseException:
            nodes.close()
            raise
        return cls(nodes, Keys(number, namespace), Archive(archive), replicas)

    async def acquire(self, shard: int, *, epoch: int, owner: str, coordinator: int) -> ShardState | Fenced:
        """See the contract. :raises JournalDamaged: when the shard's keys contradict each other."""
        (reply,) = await self._ask([(shard, self._calls.acquire(shard, epoch, owner, coordinator))])
        if reply[0]:
            _, epoch, position, recovery, name, above = reply
            return ShardState(shard, epoch, position, recovery, name.decode(), above)
        _, stored, position, name, above = reply
        return refused_owner(shard, epoch, coordinator, stored, position, name.decode(), above)

    async def commit(self, commits: Sequence[Commit]) -> list[Verdict]:
        """See the contract: one write per node for all commits, each answered on its own."""
        keys, pack = self._keys.shards, self._calls.commit
        requests = [Request(keys[commit.shard].slot, pack(commit)) for commit in commits]
        replies = await self._nodes.ask(requests, lane="commit", waitaof=self._waitaof)
        return [
            Committed(reply) if type(reply) is int else _refusal(commit, reply)
            for commit, reply in zip(commits, replies, strict=True)
        ]

    async def new_coordinator(self) -> int:
        """See the contract."""
        key = coordinator_key(self._keys.namespace)
        (epoch,) = _answers(
            await self._nodes.ask([Request(key_slot(key), command(b"INCR", key))], lane="query")
        )
        return int(epoch)

    async def states(self) -> list[ShardState]:
        """See the contract."""
        asked = [
            (number, command(b"HMGET", keys.shard, *_STATE)) for number, keys in enumerate(self._keys.shards)
        ]
        return [_state(number, reply) for number, reply in enumerate(await self._ask(asked))]

    async def state(self, shard: int) -> ShardState:
        """One shard's state."""
        (reply,) = await self._ask([(shard, command(b"HMGET", self._keys[shard].shard, *_STATE))])
        return _state(shard, reply)

    async def lookup(self, shard: int, groups: Sequence[str]) -> list[Stored]:
        """See the contract."""
        (found,) = await self.lookup_many([(shard, groups)])
        return found

    async def lookup_many(self, asked: Sequence[tuple[int, Sequence[str]]]) -> list[list[Stored]]:
        """See the contract."""
        calls: list[tuple[int, bytes]] = []
        for shard, groups in asked:
            if groups:
                calls.append((shard, command(b"HMGET", self._keys[shard].snapshot, *groups)))
                calls.append((shard, command(b"HMGET", self._keys[shard].ended, *groups)))
        replies = iter(await self._ask(calls))
        return [
            [Stored(*one) for one in zip(groups, next(replies), next(replies), strict=True)] if groups else []
            for _, groups in asked
        ]

    async def read(
        self, shard: int, *, after: int, up_to: int | None = None
    ) -> AsyncIterator[tuple[int, bytes]]:
        """See the contract. What is appended meanwhile is left out, except by a given ``up_to``.

        :raises BeforeHorizon: when retention has dropped the first of these frames.
        :raises JournalDamaged: when a frame is missing or does not match its checksum.
        """
        position = (await self.state(shard)).position
        last = position if up_to is None else min(up_to, position)
        count = READ_FRAMES_PER_BATCH
        while after < last:
            batch = await self._stream(shard, after + 1, last, count)
            count = _next_count(batch)
            first = batch[0][0] if batch else last + 1
            if first > after + 1:
                # The stream begins later: what is missing was moved to the archive before it left the stream.
                for entry in await self._from_archive(shard, after, first - 1):
                    yield entry
                    after = entry[0]
                if after < first - 1:
                    continue
            for entry in batch:
                yield entry
                after = entry[0]

    async def frames(self, shard: int, positions: Sequence[int]) -> list[tuple[int, bytes]]:
        """See the contract.

        :raises KeyError: for a position that never was.
        :raises BeforeHorizon: for one that retention has dropped.
        """
        key = self._keys[shard].journal
        ids = [b"%d-0" % position for position in positions]
        replies = await self._ask([(shard, command(b"XRANGE", key, one, one)) for one in ids])
        missing = [position for position, reply in zip(positions, replies, strict=True) if not reply]
        archived: dict[int, bytes] = {}
        if missing:
            end = (await self.state(shard)).position
            for position in missing:
                if not 0 < position <= end:
                    raise KeyError(f"shard {shard} has no frame {position}: it stands at {end}")
            archived = await asyncio.to_thread(self.archive.frames, shard, missing)
        return [
            (position, reply[0][1][1] if reply else archived[position])
            for position, reply in zip(positions, replies, strict=True)
        ]

    async def due(self, shard: int) -> list[tuple[str, int]]:
        """See the contract."""
        (reply,) = await self._ask([(shard, command(b"ZRANGE", self._keys[shard].due, 0, -1, b"WITHSCORES"))])
        return [
            (group.decode(), int(float(score))) for group, score in zip(reply[::2], reply[1::2], strict=True)
        ]

    async def open_groups(self, shard: int) -> list[str]:
        """See the contract; sorted."""
        (reply,) = await self._ask([(shard, command(b"SMEMBERS", self._keys[shard].open))])
        return sorted(group.decode() for group in reply)

    async def index_count(self, queries: Sequence[tuple[int, IndexQuery]]) -> list[int]:
        """See the contract."""
        return await self._ask(
            [
                (shard, command(b"ZLEXCOUNT", self._keys[shard].index, b"[" + query.low, b"(" + query.high))
                for shard, query in queries
            ]
        )

    async def index_range(
        self, queries: Sequence[tuple[int, IndexQuery]], *, limit: int, descending: bool = False
    ) -> list[list[bytes]]:
        """See the contract."""
        calls: list[tuple[int, bytes]] = []
        for shard, query in queries:
            low, high = b"[" + query.low, b"(" + query.high
            ends = (high, low, b"BYLEX", b"REV") if descending else (low, high, b"BYLEX")
            calls.append((shard, command(b"ZRANGE", self._keys[shard].index, *ends, b"LIMIT", 0, limit)))
        return await self._ask(calls)

    async def index_has(self, entries: Sequence[tuple[int, bytes]]) -> list[bool]:
        """See the contract."""
        by_shard: dict[int, list[int]] = {}
        for number, (shard, _) in enumerate(entries):
            by_shard.setdefault(shard, []).append(number)
        calls = [
            (shard, command(b"ZMSCORE", self._keys[shard].index, *(entries[number][1] for number in numbers)))
            for shard, numbers in by_shard.items()
        ]
        answers = [False] * len(entries)
        for numbers, scores in zip(by_shard.values(), await self._ask(calls), strict=True):
            for number, score in zip(numbers, scores, strict=True):
                answers[number] = score is not None
        return answers

    async def follow(self, positions: dict[int, int], *, block_ms: int) -> list[tuple[int, int, bytes]]:
        """See the contract. Up to 16 frames a shard and call; cancelling it is safe."""
        return await self._follower.follow(positions, block_ms=block_ms)

    async def trim(self, shard: int, *, epoch: int, up_to: int) -> int:
        """See the contract. A stale owner moves nothing and is answered 0.

        The segment is on disk before the stream is cut: a crash between the two leaves frames in both places, which
        readers take once.
        """
        state = await self.state(shard)
        up_to = min(up_to, state.recovery)
        if state.epoch != epoch:
            return 0
        moved = 0
        after = 0
        while batch := await self._segment(shard, after + 1, up_to):
            await asyncio.to_thread(self.archive.write, shard, batch)
            after = batch[-1][0]
            (reply,) = await self._ask([(shard, self._calls.trim(shard, epoch, after))])
            if not isinstance(reply, int):
                break
            moved += reply
        return moved

    async def durability(self) -> str:
        """What the server does on a commit: ``always``, ``everysec``, ``no``, ``memory`` (no AOF), or ``unknown``.

        :raises JournalAway: when it does not answer.
        """
        try:
            slot = self._keys[0].slot
            replies = await self._nodes.ask(
                [Request(slot, command(b"CONFIG", b"GET", name)) for name in ("appendonly", "appendfsync")],
                lane="query",
            )
            (_, append), (_, fsync) = _answers(replies)
        except (JournalFault, ValueError):
            return "unknown"
        return str(fsync.decode()) if append == b"yes" else "memory"

    async def close(self) -> None:
        """Give back connections and files."""
        self._follower.close()
        self._nodes.close()

    async def _ask(self, calls: Sequence[tuple[int, bytes]]) -> list[Reply]:
        keys = self._keys.shards
        requests = [Request(keys[shard].slot, payload) for shard, payload in calls]
        return _answers(await self._nodes.ask(requests, lane="query"))

    async def _stream(self, shard: int, first: int, last: int, count: int) -> list[tuple[int, bytes]]:
        key = self._keys[shard].journal
        (reply,) = await self._ask([(shard, command(b"XRANGE", key, first, last, b"COUNT", count))])
        return [(int(entry[:-2]), fields[1]) for entry, fields in reply]

    async def _segment(self, shard: int, first: int, last: int) -> list[tuple[int, bytes]]:
        """The next frames of the stream that make one archive segment."""
        frames: list[tuple[int, bytes]] = []
        size, count = 0, READ_FRAMES_PER_BATCH
        while first <= last and len(frames) < TRIM_FRAMES_PER_SEGMENT and size < TRIM_BYTES_PER_SEGMENT:
            batch = await self._stream(shard, first, last, count)
            if not batch:
                break
            count = min(_next_count(batch), TRIM_FRAMES_PER_SEGMENT - len(frames))
            if frames:
                invariant(
                    batch[0][0] == frames[-1][0] + 1, f"the frames of shard {shard} stand without a gap"
                )
            frames += batch
            size += sum(len(frame) for _, frame in batch)
            first = batch[-1][0] + 1
        return frames

    async def _from_archive(self, shard: int, after: int, up_to: int) -> list[tuple[int, bytes]]:
        """The first frames of a range that has left the stream; a disk is slow, so not on the event loop."""
        return await asyncio.to_thread(self.archive.read, shard, after, up_to, READ_FRAMES_PER_BATCH)


def _next_count(batch: list[tuple[int, bytes]]) -> int:
    """How many frames to ask for next, so that neither small frames cost round trips nor large ones memory."""
    size = sum(len(frame) for _, frame in batch)
    return min(1_024, max(1, READ_BYTES_PER_BATCH * len(batch) // size)) if size else READ_FRAMES_PER_BATCH


def _state(shard: int, reply: list[bytes | None]) -> ShardState:
    epoch, position, recovery, owner, coordinator = reply
    return ShardState(
        shard,
        int(epoch or 0),
        int(position or 0),
        int(recovery or 0),
        (owner or b"").decode(),
        int(coordinator or 0),
    )


def _answers(replies: list[Reply | Lost]) -> list[Reply]:
    """The replies, if all of them are answers.

    :raises JournalAway: when nothing came or the server cannot answer now.
    :raises JournalDamaged: when a function found keys that contradict each other.
    :raises JournalFault: for any other error reply.
    """
    for reply in replies:
        if isinstance(reply, Lost):
            raise JournalAway(reply.reason)
        if isinstance(reply, hiredis.ReplyError):
            text = str(reply)
            if is_away(reply):
                raise JournalAway(text)
            if text.startswith("MOVED"):
                raise JournalFault(f"the server is a node of a Redis Cluster, open it as one: {text}")
            if "DAMAGED" in text:
                raise JournalDamaged(text)
            raise JournalFault(f"the server refused a request: {text}")
    return replies


def _refusal(commit: Commit, reply: Reply | Lost) -> Verdict:
    """The verdict of a commit that was not simply done."""
    if isinstance(reply, Lost):
        return InDoubt(reply.reason)
    if isinstance(reply, list):
        return fenced(commit, *reply)
    return InDoubt(str(reply))
