"""Why a line's domain orders were created, and why others were not.

Runs beside decomposition, never inside it: it walks the finished decomposition relationship by relationship,
so what it says is what was done.
"""

from typing import Any

from catalog.lines import LineDecomposition, LineRequest, Reason
from catalog.model import Catalog, Relationship, Specification
from catalog.tree import ORDERED, creates_own_order, root_of

Created = dict[tuple[str, str, str], list[str]]


def reasons_for(
    catalog: Catalog, request: LineRequest, decomposition: LineDecomposition
) -> tuple[Reason, ...]:
    """One reason per relationship met, parents before children, for what this request was decomposed into."""
    root = root_of(catalog, request.offering, request.specification)
    if request.action == "noChange":
        return (
            _own_order(
                request, root, (), "no-change", "the line's action is noChange, so nothing is created"
            ),
        )
    created: Created = {}
    for order in decomposition.domain_orders:
        parent = order.parent or request.line
        created.setdefault((parent, order.relationship, order.specification), []).append(order.key)
    reasons = []
    own = tuple(created.get((request.line, ORDERED, root.id), ()))
    if creates_own_order(root):
        sentence = f"the line names {root.id} itself: {len(own)} {root.kind} order(s) for it"
        reasons.append(_own_order(request, root, own, "line-specification", sentence))
    else:
        sentence = (
            f"{root.id} is sold, not worked on: it has no `orders: true`, so only what is below it is created"
        )
        reasons.append(_own_order(request, root, (), "product-without-order", sentence))
        root_values = {name: value for name, value in request.characteristics.items() if value is not None}
        reasons.extend(_below(request.line, root, root_values, created, request.quantity))
    for order in decomposition.domain_orders:
        specification = catalog.specifications[order.specification]
        reasons.extend(_below(order.key, specification, order.characteristics, created, 1))
    return tuple(reasons)


def _own_order(
    request: LineRequest, root: Specification, keys: tuple[str, ...], rule: str, sentence: str
) -> Reason:
    inputs = {"action": request.action, "quantity": request.quantity}
    return Reason(request.line, root.id, ORDERED, root.id, bool(keys), rule, inputs, keys, sentence)


def _below(
    parent: str, source: Specification, values: dict[str, Any], created: Created, trees: int
) -> list[Reason]:
    reasons = []
    for relationship in source.relationships:
        keys = tuple(created.get((parent, relationship.type, relationship.target), ()))
        rule, inputs, sentence = _rule(source, relationship, values, len(keys), trees)
        reasons.append(
            Reason(
                parent,
                source.id,
                relationship.type,
                relationship.target,
                bool(keys),
                rule,
                inputs,
                keys,
                sentence,
            )
        )
    return reasons


def _rule(
    source: Specification, relationship: Relationship, values: dict[str, Any], count: int, trees: int
) -> tuple[str, dict[str, Any], str]:
    edge = f"{source.id} {relationship.type} {relationship.target}"
    if relationship.type == "Composed of":
        return "composed-of", {}, f"{edge}: Composed of describes structure and creates no domain order"
    inputs: dict[str, Any] = {}
    times = ""
    if trees > 1:
        inputs["quantity"] = trees
        times = f", once for each of the {trees} ordered"
    name = relationship.quantity_characteristic
    if name is None:
        inputs["defaultQuantity"] = relationship.default_quantity
        if count == 0:
            return "default-quantity", inputs, f"{edge}: the default quantity is 0, so none is created"
        each = relationship.default_quantity
        return "default-quantity", inputs, f"{edge}: the default quantity is {each}{times}; {count} created"
    if values.get(name) is None:
        each = count // trees
        inputs[name] = each
        return (
            "quantity-default",
            inputs,
            f"{edge}: {name} is not stated, so {each} by default{times}; {count} created",
        )
    inputs[name] = values[name]
    return "quantity-characteristic", inputs, f"{edge}: {name} is {values[name]}{times}; {count} created"
