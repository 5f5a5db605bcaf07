"""What policies read of an order: plain values, made from whatever document the order was captured with."""

from typing import Any, Final

import msgspec

from catalog.policies.model import URGENCY_ABSENT

FIELDS: Final = ("place", "contact", "appointment", "price", "billingAccount")
"""What a person may be asked to fill in besides characteristics; `place` and `contact` may name a role behind a dot."""
ROLES: Final = ("place", "contact")


class PlaceFact(msgspec.Struct, frozen=True):
    """A place of a line in its role."""

    role: str
    id: str
    name: str = ""


class LineFacts(msgspec.Struct, frozen=True):
    """One order line. ``characteristics`` holds what is known, defaults of an add among it; null is not known.

    ``contacts`` are the roles of people named for the line or for the whole order.
    """

    line: str
    action: str
    offering: str
    specification: str
    quantity: int = 1
    parent: str = ""
    characteristics: dict[str, Any] = {}
    places: tuple[PlaceFact, ...] = ()
    contacts: frozenset[str] = frozenset()
    appointment: str = ""
    billing_account: str = ""
    priced: bool = False
    """Whether someone gave the line a price of its own."""

    def knows(self, field: str) -> bool:
        """Whether what `field` names is there."""
        kind, _, role = field.partition(".")
        if kind == "place":
            return any(not role or place.role == role for place in self.places)
        if kind == "contact":
            return role in self.contacts if role else bool(self.contacts)
        if field == "appointment":
            return bool(self.appointment)
        if field == "billingAccount":
            return bool(self.billing_account)
        if field == "price":
            return self.priced
        return self.characteristics.get(field) is not None

    @property
    def location(self) -> str:
        """The place that the line is grouped under: its id, else its name; empty when none is named."""
        for place in self.places:
            return place.id or place.name
        return ""


class OrderFacts(msgspec.Struct, frozen=True):
    """One order. ``urgency`` is TMF's priority, 0 the highest."""

    lines: tuple[LineFacts, ...]
    customer: str = ""
    category: str = ""
    channel: str = ""
    urgency: int = URGENCY_ABSENT
    price: dict[str, Any] = {}
    """What the order costs, as far as it is computed; see `catalog.policies.conditions` for its names."""
    offerings: tuple[str, ...] = ()
    """Every offering that a line names, each once."""
