"""What an order in review comes to as it stands: the facts that policies read, and its price.

Prices are computed from the order's catalog version at the instant somebody must look at them; what a person decided
instead stands beside what was computed. What was computed becomes part of the fact that it was shown with.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

import msgspec

from actors.captured import order_facts
from actors.structure import OrderGroup
from catalog.commerce.charges import OrderPrice, PriceOverride
from catalog.commerce.order_lines import priced_lines
from catalog.model import Catalog
from catalog.policies.conditions import reads_price
from catalog.policies.facts import OrderFacts
from catalog.pricing import price_order

_MONTHS: Final = {"month": Decimal(1), "quarter": Decimal(3), "year": Decimal(12)}
_read: Final = msgspec.json.Decoder(dict[str, Any]).decode


def facts_of(group: OrderGroup, catalog: Catalog, now: int) -> OrderFacts:
    """What policies read of an order in review, with its price where one of them reads that."""
    return facts_with(group.order.document, overrides_of(group), catalog, now)


def facts_with(document: bytes, overrides: Iterable[PriceOverride], catalog: Catalog, now: int) -> OrderFacts:
    """The facts of a document that may not be the order's yet."""
    facts = order_facts(document, catalog)
    overrides = tuple(overrides)
    if overrides:
        decided = {override.line for override in overrides}
        lines = tuple(
            msgspec.structs.replace(line, priced=True) if line.line in decided else line
            for line in facts.lines
        )
        facts = msgspec.structs.replace(facts, lines=lines)
    if reads_price(catalog):
        price = price_order(catalog, priced_lines(_read(document)), now, overrides)
        facts = msgspec.structs.replace(facts, price=in_short(price))
    return facts


def priced(group: OrderGroup, catalog: Catalog, now: int) -> OrderPrice:
    """The order's price, line by line, as it would be were it ordered `now`."""
    return price_order(catalog, priced_lines(_read(group.order.document)), now, overrides_of(group))


def overrides_of(group: OrderGroup) -> tuple[PriceOverride, ...]:
    """What people decided about prices of the order."""
    return group.review.overridden if group.review is not None else ()


def in_short(price: OrderPrice) -> dict[str, Any]:
    """A price as conditions read it: one sum for what is paid once and one for each month.

    What is not known, or is in several currencies, is left out: no condition is decided on half a price.
    """
    currencies = {total.currency for total in price.totals}
    if not price.complete or len(currencies) > 1:
        return {}
    sums = {"oneTime": Decimal(0), "recurring": Decimal(0)}
    for total in price.totals:
        amount = total.charged
        net = amount.duty_free if amount.duty_free is not None else amount.tax_included
        if net is None or (total.price_type == "recurring" and total.period_type not in _MONTHS):
            return {}
        if total.price_type == "recurring":
            sums["recurring"] += net / (_MONTHS[total.period_type] * total.period_length)
        else:
            sums["oneTime"] += net
    shown: dict[str, Any] = {name: float(amount) for name, amount in sums.items()}
    return {**shown, "currency": next(iter(currencies), "")}
