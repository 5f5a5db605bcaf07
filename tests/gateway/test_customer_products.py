"""What an order's customer has, looked for when the order comes in, over the real kernel."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from actors.customer_products import NOTHING_LOOKED_FOR
from actors.installed_product import Installed
from catalog.loader import load
from catalog.store import Catalogs
from gateway import customer_products
from gateway.auth import Principal
from gateway.client import OrderloomClient
from gateway.settings import GatewaySettings
from runtime.journal.model import ModelJournal
from runtime.local import LocalRuntime
from tests.gateway.conftest import Served
from tests.gateway.recording_runtime import WaitingJournal
from tests.gateway.test_product_ordering import PATH

SERVICES = "/tmf-api/serviceOrdering/v4/serviceOrder"
SHOP = """\
catalog: {version: "1"}
offerings:
  internet: {productSpecification: internet}
  television: {productSpecification: television}
  jammer: {productSpecification: jammer}
  chair: {productSpecification: chair}
productSpecifications:
  internet:
    characteristics: {speed: {valueType: integer, default: 50}}
    relationships: [{type: Realized as, target: access}]
  television:
    relationships: [{type: Realized as, target: stream}]
    compatibilities: [{id: over, requires: internet, when: internet.speed >= 20, beside: customer}]
  jammer:
    relationships: [{type: Realized as, target: noise}]
    compatibilities: [{id: quiet, excludes: television, beside: customer}]
  chair: {relationships: [{type: Realized as, target: seat}]}
serviceSpecifications:
  access: &service
    characteristics: {speed: {valueType: integer}}
    plans:
      add: [{name: build, target: network}]
      modify: [{name: change, target: network}]
      delete: [{name: remove, target: network}]
  stream: {plans: &plans {add: [{name: build, target: network}], delete: [{name: remove, target: network}]}}
  noise: {plans: *plans}
  seat: {plans: *plans}
  tone:
    plans: *plans
    compatibilities: [{id: lonely, excludes: tone, beside: customer}]
policies:
  compatibility: {group: order-desk}
