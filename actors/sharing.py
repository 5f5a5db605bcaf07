"""How an order reserves the shared services that its lines refer to, and what its lines do to them.

It has each for all of its lines at once (``actors/parties.py`` tells in which order it asks). A line asks once it can
start; one that waits for other lines asks with those that it shares something with, unless one of those waits for an
installed product first: whoever has a shared service must never wait for one who may wait for it.
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
from actors.messages_of_products import (
    FoldShared,
    ReserveShared,
    SharedBusy,
    SharedPressed,
    SharedReserved,
)
from actors.parties import has_all, may_ask, needed, parties
from actors.pressing import give_back, make_way, press, press_again, pressed, work_waits
from actors.shared_inventory import shared_change
from actors.structure import OrderGroup
from catalog.store import Catalogs


def need(group: OrderGroup, reservations: Reservations, message: NeedShared) -> Decision:
    """Lines refer to shared services; those that may not ask yet are looked at again when they may."""
    shared = tuple(
        msgspec.structs.replace(
            each, lines=tuple(line for line in each.lines if may_ask(group, reservations, line))
        )
        for each in message.shared
    )
    decision = Decision([SharedNeeded(tuple(each for each in shared if each.lines), message.waiting)])
    if message.waiting:
        decision.inside = [(LINES, RollUp(message.waiting)), (ORDER, ROLL_UP)]
    decision.add(press_again(group, reservations))
    return decision


def hear(
    group: OrderGroup,
    reservations: Reservations,
    message: SharedReserved | SharedBusy | SharedPressed,
    now: int,
) -> Decision:
    """What a shared service says."""
    if isinstance(message, SharedPressed):
        return pressed(group, reservations, message, now)
    claim = reservations.shared.get(message.shared)
    if claim is None or not claim.asked or claim.granted:
        # Every line that wanted it has ended meanwhile: whatever the order was given, it has given back.
        return refused("notAsked", f"the order does not wait for shared service {message.shared}")
    if isinstance(message, SharedBusy):
        return Decision([SharedAhead(message.shared, message.order)])
    return Decision([SharedGranted(message.shared, message.picture)])


def ask(group: OrderGroup, reservations: Reservations, now: int) -> Decision:
    """Let each party come to the next shared service it needs, and those grow that have all of theirs."""
    decision = Decision()
    coming: dict[str, list[str]] = {}
    ready: list[str] = []
    come = parties(group, reservations)
    coming_lines = {line for lines in come for line in lines}
    for id_, claim in reservations.shared.items():
        if claim.granted and not claim.begun and coming_lines.isdisjoint(claim.lines):
            # The line that they wait for learned meanwhile that it has yet to come to something itself.
            decision.add(give_back(group, id_, claim))
    for lines in come:
        ids = needed(reservations, lines)
        missing = next((id_ for id_ in ids if not has_all(reservations.shared[id_], lines)), "")
        if not missing:
            ready += lines
            continue
        claim = reservations.shared[missing]
        come_now = [line for line in lines if line in claim.later and claim.take(line)]
        coming.setdefault(missing, []).extend(come_now)
        if not come_now and claim.granted:
            decision.add(make_way(group, reservations, missing, lines, now))
        for id_ in ids[ids.index(missing) + 1 :]:
            had = reservations.shared[id_]
            if had.granted and not had.begun and not set(lines).isdisjoint(had.lines):
                decision.add(give_back(group, id_, had))
    for id_, lines_ in coming.items():
        if not lines_:
            continue
        claim = reservations.shared[id_]
        came = tuple([line for line in lines_ if line not in claim.afresh] or lines_)
        pressing = not claim.granted and work_waits(group, reservations, came)
        decision.events.append(SharedClaimed(id_, came, pressing))
        if not claim.asked or (pressing and not claim.pressing):
            message = ReserveShared(group.order.id, claim.specification, claim.sharing_key, pressing)
            decision.sends.append((id_, message))
    if not decision.events:
        decision.add(press(group, reservations))
    if ready and not decision.events:
        decision.events.append(SharedReady(tuple(ready)))
        decision.inside = [(DECOMPOSITION, Grow(tuple(ready))), (LINES, RollUp(tuple(ready)))]
    return decision


def leave(
    group: OrderGroup,
    reservations: Reservations,
    ended: Iterable[str],
    given_up: Iterable[str],
    catalogs: Catalogs,
) -> Decision:
    """Lines have ended: what each did to shared services, and those that no other line of the order needs.

    Of those that were only ``given_up`` others take the place at once where they wait; what they have begun with they
    have to their end.
    """
    decision = Decision()
    left = {id_: set(claim.lines) for id_, claim in reservations.shared.items()}
    over = dict.fromkeys(ended)
    for line in dict.fromkeys((*over, *given_up)):
        mine = [
            id_
            for id_, claim in reservations.shared.items()
            if line in (*claim.lines, *claim.later)
            and (line in over or not (claim.granted and claim.begun and line in claim.lines))
        ]
        if not mine and line not in reservations.growing:
            continue
        released: list[str] = []
        for id_ in mine:
            claim = reservations.shared[id_]
            was = bool(left[id_])
            left[id_].discard(line)
            release = claim.asked and was and not left[id_]
            change = (
                shared_change(group, line, id_, claim, catalogs) if claim.granted and line in over else None
            )
            if release:
                released.append(id_)
            if release or change is not None:
                action = group.lines[line].action
                decision.sends.append((id_, FoldShared(group.order.id, line, action, change, release)))
        decision.events.append(SharedLeft(line, tuple(mine), tuple(released)))
    return decision
