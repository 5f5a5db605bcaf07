"""Two Ray nodes on one machine, one of them killed: its shards move, nothing is lost."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import ray
from ray.cluster_utils import Cluster as RayNodes
from ray.exceptions import RayError
from ray.util.state import list_actors

from benchmarks.shapes import orders
from gateway.client import OrderloomClient
from runtime.cluster.boot import HEALTH, OBJECT_STORE_BYTES, Cluster
from tests.ray.conftest import NO_CLUSTER
from tests.ray.starting import free_port, served

pytestmark = [NO_CLUSTER, pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(240)]
MOVED_S = 30.0
"""Ray notices a lost node after 1.5 s; then the lease, the take-over, and what starts anew on a busy machine."""


def _actors(nodes: RayNodes) -> dict[str, str]:
    """Living actors of ours by name, with their node."""
    found = list_actors(address=nodes.address, filters=[("state", "=", "ALIVE")], detail=True, limit=100)
    return {str(actor.name): str(actor.node_id) for actor in found}


def _both_take_work(nodes: RayNodes) -> None:
    """Wait until Ray spreads work over both: a node that has just joined is known before it is given any."""

    @ray.remote(num_cpus=0, scheduling_strategy="SPREAD")
    def where() -> str:
        return str(ray.get_runtime_context().get_node_id())

    ray.init(address=nodes.address, namespace="probe", log_to_driver=False)
    try:
        began, seen = time.monotonic(), set[str]()
        while len(seen) < 2:
            assert time.monotonic() - began < 60, f"only {seen} take work"
            seen |= set(ray.get([where.remote() for _ in range(4)]))
    finally:
        ray.shutdown()


def test_a_killed_node_loses_nothing(running: None, tmp_path: Path) -> None:
    nodes = RayNodes(
        initialize_head=True,
        head_node_args={
            "num_cpus": 2,
            "object_store_memory": OBJECT_STORE_BYTES,
            "_system_config": HEALTH,
            "include_dashboard": True,
            "dashboard_host": "127.0.0.1",
            "dashboard_port": free_port(),
        },
    )
    try:
        nodes.add_node(num_cpus=2, object_store_memory=OBJECT_STORE_BYTES)
        nodes.wait_for_nodes()
        _both_take_work(nodes)
        with served(tmp_path, 8, hosts=4, executors=2, ray_address=nodes.address) as (options, token):
            cluster = Cluster.start(options)
            try:
                asyncio.run(_one_node_dies(nodes, cluster, options.port, token))
            finally:
                cluster.stop()
    finally:
        ray.shutdown()
        nodes.shutdown()


async def _one_node_dies(nodes: RayNodes, cluster: Cluster, port: int, token: str) -> None:
    (second,) = nodes.worker_nodes
    placed = await asyncio.to_thread(_actors, nodes)
    there = {name for name, node in placed.items() if node == second.node_id}
    hosts = {name for name in there if name.startswith("Host")}
    assert hosts, f"hosts are spread over the nodes: {placed}"
    async with OrderloomClient(f"http://127.0.0.1:{port}", token) as client:
        submitted: list[str] = []

        async def stream() -> None:
            async for answer in client.stream(orders("b6", 400, salt="nodes-"), unanswered_max=20):
                assert answer.status in (200, 201), answer
                submitted.append(answer.id)

        streaming = asyncio.create_task(stream())
        await asyncio.sleep(1)
        # The whole node, as when its machine is lost: raylet, agents, workers.
        raylet: Any = psutil.Process(second.all_processes["raylet"][0].process.pid)
        doomed = [raylet, *raylet.children(recursive=True)]
        for process in doomed:
            os.kill(process.pid, signal.SIGKILL)
        began = time.monotonic()
        status: dict[str, Any] = {"shards": "nobody told"}
        while True:
            # The Coordinator may have been on that node, too, and is not back at once.
            with suppress(RayError):
                status = await asyncio.to_thread(cluster.status)
                owners = {shard["owner"] for shard in status["shards"]}
                if owners <= set(status["pids"]["hosts"]) - hosts and len(status["pids"]["hosts"]) == 4:
                    break
            assert time.monotonic() - began < MOVED_S, status["shards"]
            await asyncio.sleep(0.2)
        print(f"shards of {sorted(hosts)} moved in {time.monotonic() - began:.1f} s")
        async with asyncio.timeout(90):
            await streaming
        assert len(set(submitted)) == 400
        for order in submitted:
            ended = await client.wait_completed(order, timeout_s=60)
            assert ended["state"] == "completed"
