"""TMF622 over HTTP: create, get, list, and every way to be refused."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.messages import WithdrawDraft
from gateway.app import create_app
from gateway.settings import GatewaySettings
from runtime.errors import Busy, JournalAway
from tests.gateway.conftest import TOKEN, TOKENS, Served, item, order
from tests.gateway.recording_runtime import RecordingRuntime
from tests.gateway.test_door import nearly_right

PATH = "/tmf-api/productOrderingManagement/v4/productOrder"


async def test_create_and_get(http: httpx.AsyncClient) -> None:
    answer = await http.post(PATH, json=order(1, note=[{"text": "ring twice"}]))
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == made["href"] == f"{PATH}/{made['id']}"
    assert (made["state"], made["productOrderItem"][0]["state"]) == ("acknowledged", "acknowledged")
    shown = (await http.get(made["href"])).json()
    assert (shown["state"], shown["productOrderItem"][0]["state"]) == ("inProgress", "inProgress")
    assert shown["orderDate"] == made["orderDate"]
    assert shown["orderDate"].endswith("Z")
    assert shown["note"] == [{"text": "ring twice"}]
    assert shown["externalId"] == "test-1"


async def test_repetition_and_conflict(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    first = (await http.post(PATH, json=order(1))).json()
    runtime.complete(first["id"])
    again = await http.post(PATH, json=order(1))
    assert again.status_code == 200
    assert (again.json()["id"], again.json()["state"]) == (first["id"], "completed")
    assert again.json()["completionDate"]
    other = await http.post(PATH, json=order(1, description="more"))
    assert other.status_code == 409
    assert (other.json()["code"], other.json()["id"]) == ("keyConflict", first["id"])
    keyed = {"Idempotency-Key": "k"}
    one = await http.post(PATH, json=order(1), headers=keyed)
    assert one.status_code == 201
    assert (await http.post(PATH, json=order(1), headers=keyed)).json()["id"] == one.json()["id"]


async def test_fields(http: httpx.AsyncClient) -> None:
    made = (await http.post(PATH, json=order(1))).json()
    state = await http.get(made["href"], params={"fields": "state"})
    assert state.json() == {"id": made["id"], "state": "inProgress"}
    both = await http.get(made["href"], params={"fields": "href, category"})
    assert set(both.json()) == {"id", "href", "category"}


async def test_trouble_shows_as_notes(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    made = (await http.post(PATH, json=order(1))).json()
    runtime.answer(made["id"], "failed", "noPort", "no free port in Harbour Road")
    shown = (await http.get(made["href"])).json()
    assert shown["state"] == "held"
    assert shown["productOrderItem"][0]["state"] == "held"
    (note,) = [each for each in shown["note"] if each["id"].startswith("orderloom:task:")]
    assert note["author"] == "Orderloom"
    assert note["text"].startswith("noPort: task 1.")
    assert note["text"].endswith("no free port in Harbour Road")
    assert shown["waitsFor"][0]["kind"] == "operator"
    assert shown["waitsFor"][0]["sentence"]
    assert shown["waitsFor"][0]["since"].endswith("Z")
    runtime.complete(other := (await http.post(PATH, json=order(2))).json()["id"])
    assert "waitsFor" not in (await http.get(f"{PATH}/{other}")).json()


async def test_a_partial_item_is_failed_in_v4(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    made = (await http.post(PATH, json=order(1))).json()
    group = runtime.groups[made["id"]]
    group.lines["1"].state = group.order.state = type(group.order.state).PARTIAL
    shown = (await http.get(made["href"])).json()
    assert (shown["state"], shown["productOrderItem"][0]["state"]) == ("partial", "failed")


async def test_drafts_do_not_show(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    made = (await http.post(PATH, json=order(1))).json()
    group = runtime.groups[made["id"]]
    group.order.state = type(group.order.state).DRAFT
    assert (await http.get(made["href"])).status_code == 404
    assert (await http.get(PATH)).json() == []
    runtime.handle(made["id"], WithdrawDraft())


async def test_list(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    made = []
    for number in range(12):
        changes = {"category": "B2B"} if number % 3 == 0 else {}
        made.append((await http.post(PATH, json=order(number, **changes))).json())
    runtime.complete(made[5]["id"])
    ids = [each["id"] for each in sorted(made, key=lambda each: (each["orderDate"], each["id"]))]

    async def listed(**query: str) -> tuple[list[str], int, int]:
        answer = await http.get(PATH, params=query)
        assert answer.status_code == 200, answer.text
        counts = answer.headers["x-total-count"], answer.headers["x-result-count"]
        return [each["id"] for each in answer.json()], int(counts[0]), int(counts[1])

    assert await listed() == (ids, 12, 12)
    assert await listed(offset="4", limit="3") == (ids[4:7], 12, 3)
    assert await listed(offset="40") == ([], 12, 0)
    assert await listed(limit="0") == ([], 12, 0)
    assert await listed(externalId="test-7") == ([made[7]["id"]], 1, 1)
    assert await listed(state="completed") == ([made[5]["id"]], 1, 1)
    assert (await listed(category="B2B"))[1] == 4
    assert (await listed(**{"relatedParty.id": "c1", "category": "B2B", "state": "inProgress"}))[1] == 4
    assert (await listed(**{"relatedParty.id": "nobody"})) == ([], 0, 0)
    middle = sorted(each["orderDate"] for each in made)[6]
    later = await listed(**{"orderDate.gt": middle})
    earlier = await listed(**{"orderDate.lte": middle})
    assert sorted(later[0] + earlier[0]) == sorted(ids)
    assert await listed(**{"orderDate.gte": middle, "orderDate.lt": middle}) == ([], 0, 0)
    only = await http.get(PATH, params={"fields": "state", "limit": "1"})
    assert set(only.json()[0]) == {"id", "state"}


async def test_pages_lead_to_their_neighbours(http: httpx.AsyncClient) -> None:
    made = [(await http.post(PATH, json=order(number))).json()["id"] for number in range(7)]
    await http.post(PATH, json=order(8, category="B2B"))
    seen: list[str] = []
    url = f"{PATH}?category=B2C&fields=id&limit=3"
    while url:
        page = await http.get(url)
        seen += [each["id"] for each in page.json()]
        url = page.links.get("next", {}).get("url", "")
    assert sorted(seen) == sorted(made), "every order once, and only of the filter"
    assert set(page.links) == {"self", "first", "prev", "last"}
    last = await http.get(page.links["last"]["url"])
    assert last.json() == page.json()
    before = await http.get(page.links["prev"]["url"])
    assert [each["id"] for each in before.json()] == seen[3:6]
    beyond = await http.get(PATH, params={"offset": "40", "limit": "3"})
    assert "next" not in beyond.links
    assert "offset=5&" in beyond.links["prev"]["url"]
    assert set((await http.get(PATH, params={"limit": "0"})).links) == {"self", "first"}


async def test_an_order_that_waits_says_so_when_it_is_made(http: httpx.AsyncClient) -> None:
    start = "9999-12-31T23:59:59.999Z"
    made = (await http.post(PATH, json=order(1, requestedStartDate=start))).json()
    (reason,) = made["waitsFor"]
    assert (made["state"], reason["kind"], reason["until"]) == ("acknowledged", "date", start)
    assert reason["sentence"].endswith(f"for its requested start on {start}")
    relation = {"id": made["id"], "relationshipType": "dependsOn"}
    other = (await http.post(PATH, json=order(2, orderRelationship=[relation]))).json()
    assert made["id"] in other["waitsFor"][0]["sentence"]


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ("colour=red", {"?colour"}),
        ("state=draft&state=held", {"?state"}),
        ("limit=-1&offset=x", {"?limit", "?offset"}),
        ("limit=1001", {"?limit"}),
        ("orderDate.gt=yesterday&orderDate.lt=2026-11-23T00:00:00", {"?orderDate.gt", "?orderDate.lt"}),
    ],
)
async def test_bad_queries(http: httpx.AsyncClient, query: str, pointers: set[str]) -> None:
    answer = await http.get(f"{PATH}?{query}")
    assert answer.status_code == 400
    assert {each["pointer"] for each in answer.json()["violations"]} == pointers


async def test_a_forgotten_escape_of_plus_is_understood(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{PATH}?orderDate.gt=2026-01-01T00:00:00+01:00")
    assert answer.status_code == 200


async def test_refusals_are_tmf_errors(
    http: httpx.AsyncClient, served: Served, runtime: RecordingRuntime
) -> None:
    async def error(method: str, url: str, **options: Any) -> tuple[int, str]:
        answer = await http.request(method, url, **options)
        body = answer.json()
        assert body["@type"] == "Error"
        assert body["status"] == str(answer.status_code)
        assert body["reason"]
        assert "Traceback" not in answer.text
        return answer.status_code, body["code"]

    unknown = f"{PATH}/o{'0' * 24}"
    assert await error("GET", unknown) == (404, "notFound")
    assert await error("GET", f"{PATH}/nonsense%00") == (404, "notFound")
    assert await error("GET", "/elsewhere") == (404, "notFound")
    assert await error("DELETE", PATH) == (405, "methodNotAllowed")
    assert await error("GET", PATH, headers={"Authorization": "Bearer wrong"}) == (401, "unauthorized")
    assert await error("GET", PATH, headers={"Authorization": "Basic eDp5"}) == (401, "unauthorized")
    assert await error("POST", PATH, content=b"{", headers={"Content-Type": "application/json"}) == (
        400,
        "malformedJson",
    )
    assert await error("POST", PATH, content=b"{}", headers={"Content-Type": "text/plain"}) == (
        415,
        "mediaType",
    )
    for url, kind in ((PATH, "application/json"), ("/stream/v1/productOrder", "application/x-ndjson")):
        packed = {"Content-Type": kind, "Content-Encoding": "gzip"}
        assert await error("POST", url, content=b"{}", headers=packed) == (415, "contentEncoding")
    assert await error("POST", PATH, json={}) == (400, "invalidOrder")
    assert await error("POST", PATH, json=order(1), headers={"Idempotency-Key": "k" * 257}) == (
        400,
        "invalidOrder",
    )
    runtime.fail = Busy("shard 3 is full")
    assert await error("POST", PATH, json=order(1)) == (429, "busy")
    runtime.fail = JournalAway("/secret/redis.sock: no answer within 5.0 s")
    assert await error("GET", unknown) == (503, "journalAway")
    assert "secret" not in (await http.get(unknown)).text, "where our servers are is not for clients"
    runtime.fail, runtime.room = None, False
    answer = await http.post(PATH, json=order(1))
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
        503,
        "diskFull",
        "1",
    )


async def test_bodies_are_bounded(served: Served, http: httpx.AsyncClient) -> None:
    size = served.settings.body_bytes_max
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {size + 1}\r\n\r\n"
    writer.write(head.encode())
    assert b" 413 " in await reader.readline()
    writer.transport.abort()

    async def endless() -> Any:
        while True:
            yield b" " * 1_000_000

    try:
        answer = await http.post(PATH, content=endless(), headers={"Content-Type": "application/json"})
    except httpx.TransportError:  # the server may hang up before it was listened to
        return
    assert answer.status_code == 413


async def test_no_stack_trace_ever(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    runtime.fail = ZeroDivisionError("secret")  # type: ignore[assignment]
    answer = await http.post(PATH, json=order(1))
    assert (answer.status_code, answer.json()["code"]) == (500, "internalError")
    assert "secret" not in answer.text


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    body=st.one_of(
        JSON.map(json.dumps).map(str.encode),
        nearly_right().map(json.dumps).map(str.encode),
        st.binary(max_size=30),
    )
)
def test_nothing_a_stranger_sends_is_our_fault(body: bytes) -> None:
    answer = asyncio.run(_posted(body))
    assert answer.status_code in (200, 201, 400, 409)
    if answer.status_code == 400:
        assert answer.json()["violations"]


async def _posted(body: bytes) -> httpx.Response:
    """Through the application without a socket, so that it is quick."""
    app = create_app(RecordingRuntime(), GatewaySettings(tokens=TOKENS))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client:
        return await client.post(PATH, content=body)


async def test_openapi_names_every_form(http: httpx.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]
    references = set(_references(document))
    assert references <= {f"#/components/schemas/{name}" for name in schemas}
    form = schemas["ProductOrderCreate"]
    assert form["required"] == ["productOrderItem"]
    assert "id" not in form["properties"]
    assert schemas["Note"]["properties"]["date"] == {"format": "date-time", "type": "string", "title": "Date"}
    created = document["paths"][PATH]["post"]
    assert created["requestBody"]["content"]["application/json"]["example"]["productOrderItem"]
    assert {"200", "201", "400", "401", "409", "413", "429", "503"} <= set(created["responses"])


def _references(value: Any) -> Any:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _specifications() -> Path:
    folder = os.environ.get("ORDERLOOM_TMF_SPECS")
    if not folder:
        pytest.skip("ORDERLOOM_TMF_SPECS does not name a folder with the TMF specifications")
    return Path(folder)


async def test_answers_conform_to_the_specification(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    (path,) = _specifications().rglob("TMF622*v4.0.0*swagger.json")
    swagger = json.loads(path.read_text())
    schema = {"definitions": swagger["definitions"], "$ref": "#/definitions/ProductOrder"}
    validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
    nested = [item("1", quantity=1, productOrderItem=[item("2")]), item("3")]
    made = (await http.post(PATH, json=order(1, note=[{"text": "x"}], productOrderItem=nested))).json()
    answers = [made]
    runtime.answer(made["id"], "failed", "c", "m")
    answers += (await http.get(PATH)).json()
    other = (await http.post(PATH, json=order(2))).json()
    runtime.complete(other["id"])
    answers.append((await http.get(other["href"])).json())
    for answer in answers:
        validator.validate(answer)
        for name in ("id", "href", "orderDate", "state", "productOrderItem", "relatedParty"):
            assert name in answer
    error = {"definitions": swagger["definitions"], "$ref": "#/definitions/Error"}
    jsonschema.Draft4Validator(error).validate((await http.post(PATH, json={})).json())
