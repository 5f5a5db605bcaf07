"""Who may do what, whose orders are seen by whom, and that every fact names who caused it."""

import asyncio

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.gateway.conftest import Served, order
from tests.gateway.recording_runtime import RecordingRuntime
from tests.gateway.test_product_ordering import PATH

NORTH = {"Authorization": "Bearer north-token"}
READER = {"Authorization": "Bearer reader-token"}


async def test_a_token_is_told_whose_it_is(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/v1/principal", headers=NORTH)).json() == {
        "name": "nora",
        "client": "shop",
        "tenant": "north",
        "roles": ["operator"],
        "groups": ["north-desk"],
    }


async def test_a_reader_places_no_order(http: httpx.AsyncClient, served: Served) -> None:
    for url, headers in ((PATH, {}), ("/stream/v1/productOrder", {"Content-Type": "application/x-ndjson"})):
        answer = await http.post(url, json=order(1), headers={**READER, **headers})
        body = answer.json()
        assert (answer.status_code, body["code"], body["@type"]) == (403, "forbidden", "Error")
        assert "dan" in body["reason"]
    with pytest.raises(InvalidStatus) as refused:
        url = served.url.replace("http", "ws")
        async with connect(f"{url}/stream/v1/productOrder/ws?access_token=reader-token"):
            pass
    assert refused.value.response.status_code == 403
    assert (await http.get(PATH, headers=READER)).status_code == 200


async def test_the_orders_of_a_tenant_are_its_own(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    ours = (await http.post(PATH, json=order(1))).json()["id"]
    answer = await http.post(PATH, json=order(1), headers=NORTH)
    assert answer.status_code == 201, "the same key of another tenant is another order"
    theirs = answer.json()["id"]
    runtime.answer(theirs, "failed", "noPort", "none is free")
    for headers, own, foreign in (({}, ours, theirs), (NORTH, theirs, ours)):
        for query in ({}, {"externalId": "test-1"}, {"externalId": "test-1", "category": "B2C"}):
            listed = await http.get(PATH, params=query, headers=headers)
            assert [each["id"] for each in listed.json()] == [own], query
            assert listed.headers["x-total-count"] == "1"
        for url in (
            f"{PATH}/{foreign}",
            f"/api/v1/order/{foreign}/graph",
            f"/api/v1/order/{foreign}/journal",
        ):
            assert (await http.get(url, headers=headers)).status_code == 404
        assert (await http.get(f"{PATH}/{own}", headers=headers)).status_code == 200
        retried = await http.post(f"/api/v1/order/{foreign}/retry", headers=headers)
        assert (retried.status_code, retried.json()["code"]) == (404, "notFound")
    relation = {"orderRelationship": [{"id": theirs, "relationshipType": "dependsOn"}]}
    waiting = await http.post(PATH, json=order(2, **relation))
    assert waiting.json()["violations"][0]["pointer"] == "/orderRelationship/0/id"
    assert (await http.post(PATH, json=order(2, **relation), headers=NORTH)).status_code == 201


async def test_the_events_of_a_tenant_are_its_own(http: httpx.AsyncClient) -> None:
    ours = (await http.post(PATH, json=order(1))).json()["id"]
    theirs = (await http.post(PATH, json=order(1), headers=NORTH)).json()["id"]
    for headers, own, foreign in (
        ({}, ours, theirs),
        ({"Authorization": "Bearer north-reader-token"}, theirs, ours),
    ):
        seen = ""
        async with asyncio.timeout(5):
            async with http.stream("GET", "/stream/v1/events?from=start", headers=headers) as events:
                async for line in events.aiter_lines():
                    seen += line
                    if line.startswith(": heartbeat"):
                        break
        assert own in seen and foreign not in seen


async def test_history_names_who(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    made = (await http.post(PATH, json=order(1))).json()["id"]
    runtime.answer(made, "failed", "noPort", "none is free")
    task = next(key for key, task in runtime.groups[made].orchestration.tasks.items() if task.state == "held")
    other = {"Authorization": "Bearer other-token"}
    await http.post(f"/api/v1/order/{made}/task/{task}/retry", headers=other)
    records = (await http.get(f"/api/v1/order/{made}/journal")).json()
    assert [record["by"] for record in records] == ["ann", "", "bob"]
