"""Lines that name what is installed by its id alone, on every way in."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import aiohttp
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth import Principal
from gateway.door import Door
from gateway.installed_reads import InstalledReads, references
from gateway.redis_intake import RedisIntake
from gateway.settings import ORDERING_PATH, SERVICE_ORDERING_PATH
from gateway.tmf.shapes import PRODUCT, SERVICE
from gateway.unnamed_lines import InstalledUnread, named, products_to_read
from gateway.violations import BadRequest
from runtime.errors import Busy, JournalAway
from tests.gateway.conftest import TOKEN, Served, Shop, change, item, order
from tests.gateway.recording_runtime import RecordingRuntime

ORDERS = f"{ORDERING_PATH}/productOrder"
SERVICE_ORDERS = f"{SERVICE_ORDERING_PATH}/serviceOrder"
DRAFTS = "/api/v1/drafts"
NOWHERE = f"p{'0' * 24}.1"


def unnamed(product_id: str, action: str = "modify", id_: str = "1", **changes: Any) -> dict[str, Any]:
    line = change(product_id, action)
    del line["productOffering"]
    return {**line, "id": id_, **changes}


def faults(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 400, answer.text
    return [(each["pointer"], each["code"]) for each in answer.json()["violations"]]


async def installed(http: httpx.AsyncClient, runtime: RecordingRuntime, number: int = 0) -> str:
    made = (await http.post(ORDERS, json=order(number))).json()
    runtime.complete(made["id"])
    return str(made["productOrderItem"][0]["product"]["id"])


async def test_a_product_is_changed_and_taken_away_by_its_id(shop: Shop) -> None:
    made = await shop.completed(item("1"))
    product = made["productOrderItem"][0]["product"]["id"]
    changed = await shop.completed(unnamed(product))
    assert changed["productOrderItem"][0]["productOffering"] == {"id": "broadband-basic"}
    assert {"name": "speed", "value": 250} in (await shop.freed(product, 2))["productCharacteristic"]
    key = {"Idempotency-Key": "gone"}
    sent = order(7, productOrderItem=[unnamed(product, "delete")])
    first = await shop.http.post(ORDERS, json=sent, headers=key)
    assert first.status_code == 201, first.text
    assert first.json()["productOrderItem"][0]["productOffering"] == {"id": "broadband-basic"}
    assert (await shop.freed(product, 3))["status"] == "terminated"
    again = await shop.http.post(ORDERS, json=sent, headers=key)
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    other = await shop.http.post(ORDERS, json=sent | {"category": "B2B"}, headers=key)
    assert other.status_code == 409
    assert [each["pointer"] for each in other.json()["violations"]] == ["/category"]


async def test_the_same_externalid_finds_the_same_order(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    product = await installed(http, runtime)
    sent = order(1, productOrderItem=[unnamed(product)])
    answers = [await http.post(ORDERS, json=sent) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 200]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    written_out = order(1, productOrderItem=[unnamed(product, productOffering={"id": "broadband-basic"})])
    again = await http.post(ORDERS, json=written_out)
    assert (again.status_code, again.json()["id"]) == (200, answers[0].json()["id"]), "it is the same order"


async def test_a_product_in_the_making_is_known(shop: Shop) -> None:
    placed = await shop.placed(item("1", productOrderItem=[item("1/a")]))
    nested = placed["productOrderItem"][0]["productOrderItem"][0]["product"]["id"]
    assert (await shop.completed(unnamed(nested)))["state"] == "completed"


async def test_a_service_is_changed_by_its_id(shop: Shop) -> None:
    async def posted(**line: Any) -> dict[str, Any]:
        answer = await shop.http.post(SERVICE_ORDERS, json={"serviceOrderItem": [{"id": "1", **line}]})
        assert answer.status_code == 201, answer.text
        async with asyncio.timeout(10):
            while (shown := (await shop.http.get(answer.json()["href"])).json())["state"] != "completed":
                await asyncio.sleep(0.01)
        return dict(shown["serviceOrderItem"][0]["service"])

    specification = {"serviceSpecification": {"id": "internet-access-service"}}
    speed = [{"name": "downstreamSpeed", "value": 100}]
    made = await posted(action="add", service={**specification, "serviceCharacteristic": speed})
    faster = [{"name": "downstreamSpeed", "value": 250}]
    changed = await posted(
        action="modify", service={"id": made["id"], "serviceCharacteristic": faster}, quantity=1
    )
    assert changed["serviceSpecification"] == specification["serviceSpecification"]
    gone = await posted(action="delete", service={"id": made["id"]})
    assert gone["serviceSpecification"] == specification["serviceSpecification"]
    product = (await shop.completed(item("1")))["productOrderItem"][0]["product"]["id"]
    for foreign in (product, "printer-7"):
        line = {"id": "1", "action": "delete", "service": {"id": foreign}}
        answer = await shop.http.post(SERVICE_ORDERS, json={"serviceOrderItem": [line]})
        assert faults(answer) == [("/serviceOrderItem/0/service/id", "unknown-service")]


@pytest.mark.parametrize("product", [NOWHERE, "printer-7", "p1.1", f"ps-{'0' * 24}.1"])
async def test_what_nobody_installed_is_refused(
    http: httpx.AsyncClient, runtime: RecordingRuntime, product: str
) -> None:
    answer = await http.post(ORDERS, json=order(1, productOrderItem=[item("1"), unnamed(product, id_="2")]))
    assert faults(answer) == [("/productOrderItem/1/product/id", "unknown-product")]
    assert not runtime.messages
    assert product in answer.json()["violations"][0]["message"]


async def test_what_another_tenant_installed_is_refused_once(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    product = await installed(http, runtime)
    sent = order(1, productOrderItem=[item("1", productOrderItem=[unnamed(product, "delete", "2")])])
    answer = await http.post(ORDERS, json=sent, headers={"Authorization": "Bearer north-token"})
    assert faults(answer) == [("/productOrderItem/0/productOrderItem/0/product/id", "unknown-product")]


async def test_all_that_is_wrong_beside_it_is_told(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    product = await installed(http, runtime)
    lines = [
        unnamed(product, quantity=0),
        unnamed(NOWHERE, "delete", "2"),
        unnamed(product, "add", "3"),
        unnamed(product, "noChange", "4", product={"id": product}),
        unnamed("", "delete", "5"),
    ]
    assert faults(await http.post(ORDERS, json=order(1, priority="9", productOrderItem=lines))) == [
        ("/productOrderItem/1/product/id", "unknown-product"),
        ("/priority", "value-not-allowed"),
        ("/productOrderItem/0/quantity", "below-minimum"),
        ("/productOrderItem/2/productOffering", "nothing-ordered"),
        ("/productOrderItem/4/productOffering", "nothing-ordered"),
    ]
    wrong = unnamed(product, product={"id": product, "productCharacteristic": [{"name": "x", "value": 1}]})
    answer = await http.post(ORDERS, json=order(1, productOrderItem=[wrong]))
    place = "/productOrderItem/0/product/productCharacteristic/0"
    assert faults(answer) == [(place, "unknown-characteristic")], "it is judged by what is installed"


async def test_who_cannot_tell_says_so(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    product = await installed(http, runtime)
    runtime.fail = JournalAway("away")
    answer = await http.post(ORDERS, json=order(1, productOrderItem=[unnamed(product)]))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


async def test_lines_of_a_stream_are_looked_up_together(
    served: Served, http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    products = [await installed(http, runtime, number) for number in range(30)]
    orders = [order(100 + number, productOrderItem=[unnamed(each)]) for number, each in enumerate(products)]
    orders += [order(200), order(201, productOrderItem=[unnamed(NOWHERE)])]
    body = b"".join(json.dumps(each).encode() + b"\n" for each in orders)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/x-ndjson"}

    async def answered() -> dict[int, dict[str, Any]]:
        async with aiohttp.ClientSession(headers=headers) as session:
            response = await session.post(f"{served.url}/stream/v1/productOrder", data=body)
            answers = [json.loads(each) for each in (await response.read()).splitlines()]
        return {answer["line"]: answer for answer in answers}

    answers = await answered()
    assert runtime.products_read == [31]
    assert [answers[line]["status"] for line in range(1, 33)] == [201] * 31 + [400]
    (fault,) = answers[32]["error"]["violations"]
    assert (fault["pointer"], fault["code"]) == ("/productOrderItem/0/product/id", "unknown-product")
    kept = json.loads(runtime.groups[answers[1]["id"]].order.document)
    assert kept == orders[0] | {
        "productOrderItem": [
            orders[0]["productOrderItem"][0] | {"productOffering": {"id": "broadband-basic"}}
        ]
    }
    runtime.fail = Busy("full")
    refused = await answered()
    assert {(each["status"], each["retryAfter"]) for each in refused.values()} == {(429, 1)}


async def test_entries_of_a_redis_stream_are_looked_up_together(
    http: httpx.AsyncClient, runtime: RecordingRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.redis_intake.RETRY_AFTER_S", 0.01)
    products = [await installed(http, runtime, number) for number in range(5)]
    sent = [order(10 + number, productOrderItem=[unnamed(each)]) for number, each in enumerate(products)]
    intake = RedisIntake(None, runtime, Principal("bus", "bus"), stream="s", group="g", consumer="a")
    stop = asyncio.Event()

    def decided(orders: Iterable[dict[str, Any]]) -> Any:
        fields = [{b"order": json.dumps(each).encode()} for each in orders]
        return asyncio.gather(
            *(intake._one(b"%d-0" % number, each, stop) for number, each in enumerate(fields))
        )

    runtime.fail = Busy("full")
    waiting = asyncio.ensure_future(decided(sent))
    while intake.counts.repeated < 5:
        await asyncio.sleep(0.01)
    runtime.fail = None
    await waiting
    assert intake.counts.accepted == 5
    assert set(runtime.products_read) == {5}
    await decided([order(20, productOrderItem=[unnamed(NOWHERE)])])
    assert intake.counts.accepted == 5


async def test_a_line_that_joins_by_a_patch_is_looked_up(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    product = await installed(http, runtime)
    waiting = order(1, requestedStartDate="2099-01-01T00:00:00Z")
    href = (await http.post(ORDERS, json=waiting)).json()["href"]
    patch = {"productOrderItem": [unnamed(product, "modify", "2")]}
    patched = await http.patch(href, json=patch, headers={"If-Match": '"1"'})
    assert patched.status_code == 200, patched.text
    assert patched.json()["productOrderItem"][1]["productOffering"] == {"id": "broadband-basic"}
    again = await http.patch(href, json=patch, headers={"If-Match": '"1"'})
    assert again.headers["etag"] == '"2"', "it came before"
    other = {"productOrderItem": [unnamed(NOWHERE, "delete", "3")]}
    answer = await http.patch(href, json=other, headers={"If-Match": '"2"'})
    assert faults(answer) == [("/productOrderItem/2/product/id", "unknown-product")]


async def test_a_draft_is_judged_and_submitted_with_what_is_installed(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    product = await installed(http, runtime)
    sent = order(1, productOrderItem=[unnamed(product), unnamed(NOWHERE, "delete", "2")])
    draft = (await http.post(DRAFTS, json=sent)).json()
    assert [(each["pointer"], each["code"]) for each in draft["findings"]] == [
        ("/productOrderItem/1/product/id", "unknown-product")
    ]
    assert draft["productOrder"] == sent
    assert (await http.post(f"{draft['href']}/submit")).status_code == 400
    sent["productOrderItem"].pop()
    saved = await http.put(draft["href"], json=sent, headers={"If-Match": '"1"'})
    assert saved.json()["findings"] == [] and (await http.get(DRAFTS)).json() == [saved.json()]
    for preview in ("dryRun", "price"):
        assert (await http.post(f"{draft['href']}/{preview}")).json()["findings"] == []
    (line,) = (await http.post(f"{draft['href']}/dryRun")).json()["lines"]
    assert line["productOffering"] == "broadband-basic"
    submitted = await http.post(f"{draft['href']}/submit")
    assert submitted.status_code == 200, submitted.text
    assert submitted.json()["productOrderItem"][0]["productOffering"] == {"id": "broadband-basic"}


async def test_who_goes_away_leaves_the_reading_to_the_others(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    product = await installed(http, runtime)
    reads = InstalledReads(runtime)
    gone, stays = (
        asyncio.create_task(reads.standing([product, "printer-7"], "product", "")) for _ in range(2)
    )
    await asyncio.sleep(0)
    gone.cancel()
    assert references(await stays, "product") == {product: "broadband-basic"}
    assert await reads.standing([product], "service", "") == {}


def test_a_door_asks_only_for_what_it_would_refuse() -> None:
    class Catalogued:
        catalogs = RecordingRuntime().catalogs

    door, shop = Door(Catalogued()), Principal("ann", "shop")
    door.admit(order(1, productOrderItem=[change(NOWHERE)]), shop)
    lines = [unnamed(NOWHERE), unnamed(NOWHERE, "delete", "2"), unnamed("printer-7", "delete", "3")]
    with pytest.raises(InstalledUnread) as unread:
        door.admit(order(1, productOrderItem=lines), shop)
    assert unread.value.products == (NOWHERE, "printer-7")
    with pytest.raises(BadRequest):
        door.admit(order(1, productOrderItem=lines), shop, installed={})
    many = [unnamed(NOWHERE, "delete", str(number)) for number in range(20_001)]
    with pytest.raises(BadRequest, match="1 violation"):
        door.admit(order(1, productOrderItem=many), shop)


NAMES = st.sampled_from(
    ["productOrderItem", "serviceOrderItem", "action", "product", "service", "id", "productOffering", ""]
)
VALUES = st.recursive(
    st.sampled_from(["modify", "delete", "1", "", None, 1, [], {}]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(NAMES, VALUES, max_size=3))
def test_any_json_is_looked_through(document: dict[str, Any]) -> None:
    for shape in (PRODUCT, SERVICE):
        before = json.dumps(document)
        products = products_to_read(document, shape)
        after, unknown = named(document, shape, dict.fromkeys(products, "x"))
        assert not unknown and products_to_read(after, shape) == ()
        _, unknown = named(document, shape, {})
        assert bool(unknown) == bool(products)
        assert json.dumps(document) == before
