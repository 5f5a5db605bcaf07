"""What the lines of an order make of installed products: the picture of a new one, the change of one that stands.

Both are read from a line that has ended: only what was completed counts, so that a product never shows what nobody
built. Nothing here is kept by the order; it is told once, when someone asks or the line gives its product back.
"""

from collections.abc import Iterator

from actors.cause import Cause
from actors.claims import Claim
from actors.document import request_of
from actors.domain_order import DomainOrder
from actors.graph import Graph
from actors.installed_product import Installed, state_after
from actors.messages_of_products import ProductChange, ProductTold
from actors.product_id import product_id
from actors.shared_inventory import built_of, leaves, references
from actors.states import FINAL, S
from actors.structure import OrderGroup
from catalog.folding import Referring, changed_picture, first_picture, ordinal_of
from catalog.graph.nodes import shared_key
from catalog.installed import InstalledProduct
from catalog.model import Catalog
from catalog.store import Catalogs


def made(group: OrderGroup, line: str, catalogs: Catalogs) -> ProductTold:
    """What an add line tells the product it makes: how it is, or what it is to be and what is built of it so far."""
    order, making = group.order, group.lines[line]
    request = request_of(order.document, line)
    picture = _picture(group, line, catalogs.get(order.catalog))
    return ProductTold(
        order.id, making.state, picture, request.offering or "", request.quantity, order.party, making.since
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
    """The product as its own line leaves it."""
    request = request_of(group.order.document, line)
    graph = group.decomposition.graph or Graph()
    built = [built_of(graph, order) for order in orders_of(group, line)]
    referring = _referring(group, line)
    return first_picture(catalog, request, product_id(group.order.id, line), built, referring)


def changed(group: OrderGroup, claim: Claim, catalogs: Catalogs) -> ProductChange | None:
    """What a line that has ended did to the product it was about; None where it did nothing."""
    picture, line = claim.picture, group.lines[claim.line]
    if picture is None or not line.decomposed:
        return None
    completed = line.state is S.COMPLETED
    if claim.action == "delete" and completed:
        return ProductChange(gone=tuple(node.id for node in picture.nodes if node.parent), ended=True)
    left = [
        node.id
        for node in picture.nodes
        if node.sharing_key and leaves(group, claim, shared_key(node.specification, node.sharing_key))
    ]
    graph = group.decomposition.graph or Graph()
    made = changed_picture(
        catalogs.get(group.order.catalog),
        request_of(group.order.document, claim.line),
        picture,
        product_id(group.order.id, claim.line),
        [built_of(graph, group.decomposition.domain_orders[key]) for key in graph.keys((claim.line,))],
        _referring(group, claim.line),
        left,
        completed=completed,
    )
    return ProductChange(made.nodes, made.gone, made.quantity) if made is not None else None


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


def _referring(group: OrderGroup, line: str) -> Iterator[Referring]:
    for each in references(group, line):
        assert group.reservations is not None
        shared, specification, sharing_key = group.reservations.references[each.key]
        yield Referring(
            each.name, each.parent, each.values, shared, specification, sharing_key, ordinal_of(each.name)
        )
