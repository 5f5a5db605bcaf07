"""Whether a value fits its characteristic: a fast yes or no, and the sentences when it is no."""

import re
from collections.abc import Callable
from datetime import date, datetime
from math import isfinite
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from catalog.model import CharacteristicSpecification, ValueRange, ValueType
from catalog.rules.outcome import is_not_applicable

Fault = tuple[str, str]


def fits_type(value_type: ValueType, value: Any) -> bool:
    """Whether a JSON value is of the TM Forum value type; dates are ISO 8601, dateTime with an offset."""
    return _TYPE_CHECKS[value_type](value)


def comparable(value_type: ValueType, value: Any) -> Any:
    """What a value of the type is ordered by: dateTimes by their instant, all others by themselves."""
    return datetime.fromisoformat(value) if value_type == "dateTime" else value


def accepts(characteristic: CharacteristicSpecification) -> Callable[[Any], bool]:
    """A compiled yes-or-no check of one value; it agrees with `faults` being empty."""
    right_type = _TYPE_CHECKS[characteristic.value_type]
    if not _simple(characteristic):
        return lambda value: not faults(characteristic, value)
    if characteristic.allowed_values:
        return _accepts_listed(characteristic, right_type)
    low, high = characteristic.value_from, characteristic.value_to
    pattern = re.compile(characteristic.regex) if characteristic.regex is not None else None
    if low is None and high is None and pattern is None:
        return right_type

    def check(value: Any) -> bool:
        return (
            right_type(value)
            and (low is None or value >= low)
            and (high is None or value <= high)
            and (pattern is None or pattern.fullmatch(value) is not None)
        )

    return check


def _simple(characteristic: CharacteristicSpecification) -> bool:
    """Whether one value of one type, with at most a list, two bounds or a pattern, is all there is to it."""
    return (
        characteristic.configurable
        and characteristic.max_cardinality == 1
        and characteristic.value_type not in ("object", "array")
        and not characteristic.ranges
        and (
            characteristic.value_type != "dateTime"
            or (characteristic.value_from is None and characteristic.value_to is None)
        )
    )


def faults(
    characteristic: CharacteristicSpecification, value: Any, name: str | None = None
) -> tuple[Fault, ...]:
    """Every (code, sentence) that stands against the value; empty when it fits.

    Sentences call it `name`, the characteristic's own when there is none. The mark of a value that does not apply
    fits whatever is not mandatory.
    """
    name = name or characteristic.name
    if is_not_applicable(value):
        if not characteristic.mandatory:
            return ()
        return (("not-applicable", f"{name} is mandatory, so it cannot be not applicable"),)
    if not characteristic.configurable and value != characteristic.default:
        fixed = "it is set by the catalog"
        if characteristic.default is not UNSET:
            fixed = f"it is always {characteristic.default!r}"
        return (("not-configurable", f"{name} cannot be chosen: {fixed}"),)
    return tuple(_faults(characteristic, name, value))


def _faults(characteristic: CharacteristicSpecification, name: str, value: Any) -> list[Fault]:
    """What stands against a value that an order calls `name`: its elements, its members, or itself."""
    if characteristic.max_cardinality == 1 or characteristic.value_type == "array":
        if not fits_type(characteristic.value_type, value):
            article = "an" if characteristic.value_type[0] in "aio" else "a"
            return [("wrong-type", f"{name} must be {article} {characteristic.value_type}, not {value!r}")]
        if characteristic.value_type == "array":
            return _array_faults(characteristic, name, value)
        return _element_faults(characteristic, name, value)
    if type(value) is not list:
        return [("wrong-type", f"{name} must be an array of {characteristic.value_type}, not {value!r}")]
    found = _count_faults(characteristic, name, value)
    single = replace(characteristic, max_cardinality=1)
    for index, element in enumerate(value):
        found += _faults(single, f"{name}[{index}]", element)
    return found


def _count_faults(characteristic: CharacteristicSpecification, name: str, value: list[Any]) -> list[Fault]:
    least, most = characteristic.min_cardinality, characteristic.max_cardinality
    if len(value) < least:
        return [("too-few-values", f"{name} has {len(value)} value(s), at least {least} are needed")]
    if most is not None and len(value) > most:
        return [("too-many-values", f"{name} has {len(value)} value(s), at most {most} are possible")]
    return []


def _array_faults(characteristic: CharacteristicSpecification, name: str, value: list[Any]) -> list[Fault]:
    found = _count_faults(characteristic, name, value)
    if characteristic.allowed_values:
        found += _element_faults(characteristic, name, value)
    if characteristic.element is not None:
        for index, element in enumerate(value):
            found += faults(characteristic.element, element, f"{name}[{index}]")
    return found


