"""Prices on orders: computed from the catalog, shown in TMF622's words, never over what the order itself states."""

from decimal import Decimal
from typing import Any

import httpx

from catalog.commerce.charges import PriceOverride
from catalog.commerce.order_lines import priced_lines
from catalog.pricing import price_order
from catalog.store import sample_catalogs
from gateway.tmf.order_prices import lay_computed_prices, lay_prices, period_text
from tests.gateway.conftest import item, order

CATALOG = sample_catalogs().current
NOW = 1_764_000_000_000
PATH = "/tmf-api/productOrderingManagement/v4/productOrder"


def money(value: float) -> dict[str, Any]:
    return {"unit": "EUR", "value": value}


async def test_an_order_shows_what_it_costs(http: httpx.AsyncClient) -> None:
    made = (await http.post(PATH, json=order(1))).json()
    shown = (await http.get(made["href"])).json()
    (price,) = shown["productOrderItem"][0]["itemPrice"]
    assert price == {
        "@type": "OrderPrice",
        "name": "Monthly fee",
        "priceType": "recurring",
        "price": {"dutyFreeAmount": money(29.9), "taxIncludedAmount": money(35.58), "taxRate": 19},
        "productOfferingPrice": {"id": "broadband-monthly", "name": "Monthly fee"},
        "recurringChargePeriod": "monthly",
        "priceAlteration": [
            {
                "@type": "PriceAlteration",
                "name": "Half price at first",
                "priceType": "discount",
                "price": {"dutyFreeAmount": money(-14.95), "percentage": 50},
                "priority": 0,
                "applicationDuration": 6,
                "productOfferingPrice": {"id": "first-half-year", "name": "Half price at first"},
            }
        ],
        "regularPrice": {"dutyFreeAmount": money(29.9), "taxIncludedAmount": money(35.58), "taxRate": 19},
    }
    (total,) = shown["orderTotalPrice"]
    assert total == shown["productOrderItem"][0]["itemTotalPrice"][0]
    assert total["price"] == {"dutyFreeAmount": money(14.95), "taxIncludedAmount": money(17.79)}
    (listed,) = (await http.get(PATH)).json()
    assert listed["orderTotalPrice"] == shown["orderTotalPrice"]
    some = (await http.get(made["href"], params={"fields": "orderTotalPrice"})).json()
    assert some == {"id": made["id"], "orderTotalPrice": shown["orderTotalPrice"]}


async def test_prices_that_the_order_states_stay(http: httpx.AsyncClient) -> None:
    stated = [{"priceType": "recurring", "price": {"dutyFreeAmount": money(1)}}]
    sent = order(2, productOrderItem=[item("1", itemPrice=stated), item("2")])
    made = (await http.post(PATH, json=sent)).json()
    shown = (await http.get(made["href"])).json()
    assert shown["productOrderItem"][0]["itemPrice"] == stated
    assert "itemTotalPrice" in shown["productOrderItem"][1]
    assert "orderTotalPrice" not in shown, "nobody computed what was agreed elsewhere"


async def test_a_bundle_runs_with_the_lines_it_takes(http: httpx.AsyncClient) -> None:
    bundle = {"id": "1", "action": "add", "productOffering": {"id": "home-triple-play"}}
    sent = order(3, productOrderItem=[bundle])
    answer = await http.post(PATH, json=sent)
    assert answer.status_code == 201, answer.text
    shown = (await http.get(answer.json()["href"])).json()
    (line,) = shown["productOrderItem"]
    assert [each["id"] for each in line["productOrderItem"]] == [
        "1:fibre-internet",
        "1:tv-premium",
        "1:voice-home",
    ]
    assert {each["state"] for each in (line, *line["productOrderItem"])} == {"inProgress"}
    assert [price["price"]["dutyFreeAmount"] for price in shown["orderTotalPrice"]] == [
        money(49),
        money(49.8),
    ]
    again = await http.post(PATH, json=sent)
    assert (again.status_code, again.json()["id"]) == (200, shown["id"])


def test_overrides_and_open_prices_are_shown_beside() -> None:
    shown = order(
        productOrderItem=[
            {"id": "1", "action": "modify", "productOffering": {"id": "broadband-basic"}},
            {
                "id": "2",
                "action": "add",
                "productOffering": {"id": "fibre-internet"},
                "product": {"productCharacteristic": [{"name": "speed", "value": 500}]},
            },
        ]
    )
    override = PriceOverride("2", "fibre-monthly", Decimal("30"), "ann", "a good customer", NOW)
    lay_prices(shown, price_order(CATALOG, priced_lines(shown), NOW, [override]))
    modified, added = shown["productOrderItem"]
    assert modified["undeterminedPrice"][0]["missingCharacteristic"] == ["speed"]
    monthly = added["itemPrice"][0]
    assert monthly["@type"] == "OverriddenOrderPrice"
    assert monthly["override"] == {
        "by": "ann",
        "reason": "a good customer",
        "date": "2025-11-24T16:00:00Z",
    }
    assert monthly["price"]["dutyFreeAmount"] == money(30)
    assert monthly["computedPrice"]["dutyFreeAmount"] == money(39.9)


def test_a_draft_with_gaps_is_priced_as_far_as_it_goes() -> None:
    shown: dict[str, Any] = {
        "productOrderItem": [
            {"id": "1", "action": "add", "productOffering": {"id": "tv-premium"}},
            {"id": "2", "action": "sell", "productOffering": {"id": "tv-premium"}},
            {"id": "3", "productOffering": "tv-premium"},
            {"id": "4", "action": "add", "quantity": 0, "productOffering": {"id": "tv-premium"}},
            {"action": "add"},
            "nothing",
        ]
    }
    lay_computed_prices(shown, CATALOG, NOW)
    assert ["itemPrice" in each for each in shown["productOrderItem"][:5]] == [True] + [False] * 4
    unknown = {
        "productOrderItem": [{"id": "1", "action": "add", "productOffering": {"id": "gone"}}],
    }
    lay_computed_prices(unknown, CATALOG, NOW)
    assert "orderTotalPrice" not in unknown


def test_periods_in_words() -> None:
    assert [period_text(1, "month"), period_text(1, "day"), period_text(3, "month")] == [
        "monthly",
        "daily",
        "3 months",
    ]
