"""How an order reserves the shared services that its lines refer to, and what its lines do to them.

An order asks for them one after the other in the order of their ids, and has each for all of its lines at once. A line
asks once it can start; one that waits for other lines asks with them, unless one of those waits for an installed
product first: whoever has a shared service must never wait for one who may wait for it.
"""

from collections.abc import Iterable

import msgspec

from actors.behaviour import Decision, refused
from actors.claims import Reservations, SharedClaim
from actors.events_of_products import (
    SharedAhead,
    SharedClaimed,
    SharedGranted,
    SharedLeft,
    SharedNeeded,
    SharedReady,
)
from actors.inside import DECOMPOSITION, LINES, ORDER, ROLL_UP, Grow, NeedShared, RollUp
from actors.messages_of_products import FoldShared, ReserveShared, SharedBusy, SharedReserved
from actors.shared_inventory import shared_change
from actors.states import FINAL
from actors.structure import OrderGroup
from catalog.store import Catalogs


def need(group: OrderGroup, reservations: Reservations, message: NeedShared) -> Decision:
    """Lines refer to shared services; those that may not ask yet are looked at again when they may."""
    shared = tuple(
        msgspec.structs.replace(
            each, lines=tuple(line for line in each.lines if _may_ask(group, reservations, line))
        )
        for each in message.shared
    )
    decision = Decision([SharedNeeded(tuple(each for each in shared if each.lines), message.waiting)])
    if message.waiting:
        decision.inside = [(LINES, RollUp(message.waiting)), (ORDER, ROLL_UP)]
    return decision


def hear(reservations: Reservations, message: SharedReserved | SharedBusy) -> Decision:
    """What a shared service answers."""
    claim = reservations.shared.get(message.shared)
    if claim is None or not claim.asked or claim.granted:
        # Every line that wanted it has ended meanwhile: whatever the order was given, it has given back.
        return refused("notAsked", f"the order does not wait for shared service {message.shared}")
    if isinstance(message, SharedBusy):
        return Decision([SharedAhead(message.shared, message.order)])
    return Decision([SharedGranted(message.shared, message.picture)])


def ask(group: OrderGroup, reservations: Reservations) -> Decision:
    """Let each line come to the next shared service it needs, and those grow that have all of theirs."""
    decision = Decision()
    coming: dict[str, list[str]] = {}
    whole: set[str] = set()
    for line in reservations.growing:
        if not _may_ask(group, reservations, line):
            continue
        needed = sorted(
            id_ for id_, each in reservations.shared.items() if line in (*each.lines, *each.later)
        )
        missing = next((id_ for id_ in needed if not _has(reservations.shared[id_], line)), "")
        if not missing:
            whole.add(line)
        elif line in reservations.shared[missing].later and reservations.shared[missing].take(line):
            coming.setdefault(missing, []).append(line)
    for id_, lines in coming.items():
        claim = reservations.shared[id_]
        joining = [line for line in lines if line not in claim.afresh]
        decision.events.append(SharedClaimed(id_, tuple(joining or lines)))
        if not claim.asked:
            message = ReserveShared(group.order.id, claim.specification, claim.sharing_key)
            decision.sends.append((id_, message))
    # Those who have a shared service together grow together, so that the one knows of the other.
    together = tuple(line for line in whole if _beside(reservations, line) <= whole)
    if together and not coming:
        lines_ = tuple(line for line in reservations.growing if line in together)
        decision.events.append(SharedReady(lines_))
        decision.inside = [(DECOMPOSITION, Grow(lines_)), (LINES, RollUp(lines_))]
    return decision


def _has(claim: SharedClaim, line: str) -> bool:
    return claim.granted and line in claim.lines


def _beside(reservations: Reservations, line: str) -> set[str]:
    """Lines that wait to grow and have something together with this one, directly or by way of others."""
    found, ways = {line}, [line]
    while ways:
        each = ways.pop()
        for claim in reservations.shared.values():
            if each in claim.lines:
                ways += [
                    other for other in claim.lines if other in reservations.growing and other not in found
                ]
                found.update(other for other in claim.lines if other in reservations.growing)
    return found


def leave(
    group: OrderGroup, reservations: Reservations, lines: Iterable[str], catalogs: Catalogs
) -> Decision:
    """Lines have ended: what each did to shared services, and those that no other line of the order needs."""
    decision = Decision()
    left = {id_: set(claim.lines) for id_, claim in reservations.shared.items()}
    for line in lines:
        mine = [id_ for id_, claim in reservations.shared.items() if line in (*claim.lines, *claim.later)]
        if not mine and line not in reservations.growing:
            continue
        released: list[str] = []
        for id_ in mine:
            claim = reservations.shared[id_]
            was = bool(left[id_])
            left[id_].discard(line)
            release = claim.asked and was and not left[id_]
            change = shared_change(group, line, id_, claim, catalogs) if claim.granted else None
            if release:
                released.append(id_)
            if release or change is not None:
                action = group.lines[line].action
                decision.sends.append((id_, FoldShared(group.order.id, line, action, change, release)))
        decision.events.append(SharedLeft(line, tuple(mine), tuple(released)))
    return decision


def _may_ask(group: OrderGroup, reservations: Reservations, line: str) -> bool:
    if group.lines[line].gate is None:
        return True
    seen: set[str] = set()
    ways = [line]
    while ways:
        for needed in group.lines[ways.pop()].needs:
            claim = reservations.claims.get(needed)
            if claim is not None and not claim.ended:
                return False
            if needed not in seen and group.lines[needed].state not in FINAL:
                seen.add(needed)
                ways.append(needed)
    return True
