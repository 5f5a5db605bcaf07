"""What `up` supervises: the data folder, the journal's server, the Ray side, and their end."""

import asyncio
import contextlib
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from runtime import run_record
from runtime.journal.embedded import EmbeddedServer
from runtime.journal.faults import DataInUse, ShardsDiffer
from runtime.journal.lock import Process
from runtime.journal.redis_journal import RedisJournal
from runtime.ray_process import RayFailed
from runtime.supervisor import Supervisor
from tests.cli.conftest import FakeRay, options_for, supervised, until


def sleeper() -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)


async def test_up_and_down_leave_nothing(tmp_path: Path, rays: list[FakeRay]) -> None:
    supervisor = Supervisor(options_for(tmp_path), shards=4, ray=FakeRay)
    async with supervised(supervisor) as record:
        found = run_record.read(tmp_path)
        assert found is not None and found == record and found.ready
        assert set(found.own_pids()) == {"up", "server"}
        assert (tmp_path / "run.json").stat().st_mode & 0o077 == 0
        (ray,) = rays
        assert ray.options is not None and ray.options.shards == 4
        assert ray.options.journal_url.startswith("unix://")
    assert rays[0].ended == "stopped"
    assert found.server is not None and not found.server.lives()
    assert run_record.read(tmp_path) is None


async def test_a_second_up_says_who_holds_the_folder(tmp_path: Path, rays: list[FakeRay]) -> None:
    async with supervised(Supervisor(options_for(tmp_path), ray=FakeRay)):
        with pytest.raises(DataInUse, match=f"held by pid {os.getpid()}"):
            async with supervised(Supervisor(options_for(tmp_path), ray=FakeRay)):
                pass
        assert run_record.read(tmp_path) is not None, "the refused one must not touch the other's record"


async def test_other_shards_than_the_data_has_are_refused(tmp_path: Path, rays: list[FakeRay]) -> None:
    async with supervised(Supervisor(options_for(tmp_path), shards=4, ray=FakeRay)):
        pass
    with pytest.raises(ShardsDiffer):
        async with supervised(Supervisor(options_for(tmp_path), shards=8, ray=FakeRay)):
            pass
    async with supervised(Supervisor(options_for(tmp_path), ray=FakeRay)) as record:
        assert record.options.shards == 4


async def test_a_killed_server_is_started_again_on_its_data(tmp_path: Path, rays: list[FakeRay]) -> None:
    said: list[str] = []
    supervisor = Supervisor(options_for(tmp_path), shards=4, ray=FakeRay, say=said.append)
    async with supervised(supervisor) as record:
        assert record.server is not None
        made = await RedisJournal.connect(record.options.journal_url, shards=4, archive=tmp_path / "archive")
        await made.close()
        os.kill(record.server.pid, signal.SIGKILL)
        await until(lambda: "the journal's server is back" in said)
        now = run_record.read(tmp_path)
        assert now is not None and now.server is not None and now.server != record.server
        journal = await RedisJournal.connect(record.options.journal_url, archive=tmp_path / "archive")
        assert journal.shards == 4
        await journal.close()
    assert len(rays) == 1, "Ray stays while the server is away"


async def test_a_lost_ray_is_started_anew_until_it_comes_up(tmp_path: Path, rays: list[FakeRay]) -> None:
    said: list[str] = []
    supervisor = Supervisor(options_for(tmp_path), ray=FakeRay, say=said.append, backoff_s=0.01)
    async with supervised(supervisor) as record:
        FakeRay.failures = 2
        rays[0].gone.set_result("its raylet has ended")
        await until(lambda: "Ray is back" in said)
        assert [ray.ended for ray in rays] == ["killed", "killed", "killed", ""]
        assert any("its raylet has ended" in sentence for sentence in said)
        assert rays[-1].options == rays[0].options
        now = run_record.read(tmp_path)
        assert now is not None and now.server == record.server, "the server stays while Ray is away"


async def test_a_ray_that_never_comes_up_ends_it_all(tmp_path: Path, rays: list[FakeRay]) -> None:
    FakeRay.failures = 1
    with pytest.raises(RayFailed, match="no room"):
        async with supervised(Supervisor(options_for(tmp_path), ray=FakeRay)):
            pass
    assert run_record.read(tmp_path) is None
    assert (tmp_path / "log").is_dir()


async def test_leftovers_of_a_killed_run_are_ended_and_nobody_else(
    tmp_path: Path, rays: list[FakeRay]
) -> None:
    left, other = sleeper(), sleeper()
    try:
        # The same pid, but not the same process: its number was given away again.
        reused = Process(other.pid, Process.of(other.pid).began - 3_600)
        run_record.write_processes(tmp_path, [Process.of(left.pid), reused])
        supervisor = Supervisor(options_for(tmp_path), ray=FakeRay)
        async with supervised(supervisor):
            assert left.wait(5) == -signal.SIGKILL
        assert other.poll() is None
    finally:
        for process in (left, other):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()


async def test_a_server_of_somebody_elses_is_used_and_left_alone(tmp_path: Path, rays: list[FakeRay]) -> None:
    theirs = EmbeddedServer(tmp_path / "theirs")
    await theirs.start()
    try:
        made = await RedisJournal.connect(theirs.url, shards=4, archive=tmp_path / "archive")
        await made.close()
        chosen = msgspec.structs.replace(options_for(tmp_path / "ours"), journal_url=theirs.url)
        async with supervised(Supervisor(chosen, ray=FakeRay)) as record:
            assert "server" not in record.own_pids()
            assert rays[0].options is not None and rays[0].options.shards == 4
        assert theirs.alive(), "what was there before is not ours to end"
    finally:
        await theirs.stop()


async def test_stopping_while_starting_is_quick(tmp_path: Path, rays: list[FakeRay]) -> None:
    class Endless(FakeRay):
        async def start(self, options: object) -> None:  # type: ignore[override]
            await asyncio.Event().wait()

    async def never(*_: object) -> None:
        raise AssertionError("it is not ready")

    supervisor = Supervisor(options_for(tmp_path), ray=Endless)  # type: ignore[arg-type]
    running = asyncio.create_task(supervisor.run(never))
    await until(lambda: rays)
    supervisor.stop()
    await asyncio.wait_for(running, 10)
    assert rays[0].ended == "stopped"


async def test_a_folder_that_takes_no_more_ends_nothing(
    tmp_path: Path, rays: list[FakeRay], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    said: list[str] = []
    supervisor = Supervisor(options_for(tmp_path), ray=FakeRay, say=said.append)
    async with supervised(supervisor) as record:
        assert record.server is not None
        with monkeypatch.context() as disk:
            disk.setattr(run_record, "_replace", full)
            os.kill(record.server.pid, signal.SIGKILL)
            await until(lambda: "the journal's server is back" in said)
        assert any("No space left" in sentence for sentence in said)
