"""What the lines of an order make of shared services: how a product refers to them, and what a line did to one.

Both sides are told by the same reading of a line that has ended, so that a product refers to a shared service exactly
when the service counts it among its referrers.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from actors.claims import Claim, SharedClaim
from actors.domain_order import DomainOrder
from actors.graph import Graph, shared_root
from actors.messages_of_products import SharedChange
from actors.product_id import product_id
from actors.states import S
from actors.structure import OrderGroup
from catalog.graph.nodes import SHARED
from catalog.installed import InstalledNode
from catalog.model import ORDERING_TYPES, Catalog
from catalog.store import Catalogs

STANDS: Final = frozenset({S.COMPLETED, S.PARTIAL})
"""States of a domain order that has brought something about, all of it or a part."""
_ORDINAL: Final = re.compile(r"\[(\d+)\]$")


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
    if group.lines[line].state not in STANDS:
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


def reference_node(
    group: OrderGroup, reference: Reference, number: int, above: str, specification: str, catalog: Catalog
) -> InstalledNode:
    """The node of a product that stands for a shared service; ``specification`` is that of the node above."""
    assert group.reservations is not None
    shared, shared_specification, sharing_key = group.reservations.references[reference.key]
    made_by = next(
        (
            each
            for each in catalog.specifications[specification].relationships
            if each.target == shared_specification and each.type in ORDERING_TYPES
        ),
        None,
    )
    ordinal = _ORDINAL.search(reference.name)
    return InstalledNode(
        shared if number == 1 else f"{shared}#{number}",
        shared_specification,
        catalog.specifications[shared_specification].kind,
        above,
        f"{made_by.type} {made_by.target}" if made_by is not None else "",
        int(ordinal[1]) if ordinal is not None else 1,
        reference.values,
        catalog.specifications[shared_specification].version,
        catalog.version,
        sharing_key=sharing_key,
    )


def shared_change(
    group: OrderGroup, line: str, shared: str, claim: SharedClaim, catalogs: Catalogs
) -> SharedChange | None:
    """What a line that has ended did to a shared service that the order has; None where it did nothing."""
    catalog = catalogs.get(group.order.catalog)
    orders = group.decomposition.domain_orders
    graph = group.decomposition.graph or Graph()
    stood = {node.id: node for node in claim.picture.nodes} if claim.picture is not None else {}
    nodes: list[InstalledNode] = []
    gone: list[str] = []
    names: dict[str, str] = {}
    for key in graph.keys((SHARED,)):
        order, grown = orders[key], graph.grown[key]
        if shared_root(key) != claim.key or line not in order.referrers:
            continue
        made = shared if key == claim.key else f"{shared}.{group.order.id[1:]}{key[len(claim.key) :]}"
        names[key] = id_ = grown.installed or made
        if order.state not in STANDS or order.action == "noChange":
            continue
        if order.action == "delete":
            if order.state is S.COMPLETED:
                gone.append(id_)
        elif id_ in stood:
            values = {**stood[id_].characteristics, **order.characteristics}
            nodes.append(msgspec.structs.replace(stood[id_], characteristics=values))
        else:
            above = "" if id_ == shared else names.get(order.parent, shared)
            nodes.append(_node(order, id_, above, graph, catalog))
    referrers = {each.name: each.values for each in references(group, line) if each.key == claim.key}
    left = _left(group, line, claim, referrers)
    if not nodes and not gone and not referrers and not left:
        return None
    return SharedChange(tuple(nodes), tuple(gone), referrers, left)


def _node(order: DomainOrder, id_: str, above: str, graph: Graph, catalog: Catalog) -> InstalledNode:
    grown = graph.grown[order.key]
    return InstalledNode(
        id_,
        order.specification,
        order.kind,
        above,
        grown.edge if above else "",
        order.ordinal if above else 1,
        order.characteristics,
        catalog.specifications[order.specification].version,
        catalog.version,
        grown.rule,
        "" if above else grown.sharing_key,
    )


def _left(
    group: OrderGroup, line: str, claim: SharedClaim, referrers: Mapping[str, object]
) -> tuple[str, ...]:
    """The places of the line's product that refer to the shared service no more."""
    assert group.reservations is not None
    about = group.reservations.claims.get(line)
    if about is None or claim.picture is None or not leaves(group, about, claim.key):
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
