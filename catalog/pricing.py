"""What an order costs: the prices of its offerings, worked out line by line. Pure, exact, and repeatable.

A charge is taken when its conditions hold for the line's characteristics, its validity covers the instant it is
ordered, its lifecycle status lets it be sold, and its actions have the line's action. The price of one unit is altered
first, by priority and then as the charge names its alterations, each on what the one before left, never below zero;
then it is multiplied and rounded to whole coins, halves up, once. Tax is worked out from the rounded amount. Usage is a
rate: nothing is multiplied, and it is in no total.

A condition on a value that is not known yet does not fail: the price is *undetermined*, with the names that are
missing, and every total that it would be in is not complete.
"""

from collections.abc import Iterable, Iterator
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any

from catalog.commerce.charges import (
    Amount,
    AppliedAlteration,
    Charge,
    LinePrice,
    OrderPrice,
    PricedLine,
    PriceOverride,
    Total,
    Undetermined,
)
from catalog.commerce.model import (
    DEFAULT_ACTIONS,
    REDUCTION_TYPES,
    BundledOffering,
    ProductOffering,
    ProductOfferingPrice,
)
from catalog.commerce.money import Money, canonical, places, rounded
from catalog.model import ORDERABLE_STATUSES, Catalog
from catalog.tree import default_values, root_of

_ONE = Decimal(1)
_HUNDRED = Decimal(100)
_USAGE_PLACES = Decimal("0.000001")


def price_order(
    catalog: Catalog, lines: Iterable[PricedLine], at: int, overrides: Iterable[PriceOverride] = ()
) -> OrderPrice:
    """The price of these lines, in their order; lines of no offering cost nothing.

    Raises what decomposition raises for an unknown offering (`CatalogRefusal`).
    """
    lines = tuple(lines)
    offerings = {line.request.line: line.request.offering for line in lines}
    decided: dict[str, list[PriceOverride]] = {}
    for override in overrides:
        decided.setdefault(override.line, []).append(override)
    priced = []
    for line in lines:
        option = _option(catalog, offerings.get(line.parent), line.request.offering)
        priced.append(_line(catalog, line, option, at, decided.get(line.request.line, ())))
    totals = _totals(charge for line in priced for charge in line.charges)
    return OrderPrice(catalog.version, at, tuple(priced), totals)


def _option(catalog: Catalog, above: str | None, offering: str | None) -> BundledOffering | None:
    """How the line's offering is bundled in the offering of the line above it."""
    bundle = catalog.offerings.get(above) if above else None
    if bundle is None:
        return None
    return next((child for child in bundle.bundled if child.offering == offering), None)


def _line(
    catalog: Catalog,
    line: PricedLine,
    option: BundledOffering | None,
    at: int,
    overrides: Iterable[PriceOverride],
) -> LinePrice:
    request = line.request
    root = root_of(catalog, request.offering, request.specification)
    offering = catalog.offerings[request.offering] if request.offering is not None else None
    values = default_values(root) if request.action == "add" else dict(line.installed)
    values.update((name, value) for name, value in request.characteristics.items() if value is not None)
    decided = {override.price: override for override in overrides}
    charges: list[Charge] = []
    undetermined: list[Undetermined] = []
    for price in _prices(catalog, offering, option):
        if not _is_for(price, request.action, at):
            continue
        alterations = _alterations(catalog, price, at)
        missing = _missing(price, alterations, values)
        if missing is None:
            continue
        if missing:
            undetermined.append(Undetermined(price.id, price.name, missing))
            continue
        applying = [each for each in alterations if _alters(each, values)]
        override = decided.pop(price.id, None)
        charges.append(_charge(price, applying, values, request.quantity, override))
    return LinePrice(
        request.line,
        request.offering or "",
        tuple(charges),
        tuple(undetermined),
        _totals(charges),
        tuple(decided.values()),
    )


def _prices(
    catalog: Catalog, offering: ProductOffering | None, option: BundledOffering | None
) -> Iterator[ProductOfferingPrice]:
    """The charges of an offering, composites taken apart; what the bundle says goes before what it says itself."""
    if offering is None:
        return
    named = offering.prices if option is None or option.prices is None else option.prices
    waiting = list(reversed(named))
    seen: set[str] = set()
    while waiting:
        price = catalog.commerce.prices[waiting.pop()]
        if price.id in seen:
            continue
        seen.add(price.id)
        if price.bundled:
            waiting.extend(reversed(price.bundled))
        else:
            yield price


def _is_for(price: ProductOfferingPrice, action: str, at: int) -> bool:
    actions = price.actions or DEFAULT_ACTIONS[price.price_type]
    return action in actions and _is_sold(price, at)


def _is_sold(price: ProductOfferingPrice, at: int) -> bool:
    valid = price.valid_for is None or price.valid_for.covers(at)
    return valid and price.lifecycle_status in ORDERABLE_STATUSES


def _alterations(catalog: Catalog, price: ProductOfferingPrice, at: int) -> list[ProductOfferingPrice]:
    """What may alter the price at this instant, in the order it does so."""
    named = [catalog.commerce.prices[id_] for id_ in price.alterations]
    valid = [each for each in named if _is_sold(each, at)]
    return sorted(valid, key=lambda each: each.priority)


