"""TMF641 over HTTP: service orders captured as such live like product orders, and apart from them."""

import asyncio
import json
from typing import Any

import httpx
import jsonschema
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.document import lines_of
from gateway.app import create_app
from gateway.context import Gateway
from gateway.settings import GatewaySettings
from gateway.tmf.order_faults import faults_of
from gateway.tmf.order_rules import keeps_rules
from gateway.tmf.service_order_form import ServiceOrderCreate
from gateway.tmf.service_ordering import EXAMPLE
from gateway.tmf.shapes import SERVICE
from tests.gateway.conftest import TOKEN, TOKENS, order
from tests.gateway.recording_runtime import RecordingRuntime
from tests.gateway.test_product_ordering import PATH as PRODUCT_PATH
from tests.gateway.test_product_ordering import _specifications

PATH = "/tmf-api/serviceOrdering/v4/serviceOrder"
LATER = "9999-12-31T00:00:00Z"


def line(id_: str, specification: str = "internet-access-service", **changes: Any) -> dict[str, Any]:
    values = [{"name": "downstreamSpeed", "value": 100}] if specification.startswith("internet") else []
    service = {"serviceSpecification": {"id": specification}, "serviceCharacteristic": values}
    return {"id": id_, "action": "add", "service": service, **changes}


def after(other: str) -> dict[str, Any]:
    return {
        "serviceOrderItemRelationship": [{"relationshipType": "dependency", "orderItem": {"itemId": other}}]
    }


def service_order(number: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "externalId": f"service-{number}",
        "category": "assurance",
        "relatedParty": [
            {"id": "c1", "role": "customer", "@referredType": "Individual", "@type": "RelatedParty"}
        ],
        "serviceOrderItem": [line("1")],
        **changes,
    }


