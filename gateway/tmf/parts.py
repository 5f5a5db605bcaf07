"""The parts that TMF622 product orders are made of: references and values as TM Forum names them.

Source: TMF622 v4.0 definitions. Attributes are typed and optional as there; unknown attributes are extensions and stay
in the order's document. An attribute that is not known is left out; ``null`` is refused, except as the value of a
characteristic.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

TEXT_ID_LENGTH_MAX = 256
"""Longest id, externalId or category in characters: these become keys and index entries."""

Instant = Annotated[datetime, Meta(tz=True)]
"""An RFC 3339 date-time; without an offset it names no instant and is refused."""
TextId = Annotated[str, Meta(min_length=1, max_length=TEXT_ID_LENGTH_MAX)]


class Part(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """Any TM Forum structure: extensible by ``@type``, ``@baseType`` and ``@schemaLocation``."""

    at_type: str = msgspec.field(name="@type", default="")
    at_base_type: str = msgspec.field(name="@baseType", default="")
    at_schema_location: str = msgspec.field(name="@schemaLocation", default="")


class Reference(Part, frozen=True, kw_only=True):
    """A reference to an entity somewhere else, by its id (TMF622 v4.0 EntityRef)."""

    id: TextId
    href: str = ""
    name: str = ""
    at_referred_type: str = msgspec.field(name="@referredType", default="")


class AgreementItemRef(Reference, frozen=True, kw_only=True):
    """An item of an agreement."""

    agreement_item_id: str = ""


class QuoteItemRef(Reference, frozen=True, kw_only=True):
    """The quote item an order item comes from."""

    quote_id: str
    quote_href: str = ""
    quote_name: str = ""


class QualificationItemRef(Reference, frozen=True, kw_only=True):
    """The qualification item an order item comes from (TMF622 v4.0 ProductOfferingQualificationItemRef)."""

    product_offering_qualification_id: str
    product_offering_qualification_href: str = ""
    product_offering_qualification_name: str = ""


class AppointmentRef(Part, frozen=True, kw_only=True):
    """An appointment with the customer."""

    id: TextId
    href: str = ""
    description: str = ""
    at_referred_type: str = msgspec.field(name="@referredType", default="")


class RelatedChannel(Reference, frozen=True, kw_only=True):
    """The sales channel the order came through."""

    role: str = ""


class RelatedParty(Part, frozen=True, kw_only=True):
    """A party in a role: customer, owner, ordering party ..."""

    id: TextId
    at_referred_type: str = msgspec.field(name="@referredType")
    href: str = ""
    name: str = ""
    role: str = ""


class RelatedPlace(Part, frozen=True, kw_only=True):
    """A place in a role, such as the installation address (TMF622 v4.0 RelatedPlaceRefOrValue)."""

    role: str
    id: str = ""
    href: str = ""
    name: str = ""
    at_referred_type: str = msgspec.field(name="@referredType", default="")


class ResourceRef(Reference, frozen=True, kw_only=True):
    """A resource that realizes a product."""

    value: str = ""


class TargetProductSchema(Part, frozen=True, kw_only=True):
    """Where the schema of a product's characteristics stands."""

    at_schema_location: str = msgspec.field(name="@schemaLocation")
    at_type: str = msgspec.field(name="@type")


class ProductSpecificationRef(Reference, frozen=True, kw_only=True):
    """The specification of a product."""

    version: str = ""
    target_product_schema: TargetProductSchema | UnsetType = UNSET


class RelatedOrderItem(Part, frozen=True, kw_only=True):
    """An item of some product order, as a product remembers it (TMF622 v4.0 RelatedProductOrderItem)."""

    order_item_id: str
    product_order_id: str
    order_item_action: str = ""
    product_order_href: str = ""
    role: str = ""
    at_referred_type: str = msgspec.field(name="@referredType", default="")


class Characteristic(Part, frozen=True, kw_only=True):
    """A named value. ``null`` means: not known yet."""

    name: TextId
    value: Any
    value_type: str = ""


class Note(Part, frozen=True, kw_only=True):
    """A remark on an order."""

    text: str
    id: str = ""
    author: str = ""
    date: Instant | UnsetType = UNSET


