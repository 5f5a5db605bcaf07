"""Decisions that come twice under one key: carried out once, and told apart by who said them and what was said."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.settings import GatewaySettings
from tests.gateway.conftest import TOKENS, Served, order
from tests.gateway.recording_runtime import RecordingRuntime
from tests.gateway.test_orders_api import held_task, made
from tests.gateway.test_product_ordering import PATH
from tests.gateway.test_review_api import CONTACT, PEOPLE, SITE, People, security

BOB = {"Authorization": "Bearer other-token"}


@pytest.fixture
def settings() -> GatewaySettings:
    return GatewaySettings(tokens=TOKENS | PEOPLE, heartbeat_s=0.2)


@pytest.fixture
async def people(served: Served) -> AsyncIterator[People]:
    async with httpx.AsyncClient(base_url=served.url, timeout=10) as client:
        yield People(client)


async def said(
    http: httpx.AsyncClient, path: str, body: Any, key: str | None = "k", **headers: str
) -> tuple[int, dict[str, Any]]:
    named = {"Idempotency-Key": key} if key is not None else {}
    answer = await http.post(path, json=body, headers=headers | named)
    return answer.status_code, answer.json()


async def test_a_retry_that_comes_twice_is_one(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    id_ = await made(http)
    task = held_task(runtime, id_)
    url, changes = f"/api/v1/order/{id_}/task/{task}/retry", {"changes": {"port": 7, "vlan": 3}}
    tasks = runtime.groups[id_].orchestration.tasks
    first = await said(http, url, changes)
    assert (first[0], first[1]["state"], tasks[task].generation) == (200, "inProgress", 2)
    assert await said(http, url, {"changes": {"vlan": 3, "port": 7}}) == first, (
        "the order of names says nothing"
    )
    held_task(runtime, id_)
    assert await said(http, url, changes) == (200, {"id": id_, "state": "held"}), "it stands as it stands now"
    assert tasks[task].generation == 2
    for path, body in ((url, {"changes": {"port": 8}}), (url, None), (url[:-5] + "giveUp", {"reason": "x"})):
        status, error = await said(http, path, body)
        assert (status, error["code"]) == (409, "keyConflict")
    assert (await said(http, url, changes, **BOB))[1]["state"] == "inProgress"
    assert tasks[task].generation == 3, "the key of another person is another key"
    held_task(runtime, id_)
    for _ in range(2):
        assert (await said(http, url, None, None))[1]["state"] == "inProgress"
        held_task(runtime, id_)


async def test_values_that_come_twice_do_not_come_back(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    values = [{"name": "siteCount", "value": 1}, {"name": "bandwidth", "value": 50}]
    wan = {
        "id": "1",
        "action": "add",
        "productOffering": {"id": "managed-wan"},
        "product": {"productCharacteristic": values},
    }
    id_ = (await http.post(PATH, json=order(1, productOrderItem=[wan]))).json()["id"]
    url = f"/api/v1/order/{id_}/line/1/values"
    for key, reporting in (("k", "weekly"), ("l", "live"), ("k", "weekly")):
        assert (await said(http, url, {"values": {"reporting": reporting}}, key))[0] == 200
    graph = runtime.groups[id_].decomposition.graph
    assert graph is not None and graph.facts["1"].values["managed-wan"] == {"reporting": "live"}
    assert (await said(http, url, {"values": {"reporting": "none"}}))[1]["code"] == "keyConflict"


async def test_what_people_say_in_a_review_counts_once(people: People, runtime: RecordingRuntime) -> None:
    id_ = await people.order(security())
    tasks, review, key = f"/api/v1/tasks/{id_}", f"/api/v1/order/{id_}", {"Idempotency-Key": "k1"}

    async def twice(who: str, path: str, body: Any = None, **headers: str) -> None:
        first = await people.says(who, path, body, **headers)
        count = len(runtime.groups[id_].order.commands)
        again = await people.says(who, path, body, **headers)
        for moving in ("dates", "lines"):  # planned from now on
            assert (first.pop(moving, None) is None) == (again.pop(moving, None) is None)
        assert first == again and len(runtime.groups[id_].order.commands) == count

    await twice("ann", f"{tasks}/w1/claim", **key)
    assert await people.refused("ann", f"{tasks}/w2/claim", **key) == (409, "keyConflict")
    await twice("cid", f"{tasks}/w2/claim", **key)
    await twice("ann", f"{tasks}/w1/return", {"reason": "not mine"}, **{"Idempotency-Key": "k2"})
    done = {"values": {"1": SITE}}
    await twice("ann", f"{tasks}/w1/complete", done, **{"Idempotency-Key": "k3"})
    assert await people.refused("ann", f"{tasks}/w1/complete", done) == (409, "workEnded"), "without a key"
    await twice("cid", f"{review}/details", {"values": {"1": CONTACT}}, **{"Idempotency-Key": "k2"})
    seen = (await people.get("bob", f"{review}/review")).headers["etag"]
    await twice("bob", f"{review}/approve", {"note": "fine"}, **key, **{"If-Match": seen})
    assert await people.refused("bob", f"{review}/approve", {"note": "fine"}, **key) == (409, "keyConflict")
    await twice("cid", f"{review}/return", {"reason": "really?"}, **{"Idempotency-Key": "k3"})
    await twice("cid", f"{review}/reject", {"reason": "no"}, **{"Idempotency-Key": "k4"})
    journal = (await people.get("ops", f"{review}/journal")).json()
    events = [event["event"] for record in journal for event in record["events"]]
    assert events.count("approved") == 1 and events.count("command") == 8


@pytest.mark.parametrize("key", ["", "x" * 257])
async def test_a_key_has_a_length(http: httpx.AsyncClient, key: str) -> None:
    status, error = await said(http, f"/api/v1/order/{await made(http)}/retry", None, key)
    assert status == 400
    assert error["violations"][0]["pointer"] == "/Idempotency-Key"


def test_every_decision_says_that_it_takes_a_key() -> None:
    paths = create_app(RecordingRuntime(), GatewaySettings(tokens={})).openapi()["paths"]
    decisions = {
        path: operation
        for path, operations in paths.items()
        if path.startswith(("/api/v1/order/", "/api/v1/tasks/"))
        for method, operation in operations.items()
        if method == "post"
    }
    assert len(decisions) == 15
    for path, operation in decisions.items():
        names = [each["name"].lower() for each in operation["parameters"] if each["in"] == "header"]
        assert "idempotency-key" in names, path
