"""Query parameters of TMF622 collections: filters, ``fields``, ``offset`` and ``limit``, every fault at once.

Source: TMF622 v4.0 (fields, offset, limit); the operators ``.gt .gte .lt .lte`` are the design guideline's (TMF630).
"""

import math
import re
from datetime import datetime
from typing import Final

import msgspec
from starlette.datastructures import QueryParams

from actors.states import PRODUCT_ORDER, State
from gateway.tmf.cursor import Cursor, read_cursor
from gateway.tmf.pages import AFTER
from gateway.tmf.parts import Instant
from gateway.violations import BadRequest, Violation
from runtime.limits import LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX

FILTERS: Final = ("state", "externalId", "relatedParty.id", "category")
"""Attributes a list can be filtered by; ``relatedParty.id`` is the party the order belongs to."""
_DATES: Final = ("orderDate.gt", "orderDate.gte", "orderDate.lt", "orderDate.lte")
_STATES: Final = frozenset(str(state) for state in PRODUCT_ORDER.states if state is not State.DRAFT)
_UNESCAPED_PLUS: Final = re.compile(r" (?=[0-9]{2}:[0-9]{2}$)")
_DIGITS: Final = re.compile(r"[0-9]{1,12}")


class OrderQuery(msgspec.Struct, frozen=True):
    """A list request. Dates are milliseconds since 1970 UTC: ``date_from <= order date < date_to``.

    With ``after`` the page begins there, and ``offset`` only tells how many stand before it.
    """

    filters: dict[str, str]
    date_from: int | None
    date_to: int | None
    offset: int
    limit: int
    fields: frozenset[str] | None
    after: Cursor | None = None


def read_query(parameters: QueryParams, *, cursors: bool = False) -> OrderQuery:
    """Read the parameters of a list.

    :param cursors: whether its pages may begin at a cursor.
    :raises BadRequest: with every parameter that is unknown, doubled or cannot be read.
    """
    faults: list[Violation] = []
    given: dict[str, str] = {}
    known = (*FILTERS, *_DATES, "fields", "offset", "limit", *((AFTER,) if cursors else ()))
    for name, value in parameters.multi_items():
        if name not in known:
            filters = ", ".join((*FILTERS, *_DATES))
            faults.append(Violation(f"?{name}", "unknown-filter", f"orders are filtered by {filters}"))
        elif name in given:
            faults.append(
                Violation(f"?{name}", "not-unique", "is given twice; several filters combine with AND")
            )
        given.setdefault(name, value)
    if "state" in given and given["state"] not in _STATES:
        message = f"{given['state']!r} is none of {', '.join(sorted(_STATES))}"
        faults.append(Violation("?state", "value-not-allowed", message))
    date_from, date_to = _dates(given, faults)
    query = OrderQuery(
        filters={name: given[name] for name in FILTERS if name in given},
        date_from=date_from,
        date_to=date_to,
        offset=count(given, "offset", 0, None, faults),
        limit=count(given, "limit", LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX, faults),
        fields=read_fields(parameters),
        after=_after(given, faults) if cursors else None,
    )
    if faults:
        raise BadRequest("invalidQuery", "the query cannot be answered", faults)
    return query


def _after(given: dict[str, str], faults: list[Violation]) -> Cursor | None:
    if AFTER not in given:
        return None
    try:
        return read_cursor(given[AFTER])
    except ValueError:
        message = "is no place in a list: take it as it stands in the `next` link of the page before"
        faults.append(Violation(f"?{AFTER}", "value-not-allowed", message))
        return None


def read_fields(parameters: QueryParams) -> frozenset[str] | None:
    """The first-level attributes that ``fields=`` asks for; None: all of them."""
    asked = parameters.get("fields")
    if asked is None:
        return None
    return frozenset(name.strip() for name in asked.split(",") if name.strip())


def _dates(given: dict[str, str], faults: list[Violation]) -> tuple[int | None, int | None]:
    lows: list[int] = []
    highs: list[int] = []
    for name in _DATES:
        if name not in given:
            continue
        try:
            # A client that forgets to escape the plus of an offset sends a blank.
            instant = msgspec.convert(_UNESCAPED_PLUS.sub("+", given[name]), Instant)
        except msgspec.ValidationError:
            message = "must be an RFC 3339 date-time with an offset, such as 2026-11-23T09:00:00Z"
            faults.append(Violation(f"?{name}", "date-time", message))
            continue
        below, above = _milliseconds(instant)
        operator = name.rpartition(".")[2]
        if operator in ("gt", "gte"):
            lows.append(below + 1 if operator == "gt" else above)
        else:
            highs.append(above if operator == "lt" else below + 1)
    return max(lows, default=None), min(highs, default=None)


def _milliseconds(instant: datetime) -> tuple[int, int]:
    """The whole milliseconds around an instant: the last not after it, the first not before it."""
    exact = instant.timestamp() * 1000
    nearest = round(exact)
    if abs(exact - nearest) < 0.0005:  # what a float leaves of microseconds
        return nearest, nearest
    return math.floor(exact), math.ceil(exact)


def count(
    given: dict[str, str], name: str, default: int, maximum: int | None, faults: list[Violation]
) -> int:
    """A count among the parameters, or its default; a fault where it is none."""
    text = given.get(name)
    if text is None:
        return default
    if _DIGITS.fullmatch(text) is None or (maximum is not None and int(text) > maximum):
        bounds = "a number from 0" + (f" to {maximum}" if maximum is not None else " on")
        faults.append(Violation(f"?{name}", "out-of-range", f"must be {bounds}"))
        return default
    return int(text)
