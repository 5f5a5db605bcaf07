"""What the actors read of an order's document: its items, flattened, with what decomposition needs.

Source: TMF622 v4.0 ``ProductOrder_Create``; service orders are read by ``service_document.py``. The document was
checked at the door; here it is only read.
"""

from typing import Any

import msgspec

from actors.document_lines import CHANGING, DEPENDENCY_TYPES, DocumentLine, removed_by
from actors.remembering import remembered
from actors.service_document import service_lines
from catalog.lines import LineRequest

__all__ = ["CHANGING", "DEPENDENCY_TYPES", "DocumentLine", "lines_of"]


class _Reference(msgspec.Struct):
    id: str = ""


class _Characteristic(msgspec.Struct):
    name: str
    value: Any = None


class _Product(msgspec.Struct):
    id: str = ""
    product: list["_Product"] = []
    productCharacteristic: list[_Characteristic] = []


class _Relationship(msgspec.Struct):
    id: str
    relationshipType: str = ""


class _Item(msgspec.Struct):
    id: str
    action: str
    quantity: int = 0
    remove: list[str] = []
    migrate: bool = False
    productOffering: _Reference | None = None
    product: _Product | None = None
    productOrderItem: list["_Item"] = []
    productOrderItemRelationship: list[_Relationship] = []


class _Document(msgspec.Struct):
    productOrderItem: list[_Item] = []


_read = msgspec.json.Decoder(_Document).decode


@remembered
def lines_of(document: bytes) -> tuple[DocumentLine, ...]:
    """The order items of a document, in document order, each nested item after its parent."""
    lines: list[DocumentLine] = []
    stack = [("", item) for item in reversed(_read(document).productOrderItem)]
    if not stack:
        return service_lines(document)
    while stack:
        parent, item = stack.pop()
        # What changes nothing waits for nothing.
        needs: tuple[str, ...] = ()
        if item.productOrderItemRelationship and item.action != "noChange":
            related = item.productOrderItemRelationship
            needs = tuple(
                dict.fromkeys(each.id for each in related if each.relationshipType in DEPENDENCY_TYPES)
            )
        characteristics: dict[str, Any] = {}
        products: tuple[str, ...] = ()
        if item.product is not None:
            characteristics = {c.name: c.value for c in item.product.productCharacteristic}
            if item.product.id and item.action in CHANGING:
                products = _named(item.product)
        request = LineRequest(
            line=item.id,
            action=item.action,
            offering=item.productOffering.id if item.productOffering is not None else None,
            specification=None,
            quantity=item.quantity if item.quantity or products else 1,
            characteristics=characteristics,
            removed=removed_by(item.remove) if item.remove else (),
            migrate=item.migrate,
            products=products,
        )
        lines.append(DocumentLine(parent, needs, request))
        stack.extend((item.id, nested) for nested in reversed(item.productOrderItem))
    return tuple(lines)


@remembered
def _requests(document: bytes) -> dict[str, LineRequest]:
    return {line.request.line: line.request for line in lines_of(document)}


def request_of(document: bytes, line: str) -> LineRequest:
    """What decomposition needs to know of one line."""
    return _requests(document)[line]


def _named(product: _Product) -> tuple[str, ...]:
    """The installed products that an item names: the one it is about, and those named as parts of it."""
    found, ways = [], [product]
    while ways:
        each = ways.pop()
        if each.id:
            found.append(each.id)
        ways.extend(reversed(each.product))
    return tuple(dict.fromkeys(found))
