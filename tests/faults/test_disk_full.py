"""A disk without room, end to end: refused with the reason, nothing lost, and on it goes once there is room."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from benchmarks import chaos_judge as judge
from benchmarks.chaos_load import Load
from benchmarks.chaos_system import Element, System
from benchmarks.shapes import orders
from gateway.settings import ORDERING_PATH

pytestmark = [pytest.mark.chaos, pytest.mark.ray, pytest.mark.timeout(300)]
DISK_BYTES = 320 * 1024 * 1024
"""A little more than the mark below which new orders are refused."""
TIGHT_BYTES = 100 * 1024 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Any:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a small disk needs `mount`, which is not allowed here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
async def system(disk: Path, tmp_path: Path, element: Element) -> AsyncIterator[System]:
    system = System(disk / "data", f"--targets={element.targets}", "--hosts=2", "--shards=16")
    # What `up` says is no part of what the disk must hold.
    (disk / "up.log").symlink_to(tmp_path / "up.log")
    await system.start()
    yield system
    await system.stop()


def _fill(disk: Path, leave: int) -> Path:
    """Take the room on the disk, all but ``leave`` bytes."""
    filler = disk / "filler"
    room = os.statvfs(disk)
    with filler.open("ab") as file:
        left = room.f_bavail * room.f_frsize - leave
        while left > 0:
            file.write(bytes(min(left, 1024 * 1024)))
            left -= 1024 * 1024
    return filler


async def _post(system: System, number: int) -> tuple[int, str, str]:
    order = next(orders("b6", 1, salt=f"full-{number}-"))
    async with system.client() as client:
        try:
            async with (
                asyncio.timeout(30),
                client.session.post(f"{client.url}{ORDERING_PATH}/productOrder", json=order) as answer,
            ):
                return answer.status, await answer.text(), answer.headers.get("Retry-After", "")
        except aiohttp.ClientError as away:
            return 0, str(away), ""


async def _until(system: System, status: int) -> tuple[int, str, str]:
    async with asyncio.timeout(60):
        for number in range(1_000):
            answer = await _post(system, number)
            if answer[0] == status:
                return answer
            await asyncio.sleep(0.2)
    raise AssertionError("never came")


async def test_a_full_disk_is_told_and_room_is_all_it_takes(
    disk: Path, system: System, element: Element
) -> None:
    load = Load(system, salt="full-load-")
    running = asyncio.create_task(load.run(40))
    await asyncio.sleep(2)
    # Below the mark new orders are refused, with the server up.
    filler = _fill(disk, TIGHT_BYTES)
    _, said, wait = await _until(system, 503)
    assert f"disk full: {system.data}" in said
    assert int(wait) >= 1
    assert system.named("valkey-server")
    # Not a byte left: the server ends at its next write.
    refill = _fill(disk, 0)
    for number in range(20):
        status, said, _ = await _post(system, 2_000 + number)
        assert status in (0, 503)
        await asyncio.sleep(0.2)
    assert f"disk full: {system.data}" in said
    assert refill == filler
    before = len(load.acknowledged)
    filler.unlink()
    await _until(system, 201)
    async with asyncio.timeout(60):
        while len(load.acknowledged) < before + 30:
            await asyncio.sleep(0.1)
    load.stop()
    async with asyncio.timeout(60):
        await running
    assert load.refused == []
    assert await judge.everything_ends(system, load) == []
    assert judge.each_effect_once(element, load) == []
    assert await judge.repetitions_find_their_order(system, load) == []
    assert await judge.replay_tells_the_same(system, load, system.journal_url) == []
