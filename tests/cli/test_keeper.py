"""The process between `up` and Ray, keeping a cluster that is none: whatever ends first, nothing is left over."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from runtime.cluster.options import ClusterOptions
from runtime.descendants import become_subreaper, below, end_below_us
from runtime.ray_keeper import Started
from runtime.ray_process import RayFailed, RayProcess
from tests.cli.conftest import options_for, until

BOOT = "tests.cli.fake_cluster:FakeCluster"


@pytest.fixture
async def ray(tmp_path: Path) -> AsyncIterator[RayProcess]:
    process = RayProcess(tmp_path, BOOT)
    yield process
    await process.kill()


def living(pids: list[int]) -> list[int]:
    return [
        pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    ]


async def started_by(ray: RayProcess, options: ClusterOptions) -> Started:
    await ray.prepare(options)
    return await ray.start(options)


async def tree(ray: RayProcess) -> list[int]:
    assert ray.process is not None
    keeper = ray.process.pid
    await until(lambda: len(below(keeper)) >= 2)
    return [process.pid for process in below(keeper)]


async def test_it_starts_tells_and_stops(ray: RayProcess, tmp_path: Path) -> None:
    started = await started_by(ray, options_for(tmp_path))
    assert (started.dashboard, started.dashboard_token) == ("http://127.0.0.1:1", "sesame")
    assert ray.process is not None and started.pids["coordinator"] == ray.process.pid
    pids = await tree(ray)
    await asyncio.wait_for(ray.stop(), 10)
    assert living([*pids, ray.process.pid]) == []


async def test_a_cluster_that_does_not_come_up_says_why(ray: RayProcess, tmp_path: Path) -> None:
    with pytest.raises(RayFailed, match=r"TimeoutError: the cluster was not complete.*ray\.log"):
        await started_by(ray, options_for(tmp_path, catalog=("refuse",)))


async def test_a_ray_that_does_not_come_up_says_why_once_it_is_needed(
    ray: RayProcess, tmp_path: Path
) -> None:
    options = options_for(tmp_path, catalog=("no ray",))
    await ray.prepare(options)
    assert ray._child is not None
    await ray._child.wait()
    with pytest.raises(RayFailed, match=r"RuntimeError: no room for Ray.*ray\.log"):
        await ray.start(options)


async def test_the_rest_is_started_with_what_is_known_by_then(ray: RayProcess, tmp_path: Path) -> None:
    await ray.prepare(options_for(tmp_path, catalog=("refuse",)))
    assert (await ray.start(options_for(tmp_path))).dashboard_token == "sesame"


async def test_a_lost_cluster_is_told_and_cleared_away(ray: RayProcess, tmp_path: Path) -> None:
    started = await started_by(ray, options_for(tmp_path))
    pids = await tree(ray)
    os.kill(started.pids["hosts"]["Host 1"], signal.SIGKILL)
    assert await asyncio.wait_for(ray.lost(), 15) == "its host has ended"
    assert living(pids) == []


async def test_nothing_outlives_whoever_asked_for_it(ray: RayProcess, tmp_path: Path) -> None:
    await started_by(ray, options_for(tmp_path))
    pids = await tree(ray)
    assert ray._child is not None and ray._child.stdin is not None
    ray._child.stdin.close()  # what the keeper sees when its `up` is killed
    await until(lambda: not living(pids))
    await asyncio.wait_for(ray.lost(), 5)


async def test_a_killed_keeper_leaves_its_orphans_to_the_supervisor(ray: RayProcess, tmp_path: Path) -> None:
    become_subreaper()
    before = [process.pid for process in below(os.getpid())]
    await started_by(ray, options_for(tmp_path))
    pids = await tree(ray)
    await ray.kill()
    assert await ray.lost() == "its keeper ended with -9"
    await asyncio.to_thread(end_below_us, lambda: before)
    assert living(pids) == []
