r"""Entries of the listing index: which orders have a value of an attribute, by order date.

An entry is ``attribute \0 value \0 <order date, 13 digits of ms> \0 <order id>``, compared byte by byte; all entries
of one attribute and value stand together, ordered by (order date, id). Values are escaped so that the separator
cannot occur in them and their order stays what it was: ``\0`` becomes ``\1\1``, ``\1`` becomes ``\1\2``.

Every order has one entry under :data:`EVERY` besides those of its attributes: the list without a filter.
"""

from typing import Final

import msgspec

from runtime.errors import invariant
from runtime.journal.contract import IndexQuery

EVERY: Final = ("every", "")
"""Attribute and value of the entry that each order has."""
DATE_MAX: Final = 9_999_999_999_999


class IndexEntry(msgspec.Struct, frozen=True):
    """One entry, taken apart. ``date`` is milliseconds since 1970 UTC."""

    attribute: str
    value: str
    date: int
    id: str


def entry(attribute: str, value: str, date: int, id: str) -> bytes:  # noqa: A002 - the order's own word
    """The bytes of an entry.

    :param date: order date in ms since 1970 UTC, 0 to the year 2286.
    """
    invariant(0 <= date <= DATE_MAX, f"an order date of 13 digits, not {date}")
    invariant("\0" not in id and "\0" not in attribute, "neither an order's id nor an attribute holds a NUL")
    return b"%b%013d\0%b" % (_head(attribute, value), date, id.encode())


def parse(data: bytes) -> IndexEntry:
    """An entry taken apart (:raises ValueError: for bytes that are none)."""
    attribute, value, date, identity = data.split(b"\0", 3)
    plain = value.replace(b"\1\1", b"\0").replace(b"\1\2", b"\1") if b"\1" in value else value
    return IndexEntry(attribute.decode(), plain.decode(), int(date), identity.decode())


def key_of(data: bytes) -> tuple[int, str]:
    """(order date, id) of an entry: what lists are sorted by. Cheaper than :func:`parse`."""
    _, _, date, identity = data.split(b"\0", 3)
    return int(date), identity.decode()


def prefix_range(
    attribute: str,
    value: str,
    date_from: int | None = None,
    date_to: int | None = None,
    after: tuple[int, str] | None = None,
    before: tuple[int, str] | None = None,
    since: tuple[int, str] | None = None,
) -> IndexQuery:
    """All entries of a value, optionally of ``date_from <= order date < date_to`` (ms since 1970 UTC).

    :param after: only what is listed after this (order date, id): how an ascending page goes on.
    :param before: only what is listed before it: how a descending page goes on.
    :param since: only this (order date, id) and what is listed after it.
    """
    head = _head(attribute, value)
    low = head if date_from is None else head + _date(date_from)
    high = head[:-1] + b"\1" if date_to is None else head + _date(date_to)
    if after is not None:
        # Nothing stands between an entry and the same with a NUL behind it.
        low = max(low, entry(attribute, value, *after) + b"\0")
    if since is not None:
        low = max(low, entry(attribute, value, *since))
    if before is not None:
        high = min(high, entry(attribute, value, *before))
    return IndexQuery(low, max(low, high))


def _head(attribute: str, value: str) -> bytes:
    plain = value.encode()
    if b"\0" in plain or b"\1" in plain:
        plain = plain.replace(b"\1", b"\1\2").replace(b"\0", b"\1\1")
    return b"%b\0%b\0" % (attribute.encode(), plain)


def _date(date: int) -> bytes:
    # A bound may lie outside of what an order's date can be; the range is the same.
    return b":" if date > DATE_MAX else b"%013d" % max(0, date)
