"""Lines that change or end what is installed, and name it by its id alone.

TMF622 and TMF641 say what a modify or delete is about by ``product.id`` and ``service.id``; of what offering (in a
service order: of what specification) it is stands in the inventory. It is written into the order before the order is
checked, so that the order kept is what was sent and what it is about.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gateway.tmf.shapes import Shape
from gateway.violations import Violation
from runtime.limits import ORDER_LINES_MAX

INSTALLED_ACTIONS: Final = ("modify", "delete", "noChange")
"""Actions of lines that are about something installed."""


class InstalledUnread(Exception):
    """An order cannot be judged before it is known what these installed products are."""

    def __init__(self, products: tuple[str, ...]) -> None:
        super().__init__(f"{len(products)} installed products are to be read")
        self.products = products


def products_to_read(order: dict[str, Any], shape: Shape) -> tuple[str, ...]:
    """What lines of a decoded order, however wrong, name by its id alone; nothing where there are too many lines."""
    lines = 0
    found: dict[str, None] = {}
    ways = [order]
    while ways:
        parent = ways.pop()
        for item in _items(parent, shape):
            lines += 1
            if (product := _unnamed(item, shape)) is not None:
                found[product] = None
            ways.append(item)
        if lines > ORDER_LINES_MAX:
            return ()
    return tuple(found)


def named(
    order: dict[str, Any], shape: Shape, references: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Violation]]:
    """The order with what ``references`` say its installed products are, and what is unknown.

    The order that came in stays as it is. Who names something unknown is told that, and not what its line then lacks:
    the violations go by the pointers of that.
    """
    unknown: dict[str, Violation] = {}
    return _named(order, "", shape, references, unknown), unknown


def _named(
    parent: dict[str, Any],
    pointer: str,
    shape: Shape,
    references: Mapping[str, str],
    unknown: dict[str, Violation],
) -> dict[str, Any]:
    items = parent.get(shape.items)
    if not isinstance(items, list):
        return parent
    after = list(items)
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            continue
        place = f"{pointer}/{shape.items}/{index}"
        after[index] = _named(item, place, shape, references, unknown)
        product = _unnamed(item, shape)
        if product is not None and product in references:
            after[index] = _with(after[index], shape, references[product])
        elif product is not None:
            message = f"there is no installed {shape.subject} {product[:64]!r}"
            unknown[place + shape.reference_pointer] = Violation(
                f"{place}/{shape.subject}/id", f"unknown-{shape.subject}", message
            )
    return {**parent, shape.items: after}


def _unnamed(item: dict[str, Any], shape: Shape) -> str | None:
    """What a line is about, where it does not say of what offering or specification that is."""
    subject = item.get(shape.subject)
    if item.get("action") not in INSTALLED_ACTIONS or not isinstance(subject, dict):
        return None
    if shape.offering in item if shape.offering else shape.specification in subject:
        return None
    product = subject.get("id")
    return product if isinstance(product, str) and product else None


def _with(item: dict[str, Any], shape: Shape, reference: str) -> dict[str, Any]:
    if shape.offering:
        return {**item, shape.offering: {"id": reference}}
    return {**item, shape.subject: {**item[shape.subject], shape.specification: {"id": reference}}}


def _items(parent: dict[str, Any], shape: Shape) -> Iterator[dict[str, Any]]:
    items = parent.get(shape.items)
    if isinstance(items, list):
        yield from (item for item in items if isinstance(item, dict))
