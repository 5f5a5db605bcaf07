"""How an order group looks in TMF622 v4 or TMF641 v4.1: the document that was sent, with what the server knows over it.

Lossy where TMF622 v4 lacks a word: an item that is ``partial`` shows as ``failed`` (v4 items have no partial), a draft
is not shown at all. It has no error messages, so what went wrong stands as notes on the order; in TMF641 as messages.
Source: TMF622 v4.0 ProductOrder, ProductOrderItem, Note; TMF641 v4.1 ServiceOrder, ServiceOrderErrorMessage.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from actors.group import OrderGroup
from actors.line import Line
from actors.product_id import product_id
from actors.states import FINAL, State
from actors.waiting import Reason, waits_for
from catalog.policies.priority import tmf_priority
from gateway.tmf.shapes import PRODUCT, SERVICE, Shape, shape_of

NOTE_AUTHOR = "Orderloom"

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def instant_text(at: int) -> str:
    """Milliseconds since 1970 UTC as RFC 3339 text in UTC."""
    text = datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{at % 1000:03d}Z"


def visible(group: OrderGroup | None) -> bool:
    """Whether TMF622 v4 has a word for where the order stands."""
    return group is not None and group.order.submitted and group.order.state is not State.DRAFT


def product_order(group: OrderGroup, href: str, now: int) -> dict[str, Any]:
    """The order as it is, ready for JSON. ``now`` (ms since 1970 UTC) is what waiting is reckoned against."""
    order = group.order
    shape = shape_of(order.id)
    shown = created(order.document, order.id, href, order.state, order.order_date, shape)
    if order.completed_at:
        shown["completionDate"] = instant_text(order.completed_at)
    if group.urgency is not None:
        shown["priority"] = tmf_priority(group.urgency.priority)
    _set_item_states(shown, group.lines, shape)
    if shape is SERVICE:
        messages = [_error_message(each) for each in _troubles(group)]
        if messages:
            shown["errorMessage"] = messages
    elif notes := [*shown.get("note", ()), *error_notes(group)]:
        shown["note"] = notes
    if order.state not in FINAL:
        report = waits_for(group, now)
        reasons = [_reason(each) for each in report.reasons]
        if reasons:
            shown["waitsFor"] = reasons
    return shown


def created(
    document: bytes, order: str, href: str, state: str, order_date: int, shape: Shape = PRODUCT
) -> dict[str, Any]:
    """The order at the moment of its creation: every item stands where the order stands."""
    shown = _decode(document)
    shown["id"] = order
    shown["href"] = href
    shown["state"] = str(state)
    shown["orderDate"] = instant_text(order_date)
    shown.setdefault("@type", shape.base_type)
    for item in _items(shown, shape):
        item["state"] = str(state)
        if item["action"] == "add":
            # Known from now on, so that a later order can change what this one makes.
            item.setdefault(shape.subject, {})["id"] = product_id(order, item["id"])
    return shown


def item_state(line: Line) -> str:
    """A line's state in the words of TMF622 v4."""
    return "failed" if line.state is State.PARTIAL else str(line.state)


def selected(shown: dict[str, Any], fields: frozenset[str] | None) -> dict[str, Any]:
    """The asked attributes; ``id`` always, ``href`` only when asked for. None selects everything."""
    if fields is None:
        return shown
    return {name: value for name, value in shown.items() if name in fields or name == "id"}


def error_notes(group: OrderGroup) -> list[dict[str, Any]]:
    """What stands in the way of the order, as notes."""
    return [note(each.key, each.at, trouble(each.code, each.sentence)) for each in _troubles(group)]


def note(key: str, at: int, text: str) -> dict[str, Any]:
    """A note by Orderloom; ``key`` makes its id, so that the same trouble is the same note."""
    return {"id": f"orderloom:{key}", "author": NOTE_AUTHOR, "date": instant_text(at), "text": text}


class _Trouble(msgspec.Struct, frozen=True):
    """Something that went wrong. ``key`` names it, ``line`` is the item it happened to, if it was one."""

    key: str
    at: int
    code: str
    sentence: str
    line: str = ""


def _troubles(group: OrderGroup) -> Iterator[_Trouble]:
    order = group.order
    if order.reason:
        yield _Trouble("order", order.since, order.code, order.reason)
    for line in group.lines.values():
        if line.reason:
            yield _Trouble(
                f"item:{line.id}", line.since, line.code, f"item {line.id}: {line.reason}", line.id
            )
        elif line.state is State.HELD and line.points is not None and State.HELD in line.points.why:
            code, sentence = line.points.why[State.HELD]
            yield _Trouble(f"item:{line.id}", line.since, code, f"item {line.id}: {sentence}", line.id)
    for task in group.orchestration.tasks.values():
        if task.message and task.state in (State.HELD, State.PENDING, State.FAILED):
            sentence = f"task {task.key} ({task.name}): {task.message}"
            yield _Trouble(f"task:{task.key}", task.since, task.code, sentence, line_of_task(task.key))


def line_of_task(task: str) -> str:
    """The order item a task works for: task keys are ``<item>.<domain order>.<task>``."""
    return task.rsplit(".", 2)[0]


def _error_message(problem: _Trouble) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "code": problem.code,
        "message": problem.sentence,
        "timestamp": instant_text(problem.at),
    }
    if problem.line:
        # The schema asks for an `id` that the description of the reference does not know.
        shown["serviceOrderItem"] = [{"id": problem.line, "itemId": problem.line}]
    return shown


def trouble(code: str, sentence: str) -> str:
    """A note's text: the stable code first, where there is one."""
    return f"{code}: {sentence}" if code else sentence


def _set_item_states(shown: dict[str, Any], lines: dict[str, Line], shape: Shape) -> None:
    for item in _items(shown, shape):
        line = lines.get(item["id"])
        if line is not None:
            item["state"] = item_state(line) if shape is PRODUCT else str(line.state)


def _items(shown: dict[str, Any], shape: Shape) -> Iterator[dict[str, Any]]:
    name = shape.items
    ways = list(shown[name])
    while ways:
        item = ways.pop()
        yield item
        ways.extend(item.get(name, ()))


def _reason(reason: Reason) -> dict[str, Any]:
    shown = {"kind": str(reason.kind), "sentence": reason.sentence, "at": reason.at}
    if reason.since:
        shown["since"] = instant_text(reason.since)
    if reason.until:
        shown["until"] = instant_text(reason.until)
    return shown
