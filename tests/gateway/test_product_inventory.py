"""Installed products over TMF637 and the real kernel: made by one order, changed by another, taken away by a third."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gateway.commands.products import _print_list, _print_product
from tests.gateway.conftest import PRODUCTS as PATH
from tests.gateway.conftest import Shop, change, item, order


async def test_a_product_has_an_id_from_the_answer_that_accepts_its_order(shop: Shop) -> None:
    placed = await shop.placed(item("1", productOrderItem=[item("1/a")]), item("2", action="modify"))
    (first, second) = placed["productOrderItem"]
    product = first["product"]["id"]
    assert product == f"p{placed['id'][1:]}.1" and "id" not in second["product"]
    shown = await shop.product(product)
    assert shown["id"] == product and shown["href"].endswith(f"{PATH}/{product}")
    assert shown["status"] in ("pendingActive", "active")
    ended = await shop.orders.wait_completed(placed["id"], timeout_s=10)
    assert ended["productOrderItem"][0]["product"]["id"] == product
    shown = await shop.product(ended["productOrderItem"][0]["productOrderItem"][0]["product"]["id"])
    assert shown["status"] == "active"


async def test_a_product_is_made_changed_and_taken_away(shop: Shop) -> None:
    made = await shop.completed(item("1"))
    product = made["productOrderItem"][0]["product"]["id"]
    shown = await shop.product(product)
    assert (shown["status"], shown["version"], shown["quantity"]) == ("active", 1, 1)
    assert {"name": "speed", "value": 100} in shown["productCharacteristic"]
    assert shown["productOffering"] == {"id": "broadband-basic"}
    assert shown["relatedParty"][0]["id"] == "c1" and shown["startDate"] == made["completionDate"]
    assert [each["name"] for each in shown["realizingService"]] == ["internet-access-service"]
    changed = await shop.completed(change(product))
    shown = await shop.freed(product, 2)
    assert {"name": "speed", "value": 250} in shown["productCharacteristic"]
    gone = await shop.completed(change(product, "delete"))
    shown = await shop.freed(product, 3)
    assert shown["status"] == "terminated" and shown["terminationDate"]
    assert [(each["productOrderId"], each["orderItemAction"]) for each in shown["productOrderItem"]] == [
        (made["id"], "add"),
        (changed["id"], "modify"),
        (gone["id"], "delete"),
    ]
    assert await shop.product(product, fields="status") == {"id": product, "status": "terminated"}


async def test_products_of_another_tenant_are_nobodys(shop: Shop) -> None:
    north = {"Authorization": "Bearer north-token"}
    path = "/tmf-api/productOrderingManagement/v4/productOrder"
    theirs = (await shop.http.post(path, json=order(1), headers=north)).json()
    product = theirs["productOrderItem"][0]["product"]["id"]
    own = (await shop.completed(item("1")))["productOrderItem"][0]["product"]["id"]
    for id_, headers, status in (
        (product, north, 200),
        (product, {}, 404),
        (own, north, 404),
        (own, {}, 200),
    ):
        assert (await shop.http.get(f"{PATH}/{id_}", headers=headers)).status_code == status
        graph = await shop.http.get(f"/api/v1/product/{id_}/graph", headers=headers)
        assert graph.status_code == status
    for headers, known in ((north, product), ({}, own)):
        listed = await shop.http.get(PATH, params={"relatedParty.id": "c1"}, headers=headers)
        assert [each["id"] for each in listed.json()] == [known]
    nested = change(own, "delete") | {"productOrderItem": [{**change(product), "id": "2"}]}
    refused = await shop.http.post(path, json=order(9, productOrderItem=[nested]))
    (fault,) = refused.json()["violations"]
    assert (fault["pointer"], fault["code"]) == (
        "/productOrderItem/0/productOrderItem/0/product/id",
        "unknown-product",
    )


async def test_a_service_that_was_ordered_as_such_is_changed_by_a_service_order(shop: Shop) -> None:
    path = "/tmf-api/serviceOrdering/v4/serviceOrder"

    async def completed(action: str, **service: Any) -> dict[str, Any]:
        values = [{"name": "downstreamSpeed", "value": 100}] if action != "delete" else []
        service = {
            "serviceSpecification": {"id": "internet-access-service"},
            "serviceCharacteristic": values,
        } | service
        sent = {"serviceOrderItem": [{"id": "1", "action": action, "service": service}]}
        made = await shop.http.post(path, json=sent)
        assert made.status_code == 201, made.text
        async with asyncio.timeout(10):
            while (shown := (await shop.http.get(made.json()["href"])).json())["state"] != "completed":
                await asyncio.sleep(0.01)
        return dict(shown)

    made = await completed("add")
    service = made["serviceOrderItem"][0]["service"]["id"]
    assert service == f"p{made['id'][1:]}.1"
    faster = [{"name": "downstreamSpeed", "value": 250}]
    await completed("modify", id=service, serviceCharacteristic=faster)
    await completed("delete", id=service)
    late = {"id": service, "serviceSpecification": {"id": "internet-access-service"}}
    sent = {"serviceOrderItem": [{"id": "1", "action": "modify", "service": late}]}
    refused = (await shop.http.post(path, json=sent)).json()
    async with asyncio.timeout(10):
        while not (shown := (await shop.http.get(refused["href"])).json()).get("errorMessage"):
            await asyncio.sleep(0.01)
    assert "terminated" in shown["errorMessage"][0]["message"], shown["errorMessage"]
    assert (await shop.http.get(f"{PATH}/{service}")).status_code == 404, "it is no product"


async def test_products_are_listed_by_party(shop: Shop) -> None:
    first = await shop.completed(item("1"), item("2"))
    second = await shop.completed(item("1"))
    products = [each["product"]["id"] for made in (first, second) for each in made["productOrderItem"]]
    await shop.completed(change(products[0], "delete"))
    await shop.freed(products[0], 2)
    response = await shop.http.get(PATH, params={"relatedParty.id": "c1", "limit": "2"})
    assert [each["id"] for each in response.json()] == products[:2]
    assert (response.headers["X-Total-Count"], response.headers["X-Result-Count"]) == ("3", "2")
    assert 'rel="next"' in response.headers["Link"]
    active = await shop.http.get(PATH, params={"relatedParty.id": "c1", "status": "active", "fields": "id"})
    assert active.json() == [{"id": id_} for id_ in products[1:]]
    assert (await shop.http.get(PATH, params={"relatedParty.id": "nobody"})).json() == []


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("", {"missing"}),
        ("relatedParty.id=c1&status=gone", {"value-not-allowed"}),
        ("relatedParty.id=c1&name=x", {"unknown-filter"}),
        ("relatedParty.id=c1&relatedParty.id=c2&limit=x", {"not-unique", "out-of-range"}),
    ],
)
async def test_a_query_that_cannot_be_answered_is_told_why(shop: Shop, query: str, codes: set[str]) -> None:
    response = await shop.http.get(f"{PATH}?{query}")
    assert response.status_code == 400
    assert {each["code"] for each in response.json()["violations"]} == codes


@pytest.mark.parametrize("id_", ["p1", "product-7", "p" + "0" * 24 + ".1", "o" + "0" * 24])
async def test_what_nobody_installed_is_not_found(shop: Shop, id_: str) -> None:
    for path in (f"{PATH}/{id_}", f"/api/v1/product/{id_}/graph"):
        response = await shop.http.get(path)
        assert response.status_code == 404 and id_ in response.text


async def test_a_refused_line_makes_no_product_of_the_one_it_named(shop: Shop) -> None:
    unknown = "p" + "0" * 24 + ".1"
    placed = await shop.placed(change(unknown))
    async with asyncio.timeout(10):
        while (shown := await shop.orders.get(placed["id"]))["state"] != "held":
            await asyncio.sleep(0.01)
    assert f"there is no installed product {unknown}" in shown["waitsFor"][0]["sentence"]
    assert (await shop.http.get(f"{PATH}/{unknown}")).status_code == 404


async def test_the_graph_names_versions_and_orders(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    made = await shop.completed(item("1"))
    product = made["productOrderItem"][0]["product"]["id"]
    graph = (await shop.http.get(f"/api/v1/product/{product}/graph")).json()
    assert graph["order"] == made["id"] and graph["holder"] is None and graph["queue"] == []
    assert graph["nodes"][0]["specification"] == "broadband-access"
    assert all(node["version"] and node["catalog"] for node in graph["nodes"])
    shown = await shop.product(product)
    _print_product(shown, graph)
    _print_list([shown], "1")
    printed = capsys.readouterr().out
    assert product in printed and "internet-access" in printed and "1 of 1" in printed


def _definitions() -> dict[str, Any]:
    folder = os.environ.get("ORDERLOOM_TMF_SPECS")
    if not folder:
        pytest.skip("ORDERLOOM_TMF_SPECS does not name a folder with the TMF specifications")
    (path,) = Path(folder).rglob("TMF637*v4.0.0*swagger.json")
    return dict(json.loads(path.read_text())["definitions"])


async def test_products_conform_to_the_specification(shop: Shop) -> None:
    definitions = _definitions()
    validator = jsonschema.Draft4Validator({"definitions": definitions, "$ref": "#/definitions/Product"})
    made = await shop.completed(item("1"))
    product = made["productOrderItem"][0]["product"]["id"]
    validator.validate(await shop.product(product))
    await shop.completed(change(product))
    validator.validate(await shop.freed(product, 2))
