"""kill -9 of anything, under load: nothing acknowledged is lost, doubled or changed."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults import judge
from tests.faults.system import Element, Load, System, kill

pytestmark = [pytest.mark.chaos, pytest.mark.ray, pytest.mark.timeout(400)]
ORDERS_PER_SECOND = 60.0
VICTIMS = ("hosts", "executors", "gateways", "server", "all")


@pytest.fixture
async def element(tmp_path: Path) -> AsyncIterator[Element]:
    element = Element(tmp_path)
    await element.start()
    yield element
    await element.stop()


@pytest.fixture
async def system(tmp_path: Path, element: Element) -> AsyncIterator[System]:
    system = System(tmp_path / "data", f"--targets={element.targets}", "--hosts=2", "--shards=16")
    await system.start()
    yield system
    await system.stop()


async def _kill(system: System, victim: str, chance: random.Random) -> None:
    if victim == "all":
        port = system.port
        kill([process.pid for process in system.everything()])
        await system.gone()
        await asyncio.sleep(chance.uniform(0.0, 1.0))
        await system.start(port)
    elif victim == "server":
        kill([process.pid for process in system.everything() if process.name() == "valkey-server"])
    else:
        kill([chance.choice(sorted((await system.pids())[victim].values()))])


async def test_five_rounds_of_kills_lose_nothing(system: System, element: Element) -> None:
    """Each round kills one kind of process at a random moment; the last one kills everything at once."""
    chance = random.Random(5)
    load = Load(system, salt="kills-")
    running = asyncio.create_task(load.run(ORDERS_PER_SECOND))
    for victim in VICTIMS:
        await asyncio.sleep(chance.uniform(1.5, 3.0))
        assert not running.done()
        before = len(load.acknowledged)
        await _kill(system, victim, chance)
        async with asyncio.timeout(90):
            while len(load.acknowledged) < before + 30:
                await asyncio.sleep(0.1)
    load.stop()
    async with asyncio.timeout(120):
        await running
    assert load.refused == []
    await judge.everything_ends(system, load)
    judge.each_effect_once(element, load)
    await judge.repetitions_find_their_order(system, load)
    await judge.replay_tells_the_same(system, load, f"unix://{system.data / 'redis' / 'redis.sock'}")
