"""An order group's state: the actors of one order, which live in one shard and commit together."""

import msgspec

from actors.decomposition import Decomposition
from actors.line import Line
from actors.order import Order
from actors.plan import Orchestration


class OrderGroup(msgspec.Struct):
    """The states of one order's actors. Its encoding is the group's snapshot and the answer to a read."""

    order: Order
    lines: dict[str, Line]
    decomposition: Decomposition
    orchestration: Orchestration
