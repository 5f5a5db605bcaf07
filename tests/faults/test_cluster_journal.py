"""The whole system on a journal in Redis Cluster: a host dies, nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks import chaos_judge as judge
from benchmarks.chaos_load import Load
from benchmarks.chaos_system import System, kill
from benchmarks.journals import joined
from runtime.journal.embedded import EmbeddedServer

pytestmark = [pytest.mark.chaos, pytest.mark.ray, pytest.mark.timeout(200)]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """A cluster of one node that holds every slot."""
    server = EmbeddedServer(tmp_path / "redis", port=0, cluster=True)
    await server.start()
    await joined([server])
    yield server
    await server.stop()


async def test_a_host_dies_and_every_acknowledged_order_completes(
    tmp_path: Path, server: EmbeddedServer
) -> None:
    system = System(tmp_path / "data", "--hosts=2", f"--redis-url={server.url}", "--redis-cluster")
    await system.start()
    try:
        load = Load(system, salt="cluster-")
        running = asyncio.create_task(load.run(100.0))
        await asyncio.sleep(2)
        kill([min((await system.pids())["hosts"].values())])
        await asyncio.sleep(4)
        load.stop()
        async with asyncio.timeout(60):
            await running
        assert load.refused == []
        assert await judge.everything_ends(system, load) == []
        assert await judge.repetitions_find_their_order(system, load) == []
    finally:
        await system.stop()
