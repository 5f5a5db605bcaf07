"""What people say about orders in review, on its way in: who may speak, and whether what they fill in is right.

Values are judged at the door in the order that they would make, as a new order would be; whether the task is theirs and
the order still waits for it is decided where the order lives.
"""

from typing import Any, Final

import msgspec

from actors.captured import filled, misfits, price_overrides
from actors.group import OrderGroup
from actors.messages import RefusedReply
from actors.people import EVERY_GROUP
from catalog.commerce.order_lines import priced_lines
from catalog.model import Catalog
from catalog.pricing import price_order
from gateway.auth import OPERATOR, Principal
from gateway.context import Gateway
from gateway.decision_keys import Decision, keyed
from gateway.tmf.patching import settled
from gateway.tmf.shapes import shape_of
from gateway.violations import BadRequest, Violation, pointer_of
from gateway.wall_clock import now_ms
from runtime.errors import NotFound

_FORBIDDEN: Final = frozenset({"notInGroup", "notYours", "ownOrder"})
_WRONG: Final = frozenset({"notFilledIn", "badValue", "unknownFinding"})
_read: Final = msgspec.json.Decoder(dict[str, Any]).decode


def groups_of(principal: Principal) -> tuple[str, ...]:
    """The groups whose work a principal may do; an operator may do everybody's."""
    return (*principal.groups, EVERY_GROUP) if OPERATOR in principal.roles else principal.groups


def catalog_of(gateway: Gateway, group: OrderGroup) -> Catalog:
    """The version that an order keeps, or the current one where this gateway does not know that yet."""
    catalogs = gateway.runtime.catalogs
    known = group.order.catalog in catalogs.versions
    return catalogs.get(group.order.catalog) if known else catalogs.current


async def check_values(
    gateway: Gateway, principal: Principal, group: OrderGroup, values: dict[str, dict[str, Any]]
) -> None:
    """Pass over values that fit the order (:raises BadRequest: with every violation)."""
    if not values:
        return
    faults = [
        Violation(pointer_of("values", line), "unknown-line", f"the order has no line {line!r}")
        for line in values
        if line not in group.lines
    ]
    faults += [
        Violation(pointer_of("values", line, field), "wrong-shape", sentence)
        for line, field, sentence in misfits(values)
    ]
    if faults:
        raise BadRequest("invalidValues", "the values do not fit the order", faults)
    catalog = catalog_of(gateway, group)
    after = _read(filled(group.order.document, values))
    await gateway.reception_of(shape_of(group.order.id)).check(after, principal, catalog=catalog)
    overrides = price_overrides(values, principal.name, "", 0)
    if overrides:
        price = price_order(catalog, priced_lines(after), now_ms(), overrides)
        unknown = [each for line in price.lines for each in line.unused_overrides]
        if unknown:
            raise BadRequest(
                "invalidValues",
                "the values do not fit the order",
                [
                    Violation(
                        pointer_of("values", each.line, "price", each.price),
                        "unknown-price",
                        f"line {each.line} has no price {each.price!r} as it stands",
                    )
                    for each in unknown
                ],
            )


async def decide(
    gateway: Gateway, principal: Principal, order: str, message: Decision, given: str | None
) -> OrderGroup:
    """Let the order decide; the order as it stands then. ``given``: the principal's own key for the decision.

    :raises BadRequest: 400 for what was said wrongly, 403 for who may not say it, 412 for what is said of another
        version. :raises Refused: the order's state forbids it. :raises NotFound: there is no such order or task.
    """
    reply = await gateway.runtime.send(order, keyed(message, principal, given))
    if isinstance(reply, RefusedReply):
        if reply.code in _FORBIDDEN:
            raise BadRequest(reply.code, reply.message, status=403)
        if reply.code in _WRONG:
            raise BadRequest(reply.code, reply.message)
        if reply.code == "unknownTarget":
            raise NotFound(reply.message)
    settled(reply)
    return await gateway.group(order, principal)
