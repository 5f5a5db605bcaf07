"""The decomposition actor: which domain orders each line needs, as a graph with referrers, and their states.

State machines: ``actors/states.py`` (``PRODUCT_ORDER``, ``SERVICE_ORDER``, ``RESOURCE_ORDER``).
"""

from typing import Any

import msgspec

from actors.behaviour import Decision, refused
from actors.events import DomainOrdersMoved, Event, LineDecomposed
from actors.inside import (
    LINES,
    ORCHESTRATION,
    ORDER,
    RESERVATION,
    ROLL_UP,
    ClaimProducts,
    Decompose,
    Plan,
    RollUp,
    WorkMoved,
)
from actors.messages import Message
from actors.rollup import roll_up, steps
from actors.states import DOMAIN_ORDER_MACHINES, S, State
from catalog.decompose import decompose
from catalog.lines import LineDecomposition, LineRequest, Place, TaskPlan
from catalog.store import Catalogs


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
    busy: bool = False
    """Whether it or one below it has tasks; where nothing is to be done it counts nowhere."""
    children: tuple[str, ...] = ()


class Decomposition(msgspec.Struct, omit_defaults=True):
    """What the decomposition actor holds: every domain order of the order by key."""

    domain_orders: dict[str, DomainOrder] = {}
    places: dict[str, Place] = {}
    """Of those that grew over a picture or by rules; nearly all orders have none."""


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
        catalog, given_up = self.catalogs.get(message.catalog), message.given_up
        events: list[Event] = []
        plans: list[tuple[str, tuple[TaskPlan, ...]]] = []
        idle: list[str] = []
        put_off: list[LineRequest] = []
        for request in message.requests:
            line = request.line
            if given_up and line in given_up:
                events.append(LineDecomposed(line, ()))
                continue
            if request.products and request.installed is None:
                put_off.append(request)
                continue
            tree = decompose(catalog, request)
            events.append(LineDecomposed(line, tree.domain_orders, tree.places))
            if not tree.tasks:
                idle.append(line)
            workless = _workless(tree)
            if workless:
                events += [
                    DomainOrdersMoved(S.IN_PROGRESS, workless),
                    DomainOrdersMoved(S.COMPLETED, workless),
                ]
            plans.append((line, tree.tasks))
        inside: list[tuple[str, Message]] = [(ORCHESTRATION, Plan(tuple(plans)))]
        if put_off:
            inside.append((RESERVATION, ClaimProducts(tuple(put_off))))
        if idle:
            inside.append((LINES, RollUp(tuple(idle))))
        inside.append((ORDER, ROLL_UP))
        return Decision(events, inside)

    def _roll_up(self, state: Decomposition, message: WorkMoved) -> Decision:
        orders = state.domain_orders
        stands: dict[str, State] = {}
        wholes: list[str] = []
        for key, after in message.states:
            order = orders[key]
            if order.state is not after:
                stands[key] = after
                if order.parent and not orders[order.parent].works:
                    wholes.append(order.parent)
        for key in wholes:
            parent = key
            while parent and not orders[parent].works:
                stands[parent] = standing(orders, orders[parent], stands)
                parent = orders[parent].parent
        moves: dict[tuple[State, ...], list[str]] = {}
        lines: dict[str, None] = {}
        for key, after in stands.items():
            order = orders[key]
            way = steps(DOMAIN_ORDER_MACHINES[order.kind], order.state, after)
            if way:
                if way in moves:
                    moves[way].append(key)
                else:
                    moves[way] = [key]
                for line in order.referrers:
                    lines[line] = None
        events: list[Event] = []
        for way, keys in moves.items():
            moved = tuple(keys)
            for step in way:
                events.append(DomainOrdersMoved(step, moved))
        return Decision(events, [(LINES, RollUp(tuple(lines)))] if lines else [])


def standing(orders: dict[str, DomainOrder], parent: DomainOrder, stands: dict[str, State]) -> State:
    """Where those below it that have work leave a domain order without tasks; ``stands`` goes before ``orders``."""
    tally: dict[State, int] = {}
    for key in parent.children:
        child = orders[key]
        if child.busy:
            state = stands.get(key, child.state)
            tally[state] = tally.get(state, 0) + 1
    started = parent.state is not S.ACKNOWLEDGED or tally.keys() != {S.ACKNOWLEDGED}
    return roll_up(tally, started=started, movable=False, wished=False)


def _workless(tree: LineDecomposition) -> tuple[str, ...]:
    """The domain orders in which, and below which, nothing is to be done: they are completed from the start."""
    busy = {task.domain_order for task in tree.tasks}
    if len(busy) == len(tree.domain_orders):
        return ()
    for order in reversed(tree.domain_orders):
        if order.key in busy and order.parent is not None:
            busy.add(order.parent)
    return tuple([order.key for order in tree.domain_orders if order.key not in busy])
