"""TMF622 v4 and TMF641 v4.1 events, derived from the committed facts of a frame.

Nothing is looked up: the same frame always gives the same events in the same order, so that an event's place in its
frame names it for ever (``eventId`` is ``shard-position-n``). v4 has no error events, so trouble is a note and an
attribute value change. Source: TMF622 v4.0 (ProductOrderCreateEvent and its siblings; ``timeOcurred`` is spelled so).
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from actors.events import (
    DraftSubmitted,
    LinesMoved,
    OrderAnnotated,
    OrderChanged,
    OrderMoved,
    OrderSubmitted,
    TaskGivenUp,
    TaskHeld,
    TaskPending,
)
from actors.events_of_graph import HeldBackSet
from actors.lifting import decode_events
from actors.review_events import DetailsAdded, RequesterAsked
from actors.states import State
from gateway.json_answers import encode
from gateway.tmf.product_order import created, instant_text, line_of_task, note, trouble
from gateway.tmf.shapes import PRODUCT, SERVICE, Shape, shape_of
from runtime.journal.frames import decode_frame

CREATE: Final = "CreateEvent"
STATE_CHANGE: Final = "StateChangeEvent"
ATTRIBUTE_CHANGE: Final = "AttributeValueChangeEvent"
INFORMATION_REQUIRED: Final = "InformationRequiredEvent"
EVENT_TYPES: Final = tuple(
    shape.base_type + kind
    for shape in (PRODUCT, SERVICE)
    for kind in (CREATE, STATE_CHANGE, ATTRIBUTE_CHANGE, INFORMATION_REQUIRED)
)

_decode = msgspec.json.decode
_Payload = tuple[str, dict[str, Any], str]
"""(event type without the order's, order as the event shows it, field path)"""


class OrderNotice(msgspec.Struct, frozen=True):
    """One TMF event. ``number`` counts from 1 in its frame; ``state`` is the order's, where the event tells it."""

    number: int
    order: str
    event_type: str
    state: str
    body: bytes
    """The event as JSON, on one line."""


def notices_of(shard: int, position: int, frame: bytes, href: Callable[[str], str]) -> list[OrderNotice]:
    """The TMF events of one frame, in the order in which their facts were decided.

    :raises runtime.journal.faults.JournalDamaged: the bytes are no frame.
    """
    notices: list[OrderNotice] = []
    for record in decode_frame(frame).records:
        if not record.group.startswith("o"):
            continue  # another kind of group: its events belong to another API
        shape = shape_of(record.group)
        for fact in decode_events(record.events):
            for event_type, shown, field_path in _payloads(
                fact, record.group, record.at, href(record.group), shape
            ):
                number = len(notices) + 1
                named = shape.base_type + event_type
                body = _envelope(f"{shard}-{position}-{number}", named, record.at, shown, field_path, shape)
                notices.append(OrderNotice(number, record.group, named, shown.get("state", ""), body))
    return notices


def _payloads(fact: Any, order: str, at: int, href: str, shape: Shape) -> Iterator[_Payload]:
    kind = type(fact)
    if kind is OrderSubmitted:
        if fact.state is not State.DRAFT:
            yield CREATE, created(fact.document, order, href, fact.state, at, shape), ""
        return
    if kind is DraftSubmitted:
        yield CREATE, created(fact.document, order, href, State.ACKNOWLEDGED, at, shape), ""
        return
    shown: dict[str, Any] = {"id": order, "href": href}
    if kind is OrderMoved:
        shown["state"] = str(fact.state)
        if fact.state is State.COMPLETED:
            shown["completionDate"] = instant_text(at)
        yield STATE_CHANGE, shown, ""
        if fact.reason:
            yield _noted(shown, "order", at, trouble(fact.code, fact.reason))
    elif kind is OrderChanged or kind is OrderAnnotated:
        document, names = _decode(fact.document), _attributes(fact.changed)
        now = {name: document[name] for name in names if name in document}
        yield ATTRIBUTE_CHANGE, {**shown, **now}, ",".join(names)
    elif kind is RequesterAsked:
        (_, asked, _) = _noted(shown, f"work:{fact.task}", at, f"informationRequired: {fact.reason}")
        yield INFORMATION_REQUIRED, asked, ",".join(_path_of_item(line, shape) for line in fact.lines)
    elif kind is HeldBackSet and fact.told:
        reminded = [
            f"{each.part.sentence}; reminded {each.times} time(s)"
            for each in fact.held
            if each.part.key in fact.told
            and each.part.reaction == "remind"
            and each.part.awaits == "requester"
        ]
        if reminded:
            text = f"informationRequired: item {fact.line}: {'; '.join(reminded)}"
            (_, asked, _) = _noted(shown, f"item:{fact.line}", at, text)
            yield INFORMATION_REQUIRED, asked, _path_of_item(fact.line, shape)
    elif kind is DetailsAdded:
        text = f"{fact.by} filled in {_filled_in(fact.values)}"
        yield _noted(shown, f"details:{at}", at, f"{text}: {fact.note}" if fact.note else text)
    elif kind is LinesMoved and fact.reason:
        for line in fact.lines:
            noted = _noted(shown, f"item:{line}", at, trouble(fact.code, f"item {line}: {fact.reason}"))
            # The reason of a pending item is a value that the requester is to give.
            pending = fact.state is State.PENDING
            yield (INFORMATION_REQUIRED, noted[1], _path_of_item(line, shape)) if pending else noted
    elif kind is TaskHeld:
        yield _noted(shown, f"task:{fact.task}", at, trouble(fact.code, f"task {fact.task}: {fact.message}"))
    elif kind is TaskGivenUp:
        yield _noted(shown, f"task:{fact.task}", at, f"task {fact.task} was given up: {fact.reason}")
    elif kind is TaskPending:
        text = trouble(fact.code, f"task {fact.task}: {fact.message}")
        (_, asked, _) = _noted(shown, f"task:{fact.task}", at, text)
        yield INFORMATION_REQUIRED, asked, _item_path(fact.task, shape)


def _attributes(pointers: tuple[str, ...]) -> list[str]:
    """The first-level attributes that changed, each once."""
    firsts = (pointer.split("/", 2)[1] for pointer in pointers)
    return list(dict.fromkeys(first.replace("~1", "/").replace("~0", "~") for first in firsts))


def _noted(shown: dict[str, Any], key: str, at: int, text: str) -> _Payload:
    return ATTRIBUTE_CHANGE, {**shown, "note": [note(key, at, text)]}, "note"


def _item_path(task: str, shape: Shape) -> str:
    """The order item a task works for, as a JSONPath."""
    return _path_of_item(line_of_task(task), shape)


def _path_of_item(item: str, shape: Shape) -> str:
    return f"$.{shape.items}[?(@.id=={encode(item).decode()})]"


def _filled_in(values: dict[str, dict[str, Any]]) -> str:
    return "; ".join(f"{', '.join(fields)} of item {line}" for line, fields in values.items())


def _envelope(
    event_id: str, event_type: str, at: int, shown: dict[str, Any], field_path: str, shape: Shape
) -> bytes:
    time = instant_text(at)
    event = {
        "eventId": event_id,
        "eventTime": time,
        "eventType": event_type,
        "timeOcurred": time,
        "correlationId": shown["id"],
        "domain": shape.domain,
        "id": shown["id"],
        "href": shown["href"],
        "event": {shape.resource: shown},
    }
    if field_path:
        event["fieldPath"] = field_path
    return encode(event)
