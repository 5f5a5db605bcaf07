"""Characteristics from located text: types, members, and all that bounds a value."""

import re
from typing import Any, cast

import msgspec

from catalog.characteristics import comparable, faults, fits_type
from catalog.draft import Draft
from catalog.located import Fields, Findings, Located
from catalog.model import (
    VALUE_TYPES,
    CharacteristicSpecification,
    RangeInterval,
    ValueRange,
    ValueType,
)
from catalog.rules.rule import COMBINATIONS, Combination

BOUNDED_TYPES = ("integer", "number", "date", "dateTime")
RANGE_INTERVALS: tuple[RangeInterval, ...] = ("closed", "open", "closedBottom", "closedTop")
MEMBERS_DEPTH_MAX = 8
UNBOUNDED = "unbounded"

_CHARACTERISTIC = (
    "valueType",
    "mandatory",
    "default",
    "allowedValues",
    "valueFrom",
    "valueTo",
    "ranges",
    "regex",
    "minCardinality",
    "maxCardinality",
    "configurable",
    "members",
    "element",
    "combine",
    "unitOfMeasure",
    "description",
)
_RANGE = ("valueFrom", "valueTo", "rangeInterval")


def read_characteristic(draft: Draft, owner: str, name: str, at: Located) -> CharacteristicSpecification:
    """One characteristic of a specification."""
    draft.places[("characteristic", owner, name)] = at
    return _characteristic(draft.findings, f"{owner}: characteristic {name}", name, at, 0)


def _characteristic(
    findings: Findings, what: str, name: str, at: Located, depth: int
) -> CharacteristicSpecification:
    fields = Fields(findings, at, what, _CHARACTERISTIC)
    value_type = cast(ValueType, fields.choice("valueType", VALUE_TYPES, "string", "unknown-value-type"))
    minimum, maximum = _cardinality(findings, what, value_type, fields)
    low, high = _bounds(findings, what, value_type, fields)
    characteristic = CharacteristicSpecification(
        name=name,
        value_type=value_type,
        mandatory=fields.flag("mandatory") or (minimum > 0 and maximum == 1),
        allowed_values=tuple(
            value
            for item in fields.items("allowedValues")
            if (value := typed_value(findings, what, value_type, item)) is not None
        ),
        value_from=low,
        value_to=high,
        regex=_regex(findings, what, value_type, fields),
        unit_of_measure=fields.text("unitOfMeasure") or None,
        description=fields.text("description"),
        ranges=_ranges(findings, what, value_type, fields),
        min_cardinality=0 if maximum == 1 and value_type != "array" else minimum,
        max_cardinality=maximum,
        configurable=not fields.has("configurable") or fields.flag("configurable"),
        members=_members(findings, what, value_type, fields, depth),
        element=_element(findings, what, value_type, fields, depth),
        combine=cast(Combination, fields.choice("combine", COMBINATIONS, "equal", "unknown-combination")),
    )
    return _with_default(findings, what, characteristic, fields)


def _cardinality(
    findings: Findings, what: str, value_type: ValueType, fields: Fields
) -> tuple[int, int | None]:
    """How many elements a value has: of an array by default any number, else one."""
    minimum = fields.count("minCardinality") or 0
    unbounded = fields.has("maxCardinality") and fields.text("maxCardinality") == UNBOUNDED
    maximum = None if unbounded else fields.count("maxCardinality")
    if maximum is None and not unbounded:
        maximum = None if value_type == "array" else 1
    if maximum is not None and (minimum > maximum or maximum == 0):
        message = f"{what}: minCardinality {minimum}, maxCardinality {maximum}"
        fix = f"make minCardinality <= maxCardinality and the latter at least 1, or `{UNBOUNDED}`"
        findings.report(fields.place("maxCardinality"), "cardinality-reversed", message, fix)
        return 0, None if value_type == "array" else 1
    return minimum, maximum


def _bounds(findings: Findings, what: str, value_type: ValueType, fields: Fields) -> tuple[Any, Any]:
    bounds: dict[str, Any] = {"valueFrom": None, "valueTo": None}
    for bound in bounds:
        if fields.has(bound):
            if value_type not in BOUNDED_TYPES:
                message = f"{what}: {bound} has no meaning for {value_type}"
                fix = f"remove it; {', '.join(BOUNDED_TYPES)} can be bounded"
                findings.report(fields.place(bound), "facet-not-applicable", message, fix)
            else:
                bounds[bound] = typed_value(findings, what, value_type, fields.place(bound))
    low, high = bounds["valueFrom"], bounds["valueTo"]
    if low is None or high is None or comparable(value_type, low) <= comparable(value_type, high):
        return low, high
    message = f"{what}: valueFrom {low} is above valueTo {high}"
    findings.report(fields.place("valueFrom"), "range-reversed", message, "exchange the two")
    return None, None


