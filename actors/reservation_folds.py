"""The fold of what an order group has to do with installed products: one function per fact, in one table."""

from collections.abc import Callable
from typing import Any, Final

from actors.claims import Claim, Reservations, SharedClaim
from actors.events_of_products import (
    ClaimAsked,
    ClaimEnded,
    ClaimGranted,
    ClaimRefused,
    ClaimWaits,
    OriginTold,
    OriginWatched,
    ProductsClaimed,
    SharedAhead,
    SharedClaimed,
    SharedGranted,
    SharedLeft,
    SharedNeeded,
    SharedReady,
    SharedYielded,
)
from actors.folds_of_graph import fold_points, grow_no_more
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


def _needed(group: OrderGroup, event: SharedNeeded, at: int) -> None:
    reservations = _reservations(group)
    for each in event.shared:
        reservations.references[each.key] = (each.shared, each.specification, each.sharing_key)
        claim = reservations.shared.get(each.shared)
        if claim is None:
            claim = SharedClaim(each.specification, each.sharing_key, each.key, at, begun=False)
            reservations.shared[each.shared] = claim
        new = tuple(line for line in each.lines if line not in claim.lines and line not in claim.later)
        claim.later = (*claim.later, *new)
        claim.afresh = (*claim.afresh, *(line for line in new if line in each.afresh))
    for line in event.waiting:
        if line not in reservations.growing:
            reservations.growing = (*reservations.growing, line)
            group.order.asking += 1
            fold_points(group, line)


def _shared_claimed(group: OrderGroup, event: SharedClaimed, at: int) -> None:
    claim = _reservations(group).shared[event.shared]
    if not claim.asked:
        claim.asked, claim.since = True, at
    claim.pressing = claim.pressing or event.pressing
    claim.lines = (*claim.lines, *event.lines)
    claim.later = tuple(line for line in claim.later if line not in event.lines)


def _shared_ahead(group: OrderGroup, event: SharedAhead, at: int) -> None:
    _reservations(group).shared[event.shared].ahead = event.order


def _shared_granted(group: OrderGroup, event: SharedGranted, at: int) -> None:
    claim = _reservations(group).shared[event.shared]
    claim.granted, claim.picture, claim.ahead = True, event.picture, ""


def _shared_yielded(group: OrderGroup, event: SharedYielded, at: int) -> None:
    reservations = _reservations(group)
    claim = reservations.shared[event.shared]
    reservations.shared[event.shared] = _anew(claim, at, (*claim.lines, *claim.later))


def _shared_ready(group: OrderGroup, event: SharedReady, at: int) -> None:
    for claim in _reservations(group).shared.values():
        claim.begun = claim.begun or any(line in claim.lines for line in event.lines)
    for line in event.lines:
        grow_no_more(group, line)


def _shared_left(group: OrderGroup, event: SharedLeft, at: int) -> None:
    reservations = _reservations(group)
    for shared in event.shared:
        claim = reservations.shared[shared]
        claim.lines = tuple(line for line in claim.lines if line != event.line)
        claim.later = tuple(line for line in claim.later if line != event.line)
        if not claim.lines and claim.later:
            reservations.shared[shared] = _anew(claim, at, claim.later)
        elif not claim.lines:
            del reservations.shared[shared]
    grow_no_more(group, event.line)


def _anew(claim: SharedClaim, at: int, later: tuple[str, ...]) -> SharedClaim:
    """The claim of lines that come to the service another time."""
    return SharedClaim(
        claim.specification,
        claim.sharing_key,
        claim.key,
        at,
        later=later,
        afresh=claim.afresh,
        begun=False,
    )


RESERVATION_FOLDS: Final[dict[type, Callable[[OrderGroup, Any, int], None]]] = {
    ProductsClaimed: _claimed,
    ClaimAsked: _asked,
    ClaimWaits: _waits,
    ClaimGranted: _granted,
    ClaimRefused: _refused,
    ClaimEnded: _ended,
    OriginWatched: _watched,
    OriginTold: _told,
    SharedNeeded: _needed,
    SharedClaimed: _shared_claimed,
    SharedAhead: _shared_ahead,
    SharedGranted: _shared_granted,
    SharedYielded: _shared_yielded,
    SharedReady: _shared_ready,
    SharedLeft: _shared_left,
}
