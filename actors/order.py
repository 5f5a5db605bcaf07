"""The order actor: one order's life from draft to its end, supervising its lines.

State machine: ``actors/states.py`` (``PRODUCT_ORDER``). Rules: TMF622 v4.0; phases and roll-up as described in
``docs/states``.
"""

import msgspec

from actors.states import State


class Order(msgspec.Struct):
    """What the order actor holds. Instants are milliseconds since 1970 UTC, 0 = none."""

    id: str
    document: bytes
    digest: bytes
    catalog: str
    client: str
    external_id: str
    category: str
    party: str
    order_date: int
    requested_start: int
    state: State
    since: int
    started: bool = False
    """Whether fulfilment ever started; before it the order waits in ``acknowledged``."""
    completed_at: int = 0
    code: str = ""
    reason: str = ""
    """Why the order stands where it stands, where its state needs an explanation."""
    depends_on: dict[str, str] = {}
    """Order ids this one waits for, with the state each ended in ("" = not yet)."""
    waiters: tuple[str, ...] = ()
    decomposed: int = 0
    """How many lines have been decomposed; they are taken in document order, some per turn."""
    lines: dict[State, int] = {}
    """How many lines stand in each state (noChange lines and parents of nested items not counted)."""
