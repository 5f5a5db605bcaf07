"""The fold of the facts about compatibility, as in ``actors/folds.py``."""

from collections.abc import Callable
from typing import Any, Final

from actors.compatibility_events import (
    CheckDue,
    CustomerSearched,
    FindingsAccepted,
    LinesChecked,
    LinesWatched,
    ProductSeen,
    ProductsLookedFor,
)
from actors.compatibility_state import FAILED, OPEN, Compatibility, Seen
from actors.folds_of_graph import fold_points
from actors.states import FINAL
from actors.structure import OrderGroup


def _compatibility(group: OrderGroup) -> Compatibility:
    if group.compatibility is None:
        group.compatibility = Compatibility()
    return group.compatibility


def _watched(group: OrderGroup, event: LinesWatched, at: int) -> None:
    kept = _compatibility(group)
    for line in event.lines:
        kept.lines[line] = OPEN
        fold_points(group, line)


def _searched(group: OrderGroup, event: CustomerSearched, at: int) -> None:
    _compatibility(group).customer = event.customer


def _looked_for(group: OrderGroup, event: ProductsLookedFor, at: int) -> None:
    kept = _compatibility(group)
    for product in event.products:
        kept.looked_for[product] = at
    if event.again:
        kept.looked_again = at


def _seen(group: OrderGroup, event: ProductSeen, at: int) -> None:
    kept = _compatibility(group)
    kept.looked_for.pop(event.product, None)
    kept.seen[event.product] = Seen(event.state, event.picture)


def _due(group: OrderGroup, event: CheckDue, at: int) -> None:
    kept = _compatibility(group)
    for line in event.lines:
        kept.lines[line] = OPEN
        kept.due[line] = at
        fold_points(group, line)


def _checked(group: OrderGroup, event: LinesChecked, at: int) -> None:
    kept = _compatibility(group)
    found = {each.line for each in event.findings}
    for told, news in ((kept.findings, event.findings), (kept.overridden, event.overridden)):
        for id_ in [id_ for id_, each in told.items() if each.line in event.lines]:
            del told[id_]
        told.update({each.id: each for each in news})
    for line in event.lines:
        kept.due.pop(line, None)
        if group.lines[line].state in FINAL:
            kept.lines.pop(line, None)  # what is found now is only told
            continue
        if line in found and group.lines[line].action == "add":
            kept.lines[line] = FAILED
        else:
            kept.lines.pop(line, None)
        fold_points(group, line)


def _accepted(group: OrderGroup, event: FindingsAccepted, at: int) -> None:
    kept = _compatibility(group)
    del kept.lines[event.line]
    kept.accepted[event.line] = event.reason
    fold_points(group, event.line)


COMPATIBILITY_FOLDS: Final[dict[type, Callable[[OrderGroup, Any, int], None]]] = {
    LinesWatched: _watched,
    CustomerSearched: _searched,
    ProductsLookedFor: _looked_for,
    ProductSeen: _seen,
    CheckDue: _due,
    LinesChecked: _checked,
    FindingsAccepted: _accepted,
}
