"""What the completed domain orders of a line make of an installed product: its first picture, or what changes in it.

Pure, and the same for an order that runs and for one that is only tried: whoever calls says what was completed.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from catalog.graph.frames import frame_of
from catalog.graph.instances import ROOTS_SHRINK, standing
from catalog.graph.picture import Picture
from catalog.installed import InstalledNode, InstalledProduct
from catalog.lines import LineRequest
from catalog.model import ORDERING_TYPES, Catalog, Specification
from catalog.tree import ORDERED, default_values, root_of

Nodes = tuple[InstalledNode, ...]
_ORDINAL: Final = re.compile(r"\[(\d+)\]$")


class Built(NamedTuple):
    """A domain order of a line's own, as it ended; lists of them have parents before children.

    `edge` and `rule` say what made it, `installed` is the id of what it changed or took away. `grown`: it
    grew in its line's graph, and its key says where. `stands`: it was completed, all of it or a part.
    """

    key: str
    parent: str
    kind: str
    specification: str
    relationship: str
    ordinal: int
    action: str
    characteristics: dict[str, Any]
    edge: str
    rule: str
    installed: str
    grown: bool
    stands: bool


class _Ordered(Protocol):
    """A domain order, planned or under way."""

    @property
    def key(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def specification(self) -> str: ...
    @property
    def relationship(self) -> str: ...
    @property
    def ordinal(self) -> int: ...
    @property
    def action(self) -> str: ...
    @property
    def characteristics(self) -> dict[str, Any]: ...


class _InGraph(Protocol):
    """What a domain order is in the graph of its line."""

    @property
    def edge(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def installed(self) -> str: ...


def as_built(order: _Ordered, parent: str, grown: _InGraph | None, *, stands: bool) -> Built:
    """A domain order as it ended; `grown` is None for what a compiled tree made, by the relationship alone."""
    return Built(
        order.key,
        parent,
        order.kind,
        order.specification,
        order.relationship,
        order.ordinal,
        order.action,
        order.characteristics,
        f"{order.relationship} {order.specification}" if grown is None else grown.edge,
        "" if grown is None else grown.rule,
        "" if grown is None else grown.installed,
        grown is not None,
        stands,
    )


class Referring(NamedTuple):
    """A place in a product where a shared service stands: `name` is the product and the place in it."""

    name: str
    parent: str
    """The key of the domain order above; empty for the product itself."""
    values: dict[str, Any]
    """What the product asks of it."""
    shared: str
    specification: str
    sharing_key: str
    ordinal: int


class Changed(NamedTuple):
    """What a line did to a product: nodes as they are now, ids of those that went, the quantity (0: as it was)."""

    nodes: Nodes
    gone: tuple[str, ...]
    quantity: int = 0


def first_picture(
    catalog: Catalog,
    request: LineRequest,
    product: str,
    built: Sequence[Built],
    referring: Iterable[Referring],
) -> InstalledProduct:
    """The product as its own line leaves it: a root for each time it was ordered, below them what was completed."""
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
    tops: dict[str, int] = {}
    for order in built:
        if not order.parent:
            tops[order.specification] = tops.get(order.specification, 0) + 1
    nodes = {root.id: root for root in roots}
    names: dict[str, str] = {}
    numbers: dict[tuple[str, str], int] = {}
    for order in built:
        root = roots[0]
        if order.grown:
            # Each root has a tree of its own.
            root = roots[min(_number(order), len(roots)) - 1]
        elif not order.parent:
            each = max(1, tops[order.specification] // request.quantity)
            root = roots[min(order.ordinal - 1, tops[order.specification] - 1) // each]
        if order.relationship == ORDERED and not order.parent:
            names[order.key] = root.id
            nodes[root.id] = _with(root, order.characteristics)
            continue
        above = names[order.parent] if order.parent else root.id
        numbers[above, order.edge] = ordinal = numbers.get((above, order.edge), 0) + 1
        if order.stands:
            node = _node(catalog, order, product, above, ordinal)
            nodes[node.id] = node
        names[order.key] = f"{product}{_suffix(order)}" if order.stands else above
    for place in referring:
        above = names.get(place.parent) or _root_id(product, _root_of(place))
        number = 1 + sum(node.id.partition("#")[0] == place.shared for node in nodes.values())
        node = _reference(catalog, place, number, nodes[above])
        nodes[node.id] = node
    return InstalledProduct(product, tuple(nodes.values()), 1)


def changed_picture(
    catalog: Catalog,
    request: LineRequest,
    picture: InstalledProduct,
    origin: str,
    built: Iterable[Built],
    referring: Iterable[Referring],
    left: Iterable[str],
    *,
    completed: bool,
) -> Changed | None:
    """What a line that modifies a product, or deletes it in part, did to it; None where it did nothing.

    :param origin: what the ids of new nodes begin with.
    :param left: nodes that stood for shared services which the product has left.
    """
    stood = {node.id: node for node in picture.nodes}
    changes: dict[str, InstalledNode] = {}
    gone: list[str] = []
    names: dict[str, str] = {}
    if completed:
        given = {name: value for name, value in request.characteristics.items() if value is not None}
        for root in _roots(picture, request):
            changes[root.id] = _with(root, given)
        gone = [node.id for node in picture.nodes if not node.parent and node.id not in changes]
    gone += left
    for order in built:
        above = names.get(order.parent) or _root_id(picture.id, _number(order))
        itself = order.relationship == ORDERED and not order.parent
        if order.installed or not order.stands or itself:
            # What was completed below something that was not stands below what is above both.
            names[order.key] = order.installed or above
        if not order.stands:
            continue
        if order.action == "delete":
            gone.append(order.installed)
            continue
        if order.installed in stood:
            node = changes.get(order.installed) or stood[order.installed]
            changes[node.id] = _with(node, order.characteristics)
            continue
        if above not in stood and above not in changes:
            # One more of the product, of which only a part was completed.
            changes[above] = _one_more(picture, _number(order))
        if itself:
            changes[above] = _with(changes.get(above) or stood[above], order.characteristics)
        else:
            node = _node(catalog, order, origin, above, order.ordinal)
            changes[node.id] = node
            names[order.key] = node.id
    references = [node for node in picture.nodes if node.sharing_key]
    if completed:
        # What stood for a shared service below something goes with it.
        gone += [node.id for node in references if node.parent in gone and node.id not in gone]
    kept = [node for node in references if node.id not in gone]
    for place in referring:
        above = (
            names.get(place.parent)
            or _standing_at(catalog, picture, place.parent)
            or _root_id(picture.id, _root_of(place))
        )
        refers = next((each for each in kept if (each.parent, _shared(each)) == (above, place.shared)), None)
        if refers is not None:
            kept.remove(refers)
            if refers.characteristics != place.values:
                changes[refers.id] = msgspec.structs.replace(refers, characteristics=place.values)
            continue
        used = {node.id for node in (*references, *changes.values())}
        node = _reference(catalog, place, _free(place.shared, used), changes.get(above) or stood[above])
        changes[node.id] = node
    if not changes and not gone:
        return None
    return Changed(tuple(changes.values()), tuple(gone), request.quantity if completed else 0)


def nodes_after(
    before: Iterable[InstalledNode], nodes: Iterable[InstalledNode], gone: Iterable[str]
) -> Nodes:
    """A picture's nodes with those that are new or changed, without those that went."""
    going = set(gone)
    fresh = {node.id: node for node in nodes}
    kept = [fresh.pop(node.id, node) for node in before if node.id not in going]
    return (*kept, *(node for node in fresh.values() if node.id not in going))


