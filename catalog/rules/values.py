"""CEL's operators and functions on known values, with numbers of one kind.

Integers and fractions compare and compute with each other; `/` divides exactly, `%` wants whole numbers. Values of
different kinds are unequal, and true is not 1. A value that does not apply equals only its like, and is neither
below nor above anything. All of these raise ValueError with a sentence; `catalog.rules.evaluation` makes it an outcome.
"""

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from typing import Any

from catalog.rules.outcome import is_not_applicable

NUMBERS = (int, float)
TEXT_LENGTH_MAX = 10_000
_ORDERED = (str, datetime, timedelta, bool)
_DURATION = re.compile(r"([+-]?)((?:\d+(?:\.\d+)?(?:h|ms|m|s|us|ns))+)")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)")
_DURATION_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


def kind_of(value: Any) -> str:
    """What a value is, in words for a sentence."""
    if value is None:
        return "null"
    if is_not_applicable(value):
        return "not applicable"
    for types, name in _KINDS:
        if isinstance(value, types):
            return name
    return type(value).__name__


_KINDS: tuple[tuple[Any, str], ...] = (
    (bool, "boolean"),
    (NUMBERS, "number"),
    (str, "text"),
    (datetime, "timestamp"),
    (timedelta, "duration"),
    (list, "list"),
    (Mapping, "map"),
)


def shown(value: Any) -> str:
    """A value with its kind, short enough for a sentence."""
    text = value.isoformat() if isinstance(value, datetime) else repr(value)
    return f"{kind_of(value)} {text if len(text) <= 60 else text[:57] + '...'}"


def equal(left: Any, right: Any) -> bool:
    """CEL's `==`: between kinds it is false, lists and maps compare by their elements."""
    kind = type(left)
    if kind is bool or type(right) is bool:
        return kind is type(right) and left == right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    return bool(left == right)


def unequal(left: Any, right: Any) -> bool:
    """CEL's `!=`."""
    return not equal(left, right)


