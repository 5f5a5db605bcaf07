"""What the lines of an order make of installed products: the picture of a new one, the change of one that stands.

Both are read from a line that has ended: only what was completed counts, so that a product never shows what nobody
built. Nothing here is kept by the order; it is told once, when someone asks or the line gives its product back.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from actors.claims import Claim
from actors.decomposition import DomainOrder
from actors.document import request_of
from actors.messages import ProductChange, ProductTold
from actors.product_id import product_id
from actors.states import FINAL, S
from actors.structure import OrderGroup
from catalog.installed import InstalledNode, InstalledProduct
from catalog.model import Catalog
from catalog.store import Catalogs
from catalog.tree import ORDERED, tree_of

_STANDS: Final = frozenset({S.COMPLETED, S.PARTIAL})
"""States of a domain order that has brought something about, all of it or a part."""


def made(group: OrderGroup, line: str, catalogs: Catalogs) -> ProductTold:
    """What an add line tells the product it makes: once the line has ended, with the picture."""
    order, ended = group.order, group.lines[line]
    request = request_of(order.document, line)
    picture = None
    if ended.state in FINAL:
        catalog = catalogs.get(order.catalog)
        picture = _picture(group, line, catalog)
    return ProductTold(
        order.id, ended.state, picture, request.offering or "", request.quantity, order.party, ended.since
    )


def _picture(group: OrderGroup, line: str, catalog: Catalog) -> InstalledProduct:
    request = request_of(group.order.document, line)
    product = product_id(group.order.id, line)
    tree = tree_of(catalog, request.offering, request.specification, "add")
    root = InstalledNode(
        product,
        tree.root.id,
        tree.root.kind,
        characteristics=tree.values(request.characteristics)[0],
        version=tree.root.version,
        catalog=catalog.version,
    )
    nodes = [root]
    names: dict[str, str] = {}
    for order in _orders(group, line):
        above = names.get(order.parent, product)
        if order.state not in _STANDS:
            names[order.key] = above
        elif order.relationship == ORDERED and not order.parent and request.quantity == 1:
            names[order.key] = product
        else:
            node = _node(order, f"{product}.{len(nodes)}", above, catalog)
            names[order.key] = node.id
            nodes.append(node)
    return InstalledProduct(product, tuple(nodes), 1)


def changed(group: OrderGroup, claim: Claim, catalogs: Catalogs) -> ProductChange | None:
    """What a line that has ended did to the product it was about; None where it did nothing."""
    picture, line = claim.picture, group.lines[claim.line]
    if picture is None or not line.decomposed:
        return None
    if claim.action == "delete" and line.state is S.COMPLETED:
        return ProductChange(gone=tuple(node.id for node in picture.nodes[1:]), ended=True)
    order = group.order
    catalog = catalogs.get(order.catalog)
    origin = product_id(order.id, claim.line)
    places = {_place(node): node for node in picture.nodes}
    nodes: dict[str, InstalledNode] = {}
    gone: list[str] = []
    names: dict[str, str] = {}
    for number, each in enumerate(_orders(group, claim.line), start=1):
        above = names.get(each.parent, picture.id)
        if each.relationship == ORDERED and not each.parent:
            names[each.key] = picture.id
            continue
        node = places.get((above, _edge(each), each.ordinal))
        names[each.key] = node.id if node is not None else above
        if each.state not in _STANDS:
            continue
        if each.action == "delete":
            if node is not None:
                gone.append(node.id)
        elif node is None:
            node = _node(each, f"{origin}.{number}", above, catalog)
            nodes[node.id] = node
            names[each.key] = node.id
        else:
            nodes[node.id] = _with(node, each.characteristics)
    if claim.action == "modify" and line.state is S.COMPLETED:
        given = request_of(order.document, claim.line).characteristics
        root = picture.nodes[0]
        known = {name: value for name, value in given.items() if value is not None}
        nodes = {root.id: _with(root, known), **nodes}
    return ProductChange(tuple(nodes.values()), tuple(gone)) if nodes or gone else None


def _orders(group: OrderGroup, line: str) -> Iterator[DomainOrder]:
    """The domain orders of one line, parents before children, without going through those of all lines."""
    orders = group.decomposition.domain_orders
    number = 1
    while (order := orders.get(f"{line}.{number}")) is not None:
        yield order
        number += 1


def _node(order: DomainOrder, id_: str, above: str, catalog: Catalog) -> InstalledNode:
    specification = catalog.specifications[order.specification]
    return InstalledNode(
        id_,
        order.specification,
        order.kind,
        above,
        _edge(order),
        order.ordinal,
        order.characteristics,
        specification.version,
        catalog.version,
        order.relationship,
    )


def _edge(order: DomainOrder) -> str:
    return f"{order.relationship} {order.specification}"


def _place(node: InstalledNode) -> tuple[str, str, int]:
    """Where a node stands among its siblings."""
    return node.parent, node.edge, node.ordinal


def _with(node: InstalledNode, values: dict[str, Any]) -> InstalledNode:
    return msgspec.structs.replace(node, characteristics={**node.characteristics, **values})
