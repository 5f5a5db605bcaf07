"""A server with a replica: what is acknowledged is on both disks, and one that is promoted while behind is told."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks.journals import in_step
from runtime.journal.contract import Commit, Committed, Fenced, InDoubt, Verdict
from runtime.journal.embedded import EmbeddedServer
from runtime.journal.redis_journal import RedisJournal
from tests.runtime.journal.conftest import ask

ANSWER_S = 1.0


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[EmbeddedServer, EmbeddedServer]]:
    """A primary and its replica, in step."""
    primary = EmbeddedServer(tmp_path / "primary", port=0)
    await primary.start()
    replica = EmbeddedServer(
        tmp_path / "replica",
        port=0,
        options=("replicaof", f"127.0.0.1 {primary.port}", "repl-diskless-sync-delay", "0"),
    )
    await replica.start()
    await in_step(primary)
    yield primary, replica
    await replica.stop()
    await primary.stop()


async def _journal(server: EmbeddedServer, folder: Path, replicas: int) -> RedisJournal:
    return await RedisJournal.connect(
        server.url, shards=1, archive=folder, replicas=replicas, answer_timeout_s=ANSWER_S
    )


async def _commit(journal: RedisJournal, number: int) -> Verdict:
    frame = b"frame %d" % number
    (verdict,) = await journal.commit([Commit(0, 1, number - 1, b"commit-%08d" % number, frame)])
    return verdict


async def test_what_is_acknowledged_survives_the_loss_of_the_primary(
    pair: tuple[EmbeddedServer, EmbeddedServer], tmp_path: Path
) -> None:
    primary, replica = pair
    journal = await _journal(primary, tmp_path, replicas=1)
    await journal.acquire(0, epoch=1, owner="host 1", coordinator=1)
    for number in range(1, 51):
        assert await _commit(journal, number) == Committed(number)
    assert primary.pid is not None
    os.kill(primary.pid, signal.SIGKILL)
    await ask(replica.url, "REPLICAOF", "NO", "ONE")
    promoted = await _journal(replica, tmp_path, replicas=0)
    assert (await promoted.state(0)).position == 50
    assert await _commit(promoted, 51) == Committed(51)
    await promoted.close()
    await journal.close()


async def test_without_its_replica_nothing_is_acknowledged_until_it_is_back(
    pair: tuple[EmbeddedServer, EmbeddedServer], tmp_path: Path
) -> None:
    primary, replica = pair
    journal = await _journal(primary, tmp_path, replicas=1)
    await journal.acquire(0, epoch=1, owner="host 1", coordinator=1)
    assert await _commit(journal, 1) == Committed(1)
    assert replica.pid is not None
    os.kill(replica.pid, signal.SIGSTOP)
    verdict = await _commit(journal, 2)
    assert isinstance(verdict, InDoubt) and "on disk at 0 of 1 replicas" in verdict.reason
    os.kill(replica.pid, signal.SIGCONT)
    async with asyncio.timeout(20):
        while (verdict := await _commit(journal, 2)) != Committed(2):
            assert isinstance(verdict, InDoubt)
    await journal.close()


async def test_a_promoted_replica_that_was_behind_is_told_and_refuses(
    pair: tuple[EmbeddedServer, EmbeddedServer], tmp_path: Path
) -> None:
    primary, replica = pair
    journal = await _journal(primary, tmp_path, replicas=0)
    await journal.acquire(0, epoch=1, owner="host 1", coordinator=1)
    assert await _commit(journal, 1) == Committed(1)
    async with asyncio.timeout(20):
        while await ask(replica.url, "XLEN", "{s000}:journal") != 1:
            await asyncio.sleep(0.02)
    # It loses its primary a moment before that one is lost itself.
    await ask(replica.url, "REPLICAOF", "NO", "ONE")
    assert await _commit(journal, 2) == Committed(2)
    assert primary.pid is not None
    os.kill(primary.pid, signal.SIGKILL)
    promoted = await _journal(replica, tmp_path, replicas=0)
    verdict = await _commit(promoted, 3)
    assert isinstance(verdict, Fenced)
    assert "has lost acknowledged frames (was a replica promoted that was behind?)" in verdict.sentence
    await promoted.close()
    await journal.close()
