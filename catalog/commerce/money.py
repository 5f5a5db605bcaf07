"""Amounts of money, exact: decimals with the currency's own number of places (ISO 4217)."""

import re
from decimal import ROUND_HALF_UP, Decimal

import msgspec

MINOR_UNITS = 2
_OTHER_MINOR_UNITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}
"""ISO 4217: how many places a currency's amounts have, where it is not two."""
_MONEY = re.compile(r"(?P<amount>[0-9]{1,15}(?:\.[0-9]{1,9})?) (?P<currency>[A-Z]{3})")
_DECIMAL = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")


class Money(msgspec.Struct, frozen=True):
    """An amount in a currency (ISO 4217, three letters)."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


def money(text: str) -> Money:
    """`39.90 EUR` as money; raises ValueError. A price may be finer than the currency's smallest coin."""
    match = _MONEY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no amount with a currency, such as 39.90 EUR")
    return Money(canonical(Decimal(match["amount"]), places(match["currency"])), match["currency"])


def decimal(text: str) -> Decimal:
    """A number from 0, exactly as written; raises ValueError."""
    if _DECIMAL.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no decimal number from 0")
    return canonical(Decimal(text), 0)


def canonical(amount: Decimal, at_least: int) -> Decimal:
    """The same number with as few places as it needs, though never fewer than `at_least`."""
    bare = amount.normalize()
    exponent = bare.as_tuple().exponent
    assert isinstance(exponent, int), "amounts are finite"
    return bare.quantize(Decimal(1).scaleb(-at_least)) if exponent > -at_least else bare


def places(currency: str) -> int:
    """How many places amounts in this currency have."""
    return _OTHER_MINOR_UNITS.get(currency, MINOR_UNITS)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount in whole coins, halves up, as invoices are written."""
    return amount.quantize(Decimal(1).scaleb(-places(currency)), rounding=ROUND_HALF_UP)
