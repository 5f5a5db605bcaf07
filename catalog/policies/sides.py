"""What stands, or is to stand, for a compatibility to compare: installed products, and what order lines come to."""

from collections.abc import Iterator
from typing import Any

import msgspec

from catalog.decompose import decompose
from catalog.graph.lines import grow
from catalog.graph.settling import Order
from catalog.installed import InstalledProduct
from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.policies.facts import LineFacts
from catalog.policies.horizontal import holds_below
from catalog.refusals import CatalogRefusal


class Side(msgspec.Struct, frozen=True):
    """A specification that stands or is to stand, with its values; ``of`` says for people what it is part of."""

    of: str
    specification: str
    values: dict[str, Any]
    line: LineFacts | None = None
    """The line of the order that brings it; None: it is installed."""
    leaving: bool = False
    """Whether the order takes it away, or another one does."""
    product: str = ""
    """The installed product that it is part of, where no line brings it."""
    named: bool = True
    """Whether the order speaks of it; otherwise it is another product of the customer."""
    coming: bool = False
    """Whether another order is still building it."""

    def beside(self, other: "Side") -> bool:
        """Whether the two are of different hierarchies; what is nested in a bundle is a hierarchy of its own."""
        if self.line is None or other.line is None:
            return self.line is not other.line or self.product != other.product
        return self.line.line != other.line.line


def installed_sides(
    picture: InstalledProduct, *, leaving: bool = False, named: bool = True, coming: bool = False
) -> Iterator[Side]:
    """What an installed product is made of."""
    of = f"installed product {picture.id}"
    if coming:
        of = f"product {picture.id} (another order is to bring it)"
    for node in picture.nodes:
        yield Side(
            of,
            node.specification,
            node.characteristics,
            leaving=leaving,
            product=picture.id,
            named=named,
            coming=coming,
        )


def ordered_sides(catalog: Catalog, line: LineFacts, over: LineRequest | None = None) -> Iterator[Side]:
    """What a line comes to: the specification it names, and those of its domain orders.

    :param over: the line's request over the installed product that it changes or ends, where that is known: what it
        leaves as it is comes with it.
    """
    if over is not None and over.installed is not None:
        yield from _changed_sides(catalog, line, over, over.installed)
        return
    leaving, of = line.action == "delete", f"line {line.line}"
    if line.specification:
        yield Side(of, line.specification, line.characteristics, line, leaving)
        if not holds_below(catalog, line.specification):
            return  # nothing of it is ever compared
    request = LineRequest(
        line.line,
        line.action,
        line.offering or None,
        None if line.offering else line.specification,
        1,
        line.characteristics,
    )
    try:
        orders = decompose(catalog, request).domain_orders
    except CatalogRefusal:
        return  # the door says so; there is nothing to compare
    for each in orders:
        if each.specification != line.specification:
            yield Side(of, each.specification, each.characteristics, line, leaving)


def replaced_sides(catalog: Catalog, line: LineFacts, over: LineRequest | None = None) -> Iterator[Side]:
    """What stood of a line's product before the order; ``over`` as for :func:`ordered_sides`.

    Where it is not known, the product is taken to be what the line says, with values that nobody knows.
    """
    if line.action not in ("modify", "delete"):
        return
    if over is not None and over.installed is not None:
        for node in over.installed.nodes:
            yield Side(f"line {line.line}", node.specification, node.characteristics, line)
        return
    for side in ordered_sides(catalog, line):
        yield Side(side.of, side.specification, side.values if side.leaving else {}, line)


def _changed_sides(
    catalog: Catalog, line: LineFacts, over: LineRequest, picture: InstalledProduct
) -> Iterator[Side]:
    of = f"line {line.line}"
    if line.action == "delete":
        for node in picture.nodes:
            yield Side(of, node.specification, node.characteristics, line, True)
        return
    if not picture.nodes:
        return
    standing = {node.id: node.characteristics for node in picture.nodes}
    try:
        grown = list(grow(Order(catalog, {over.line: over}), (over.line,)).nodes.values())
    except CatalogRefusal:
        grown = []  # the door, or the line once it has its product, says so
    for each in grown:
        values = {**standing.get(each.installed, {}), **each.characteristics}
        yield Side(of, each.specification, values, line, each.action == "delete")
    changed = {each.installed for each in grown}
    shared = {each.specification for each in grown if each.shared}
    for node in picture.nodes:
        # In a picture a node that is shared only refers to it: its own id says nothing of what was grown.
        if node.id not in changed and not (node.sharing_key and node.specification in shared):
            stated = {} if node.parent else line.characteristics
            yield Side(of, node.specification, {**node.characteristics, **stated}, line)
