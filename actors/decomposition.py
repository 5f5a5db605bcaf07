"""The decomposition actor: which domain orders each line needs, as a graph with referrers, and their states.

State machines: ``actors/states.py`` (``PRODUCT_ORDER``, ``SERVICE_ORDER``, ``RESOURCE_ORDER``).
"""

import msgspec

from actors import alerts
from actors.behaviour import Decision, refused
from actors.domain_order import DomainOrder
from actors.events import DomainOrdersMoved, LineDecomposed
from actors.events_of_graph import LinesRuled
from actors.fact import Event
from actors.graph import Graph
from actors.growth import Growth
from actors.inside import (
    DECOMPOSITION,
    LINES,
    ORCHESTRATION,
    ORDER,
    RESERVATION,
    ROLL_UP,
    ClaimProducts,
    Decompose,
    Grow,
    Plan,
    Rest,
    RollUp,
    Situated,
    WorkMoved,
)
from actors.message import Message
from actors.messages import AcknowledgeAlerts
from actors.rollup import roll_up, steps
from actors.states import DOMAIN_ORDER_MACHINES, FINAL, S, State
from catalog.decompose import plain
from catalog.lines import LineDecomposition, LineRequest, TaskPlan
from catalog.store import Catalogs


class Decomposition(msgspec.Struct, omit_defaults=True):
    """What the decomposition actor holds: every domain order of the order by key."""

    domain_orders: dict[str, DomainOrder] = {}
    graph: Graph | None = None
    """What lines with rules need beside; None where no line has any."""
    astray: dict[State, int] = {}
    """How many service orders stand in each state that one which goes well is never in (`actors.astray`)."""


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
        if isinstance(message, Situated):
            catalog, graph = self.catalogs.get(message.catalog), state.graph or Graph()
            return Growth(catalog, state.domain_orders, graph, message, now).decide(message.message)
        if isinstance(message, Rest):
            return self._rest(state, message)
        if isinstance(message, AcknowledgeAlerts):
            return alerts.acknowledge(state.graph, message)
        return refused("unknownMessage", f"the decomposition does not understand {type(message).__name__}")

    def _decompose(self, message: Decompose) -> Decision:
        catalog, given_up = self.catalogs.get(message.catalog), message.given_up
        events: list[Event] = []
        plans: list[tuple[str, tuple[TaskPlan, ...]]] = []
        idle: list[str] = []
        ruled: list[str] = []
        put_off: list[LineRequest] = []
        for request in message.requests:
            line = request.line
            if given_up and line in given_up:
                events.append(LineDecomposed(line, ()))
                continue
            if request.products and request.installed is None:
                put_off.append(request)
                continue
            tree = plain(catalog, request)
            if tree is None:
                ruled.append(line)
                events.append(LineDecomposed(line, ()))
                continue
            events.append(LineDecomposed(line, tree.domain_orders))
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
        if ruled:
            events.append(LinesRuled(tuple(ruled)))
            inside.append((DECOMPOSITION, Grow(tuple(ruled))))
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
            order = orders.get(key)
            if order is None:
                # It went with the last line that needed it, in this very turn.
                continue
            if order.state is not after:
                stands[key] = after
                if order.parent and not orders[order.parent].works:
                    wholes.append(order.parent)
        if state.graph is not None:
            grown = state.graph.grown
            wholes = [key for key in wholes if key not in grown]
            self._rise(orders, state.graph, stands)
        for key in wholes:
            parent = key
            while parent and not orders[parent].works:
                stands[parent] = standing(orders, orders[parent], stands)
                parent = orders[parent].parent
        return self._moved(orders, stands)

    @staticmethod
    def _rise(orders: dict[str, DomainOrder], graph: Graph, stands: dict[str, State]) -> None:
        """Where what moved leaves the domain orders without tasks above it, by every way up."""
        open_ones: set[str] | None = None
        ways = list(stands)
        while ways:
            grown = graph.grown.get(ways.pop())
            for key in grown.parents if grown is not None else ():
                if not orders[key].works:
                    open_ones = waited_for(graph) if open_ones is None else open_ones
                    stands[key] = standing(orders, orders[key], stands, key in open_ones)
                    ways.append(key)

    def _rest(self, state: Decomposition, message: Rest) -> Decision:
        """Domain orders without tasks, children before parents: nothing below, nothing to do."""
        graph, orders = state.graph, state.domain_orders
        stands: dict[str, State] = {}
        idle = (
            [key for key in graph.keys(message.lines) if not orders[key].works] if graph is not None else []
        )
        if graph is not None and idle:
            open_ones = waited_for(graph)
            for key in reversed(downwards(graph, idle)):
                stands[key] = standing(orders, orders[key], stands, key in open_ones)
        return self._moved(orders, stands)

    @staticmethod
    def _moved(orders: dict[str, DomainOrder], stands: dict[str, State]) -> Decision:
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


def standing(
    orders: dict[str, DomainOrder], parent: DomainOrder, stands: dict[str, State], waited_for: bool = False
) -> State:
    """Where those below it that have work leave a domain order without tasks; ``stands`` goes before ``orders``.

    :param waited_for: whether more may come below it, so that it is not completed by what there is.
    """
    if parent.state in FINAL:
        return parent.state
    tally: dict[State, int] = {}
    for key in parent.children:
        child = orders[key]
        if child.busy:
            state = stands.get(key, child.state)
            tally[state] = tally.get(state, 0) + 1
    if waited_for:
        tally[S.ACKNOWLEDGED] = tally.get(S.ACKNOWLEDGED, 0) + 1
    started = parent.state is not S.ACKNOWLEDGED or not tally.keys() <= {S.ACKNOWLEDGED}
    return roll_up(tally, started=started, movable=False, wished=False)


def waited_for(graph: Graph) -> set[str]:
    """The domain orders below which something is held back."""
    found: set[str] = set()
    ways = [each.part.parent for held in graph.held.values() for each in held]
    while ways:
        key = ways.pop()
        if key in graph.grown and key not in found:
            found.add(key)
            ways += graph.grown[key].parents
    return found


def downwards(graph: Graph, keys: list[str]) -> list[str]:
    """These domain orders, parents before children."""
    among = set(keys)
    order: dict[str, None] = {}
    for key in keys:
        ways = [key]
        while ways:
            above = [each for each in graph.grown[ways[-1]].parents if each in among and each not in order]
            if above:
                ways += above
            else:
                order[ways.pop()] = None
    return list(order)


def _workless(tree: LineDecomposition) -> tuple[str, ...]:
    """The domain orders in which, and below which, nothing is to be done: they are completed from the start."""
    busy = {task.domain_order for task in tree.tasks}
    if len(busy) == len(tree.domain_orders):
        return ()
    for order in reversed(tree.domain_orders):
        if order.key in busy and order.parent is not None:
            busy.add(order.parent)
    return tuple([order.key for order in tree.domain_orders if order.key not in busy])
