"""Waiting for new frames of many shards.

On a single server one blocking XREAD waits for all shards. In a cluster their streams lie in different slots, which
no single command may name: there the shards are asked in turns of ``POLL_MS``.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import hiredis

from runtime.errors import JournalAway
from runtime.journal.functions import command
from runtime.journal.keys import Keys
from runtime.journal.nodes import Nodes, Request
from runtime.journal.wire import Lost, Reply, Wire

FOLLOW_FRAMES_PER_SHARD: Final = 16
POLL_MS: Final = 25

FromArchive = Callable[[int, int, int], Awaitable[list[tuple[int, bytes]]]]
"""(shard, after, up to) -> the first frames of that range, from the archive."""


class Follower:
    """Reads on from given positions. Several followers may wait at once, each on a connection of its own."""

    def __init__(self, nodes: Nodes, keys: Keys, from_archive: FromArchive) -> None:
        self._nodes = nodes
        self._keys = keys
        self._from_archive = from_archive
        self._idle: list[Wire] = []

    async def follow(self, positions: dict[int, int], *, block_ms: int) -> list[tuple[int, int, bytes]]:
        """Frames after the positions, waiting up to ``block_ms`` for the first (:raises JournalAway:)."""
        if not positions:
            await asyncio.sleep(block_ms / 1000)
            return []
        loop = asyncio.get_running_loop()
        end = loop.time() + block_ms / 1000
        while True:
            found = await self._look(positions)
            left_ms = int((end - loop.time()) * 1000)
            if found or left_ms <= 0:
                return found
            if self._nodes.cluster:
                await asyncio.sleep(min(POLL_MS, left_ms) / 1000)
            else:
                await self._wait(positions, left_ms)

    def close(self) -> None:
        """Break the waiting connections."""
        for wire in self._idle:
            wire.abort("the journal was closed")
        self._idle.clear()

    async def _look(self, positions: dict[int, int]) -> list[tuple[int, int, bytes]]:
        requests: list[Request] = []
        for shard, after in positions.items():
            keys = self._keys[shard]
            # The position is asked for first: frames that arrive between the two are no gap.
            requests.append(Request(keys.slot, command(b"HGET", keys.shard, b"position")))
            entries = command(b"XRANGE", keys.journal, after + 1, b"+", b"COUNT", FOLLOW_FRAMES_PER_SHARD)
            requests.append(Request(keys.slot, entries))
        replies = await self._nodes.ask(requests, lane="follow")
        found: list[tuple[int, int, bytes]] = []
        for number, (shard, after) in enumerate(positions.items()):
            end, entries = _answer(replies[2 * number]), _answer(replies[2 * number + 1])
            first = int(entries[0][0][:-2]) if entries else int(end or 0) + 1
            if first > after + 1:
                archived = await self._from_archive(shard, after, first - 1)
                found += [(shard, position, frame) for position, frame in archived]
                if archived[-1][0] < first - 1:
                    continue
            found += [(shard, int(entry[:-2]), fields[1]) for entry, fields in entries]
        return found

    async def _wait(self, positions: dict[int, int], block_ms: int) -> None:
        """Until one of the streams has something after its position, or ``block_ms`` have passed."""
        streams = [self._keys[shard].journal for shard in positions]
        ids = [b"%d-0" % after for after in positions.values()]
        blocking = command(b"XREAD", b"COUNT", 1, b"BLOCK", block_ms, b"STREAMS", *streams, *ids)
        try:
            wire = self._idle.pop() if self._idle else await self._nodes.open(self._nodes.seed)
        except Lost as lost:
            raise JournalAway(lost.reason) from lost
        try:
            (reply,) = await wire.exchange(blocking, 1, block_ms / 1000 + self._nodes.answer_timeout_s)
        except Lost as lost:
            raise JournalAway(lost.reason) from lost
        except BaseException:
            wire.abort("the follower left")
            raise
        self._idle.append(wire)
        _answer(reply)


def _answer(reply: Reply | Lost) -> Reply:
    if isinstance(reply, Lost):
        raise JournalAway(reply.reason)
    if isinstance(reply, hiredis.ReplyError):
        raise JournalAway(str(reply))
    return reply