def _member_faults(
    characteristic: CharacteristicSpecification, name: str, value: dict[str, Any]
) -> list[Fault]:
    members = {each.name: each for each in characteristic.members}
    found: list[Fault] = []
    for member, part in value.items():
        specification = members.get(member)
        if specification is None:
            message = f"{name} has no member {member}; there are: {', '.join(members)}"
            found.append(("unknown-member", message))
        elif part is not None:
            found += faults(specification, part, f"{name}.{member}")
    for member, specification in members.items():
        if specification.mandatory and specification.default is UNSET and value.get(member) is None:
            found.append(("missing-member", f"{name}.{member} is mandatory"))
    return found


def _element_faults(characteristic: CharacteristicSpecification, name: str, value: Any) -> list[Fault]:
    """What stands against one value of the right type."""
    unit, kind = _unit(characteristic), characteristic.value_type
    found: list[Fault] = []
    listed = characteristic.allowed_values and value in characteristic.allowed_values
    if not listed and (characteristic.allowed_values or characteristic.ranges):
        ordered = comparable(kind, value)
        if not any(_lies_in(each, kind, ordered) for each in characteristic.ranges):
            choices = ", ".join(
                (*map(str, characteristic.allowed_values), *map(_range_text, characteristic.ranges))
            )
            found.append(
                ("value-not-allowed", f"{name} {value!r} is not offered; choose one of {choices}{unit}")
            )
    low, high = characteristic.value_from, characteristic.value_to
    if low is not None and comparable(kind, value) < comparable(kind, low):
        found.append(("below-minimum", f"{name} {value} is below {low}{unit}"))
    if high is not None and comparable(kind, value) > comparable(kind, high):
        found.append(("above-maximum", f"{name} {value} is above {high}{unit}"))
    if characteristic.regex is not None and re.fullmatch(characteristic.regex, value) is None:
        found.append(("pattern-mismatch", f"{name} {value!r} does not match {characteristic.regex}"))
    if kind == "object" and characteristic.members:
        found += _member_faults(characteristic, name, value)
    return found


def _lies_in(bounds: ValueRange, kind: ValueType, ordered: Any) -> bool:
    low = None if bounds.value_from is None else comparable(kind, bounds.value_from)
    high = None if bounds.value_to is None else comparable(kind, bounds.value_to)
    if low is not None and (ordered < low or (ordered == low and bounds.interval in ("open", "closedTop"))):
        return False
    return high is None or not (
        ordered > high or (ordered == high and bounds.interval in ("open", "closedBottom"))
    )


def _range_text(bounds: ValueRange) -> str:
    above = "above" if bounds.interval in ("open", "closedTop") else "from"
    below = "below" if bounds.interval in ("open", "closedBottom") else "to"
    low = "" if bounds.value_from is None else f"{above} {bounds.value_from}"
    high = "" if bounds.value_to is None else f"{below} {bounds.value_to}"
    return " ".join(part for part in (low, high) if part)


def _unit(characteristic: CharacteristicSpecification) -> str:
    return f" {characteristic.unit_of_measure}" if characteristic.unit_of_measure else ""


def _accepts_listed(
    characteristic: CharacteristicSpecification, right_type: Callable[[Any], bool]
) -> Callable[[Any], bool]:
    listed = characteristic.allowed_values
    try:
        hashed = frozenset(listed)
    except TypeError:  # objects and arrays are not hashable; they are few
        return lambda value: right_type(value) and not faults(characteristic, value)
    fitting = frozenset(value for value in hashed if not faults(characteristic, value))
    exact_types = {str: str, int: int}
    plain = exact_types.get(type(listed[0]))
    if characteristic.value_type in ("string", "integer") and plain is not None:
        # The exact type alone settles the common case; integral floats take the longer way.
        return lambda value: (
            value in fitting if type(value) is plain else right_type(value) and value in fitting
        )
    return lambda value: right_type(value) and value in fitting


def _is_string(value: Any) -> bool:
    return type(value) is str


def _is_integer(value: Any) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


def _is_number(value: Any) -> bool:
    return type(value) is int or (type(value) is float and isfinite(value))


def _is_boolean(value: Any) -> bool:
    return type(value) is bool


def _is_date(value: Any) -> bool:
    # The length keeps out ISO's basic and week forms, which sort differently from what a range compares.
    if type(value) is not str or len(value) != 10:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return value[4] == "-" and value[7] == "-"


def _is_date_time(value: Any) -> bool:
    if type(value) is not str or "T" not in value.upper():
        return False
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_object(value: Any) -> bool:
    return type(value) is dict


def _is_array(value: Any) -> bool:
    return type(value) is list


_TYPE_CHECKS: dict[ValueType, Callable[[Any], bool]] = {
    "string": _is_string,
    "integer": _is_integer,
    "number": _is_number,
    "boolean": _is_boolean,
    "date": _is_date,
    "dateTime": _is_date_time,
    "object": _is_object,
    "array": _is_array,
}
