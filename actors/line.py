"""The order line actor: one order item, its action and the roll-up of its domain orders.

State machine: ``actors/states.py`` (``PRODUCT_ORDER_ITEM``).
"""

import msgspec

from actors.states import State


class Line(msgspec.Struct):
    """What a line actor holds: one (flattened) order item."""

    id: str
    action: str
    offering: str
    state: State
    since: int
    parent: str = ""
    """The item this one is nested in."""
    needs: tuple[str, ...] = ()
    """Lines that must be completed before this one starts (productOrderItemRelationship)."""
    children: dict[State, int] = {}
    """How many domain orders (and nested items) stand in each state."""
    code: str = ""
    reason: str = ""
