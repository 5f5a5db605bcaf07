"""The fold of what an order group has to do with installed products: one function per fact, in one table."""

from collections.abc import Callable
from typing import Any, Final

from actors.claims import Claim, Reservations
from actors.events import (
    ClaimAsked,
    ClaimEnded,
    ClaimGranted,
    ClaimRefused,
    ClaimWaits,
    OriginTold,
    OriginWatched,
    ProductsClaimed,
)
from actors.states import S
from actors.structure import OrderGroup


def _reservations(group: OrderGroup) -> Reservations:
    if group.reservations is None:
        group.reservations = Reservations()
    return group.reservations


def _claimed(group: OrderGroup, event: ProductsClaimed, at: int) -> None:
    claim = Claim(event.line, event.action, event.products, event.subject, at)
    _reservations(group).claims[event.line] = claim
    # Taken up like any other line; it is decomposed later.
    group.order.decomposed += 1


def _asked(group: OrderGroup, event: ClaimAsked, at: int) -> None:
    claim, line = _reservations(group).claims[event.line], group.lines[event.line]
    if not claim.asked:
        claim.asked = True
        group.order.asking += 1
    claim.since, claim.ahead = at, None
    line.gate, line.code, line.reason = None, "", ""


def _waits(group: OrderGroup, event: ClaimWaits, at: int) -> None:
    _reservations(group).claims[event.line].ahead = (event.order, event.ahead)


def _granted(group: OrderGroup, event: ClaimGranted, at: int) -> None:
    claim = _reservations(group).claims[event.line]
    claim.had = (*claim.had, event.product)
    claim.ahead = None
    if event.product == claim.subject:
        claim.picture, claim.offering, claim.quantity = event.picture, event.offering, event.quantity


def _refused(group: OrderGroup, event: ClaimRefused, at: int) -> None:
    claim, line = _reservations(group).claims[event.line], group.lines[event.line]
    claim.asked, claim.had, claim.picture, claim.ahead = False, (), None, None
    group.order.asking -= 1
    line.gate, line.code, line.reason = S.HELD, event.code, event.reason


def _ended(group: OrderGroup, event: ClaimEnded, at: int) -> None:
    claim = _reservations(group).claims[event.line]
    if claim.asked:
        claim.asked = False
        group.order.asking -= 1
    claim.ended, claim.had, claim.picture, claim.ahead = True, (), None, None


def _watched(group: OrderGroup, event: OriginWatched, at: int) -> None:
    reservations = _reservations(group)
    reservations.watched = (*reservations.watched, event.line)


def _told(group: OrderGroup, event: OriginTold, at: int) -> None:
    reservations = _reservations(group)
    reservations.watched = tuple(line for line in reservations.watched if line != event.line)


RESERVATION_FOLDS: Final[dict[type, Callable[[OrderGroup, Any, int], None]]] = {
    ProductsClaimed: _claimed,
    ClaimAsked: _asked,
    ClaimWaits: _waits,
    ClaimGranted: _granted,
    ClaimRefused: _refused,
    ClaimEnded: _ended,
    OriginWatched: _watched,
    OriginTold: _told,
}
