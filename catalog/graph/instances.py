"""Which of several instances stand when their number changes: whoever stands keeps its number for life."""

from collections.abc import Container, Mapping
from typing import Final, NamedTuple

from catalog.installed import InstalledNode
from catalog.rules.rule import Shrinking

ROOTS_SHRINK: Final[Shrinking] = "newest"
"""Which go of a product that was ordered several times, where the line does not name them: no relationship says so."""


class Standing(NamedTuple):
    """The instances that are to stand, by their numbers, and how many more must go that somebody has yet to name."""

    numbers: tuple[int, ...]
    unnamed: int = 0


def standing(
    stood: Mapping[int, InstalledNode], count: int, named: Container[str | int], rule: Shrinking
) -> Standing:
    """``count`` instances where ``stood`` are there by now, the lowest number first.

    :param named: ids and numbers of those that go first when there are to be fewer.
    :param rule: which go where too few are named.
    """
    if not stood:
        return Standing(tuple(range(1, count + 1)))
    if count >= len(stood):
        first = max(stood) + 1
        return Standing((*stood, *range(first, first + count - len(stood))))
    less = len(stood) - count
    going = [number for number, each in stood.items() if number in named or each.id in named][:less]
    lacking = less - len(going)
    if rule != "ask":
        left = [number for number in reversed(list(stood)) if number not in going]
        if rule == "idleFirst":
            left.sort(key=lambda number: stood[number].status != "idle")
        going += left[:lacking]
        lacking = 0
    return Standing(tuple(number for number in stood if number not in going), lacking)
