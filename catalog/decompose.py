"""From an order line to its domain orders and tasks.

All that depends on the catalog alone is compiled once (`catalog.tree`); per line only keys and values are
filled in.
"""

from catalog.explain import reasons_for
from catalog.graph.explaining import reasons
from catalog.graph.lines import grow
from catalog.graph.nodes import SHARED
from catalog.graph.results import QUANTITY_OUT_OF_RANGE
from catalog.graph.settling import Order
from catalog.lines import DomainOrderPlan, LineDecomposition, LineRequest, Reason, TaskPlan
from catalog.model import ACTIONS, LINE_ACTIONS, Catalog
from catalog.refusals import QuantityOutOfRange, UnknownAction
from catalog.tree import Shape, Tree, Values, refuse_beyond_maximum, root_of, tree_of

__all__ = [
    "DomainOrderPlan",
    "LineDecomposition",
    "LineRequest",
    "Reason",
    "TaskPlan",
    "decompose",
    "explain",
]


def decompose(catalog: Catalog, request: LineRequest) -> LineDecomposition:
    """The domain orders and tasks of one line under one catalog version.

    The same catalog and request always give the same answer, keys included. Raises UnknownOffering,
    UnknownSpecification, NothingOrdered, UnknownAction or QuantityOutOfRange, all `CatalogRefusal`; whether
    the characteristics' values are right is the door's question (`catalog.door`), asked before.
    """
    made = plain(catalog, request)
    return made if made is not None else _grown(catalog, request)


def plain(catalog: Catalog, request: LineRequest) -> LineDecomposition | None:
    """The same for a line without rules, None for one with: that grows with its order (`catalog.graph.lines`)."""
    action, quantity = request.action, request.quantity
    if action not in LINE_ACTIONS:
        raise UnknownAction(f"line {request.line}: action {action!r} is none of {', '.join(LINE_ACTIONS)}")
    if action == "noChange":
        root_of(catalog, request.offering, request.specification)
        return LineDecomposition(request.line, (), ())
    if type(quantity) is not int or quantity < 1:
        raise QuantityOutOfRange(f"line {request.line}: quantity is {quantity!r}, order at least 1")
    if request.installed is not None:
        # What is installed is followed as rules are: over its picture, whatever a compiled tree would make.
        return None
    tree = tree_of(catalog, request.offering, request.specification, action)
    if tree.ruled:
        return None
    values = tree.values(request.characteristics)
    shape = tree.shape(values)
    if quantity > 1:
        refuse_beyond_maximum(quantity * len(shape.orders), tree.root.id)
    domain_orders: list[DomainOrderPlan] = []
    tasks: list[TaskPlan] = []
    copies = shape.repeats or quantity > 1
    for repetition in range(quantity):
        _instantiate(tree, shape, values, request, repetition, copies, domain_orders, tasks)
    return LineDecomposition(request.line, tuple(domain_orders), tuple(tasks))


def _grown(catalog: Catalog, request: LineRequest) -> LineDecomposition:
    """One line alone, where rules say what there is, or a picture of what is installed."""
    line = request.line
    graph = grow(Order(catalog, {line: request}), (line,))
    held_back = graph.held_back[line]
    for held in held_back:
        if held.code == QUANTITY_OUT_OF_RANGE:
            raise QuantityOutOfRange(held.sentence)
    return LineDecomposition(
        line,
        tuple(
            DomainOrderPlan(
                node.key,
                node.kind,
                node.specification,
                node.parents[0] if node.parents else None,
                node.relationship,
                node.ordinal,
                node.action,
                node.characteristics,
            )
            for node in graph.nodes.values()
        ),
        graph.tasks,
        held_back=held_back,
        sharing={node.key: node.sharing_key for node in graph.nodes.values() if node.sharing_key},
    )


def explain(catalog: Catalog, request: LineRequest) -> tuple[Reason, ...]:
    """For each relationship met: created or not, by which rule, from what. Raises what `decompose` raises."""
    if (
        request.action in ACTIONS
        and tree_of(catalog, request.offering, request.specification, request.action).ruled
    ):
        found = reasons(Order(catalog, {request.line: request}), (request.line,))
        return (*found[request.line], *found.get(SHARED, ()))
    return reasons_for(catalog, request, decompose(catalog, request))


def _instantiate(
    tree: Tree,
    shape: Shape,
    values: list[Values],
    request: LineRequest,
    repetition: int,
    copies: bool,
    domain_orders: list[DomainOrderPlan],
    tasks: list[TaskPlan],
) -> None:
    """Append one tree of the line; `copies` keeps instances of one branch from sharing a dict."""
    action = tree.action
    keys, planned = shape.named(request.line, request.first_ordinal + repetition * len(shape.orders))
    for key, (branch, parent, kind, specification, relationship, ordinal) in zip(
        keys, shape.orders, strict=True
    ):
        earlier = repetition * shape.tops[specification] if parent < 0 else 0
        domain_orders.append(
            DomainOrderPlan(
                key,
                kind,
                specification,
                keys[parent] if parent >= 0 else None,
                relationship,
                ordinal + earlier,
                action,
                values[branch].copy() if copies else values[branch],
            )
        )
    tasks += planned
