"""What two versions of an order differ in, sorted by what it means once work has begun.

A note, a description or a contact concerns no work. A characteristic that was not known yet may be given at any time,
one that was known is changed. Everything else can only change before the work begins.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from gateway.conflict import differences
from gateway.tmf.shapes import Shape

FREE: Final = frozenset({"note", "description", "notificationContact"})
"""Attributes of an order that no work reads."""
_PARTIES: Final = "relatedParty"


class Delta(msgspec.Struct, frozen=True):
    """How one version differs from the other. Pointers lead into the later one."""

    pointers: tuple[str, ...]
    """The places that differ, the first hundred of them; empty: nothing does."""
    given: dict[str, dict[str, Any]]
    """By line, values of characteristics that were not known before."""
    changed: dict[str, dict[str, Any]]
    """By line, values of characteristics that were others before; None: not known any more."""
    fixed: tuple[str, ...]
    """Places of what cannot change once work has begun."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines with values that were given or changed."""
        return tuple(dict.fromkeys((*self.given, *self.changed)))

    @property
    def free(self) -> bool:
        """Whether no work reads what differs."""
        return not (self.given or self.changed or self.fixed)


def delta_of(
    before: dict[str, Any], after: dict[str, Any], shape: Shape, party_of: Callable[[dict[str, Any]], str]
) -> Delta:
    """The difference of two well-formed orders. ``party_of`` tells whose an order is: contacts may change, it not."""
    pointers = tuple(each.pointer for each in differences(before, after))
    fixed = [
        each.pointer
        for name in sorted(before.keys() | after.keys())
        if name not in FREE
        and name != shape.items
        and before.get(name) != after.get(name)
        and not (name == _PARTIES and party_of(before) == party_of(after))
        for each in differences(_only(before, name), _only(after, name))
    ]
    given: dict[str, dict[str, Any]] = {}
    changed: dict[str, dict[str, Any]] = {}
    were = {item["id"]: item for _, item in _lines(before, shape, "")}
    for pointer, item in _lines(after, shape, ""):
        was = were.get(item["id"])
        if was is None:
            fixed.append(pointer)
            continue
        fixed += [pointer + each.pointer for each in differences(_rest(was, shape), _rest(item, shape))]
        old, new = values_of(was, shape), values_of(item, shape)
        for name in old.keys() | new.keys():
            value = new.get(name)
            if old.get(name) == value:
                continue
            (given if old.get(name) is None else changed).setdefault(item["id"], {})[name] = value
    return Delta(pointers, given, changed, tuple(fixed))


def values_of(item: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """The characteristics of an item by name."""
    return {
        each["name"]: each.get("value") for each in item.get(shape.subject, {}).get(shape.characteristics, ())
    }


def _only(order: dict[str, Any], name: str) -> dict[str, Any]:
    return {name: order[name]} if name in order else {}


def _rest(item: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """An item without its characteristics and without the items nested in it."""
    rest = {name: value for name, value in item.items() if name != shape.items}
    subject = rest.pop(shape.subject, {})
    rest[shape.subject] = {name: value for name, value in subject.items() if name != shape.characteristics}
    return rest


def _lines(parent: dict[str, Any], shape: Shape, pointer: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, item in enumerate(parent.get(shape.items, ())):
        place = f"{pointer}/{shape.items}/{index}"
        yield place, item
        yield from _lines(item, shape, place)
