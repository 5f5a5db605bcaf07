"""Offerings and what belongs to them as values, named as in TMF620 v4.1, TMF633 v4.0 and TMF634 v4.1.

Immutable like the rest of a catalog version. Ids refer to other parts of the same version. Instants are milliseconds
since 1970 UTC.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec

from catalog.commerce.money import Money
from catalog.validity import TimePeriod

ChargeType = Literal["recurring", "oneTime", "usage"]
CHARGE_TYPES: tuple[ChargeType, ...] = ("recurring", "oneTime", "usage")
REDUCTION_TYPES = ("discount", "allowance")
ALTERATION_TYPES = (*REDUCTION_TYPES, "surcharge")
PRICE_TYPES = (*CHARGE_TYPES, *ALTERATION_TYPES)
PERIOD_TYPES = ("day", "week", "month", "quarter", "year")
DEFAULT_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "recurring": ("add", "modify"),
    "oneTime": ("add",),
    "usage": ("add", "modify"),
}
"""The line actions a charge of each type is for, unless it says itself."""


class PriceCondition(msgspec.Struct, frozen=True, rename="camel"):
    """A price is for these values of a characteristic only: one of `values`, or a range, both ends included."""

    characteristic: str
    values: tuple[Any, ...] = ()
    value_from: Any = None
    value_to: Any = None

    def holds(self, value: Any) -> bool:
        """Whether a known value is among them; of a list, whether one of its elements is."""
        if isinstance(value, list):
            return any(self.holds(each) for each in value)
        if self.values:
            return any(
                value == each and isinstance(value, bool) == isinstance(each, bool) for each in self.values
            )
        return (self.value_from is None or value >= self.value_from) and (
            self.value_to is None or value <= self.value_to
        )


class ProductOfferingPrice(msgspec.Struct, frozen=True, rename="camel"):
    """What is asked for an offering, or what alters such a price (TMF620 `ProductOfferingPrice`).

    A charge (`recurring`, `oneTime`, `usage`) has a `price`, with or without tax, for `unit_amount` of `unit`; it is
    taken once per ordered piece, and once more for each unit of `per_characteristic` if that is set. An alteration
    (`discount`, `allowance`, `surcharge`) has a `percentage` or a `price` and applies where a charge names it, for
    `application_duration` charge periods (0: for ever), lowest `priority` first. A composite has `bundled` prices
    and nothing to charge of its own.
    """

    id: str
    name: str
    price_type: str
    version: str = "1.0"
    lifecycle_status: str = "Active"
    description: str = ""
    valid_for: TimePeriod | None = None
    price: Money | None = None
    percentage: Decimal | None = None
    tax_included: bool = False
    tax_rate: Decimal | None = None
    tax_category: str = ""
    period_length: int = 0
    period_type: str = ""
    unit_amount: Decimal | None = None
    unit: str = ""
    per_characteristic: str = ""
    conditions: tuple[PriceCondition, ...] = ()
    actions: tuple[str, ...] = ()
    alterations: tuple[str, ...] = ()
    bundled: tuple[str, ...] = ()
    priority: int = 0
    application_duration: int = 0


class BundledOffering(msgspec.Struct, frozen=True, rename="camel"):
    """An offering inside a bundle and how many of it one bundle takes (TMF620 `BundledProductOfferingOption`).

    `characteristics` is what the bundle orders it with when the order does not say; `prices` stands in place of its own
    prices (None: it keeps them, empty: it costs nothing inside this bundle).
    """

    offering: str
    minimum_quantity: int = 0
    default_quantity: int = 1
    maximum_quantity: int | None = None
    characteristics: dict[str, Any] = {}
    prices: tuple[str, ...] | None = None


class CharacteristicUse(msgspec.Struct, frozen=True, rename="camel"):
    """What an offering narrows of a characteristic of its specification (`ProductSpecificationCharacteristicValueUse`).

    Unset parts are the specification's.
    """

    name: str
    mandatory: bool = False
    default: Any = msgspec.UNSET
    allowed_values: tuple[Any, ...] = ()
    value_from: Any = None
    value_to: Any = None


class Term(msgspec.Struct, frozen=True, rename="camel"):
    """A commitment under which an offering is sold (TMF620 `ProductOfferingTerm`), `amount` of `units` long."""

    name: str
    amount: int = 0
    units: str = ""
    description: str = ""


class OfferingRelationship(msgspec.Struct, frozen=True, rename="camel"):
    """How an offering relates to another, for catalogs and storefronts to show (`ProductOfferingRelationship`)."""

    type: str
    offering: str


class ProductOffering(msgspec.Struct, frozen=True, rename="camel"):
    """What a customer can order (TMF620 `ProductOffering`), over a product specification, or a bundle of others.

    A bundle may do without a specification: it then has no work of its own.
    """

    id: str
    name: str
    product_specification: str
    version: str = "1.0"
    lifecycle_status: str = "Active"
    description: str = ""
    status_reason: str = ""
    is_sellable: bool = True
    valid_for: TimePeriod | None = None
    bundled: tuple[BundledOffering, ...] = ()
    prices: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    characteristics: tuple[CharacteristicUse, ...] = ()
    terms: tuple[Term, ...] = ()
    relationships: tuple[OfferingRelationship, ...] = ()
    service_candidate: str = ""
    resource_candidate: str = ""
    channels: tuple[str, ...] = ()
    market_segments: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    agreements: tuple[str, ...] = ()
    service_level_agreement: str = ""


class Category(msgspec.Struct, frozen=True, rename="camel"):
    """A group of offerings, or of candidates, in a tree (TMF620 `Category`, `ServiceCategory`, `ResourceCategory`)."""

    id: str
    name: str
    kind: str = "product"
    version: str = "1.0"
    lifecycle_status: str = "Active"
    description: str = ""
    valid_for: TimePeriod | None = None
    parent: str = ""


class Candidate(msgspec.Struct, frozen=True, rename="camel"):
    """What makes a service or resource specification available to a catalog (TMF633 and TMF634)."""

    id: str
    name: str
    kind: str
    specification: str
    version: str = "1.0"
    lifecycle_status: str = "Active"
    description: str = ""
    valid_for: TimePeriod | None = None
    categories: tuple[str, ...] = ()


class Commerce(msgspec.Struct, frozen=True):
    """What a catalog version holds beside offerings and specifications, by id."""

    prices: Mapping[str, ProductOfferingPrice] = {}
    categories: Mapping[str, Category] = {}
    candidates: Mapping[str, Candidate] = {}


NO_COMMERCE = Commerce()
