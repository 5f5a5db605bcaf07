"""Other numbers of processes while orders flow: nothing lost, doubled or stuck, and no shard waits for long."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks import chaos_judge as judge
from benchmarks.chaos_load import Load
from benchmarks.chaos_system import Element, System
from runtime.port import shard_of

pytestmark = [pytest.mark.chaos, pytest.mark.ray, pytest.mark.timeout(400)]
ORDERS_PER_SECOND = 100.0
SHARDS = 16
WAIT_S_MAX = 3.0
"""A shard's hand-over takes some hundredths of a second; processes that start on a busy machine take the rest."""


@pytest.fixture
async def system(tmp_path: Path, element: Element) -> AsyncIterator[System]:
    system = System(tmp_path / "data", f"--targets={element.targets}", "--hosts=1", f"--shards={SHARDS}")
    await system.start()
    yield system
    await system.stop()


async def _spread_over(system: System, hosts: int) -> None:
    async with asyncio.timeout(90):
        while True:
            if await system.whole():
                owned: dict[str, int] = defaultdict(int)
                for shard in (await system.status())["shards"]:
                    owned[shard["owner"]] += 1
                if len(owned) == hosts and max(owned.values()) - min(owned.values()) <= 1:
                    return
            await asyncio.sleep(0.1)


async def test_scaled_up_and_down_under_load_nothing_is_lost_and_no_shard_waits_for_long(
    system: System, element: Element
) -> None:
    load = Load(system, salt="scaled-")
    running = asyncio.create_task(load.run(ORDERS_PER_SECOND))
    reading = asyncio.create_task(load.read(1))
    await asyncio.sleep(3)
    for wanted in ({"hosts": 3, "executors": 2, "gateways": 2}, {"hosts": 1, "executors": 1, "gateways": 1}):
        began = time.monotonic()
        await system.scale(**wanted)
        await _spread_over(system, wanted["hosts"])
        waits: dict[int, float] = defaultdict(float)
        for key, order in list(load.acknowledged.items()):
            if load.sent_at[key] >= began:
                shard = shard_of(order, SHARDS)
                waits[shard] = max(waits[shard], load.answered_at[key] - load.sent_at[key])
        shard, longest = max(waits.items(), key=lambda item: item[1])
        took = time.monotonic() - began
        print(f"to {wanted} in {took:.1f} s: longest wait {longest * 1_000:.0f} ms, at shard {shard}")
        assert longest < WAIT_S_MAX
        await asyncio.sleep(2)
    load.stop()
    async with asyncio.timeout(60):
        await running
        await reading
    assert {
        question: found for question, found in (await judge.judged(system, element, load)).items() if found
    } == {}
