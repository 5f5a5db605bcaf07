"""Alerts over HTTP: values that do not come in time, over the real kernel with deadlines of an instant."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jsonschema
import pytest

from catalog.loader import CatalogText, load_texts
from catalog.store import Catalogs
from gateway.app import create_app
from gateway.auth import Principal
from gateway.settings import GatewaySettings
from tests.gateway.conftest import Served, local
from tests.gateway.recording_runtime import RecordingRuntime
from tests.gateway.test_product_ordering import PATH
from tests.gateway.test_service_ordering import PATH as SERVICE_PATH

ALERTS = "/api/v1/alerts"
CATALOG = """
catalog: {version: "1"}
offerings: {network: {productSpecification: network}}
productSpecifications:
  network:
    characteristics: {router: {}, backup: {valueType: boolean}}
    relationships:
      - type: Realized as
        target: router
        condition: router != 'own'
        wait: {deadline: PT0.15S, reaction: remind, group: order-desk}
      - type: Realized as
        target: radio
        condition: backup
        wait: {deadline: PT0.15S, reaction: escalate, group: order-desk, escalateTo: [lead, director]}
serviceSpecifications:
  router:
    plans: {add: [{name: send, target: warehouse}], delete: [{name: fetch, target: warehouse}]}
  radio:
    characteristics: {power: {valueType: integer}}
    relationships:
      - {type: Requires, target: mast, condition: power > 5, wait: {deadline: PT0.15S}}
    plans: {add: [{name: pair, target: field}], delete: [{name: release, target: field}]}
resourceSpecifications:
  mast:
    plans: {add: [{name: build, target: field}], delete: [{name: raze, target: field}]}
