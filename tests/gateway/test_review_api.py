"""Enrichment, approval and tasks for people over HTTP, with a sample offering that people look at first."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway.auth import Principal
from gateway.settings import GatewaySettings
from tests.gateway.conftest import Served, item
from tests.gateway.recording_runtime import RecordingRuntime
from tests.gateway.test_product_ordering import PATH

PEOPLE = {
    "sue-token": Principal("sue", "shop", roles=("requester",)),
    "ann-token": Principal("ann", "shop", roles=("agent",), groups=("order-desk",)),
    "bob-token": Principal("bob", "shop", roles=("agent",), groups=("sales-desk",)),
    "cid-token": Principal("cid", "shop", roles=("agent",), groups=("sales-desk", "order-desk")),
    "ops-token": Principal("ops", "shop"),
    "reader-token": Principal("dan", "insight", roles=("reader",)),
    "north-token": Principal("nora", "shop", tenant="north"),
}
SITE = {"site": "12 Harbour Road", "place.installation": {"id": "p1", "name": "Harbour"}}
CONTACT = {"contact.technical": {"id": "c9", "@referredType": "Individual"}}


@pytest.fixture
def settings() -> GatewaySettings:
    return GatewaySettings(tokens=PEOPLE, heartbeat_s=0.2)


@pytest.fixture
async def people(served: Served) -> AsyncIterator["People"]:
    async with httpx.AsyncClient(base_url=served.url, timeout=10) as client:
        yield People(client)


class People:
    """Requests by name."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, who: str, path: str, **parameters: Any) -> httpx.Response:
        return await self.client.get(path, params=parameters, headers=self._as(who))

    async def post(self, who: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.client.post(path, json=body, headers={**self._as(who), **headers})

    async def says(self, who: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        response = await self.post(who, path, body, **headers)
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def refused(self, who: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        response = await self.post(who, path, body, **headers)
        return response.status_code, response.json()["code"]

    async def tasks(self, who: str = "ann", **filters: Any) -> list[tuple[str, str]]:
        response = await self.get(who, "/api/v1/tasks", **filters)
        assert response.status_code == 200, response.text
        return [(each["key"], each["name"]) for each in response.json()]

    async def order(self, *lines: dict[str, Any], number: int = 1) -> str:
        body = {"externalId": f"x{number}", "productOrderItem": [*lines]}
        response = await self.post("sue", PATH, body)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    @staticmethod
    def _as(who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {who}-token"}


def security(id_: str = "1", users: int = 800, **product: Any) -> dict[str, Any]:
    values = [{"name": "users", "value": users}]
    return item(
        id_,
        productOffering={"id": "managed-security"},
        product={"productCharacteristic": values, **product},
    )


def complete(id_: str = "1", users: int = 800, place: str = "p1") -> dict[str, Any]:
    drawn = security(
        id_,
        users,
        place=[{"id": place, "role": "installation"}],
        relatedParty=[{"id": "c9", "role": "technical", "@referredType": "Individual"}],
    )
    drawn["product"]["productCharacteristic"].append({"name": "site", "value": "here"})
    return drawn


async def test_an_order_from_capture_to_fulfilment(people: People, runtime: RecordingRuntime) -> None:
    order = await people.order(security(), item("2"))
    tasks, review = f"/api/v1/tasks/{order}", f"/api/v1/order/{order}"
    shown = (await people.get("sue", f"{PATH}/{order}")).json()
    assert shown["state"] == "acknowledged" and "order-desk" in shown["waitsFor"][0]["sentence"]
    assert await people.tasks(group="order-desk", state="open") == [
        ("w1", "Delivery location"),
        ("w2", "Technical contact"),
    ]
    assert (await people.says("ann", f"{tasks}/w1/claim"))["claimedBy"] == "ann"
    assert await people.tasks(assignee="ann") == [("w1", "Delivery location")]
    assert await people.tasks(group="order-desk", state="open") == [("w2", "Technical contact")]
    done = await people.says("ann", f"{tasks}/w1/complete", {"values": {"1": SITE}, "note": "by phone"})
    assert (done["state"], done["completedBy"]) == ("completed", "ann")
    await people.says("cid", f"{tasks}/w2/claim")
    await people.says("cid", f"{tasks}/w2/return", {"reason": "who is it?", "requester": True})
    shown = (await people.get("sue", f"{PATH}/{order}")).json()
    assert shown["state"] == "pending" and shown["waitsFor"][0]["kind"] == "requester"
    assert await people.tasks(state="returned") == [("w2", "Technical contact")]
    seen = await people.says("ann", f"{review}/details", {"values": {"1": CONTACT}, "note": "in the mail"})
    assert (seen["phase"], seen["state"]) == ("approval", "acknowledged")
    assert await people.tasks(who="bob", group="sales-desk") == [("w3", "Large site")]

    response = await people.get("bob", f"{review}/review")
    seen = response.json()
    assert response.headers["etag"] == f'"{seen["version"]}"'
    assert seen["submittedBy"] == ["sue"] and seen["approvalsNeeded"][0]["approvers"] == 2
    assert {"place": "p1", "lines": ["1"]} in seen["locations"]
    assert [line["id"] for line in seen["lines"]] == ["1", "2"] and seen["lines"][0]["domainOrders"]
    assert seen["dates"]["plannedDurationMs"] > 0
    totals = seen["productOrder"]["orderTotalPrice"]
    assert totals[0]["price"], "the price that the approval is about"
    characteristics = seen["productOrder"]["productOrderItem"][0]["product"]["productCharacteristic"]
    assert {"name": "site", "value": "12 Harbour Road"} in characteristics

    etag = response.headers["etag"]
    assert await people.refused("bob", f"{review}/approve", **{"If-Match": '"1"'}) == (412, "versionPassed")
    await people.says("bob", f"{review}/approve", {"note": "fine"}, **{"If-Match": etag})
    assert await people.refused("bob", f"{review}/approve") == (409, "alreadyApproved")
    assert await people.refused("ann", f"{review}/approve") == (403, "notInGroup")
    seen = await people.says("cid", f"{review}/approve")
    assert (seen["phase"], seen["state"]) == ("cleared", "inProgress")
    assert [each["by"] for each in seen["approvals"]] == ["bob", "cid"]
    runtime.complete(order)
    shown = (await people.get("sue", f"{PATH}/{order}")).json()
    assert shown["state"] == "completed" and shown["orderTotalPrice"] == totals
    journal = (await people.get("ops", f"{review}/journal")).json()
    yes = [event for record in journal for event in record["events"] if event["event"] == "approved"]
    assert [(each["by"], each["price"]["catalog"]) for each in yes] == [
        ("bob", seen["productOrder"] and "2025.1"),
        ("cid", "2025.1"),
    ]
    assert await people.tasks() == []


async def test_an_approver_sees_what_becomes_of_what_is_installed(
    people: People, runtime: RecordingRuntime
) -> None:
    made = await people.order(item("1", quantity=2))
    runtime.complete(made)
    gone = item("2", action="delete", product={"id": f"p{made[1:]}.1"})
    order = await people.order(security(), gone, number=2)
    seen = (await people.get("bob", f"/api/v1/order/{order}/review")).json()
    domain_orders = seen["lines"][1]["domainOrders"]
    assert {each["action"] for each in domain_orders} == {"delete"}
    assert len({each["key"] for each in domain_orders}) == 4, "two of them stand, each with two parts"


async def test_a_refused_order_ends_with_the_reason(people: People) -> None:
    order = await people.order(complete())
    seen = await people.says("bob", f"/api/v1/order/{order}/reject", {"reason": "too large for us"})
    assert (seen["phase"], seen["state"]) == ("rejected", "rejected")
    shown = (await people.get("sue", f"{PATH}/{order}")).json()
    assert shown["state"] == "rejected" and shown["productOrderItem"][0]["state"] == "rejected"
    assert "too large for us" in shown["note"][0]["text"]


async def test_an_order_goes_back_for_rework(people: People) -> None:
    order = await people.order(complete())
    review = f"/api/v1/order/{order}"
    seen = await people.says("bob", f"{review}/return", {"reason": "really 800?"})
    assert seen["phase"] == "enrichment"
    (key, name) = (await people.tasks(group="order-desk"))[0]
    assert name == "Rework for Large site"
    values = {"1": {"users": 600}}
    done = await people.says(
        "ann", f"/api/v1/tasks/{order}/{key}/complete", {"values": values, "note": "600"}
    )
    assert done["state"] == "completed" and done["note"] == "600"
    assert (await people.get("bob", f"{review}/review")).json()["phase"] == "approval"


async def test_the_requesters_change_is_an_answer(people: People) -> None:
    order = await people.order(complete())
    seen = await people.says("bob", f"/api/v1/order/{order}/return", {"reason": "why?", "requester": True})
    assert seen["state"] == "pending"
    response = await people.client.patch(
        f"{PATH}/{order}",
        json={
            "productOrderItem": [
                {
                    "id": "1",
                    "product": {
                        "productCharacteristic": [
                            {"name": "users", "value": 3},
                            {"name": "site", "value": "here"},
                        ]
                    },
                }
            ]
        },
        headers={"Authorization": "Bearer sue-token", "If-Match": '"1"'},
    )
    assert response.status_code == 200, response.text
    assert response.json()["state"] == "inProgress", "three users need nobody's approval"


async def test_prices_are_decided_beside_what_is_computed(people: People) -> None:
    order = await people.order(complete())
    review = f"/api/v1/order/{order}"
    bad = {"values": {"1": {"price": {"no-such": "1.00"}}}}
    assert await people.refused("ann", f"{review}/details", bad) == (400, "invalidValues")
    body = {"values": {"1": {"price": {"security-monthly": "1.50"}}}, "note": "a good customer"}
    seen = await people.says("ann", f"{review}/details", body)
    price = seen["productOrder"]["productOrderItem"][0]["itemPrice"][0]
    assert price["price"]["dutyFreeAmount"]["value"] == 1_200.0
    assert price["computedPrice"]["dutyFreeAmount"]["value"] == 1_592.0
    assert price["override"]["by"] == "ann" and price["override"]["reason"] == "a good customer"


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"9": {"site": "x"}}, "/values/9"),
        ({"1": {"place.installation": "here"}}, "/values/1/place.installation"),
        ({"1": {"appointment": {"name": "x"}}}, "/values/1/appointment"),
        ({"1": {"price": "cheap"}}, "/values/1/price"),
        ({"1": {"users": "many"}}, "/productOrderItem/0/product/productCharacteristic/0"),
    ],
)
async def test_what_is_filled_in_is_checked_as_a_new_order_is(
    people: People, values: dict[str, Any], pointer: str
) -> None:
    order = await people.order(security())
    response = await people.post("ann", f"/api/v1/tasks/{order}/w1/complete", {"values": values})
    assert response.status_code == 400, response.text
    assert pointer in [each["pointer"] for each in response.json()["violations"]]


