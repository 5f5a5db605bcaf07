"""How an order reserves the shared services that its lines refer to, and what its lines do to them.

An order asks for them one after the other in the order of their ids, and has each for all of its lines at once. A line
asks once it can start; one that waits for other lines asks with them, unless one of those waits for an installed
product first: whoever has a shared service must never wait for one who may wait for it.
"""

from collections.abc import Iterable

import msgspec

from actors.behaviour import Decision, refused
from actors.claims import Reservations
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
    """Ask for what comes next, or let the lines grow that have all they need."""
    ready = [line for line in reservations.growing if _may_ask(group, reservations, line)]
    wanted = {
        id_: claim for id_, claim in reservations.shared.items() if not set(claim.lines).isdisjoint(ready)
    }
    if not ready or any(claim.asked and not claim.granted for claim in reservations.shared.values()):
        return Decision()
    asking = sorted(id_ for id_, claim in wanted.items() if not claim.granted)
    if asking:
        claim = wanted[asking[0]]
        message = ReserveShared(group.order.id, claim.specification, claim.sharing_key)
        return Decision([SharedClaimed(asking[0])], sends=[(asking[0], message)])
    later = {line for claim in reservations.shared.values() for line in claim.later}
    lines = tuple(line for line in ready if line not in later)
    if not lines:
        return Decision()
    return Decision([SharedReady(lines)], [(DECOMPOSITION, Grow(lines)), (LINES, RollUp(lines))])


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
