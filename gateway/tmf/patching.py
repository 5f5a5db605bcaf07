"""A change of an order that was accepted: from a merge patch to the message that makes it, or every reason why not.

The patch is merged into the version that its author saw, and the whole is judged at the door as a new order would be.
Whether that version still stands is decided once more where the order lives, so that no change is lost between the two.
"""

from typing import Any

import msgspec

from actors.acceptance import ORDER_ACCEPTS, ORDER_BEGUN
from actors.changes import begun
from actors.group import OrderGroup
from actors.messages import AnnotateOrder, AnyReply, ChangeOrder, ChangeValues, Done, RefusedReply
from actors.order import VERSION_PASSED
from gateway.auth import Principal
from gateway.context import Gateway
from gateway.customer_products import with_customer
from gateway.door import heading_of, party_of_document
from gateway.identity import canonical, digest_of
from gateway.preconditions import passed
from gateway.repeated_names import may_repeat, repeated_names
from gateway.tmf.merge_patch import merged
from gateway.tmf.order_delta import FREE, Delta, delta_of
from gateway.tmf.shapes import Shape
from gateway.violations import BadRequest, Violation
from runtime.errors import NotFound, Refused

_decode = msgspec.json.decode


async def change(
    gateway: Gateway, principal: Principal, group: OrderGroup, base: int, raw: bytes, shape: Shape
) -> None:
    """Apply a merge patch to an order, whole or not at all; a patch that changes nothing is accepted.

    :raises BadRequest: 400 with every violation of the patch and of the order it would make; 412 when another version
        stands; 409 when work rests on what would change.
    :raises Refused: the order's state forbids any change.
    """
    order = group.order
    patch = gateway.door.read(raw)
    digest = digest_of(canonical(patch))
    if base == order.version - 1 and digest == order.change:
        return  # it came before, and its answer was lost
    if base != order.version:
        raise passed(order.id, order.version, base)
    after, faults = merge(_decode(order.document), patch, raw, shape)
    if faults:
        raise BadRequest("invalidPatch", "the patch cannot be applied", faults)
    # A remark is judged by the catalog that the order was accepted under, whatever has been published since.
    remark = begun(order) or patch.keys() <= FREE
    catalogs = gateway.runtime.catalogs
    pinned = catalogs.get(order.catalog) if remark and order.catalog in catalogs.versions else None
    checked = await gateway.reception_of(shape).check(after, principal, catalog=pinned)
    delta = delta_of(_decode(order.document), _decode(checked.document), shape, party_of_document)
    if not delta.pointers:
        return
    message: ChangeOrder | AnnotateOrder | ChangeValues
    if delta.free:
        message = AnnotateOrder(base, checked.document, digest, delta.pointers, principal.name)
    elif begun(order):
        if delta.fixed:
            raise _of_running_work(group, delta)
        values = {line: {**delta.given.get(line, {}), **delta.changed.get(line, {})} for line in delta.lines}
        message = ChangeValues(base, checked.document, digest, delta.pointers, values, principal.name)
    else:
        heading = heading_of(checked.form)
        message = ChangeOrder(
            base, checked.document, digest, checked.catalog, heading, delta.pointers, principal.name
        )
        if gateway.runtime.catalogs.get(message.catalog).customer_wide:
            message = await with_customer(gateway.runtime, order.id, message)
    settled(await gateway.runtime.send(order.id, message))


def merge(
    before: Any, patch: dict[str, Any], raw: bytes, shape: Shape
) -> tuple[dict[str, Any], list[Violation]]:
    """The document with the patch applied, and what is wrong with the patch itself."""
    after, faults = merged(before, patch, shape.items)
    if may_repeat(raw, canonical(patch)):
        faults.extend(repeated_names(raw))
    return after, faults


def settled(reply: AnyReply) -> None:
    """Pass over what is done (:raises BadRequest: 412. :raises Refused: :raises NotFound:)."""
    if isinstance(reply, Done):
        return
    assert isinstance(reply, RefusedReply)
    if reply.code == VERSION_PASSED:
        raise BadRequest(reply.code, reply.message, status=412)
    if reply.code == "unknownOrder":
        raise NotFound(reply.message)
    raise Refused(reply.code, reply.message)


def _of_running_work(group: OrderGroup, delta: Delta) -> Exception:
    order = group.order
    if (why := ORDER_ACCEPTS.refusal(AnnotateOrder, order.state, order.id)) is not None:
        return Refused(*why)
    message = "work rests on it: it cannot change any more by a patch of this order"
    return BadRequest(
        ORDER_BEGUN.code,
        ORDER_BEGUN.sentence.format(name=order.id, state=order.state),
        [Violation(pointer, "in-work", message) for pointer in delta.fixed],
        status=409,
    )
