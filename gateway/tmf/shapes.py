"""What TM Forum calls the parts of a product order, and what the same parts are called in a service order.

Everything that captures, checks, changes, shows and lists orders is written once, over these names.
"""

from typing import Any, ClassVar, Final, Protocol

import msgspec

from actors.order_id import captured_as
from catalog.door import CHARACTERISTIC_POINTERS, SPECIFICATION_POINTERS
from catalog.lines import LineRequest
from catalog.model import Kind
from gateway.settings import ORDERING_PATH, SERVICE_ORDERING_PATH
from gateway.tmf.product_order_form import OrderRelationship, ProductOrderCreate
from gateway.tmf.service_order_form import ServiceOrderCreate


class Relationship(Protocol):
    """How an item relates to another one of its order."""

    @property
    def id(self) -> str:
        """The other item."""

    @property
    def relationship_type(self) -> str:
        """What it is to it."""


class Item(Protocol):
    """A line of an order."""

    @property
    def id(self) -> str:
        """Unique over the whole order."""

    @property
    def items(self) -> tuple[Any, ...]:
        """The items nested in it."""

    @property
    def relationships(self) -> tuple[Any, ...]:
        """Its :class:`Relationship` to other items."""

    def line_request(self) -> LineRequest | None:
        """What the catalog must serve; None where that cannot be told."""


class Form(Protocol):
    """An order of good form."""

    order_dependencies: ClassVar[frozenset[str]]

    @property
    def items(self) -> tuple[Any, ...]:
        """Its lines, each an :class:`Item`."""

    @property
    def category(self) -> str:
        """Its category."""

    @property
    def external_id(self) -> str:
        """What its client calls it."""

    @property
    def related_party(self) -> tuple[Any, ...]:
        """Parties in their roles."""

    @property
    def order_relationship(self) -> tuple[OrderRelationship, ...]:
        """Other orders."""

    @property
    def requested_start_date(self) -> Any:
        """When it is to begin."""

    @property
    def requested_completion_date(self) -> Any:
        """When it is to be done."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """The names of one kind of order, in its JSON."""

    kind: Kind
    """What its lines order, and what captures it."""
    name: str
    """For people."""
    resource: str
    """The resource of the API, and the key of its events."""
    base_type: str
    """Its ``@type``, and the beginning of its events' names."""
    domain: str
    """The domain of its events."""
    path: str
    form: type[Any]
    items: str
    """The array of items, of the order and of items alike."""
    relationships: str
    """How an item relates to others."""
    subject: str
    """The attribute of an item that says what it is about."""
    characteristics: str
    """The array of characteristics in it."""
    specification: str
    """The reference to the specification in it."""
    offering: str = ""
    """The reference of an item to an offering, where it has one."""
    must_name_what_changes: bool = False
    """Whether an item that adds nothing must name its subject."""

    @property
    def characteristics_pointer(self) -> str:
        """Where the characteristics of an item stand in it."""
        return CHARACTERISTIC_POINTERS[self.kind]

    @property
    def specification_pointer(self) -> str:
        """Where the id of an item's specification stands in it."""
        return SPECIFICATION_POINTERS[self.kind]

    @property
    def reference_pointer(self) -> str:
        """Where it is told that an item does not say what it orders."""
        return f"/{self.offering}" if self.offering else self.specification_pointer


PRODUCT: Final = Shape(
    kind="product",
    name="product order",
    resource="productOrder",
    base_type="ProductOrder",
    domain="productOrdering",
    path=f"{ORDERING_PATH}/productOrder",
    form=ProductOrderCreate,
    items="productOrderItem",
    relationships="productOrderItemRelationship",
    subject="product",
    characteristics="productCharacteristic",
    specification="productSpecification",
    offering="productOffering",
)
SERVICE: Final = Shape(
    kind="service",
    name="service order",
    resource="serviceOrder",
    base_type="ServiceOrder",
    domain="serviceOrdering",
    path=f"{SERVICE_ORDERING_PATH}/serviceOrder",
    form=ServiceOrderCreate,
    items="serviceOrderItem",
    relationships="serviceOrderItemRelationship",
    subject="service",
    characteristics="serviceCharacteristic",
    specification="serviceSpecification",
    must_name_what_changes=True,
)
SHAPES: Final[dict[Kind, Shape]] = {"product": PRODUCT, "service": SERVICE}


def shape_of(order: str) -> Shape:
    """The shape of an order, from its id."""
    return SHAPES[captured_as(order)]
