"""Drafts over HTTP: saved whatever is wrong, checked in full when submitted, seen by nobody else."""

from typing import Any

import httpx
import pytest

from tests.gateway.conftest import item, order
from tests.gateway.recording_runtime import RecordingRuntime
from tests.gateway.test_product_ordering import PATH

DRAFTS = "/api/v1/drafts"
WRONG: dict[str, Any] = {
    "priority": "9",
    "productOrderItem": [
        item("1", quantity=0),
        item("1", productOffering={"id": "no-such-offering"}),
        {"action": "add"},
    ],
}


async def saved(http: httpx.AsyncClient, document: Any, **headers: str) -> dict[str, Any]:
    answer = await http.post(DRAFTS, json=document, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == answer.json()["href"]
    assert answer.headers["etag"] == '"1"'
    return dict(answer.json())


async def test_a_draft_is_saved_with_everything_that_is_wrong_with_it(http: httpx.AsyncClient) -> None:
    draft = await saved(http, WRONG)
    assert (draft["state"], draft["version"], draft["productOrder"]) == ("draft", 1, WRONG)
    assert {each["pointer"]: each["code"] for each in draft["findings"]} == {
        "/priority": "value-not-allowed",
        "/productOrderItem/0/quantity": "below-minimum",
        "/productOrderItem/1/id": "not-unique",
        "/productOrderItem/1/productOffering/id": "unknown-offering",
        "/productOrderItem/2/id": "missing",
        "/productOrderItem/2/productOffering": "nothing-ordered",
    }
    assert (await http.get(draft["href"])).json() == draft


@pytest.mark.parametrize(
    "document", [{}, {"productOrderItem": 7}, {"productOrderItem": [3, None]}, {"x": None}]
)
async def test_any_object_is_a_draft(http: httpx.AsyncClient, document: Any) -> None:
    draft = await saved(http, document)
    assert draft["findings"] and draft["productOrder"] == document
    answer = await http.post(f"{draft['href']}/dryRun")
    assert answer.json()["lines"] == []
    patched = await http.patch(
        draft["href"], json={"productOrderItem": [item("1")], "x": 1}, headers={"If-Match": '"1"'}
    )
    assert patched.status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [{"channel": 7}, {"channel": [[]]}, {"relatedParty": "c1"}, {"relatedParty": [3]}, {"priority": 1.5}],
)
async def test_a_dry_run_passes_over_what_has_not_its_form(http: httpx.AsyncClient, wrong: Any) -> None:
    draft = await saved(http, order(1, **wrong))
    answer = await http.post(f"{draft['href']}/dryRun")
    assert answer.status_code == 200, answer.text
    assert answer.json()["findings"] == draft["findings"] != []
    assert [line["id"] for line in answer.json()["lines"]] == [item("1")["id"]]