class Money(msgspec.Struct, frozen=True, gc=False):
    """An amount in a currency (ISO 4217)."""

    unit: str = ""
    value: float = 0.0


class Quantity(msgspec.Struct, frozen=True, gc=False):
    """An amount in a unit."""

    amount: float = 0.0
    units: str = ""


class TimePeriod(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """From one instant to another."""

    start_date_time: Instant | UnsetType = UNSET
    end_date_time: Instant | UnsetType = UNSET


class Price(Part, frozen=True, kw_only=True):
    """An amount with and without tax."""

    percentage: float = 0.0
    tax_rate: float = 0.0
    duty_free_amount: Money | UnsetType = UNSET
    tax_included_amount: Money | UnsetType = UNSET


class PriceAlteration(Part, frozen=True, kw_only=True):
    """A discount or charge on a price."""

    price: Price
    price_type: str
    application_duration: int = 0
    description: str = ""
    name: str = ""
    priority: int = 0
    recurring_charge_period: str = ""
    unit_of_measure: str = ""
    product_offering_price: Reference | UnsetType = UNSET


class OrderPrice(Part, frozen=True, kw_only=True):
    """A price of an order or of one of its items."""

    description: str = ""
    name: str = ""
    price_type: str = ""
    recurring_charge_period: str = ""
    unit_of_measure: str = ""
    billing_account: Reference | UnsetType = UNSET
    price: Price | UnsetType = UNSET
    price_alteration: tuple[PriceAlteration, ...] = ()
    product_offering_price: Reference | UnsetType = UNSET


class ProductPrice(Part, frozen=True, kw_only=True):
    """A price of a product."""

    price: Price
    price_type: str
    description: str = ""
    name: str = ""
    recurring_charge_period: str = ""
    unit_of_measure: str = ""
    billing_account: Reference | UnsetType = UNSET
    product_offering_price: Reference | UnsetType = UNSET
    product_price_alteration: tuple[PriceAlteration, ...] = ()


class Term(Part, frozen=True, kw_only=True):
    """A commitment for a time (TMF622 v4.0 OrderTerm and ProductTerm)."""

    description: str = ""
    name: str = ""
    duration: Quantity | UnsetType = UNSET
    valid_for: TimePeriod | UnsetType = UNSET


ProductStatus = Literal[
    "created",
    "pendingActive",
    "cancelled",
    "active",
    "pendingTerminate",
    "terminated",
    "suspended",
    "aborted ",  # the trailing blank is TM Forum's
]


class ProductRelationship(Part, frozen=True, kw_only=True):
    """How a product relates to another."""

    relationship_type: str
    product: "Product"


class Product(Part, frozen=True, kw_only=True):
    """The product an item is about: an installed one by its id, or the values of a new one (ProductRefOrValue)."""

    id: str = ""
    href: str = ""
    description: str = ""
    is_bundle: bool = False
    is_customer_visible: bool = False
    name: str = ""
    order_date: Instant | UnsetType = UNSET
    product_serial_number: str = ""
    start_date: Instant | UnsetType = UNSET
    termination_date: Instant | UnsetType = UNSET
    agreement: tuple[AgreementItemRef, ...] = ()
    billing_account: Reference | UnsetType = UNSET
    place: tuple[RelatedPlace, ...] = ()
    product: tuple["Product", ...] = ()
    product_characteristic: tuple[Characteristic, ...] = ()
    product_offering: Reference | UnsetType = UNSET
    product_order_item: tuple[RelatedOrderItem, ...] = ()
    product_price: tuple[ProductPrice, ...] = ()
    product_relationship: tuple[ProductRelationship, ...] = ()
    product_specification: ProductSpecificationRef | UnsetType = UNSET
    product_term: tuple[Term, ...] = ()
    realizing_resource: tuple[ResourceRef, ...] = ()
    realizing_service: tuple[Reference, ...] = ()
    related_party: tuple[RelatedParty, ...] = ()
    status: ProductStatus | UnsetType = UNSET
    at_referred_type: str = msgspec.field(name="@referredType", default="")
