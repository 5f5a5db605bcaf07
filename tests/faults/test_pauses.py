"""Processes that stop without dying: a host past its lease, a journal that is silent for a while."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks import chaos_judge as judge
from benchmarks.chaos_load import Load
from benchmarks.chaos_system import Element, System
from gateway.settings import ORDERING_PATH
from runtime.limits import LEASE_MS

pytestmark = [pytest.mark.chaos, pytest.mark.ray, pytest.mark.timeout(300)]
ORDERS_PER_SECOND = 40.0
TAKEN_OVER_S = LEASE_MS / 1_000 + 3.0


@pytest.fixture
async def system(tmp_path: Path, element: Element) -> AsyncIterator[System]:
    system = System(tmp_path / "data", f"--targets={element.targets}", "--hosts=2", "--shards=16")
    await system.start()
    yield system
    await system.stop()


async def _owners(system: System) -> set[str]:
    async with system.client() as client, client.session.get(f"{client.url}/api/v1/status") as response:
        return {shard["owner"] for shard in (await response.json())["shards"]}


async def test_a_host_that_is_stopped_past_its_lease_is_replaced_and_wakes_to_nothing(
    system: System, element: Element
) -> None:
    load = Load(system, salt="stopped-")
    running = asyncio.create_task(load.run(ORDERS_PER_SECOND))
    await asyncio.sleep(2)
    name, pid = sorted((await system.pids())["hosts"].items())[0]
    os.kill(pid, signal.SIGSTOP)
    stopped_at = time.monotonic()
    while name in await _owners(system):
        assert time.monotonic() - stopped_at < TAKEN_OVER_S
        await asyncio.sleep(0.2)
    await asyncio.sleep(2)
    os.kill(pid, signal.SIGCONT)
    await asyncio.sleep(2)
    assert name not in await _owners(system)
    assert pid not in (await system.pids())["hosts"].values()
    load.stop()
    async with asyncio.timeout(60):
        await running
    assert load.refused == []
    assert await judge.everything_ends(system, load) == []
    assert judge.each_effect_once(element, load) == []
    assert await judge.repetitions_find_their_order(system, load) == []


async def test_while_the_journal_is_silent_the_gateway_says_503_and_afterwards_all_goes_on(
    system: System, element: Element
) -> None:
    load = Load(system, salt="silent-")
    running = asyncio.create_task(load.run(ORDERS_PER_SECOND))
    await asyncio.sleep(2)
    (server,) = [process for process in system.everything() if process.name() == "valkey-server"]
    server.suspend()
    try:
        async with system.client() as client:
            saw = 0
            order = dict(next(iter(load.sent.values())), externalId="silent-one")
            began = time.monotonic()
            while saw != 503 and time.monotonic() - began < 30:
                async with client.session.post(
                    f"{client.url}{ORDERING_PATH}/productOrder", json=order
                ) as answer:
                    saw = answer.status
                    wait = answer.headers.get("Retry-After")
        assert saw == 503
        assert wait is not None
        assert int(wait) >= 1
    finally:
        server.resume()
    before = len(load.acknowledged)
    async with asyncio.timeout(60):
        while len(load.acknowledged) < before + 30:
            await asyncio.sleep(0.1)
    load.stop()
    async with asyncio.timeout(60):
        await running
    assert load.refused == []
    assert await judge.everything_ends(system, load) == []
    assert judge.each_effect_once(element, load) == []
    assert await judge.replay_tells_the_same(system, load, system.journal_url) == []
