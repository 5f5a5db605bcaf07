"""The form of a service order as it may be created, and as it is answered.

Source: TMF641 v4.1 ``ServiceOrder_Create``, ``ServiceOrderItem``, ``ServiceOrder``, and the rules of POST. As with
product orders (``product_order_form.py``) one definition serves both readers.
"""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType, field

from catalog.lines import LineRequest
from gateway.tmf.parts import (
    AppointmentRef,
    Characteristic,
    Instant,
    Note,
    Part,
    Reference,
    RelatedPlace,
    ResourceRef,
    TextId,
)
from gateway.tmf.product_order_form import Action, OrderCreate, ServerSet, WaitReason

ServiceState = Literal["feasibilityChecked", "designed", "reserved", "inactive", "active", "terminated"]


class ServiceOrderParty(Part, frozen=True, kw_only=True):
    """A party in a role (TMF641 v4.1 RelatedParty, which must say its type)."""

    id: TextId
    at_referred_type: str = field(name="@referredType")
    at_type: str = field(name="@type")
    href: str = ""
    name: str = ""
    role: str = ""


class ExternalReference(Part, frozen=True, kw_only=True):
    """What the order is called elsewhere."""

    name: str
    id: str = ""
    href: str = ""
    external_reference_type: str = ""


class ServiceSpecificationRef(Reference, frozen=True, kw_only=True):
    """The specification of a service."""

    version: str = ""


class Feature(Part, frozen=True, kw_only=True):
    """A part of a service that may be enabled (TMF641 v4.1 Feature)."""

    name: str
    feature_characteristic: tuple[Characteristic, ...]
    id: str = ""
    is_bundle: bool = False
    is_enabled: bool = False


class ServiceRelationship(Part, frozen=True, kw_only=True):
    """How a service relates to another."""

    relationship_type: str
    id: str = ""
    href: str = ""
    service: "Service | UnsetType" = UNSET
    service_relationship_characteristic: tuple[Characteristic, ...] = ()


class Service(Part, frozen=True, kw_only=True):
    """The service an item is about: an installed one by its id, or the values of a new one (ServiceRefOrValue)."""

    id: str = ""
    href: str = ""
    category: str = ""
    description: str = ""
    end_date: Instant | UnsetType = UNSET
    has_started: bool = False
    is_bundle: bool = False
    is_service_enabled: bool = False
    is_stateful: bool = False
    name: str = ""
    service_date: str = ""
    service_type: str = ""
    start_date: Instant | UnsetType = UNSET
    start_mode: str = ""
    feature: tuple[Feature, ...] = ()
    note: tuple[Note, ...] = ()
    place: tuple[RelatedPlace, ...] = ()
    related_entity: tuple[dict[str, Any], ...] = ()
    related_party: tuple[ServiceOrderParty, ...] = ()
    service_characteristic: tuple[Characteristic, ...] = ()
    service_order_item: tuple[dict[str, Any], ...] = ()
    service_relationship: tuple[ServiceRelationship, ...] = ()
    service_specification: ServiceSpecificationRef | UnsetType = UNSET
    state: ServiceState | UnsetType = UNSET
    supporting_resource: tuple[ResourceRef, ...] = ()
    supporting_service: tuple["Service", ...] = ()
    at_referred_type: str = field(name="@referredType", default="")


class ServiceOrderItemRef(Part, frozen=True, kw_only=True):
    """An item of this order; of another one when it names that."""

    item_id: TextId
    id: str = ""
    service_order_id: str = ""
    service_order_href: str = ""
    at_referred_type: str = field(name="@referredType", default="")


class ServiceItemRelationship(Part, frozen=True, kw_only=True):
    """How an item relates to another item of the same order (TMF641 v4.1 ServiceOrderItemRelationship)."""

    order_item: ServiceOrderItemRef
    relationship_type: str

    @property
    def id(self) -> str:
        """The item it relates to; empty for one of another order, which no item can wait for."""
        return "" if self.order_item.service_order_id else self.order_item.item_id


class ServiceOrderItem(Part, frozen=True, kw_only=True):
    """One line of a service order. Nested items are lines of their own, unique by id over the whole order."""

    id: TextId
    action: Action
    service: Service
    quantity: Annotated[int, Meta(ge=1)] = 1
    remove: tuple[TextId, ...] = ()
    """Extension attribute, as in a product order."""
    migrate: bool = False
    """Extension attribute, as in a product order."""
    appointment: AppointmentRef | UnsetType = UNSET
    items: tuple["ServiceOrderItem", ...] = field(name="serviceOrderItem", default=())
    relationships: tuple[ServiceItemRelationship, ...] = field(
        name="serviceOrderItemRelationship", default=()
    )
    error_message: ServerSet = UNSET
    state: ServerSet = UNSET

    def line_request(self) -> LineRequest | None:
        """What the catalog must serve; None where that cannot be told."""
        service = self.service
        if (self.remove or self.migrate) and not (service.id and self.action == "modify"):
            return None
        if service.service_specification is UNSET:
            return None
        if self.action != "add" and not (service.id or service.href):
            return None  # what is to change must be named
        given = service.service_characteristic
        characteristics = {each.name: each.value for each in given}
        if len(characteristics) != len(given):
            return None
        specification = service.service_specification.id
        return LineRequest(self.id, self.action, None, specification, self.quantity, characteristics)


class ServiceOrderCreate(OrderCreate, frozen=True, kw_only=True):
    """A service order as it may be sent to POST (TMF641 v4.1 ServiceOrder_Create)."""

    order_dependencies: ClassVar[frozenset[str]] = frozenset({"dependsOn", "dependency"})
    """Types of relationship to an order that must be completed before this one starts."""

    items: Annotated[tuple[ServiceOrderItem, ...], Meta(min_length=1)] = field(name="serviceOrderItem")
    external_reference: tuple[ExternalReference, ...] = ()
    related_party: tuple[ServiceOrderParty, ...] = ()
    error_message: ServerSet = UNSET
    jeopardy_alert: ServerSet = UNSET
    milestone: ServerSet = UNSET
    start_date: ServerSet = UNSET


class ServiceErrorMessage(Part, frozen=True, kw_only=True):
    """What went wrong (TMF641 v4.1 ServiceOrderErrorMessage)."""

    code: str
    message: str
    timestamp: Instant | UnsetType = UNSET
    service_order_item: tuple[dict[str, Any], ...] = ()


class AnsweredServiceItem(ServiceOrderItem, frozen=True, kw_only=True):
    """An order item with the state its line stands in."""

    state: str  # type: ignore[assignment]  # answered where the requester may not give it
    items: tuple["AnsweredServiceItem", ...] = field(name="serviceOrderItem", default=())


class ServiceOrder(ServiceOrderCreate, frozen=True, kw_only=True):
    """A service order as it is answered (TMF641 v4.1 ServiceOrder): what was sent, and what the server sets."""

    id: str  # type: ignore[assignment]
    href: str  # type: ignore[assignment]
    state: str  # type: ignore[assignment]
    order_date: Instant  # type: ignore[assignment]
    completion_date: Instant | UnsetType = UNSET  # type: ignore[assignment]
    error_message: tuple[ServiceErrorMessage, ...] = ()  # type: ignore[assignment]
    items: tuple[AnsweredServiceItem, ...] = field(name="serviceOrderItem")
    waits_for: tuple[WaitReason, ...] = ()
    """Extension attribute: why the order has not ended; the first is the stated reason."""
