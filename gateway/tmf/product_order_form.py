"""The form of a product order as it may be created, and as it is answered.

Source: TMF622 v4.0 ``ProductOrder_Create``, ``ProductOrderItem``, ``ProductOrder``. One definition serves the fast
reader (msgspec) and the thorough one (``edge_models.py`` derives its pydantic models from these classes), so that the
two cannot drift apart. What a type cannot say, such as ids being unique, stands in ``order_rules.py``.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType, field

from catalog.lines import LineRequest
from gateway.tmf.parts import (
    TEXT_ID_LENGTH_MAX,
    AppointmentRef,
    Instant,
    Note,
    OrderPrice,
    Part,
    Product,
    QualificationItemRef,
    QuoteItemRef,
    Reference,
    RelatedChannel,
    RelatedParty,
    Term,
    TextId,
)

Action = Literal["add", "modify", "delete", "noChange"]
ShortText = Annotated[str, Meta(max_length=TEXT_ID_LENGTH_MAX)]

ServerSet = UnsetType
"""The type of what a requester may not give: only its absence fits (TMF622 v4.0, rules of POST)."""


class ItemRelationship(Part, frozen=True, kw_only=True):
    """How an item relates to another item of the same order (TMF622 v4.0 OrderItemRelationship)."""

    id: TextId
    relationship_type: str


class ProductOrderItem(Part, frozen=True, kw_only=True):
    """One line of an order. Nested items are lines of their own, unique by id over the whole order."""

    id: TextId
    action: Action
    quantity: Annotated[int, Meta(ge=1)] = 1
    remove: tuple[TextId, ...] = ()
    """Extension attribute of a modify that makes a number smaller: the instances that go, by id or by number."""
    migrate: bool = False
    """Extension attribute of a modify: what today's catalog would make otherwise is changed, too."""
    appointment: AppointmentRef | UnsetType = UNSET
    billing_account: Reference | UnsetType = UNSET
    item_price: tuple[OrderPrice, ...] = ()
    item_term: tuple[Term, ...] = ()
    item_total_price: tuple[OrderPrice, ...] = ()
    payment: tuple[Reference, ...] = ()
    product: Product | UnsetType = UNSET
    product_offering: Reference | UnsetType = UNSET
    product_offering_qualification_item: QualificationItemRef | UnsetType = UNSET
    items: tuple["ProductOrderItem", ...] = field(name="productOrderItem", default=())
    relationships: tuple[ItemRelationship, ...] = field(name="productOrderItemRelationship", default=())
    qualification: tuple[Reference, ...] = ()
    quote_item: QuoteItemRef | UnsetType = UNSET
    state: ServerSet = UNSET

    def line_request(self) -> LineRequest | None:
        """What the catalog must serve; None where that cannot be told: nothing is ordered, or a name comes twice."""
        product = self.product
        named = isinstance(product, Product) and product.id
        if (self.remove or self.migrate) and not (named and self.action == "modify"):
            return None
        characteristics = {}
        specification = None
        if isinstance(product, Product):
            given = product.product_characteristic
            characteristics = {each.name: each.value for each in given}
            if len(characteristics) != len(given):
                return None
            if product.product_specification is not UNSET:
                specification = product.product_specification.id
        if self.product_offering is UNSET:
            return None
        offering = self.product_offering.id
        return LineRequest(self.id, self.action, offering, specification, self.quantity, characteristics)


class OrderRelationship(Part, frozen=True, kw_only=True):
    """How the order relates to another order (extension attribute in v4; TMF622 v5.0 has it).

    ``dependsOn``: this order starts when that one is completed. Other types are kept and not acted on.
    """

    id: TextId
    relationship_type: str


class OrderCreate(Part, frozen=True, kw_only=True):
    """What TMF622 and TMF641 let a requester say of an order in the same words, and what he may not say."""

    cancellation_date: Instant | UnsetType = UNSET
    cancellation_reason: str = ""
    category: ShortText = ""
    description: str = ""
    external_id: ShortText = ""
    notification_contact: str = ""
    priority: Literal["0", "1", "2", "3", "4"] | UnsetType = UNSET
    requested_completion_date: Instant | UnsetType = UNSET
    requested_start_date: Instant | UnsetType = UNSET
    note: tuple[Note, ...] = ()
    order_relationship: tuple[OrderRelationship, ...] = ()
    id: ServerSet = UNSET
    href: ServerSet = UNSET
    completion_date: ServerSet = UNSET
    expected_completion_date: ServerSet = UNSET
    order_date: ServerSet = UNSET
    state: ServerSet = UNSET


class ProductOrderCreate(OrderCreate, frozen=True, kw_only=True):
    """A product order as it may be sent to POST (TMF622 v4.0 ProductOrder_Create)."""

    order_dependencies: ClassVar[frozenset[str]] = frozenset({"dependsOn"})
    """Types of relationship to an order that must be completed before this one starts."""

    items: Annotated[tuple[ProductOrderItem, ...], Meta(min_length=1)] = field(name="productOrderItem")
    agreement: tuple[Reference, ...] = ()
    billing_account: Reference | UnsetType = UNSET
    channel: tuple[RelatedChannel, ...] = ()
    order_total_price: tuple[OrderPrice, ...] = ()
    payment: tuple[Reference, ...] = ()
    product_offering_qualification: tuple[Reference, ...] = ()
    quote: tuple[Reference, ...] = ()
    related_party: tuple[RelatedParty, ...] = ()
    requested_initial_state: Literal["acknowledged"] | UnsetType = UNSET
    """TMF622 v5.0 has ``draft`` here, which v4 has no word for: drafts stand under ``/api/v1/drafts``."""


class AnsweredItem(ProductOrderItem, frozen=True, kw_only=True):
    """An order item with the state its line stands in."""

    state: str  # type: ignore[assignment]  # answered where the requester may not give it
    items: tuple["AnsweredItem", ...] = field(name="productOrderItem", default=())


class WaitReason(Part, frozen=True, kw_only=True):
    """One reason why an order has not ended yet. ``since`` and ``until`` are instants where they are known."""

    kind: str
    sentence: str
    since: Instant | UnsetType = UNSET
    until: Instant | UnsetType = UNSET


class ProductOrder(ProductOrderCreate, frozen=True, kw_only=True):
    """A product order as it is answered (TMF622 v4.0 ProductOrder): what was sent, and what the server sets."""

    id: str  # type: ignore[assignment]
    href: str  # type: ignore[assignment]
    state: str  # type: ignore[assignment]
    order_date: Instant  # type: ignore[assignment]
    completion_date: Instant | UnsetType = UNSET  # type: ignore[assignment]
    items: tuple[AnsweredItem, ...] = field(name="productOrderItem")
    waits_for: tuple[WaitReason, ...] = ()
    """Extension attribute: why the order has not ended; the first is the stated reason."""