"""
PEOPLE = {
    "sue-token": Principal("sue", "shop", roles=("requester",)),
    "ann-token": Principal("ann", "shop", roles=("agent",), groups=("order-desk",)),
    "eve-token": Principal("eve", "shop", roles=("agent",), groups=("director",)),
    "ops-token": Principal("ops", "shop"),
    "reader-token": Principal("dan", "insight", roles=("reader",), groups=("order-desk",)),
    "nora-token": Principal("nora", "shop", tenant="north", groups=("order-desk",)),
}


def waiting_catalogs() -> Catalogs:
    catalog, _ = load_texts([CatalogText("catalog.yaml", CATALOG)])
    return Catalogs(catalog)


def network(number: int = 1, **values: Any) -> dict[str, Any]:
    characteristics = [{"name": name, "value": value} for name, value in values.items()]
    line = {
        "id": "1",
        "action": "add",
        "productOffering": {"id": "network"},
        "product": {"productCharacteristic": characteristics},
    }
    return {"externalId": f"n{number}", "productOrderItem": [line]}


class Desk:
    """Requests by name."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, who: str, path: str, **query: str) -> httpx.Response:
        return await self.client.get(path, params=query, headers=self._as(who))

    async def post(self, who: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.client.post(path, json=body, headers={**self._as(who), **headers})

    async def orders(self, who: str, body: dict[str, Any], path: str = PATH) -> str:
        answer = await self.post(who, path, body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def alerts(self, who: str = "ops", **query: str) -> list[dict[str, Any]]:
        answer = await self.get(who, ALERTS, **query)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert int(answer.headers["x-total-count"]) == len({each["order"] for each in found})
        return list(found)

    async def until(self, who: str = "ops", **query: str) -> dict[str, Any]:
        """The first alert that a question finds, once it finds any."""
        async with asyncio.timeout(10):
            while not (found := await self.alerts(who, **query)):
                await asyncio.sleep(0.02)
        return found[0]

    async def told(self, **query: str) -> AsyncIterator[dict[str, Any]]:
        """The events from the beginning, as they come."""
        headers = {"Authorization": "Bearer ops-token"}
        question = {"from": "start", **query}
        async with self.client.stream("GET", "/stream/v1/events", params=question, headers=headers) as events:
            async for text in events.aiter_lines():
                if text.startswith("data:"):
                    yield json.loads(text[5:])

    @staticmethod
    def _as(who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {who}-token"}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with (
        local(waiting_catalogs()) as runtime,
        Served(runtime, GatewaySettings(tokens=PEOPLE, heartbeat_s=0.2)) as served,
        httpx.AsyncClient(base_url=served.url, timeout=10) as client,
    ):
        yield Desk(client)


async def test_a_reminder_reaches_its_group_and_is_acknowledged(desk: Desk) -> None:
    order = await desk.orders("sue", network(backup=False))
    assert await desk.alerts(order=order) == []
    alert = await desk.until(group="order-desk")
    assert (alert["order"], alert["line"], alert["reaction"], alert["group"]) == (
        order,
        "1",
        "remind",
        "order-desk",
    )
    assert alert["missing"] == ["network.router"] and "network.router" in alert["sentence"]
    assert alert["awaits"] == "requester" and alert["times"] >= 1
    assert alert["since"] < alert["until"] and "acknowledgedBy" not in alert
    schema = create_app(RecordingRuntime(), GatewaySettings(tokens={})).openapi()
    documented = schema["components"]["schemas"]["AlertView"]
    jsonschema.validate(alert, documented)
    assert alert.keys() <= documented["properties"].keys()
    line = f"/api/v1/order/{order}/line/1"
    for who, code in (("eve", "notInGroup"), ("reader", "forbidden")):
        refused = await desk.post(who, f"{line}/acknowledge")
        assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert (await desk.post("ann", f"/api/v1/order/{order}/line/9/acknowledge")).status_code == 404

    key = {"Idempotency-Key": "k"}
    answer = await desk.post("ann", f"{line}/acknowledge", {"alert": alert["key"]}, **key)
    assert answer.status_code == 200, answer.text
    (stands,) = answer.json()
    jsonschema.validate(stands, documented)
    assert stands["acknowledgedBy"] == "ann" and stands["acknowledgedAt"] and "until" not in stands
    assert (await desk.post("ann", f"{line}/acknowledge", {"alert": alert["key"]}, **key)).json() == [stands]
    again = await desk.post("ops", f"{line}/acknowledge")
    assert (again.status_code, again.json()["code"]) == (409, "alertAcknowledged")
    assert "acknowledged by ann" in again.json()["reason"]
    assert (
        await desk.alerts(acknowledged="false") == [] == await desk.alerts(order=order, acknowledged="false")
    )
    assert await desk.alerts(acknowledged="true", group="order-desk") == [stands]
    (reason,) = (await desk.get("sue", f"/api/v1/order/{order}/graph")).json()["waitsFor"]
    assert f"reminded {stands['times']} time(s), acknowledged by ann at" in reason["sentence"]
    await asyncio.sleep(0.4)
    assert await desk.alerts() == [stands], "nobody is reminded any more"
    journal = (await desk.get("ops", f"/api/v1/order/{order}/journal")).json()
    (fact,) = [e for record in journal for e in record["events"] if e["event"] == "alertsAcknowledged"]
    assert (fact["by"], fact["alerts"]) == ("ann", [alert["key"]])

    given = await desk.post("ops", f"{line}/values", {"values": {"router": "small"}})
    assert given.status_code == 200
    assert await desk.alerts() == [] == await desk.alerts(order=order)
    refused = await desk.post("ann", f"{line}/acknowledge")
    assert refused.status_code == 409


async def test_an_escalation_goes_up_and_is_no_question_to_the_requester(desk: Desk) -> None:
    order = await desk.orders("sue", network(router="own"))
    alert = await desk.until(group="director")
    assert alert["times"] >= 2 and await desk.alerts(group="lead") == []
    (stands,) = (await desk.post("eve", f"/api/v1/order/{order}/line/1/acknowledge")).json()
    assert (stands["acknowledgedBy"], stands["reaction"]) == ("eve", "escalate")
    marker = await desk.orders("sue", network(2, backup=False))
    seen = []
    async with asyncio.timeout(10):
        async for event in desk.told(eventType="ProductOrderInformationRequiredEvent"):
            seen.append((event["id"], "reminded" in event["event"]["productOrder"]["note"][0]["text"]))
            if seen[-1] == (marker, True):
                break
    assert (order, True) not in seen, "an escalation stays in the house"


async def test_a_reminder_asks_the_requester_once_more(desk: Desk) -> None:
    product = await desk.orders("sue", network(backup=False))
    line = {"id": "7", "action": "add", "service": {"serviceSpecification": {"id": "radio"}}}
    service = await desk.orders("sue", {"externalId": "s1", "serviceOrderItem": [line]}, SERVICE_PATH)
    types = ("ProductOrderInformationRequiredEvent", "ServiceOrderInformationRequiredEvent")
    seen: dict[str, list[dict[str, Any]]] = {kind: [] for kind in types}
    async with asyncio.timeout(10):
        async for event in desk.told(eventType=",".join(types)):
            seen[event["eventType"]].append(event)
            if all(len(each) >= 3 for each in seen.values()):
                break
    for kind, id_, path, missing, resource in (
        (types[0], product, '$.productOrderItem[?(@.id=="1")]', "network.router", "productOrder"),
        (types[1], service, '$.serviceOrderItem[?(@.id=="7")]', "radio.power", "serviceOrder"),
    ):
        for times, event in enumerate(seen[kind][:3]):
            assert (event["id"], event["fieldPath"]) == (id_, path)
            (note,) = event["event"][resource]["note"]
            assert missing in note["text"] and (f"reminded {times} time(s)" in note["text"]) is (times > 0)


async def test_alerts_are_seen_by_their_tenant_only(desk: Desk) -> None:
    ours = await desk.orders("sue", network(backup=False))
    theirs = await desk.orders("nora", network(backup=False))
    await desk.until("nora")
    await desk.until()
    assert [each["order"] for each in await desk.alerts("nora", group="order-desk")] == [theirs]
    assert [each["order"] for each in await desk.alerts("ann", acknowledged="false")] == [ours]
    assert await desk.alerts("nora", order=ours) == []
    answer = await desk.post("nora", f"/api/v1/order/{ours}/line/1/acknowledge")
    assert answer.status_code == 404
    assert (await desk.alerts(order=ours))[0].get("acknowledgedBy") is None


async def test_pages_count_orders(desk: Desk) -> None:
    ids = [await desk.orders("sue", network(number)) for number in range(3)]
    async with asyncio.timeout(10):
        while len(await desk.alerts()) < 6:
            await asyncio.sleep(0.02)
    seen = []
    for offset in range(3):
        answer = await desk.get("ops", ALERTS, offset=str(offset), limit="1")
        assert answer.headers["x-total-count"] == "3"
        page = answer.json()
        assert len(page) == 2 and len({each["order"] for each in page}) == 1
        seen.append(page[0]["order"])
    assert sorted(seen) == sorted(ids)
    wrong = await desk.get("ops", ALERTS, acknowledged="perhaps")
    assert wrong.status_code == 400 and wrong.json()["violations"][0]["pointer"] == "?acknowledged"


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("line/1/acknowledge", '{"alert": %s}'),
        ("line/1/values", '{"values": {"x": %s}}'),
        ("line/1/values", '{"values": {%s: 1}}'),
        ("approve", '{"overrides": {%s: "why"}}'),
        ("details", '{"values": {"1": {"x": %s}}}'),
        ("task/1/retry", '{"changes": {"x": %s}}'),
    ],
)
async def test_what_is_no_text_is_refused(desk: Desk, path: str, body: str, key: dict[str, str]) -> None:
    order = await desk.orders("sue", network())
    answer = await desk.client.post(
        f"/api/v1/order/{order}/{path}",
        content=body.replace("%s", r'"\ud800"'),
        headers={"Authorization": "Bearer ops-token", "Content-Type": "application/json", **key},
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "invalidRequest"
