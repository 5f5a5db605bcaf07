"""An order group's state: the actors of one order, which live in one shard and commit together."""

import msgspec

from actors.claims import Reservations
from actors.compatibility_state import Compatibility
from actors.decomposition import Decomposition
from actors.line import Line
from actors.order import Order
from actors.plan import Orchestration
from actors.review_state import Review, Urgency


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
    compatibility: Compatibility | None = None
    """None where no line has anything to do with a compatibility of the catalog."""