def _missing(
    price: ProductOfferingPrice, alterations: Iterable[ProductOfferingPrice], values: dict[str, Any]
) -> tuple[str, ...] | None:
    """The unknown characteristics that the price waits for; None when it is not for these values at all."""
    missing = []
    for condition in price.conditions:
        value = values.get(condition.characteristic)
        if value is None:
            missing.append(condition.characteristic)
        elif not condition.holds(value):
            return None
    if price.per_characteristic and values.get(price.per_characteristic) is None:
        missing.append(price.per_characteristic)
    for alteration in alterations:
        unknown = [each.characteristic for each in alteration.conditions]
        if _alters(alteration, values) is None:
            missing += [name for name in unknown if values.get(name) is None]
    return tuple(dict.fromkeys(missing))


def _alters(alteration: ProductOfferingPrice, values: dict[str, Any]) -> bool | None:
    """Whether it applies to a line of these values; None when that is not known yet."""
    known = [each for each in alteration.conditions if values.get(each.characteristic) is not None]
    if not all(each.holds(values[each.characteristic]) for each in known):
        return False
    return True if len(known) == len(alteration.conditions) else None


def _charge(
    price: ProductOfferingPrice,
    alterations: list[ProductOfferingPrice],
    values: dict[str, Any],
    ordered: int,
    override: PriceOverride | None,
) -> Charge:
    money = price.price
    assert money is not None, "a charge that is no composite has an amount: the catalog was checked"
    quantity = Decimal(ordered) * _units(price, values) if price.price_type != "usage" else _ONE
    applied, unit = _altered(money, alterations)
    lasting = [each for each in alterations if not each.application_duration]
    regular = unit if len(lasting) == len(alterations) else _altered(money, lasting)[1]

    def amount(one: Decimal) -> Amount:
        return _amount(one * quantity, price, money.currency)

    computed = amount(unit)
    decided = amount(override.amount) if override is not None else None
    return Charge(
        price=price.id,
        name=price.name,
        description=price.description,
        price_type=price.price_type,
        currency=money.currency,
        period_length=price.period_length,
        period_type=price.period_type,
        unit_amount=price.unit_amount,
        unit=price.unit,
        tax_included=price.tax_included,
        tax_rate=price.tax_rate,
        quantity=quantity,
        unit_price=money.amount if override is None else override.amount,
        alterations=applied if override is None else (),
        listed=amount(money.amount) if decided is None else decided,
        charged=computed if decided is None else decided,
        regular=amount(regular) if decided is None else decided,
        override=override,
        computed=computed if override is not None else None,
    )


def _units(price: ProductOfferingPrice, values: dict[str, Any]) -> Decimal:
    """How often one ordered piece takes the price: once, or once for each started unit of a characteristic."""
    if not price.per_characteristic:
        return _ONE
    count = Decimal(str(values[price.per_characteristic]))
    if price.unit_amount is None:
        return count
    return (count / price.unit_amount).to_integral_value(rounding=ROUND_CEILING)


def _altered(
    money: Money, alterations: Iterable[ProductOfferingPrice]
) -> tuple[tuple[AppliedAlteration, ...], Decimal]:
    """What each alteration does to one unit, and what is left."""
    left = money.amount
    applied = []
    for each in alterations:
        if each.percentage is not None:
            change = left * each.percentage / _HUNDRED
        else:
            assert each.price is not None, "an alteration has one of the two: the catalog was checked"
            change = each.price.amount
        change = -min(change, left) if each.price_type in REDUCTION_TYPES else change
        left += change
        applied.append(
            AppliedAlteration(
                each.id,
                each.name,
                each.price_type,
                canonical(change, places(money.currency)),
                each.percentage,
                each.application_duration,
                each.priority,
            )
        )
    return tuple(applied), left


def _amount(amount: Decimal, price: ProductOfferingPrice, currency: str) -> Amount:
    """With and without tax, in whole coins; a usage rate keeps fractions of one: it is multiplied when it is rated."""

    def coins(amount: Decimal) -> Decimal:
        if price.price_type == "usage":
            return canonical(amount.quantize(_USAGE_PLACES, rounding=ROUND_HALF_UP), places(currency))
        return rounded(amount, currency)

    whole = coins(amount)
    if price.tax_rate is None:
        return Amount(None, whole) if price.tax_included else Amount(whole, None)
    factor = _ONE + price.tax_rate / _HUNDRED
    if price.tax_included:
        return Amount(coins(whole / factor), whole)
    return Amount(whole, coins(whole * factor))


def _totals(charges: Iterable[Charge]) -> tuple[Total, ...]:
    """One total for each price type, currency and period, in the order they are first met."""
    groups: dict[tuple[str, str, int, str], list[Charge]] = {}
    for charge in charges:
        if charge.price_type != "usage":
            key = (charge.price_type, charge.currency, charge.period_length, charge.period_type)
            groups.setdefault(key, []).append(charge)
    return tuple(
        Total(*key, _sum(each.charged for each in group), _sum(each.regular for each in group))
        for key, group in groups.items()
    )


def _sum(amounts: Iterable[Amount]) -> Amount:
    """The sum of each side; a side that one of them does not tell is not told."""
    each = tuple(amounts)
    net = [amount.duty_free for amount in each if amount.duty_free is not None]
    gross = [amount.tax_included for amount in each if amount.tax_included is not None]
    return Amount(
        sum(net, Decimal(0)) if len(net) == len(each) else None,
        sum(gross, Decimal(0)) if len(gross) == len(each) else None,
    )
