"""How an order group looks in TMF622 v4: the document that was sent, with what the server knows laid over it.

Lossy where v4 lacks a word: an item that is ``partial`` shows as ``failed`` (v4 items have no partial), a draft is not
shown at all. v4 has no error messages, so what went wrong stands as notes on the order.
Source: TMF622 v4.0 ProductOrder, ProductOrderItem, Note.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from actors.group import OrderGroup
from actors.line import Line
from actors.states import FINAL, State
from actors.waiting import Reason, waits_for
from catalog.policies.priority import tmf_priority

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
    shown = created(order.document, order.id, href, order.state, order.order_date)
    if order.completed_at:
        shown["completionDate"] = instant_text(order.completed_at)
    if group.urgency is not None:
        shown["priority"] = tmf_priority(group.urgency.priority)
    _set_item_states(shown["productOrderItem"], group.lines)
    notes = [*shown.get("note", ()), *_notes(group)]
    if notes:
        shown["note"] = notes
    if order.state not in FINAL:
        report = waits_for(group, now)
        reasons = [_reason(each) for each in report.reasons]
        if reasons:
            shown["waitsFor"] = reasons
    return shown


def created(document: bytes, order: str, href: str, state: str, order_date: int) -> dict[str, Any]:
    """The order at the moment of its creation: every item stands where the order stands."""
    shown = _decode(document)
    shown["id"] = order
    shown["href"] = href
    shown["state"] = str(state)
    shown["orderDate"] = instant_text(order_date)
    shown.setdefault("@type", "ProductOrder")
    for item in _items(shown["productOrderItem"]):
        item["state"] = str(state)
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
    return list(_notes(group))


def note(key: str, at: int, text: str) -> dict[str, Any]:
    """A note by Orderloom; ``key`` makes its id, so that the same trouble is the same note."""
    return {"id": f"orderloom:{key}", "author": NOTE_AUTHOR, "date": instant_text(at), "text": text}


def _notes(group: OrderGroup) -> Iterator[dict[str, Any]]:
    order = group.order
    if order.reason:
        yield note("order", order.since, trouble(order.code, order.reason))
    for line in group.lines.values():
        if line.reason:
            yield note(f"item:{line.id}", line.since, trouble(line.code, f"item {line.id}: {line.reason}"))
    for task in group.orchestration.tasks.values():
        if task.message and task.state in (State.HELD, State.PENDING, State.FAILED):
            text = trouble(task.code, f"task {task.key} ({task.name}): {task.message}")
            yield note(f"task:{task.key}", task.since, text)


def trouble(code: str, sentence: str) -> str:
    """A note's text: the stable code first, where there is one."""
    return f"{code}: {sentence}" if code else sentence


def _set_item_states(items: list[dict[str, Any]], lines: dict[str, Line]) -> None:
    for item in _items(items):
        line = lines.get(item["id"])
        if line is not None:
            item["state"] = item_state(line)


def _items(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    ways = list(items)
    while ways:
        item = ways.pop()
        yield item
        ways.extend(item.get("productOrderItem", ()))


def _reason(reason: Reason) -> dict[str, Any]:
    shown = {"kind": str(reason.kind), "sentence": reason.sentence, "at": reason.at}
    if reason.since:
        shown["since"] = instant_text(reason.since)
    if reason.until:
        shown["until"] = instant_text(reason.until)
    return shown
