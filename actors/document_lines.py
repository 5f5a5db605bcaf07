"""One line of an order's document, whatever kind of order it is."""

import msgspec

from catalog.lines import LineRequest


class DocumentLine(msgspec.Struct, frozen=True):
    """One order item, nested ones after the item they are nested in."""

    parent: str
    needs: tuple[str, ...]
    request: LineRequest


def removed_by(named: list[str]) -> tuple[str | int, ...]:
    """The instances that an item names to go: by their ids, or by their numbers; digits alone are no id."""
    return tuple([int(each) if each.isdecimal() and each.isascii() else each for each in named])


CHANGING = frozenset({"modify", "delete"})
"""Actions on what is installed: a line of one of them that names its product reserves it."""
DEPENDENCY_TYPES = frozenset({"dependsOn", "requires", "reliesOn"})
"""Item relationship types that make one line wait for the other's completion (TMF622 v5 names; v4 leaves them open)."""
SERVICE_DEPENDENCY_TYPES = DEPENDENCY_TYPES | {"dependency"}
"""The same for service orders, where TMF641 v4.1 has a name of its own."""
