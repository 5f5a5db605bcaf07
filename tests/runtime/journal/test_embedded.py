"""The embedded server: killed, locked, orphaned, out of disk; and the journal on it meanwhile."""

import asyncio
import itertools
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from runtime.errors import JournalAway
from runtime.journal.contract import Commit, Committed, Fenced, InDoubt, Verdict
from runtime.journal.embedded import EmbeddedServer, disk_free_ok
from runtime.journal.faults import DataInUse, JournalFault, ServerFailed, ShardsDiffer
from runtime.journal.lock import holder
from runtime.journal.redis_journal import RedisJournal
from tests.runtime.journal.conftest import ask

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    server = EmbeddedServer(tmp_path / "data", shards=2)
    await server.start()
    yield server
    await server.stop()


async def opened(server: EmbeddedServer, **options: object) -> RedisJournal:
    journal = await RedisJournal.connect(server.url, archive=server.data / "archive", **options)  # type: ignore[arg-type]
    await journal.acquire(0, epoch=1, owner="host 1", coordinator=1)
    return journal


def number(position: int) -> Commit:
    return Commit(0, 1, position - 1, b"%d" % position, b"frame %d" % position)


async def one(journal: RedisJournal, what: Commit) -> Verdict:
    (verdict,) = await journal.commit([what])
    return verdict


async def frames(journal: RedisJournal) -> list[tuple[int, bytes]]:
    return [entry async for entry in journal.read(0, after=0)]


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


async def test_a_clean_stop_compacts_the_log(server: EmbeddedServer) -> None:
    for _ in range(40):
        await ask(server.url, "SET", "x", b"y" * 100_000)

    def size() -> int:
        return sum(path.stat().st_size for path in (server.data / "appendonlydir").iterdir())

    assert size() > 4_000_000
    await server.stop()
    assert size() < 300_000
    await server.start()
    assert await ask(server.url, "STRLEN", "x") == 100_000


async def test_a_second_start_says_who_holds_the_directory(server: EmbeddedServer) -> None:
    with pytest.raises(DataInUse, match=rf"held by pid {os.getpid()} \(its server: pid {server.pid}\)"):
        await EmbeddedServer(server.data).start()
    assert await ask(server.url, "PING") == b"PONG", "and leaves it alone"


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has reaped yet does not."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


SUPERVISOR = """
    import asyncio, sys
    from pathlib import Path
    from runtime.journal.embedded import EmbeddedServer
    async def main():
        server = EmbeddedServer(Path(sys.argv[1]))
        await server.start()
        print(server.pid, flush=True)
        await asyncio.sleep(600)
    asyncio.run(main())
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Another process with a server on ``data``, and that server's pid."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SUPERVISOR), str(tmp_path / "data")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield process, int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()


async def test_the_server_ends_with_its_supervisor_and_its_data_stay(
    supervisor: tuple[subprocess.Popen[str], int], tmp_path: Path
) -> None:
    process, pid = supervisor
    await ask(f"unix://{tmp_path}/data/redis.sock", "SET", "x", "1")
    process.kill()
    process.wait()
    server = EmbeddedServer(tmp_path / "data")
    await server.start()
    assert not alive(pid) and server.pid != pid
    assert await ask(server.url, "GET", "x") == b"1"
    await server.stop()


async def test_an_orphan_that_does_not_end_is_ended(
    supervisor: tuple[subprocess.Popen[str], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.journal.lock.ORPHAN_ENDS_S", 0.3)
    process, pid = supervisor
    await ask(f"unix://{tmp_path}/data/redis.sock", "SET", "x", "1")
    os.kill(pid, signal.SIGSTOP)
    process.kill()
    process.wait()
    found = holder(tmp_path / "data" / "lock")
    assert found is not None and found.server is not None and found.server.pid == pid
    server = EmbeddedServer(tmp_path / "data")
    await server.start()
    assert await ask(server.url, "GET", "x") == b"1"
    await server.stop()


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "data", options=["maxmemory-policy", "nonsense"])
    with pytest.raises(ServerFailed, match=r"the server ended with 1: .*(nonsense|argument)"):
        await server.start()
    other = EmbeddedServer(tmp_path / "data")
    await other.start()
    await other.stop()


async def test_restarting_backs_off_and_waits_for_room(tmp_path: Path) -> None:
    room = itertools.chain([False, False], itertools.repeat(True))
    server = EmbeddedServer(tmp_path / "data", disk_ok=lambda _: next(room))
    await server.start()
    said: list[str] = []
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await server.died()
    await server.restart(said.append)
    assert said[0] == f"disk full: {server.data}; the server starts again once there is room"
    said.clear()
    os.kill(server.pid, signal.SIGKILL)
    await server.died()
    await server.restart(said.append)
    assert said[0] == "the server ended again; starting it in 0.05 s"
    await server.stop()


def mounted(folder: Path) -> bool:
    """A disk of 12 MB under ``folder``, where mounting is allowed."""
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        return False
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    return made.returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    if not mounted(folder):
        pytest.skip("no small disk to fill: mounting a tmpfs is not allowed here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_full_disk_loses_nothing_acknowledged(small_disk: Path) -> None:
    assert not disk_free_ok(small_disk), "below the mark new orders are refused"
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"b" * 4_000_000)
    data = small_disk / "data"

    def room(_: Path) -> bool:
        return shutil.disk_usage(small_disk).free > 3_000_000

    server = EmbeddedServer(data, shards=2, disk_ok=room)
    await server.start()
    journal = await opened(server)
    payload, position = b"p" * 50_000, 0

    def fat(position: int) -> Commit:
        return Commit(0, 1, position - 1, b"%d" % position, payload + b"%d" % position)

    while isinstance(await one(journal, fat(position + 1)), Committed):
        position += 1
    assert position > 20
    assert await server.died() == 1
    assert server.why_ended() == f"disk full: {data}"
    said: list[str] = []
    restarting = asyncio.create_task(server.restart(said.append))
    await asyncio.sleep(0.4)
    assert not restarting.done() and "disk full" in said[-1]
    ballast.unlink()
    await asyncio.wait_for(restarting, 20)
    assert await one(journal, fat(position + 1)) == Committed(position + 1)
    kept = await frames(journal)
    assert kept == [(n, payload + b"%d" % n) for n in range(1, position + 2)]
    await journal.close()
    await server.stop()


async def test_loading_is_waited_for_and_told(tmp_path: Path) -> None:
    server = EmbeddedServer(
        tmp_path / "data", options=["key-load-delay", "200", "loading-process-events-interval-bytes", "1024"]
    )
    await server.start()
    journal = await opened(server)
    for position in range(1, 400):
        assert await one(journal, number(position)) == Committed(position)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await server.died()
    said: list[str] = []
    restarting = asyncio.create_task(server.restart(said.append))
    verdicts = []
    while not restarting.done():
        verdicts.append(await one(journal, number(400)))
        await asyncio.sleep(0.01)
    await restarting
    assert any("loading the journal" in sentence for sentence in said)
    assert any(isinstance(verdict, InDoubt) for verdict in verdicts)
    assert await one(journal, number(400)) == Committed(400)
    await journal.close()
    await server.stop()
