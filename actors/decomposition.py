"""The decomposition actor: which domain orders each line needs, as a graph with referrers, and their states.

State machines: ``actors/states.py`` (``PRODUCT_ORDER``, ``SERVICE_ORDER``, ``RESOURCE_ORDER``).
"""

from typing import Any

import msgspec

from actors.behaviour import Decision, refused
from actors.events import DomainOrdersMoved, Event, LineDecomposed
from actors.inside import ORCHESTRATION, Decompose, Plan, RollUp, WorkMoved, line_address
from actors.messages import Message
from actors.rollup import roll_up, steps
from actors.states import DOMAIN_ORDER_MACHINES, State
from catalog.decompose import decompose
from catalog.store import Catalogs

S = State


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
    works: bool = False
    """Whether it has tasks of its own; one without stands where its child domain orders leave it."""
    children: tuple[str, ...] = ()


class Decomposition(msgspec.Struct):
    """What the decomposition actor holds: every domain order of the order by key."""

    domain_orders: dict[str, DomainOrder] = {}


class DecompositionActor:
    """Decides which domain orders exist and where they stand."""

    def __init__(self, catalogs: Catalogs) -> None:
        self.catalogs = catalogs

    def decide(self, state: Decomposition, message: Message, now: int) -> Decision:
        """Decide one message. ``now`` is in milliseconds since 1970 UTC.

        :raises catalog.store.UnknownCatalogVersion: the order's version has not reached this host yet.
        """
        if isinstance(message, WorkMoved):
            return self._roll_up(state, message)
        if isinstance(message, Decompose):
            return self._decompose(message)
        return refused("unknownMessage", f"the decomposition does not understand {type(message).__name__}")

    def _decompose(self, message: Decompose) -> Decision:
        catalog = self.catalogs.get(message.catalog)
        trees = [decompose(catalog, request) for request in message.requests]
        idle = [tree.line for tree in trees if not tree.tasks]
        return Decision(
            events=[LineDecomposed(tree.line, tree.domain_orders) for tree in trees],
            inside=[
                (ORCHESTRATION, Plan(tuple((tree.line, tree.tasks) for tree in trees))),
                *((line_address(line), RollUp()) for line in idle),
            ],
        )

    def _roll_up(self, state: Decomposition, message: WorkMoved) -> Decision:
        orders = state.domain_orders
        standing = {key: after for key, after in message.states if orders[key].state is not after}
        for key in tuple(standing):
            parent = orders[key].parent
            while parent and not orders[parent].works:
                standing[parent] = self._of_children(orders, orders[parent], standing)
                parent = orders[parent].parent
        moves: dict[tuple[State, ...], list[str]] = {}
        lines: dict[str, None] = {}
        for key, after in standing.items():
            order = orders[key]
            way = steps(DOMAIN_ORDER_MACHINES[order.kind], order.state, after)
            if way:
                moves.setdefault(way, []).append(key)
                lines.update(dict.fromkeys(order.referrers))
        events: list[Event] = []
        for way, keys in moves.items():
            moved = tuple(keys)
            events.extend(DomainOrdersMoved(step, moved) for step in way)
        return Decision(events=events, inside=[(line_address(line), RollUp()) for line in lines])

    @staticmethod
    def _of_children(
        orders: dict[str, DomainOrder], parent: DomainOrder, standing: dict[str, State]
    ) -> State:
        tally: dict[State, int] = {}
        for key in parent.children:
            child = standing.get(key, orders[key].state)
            tally[child] = tally.get(child, 0) + 1
        return roll_up(tally, started=parent.state is not S.ACKNOWLEDGED or tally.keys() != {S.ACKNOWLEDGED})