async def test_what_is_no_object_is_no_draft(http: httpx.AsyncClient) -> None:
    for body in (b"[]", b"{", b"7"):
        answer = await http.post(DRAFTS, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, body


async def test_a_draft_becomes_an_order_once_nothing_is_wrong(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    draft = await saved(http, WRONG)
    href, id_ = draft["href"], draft["id"]
    refused = await http.post(f"{href}/submit")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalidOrder")
    assert refused.json()["violations"] == draft["findings"]
    assert (await http.get(href)).json() == draft, "nothing happened to it"
    put = await http.put(href, json=order(1), headers={"If-Match": '"1"'})
    assert (put.status_code, put.json()["version"], put.json()["findings"]) == (200, 2, [])
    stale = await http.post(f"{href}/submit", headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    made = await http.post(
        f"{href}/submit", headers={"If-Match": '"2"', "Authorization": "Bearer other-token"}
    )
    assert (made.status_code, made.json()["id"], made.json()["state"]) == (200, id_, "inProgress")
    assert made.headers["location"] == made.json()["href"] == f"{PATH}/{id_}"
    again = await http.post(f"{href}/submit")
    assert (again.status_code, again.json()["id"]) == (200, id_), "asked twice is asked once"
    gone = await http.get(href)
    assert gone.status_code == 404 and made.json()["href"] in gone.json()["reason"]
    shown = await http.get(made.json()["href"])
    assert shown.json()["externalId"] == "test-1"
    assert [each["id"] for each in (await http.get(PATH)).json()] == [id_]
    history = (await http.get(f"/api/v1/order/{id_}/journal")).json()
    assert [(record["by"], record["events"][0]["event"]) for record in history] == [
        ("ann", "draft"),
        ("ann", "draft"),
        ("bob", "draftSubmitted"),
    ]
    runtime.complete(id_)
    assert (await http.post(f"{href}/submit")).json()["state"] == "completed"


async def test_a_draft_is_withdrawn_and_was_never_an_order(http: httpx.AsyncClient) -> None:
    draft = await saved(http, order(1))
    for _ in range(2):
        gone = await http.post(f"{draft['href']}/withdraw", json={"reason": "the customer left"})
        assert (gone.status_code, gone.json()["state"]) == (200, "cancelled")
    assert (await http.get(DRAFTS)).json() == []
    assert (await http.get(PATH)).json() == []
    assert (await http.get(f"{PATH}/{draft['id']}")).status_code == 404
    for verb in ("submit",):
        late = await http.post(f"{draft['href']}/{verb}")
        assert (late.status_code, late.json()["code"]) == (409, "orderEnded")
    put = await http.put(draft["href"], json=order(1), headers={"If-Match": '"1"'})
    assert put.status_code == 409
    silent = await saved(http, order(2))
    assert (await http.post(f"{silent['href']}/withdraw")).status_code == 200, "a reason is not needed"


async def test_v4_sees_no_draft(http: httpx.AsyncClient) -> None:
    draft = await saved(http, order(1))
    for answer in (await http.get(PATH), await http.get(PATH, params={"externalId": "test-1"})):
        assert (answer.json(), answer.headers["x-total-count"]) == ([], "0")
    url = f"{PATH}/{draft['id']}"
    assert (await http.get(url)).status_code == 404
    patched = await http.patch(url, json={"description": "x"}, headers={"If-Match": '"1"'})
    assert patched.status_code == 404
    made = await http.post(PATH, json=order(1))
    assert made.status_code == 201 and made.json()["id"] != draft["id"], "a draft takes nobody's externalId"


async def test_saves_name_the_version_they_were_made_from(http: httpx.AsyncClient) -> None:
    href = (await saved(http, order(1)))["href"]
    for method in ("PUT", "PATCH"):
        assert (await http.request(method, href, json=order(1))).status_code == 428
    change = {"description": "a"}
    for _ in range(2):
        answer = await http.patch(href, json=change, headers={"If-Match": '"1"'})
        assert (answer.status_code, answer.headers["etag"]) == (200, '"2"'), "its answer may be lost"
    stale = await http.patch(href, json={"description": "b"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.headers["etag"]) == (412, '"2"')
    for patch, code in (
        ({"productOrderItem": None}, "line-removed"),
        ({"productOrderItem": [{}]}, "missing"),
    ):
        refused = await http.patch(href, json=patch, headers={"If-Match": '"2"'})
        assert (refused.status_code, refused.json()["violations"][0]["code"]) == (400, code)
    less = await http.put(
        href, json={**order(1), "productOrderItem": [item("9")]}, headers={"If-Match": '"2"'}
    )
    assert [each["id"] for each in less.json()["productOrder"]["productOrderItem"]] == ["9"]


async def test_a_key_names_a_draft(http: httpx.AsyncClient) -> None:
    keyed = {"Idempotency-Key": "k"}
    draft = await saved(http, order(1), **keyed)
    again = await http.post(DRAFTS, json=order(1), headers=keyed)
    assert (again.status_code, again.json()) == (200, draft)
    other = await http.post(DRAFTS, json=order(2), headers=keyed)
    assert (other.status_code, other.json()["violations"][0]["pointer"]) == (409, "/externalId")
    made = await http.post(PATH, json=order(1), headers=keyed)
    assert made.status_code == 201 and made.json()["id"] != draft["id"]
    long = await http.post(DRAFTS, json=order(1), headers={"Idempotency-Key": "k" * 257})
    assert long.status_code == 400


async def test_drafts_are_listed_for_their_tenant(http: httpx.AsyncClient) -> None:
    made = [(await saved(http, order(number)))["id"] for number in range(5)]
    north = {"Authorization": "Bearer north-token"}
    theirs = await saved(http, order(1), **north)
    seen: list[str] = []
    url = f"{DRAFTS}?limit=2"
    while url:
        page = await http.get(url)
        assert page.headers["x-total-count"] == "5"
        seen += [each["id"] for each in page.json()]
        url = page.links.get("next", {}).get("url", "")
    assert sorted(seen) == sorted(made)
    assert [each["id"] for each in (await http.get(DRAFTS, headers=north)).json()] == [theirs["id"]]
    assert (await http.get(theirs["href"])).status_code == 404
    reader = {"Authorization": "Bearer reader-token"}
    assert (await http.get(f"{DRAFTS}/{made[0]}", headers=reader)).status_code == 200
    for verb in ("submit", "withdraw"):
        refused = await http.post(f"{DRAFTS}/{made[0]}/{verb}", headers=reader)
        assert refused.status_code == 403
    assert (await http.post(DRAFTS, json=order(1), headers=reader)).status_code == 403


async def test_a_draft_is_priced_as_its_order_will_be(http: httpx.AsyncClient) -> None:
    wrong = item("2", quantity=0)
    draft = await saved(http, order(1, priority="9", productOrderItem=[item("1"), wrong]))
    priced = (await http.post(f"{draft['href']}/price")).json()
    assert (priced["version"], priced["findings"]) == (1, draft["findings"])
    (line,) = priced["productOrder"]["productOrderItem"]
    assert line["itemPrice"] and priced["productOrder"]["orderTotalPrice"]
    await http.put(draft["href"], json=order(1), headers={"If-Match": '"1"'})
    made = (await http.post(f"{draft['href']}/submit")).json()
    assert made["productOrderItem"][0]["itemPrice"] == line["itemPrice"]
    assert made["orderTotalPrice"] == priced["productOrder"]["orderTotalPrice"]
    nothing = await saved(http, {"productOrderItem": [wrong]})
    assert (await http.post(f"{nothing['href']}/price")).json()["productOrder"] == {"productOrderItem": []}


async def test_a_dry_run_shows_what_can_be_served_as_it_stands(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    items = [item("1"), item("2", productOffering={"id": "no-such-offering"}), item("3", action="noChange")]
    draft = await saved(http, order(1, productOrderItem=items))
    run = (await http.post(f"{draft['href']}/dryRun")).json()
    assert (run["version"], run["catalog"]) == (1, runtime.catalogs.current.version)
    assert run["findings"] == draft["findings"]
    assert [line["id"] for line in run["lines"]] == ["1", "3"]
    first = run["lines"][0]
    assert {each["kind"] for each in first["domainOrders"]} == {"service", "resource"}
    assert first["tasks"][0]["durationMs"] > 0 and first["reasons"][0]["sentence"]
    submitted = (await http.put(draft["href"], json=order(1), headers={"If-Match": '"1"'})).json()
    assert not submitted["findings"]
    planned = (await http.post(f"{draft['href']}/dryRun")).json()["lines"][0]
    await http.post(f"{draft['href']}/submit")
    graph = (await http.get(f"/api/v1/order/{draft['id']}/graph")).json()
    for part in ("domainOrders", "tasks"):
        assert [each["key"] for each in planned[part]] == [each["key"] for each in graph[part]]


async def test_a_dry_run_grows_the_order_as_a_whole(http: httpx.AsyncClient) -> None:
    """What lines share is one domain order that both show; what waits for an unknown value is said."""
    given = {"siteCount": 1, "bandwidth": 100, "region": "north"}
    characteristics = [{"name": name, "value": value} for name, value in given.items()]
    lines = [
        item(id_, productOffering={"id": "managed-wan"}, product={"productCharacteristic": characteristics})
        for id_ in ("1", "2")
    ]
    draft = await saved(http, order(1, productOrderItem=lines))
    assert not draft["findings"]
    first, second = (await http.post(f"{draft['href']}/dryRun")).json()["lines"]
    shared = [each for each in first["domainOrders"] if each["sharingKey"]]
    assert [each["specification"] for each in shared] == ["wan-gateway"]
    assert shared == [each for each in second["domainOrders"] if each["sharingKey"]]
    assert shared[0]["referrers"] == ["1", "2"]
    assert {each["key"] for each in first["domainOrders"]} & {
        each["key"] for each in second["domainOrders"]
    } == {shared[0]["key"]}
    assert first["start"] < first["end"]
    waits = [each for each in first["heldBack"] if each["missing"]]
    assert waits and "waits" in waits[0]["sentence"]


async def test_a_dry_run_is_over_what_is_installed(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    made = (await http.post(PATH, json=order(1, productOrderItem=[item("1", quantity=2)]))).json()
    runtime.complete(made["id"])
    product = {"id": made["productOrderItem"][0]["product"]["id"]}
    values = [{"name": "speed", "value": 250}]
    lines = [
        item("1", action="modify", product={**product, "productCharacteristic": values}),
        item("2", action="delete", product=product),
        item("3", action="delete", product={"id": "printer-7"}),
    ]
    del lines[1]["productOffering"]
    draft = await saved(http, order(2, productOrderItem=lines))
    runtime.products_read.clear()
    answer = await http.post(f"{draft['href']}/dryRun")
    assert answer.status_code == 200, answer.text
    assert runtime.products_read == [1], "what it names is read once"
    changed, gone, unknown = answer.json()["lines"]
    assert {each["action"] for each in changed["domainOrders"]} == {"modify"}
    assert {each["action"] for each in gone["domainOrders"]} == {"delete"}
    assert len(gone["domainOrders"]) == 2 * len(unknown["domainOrders"])
