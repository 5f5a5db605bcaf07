"""Versions are published while orders flow: every process switches, none stops, no order notices."""

import asyncio
from typing import Any

import pytest

from benchmarks.shapes import orders
from catalog.store import SAMPLES
from gateway.client import OrderloomClient
from tests.ray.conftest import Running

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]

PATH = "/api/v1/catalog"
TASK = "activate-internet-access"
BAD = {
    "files": [
        {
            "name": "shop.yaml",
            "text": "catalog: {version: bad}\nofferings: {a: {productSpecification: none}, b: {}}\n",
        }
    ]
}


def sample_files(version: str, task: str) -> list[dict[str, str]]:
    """The sample catalog under another version, with another name for a task of every broadband plan."""
    files = []
    for file in sorted(SAMPLES.glob("*.yaml")):
        text = file.read_text(encoding="utf-8").replace(TASK, task)
        if file.name == "catalog.yaml":
            header = next(line for line in text.splitlines() if line.strip().startswith("version:"))
            text = text.replace(header, f'  version: "{version}"')
        files.append({"name": file.name, "text": text})
    return files


async def asked(client: OrderloomClient, method: str, path: str, **options: Any) -> tuple[int, Any]:
    async with client.session.request(method, f"{client.url}{path}", **options) as answer:
        return answer.status, await answer.json()


async def graph(client: OrderloomClient, order: str) -> tuple[str, set[str]]:
    """The catalog version of an order and the names of its tasks."""
    status, told = await asked(client, "GET", f"/api/v1/order/{order}/graph")
    assert status == 200, told
    return told["catalog"], {task["name"] for task in told["tasks"]}


@pytest.mark.parametrize(
    "running",
    ["pooled", pytest.param("dedicated", marks=pytest.mark.slow)],
    indirect=True,
    scope="session",
)
async def test_orders_flow_while_a_version_is_published(running: Running) -> None:
    version = f"published-{running.placement}"
    pooled = running.placement == "pooled"
    accepted: list[str] = []
    phase = "before"
    phases: dict[str, tuple[str, str]] = {}
    """Order -> what was going on when it was sent, and when it was answered."""
    stop = asyncio.Event()

    async def flow(client: OrderloomClient, lane: int) -> None:
        number = 0
        while not stop.is_set():
            salt = f"flow-{lane}-{number}-"
            sent = phase
            answer = await client.submit(next(orders("b6", 1, salt=salt)))
            accepted.append(answer["id"])
            phases[answer["id"]] = (sent, phase)
            number += 1
            if not pooled:
                return  # each order has actors of its own: one on either side is load enough
            await asyncio.sleep(0)

    async with running.client() as client:
        _, told = await asked(client, "GET", PATH)
        before = told["current"]
        flowing = [asyncio.create_task(flow(client, lane)) for lane in range(4 if pooled else 1)]
        await reached(accepted, 20 if pooled else 1)
        status, told = await asked(client, "POST", PATH, json=BAD)
        assert status == 400 and len(told["findings"]) >= 2, told
        assert {each["file"] for each in told["findings"]} == {"shop.yaml"}
        assert (await asked(client, "GET", PATH))[1]["current"] == before, "the running version stays"
        phase = "publishing"
        status, told = await asked(
            client, "POST", PATH, json={"files": sample_files(version, f"{TASK}-anew")}
        )
        phase = "after"
        assert (status, told.get("outcome")) == (201, "new"), told
        published = len(accepted)
        if pooled:
            await reached(accepted, published + 20)
        else:
            await flow(client, 1)
        stop.set()
        await asyncio.gather(*flowing)
        seen = []
        for order in accepted:
            ended = await client.wait_completed(order, timeout_s=90)
            assert ended["state"] == "completed"
            seen.append(await graph(client, order))
        # What was on its way while it was published may be on either side.
        known = list(zip(accepted, (kept for kept, _ in seen), strict=True))
        assert {kept for order, kept in known if phases[order][1] == "before"} == {before}
        assert {kept for order, kept in known if phases[order][0] == "after"} == {version}
        for kept, tasks in seen:
            assert (TASK in tasks, f"{TASK}-anew" in tasks) == (kept == before, kept == version)
        status = (await asked(client, "GET", "/api/v1/status"))[1]
        async with asyncio.timeout(20):
            while {host["catalog"] for host in status["hosts"].values()} != {version}:
                status = (await asked(client, "GET", "/api/v1/status"))[1]
        assert status["catalog"] == version
        _, told = await asked(client, "GET", PATH)
        (act,) = told["versions"][-1]["published"]
        assert (act["source"], act["by"]) == ("api", "tests")
        # Back again, as other modules want it.
        status, _ = await asked(client, "POST", PATH, json={"files": sample_files(before, TASK)})
        assert status == 201


async def reached(accepted: list[str], count: int) -> None:
    async with asyncio.timeout(60):
        while len(accepted) < count:
            await asyncio.sleep(0.02)