"""
PEOPLE = {
    "sue": Principal("sue", "shop", roles=("requester",)),
    "ann": Principal("ann", "shop", roles=("agent",), groups=("order-desk",)),
    "nora": Principal("nora", "shop", tenant="north"),
}


class Shop:
    """Who orders, who approves, and one customer or two."""

    def __init__(self, http: httpx.AsyncClient, runtime: LocalRuntime) -> None:
        self.http = http
        self.runtime = runtime
        self.number = 0

    def body(self, *items: dict[str, Any], party: str = "c1", **more: Any) -> dict[str, Any]:
        self.number += 1
        parties = [{"id": party, "role": "customer", "@referredType": "Individual"}] if party else []
        return {
            "externalId": f"x{self.number}",
            "relatedParty": parties,
            "productOrderItem": [*items],
            **more,
        }

    async def says(
        self, who: str, path: str, body: Any, *, method: str = "POST", **headers: str
    ) -> dict[str, Any]:
        response = await self.http.request(
            method, path, json=body, headers={"Authorization": f"Bearer {who}", **headers}
        )
        assert response.status_code in (200, 201), response.text
        return dict(response.json())

    async def ordered(self, *items: dict[str, Any], who: str = "sue", **more: Any) -> str:
        return str((await self.says(who, PATH, self.body(*items, **more)))["id"])

    async def made(self, offering: str, **more: Any) -> str:
        """The installed product that an order of one item makes."""
        order = await self.ordered(add(offering), **more)
        await self.ended(order, who=more.get("who", "sue"))
        return f"p{order[1:]}.1"

    async def got(self, path: str, who: str = "sue") -> Any:
        response = await self.http.get(path, headers={"Authorization": f"Bearer {who}"})
        assert response.status_code == 200, response.text
        return response.json()

    async def ended(self, order: str, state: str = "completed", who: str = "sue") -> dict[str, Any]:
        path = SERVICES if order.startswith("os-") else PATH
        async with asyncio.timeout(10):
            while (shown := await self.got(f"{path}/{order}", who))["state"] != state:
                await asyncio.sleep(0.01)
        return dict(shown)

    async def asked(self, order: str, who: str = "ann") -> list[dict[str, Any]]:
        """The findings that stand against an order, once its approvers are asked."""
        async with asyncio.timeout(10):
            while not (shown := await self.got(f"/api/v1/order/{order}/review", who))["compatibility"]:
                await asyncio.sleep(0.01)
        return list(shown["compatibility"])

    async def findings(self, order: str) -> list[str]:
        """What the explanation of an order tells of its lines."""
        explained = await self.got(f"/api/v1/order/{order}/explanation")
        return [sentence for line in explained["lines"] for sentence in line["findings"]]


def add(offering: str, id_: str = "1", **values: Any) -> dict[str, Any]:
    return item("add", id_, offering, "", values)


def delete(product: str, id_: str = "1") -> dict[str, Any]:
    return item("delete", id_, "", product, {})


def item(action: str, id_: str, offering: str, product: str, values: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"id": id_, "action": action}
    if offering:
        said["productOffering"] = {"id": offering}
    characteristics = [{"name": name, "value": value} for name, value in values.items()]
    return said | {
        "product": {**({"id": product} if product else {}), "productCharacteristic": characteristics}
    }


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    file = tmp_path / "catalog.yaml"
    file.write_text(SHOP)
    settings = GatewaySettings(tokens=PEOPLE, heartbeat_s=0.2)
    async with (
        LocalRuntime(WaitingJournal(ModelJournal(4)), Catalogs(load(file))) as runtime,
        Served(runtime, settings) as served,
        httpx.AsyncClient(base_url=served.url, timeout=10) as http,
    ):
        yield Shop(http, runtime)


async def test_what_a_delete_makes_invalid_is_found_though_the_order_does_not_name_it(shop: Shop) -> None:
    internet = await shop.made("internet")
    television = await shop.made("television")
    order = await shop.ordered(delete(internet))
    (finding,) = await shop.asked(order)
    sentence = (
        f"television of installed product {television} requires internet, which line 1 removes: "
        "it would become invalid"
    )
    assert (finding["id"], finding["sentence"]) == (f"1:{television}:television:over", sentence)
    refused = await shop.http.post(
        f"/api/v1/order/{order}/approve", json={}, headers={"Authorization": "Bearer ann"}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "incompatible")
    overrides = {finding["id"]: "television follows next week"}
    await shop.says("ann", f"/api/v1/order/{order}/approve", {"overrides": overrides})
    await shop.ended(order)
    assert await shop.findings(order) == [
        f"{sentence}; it was approved all the same: television follows next week"
    ]


async def test_an_add_excludes_what_the_customer_has(shop: Shop) -> None:
    await shop.made("internet")
    television = await shop.made("television")
    order = await shop.ordered(add("jammer"))
    (finding,) = await shop.asked(order)
    assert finding["sentence"] == (
        f"jammer of line 1 cannot stand beside television of installed product {television}"
    )
    assert await shop.made("jammer", party="c2"), "nobody has to be asked about another customer's"


async def test_orders_that_stream_in_are_compared_as_well(shop: Shop) -> None:
    await shop.made("internet")
    television = await shop.made("television")
    async with OrderloomClient(str(shop.http.base_url), "sue") as client:
        orders = [shop.body(add("jammer")), shop.body(add("chair"))]
        answers = {answer.order["externalId"]: answer async for answer in client.stream(orders)}
    assert {answer.status for answer in answers.values()} == {201}
    jammer, chair = [answers[order["externalId"]].id for order in orders]
    (finding,) = await shop.asked(jammer)
    assert television in finding["sentence"]
    await shop.ended(chair)


async def test_an_add_finds_what_it_requires_at_its_customer_alone(shop: Shop) -> None:
    await shop.made("internet")
    await shop.made("television")
    for party in ("c2", ""):
        (finding,) = await shop.asked(await shop.ordered(add("television"), party=party))
        assert "neither a line of this order nor an installed product" in finding["sentence"]


async def test_what_is_gone_is_not_found_and_what_is_on_its_way_is(shop: Shop) -> None:
    internet = await shop.made("internet")
    order = await shop.ordered(delete(internet))
    await shop.ended(order)
    (finding,) = await shop.asked(await shop.ordered(add("television")))
    assert "an installed product of the customer" in finding["sentence"]
    (finding,) = await shop.asked(await shop.ordered(add("jammer")))
    assert finding["sentence"].endswith("(another order is to bring it)")


async def test_another_tenants_customer_of_the_same_name_is_another_one(shop: Shop) -> None:
    await shop.made("internet", who="nora")
    (finding,) = await shop.asked(await shop.ordered(add("television")))
    assert finding["id"] == "1:television:over"
    assert await shop.made("television", who="nora")


async def test_a_draft_is_told_before_it_is_submitted_and_found_wanting_after(shop: Shop) -> None:
    internet, television = await shop.made("internet"), await shop.made("television")
    sent = shop.body(delete(internet))
    draft = (await shop.says("sue", "/api/v1/drafts", sent))["id"]
    run = await shop.says("sue", f"/api/v1/drafts/{draft}/dryRun", None)
    (found,) = run["compatibility"]
    assert found["id"] == f"1:{television}:television:over" and television in found["sentence"]
    await shop.says("sue", f"/api/v1/drafts/{draft}/submit", None)
    (finding,) = await shop.asked(draft)
    assert (finding["id"], finding["sentence"]) == (found["id"], found["sentence"])


async def test_a_draft_that_is_wrong_as_a_whole_is_not_compared(shop: Shop) -> None:
    sent = shop.body(add("jammer"), requestedStartDate="some day")
    draft = (await shop.says("sue", "/api/v1/drafts", sent))["id"]
    run = await shop.says("sue", f"/api/v1/drafts/{draft}/dryRun", None)
    assert run["findings"] and "compatibility" not in run


async def test_a_changed_order_is_compared_with_what_its_new_customer_has(shop: Shop) -> None:
    await shop.made("internet")
    order = await shop.ordered(add("television"), party="c2")
    assert len(await shop.asked(order)) == 1
    patch = {"relatedParty": [{"id": "c1", "role": "customer", "@referredType": "Individual"}]}
    headers = {"If-Match": '"1"', "Content-Type": "application/merge-patch+json"}
    await shop.says("sue", f"{PATH}/{order}", patch, method="PATCH", **headers)
    await shop.ended(order)


async def test_beyond_the_limit_it_is_said_how_many_were_looked_at(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await shop.made("internet")
        await shop.made("chair")
    monkeypatch.setattr(customer_products, "CUSTOMER_PRODUCTS_MAX", 2)
    monkeypatch.setattr(customer_products, "CUSTOMER_ORDERS_MAX", 5)
    (finding,) = await shop.asked(await shop.ordered(add("television")))
    assert finding["id"] == "1:customer" and finding["sentence"] == (
        "line 1: only 2 of the 3 installed products of the customer that may matter were looked at, and 1 order of the "
        "customer was not searched for products: whether it fits the others is not known"
    )


async def test_orders_of_many_lines_are_not_looked_up_without_end(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await shop.ended(await shop.ordered(*(add("internet", str(number)) for number in range(1, 5))))
    asked: list[str] = []
    read_products = shop.runtime.read_products

    async def counted(products: Sequence[str]) -> list[Installed | None]:
        asked.extend(products)
        return await read_products(products)

    monkeypatch.setattr(shop.runtime, "read_products", counted)
    monkeypatch.setattr(customer_products, "CUSTOMER_PRODUCTS_READ_MAX", 3)
    monkeypatch.setattr(customer_products, "READ_AT_ONCE", 1)
    (finding,) = await shop.asked(await shop.ordered(add("television")))
    assert len(asked) == 3
    assert finding["sentence"] == (
        "line 1: 1 more product of its orders was not looked up, and 2 orders of the customer were not "
        "searched for products: whether it fits the others is not known"
    )


async def test_lines_that_have_nothing_to_do_with_it_look_for_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.made("internet")

    async def never(*_: Any, **__: Any) -> None:
        raise AssertionError("nobody is to look")

    monkeypatch.setattr(customer_products, "list_orders", never)
    order = await shop.ordered(add("chair"))
    await shop.ended(order)
    (group,) = await shop.runtime.read([order])
    assert group is not None and group.compatibility is None


async def test_services_are_found_among_those_that_service_orders_made(shop: Shop) -> None:
    async def ordered() -> str:
        service = {"serviceSpecification": {"id": "tone"}}
        party = {"@type": "RelatedParty", "@referredType": "Individual"}
        parties = [{"id": "c1", "role": "customer", **party}]
        body = {
            "relatedParty": parties,
            "serviceOrderItem": [{"id": "1", "action": "add", "service": service}],
        }
        return str((await shop.says("sue", SERVICES, body))["id"])

    first = await ordered()
    await shop.ended(first)
    second = await ordered()
    new, old = [each["sentence"] for each in await shop.asked(second)]
    tone = f"tone of installed product p{first[1:]}.1"
    assert new == f"tone of line 1 cannot stand beside {tone}"
    assert old == f"{tone} cannot stand beside tone of line 1: it would become invalid"


async def test_nothing_is_told_of_a_catalog_that_asks_for_nothing(shop: Shop) -> None:
    await shop.made("internet")
    catalog = shop.runtime.catalogs.current
    document = b'{"productOrderItem":[{"action":"add","id":"1","productOffering":{"id":"chair"}}]}'
    found = await customer_products.customer_products(shop.runtime, "o" + "0" * 24, document, catalog)
    assert found == NOTHING_LOOKED_FOR
