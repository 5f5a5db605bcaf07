"""PATCH of product orders over HTTP: what changes when, and that nothing is lost, half applied or applied twice."""

import asyncio
from typing import Any

import httpx
import pytest

from actors.group import OrderGroupKind
from tests.actors.ruled import SITES
from tests.gateway.conftest import item, order
from tests.gateway.recording_runtime import RecordingRuntime
from tests.gateway.test_product_ordering import PATH

LATER = "9999-12-31T00:00:00Z"
PATCH_TYPE = {"Content-Type": "application/merge-patch+json"}


async def waiting(http: httpx.AsyncClient, **changes: Any) -> tuple[str, str]:
    """The href and the ETag of an order that waits for its date."""
    answer = await http.post(PATH, json=order(1, requestedStartDate=LATER, **changes))
    return answer.json()["href"], answer.headers["etag"]


async def patched(http: httpx.AsyncClient, href: str, tag: str, patch: Any, **headers: str) -> httpx.Response:
    return await http.patch(href, json=patch, headers={"If-Match": tag, **headers})


async def test_an_order_that_waits_takes_other_lines(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    href, tag = await waiting(http, productOrderItem=[item("1"), item("2")])
    patch = {"category": "B2B", "productOrderItem": [{"id": "1", "quantity": 2}, item("3")]}
    answer = await patched(http, href, tag, patch, **PATCH_TYPE)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert [line["id"] for line in answer.json()["productOrderItem"]] == ["1", "2", "3"]
    assert answer.json()["productOrderItem"][0]["quantity"] == 2
    assert answer.json()["state"] == "acknowledged"
    shown = await http.get(href)
    assert (shown.headers["etag"], shown.json()) == ('"2"', answer.json())
    assert [each["href"] for each in (await http.get(PATH, params={"category": "B2B"})).json()] == [href]
    assert (await http.get(PATH, params={"category": "B2C"})).json() == []
    begins = await patched(http, href, '"2"', {"requestedStartDate": None})
    assert begins.json()["state"] == "inProgress"
    assert set(runtime.groups[begins.json()["id"]].lines) == {"1", "2", "3"}


async def test_a_patch_needs_the_version_its_author_saw(http: httpx.AsyncClient) -> None:
    href, tag = await waiting(http)
    patch = {"description": "a"}
    for headers, status, code in (
        ({}, 428, "preconditionRequired"),
        ({"If-Match": "*"}, 428, "preconditionRequired"),
        ({"If-Match": "today"}, 400, "badVersion"),
        ({"If-Match": '"7"'}, 412, "versionPassed"),
    ):
        refused = await http.patch(href, json=patch, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (status, code), headers
    assert (await patched(http, href, tag, patch)).status_code == 200
    stale = await patched(http, href, tag, {"description": "b"})
    assert (stale.status_code, stale.headers["etag"]) == (412, '"2"')
    again = await patched(http, href, tag, patch)
    assert (again.status_code, again.headers["etag"]) == (200, '"2"'), (
        "the answer was lost, the change was not"
    )
    nothing = await patched(http, href, '"2"', {"description": "a", "productOrderItem": [{"id": "1"}]})
    assert (nothing.status_code, nothing.headers["etag"]) == (200, '"2"')


async def test_of_two_patches_of_one_version_one_wins(http: httpx.AsyncClient) -> None:
    href, tag = await waiting(http)
    answers = await asyncio.gather(*(patched(http, href, tag, {"description": str(n)}) for n in range(8)))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1 and {answer.status_code for answer in answers} == {200, 412}
    assert (await http.get(href)).json()["description"] == won[0].json()["description"]


async def test_every_violation_of_the_changed_order_is_named_and_nothing_applied(
    http: httpx.AsyncClient,
) -> None:
    href, tag = await waiting(http)
    before = (await http.get(href)).json()
    patch = {
        "id": "mine",
        "orderDate": LATER,
        "state": "completed",
        "priority": "9",
        "description": "not applied either",
        "productOrderItem": [{"id": "1", "quantity": 0, "state": "held"}, {"id": "2", "action": "add"}],
    }
    refused = await patched(http, href, tag, patch)
    found = {each["pointer"]: each["code"] for each in refused.json()["violations"]}
    assert refused.status_code == 400
    assert found == {
        "/id": "server-set",
        "/orderDate": "server-set",
        "/state": "server-set",
        "/priority": "value-not-allowed",
        "/productOrderItem/0/quantity": "below-minimum",
        "/productOrderItem/0/state": "server-set",
        "/productOrderItem/1/productOffering": "nothing-ordered",
    }
    assert (await http.get(href)).json() == before
    removed = await patched(http, href, tag, {"productOrderItem": None})
    assert removed.json()["violations"][0]["code"] == "line-removed"
    twice = await http.patch(
        href, content=b'{"note":[],"note":[]}', headers={"If-Match": tag, "Content-Type": "application/json"}
    )
    assert twice.json()["violations"][0]["code"] == "repeated-name"
    for kind in ("application/json-patch+json", "text/plain"):
        other = await patched(http, href, tag, [], **{"Content-Type": kind})
        assert (other.status_code, other.json()["code"]) == (415, "mediaType")


async def test_once_work_has_begun_remarks_change_and_work_does_not(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    made = await http.post(PATH, json=order(1))
    href, tag = made.json()["href"], made.headers["etag"]
    contact = {"id": "c9", "role": "contact", "@referredType": "Individual"}
    remarks = {"note": [{"text": "ring twice"}], "relatedParty": [*order(1)["relatedParty"], contact]}
    answer = await patched(http, href, tag, remarks)
    assert (answer.status_code, answer.json()["relatedParty"][1]["id"]) == (200, "c9")
    for patch, pointer in (
        ({"productOrderItem": [{"id": "1", "quantity": 2}]}, "/productOrderItem/0/quantity"),
        ({"productOrderItem": [item("2")]}, "/productOrderItem/1"),
        ({"priority": "1"}, "/priority"),
        ({"relatedParty": [contact]}, "/relatedParty/0/id"),
    ):
        refused = await patched(http, href, '"2"', {**patch, "description": "not applied either"})
        assert (refused.status_code, refused.json()["code"]) == (409, "orderBegun"), refused.text
        assert pointer in [each["pointer"] for each in refused.json()["violations"]]
    assert "description" not in (await http.get(href)).json()
    runtime.complete(made.json()["id"])
    ended = await patched(http, href, '"2"', {"description": "late"})
    assert (ended.status_code, ended.json()["code"]) == (409, "orderEnded")


async def test_values_of_running_orders_change_where_rules_wait_for_them(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    runtime.catalogs = SITES
    runtime.kind = OrderGroupKind(SITES)

    def net(**values: Any) -> dict[str, Any]:
        named = [{"name": name, "value": value} for name, value in values.items()]
        return item("1", productOffering={"id": "pnet"}, product={"productCharacteristic": named})

    made = await http.post(PATH, json=order(1, productOrderItem=[net(colour="blue")]))
    href = made.json()["href"]
    answer = await patched(
        http, href, '"1"', {"productOrderItem": [net(colour="blue", sites=2)], "note": [{"text": "x"}]}
    )
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"'), answer.text
    id_ = made.json()["id"]
    graph = (await http.get(f"/api/v1/order/{id_}/graph")).json()
    assert [each["specification"] for each in graph["domainOrders"]].count("ssite") == 2
    both = {"productOrderItem": [net(colour="red", sites=2)], "priority": "1"}
    refused = await patched(http, href, '"2"', both)
    assert [each["pointer"] for each in refused.json()["violations"]] == ["/priority"]
    changed = await patched(http, href, '"2"', {"productOrderItem": [net(colour="red", sites=2)]})
    assert changed.status_code == 200
    facts = (await http.get(f"/api/v1/order/{id_}/journal")).json()[-1]
    assert facts["by"] == "ann" and [each["event"] for each in facts["events"]][:2] == ["annotated", "told"]
    wrong = await patched(http, href, '"3"', {"productOrderItem": [net(colour="red", sites="many")]})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalidOrder")


async def test_the_same_post_after_a_patch_finds_its_order(http: httpx.AsyncClient) -> None:
    href, tag = await waiting(http)
    await patched(http, href, tag, {"description": "changed", "externalId": "other"})
    again = await http.post(PATH, json=order(1, requestedStartDate=LATER))
    assert (again.status_code, again.json()["href"], again.headers["etag"]) == (200, href, '"2"')
    assert again.json()["description"] == "changed"


async def test_a_change_is_an_event_and_stands_in_the_history(http: httpx.AsyncClient) -> None:
    href, tag = await waiting(http)
    patch = {"description": "x", "productOrderItem": [{"id": "1", "quantity": 2}]}
    await patched(http, href, tag, patch, Authorization="Bearer other-token")
    id_ = href.rpartition("/")[2]
    last = (await http.get(f"/api/v1/order/{id_}/journal")).json()[-1]
    assert (last["by"], last["events"][0]["event"]) == ("bob", "orderChanged")
    seen = ""
    query = {"from": "start", "eventType": "ProductOrderAttributeValueChangeEvent"}
    async with asyncio.timeout(5):
        async with http.stream("GET", "/stream/v1/events", params=query) as events:
            async for text in events.aiter_lines():
                seen += text
                if text.startswith("data:"):
                    break
    assert '"fieldPath":"description,productOrderItem"' in seen and '"description":"x"' in seen


async def test_who_may_not(http: httpx.AsyncClient) -> None:
    href, tag = await waiting(http)
    reader = await patched(http, href, tag, {"description": "x"}, Authorization="Bearer reader-token")
    assert reader.status_code == 403
    stranger = await patched(http, href, tag, {"description": "x"}, Authorization="Bearer north-token")
    assert stranger.status_code == 404


@pytest.mark.parametrize("state", ["draft", "acknowledged"])
async def test_v4_has_no_word_for_a_draft(http: httpx.AsyncClient, state: str) -> None:
    answer = await http.post(PATH, json=order(1, requestedInitialState=state))
    assert answer.status_code == (400 if state == "draft" else 201)
