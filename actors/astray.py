"""Service orders that stand where one that goes well never does: lists find their order by it.

What decomposition made has no entries of its own in the index; that would be some of them for every order and written
anew with its every step. An order whose service orders go from acknowledged to completed has none for them at all.
"""

from collections.abc import Iterable
from typing import Final

from actors.decomposition import Decomposition
from actors.states import S, State

STRAIGHT: Final = frozenset({S.ACKNOWLEDGED, S.IN_PROGRESS, S.COMPLETED})
"""The states of a service order that goes well."""
ATTRIBUTE: Final = "serviceOrder.state"
"""Attribute by which lists find orders that have service orders astray, whatever they were captured as."""


def book(decomposition: Decomposition, keys: Iterable[str], after: State | None) -> None:
    """Book the step that domain orders are about to take; None: they are dropped.

    Nothing can change, and nobody need ask, where none is astray and ``after`` is straight.
    """
    orders, astray = decomposition.domain_orders, decomposition.astray
    for key in keys:
        order = orders[key]
        if order.kind != "service":
            continue
        if order.state in astray:
            left = astray[order.state] - 1
            if left:
                astray[order.state] = left
            else:
                del astray[order.state]
        if after is not None and after not in STRAIGHT:
            astray[after] = astray.get(after, 0) + 1


def listed(decomposition: Decomposition) -> list[tuple[str, str]]:
    """The attributes by which lists find the order."""
    return [(ATTRIBUTE, str(state)) for state in decomposition.astray]
