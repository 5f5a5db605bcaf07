"""Names that stand twice in one JSON object: most readers silently take the last, so another one may see another order.

Finding them takes a second reading. Counting tells most bodies apart from those that need it: what a reader drops has
a colon at least.
"""

import json
from collections.abc import Iterator
from typing import Any

from gateway.tmf.parts import TEXT_ID_LENGTH_MAX
from gateway.violations import Violation, pointer_of

_MESSAGE = "stands more than once in its object; only one of them can be meant"


class _Noted(dict[str, Any]):
    """An object that remembers the names it was given more than once."""

    repeated: tuple[str, ...]


def may_repeat(raw: bytes, kept: bytes) -> bool:
    """Whether a name may stand twice in ``raw``; ``kept`` is what was read of it, as JSON without blanks.

    False is certain: a colon of ``raw`` is kept, or was dropped, or is written as an escape.
    """
    escaped = raw.count(b"\\u003") if b"\\" in raw else 0
    return raw.count(b":") + escaped > kept.count(b":")


def repeated_names(raw: bytes) -> Iterator[Violation]:
    """A violation for each, in a body or line that is a product order, or has one beside its key."""
    body = json.loads(raw, object_pairs_hook=_object)
    ways: list[tuple[str, Any]] = [("", body)]
    if isinstance(body.get("productOrder"), dict):
        # Pointers lead into the order, as all others do.
        ways = [("", body["productOrder"])]
        yield from (_violation("", name) for name in getattr(body, "repeated", ()))
    while ways:
        pointer, value = ways.pop()
        if isinstance(value, dict):
            yield from (_violation(pointer, name) for name in getattr(value, "repeated", ()))
            ways.extend((_below(pointer, name), inner) for name, inner in value.items())
        elif isinstance(value, list):
            ways.extend((f"{pointer}/{index}", inner) for index, inner in enumerate(value))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    noted, seen = _Noted(plain), set()
    noted.repeated = tuple(
        dict.fromkeys(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    )
    return noted


def _below(pointer: str, name: str) -> str:
    """The pointer of a member; it does not repeat an over-long name and then ends at the object around it."""
    return pointer + (pointer_of(name) if len(name) <= TEXT_ID_LENGTH_MAX else "")


def _violation(pointer: str, name: str) -> Violation:
    return Violation(_below(pointer, name), "repeated-name", _MESSAGE)
