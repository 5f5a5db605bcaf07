"""What pricing takes and gives: lines to price, charges, totals, and what a person decided instead."""

from decimal import Decimal
from typing import Any

import msgspec

from catalog.lines import LineRequest


class PricedLine(msgspec.Struct, frozen=True):
    """A line to price: what it orders, the line it is bundled in, and what is installed (for modify)."""

    request: LineRequest
    parent: str = ""
    installed: dict[str, Any] = {}


class PriceOverride(msgspec.Struct, frozen=True, array_like=True):
    """A person's decision that one unit of a charge costs `amount`; `at` is ms since 1970 UTC.

    The amount is with or without tax as the price itself is.
    """

    line: str
    price: str
    amount: Decimal
    by: str
    reason: str
    at: int = 0


class Amount(msgspec.Struct, frozen=True):
    """An amount without and with tax; a side is None where no tax rate tells it."""

    duty_free: Decimal | None
    tax_included: Decimal | None

    @property
    def told(self) -> Decimal | None:
        """The side without tax, or else the one with it."""
        return self.duty_free if self.duty_free is not None else self.tax_included


class AppliedAlteration(msgspec.Struct, frozen=True):
    """What an alteration did to one unit of a charge: `amount` is below zero where it made it cheaper."""

    price: str
    name: str
    price_type: str
    amount: Decimal
    percentage: Decimal | None = None
    application_duration: int = 0
    priority: int = 0


class Charge(msgspec.Struct, frozen=True):
    """One price of one line.

    `listed` is before alterations, `charged` after them, `regular` from when those that last for a time have ended.
    With an `override` the three are what the person decided, and `computed` is what `charged` would be without.
    """

    price: str
    name: str
    description: str
    price_type: str
    currency: str
    period_length: int
    period_type: str
    unit_amount: Decimal | None
    unit: str
    tax_included: bool
    tax_rate: Decimal | None
    quantity: Decimal
    unit_price: Decimal
    alterations: tuple[AppliedAlteration, ...]
    listed: Amount
    charged: Amount
    regular: Amount
    override: PriceOverride | None = None
    computed: Amount | None = None


class Undetermined(msgspec.Struct, frozen=True):
    """A price of a line that depends on characteristics nobody knows yet."""

    price: str
    name: str
    missing: tuple[str, ...]


class Total(msgspec.Struct, frozen=True):
    """The sum of one kind of charge in one currency."""

    price_type: str
    currency: str
    period_length: int
    period_type: str
    charged: Amount
    regular: Amount


class LinePrice(msgspec.Struct, frozen=True):
    """What a line costs; `unused_overrides` name prices that it does not have."""

    line: str
    offering: str
    charges: tuple[Charge, ...]
    undetermined: tuple[Undetermined, ...]
    totals: tuple[Total, ...]
    unused_overrides: tuple[PriceOverride, ...] = ()


class OrderPrice(msgspec.Struct, frozen=True):
    """What an order costs under one catalog version, ordered `at` (ms since 1970 UTC)."""

    catalog: str
    at: int
    lines: tuple[LinePrice, ...]
    totals: tuple[Total, ...]

    @property
    def complete(self) -> bool:
        """Whether no price waits for a value that is not known yet."""
        return not any(line.undetermined for line in self.lines)
