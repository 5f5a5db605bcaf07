"""Prices as TMF622 v4 shows them: `itemPrice`, `itemTotalPrice`, `orderTotalPrice`.

`itemPrice` holds the price before its alterations, with each alteration beside it; `itemTotalPrice` and
`orderTotalPrice` hold what is charged. What TM Forum has no word for stands in extension attributes: `regularPrice`
(what is charged when alterations for a time have ended), `computedPrice` and `override` (a person's decision, beside
what was computed), and `undeterminedPrice` on an item (prices that wait for values nobody knows yet).
Source: TMF622 v4.0 OrderPrice, Price, PriceAlteration.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from catalog.commerce.charges import Amount, Charge, LinePrice, OrderPrice, PriceOverride, Total
from catalog.commerce.order_lines import items_of, priced_lines
from catalog.model import Catalog
from catalog.pricing import price_order
from catalog.refusals import CatalogRefusal
from catalog.validity import instant_text

_PERIODS: Final = {
    "day": "daily",
    "week": "weekly",
    "month": "monthly",
    "quarter": "quarterly",
    "year": "yearly",
}


def lay_prices(shown: dict[str, Any], price: OrderPrice) -> None:
    """Write computed prices into an order that is shown, where it was not sent with its own.

    An order whose items state prices (from a quote, say) is shown with those, and gets no computed total.
    """
    lines = {line.line: line for line in price.lines}
    stated = bool(shown.get("orderTotalPrice"))
    for _, item, _ in items_of(shown):
        line = lines.get(item["id"])
        if item.get("itemPrice") or item.get("itemTotalPrice"):
            stated = True
        elif line is not None:
            _lay_line(item, line)
    if price.totals and not stated:
        shown["orderTotalPrice"] = [_total(total) for total in price.totals]


def lay_computed_prices(
    shown: dict[str, Any], catalog: Catalog, at: int, overrides: Iterable[PriceOverride] = ()
) -> None:
    """Compute the prices of an order that is shown, ordered ``at``, and write them into it.

    A catalog without prices costs nothing here; an order that it cannot serve is shown without prices.
    """
    if not catalog.commerce.prices:
        return
    try:
        price = price_order(catalog, priced_lines(shown), at, overrides)
    except CatalogRefusal:
        return
    lay_prices(shown, price)


def _lay_line(item: dict[str, Any], line: LinePrice) -> None:
    if line.charges:
        item["itemPrice"] = [_charge(charge) for charge in line.charges]
    if line.totals:
        item["itemTotalPrice"] = [_total(total) for total in line.totals]
    if line.undetermined:
        item["undeterminedPrice"] = [
            {
                "@type": "UndeterminedPrice",
                "name": each.name,
                "productOfferingPrice": {"id": each.price, "name": each.name},
                "missingCharacteristic": list(each.missing),
            }
            for each in line.undetermined
        ]


def _charge(charge: Charge) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "@type": "OrderPrice",
        "name": charge.name,
        "priceType": charge.price_type,
        "price": _price(charge.listed, charge),
        "productOfferingPrice": {"id": charge.price, "name": charge.name},
    }
    if charge.description:
        shown["description"] = charge.description
    if charge.period_type:
        shown["recurringChargePeriod"] = period_text(charge.period_length, charge.period_type)
    if charge.unit:
        shown["unitOfMeasure"] = f"{charge.unit_amount} {charge.unit}"
    if charge.alterations:
        shown["priceAlteration"] = [
            {
                "@type": "PriceAlteration",
                "name": each.name,
                "priceType": each.price_type,
                "price": _altering(charge, each.amount * charge.quantity, each.percentage),
                "priority": each.priority,
                "applicationDuration": each.application_duration,
                "productOfferingPrice": {"id": each.price, "name": each.name},
            }
            for each in charge.alterations
        ]
    if charge.regular != charge.charged:
        shown["regularPrice"] = _price(charge.regular, charge)
    if charge.override is not None and charge.computed is not None:
        shown["@type"] = "OverriddenOrderPrice"
        shown["computedPrice"] = _price(charge.computed, charge)
        shown["override"] = {"by": charge.override.by, "reason": charge.override.reason}
        if charge.override.at:
            shown["override"]["date"] = instant_text(charge.override.at)
    return shown


def _altering(charge: Charge, amount: Decimal, percentage: Decimal | None) -> dict[str, Any]:
    side = "taxIncludedAmount" if charge.tax_included else "dutyFreeAmount"
    shown: dict[str, Any] = {side: {"unit": charge.currency, "value": float(amount)}}
    if percentage is not None:
        shown["percentage"] = float(percentage)
    return shown


def _total(total: Total) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "@type": "OrderPrice",
        "priceType": total.price_type,
        "price": _amount(total.charged, total.currency),
    }
    if total.period_type:
        shown["recurringChargePeriod"] = period_text(total.period_length, total.period_type)
    if total.regular != total.charged:
        shown["regularPrice"] = _amount(total.regular, total.currency)
    return shown


def period_text(length: int, unit: str) -> str:
    """A charge period in a word, or in words when it is none of the usual."""
    return _PERIODS[unit] if length == 1 else f"{length} {unit}s"


def _price(amount: Amount, charge: Charge) -> dict[str, Any]:
    shown = _amount(amount, charge.currency)
    if charge.tax_rate is not None:
        shown["taxRate"] = float(charge.tax_rate)
    return shown


def _amount(amount: Amount, currency: str) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if amount.duty_free is not None:
        shown["dutyFreeAmount"] = {"unit": currency, "value": float(amount.duty_free)}
    if amount.tax_included is not None:
        shown["taxIncludedAmount"] = {"unit": currency, "value": float(amount.tax_included)}
    return shown


def price_view(price: OrderPrice) -> dict[str, Any]:
    """Prices without their order: by line, and the totals."""
    lines = []
    for line in price.lines:
        shown: dict[str, Any] = {"id": line.line}
        _lay_line(shown, line)
        lines.append(shown)
    return {"item": lines, "orderTotalPrice": [_total(total) for total in price.totals]}
