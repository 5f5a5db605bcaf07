"""Everything that is wrong with an order, each fault with its JSON pointer: the thorough reader.

It runs only when the fast one (``product_order_form.py``, ``order_rules.py``) said no, looks at the decoded JSON as it
came, and goes on behind a fault wherever what it looks at is still there to be judged.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from actors.document_lines import DEPENDENCY_TYPES, SERVICE_DEPENDENCY_TYPES
from catalog.door import check_line
from catalog.lines import LineRequest
from catalog.model import LINE_ACTIONS, Catalog
from gateway.tmf.edge_models import edge_model
from gateway.tmf.order_rules import in_circle
from gateway.tmf.parts import Instant
from gateway.tmf.shapes import PRODUCT, SERVICE, Shape
from gateway.unnamed_lines import INSTALLED_ACTIONS
from gateway.violations import VIOLATIONS_MAX, Violation, pointer_of
from runtime.limits import ORDER_LINES_MAX

_WORDS: Final = {
    "missing": "missing",
    "literal_error": "value-not-allowed",
    "greater_than_equal": "below-minimum",
    "string_too_short": "too-short",
    "string_too_long": "too-long",
    "too_short": "too-short",
}


THOROUGH_OBJECTS_MAX: Final = 100_000
"""JSON objects in an order whose faults are all collected (some 10,000 lines). Collecting takes about 10 µs an object
and nothing else is served meanwhile, so that of a larger order only the first fault of form is told."""
_PLACE: Final = re.compile(r"^(.*) - at `\$(.*)`$", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[]+)|\[([0-9]+)\]")


def first_fault_of(error: msgspec.ValidationError) -> list[Violation]:
    """The one fault that the fast reader met, for an order that is too large to collect all."""
    told = _PLACE.match(str(error))
    sentence, place = (told[1], told[2]) if told else (str(error), "")
    pointer = pointer_of(*(name or index for name, index in _STEP.findall(place)))
    hint = "; the order is very large, so only its first fault is told"
    return [Violation(pointer, "malformed", sentence + hint)]


def faults_of(
    order: dict[str, Any], document: bytes, catalog: Catalog, at: int | None = None, shape: Shape = PRODUCT
) -> list[Violation]:
    """Every violation of form, then of the rules behind it; ``document`` is ``order`` as JSON."""
    found = _faults_of_form(document, shape)
    faulty = {violation.pointer for violation in found}
    rules = (fault for fault in _faults_of_rules(order, catalog, at, shape) if fault.pointer not in faulty)
    # One more than are shown, so that the answer can say that there are more.
    found.extend(islice(rules, max(0, VIOLATIONS_MAX + 1 - len(found))))
    return found


def rule_faults_of(
    order: dict[str, Any], catalog: Catalog, at: int | None = None, shape: Shape = PRODUCT
) -> list[Violation]:
    """The violations of the rules alone, for an order whose form is right."""
    return list(islice(_faults_of_rules(order, catalog, at, shape), VIOLATIONS_MAX + 1))


def _faults_of_form(document: bytes, shape: Shape) -> list[Violation]:
    form: type[msgspec.Struct] = shape.form
    try:
        edge_model(form).model_validate_json(document)
    except ValidationError as error:
        return [
            Violation(
                pointer_of(*fault["loc"]),
                _WORDS.get(fault["type"], "wrong-type" if fault["type"].endswith("_type") else fault["type"]),
                fault["msg"],
            )
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        ]
    return []


def _faults_of_rules(
    order: dict[str, Any], catalog: Catalog, at: int | None, shape: Shape
) -> Iterator[Violation]:
    start, completion = (
        _instant(order.get("requestedStartDate")),
        _instant(order.get("requestedCompletionDate")),
    )
    if start is not None and completion is not None and start > completion:
        yield Violation("/requestedStartDate", "after-completion", "is after requestedCompletionDate")
    items = list(_items(order, "", shape.items))
    if len(items) > ORDER_LINES_MAX:
        message = f"{len(items)} items, nested ones counted; an order has at most {ORDER_LINES_MAX}"
        yield Violation(pointer_of(shape.items), "too-many-items", message)
        return
    needs: dict[str, list[str]] = {}
    places: dict[str, str] = {}
    for pointer, item in items:
        id_ = item.get("id")
        if not isinstance(id_, str):
            continue
        if id_ in needs:
            yield Violation(
                f"{pointer}/id", "not-unique", f"item id {id_!r} is already used by {places[id_]}"
            )
            continue
        places[id_] = pointer
        needs[id_] = [
            nested["id"]
            for _, nested in _entries(item.get(shape.items), "")
            if isinstance(nested.get("id"), str)
        ]
    for pointer, item in items:
        yield from _faults_of_relations(pointer, item, needs, places, shape)
        yield from _faults_of_line(pointer, item, catalog, at, shape)
    stuck = in_circle(needs)
    for id_ in stuck:
        message = (
            f"item {id_} can never start: it waits, over other items, for itself or for a circle of items"
        )
        yield Violation(places[id_], "circle", message)


def _faults_of_relations(
    pointer: str, item: dict[str, Any], needs: dict[str, list[str]], places: dict[str, str], shape: Shape
) -> Iterator[Violation]:
    own = item.get("id")
    for place, relation in _entries(item.get(shape.relationships), f"{pointer}/{shape.relationships}"):
        where, other = f"{place}/id", relation.get("id")
        reference = relation.get("orderItem")
        if shape is SERVICE:
            where, other = f"{place}/orderItem/itemId", None
            if isinstance(reference, dict):
                other = reference.get("itemId")
                if reference.get("serviceOrderId"):
                    message = "an item relates to items of its own order; orders relate by orderRelationship"
                    yield Violation(f"{place}/orderItem/serviceOrderId", "other-order", message)
                    continue
        if not isinstance(other, str):
            continue
        if other not in places:
            yield Violation(where, "unknown-item", f"there is no item {other!r} in this order")
        elif isinstance(own, str) and places.get(own) == pointer and _depends(relation, shape):
            needs[own].append(other)


def _depends(relation: dict[str, Any], shape: Shape) -> bool:
    kind = relation.get("relationshipType")
    dependencies = SERVICE_DEPENDENCY_TYPES if shape is SERVICE else DEPENDENCY_TYPES
    return isinstance(kind, str) and kind in dependencies


def _faults_of_line(
    pointer: str, item: dict[str, Any], catalog: Catalog, at: int | None, shape: Shape
) -> Iterator[Violation]:
    raw_subject = item.get(shape.subject)
    subject: dict[str, Any] = raw_subject if isinstance(raw_subject, dict) else {}
    characteristics: dict[str, Any] = {}
    places: dict[str, str] = {}
    place_of_all = pointer + shape.characteristics_pointer
    for place, entry in _entries(subject.get(shape.characteristics), place_of_all):
        name = entry.get("name")
        if not isinstance(name, str):
            continue
        if name in characteristics:
            yield Violation(f"{place}/name", "not-unique", f"{name} is already given by {places[name]}")
            continue
        characteristics[name] = entry.get("value")
        places[name] = place
    action, quantity = item.get("action"), item.get("quantity", 1)
    for name in ("remove", "migrate"):
        if item.get(name) and not (action == "modify" and subject.get("id")):
            message = f"is said of a modify that names the installed {shape.subject} it is about"
            yield Violation(f"{pointer}/{name}", "not-applicable", message)
    offering = item.get(shape.offering) if shape.offering else None
    if offering is not None and not (isinstance(offering, dict) and isinstance(offering.get("id"), str)):
        return  # a fault of form, already told
    if (
        shape.must_name_what_changes
        and action in INSTALLED_ACTIONS
        and not (subject.get("id") or subject.get("href"))
    ):
        message = f"{action} must name the {shape.subject} that it is about"
        yield Violation(f"{pointer}/{shape.subject}/id", "missing", message)
    specification = subject.get(shape.specification)
    specification = specification.get("id") if isinstance(specification, dict) else None
    if not isinstance(specification, str) or (shape.offering and offering is None):
        specification = None
    request = LineRequest(
        line="",
        # A line whose action is no action is judged as a change, which asks least.
        action=action if isinstance(action, str) and action in LINE_ACTIONS else "modify",
        offering=offering["id"] if offering is not None else None,
        specification=specification,
        quantity=quantity if type(quantity) is int and quantity >= 1 else 1,
        characteristics=characteristics,
    )
    for fault in check_line(catalog, request, shape.kind, at):
        place = places.get(fault.characteristic or "", pointer + fault.pointer)
        yield Violation(place, fault.code, fault.message)


def _items(parent: dict[str, Any], pointer: str, items: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every item at any depth, each nested one after the item it is nested in."""
    for place, item in _entries(parent.get(items), f"{pointer}/{items}"):
        yield place, item
        yield from _items(item, place, items)


def _entries(array: Any, pointer: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(array, list):
        for index, entry in enumerate(array):
            if isinstance(entry, dict):
                yield f"{pointer}/{index}", entry


def _instant(value: Any) -> datetime | None:
    try:
        return msgspec.convert(value, Instant)
    except msgspec.ValidationError:
        return None  # absent, or a fault of form that is already told
