"""An order group's state: the actors of one order, which live in one shard and commit together."""

from typing import Final

import msgspec

from actors.claims import Reservations
from actors.decomposition import Decomposition
from actors.line import Line
from actors.order import Order
from actors.plan import Orchestration
from actors.review_state import Review, Urgency
from catalog.model import Kind

ORDER_ID_LENGTH: Final = 25
"""Characters of an order id without the mark of its kind and its tenant's tag."""
SERVICE_MARK: Final = "s-"
"""Stands behind the first letter of the ids of service orders that were captured as such (TMF641)."""


def captured_as(order: str) -> Kind:
    """The kind of order that this was captured as, which its id tells."""
    return "service" if order.startswith(SERVICE_MARK, 1) else "product"


def tenant_tag_of(order: str) -> str:
    """The tag of the tenant an order belongs to, which its id ends with; empty for the tenant ``default``."""
    if order.startswith(SERVICE_MARK, 1):
        return order[ORDER_ID_LENGTH + len(SERVICE_MARK) :]
    return order[ORDER_ID_LENGTH:]


def tenanted(tag: str, attribute: str, kind: Kind = "product") -> str:
    """The name under which lists find orders of one tenant and kind by an attribute: no list meets another's."""
    if kind != "product":
        attribute = f"{kind}.{attribute}"
    return f"{tag}.{attribute}" if tag else attribute


class OrderGroup(msgspec.Struct, omit_defaults=True):
    """The states of one order's actors. Its encoding is the group's snapshot and the answer to a read."""

    order: Order
    lines: dict[str, Line]
    decomposition: Decomposition
    orchestration: Orchestration
    review: Review | None = None
    """What people were asked before fulfilment; None where no policy asked."""
    urgency: Urgency | None = None
    """How urgent the order is; None where its catalog has no priority policy."""
    reservations: Reservations | None = None
    """None for nearly all: an order that neither names an installed product nor was asked about what it made."""
