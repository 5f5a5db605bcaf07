"""What the lines of an order make of shared services: how a product refers to them, and what a line did to one.

Both sides are told by the same reading of a line that has ended, so that a product refers to a shared service exactly
when the service counts it among its referrers.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from actors.claims import Claim, SharedClaim
from actors.domain_order import DomainOrder
from actors.graph import Graph, shared_root
from actors.messages_of_products import SharedChange
from actors.product_id import product_id
from actors.states import S
from actors.structure import OrderGroup
from catalog.folding import Built, as_built
from catalog.folding_shared import shared_nodes
from catalog.graph.nodes import SHARED
from catalog.store import Catalogs

STANDS: Final = frozenset({S.COMPLETED, S.PARTIAL})
"""States of a domain order that has brought something about, all of it or a part."""


class Reference(NamedTuple):
    """A place in a product where a shared service stands."""

    name: str
    """``product/place``"""
    key: str
    parent: str
    """The key of the domain order above; empty for the product itself."""
    values: dict[str, Any]


def references(group: OrderGroup, line: str) -> Iterator[Reference]:
    """The shared services that a line refers to that has ended and left something, as far as they serve it."""
    graph = group.decomposition.graph or Graph()
    about = group.lines[line]
    claims = group.reservations.claims if group.reservations is not None else {}
    if about.state not in STANDS or (about.action != "add" and line not in claims):
        return
    for key, asked in graph.asked.items():
        if _serves(group, key, line):
            for name, each in asked.items():
                if each.owner == line:
                    yield Reference(name, key, each.parent, each.values)
    for key in group.reservations.references if group.reservations is not None else ():
        order = _root(group, key, line)
        if key not in graph.asked and order is not None and order.action == "add" and order.state in STANDS:
            # Everyone was given up while it was being built: it belongs to him who stayed to the end.
            name = f"{product_id(group.order.id, line)}/{graph.grown[key].path}"
            yield Reference(name, key, "", order.characteristics)


def leaves(group: OrderGroup, claim: Claim, key: str) -> bool:
    """Whether a line that has ended made its product leave a shared service that it referred to."""
    if any(reference.key == key for reference in references(group, claim.line)):
        return False
    if group.lines[claim.line].state is S.COMPLETED:
        return True
    order = _root(group, key, claim.line)
    if order is None or order.state is not S.COMPLETED:
        return False
    return claim.action == "delete" or order.action == "delete"


def _root(group: OrderGroup, key: str, line: str) -> DomainOrder | None:
    """The domain order of a shared node itself, as far as it is one for this line: it may go, or come and change."""
    orders = group.decomposition.domain_orders
    # One that goes is the first of its picture.
    found = (orders.get(each) for each in (f"{key}-i1", key))
    return next((order for order in found if order is not None and line in order.referrers), None)


def shared_change(
    group: OrderGroup, line: str, shared: str, claim: SharedClaim, catalogs: Catalogs
) -> SharedChange | None:
    """What a line that has ended did to a shared service that the order has; None where it did nothing."""
    catalog = catalogs.get(group.order.catalog)
    orders = group.decomposition.domain_orders
    graph = group.decomposition.graph or Graph()
    done = [
        built_of(graph, orders[key])
        for key in graph.keys((SHARED,))
        if shared_root(key) == claim.key and line in orders[key].referrers
    ]
    nodes, gone = shared_nodes(
        catalog, claim.picture, done, shared, claim.sharing_key, claim.key, group.order.id[1:]
    )
    referrers = {each.name: each.values for each in references(group, line) if each.key == claim.key}
    left = _left(group, line, claim, referrers)
    if not nodes and not gone and not referrers and not left:
        return None
    return SharedChange(nodes, gone, referrers, left)


def built_of(graph: Graph, order: DomainOrder) -> Built:
    """A domain order as it ended."""
    return as_built(order, order.parent, graph.grown.get(order.key), stands=order.state in STANDS)


def _left(
    group: OrderGroup, line: str, claim: SharedClaim, referrers: Mapping[str, object]
) -> tuple[str, ...]:
    """The places of the line's product that refer to the shared service no more."""
    assert group.reservations is not None
    about = group.reservations.claims.get(line)
    if about is None or claim.picture is None:
        return ()
    if group.lines[line].state is not S.COMPLETED and not leaves(group, about, claim.key):
        return ()
    inside = f"{about.subject}/"
    return tuple(
        name for name in claim.picture.nodes[0].referrers if name.startswith(inside) and name not in referrers
    )


def _serves(group: OrderGroup, key: str, line: str) -> bool:
    """Whether a shared service stands for a line that refers to it, as it asks for it."""
    order = _root(group, key, line)
    # One without a domain order stood before and was not to be changed for this line.
    return order is None or (order.action != "delete" and order.state in STANDS)
