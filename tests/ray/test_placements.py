"""The same promises in both placements: the behaviours and the journal do not know where they run."""

import asyncio
import re
from typing import Any

import pytest
import ray
from ray.util.state import list_actors

from benchmarks.shapes import orders
from tests.ray.conftest import Running
from tests.runtime.cluster.test_boards import DECLARED, HISTOGRAM_PARTS

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]


def one(shape: str, salt: str) -> dict[str, Any]:
    """One order of a load shape, its external id its own."""
    return next(orders(shape, 1, salt=salt))


def living_actors() -> set[str]:
    """Names in Ray's list of living actors: what its dashboard shows."""
    address = ray.get_runtime_context().gcs_address
    found = list_actors(address=address, filters=[("state", "=", "ALIVE")], limit=1_000)
    return {str(actor.name) for actor in found}


async def test_an_order_is_acknowledged_and_completed(running: Running) -> None:
    async with running.client() as client:
        acknowledged = await client.submit(one("b6", "completes-"))
        ended = await client.wait_completed(acknowledged["id"], timeout_s=60)
    assert ended["state"] == "completed"
    assert {item["state"] for item in ended["productOrderItem"]} == {"completed"}
    assert ended["completionDate"] >= ended["orderDate"]


async def test_a_read_after_the_acknowledgement_sees_the_order_and_a_repetition_finds_it(
    running: Running,
) -> None:
    order = one("mobile", "repeats-")
    async with running.client() as client:
        first = await client.submit(order)
        assert (await client.get(first["id"]))["externalId"] == order["externalId"]
        again = await client.submit(order)
        assert again["id"] == first["id"]
        page = await client.list(externalId=order["externalId"])
    assert page.total == 1
    assert [entry["id"] for entry in page.orders] == [first["id"]]


async def test_a_failed_task_is_held_and_a_decision_moves_it(running: Running) -> None:
    async with running.client() as client:
        held = await client.submit(one("mobile", "held-"))
        for _ in range(200):
            shown = await client.get(held["id"])
            if shown["state"] == "held":
                break
            await asyncio.sleep(0.05)
        assert shown["state"] == "held"
        (reason,) = [r for r in shown["waitsFor"] if r["kind"] == "operator"][:1]
        assert "retry" in reason["sentence"]
        async with client.session.post(
            f"{client.url}/api/v1/order/{held['id']}/task/{reason['at']}/retry"
        ) as answer:
            assert answer.status == 200
        ended = await client.wait_completed(held["id"], timeout_s=60)
    assert ended["state"] == "completed"


async def test_actors_show_by_name(running: Running) -> None:
    order = one("b6", "named-")
    order["requestedStartDate"] = "2999-01-01T00:00:00Z"
    async with running.client() as client:
        waiting = await client.submit(order)
        names = await asyncio.to_thread(living_actors)
        assert "Coordinator" in names
        assert {name.partition(" ")[0] for name in names} >= {"Host", "Executor", "Gateway"}
        assert (f"Order {waiting['id']}" in names) is (running.placement == "dedicated")


async def test_the_status_names_every_process(running: Running) -> None:
    status = await asyncio.to_thread(running.cluster.status)
    pids = [status["pids"]["coordinator"]]
    for kind in ("hosts", "executors", "gateways"):
        pids += status["pids"][kind].values()
    assert len(pids) == len(set(pids)) == 5
    assert {shard["owner"] for shard in status["shards"]} == set(status["pids"]["hosts"])
    assert status["accepted"] >= status["completed"]


async def test_metrics_reach_the_endpoint_of_the_node(running: Running) -> None:
    (node,) = ray.nodes()
    url = f"http://127.0.0.1:{node['MetricsExportPort']}/metrics"
    async with running.client() as client:
        await client.submit(one("b6", "metrics-"))
        for _ in range(60):
            async with client.session.get(url) as response:
                text = await response.text()
            if "ray_orderloom_orders_accepted_total" in text:
                break
            await asyncio.sleep(0.5)
    exported = set(re.findall(r"^(ray_orderloom_\w+)(?:\{| )", text, re.MULTILINE))
    # Counters of what has not happened yet are not exported: those that the code declares are as good.
    declared = {f"ray_{name}" for name in DECLARED}
    assert exported <= {*declared, *(f"{name}{part}" for name in declared for part in HISTOGRAM_PARTS)}
    for name in (
        "orders_accepted_total",
        "commits_total",
        "cycle_ms_bucket",
        "mailbox_messages",
        "recovery_ms",
    ):
        assert f"ray_orderloom_{name}" in exported
