"""A cluster of three nodes: slots that move, a node that dies and comes back."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.journals import joined
from runtime.errors import JournalAway
from runtime.journal.contract import Commit, Committed, InDoubt, ShardState
from runtime.journal.embedded import EmbeddedServer
from runtime.journal.keys import Keys
from runtime.journal.listing import list_orders
from runtime.journal.redis_journal import RedisJournal
from tests.runtime.journal.conftest import ask

pytestmark = pytest.mark.slow

NODES = 3
SHARDS = 12
OPTIONS = ["cluster-require-full-coverage", "no", "cluster-node-timeout", "2000"]


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[list[EmbeddedServer]]:
    servers = [
        EmbeddedServer(tmp_path / f"node{number}", port=0, cluster=True, options=OPTIONS)
        for number in range(NODES)
    ]
    await asyncio.gather(*(server.start() for server in servers))
    await joined(servers)
    yield servers
    for server in servers:
        await server.stop()


async def until(server: EmbeddedServer, *words: bytes) -> None:
    async with asyncio.timeout(20):
        while True:
            about: Any = await ask(server.url, "CLUSTER", "INFO")
            if all(word in about for word in words):
                return
            await asyncio.sleep(0.05)


def number(shard: int, position: int) -> Commit:
    return Commit(
        shard, 1, position - 1, b"%d" % position, b"frame %d" % position,
        index_add=[b"every\0\0%013d\0%d" % (position, shard)],
    )  # fmt: skip


async def test_shards_live_on_all_nodes_and_move_between_them(
    nodes: list[EmbeddedServer], tmp_path: Path
) -> None:
    journal = await RedisJournal.connect(nodes[1].url, shards=SHARDS, archive=tmp_path / "a", cluster=True)
    keys = Keys(SHARDS)
    homes = [keys[shard].slot * NODES // 16_384 for shard in range(SHARDS)]
    assert set(homes) == {0, 1, 2}, "the shards spread over the nodes"
    moving = homes.index(0)
    others = [shard for shard in range(SHARDS) if shard != moving]
    for shard in others:
        assert isinstance(await journal.acquire(shard, epoch=1, owner="o", coordinator=1), ShardState)
    assert await journal.commit([number(s, 1) for s in others]) == [Committed(1)] * len(others)
    assert [
        await ask(nodes[n].url, "CLUSTER", "COUNTKEYSINSLOT", keys[others[-1]].slot) for n in range(NODES)
    ].count(0) == 2

    # The slot is on its way: the old home has nothing of it and points to the new one (ASK). There a function, which
    # names several keys, must wait until all of them have arrived; a query of one key is answered.
    ids = [(await ask(server.url, "CLUSTER", "MYID")).decode() for server in nodes]  # type: ignore[attr-defined]
    slot = keys[moving].slot
    await ask(nodes[2].url, "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0])
    await ask(nodes[0].url, "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[2])
    assert await journal.state(moving) == ShardState(moving)
    with pytest.raises(JournalAway, match="TRYAGAIN"):
        await journal.acquire(moving, epoch=1, owner="o", coordinator=1)
    waiting, done = await journal.commit([number(moving, 1), number(others[0], 2)])
    assert isinstance(waiting, InDoubt) and done == Committed(2)

    # It has arrived (MOVED).
    for server in (nodes[2], nodes[0], nodes[1]):
        await ask(server.url, "CLUSTER", "SETSLOT", slot, "NODE", ids[2])
    assert isinstance(await journal.acquire(moving, epoch=1, owner="o", coordinator=1), ShardState)
    assert await journal.commit([number(moving, 1), number(others[0], 3)]) == [Committed(1), Committed(3)]
    assert await journal.commit([number(moving, 2)]) == [Committed(2)]
    assert await ask(nodes[0].url, "CLUSTER", "COUNTKEYSINSLOT", slot) == 0
    assert [entry async for entry in journal.read(moving, after=0)] == [(1, b"frame 1"), (2, b"frame 2")]
    assert await journal.follow({moving: 1}, block_ms=0) == [(moving, 2, b"frame 2")]
    assert (await list_orders(journal, {})).total == len(others) + 2 + 2
    await journal.close()


async def test_a_dead_node_leaves_its_shards_in_doubt_and_no_others(
    nodes: list[EmbeddedServer], tmp_path: Path
) -> None:
    journal = await RedisJournal.connect(
        nodes[0].url, shards=SHARDS, archive=tmp_path / "a", cluster=True, connect_timeout_s=0.5
    )
    keys = Keys(SHARDS)
    for shard in range(SHARDS):
        await journal.acquire(shard, epoch=1, owner="o", coordinator=1)
    every = [number(shard, 1) for shard in range(SHARDS)]
    assert await journal.commit(every) == [Committed(1)] * SHARDS
    assert nodes[0].pid is not None
    os.kill(nodes[0].pid, signal.SIGKILL)
    await nodes[0].died()
    dead = {shard for shard in range(SHARDS) if keys[shard].slot * NODES // 16_384 == 0}
    for _ in range(3):
        verdicts = await journal.commit([number(shard, 2) for shard in range(SHARDS)])
        for shard, verdict in enumerate(verdicts):
            assert isinstance(verdict, InDoubt) == (shard in dead), verdict
    await nodes[0].restart()
    await until(nodes[0], b"cluster_state:ok")
    async with asyncio.timeout(20):
        while True:
            verdicts = await journal.commit([number(shard, 2) for shard in range(SHARDS)])
            if verdicts == [Committed(2)] * SHARDS:
                break
            await asyncio.sleep(0.05)
    assert [state.position for state in await journal.states()] == [2] * SHARDS
    await journal.close()
