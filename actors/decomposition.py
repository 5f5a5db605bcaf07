"""The decomposition actor: which domain orders each line needs, as a graph with referrers, and their states.

State machines: ``actors/states.py`` (``PRODUCT_ORDER``, ``SERVICE_ORDER``, ``RESOURCE_ORDER``).
"""

from typing import Any

import msgspec

from actors.states import State


class DomainOrder(msgspec.Struct):
    """A product, service or resource order below a line. One domain order may serve several lines: its referrers."""

    key: str
    kind: str
    specification: str
    parent: str
    relationship: str
    ordinal: int
    action: str
    characteristics: dict[str, Any]
    referrers: tuple[str, ...]
    state: State
    since: int


class Decomposition(msgspec.Struct):
    """What the decomposition actor holds: every domain order of the order by key."""

    domain_orders: dict[str, DomainOrder] = {}
