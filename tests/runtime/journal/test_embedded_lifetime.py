"""How the embedded server begins and ends: locked, orphaned, restarted, out of disk, loading; and its data stay."""

import asyncio
import itertools
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from runtime.journal.contract import Commit, Committed, InDoubt
from runtime.journal.embedded import EmbeddedServer, disk_free_ok
from runtime.journal.faults import DataInUse, ServerFailed
from runtime.journal.lock import holder
from tests.runtime.journal.conftest import ask, frames, number, one, opened

ROOT = Path(__file__).resolve().parents[3]


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