async def test_who_may_say_what(people: People) -> None:
    order = await people.order(security())
    task, review = f"/api/v1/tasks/{order}/w1", f"/api/v1/order/{order}"
    assert await people.refused("bob", f"{task}/claim") == (403, "notInGroup")
    assert await people.refused("reader", f"{task}/claim") == (403, "forbidden")
    assert (await people.post("north", f"{task}/claim")).status_code == 404
    assert (await people.get("north", "/api/v1/tasks")).json() == []
    await people.says("ops", f"{task}/claim")
    assert await people.refused("ann", f"{task}/complete", {"values": {"1": SITE}}) == (403, "notYours")
    assert await people.refused("ops", f"{task}/complete", {}) == (400, "notFilledIn")
    assert (await people.post("ops", f"/api/v1/tasks/{order}/w9/claim")).status_code == 404
    assert await people.refused("bob", f"{review}/approve") == (409, "notInApproval")
    plain = await people.order(item("1"), number=2)
    assert (await people.get("bob", f"/api/v1/order/{plain}/review")).status_code == 404
    assert await people.refused("bob", f"/api/v1/order/{plain}/approve") == (409, "orderNotInReview")


async def test_tasks_are_listed_over_all_orders_in_pages(people: People) -> None:
    orders = [await people.order(security(), number=number) for number in range(5)]
    first = await people.get("ann", "/api/v1/tasks", limit=2)
    assert first.headers["X-Total-Count"] == "5" and 'rel="next"' in first.headers["Link"]
    assert [each["order"] for each in first.json()] == [orders[0]] * 2 + [orders[1]] * 2
    rest = await people.get("ann", "/api/v1/tasks", limit=5, offset=2)
    assert [each["order"] for each in rest.json()[::2]] == orders[2:]
    await people.says("ann", f"/api/v1/tasks/{orders[3]}/w2/claim")
    claimed = await people.get("ann", "/api/v1/tasks", state="claimed", group="order-desk", assignee="ann")
    assert [(each["order"], each["key"]) for each in claimed.json()] == [(orders[3], "w2")]
    assert await people.tasks(order=orders[0]) == [("w1", "Delivery location"), ("w2", "Technical contact")]
    assert (await people.get("ann", "/api/v1/tasks", state="lost")).status_code == 400


async def test_events_tell_what_is_asked_of_the_requester(people: People, runtime: RecordingRuntime) -> None:
    from gateway.tmf.order_events import ATTRIBUTE_CHANGE, INFORMATION_REQUIRED, notices_of

    order = await people.order(security())
    await people.says("ann", f"/api/v1/tasks/{order}/w1/claim")
    await people.says("ann", f"/api/v1/tasks/{order}/w1/return", {"reason": "where?", "requester": True})
    await people.says("ann", f"/api/v1/order/{order}/details", {"values": {"1": {"site": "x"}}})
    frames = [
        (shard, position, frame)
        for shard in range(runtime.model.shards)
        for position, frame in runtime.model.read(shard, after=0)
    ]
    found = [notice for each in frames for notice in notices_of(*each, lambda id_: f"/{id_}")]
    (asked,) = [each for each in found if each.event_type.endswith(INFORMATION_REQUIRED)]
    assert b"where?" in asked.body and b'$.productOrderItem[?(@.id==\\"1\\")]' in asked.body
    assert any(b"site of item 1" in each.body for each in found if each.event_type.endswith(ATTRIBUTE_CHANGE))