async def test_a_service_order_is_fulfilled(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    items = [line("1", quantity=2), line("2", "roaming-service", **after("1"))]
    answer = await http.post(PATH, json=service_order(1, serviceOrderItem=items))
    made = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == made["href"] == f"{PATH}/{made['id']}"
    assert (made["state"], made["@type"]) == ("acknowledged", "ServiceOrder")
    graph = (await http.get(f"/api/v1/order/{made['id']}/graph")).json()
    top = [each["specification"] for each in graph["domainOrders"] if not each["parent"]]
    assert top == ["internet-access-service", "internet-access-service", "roaming-service"]
    assert graph["lines"][1]["needs"] == ["1"]
    assert (await http.get(made["href"])).json()["serviceOrderItem"][1]["state"] == "acknowledged"
    runtime.complete(made["id"])
    shown = (await http.get(made["href"])).json()
    assert (shown["state"], shown["serviceOrderItem"][1]["state"]) == ("completed", "completed")
    assert shown["completionDate"] and "waitsFor" not in shown


async def test_trouble_shows_as_error_messages(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    made = (await http.post(PATH, json=service_order(1))).json()
    runtime.answer(made["id"], "failed", "noPort", "no free port")
    shown = (await http.get(made["href"])).json()
    (message,) = shown["errorMessage"]
    assert (shown["state"], message["code"]) == ("held", "noPort")
    assert message["message"].endswith("no free port") and message["timestamp"].endswith("Z")
    assert message["serviceOrderItem"] == [{"id": "1", "itemId": "1"}]
    assert "note" not in shown and shown["waitsFor"][0]["kind"] == "operator"


async def test_service_and_product_orders_are_apart(http: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "k"}
    product = (await http.post(PRODUCT_PATH, json=order(1), headers=key)).json()
    service = (await http.post(PATH, json=service_order(1), headers=key)).json()
    assert product["id"] != service["id"], "a key of one is no key of the other"
    again = await http.post(PATH, json=service_order(1), headers=key)
    assert (again.status_code, again.json()["id"]) == (200, service["id"])
    for url, own, foreign in ((PRODUCT_PATH, product, service), (PATH, service, product)):
        for query in ({"externalId": own["externalId"]}, {"relatedParty.id": "c1", "state": "inProgress"}):
            listed = await http.get(url, params=query)
            assert [each["id"] for each in listed.json()] == [own["id"]], query
            assert listed.headers["x-total-count"] == "1"
        assert (await http.get(f"{url}/{foreign['id']}")).status_code == 404
        change = {"description": "x"}
        patched = await http.patch(f"{url}/{foreign['id']}", json=change, headers={"If-Match": '"1"'})
        assert patched.status_code == 404
    north = {"Authorization": "Bearer north-token"}
    theirs = (await http.post(PATH, json=service_order(1), headers=north)).json()
    seen = (await http.get(PATH, headers=north)).json()
    assert [each["id"].partition(".")[0] for each in seen] == 2 * [theirs["id"]]
    assert (await http.get(theirs["href"])).status_code == 404
    reader = {"Authorization": "Bearer reader-token"}
    assert (await http.post(PATH, json=service_order(2), headers=reader)).status_code == 403


async def test_every_violation_is_in_one_answer(http: httpx.AsyncClient) -> None:
    bad = service_order(
        state="completed",
        errorMessage=[],
        relatedParty=[{"id": "c1"}],
        serviceOrderItem=[
            line("1", "no-such-service", state="held"),
            line("1", "broadband"),
            line("2", action="modify"),
            {"id": "3", "action": "add", "service": {}},
            {"id": "4", "action": "add"},
            line("5", **after("9")),
            line("6", **after("6")),
            line("7", service={"serviceSpecification": {"id": "internet-access-service"}}),
            line(
                "8",
                serviceOrderItemRelationship=[
                    {
                        "relationshipType": "dependency",
                        "orderItem": {"itemId": "1", "serviceOrderId": "other"},
                    }
                ],
            ),
        ],
    )
    answer = await http.post(PATH, json=bad)
    body = answer.json()
    assert (answer.status_code, body["reason"][:17]) == (400, "the service order")
    found = {
        each["pointer"].replace("/serviceOrderItem/", "/i/"): each["code"] for each in body["violations"]
    }
    assert found == {
        "/state": "server-set",
        "/errorMessage": "server-set",
        "/relatedParty/0/@referredType": "missing",
        "/relatedParty/0/@type": "missing",
        "/i/0/service/serviceSpecification/id": "unknown-specification",
        "/i/0/state": "server-set",
        "/i/1/id": "not-unique",
        "/i/1/service/serviceSpecification/id": found["/i/1/service/serviceSpecification/id"],
        "/i/2/service/id": "missing",
        "/i/3/service/serviceSpecification/id": "nothing-ordered",
        "/i/4/service": "missing",
        "/i/4/service/serviceSpecification/id": "nothing-ordered",
        "/i/5/serviceOrderItemRelationship/0/orderItem/itemId": "unknown-item",
        "/i/6": "circle",
        "/i/7/service/serviceCharacteristic": "missing-characteristic",
        "/i/8/serviceOrderItemRelationship/0/orderItem/serviceOrderId": "other-order",
    }


async def test_a_product_is_no_service(http: httpx.AsyncClient) -> None:
    sold = next(
        each.id
        for each in RecordingRuntime().catalogs.current.specifications.values()
        if each.kind == "product" and not any(one.mandatory for one in each.characteristics)
    )
    answer = await http.post(PATH, json=service_order(serviceOrderItem=[line("1", sold)]))
    found = {(fault["pointer"], fault["code"]) for fault in answer.json()["violations"]}
    assert ("/serviceOrderItem/0/service/serviceSpecification/id", "wrong-kind") in found


async def test_a_service_order_waits_and_changes(http: httpx.AsyncClient) -> None:
    first = await http.post(PATH, json=service_order(1, requestedStartDate=LATER))
    href, tag = first.json()["href"], first.headers["etag"]
    assert first.json()["waitsFor"][0]["kind"] == "date"
    assert (await http.patch(href, json={"description": "x"})).status_code == 428
    patch = {"serviceOrderItem": [{"id": "1", "quantity": 2}, line("2", "roaming-service")]}
    changed = await http.patch(href, json=patch, headers={"If-Match": tag})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert [(each["id"], each.get("quantity")) for each in changed.json()["serviceOrderItem"]] == [
        ("1", 2),
        ("2", None),
    ]
    refused = await http.patch(href, json={"serviceOrderItem": [{"id": "3"}]}, headers={"If-Match": '"2"'})
    assert {each["pointer"] for each in refused.json()["violations"]} >= {"/serviceOrderItem/2/action"}
    relation = [{"id": href.rpartition("/")[2], "relationshipType": "dependency"}]
    behind = (await http.post(PATH, json=service_order(2, orderRelationship=relation))).json()
    assert behind["waitsFor"][0]["kind"] == "other order"
    begun = await http.patch(href, json={"requestedStartDate": None}, headers={"If-Match": '"2"'})
    assert begun.json()["state"] == "inProgress"
    late = await http.patch(href, json=patch | {"priority": "1"}, headers={"If-Match": '"3"'})
    assert (late.status_code, late.json()["code"]) == (409, "orderBegun")


async def test_what_decomposition_made_shows_with_its_product_order(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    product = (await http.post(PRODUCT_PATH, json=order(1))).json()
    listed = await http.get(PATH, params={"orderRelationship.id": product["id"]})
    (made,) = listed.json()
    assert listed.headers["x-total-count"] == "1"
    assert (made["state"], made["orderRelationship"][0]["id"]) == ("acknowledged", product["id"])
    assert made["orderRelationship"][0]["href"] == product["href"]
    (only,) = made["serviceOrderItem"]
    assert only["service"]["serviceSpecification"] == {"id": "internet-access-service"}
    assert {"name": "downstreamSpeed", "value": 100} in only["service"]["serviceCharacteristic"]
    assert (await http.get(made["href"])).json() == made
    assert set((await http.get(made["href"], params={"fields": "state"})).json()) == {"id", "state"}
    patched = await http.patch(made["href"], json={"description": "x"}, headers={"If-Match": '"1"'})
    assert (patched.status_code, patched.json()["code"]) == (409, "generatedOrder")
    for query, count in (({"state": "held"}, 0), ({"state": "acknowledged"}, 1), ({"limit": "0"}, 0)):
        found = await http.get(PATH, params={"orderRelationship.id": product["id"], **query})
        assert len(found.json()) == count
    for foreign in (f"{product['id']}.9.9", f"o{'0' * 24}.1.1"):
        assert (await http.get(f"{PATH}/{foreign}")).status_code == 404
    north = {"Authorization": "Bearer north-token"}
    assert (await http.get(made["href"], headers=north)).status_code == 404
    theirs = await http.get(PATH, params={"orderRelationship.id": product["id"]}, headers=north)
    assert theirs.json() == []
    both = await http.get(PATH, params={"orderRelationship.id": product["id"], "category": "x"})
    assert both.status_code == 400
    assert (await http.get(PATH)).json() == [made]
    runtime.complete(product["id"])
    assert (await http.get(made["href"])).json()["state"] == "completed"


async def test_events_are_named_as_in_tmf641(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    made = (await http.post(PATH, json=service_order(1))).json()["id"]
    await http.post(PRODUCT_PATH, json=order(1))
    runtime.answer(made, "pending", "noSite", "which floor?")
    types = [f"ServiceOrder{kind}Event" for kind in ("Create", "StateChange", "InformationRequired")]
    seen: list[dict[str, Any]] = []
    async with asyncio.timeout(5):
        query = {"from": "start", "eventType": ",".join(types)}
        async with http.stream("GET", "/stream/v1/events", params=query) as events:
            async for text in events.aiter_lines():
                if text.startswith("data:"):
                    seen.append(json.loads(text[5:]))
                if text.startswith(": heartbeat"):
                    break
    assert {event["eventType"] for event in seen} == set(types)
    assert seen[0]["event"]["serviceOrder"]["serviceOrderItem"][0]["state"] == "acknowledged"
    assert {event["domain"] for event in seen} == {"serviceOrdering"}
    (asked,) = [event for event in seen if event["eventType"] == types[2]]
    assert asked["fieldPath"] == '$.serviceOrderItem[?(@.id=="1")]'


async def test_answers_conform_to_the_specification(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    (specification,) = _specifications().rglob("TMF641*v4.1.0*swagger.json")
    swagger = json.loads(specification.read_text())
    schema = {"definitions": swagger["definitions"], "$ref": "#/definitions/ServiceOrder"}
    validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
    nested = [line("1", quantity=1, serviceOrderItem=[line("2", "roaming-service")])]
    made = (
        await http.post(PATH, json=service_order(1, note=[{"text": "x"}], serviceOrderItem=nested))
    ).json()
    answers = [made]
    runtime.answer(made["id"], "failed", "c", "m")
    answers += (await http.get(PATH)).json()
    other = (await http.post(PATH, json=service_order(2))).json()
    runtime.complete(other["id"])
    answers.append((await http.get(other["href"])).json())
    answers += (await http.get(PATH, params={"orderRelationship.id": other["id"]})).json()
    for answer in answers:
        validator.validate(answer)
        for name in ("id", "href", "state", "orderDate", "serviceOrderItem"):
            assert name in answer
    error = {"definitions": swagger["definitions"], "$ref": "#/definitions/Error"}
    jsonschema.Draft4Validator(error).validate((await http.post(PATH, json={})).json())


RUNTIME = RecordingRuntime()
APP = create_app(RUNTIME, GatewaySettings(tokens=TOKENS))
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", APP)


@pytest.mark.parametrize(
    ("changes", "headers", "status"),
    [
        ({}, {}, 201),
        ({}, {}, 200),
        ({"description": "other"}, {}, 409),
        ({"serviceOrderItem": [line("1", quantity=0), line("1")]}, {}, 400),
        ({"requestedStartDate": LATER, "externalId": "later"}, {}, 201),
        ({}, {"Authorization": "Bearer wrong"}, 401),
        ({}, {"Authorization": "Bearer reader-token"}, 403),
        ({}, {"Content-Type": "text/plain"}, 415),
    ],
)
async def test_creation_answers_as_documented(
    changes: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    given = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", **headers}
    transport = httpx.ASGITransport(APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        response = await client.post(PATH, content=json.dumps(service_order(**changes)), headers=given)
    assert response.status_code == status, response.text
    assert str(status) in APP.openapi()["paths"][PATH]["post"]["responses"]
    SCHEMA[PATH]["POST"].validate_response(response)


def test_the_example_of_the_documentation_is_an_order() -> None:
    door = Gateway(RUNTIME, GatewaySettings(tokens={})).reception_of(SERVICE).door
    assert door.admit(EXAMPLE, TOKENS[TOKEN]).order.startswith("os-")


WORDS = st.sampled_from(
    ["1", "2", "x", 1, None, True, {}, [], "internet-access-service", "add", "modify", LATER]
)


@st.composite
def nearly_right(draw: st.DrawFn) -> dict[str, Any]:
    """A service order with some places of it replaced, added or taken out."""
    document = service_order(1, serviceOrderItem=[line("1"), line("2", "roaming-service", **after("1"))])
    for _ in range(draw(st.integers(1, 3))):
        target: Any = document
        while True:
            keys = list(target) if isinstance(target, dict) else list(range(len(target)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(target[key], dict | list) and target[key] and draw(st.booleans()):
                target = target[key]
                continue
            if draw(st.booleans()):
                target[key] = draw(WORDS)
            else:
                del target[key]
            break
    return document


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(nearly_right())
def test_both_readers_agree(document: dict[str, Any]) -> None:
    catalog = RUNTIME.catalogs.current
    raw = msgspec.json.encode(document)
    faults = faults_of(document, raw, catalog, None, SERVICE)
    try:
        form = msgspec.convert(document, ServiceOrderCreate)
        accepted = keeps_rules(form, catalog, None, "service")
    except msgspec.ValidationError:
        accepted = False
    assert accepted == (not faults), faults
    if accepted:
        requests = [each.request for each in lines_of(raw)]
        assert [request.line for request in requests] == [item.id for item in form.items]
        assert all(request.specification for request in requests)
