"""Whether a value fits its characteristic: a fast yes or no, and the sentences when it is no."""

import re
from collections.abc import Callable
from datetime import date, datetime
from math import isfinite
from typing import Any

from catalog.model import CharacteristicSpecification, ValueType

Fault = tuple[str, str]


def fits_type(value_type: ValueType, value: Any) -> bool:
    """Whether a JSON value is of the TM Forum value type; dates are ISO 8601, dateTime with an offset."""
    return _TYPE_CHECKS[value_type](value)


def accepts(characteristic: CharacteristicSpecification) -> Callable[[Any], bool]:
    """A compiled yes-or-no check of one value; it agrees with `faults` being empty."""
    right_type = _TYPE_CHECKS[characteristic.value_type]
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


def faults(characteristic: CharacteristicSpecification, value: Any) -> tuple[Fault, ...]:
    """Every (code, sentence) that stands against the value; empty when it fits."""
    name, unit = characteristic.name, _unit(characteristic)
    if not fits_type(characteristic.value_type, value):
        article = "an" if characteristic.value_type[0] in "aio" else "a"
        found = [("wrong-type", f"{name} must be {article} {characteristic.value_type}, not {value!r}")]
        return tuple(found)
    found = []
    if characteristic.allowed_values and value not in characteristic.allowed_values:
        choices = ", ".join(str(allowed) for allowed in characteristic.allowed_values)
        found.append(("value-not-allowed", f"{name} {value!r} is not offered; choose one of {choices}{unit}"))
    if characteristic.value_from is not None and value < characteristic.value_from:
        found.append(("below-minimum", f"{name} {value} is below {characteristic.value_from}{unit}"))
    if characteristic.value_to is not None and value > characteristic.value_to:
        found.append(("above-maximum", f"{name} {value} is above {characteristic.value_to}{unit}"))
    if characteristic.regex is not None and re.fullmatch(characteristic.regex, value) is None:
        found.append(("pattern-mismatch", f"{name} {value!r} does not match {characteristic.regex}"))
    return tuple(found)


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