def _ranges(findings: Findings, what: str, value_type: ValueType, fields: Fields) -> tuple[ValueRange, ...]:
    ranges = []
    for number, entry in enumerate(fields.items("ranges"), 1):
        of = Fields(findings, entry, f"{what}: range {number}", _RANGE)
        interval = of.choice("rangeInterval", RANGE_INTERVALS, "closed", "unknown-range-interval")
        low, high = _bounds(findings, of.what, value_type, of)
        if low is None and high is None:
            if not of.has("valueFrom") and not of.has("valueTo"):
                findings.report(entry, "missing-field", f"{of.what} has no bound", "add `valueFrom: 1`")
            continue
        if low is not None and low == high and interval != "closed":
            message = f"{of.what}: from {low} to itself, yet not with both bounds"
            findings.report(entry, "range-empty", message, "write `rangeInterval: closed`")
            continue
        ranges.append(ValueRange(low, high, cast(RangeInterval, interval)))
    return tuple(ranges)


def _members(
    findings: Findings, what: str, value_type: ValueType, fields: Fields, depth: int
) -> tuple[CharacteristicSpecification, ...]:
    if not _nested(findings, what, value_type, "object", "members", fields, depth):
        return ()
    return tuple(
        _characteristic(findings, f"{what}: member {name}", name, entry, depth + 1)
        for name, entry in fields.entries("members").items()
    )


def _element(
    findings: Findings, what: str, value_type: ValueType, fields: Fields, depth: int
) -> CharacteristicSpecification | None:
    if not _nested(findings, what, value_type, "array", "element", fields, depth):
        return None
    return _characteristic(findings, f"{what}: element", "element", fields.place("element"), depth + 1)


def _nested(
    findings: Findings, what: str, value_type: ValueType, of: ValueType, name: str, fields: Fields, depth: int
) -> bool:
    if not fields.has(name):
        return False
    if value_type != of:
        message = f"{what}: {name} has no meaning for {value_type}"
        findings.report(fields.place(name), "facet-not-applicable", message, f"use valueType {of}")
        return False
    if depth >= MEMBERS_DEPTH_MAX:
        message = f"{what}: nested deeper than {MEMBERS_DEPTH_MAX} levels"
        findings.report(fields.place(name), "nested-too-deep", message, "flatten it")
        return False
    return True


def _with_default(
    findings: Findings, what: str, characteristic: CharacteristicSpecification, fields: Fields
) -> CharacteristicSpecification:
    if not fields.has("default"):
        return characteristic
    at = fields.place("default")
    default = whole_value(findings, what, characteristic, at)
    if default is None:
        return characteristic
    # What may not be configured is fixed by this very default, so it is measured by the rest.
    for _, sentence in faults(msgspec.structs.replace(characteristic, configurable=True), default):
        fix = "give a default that an order could state itself, or none"
        findings.report(at, "default-not-allowed", f"{what}: default: {sentence}", fix)
        return characteristic
    return msgspec.structs.replace(characteristic, default=default)


def whole_value(
    findings: Findings, what: str, characteristic: CharacteristicSpecification, at: Located
) -> Any:
    """A value with all its elements, typed as the characteristic says, or None after a finding."""
    if characteristic.max_cardinality == 1 or characteristic.value_type == "array":
        return typed_value(findings, what, characteristic.value_type, at)
    if not isinstance(at.value, list):
        message = f"{what}: {at.text!r} is no list, and the value is one of up to "
        message += str(characteristic.max_cardinality or "any number of") + " elements"
        findings.report(at, "value-of-wrong-type", message, "write a list: `default: [value]`")
        return None
    values = [typed_value(findings, what, characteristic.value_type, item) for item in at.value]
    return None if any(value is None for value in values) else values


def typed_value(findings: Findings, what: str, value_type: ValueType, at: Located) -> Any:
    """The value as its characteristic's type, or None after a finding."""
    scalar = not isinstance(at.value, dict | list)
    value = at.text if value_type in ("string", "date", "dateTime") and scalar else at.plain()
    if value_type == "integer" and type(value) is float and value.is_integer():
        value = int(value)
    if not fits_type(value_type, value):
        message = f"{what}: {value!r} is not of value type {value_type}"
        findings.report(
            at, "value-of-wrong-type", message, f"write a value of type {value_type}, or change valueType"
        )
        return None
    return value


def _regex(findings: Findings, what: str, value_type: ValueType, fields: Fields) -> str | None:
    regex = fields.text("regex") or None
    if regex is None:
        return None
    if value_type != "string":
        message = f"{what}: regex has no meaning for {value_type}"
        findings.report(
            fields.place("regex"), "facet-not-applicable", message, "remove it, or use valueType string"
        )
        return None
    try:
        re.compile(regex)
    except re.error as error:
        message = f"{what}: regex {regex!r} is no regular expression: {error}"
        findings.report(
            fields.place("regex"), "bad-regex", message, "correct the pattern; Python's `re` reads it"
        )
        return None
    return regex