def _comparison(name: str, compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(left: Any, right: Any) -> bool:
        if (type(left) in NUMBERS and type(right) in NUMBERS) or (
            type(left) is type(right) and isinstance(left, _ORDERED)
        ):
            return compare(left, right)
        if is_not_applicable(left) or is_not_applicable(right):
            return False
        raise ValueError(f"{shown(left)} {name} {shown(right)} compares different kinds")

    return compared


def _number(value: Any, name: str) -> Any:
    if type(value) not in NUMBERS:
        raise ValueError(f"{name} wants a number, not {shown(value)}")
    return value


def _finite(value: Any) -> Any:
    if type(value) is float and not isfinite(value):
        raise ValueError("the result is no finite number")
    return value


def _add(left: Any, right: Any) -> Any:
    kinds = type(left), type(right)
    if kinds[0] in NUMBERS and kinds[1] in NUMBERS:
        return _finite(left + right)
    if kinds in ((str, str), (list, list)):
        if len(left) + len(right) > TEXT_LENGTH_MAX:
            raise ValueError(f"the result of + is longer than {TEXT_LENGTH_MAX}")
        return left + right
    if kinds in ((datetime, timedelta), (timedelta, datetime), (timedelta, timedelta)):
        return left + right
    raise ValueError(f"{shown(left)} + {shown(right)} cannot be added")


def _subtract(left: Any, right: Any) -> Any:
    kinds = type(left), type(right)
    if kinds in ((datetime, timedelta), (datetime, datetime), (timedelta, timedelta)):
        return left - right
    return _finite(_number(left, "-") - _number(right, "-"))


def _multiply(left: Any, right: Any) -> Any:
    product = _number(left, "*") * _number(right, "*")
    if type(product) is int and product.bit_length() > 256:
        raise ValueError("the result of * is too large")
    return _finite(product)


def _divide(left: Any, right: Any) -> Any:
    if _number(right, "/") == 0:
        raise ValueError(f"{shown(_number(left, '/'))} is divided by zero")
    quotient = _number(left, "/") / right
    return int(quotient) if quotient.is_integer() and abs(quotient) < 2**53 else quotient


def _whole(value: Any, name: str) -> int:
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is not int:
        raise ValueError(f"{name} wants a whole number, not {shown(value)}")
    return value


def _remainder(left: Any, right: Any) -> int:
    whole, divisor = _whole(left, "%"), _whole(right, "%")
    if divisor == 0:
        raise ValueError(f"{shown(left)} % 0 is divided by zero")
    remainder = abs(whole) % abs(divisor)  # CEL's remainder has the sign of what is divided
    return remainder if whole >= 0 else -remainder


def _minus(value: Any) -> Any:
    return -value if type(value) is timedelta else -_number(value, "-")


def _contained(value: Any, container: Any) -> bool:
    if isinstance(container, list):
        return any(equal(value, each) for each in container)
    if isinstance(container, Mapping):
        return isinstance(value, str) and value in container
    raise ValueError(f"in wants a list or a map, not {shown(container)}")


def at_index(container: Any, key: Any) -> Any:
    """`container[key]` of a list."""
    if not isinstance(container, list):
        raise ValueError(f"[] wants a list or a map, not {shown(container)}")
    index = _whole(key, "[]")
    if not 0 <= index < len(container):
        raise ValueError(f"index {index} is outside a list of {len(container)}")
    return container[index]


def _size(value: Any) -> int:
    if is_not_applicable(value) or not isinstance(value, str | list | Mapping):
        raise ValueError(f"size wants a text, list or map, not {shown(value)}")
    return len(value)


def _on_text(name: str, function: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def called(value: Any, argument: Any) -> bool:
        if type(value) is not str or type(argument) is not str:
            raise ValueError(f"{name} wants two texts, not {shown(value)} and {shown(argument)}")
        return function(value, argument)

    return called


def matched(search: Callable[[str], Any], value: Any) -> bool:
    """Whether a compiled pattern is found in a text."""
    if type(value) is not str:
        raise ValueError(f"matches wants a text, not {shown(value)}")
    return search(value) is not None


def _int(value: Any) -> int:
    try:
        if type(value) is datetime:
            return int(value.timestamp())
        if type(value) in (int, float, str):
            return int(value)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"int cannot make a whole number of {shown(value)}")


def _double(value: Any) -> int | float:
    try:
        if type(value) in NUMBERS:
            return value  # type: ignore[no-any-return]
        if type(value) is str:
            number: float = _finite(float(value))
            return int(number) if number.is_integer() and abs(number) < 2**53 else number
    except ValueError:
        pass
    raise ValueError(f"double cannot make a number of {shown(value)}")


def _string(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is float and value.is_integer():
        return str(int(value))
    if type(value) in NUMBERS:
        return str(value)
    if type(value) is datetime:
        return value.isoformat().replace("+00:00", "Z")
    if type(value) is timedelta:
        return f"{value.total_seconds():g}s"
    raise ValueError(f"string cannot make a text of {shown(value)}")


def _bool(value: Any) -> bool:
    if type(value) is bool:
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise ValueError(f"bool cannot make true or false of {shown(value)}")


def timestamp(value: Any) -> datetime:
    """An instant of an ISO 8601 date (its beginning in UTC) or dateTime with an offset."""
    if type(value) is datetime:
        return value
    if type(value) is date:
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    try:
        if type(value) is str:
            instant = datetime.fromisoformat(value)
            if len(value) == 10:
                return instant.replace(tzinfo=UTC)
            if instant.tzinfo is not None:
                return instant
    except ValueError:
        pass
    raise ValueError(f"{shown(value)} is neither a date nor a dateTime with an offset")


def _duration(value: Any) -> timedelta:
    if type(value) is timedelta:
        return value
    match = _DURATION.fullmatch(value) if type(value) is str else None
    if match is None:
        raise ValueError(f"duration wants a text like '1h30m', not {shown(value)}")
    seconds = sum(float(amount) * _DURATION_UNITS[unit] for amount, unit in _DURATION_PART.findall(match[2]))
    try:
        return timedelta(seconds=-seconds if match[1] == "-" else seconds)
    except OverflowError:
        raise ValueError(f"duration {value} is too long") from None


def _part(name: str, part: Callable[[datetime], int]) -> Callable[[Any], int]:
    def called(value: Any) -> int:
        if type(value) is not datetime:
            raise ValueError(f"{name} wants a timestamp, not {shown(value)}")
        return part(value.astimezone(UTC))

    return called


FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "_==_": (2, equal),
    "_!=_": (2, unequal),
    "_<_": (2, _comparison("<", operator.lt)),
    "_<=_": (2, _comparison("<=", operator.le)),
    "_>_": (2, _comparison(">", operator.gt)),
    "_>=_": (2, _comparison(">=", operator.ge)),
    "_in_": (2, _contained),
    "_+_": (2, _add),
    "_-_": (2, _subtract),
    "_*_": (2, _multiply),
    "_/_": (2, _divide),
    "_%_": (2, _remainder),
    "-_": (1, _minus),
    "size": (1, _size),
    "contains": (2, _on_text("contains", lambda value, part: part in value)),
    "startsWith": (2, _on_text("startsWith", str.startswith)),
    "endsWith": (2, _on_text("endsWith", str.endswith)),
    "int": (1, _int),
    "double": (1, _double),
    "string": (1, _string),
    "bool": (1, _bool),
    "timestamp": (1, timestamp),
    "duration": (1, _duration),
    "getFullYear": (1, _part("getFullYear", lambda at: at.year)),
    "getMonth": (1, _part("getMonth", lambda at: at.month - 1)),
    "getDate": (1, _part("getDate", lambda at: at.day)),
    "getDayOfMonth": (1, _part("getDayOfMonth", lambda at: at.day - 1)),
    "getDayOfWeek": (1, _part("getDayOfWeek", lambda at: at.isoweekday() % 7)),
    "getDayOfYear": (1, _part("getDayOfYear", lambda at: at.timetuple().tm_yday - 1)),
    "getHours": (1, _part("getHours", lambda at: at.hour)),
    "getMinutes": (1, _part("getMinutes", lambda at: at.minute)),
    "getSeconds": (1, _part("getSeconds", lambda at: at.second)),
    "getMilliseconds": (1, _part("getMilliseconds", lambda at: at.microsecond // 1000)),
}
"""Name (operators as in `catalog.rules.syntax.Call`) to number of arguments and function. Months, days of the month
and of the year count from 0, `getDate` from 1, days of the week from Sunday; all in UTC."""
