"""What the lines of an order make of installed products: the picture of a new one, the change of one that stands.

Both are read from a line that has ended: only what was completed counts, so that a product never shows what nobody
built. Nothing here is kept by the order; it is told once, when someone asks or the line gives its product back.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from actors.cause import Cause
from actors.claims import Claim
from actors.document import request_of
from actors.domain_order import DomainOrder
from actors.graph import Graph
from actors.installed_product import Installed, state_after
from actors.messages_of_products import ProductChange, ProductTold
from actors.product_id import product_id
from actors.shared_inventory import STANDS, leaves, reference_node, references
from actors.states import FINAL, S
from actors.structure import OrderGroup
from catalog.graph.nodes import shared_key
from catalog.installed import InstalledNode, InstalledProduct
from catalog.model import Catalog, Specification
from catalog.store import Catalogs
from catalog.tree import ORDERED, default_values, root_of


def made(group: OrderGroup, line: str, catalogs: Catalogs) -> ProductTold:
    """What an add line tells the product it makes: once the line has ended, with the picture."""
    order, ended = group.order, group.lines[line]
    request = request_of(order.document, line)
    picture = _picture(group, line, catalogs.get(order.catalog)) if ended.state in FINAL else None
    return ProductTold(
        order.id, ended.state, picture, request.offering or "", request.quantity, order.party, ended.since
    )


def seen(group: OrderGroup, line: str, catalogs: Catalogs) -> Installed | None:
    """The product of a line as it stands while no other order has named it; None where the line makes none."""
    order, making = group.order, group.lines.get(line)
    if making is None or making.action != "add":
        return None
    product = product_id(order.id, line)
    request = request_of(order.document, line)
    picture = _picture(group, line, catalogs.get(order.catalog))
    ended = making.state in FINAL
    state = S.CREATED if making.state is S.DRAFT else S.PENDING_ACTIVE
    return Installed(
        product,
        order.id,
        line,
        state_after(making.state, picture) if ended else state,
        making.since,
        offering=request.offering or "",
        quantity=request.quantity,
        party=order.party,
        started=making.since if ended else 0,
        picture=picture,
        causes=(Cause(picture.version, order.id, line, "add", making.since),),
    )


def _picture(group: OrderGroup, line: str, catalog: Catalog) -> InstalledProduct:
    """The product as its own line leaves it: a root for each time it was ordered, below them what was completed."""
    request = request_of(group.order.document, line)
    product = product_id(group.order.id, line)
    specification = root_of(catalog, request.offering, request.specification)
    values = _values(specification, request.characteristics)
    roots = [
        InstalledNode(
            _root_id(product, number),
            specification.id,
            specification.kind,
            ordinal=number,
            characteristics=values,
            version=specification.version,
            catalog=catalog.version,
        )
        for number in range(1, request.quantity + 1)
    ]
    orders = list(orders_of(group, line))
    tops: dict[str, int] = {}
    for order in orders:
        if not order.parent:
            tops[order.specification] = tops.get(order.specification, 0) + 1
    nodes = {root.id: root for root in roots}
    names: dict[str, str] = {}
    numbers: dict[tuple[str, str], int] = {}
    for order in orders:
        root = roots[0]
        if not order.parent:
            each = max(1, tops[order.specification] // request.quantity)
            root = roots[min(order.ordinal - 1, tops[order.specification] - 1) // each]
        if order.relationship == ORDERED and not order.parent:
            names[order.key] = root.id
            nodes[root.id] = _with(root, order.characteristics)
            continue
        above = names[order.parent] if order.parent else root.id
        edge, rule = _made_by(group, order)
        numbers[above, edge] = ordinal = numbers.get((above, edge), 0) + 1
        if order.state in STANDS:
            node = _node(order, product, above, edge, rule, ordinal, catalog)
            nodes[node.id] = node
        names[order.key] = f"{product}{_suffix(order)}" if order.state in STANDS else above
    for reference in references(group, line):
        above = names.get(reference.parent, product)
        number = 1 + sum(
            node.id.partition("#")[0] == _shared(group, reference.key) for node in nodes.values()
        )
        node = reference_node(group, reference, number, above, nodes[above].specification, catalog)
        nodes[node.id] = node
    return InstalledProduct(product, tuple(nodes.values()), 1)


def changed(group: OrderGroup, claim: Claim, catalogs: Catalogs) -> ProductChange | None:
    """What a line that has ended did to the product it was about; None where it did nothing."""
    picture, line = claim.picture, group.lines[claim.line]
    if picture is None or not line.decomposed:
        return None
    order, request = group.order, request_of(group.order.document, claim.line)
    completed = line.state is S.COMPLETED
    if claim.action == "delete" and completed:
        return ProductChange(gone=tuple(node.id for node in picture.nodes if node.parent), ended=True)
    catalog = catalogs.get(order.catalog)
    origin = product_id(order.id, claim.line)
    stood = {node.id: node for node in picture.nodes}
    changes: dict[str, InstalledNode] = {}
    gone: list[str] = []
    names: dict[str, str] = {}
    if completed:
        given = {name: value for name, value in request.characteristics.items() if value is not None}
        for root in _roots(picture, request.quantity):
            changes[root.id] = _with(root, given)
        gone = [node.id for node in picture.nodes if not node.parent and node.id not in changes]
    graph = group.decomposition.graph or Graph()
    for node in picture.nodes:
        if node.sharing_key and leaves(group, claim, shared_key(node.specification, node.sharing_key)):
            gone.append(node.id)
    for key in graph.keys((claim.line,)):
        each, place = group.decomposition.domain_orders[key], graph.grown[key]
        names[key] = place.installed or f"{origin}{_suffix(each)}"
        if each.state not in STANDS:
            continue
        if each.action == "delete":
            gone.append(place.installed)
        elif place.installed in stood:
            node = changes.get(place.installed) or stood[place.installed]
            changes[node.id] = _with(node, each.characteristics)
        else:
            above = names.get(each.parent) or _root_id(picture.id, _number(each))
            node = _node(each, origin, above, place.edge, place.rule, each.ordinal, catalog)
            changes[node.id] = node
    referred = {node.id.partition("#")[0] for node in picture.nodes if node.sharing_key}
    for reference in references(group, claim.line):
        if _shared(group, reference.key) not in referred:
            above = names.get(reference.parent, picture.id)
            standing = changes.get(above) or stood[above]
            node = reference_node(group, reference, 1, above, standing.specification, catalog)
            changes[node.id] = node
    quantity = request.quantity if completed else 0
    if not changes and not gone:
        return None
    return ProductChange(tuple(changes.values()), tuple(gone), quantity)


def _root_id(product: str, number: int) -> str:
    """The id of one of the times a product was ordered; most are ordered once."""
    return product if number == 1 else f"{product}:{number}"


def _number(order: DomainOrder) -> int:
    """Below which root a domain order grew."""
    head = order.key.rpartition(".")[2].partition("-")[0].partition(":")[0]
    return int(head) if head.isdigit() else 1


def _roots(picture: InstalledProduct, quantity: int) -> list[InstalledNode]:
    """The roots a product has once a line has changed its quantity (0: it has not): the lowest numbers stay."""
    roots = [node for node in picture.nodes if not node.parent]
    wanted = quantity or len(roots)
    more = range(len(roots) + 1, wanted + 1)
    return roots[:wanted] + [
        msgspec.structs.replace(roots[0], id=_root_id(picture.id, number), ordinal=number) for number in more
    ]


def orders_of(group: OrderGroup, line: str) -> Iterator[DomainOrder]:
    """The domain orders of one line that it shares with no other, parents before children."""
    orders = group.decomposition.domain_orders
    graph = group.decomposition.graph
    if graph is not None and line in graph.lines:
        yield from (orders[key] for key in graph.keys((line,)))
        return
    # Numbered through: there is no need to go through those of all lines.
    number = 1
    while (order := orders.get(f"{line}.{number}")) is not None:
        yield order
        number += 1


def _made_by(group: OrderGroup, order: DomainOrder) -> tuple[str, str]:
    """(edge, rule) of a domain order: what a compiled tree makes, it makes by the relationship alone."""
    graph = group.decomposition.graph
    if graph is not None and order.key in graph.grown:
        return graph.grown[order.key].edge, graph.grown[order.key].rule
    return f"{order.relationship} {order.specification}", ""


def _shared(group: OrderGroup, key: str) -> str:
    """The id of the shared service that a domain order of the order stands for."""
    assert group.reservations is not None
    return group.reservations.references[key][0]


def _suffix(order: DomainOrder) -> str:
    """What tells a domain order from the others of its line."""
    return f".{order.key.rpartition('.')[2]}"


def _node(
    order: DomainOrder, origin: str, above: str, edge: str, rule: str, ordinal: int, catalog: Catalog
) -> InstalledNode:
    return InstalledNode(
        f"{origin}{_suffix(order)}",
        order.specification,
        order.kind,
        above,
        edge,
        ordinal,
        order.characteristics,
        catalog.specifications[order.specification].version,
        catalog.version,
        rule,
    )


def _values(specification: Specification, given: dict[str, Any]) -> dict[str, Any]:
    """What a line says of its product, and the defaults of what it does not."""
    types = {each.name: each.value_type for each in specification.characteristics}
    values = default_values(specification)
    for name, value in given.items():
        if value is not None and name in types:
            values[name] = int(value) if type(value) is float and types[name] == "integer" else value
    return values


def _with(node: InstalledNode, values: dict[str, Any]) -> InstalledNode:
    return msgspec.structs.replace(node, characteristics={**node.characteristics, **values})
