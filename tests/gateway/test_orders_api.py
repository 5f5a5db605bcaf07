import re

import httpx

from tests.gateway.conftest import order
from tests.gateway.recording_runtime import RecordingRuntime
from tests.gateway.test_product_ordering import PATH


async def made(http: httpx.AsyncClient) -> str:
    return str((await http.post(PATH, json=order(1))).json()["id"])


def held_task(runtime: RecordingRuntime, id_: str) -> str:
    runtime.answer(id_, "failed", "noPort", "none is free")
    return next(key for key, task in runtime.groups[id_].orchestration.tasks.items() if task.state == "held")


async def test_the_graph(http: httpx.AsyncClient) -> None:
    graph = (await http.get(f"/api/v1/order/{await made(http)}/graph")).json()
    assert [line["id"] for line in graph["lines"]] == ["1"]
    assert {each["kind"] for each in graph["domainOrders"]} == {"service", "resource"}
    assert all(each["referrers"] == ["1"] for each in graph["domainOrders"])
    assert {"key", "domainOrder", "needs", "state", "timeoutMs"} <= set(graph["tasks"][0])
    (reason,) = graph["waitsFor"]
    for part in (*graph["lines"], *graph["domainOrders"], *graph["tasks"], reason):
        assert re.fullmatch(r"[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z", part["since"])
    assert reason["until"] > reason["since"]


async def test_retry_with_and_without_changes(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    id_ = await made(http)
    task = held_task(runtime, id_)
    answer = await http.post(f"/api/v1/order/{id_}/task/{task}/retry", json={"changes": {"port": 7}})
    assert (answer.status_code, answer.json()["state"]) == (200, "inProgress")
    assert runtime.groups[id_].orchestration.tasks[task].generation == 2
    assert held_task(runtime, id_) == task
    assert (await http.post(f"/api/v1/order/{id_}/task/{task}/retry")).status_code == 200
    runtime.complete(id_)
    assert runtime.groups[id_].order.state == "completed"


async def test_give_up(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    id_ = await made(http)
    task = held_task(runtime, id_)
    url = f"/api/v1/order/{id_}/task/{task}/giveUp"
    missing = await http.post(url, json={})
    assert (missing.status_code, missing.json()["violations"][0]["pointer"]) == (400, "/reason")
    assert (await http.post(url, json={"reason": "the customer moved"})).json()["state"] == "failed"
    again = await http.post(url, json={"reason": "once more"})
    assert again.status_code == 409
    assert again.json()["reason"]


async def test_what_is_not_held_is_refused_with_the_reason(http: httpx.AsyncClient) -> None:
    id_ = await made(http)
    for target in ("", "/line/1"):
        answer = await http.post(f"/api/v1/order/{id_}{target}/retry")
        assert answer.status_code == 409, answer.text
        assert answer.json()["code"]
    assert (await http.post(f"/api/v1/order/{id_}/task/no.such/retry")).status_code == 404
    assert (await http.post(f"/api/v1/order/o{'0' * 24}/retry")).status_code == 404


async def test_readers_may_not_decide(http: httpx.AsyncClient) -> None:
    id_ = await made(http)
    reader = {"Authorization": "Bearer reader-token"}
    answer = await http.post(f"/api/v1/order/{id_}/retry", headers=reader)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await http.get(f"/api/v1/order/{id_}/graph", headers=reader)).status_code == 200


async def test_the_journal_of_an_order(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    id_ = await made(http)
    runtime.complete(id_)
    records = (await http.get(f"/api/v1/order/{id_}/journal")).json()
    assert [record["sequence"] for record in records] == list(range(1, len(records) + 1))
    assert records[0]["by"] == "ann"
    submitted = records[0]["events"][0]
    assert submitted["event"] == "submitted"
    assert submitted["document"]["externalId"] == "test-1"
    assert len(submitted["digest"]) == 32
    assert records[-1]["events"][-1]["event"] == "order"


async def test_autoscale_takes_a_mode_and_targets_that_can_be(http: httpx.AsyncClient) -> None:
    chosen = {"mode": "dry-run", "targets": {"hosts": [1, 4], "cool_down_s": 5}}
    assert (await http.post("/api/v1/autoscale", json=chosen)).json()["mode"] == "dry-run"
    for body in ({"mode": "often"}, {"targets": {"hosts": [4, 1]}}, {"targets": {"speed": 1}}, {"mode": 1}):
        answer = await http.post("/api/v1/autoscale", json=body)
        assert answer.status_code == 400, body


async def test_status_scale_and_health(http: httpx.AsyncClient) -> None:
    bare = await http.get("/health", headers={"Authorization": ""})
    assert bare.json() == {"status": "ok"}
    status = (await http.get("/api/v1/status")).json()
    assert status["freeDisk"] is True
    assert status["pids"] == {}
    assert (await http.post("/api/v1/scale", json={"hosts": 3})).json()["hosts"] == 3
    for body, pointer in (({"hosts": 0}, "/hosts"), ({"planets": 3}, "")):
        answer = await http.post("/api/v1/scale", json=body)
        assert (answer.status_code, answer.json()["violations"][0]["pointer"]) == (400, pointer)


async def test_why_an_order_is_what_it_is_and_values_for_what_waits(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    wan = {
        "id": "1",
        "action": "add",
        "productOffering": {"id": "managed-wan"},
        "product": {
            "productCharacteristic": [{"name": "siteCount", "value": 1}, {"name": "bandwidth", "value": 50}]
        },
    }
    id_ = str((await http.post(PATH, json={**order(1), "productOrderItem": [wan]})).json()["id"])
    found = (await http.get(f"/api/v1/order/{id_}/explanation")).json()
    line, shared = found["lines"]
    assert (line["line"], shared["line"]) == ("1", "")
    reasons = {each["sentence"].partition(":")[0]: each for each in line["reasons"]}
    assert reasons["managed-wan Realized as wan-site"]["inputs"] == {"managed-wan.siteCount": 1}
    waits = [each for each in line["reasons"] if each["outcome"] == "waits"]
    assert {path for each in waits for path in each["missing"]} == {
        "managed-wan.reporting",
        "managed-wan.wan-site[1].access",
        "managed-wan.wan-site[1].model",
    }
    url = f"/api/v1/order/{id_}/line/1/values"
    values = {"managed-wan.wan-site[1].model": "small", "reporting": "none"}
    # The order still waits for the gateway that networks of a region share.
    assert (await http.post(url, json={"values": values})).json()["state"] == "pending"
    after = (await http.get(f"/api/v1/order/{id_}/explanation")).json()["lines"][0]["reasons"]
    (router,) = [each for each in after if each["target"] == "site-router"]
    assert (router["outcome"], router["rule"], len(router["domainOrders"])) == ("created", "chosen", 1)
    refused = await http.post(url, json={"values": {"reporting": "hourly"}})
    assert (refused.status_code, refused.json()["code"]) == (409, "valueNotAllowed")


async def test_a_plain_order_is_explained_as_well(http: httpx.AsyncClient) -> None:
    found = (await http.get(f"/api/v1/order/{await made(http)}/explanation")).json()
    (line,) = found["lines"]
    assert any(each["created"] for each in line["reasons"]) and not line["drift"]
