"""An order group's state: the actors of one order, which live in one shard and commit together."""

from typing import Final

import msgspec

from actors.decomposition import Decomposition
from actors.line import Line
from actors.order import Order
from actors.plan import Orchestration
from actors.review_state import Review, Urgency

ORDER_ID_LENGTH: Final = 25
"""Characters of an order id without its tenant's tag."""


def tenant_tag_of(order: str) -> str:
    """The tag of the tenant an order belongs to, which its id ends with; empty for the tenant ``default``."""
    return order[ORDER_ID_LENGTH:]


def tenanted(tag: str, attribute: str) -> str:
    """The name under which lists find the orders of one tenant by an attribute: no tenant meets another's."""
    return f"{tag}.{attribute}" if tag else attribute


class OrderGroup(msgspec.Struct):
    """The states of one order's actors. Its encoding is the group's snapshot and the answer to a read."""

    order: Order
    lines: dict[str, Line]
    decomposition: Decomposition
    orchestration: Orchestration
    review: Review | None = None
    """What people were asked before fulfilment; None where no policy asked."""
    urgency: Urgency | None = None
    """How urgent the order is; None where its catalog has no priority policy."""
