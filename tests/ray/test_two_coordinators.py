"""Two Coordinators at once over real processes: the newer decides, the older harms nobody."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.exceptions import RayTaskError

from benchmarks.shapes import orders
from gateway.client import OrderloomClient
from runtime.cluster.boot import HEALTH, OBJECT_STORE_BYTES, namespace_of
from runtime.cluster.coordinator import Coordinator
from runtime.errors import Superseded
from runtime.limits import LEASE_MS
from tests.ray.conftest import NO_CLUSTER
from tests.ray.starting import served

pytestmark = [NO_CLUSTER, pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(180)]


def test_the_newer_of_two_coordinators_decides(running: None, tmp_path: Path) -> None:
    with served(tmp_path, 8, hosts=2, ray_address="auto") as (options, token):
        ray.init(
            address="local",
            namespace=namespace_of(options.data),
            dashboard_host="127.0.0.1",
            log_to_driver=False,
            num_cpus=4,
            object_store_memory=OBJECT_STORE_BYTES,
            _system_config=HEALTH,
        )
        try:
            actor: Any = ray.remote(Coordinator)
            # Hosts find the one of the name; this one they do not, as after a partition that has healed.
            older = actor.options(num_cpus=0, max_concurrency=100).remote(options)
            ray.get(older.start.remote(), timeout=60)
            asyncio.run(_newer_decides(options, token, older))
        finally:
            ray.shutdown()


async def _newer_decides(options: Any, token: str, older: Any) -> None:
    newer: Any = ray.remote(Coordinator)
    named = newer.options(
        name="Coordinator", lifetime="detached", num_cpus=0, max_restarts=-1, max_concurrency=100
    ).remote(options)
    async with asyncio.timeout(60):
        while not await named.complete.remote():
            await asyncio.sleep(0.1)
    before = await named.status.remote()
    assert before["coordinator"]["epoch"] == 2
    async with OrderloomClient(f"http://127.0.0.1:{options.port}", token) as client:
        submitted = [await client.submit(order) for order in orders("b6", 20, salt="two-")]
        # Far past the lease: to the older all hosts are silent.
        await asyncio.sleep(LEASE_MS / 1_000 * 2)
        with pytest.raises(RayTaskError) as refused:
            await older.scale.remote({"hosts": 7})
        assert isinstance(refused.value.cause, Superseded)
        assert await older.pulse.remote() == 2
        after = await named.status.remote()
        assert after["pids"] == before["pids"]
        assert {shard["owner"] for shard in after["shards"]} == set(after["pids"]["hosts"])
        for order in submitted:
            assert (await client.wait_completed(order["id"]))["state"] == "completed"
