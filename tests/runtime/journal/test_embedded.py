"""The journal on the embedded server: killed under load, replies lost, keys that contradict each other."""

import asyncio
import os
import signal
from pathlib import Path

import psutil
import pytest

from runtime.errors import JournalAway
from runtime.journal.contract import Committed, Fenced, InDoubt
from runtime.journal.embedded import EmbeddedServer
from runtime.journal.faults import JournalFault, ShardsDiffer
from runtime.journal.redis_journal import RedisJournal
from tests.runtime.journal.conftest import ask, frames, number, one, opened


async def test_it_runs_as_the_design_says(server: EmbeddedServer) -> None:
    journal = await opened(server)
    assert await journal.durability() == "always"
    assert journal.shards == 64 and server.shards == 2, (
        "the journal's own record stands apart from the directory's"
    )
    assert server.alive() and server.pid is not None and server.url.startswith("unix:")
    assert (server.data / "redis.sock").stat().st_mode & 0o077 == 0, "nobody else may connect"
    assert not [c for c in psutil.Process(server.pid).net_connections("inet") if c.status == "LISTEN"]
    await journal.close()


async def test_a_tcp_server_listens_on_loopback_and_keeps_its_port(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path, port=0)
    await server.start()
    url = server.url
    assert server.pid is not None
    assert {c.laddr.ip for c in psutil.Process(server.pid).net_connections("inet")} == {"127.0.0.1"}
    os.kill(server.pid, signal.SIGKILL)
    assert await server.died() == -signal.SIGKILL
    await server.restart()
    assert server.url == url and await ask(url, "PING") == b"PONG"
    await server.stop()
    assert not server.alive() and server.pid is None


async def test_a_long_path_falls_back_to_tcp(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / ("x" * 120))
    await server.start()
    assert server.url.startswith("redis://127.0.0.1:")
    await server.stop()


async def test_killed_under_load_it_keeps_all_it_acknowledged(server: EmbeddedServer) -> None:
    journal = await opened(server)
    position = 0
    for _ in range(3):
        assert server.pid is not None
        asyncio.get_running_loop().call_later(0.1, os.kill, server.pid, signal.SIGKILL)
        while isinstance(verdict := await one(journal, number(position + 1)), Committed):
            position += 1
        assert isinstance(verdict, InDoubt) and verdict.reason
        with pytest.raises(JournalAway):
            await journal.states()
        assert isinstance(await one(journal, number(position + 1)), InDoubt), "still away"
        await server.died()
        await server.restart()
        assert await one(journal, number(position + 1)) == Committed(position + 1), "the same commit again"
        position += 1
    assert position > 30
    assert await frames(journal) == [(n, b"frame %d" % n) for n in range(1, position + 1)]
    await journal.close()


async def test_a_lost_reply_is_in_doubt_and_the_repeat_doubles_nothing(server: EmbeddedServer) -> None:
    journal = await opened(server, answer_timeout_s=0.2)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    verdict = await one(journal, number(1))
    assert isinstance(verdict, InDoubt) and "no answer within 0.2 s" in verdict.reason
    os.kill(server.pid, signal.SIGCONT)
    assert await one(journal, number(1)) == Committed(1)
    assert await one(journal, number(2)) == Committed(2)
    assert await frames(journal) == [(1, b"frame 1"), (2, b"frame 2")]
    await journal.close()


async def test_a_server_that_forgot_the_functions_gets_them_again(server: EmbeddedServer) -> None:
    journal = await opened(server)
    await ask(server.url, "SCRIPT", "FLUSH")
    assert await one(journal, number(1)) == Committed(1)
    await journal.close()


@pytest.mark.parametrize(
    ("name", "value", "back", "reason"),
    [("maxmemory", "1", "0", "OOM"), ("min-replicas-to-write", "1", "0", "NOREPLICAS")],
)
async def test_a_server_that_refuses_writes_leaves_the_commit_in_doubt(
    server: EmbeddedServer, name: str, value: str, back: str, reason: str
) -> None:
    journal = await opened(server)
    await ask(server.url, "CONFIG", "SET", name, value)
    verdict = await one(journal, number(1))
    assert isinstance(verdict, InDoubt) and reason in verdict.reason
    with pytest.raises(JournalAway, match=reason):
        await journal.acquire(0, epoch=2, owner="host 2", coordinator=1)
    await ask(server.url, "CONFIG", "SET", name, back)
    assert await one(journal, number(1)) == Committed(1)
    await journal.close()


async def test_a_commit_waits_for_the_replicas_it_was_promised(server: EmbeddedServer) -> None:
    journal = await opened(server, replicas=1, answer_timeout_s=0.4)
    verdict = await one(journal, number(1))
    assert isinstance(verdict, InDoubt) and "on disk at 0 of 1 replicas" in verdict.reason
    assert isinstance(await one(journal, number(1)), InDoubt), "a repeat waits as well"
    await journal.close()


@pytest.mark.parametrize(
    "damage", [("DEL", "{s000}:journal"), ("SET", "{s000}:index", "x"), ("DEL", "{s000}:shard")]
)
async def test_keys_that_contradict_each_other_are_met_at_the_door(
    server: EmbeddedServer, damage: tuple[str, ...]
) -> None:
    journal = await opened(server)
    await one(journal, number(1))
    await ask(server.url, *damage)
    with pytest.raises(JournalFault, match=r"DAMAGED \{s000\}"):
        await journal.acquire(0, epoch=2, owner="host 2", coordinator=1)
    await journal.close()


def test_it_runs_inside_uvloop(embedded_url: str, tmp_path: Path) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def main() -> None:
        journal = await RedisJournal.connect(embedded_url, shards=1, archive=tmp_path, namespace="uvloop")
        await journal.acquire(0, epoch=1, owner="host 1", coordinator=1)
        assert await one(journal, number(1)) == Committed(1)
        assert await journal.follow({0: 0}, block_ms=10) == [(0, 1, b"frame 1")]
        await journal.close()

    uvloop.run(main())


async def test_a_cluster_s_node_is_not_taken_for_a_single_server(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "data", port=0, cluster=True)
    await server.start()
    with pytest.raises(JournalAway, match="CLUSTERDOWN"):
        await RedisJournal.connect(server.url, archive=tmp_path)
    with pytest.raises(JournalAway, match="covers 0 of 16384 slots"):
        await RedisJournal.connect(server.url, archive=tmp_path, cluster=True)
    await server.stop()


async def test_a_single_server_is_not_taken_for_a_cluster(embedded_url: str, tmp_path: Path) -> None:
    with pytest.raises(JournalAway, match="cluster support disabled"):
        await RedisJournal.connect(embedded_url, archive=tmp_path, cluster=True)


async def test_two_hosts_and_one_shard(server: EmbeddedServer) -> None:
    first, second = await opened(server), await opened(server)
    assert await one(first, number(1)) == Committed(1)
    await second.acquire(0, epoch=2, owner="host 2", coordinator=1)
    assert isinstance(await one(first, number(2)), Fenced)
    await first.close()
    await second.close()
    assert isinstance(await one(first, number(2)), InDoubt), "a closed journal says so, it does not raise"


async def test_the_directory_keeps_its_number_of_shards(server: EmbeddedServer) -> None:
    await server.stop()
    with pytest.raises(ShardsDiffer, match="made with 2 shards"):
        await EmbeddedServer(server.data, shards=3).start()
    again = EmbeddedServer(server.data)
    await again.start()
    assert again.shards == 2
    await again.stop()