def ordinal_of(name: str) -> int:
    """The number of a place in a product among those of one relationship."""
    found = _ORDINAL.search(name)
    return int(found[1]) if found is not None else 1


def _root_id(product: str, number: int) -> str:
    """The id of one of the times a product was ordered; most are ordered once."""
    return product if number == 1 else f"{product}:{number}"


def _number(order: Built) -> int:
    """Below which root a domain order grew."""
    head = order.key.rpartition(".")[2].partition("-")[0].partition(":")[0]
    return int(head) if head.isdigit() else 1


def _root_of(place: Referring) -> int:
    """Below which root of its product a shared service stands."""
    return ordinal_of(place.name.partition("/")[2].partition(".")[0])


def _roots(picture: InstalledProduct, request: LineRequest) -> list[InstalledNode]:
    """The roots a product has once a line has changed its quantity (0: it has not), as it grew."""
    stood = {node.ordinal: node for node in sorted(picture.nodes, key=_ordinal) if not node.parent}
    numbers = standing(stood, request.quantity or len(stood), request.removed, ROOTS_SHRINK).numbers
    return [stood.get(number) or _one_more(picture, number) for number in numbers]


def _ordinal(node: InstalledNode) -> int:
    return node.ordinal


def _one_more(picture: InstalledProduct, number: int) -> InstalledNode:
    """The root of one more of a product: as the first one is."""
    return msgspec.structs.replace(picture.nodes[0], id=_root_id(picture.id, number), ordinal=number)


def _suffix(order: Built) -> str:
    """What tells a domain order from the others of its line."""
    return f".{order.key.rpartition('.')[2]}"


def _node(catalog: Catalog, order: Built, origin: str, above: str, ordinal: int) -> InstalledNode:
    return InstalledNode(
        f"{origin}{_suffix(order)}",
        order.specification,
        order.kind,
        above,
        order.edge,
        ordinal,
        order.characteristics,
        catalog.specifications[order.specification].version,
        catalog.version,
        order.rule,
    )


def _reference(catalog: Catalog, place: Referring, number: int, above: InstalledNode) -> InstalledNode:
    """The node of a product that stands for a shared service, the `number`th that does."""
    shared = catalog.specifications[place.specification]
    made_by = next(
        (
            each
            for each in catalog.specifications[above.specification].relationships
            if each.target == shared.id and each.type in ORDERING_TYPES
        ),
        None,
    )
    return InstalledNode(
        place.shared if number == 1 else f"{place.shared}#{number}",
        shared.id,
        shared.kind,
        above.id,
        f"{made_by.type} {made_by.target}" if made_by is not None else "",
        place.ordinal,
        place.values,
        shared.version,
        catalog.version,
        sharing_key=place.sharing_key,
    )


def _standing_at(catalog: Catalog, picture: InstalledProduct, key: str) -> str:
    """The id of what stands where a domain order of this key would: it has none, as nothing changes there."""
    root, *steps = key.rpartition(".")[2].split("-")
    standing = Picture(picture.nodes)
    node = standing.root(int(root)) if root.isdigit() else None
    for step in steps:
        if node is None or node.specification not in catalog.specifications:
            return ""
        position, _, ordinal = step.partition(":")
        edges = frame_of(catalog, node.specification, "modify", None).edges
        edge = next((each for each in edges if str(each.position) == position), None)
        node = standing.child(node, edge.id, int(ordinal or 1)) if edge is not None else None
    return node.id if node is not None else ""


def _shared(node: InstalledNode) -> str:
    """The shared service that a node of a product stands for."""
    return node.id.partition("#")[0]


def _free(shared: str, used: Collection[str]) -> int:
    """The first number under which a product does not refer to a shared service."""
    number = 1 if shared not in used else 2
    while f"{shared}#{number}" in used:
        number += 1
    return number


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
