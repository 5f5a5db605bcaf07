"""A modify that says which instances go, or that today's catalog is taken over: attributes of ours on an order item."""

import asyncio
from typing import Any

import pytest

from gateway.settings import ORDERING_PATH, SERVICE_ORDERING_PATH
from tests.gateway.conftest import Shop, change, item, order

ORDERS = f"{ORDERING_PATH}/productOrder"
SERVICE_ORDERS = f"{SERVICE_ORDERING_PATH}/serviceOrder"


async def nodes(shop: Shop, product: str) -> dict[str, int]:
    """The product's roots: id -> number."""
    graph = (await shop.http.get(f"/api/v1/product/{product}/graph")).json()
    return {each["id"]: each["ordinal"] for each in graph["nodes"] if not each["parent"]}


async def test_the_line_names_which_of_a_product_go(shop: Shop) -> None:
    made = await shop.completed(item("1", quantity=3))
    product = made["productOrderItem"][0]["product"]["id"]
    fewer = {**change(product), "quantity": 2, "remove": ["2"]}
    changed = await shop.completed(fewer)
    assert changed["productOrderItem"][0]["remove"] == ["2"], "it is answered as it was sent"
    await shop.freed(product, 2)
    left = await nodes(shop, product)
    assert sorted(left.values()) == [1, 3]
    (first,) = [id_ for id_, number in left.items() if number == 1]
    await shop.completed({**change(product, speed=50), "quantity": 1, "remove": [first]})
    assert [*(await nodes(shop, product)).values()] == [3]


async def test_what_is_not_there_cannot_be_named(shop: Shop) -> None:
    made = await shop.completed(item("1", quantity=2))
    product = made["productOrderItem"][0]["product"]["id"]
    placed = await shop.placed({**change(product), "quantity": 1, "remove": ["7"]})
    async with asyncio.timeout(10):
        while (shown := (await shop.http.get(f"{ORDERS}/{placed['id']}")).json())["state"] != "held":
            await asyncio.sleep(0.01)
    sentence = shown["waitsFor"][0]["sentence"]
    assert "the line names 7 to go, which is not among what its change takes away" in sentence


@pytest.mark.parametrize("said", [{"remove": ["2"]}, {"migrate": True}])
async def test_both_are_said_of_a_modify_that_names_its_product(shop: Shop, said: dict[str, Any]) -> None:
    (name,) = said
    product = {"id": f"p{'0' * 24}.1"}
    for line in (item("1", **said), item("1", **said, action="delete", product=product)):
        answer = await shop.http.post(ORDERS, json=order(0, productOrderItem=[line]))
        found = {(each["pointer"], each["code"]) for each in answer.json()["violations"]}
        assert answer.status_code == 400 and (f"/productOrderItem/0/{name}", "not-applicable") in found
    service = {"serviceSpecification": {"id": "broadband-access"}}
    line = {"id": "1", "action": "add", "service": service, **said}
    answer = await shop.http.post(SERVICE_ORDERS, json={"serviceOrderItem": [line]})
    found = {(each["pointer"], each["code"]) for each in answer.json()["violations"]}
    assert answer.status_code == 400 and (f"/serviceOrderItem/0/{name}", "not-applicable") in found


async def test_what_is_no_list_of_names_is_refused(shop: Shop) -> None:
    line = {**change(f"p{'0' * 24}.1"), "remove": [2], "migrate": "yes"}
    answer = await shop.http.post(ORDERS, json=order(0, productOrderItem=[line]))
    found = {each["pointer"] for each in answer.json()["violations"]}
    assert answer.status_code == 400
    assert found >= {"/productOrderItem/0/remove/0", "/productOrderItem/0/migrate"}
