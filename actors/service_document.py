"""What the actors read of a service order's document: its items, flattened, with what decomposition needs.

Source: TMF641 v4.1 ``ServiceOrder_Create``. The document was checked at the door; here it is only read.
"""

from typing import Any

import msgspec

from actors.document_lines import CHANGING, SERVICE_DEPENDENCY_TYPES, DocumentLine, removed_by
from catalog.lines import LineRequest


class _Reference(msgspec.Struct):
    id: str = ""


class _Characteristic(msgspec.Struct):
    name: str
    value: Any = None


class _Service(msgspec.Struct):
    id: str = ""
    serviceSpecification: _Reference | None = None
    serviceCharacteristic: list[_Characteristic] = []


class _ItemRef(msgspec.Struct):
    itemId: str = ""


class _Relationship(msgspec.Struct):
    orderItem: _ItemRef
    relationshipType: str = ""


class _Item(msgspec.Struct):
    id: str
    action: str
    service: _Service
    quantity: int = 1
    remove: list[str] = []
    migrate: bool = False
    serviceOrderItem: list["_Item"] = []
    serviceOrderItemRelationship: list[_Relationship] = []


class _Document(msgspec.Struct):
    serviceOrderItem: list[_Item] = []


_read = msgspec.json.Decoder(_Document).decode


def service_lines(document: bytes) -> tuple[DocumentLine, ...]:
    """The order items of a service order, in document order, each nested item after its parent."""
    lines: list[DocumentLine] = []
    stack = [("", item) for item in reversed(_read(document).serviceOrderItem)]
    while stack:
        parent, item = stack.pop()
        related = item.serviceOrderItemRelationship if item.action != "noChange" else ()
        needs = dict.fromkeys(
            each.orderItem.itemId for each in related if each.relationshipType in SERVICE_DEPENDENCY_TYPES
        )
        specification = item.service.serviceSpecification
        request = LineRequest(
            line=item.id,
            action=item.action,
            specification=specification.id if specification is not None else None,
            quantity=item.quantity,
            characteristics={each.name: each.value for each in item.service.serviceCharacteristic},
            removed=removed_by(item.remove) if item.remove else (),
            migrate=item.migrate,
            products=(item.service.id,) if item.service.id and item.action in CHANGING else (),
        )
        lines.append(DocumentLine(parent, tuple(needs), request))
        stack.extend((item.id, nested) for nested in reversed(item.serviceOrderItem))
    return tuple(lines)
