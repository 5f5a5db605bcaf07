"""How an order at work comes to the shared services it learns of late, and finds the circles of those who wait so.

Orders that have not begun ask in one order of ids (``actors/parties.py``); one at work cannot: it has services that it
gives back only when its lines end. So it presses. Whoever has what it wants gives it back where he has not begun with
it. Where he is at work, too, and waits himself, he passes it on to those he waits for; an order that finds itself among
those it is pressed by stands in a circle, which only a person opens. Rule: D13, a circle is found when it closes.
"""

from collections.abc import Iterable
from typing import Final

from actors.behaviour import Decision
from actors.claims import Reservations, SharedClaim
from actors.events_of_graph import HeldBackSet
from actors.events_of_products import SharedClaimed, SharedYielded
from actors.graph import DEADLOCK, Graph, Held
from actors.inside import LINES, ORDER, ROLL_UP, RollUp
from actors.messages_of_products import FoldShared, PressShared, ReserveShared, SharedPressed
from actors.parties import waited_for
from actors.structure import OrderGroup
from catalog.lines import HeldBack

_KEY: Final = "deadlock"


def give_back(group: OrderGroup, id_: str, claim: SharedClaim) -> Decision:
    """Let others have a shared service that no line has begun with; those that need it come to it again."""
    line = claim.lines[0]
    fold = FoldShared(group.order.id, line, group.lines[line].action, None, release=True)
    return Decision([SharedYielded(id_)], sends=[(id_, fold)])


def press(group: OrderGroup, reservations: Reservations) -> Decision:
    """Say of every shared service that lines at work wait for that they do, once."""
    decision = Decision()
    for id_, claim in reservations.shared.items():
        if claim.waited_for and not claim.pressing and work_waits(group, reservations, claim.lines):
            decision.events.append(SharedClaimed(id_, (), pressing=True))
            message = ReserveShared(group.order.id, claim.specification, claim.sharing_key, pressing=True)
            decision.sends.append((id_, message))
    return decision


def work_waits(group: OrderGroup, reservations: Reservations, lines: tuple[str, ...]) -> bool:
    """Whether the order has begun with a shared service that it gives back only after one of these lines."""
    return any(
        claim.begun and claim.granted and not waited_for(group, reservations, claim.lines).isdisjoint(lines)
        for claim in reservations.shared.values()
    )


def make_way(
    group: OrderGroup, reservations: Reservations, shared: str, lines: tuple[str, ...], now: int
) -> Decision:
    """Lines come to a shared service that others of their own order have apart from them."""
    claim = reservations.shared[shared]
    if not claim.begun:
        return give_back(group, shared, claim) if work_waits(group, reservations, lines) else Decision()
    if waited_for(group, reservations, claim.lines).isdisjoint(lines):
        return Decision()
    others = ", ".join(claim.lines)
    sentence = f"it waits for line {others}, which waits for it, for services that they share"
    return _held(group, lines, sentence, now)


def press_again(group: OrderGroup, reservations: Reservations) -> Decision:
    """Lines wait as before: a circle that still stands is found again."""
    me = group.order.id
    waiting = [id_ for id_, claim in reservations.shared.items() if claim.waited_for and claim.pressing]
    return Decision(sends=[(id_, PressShared(me, (me,))) for id_ in waiting])


def pressed(group: OrderGroup, reservations: Reservations, message: SharedPressed, now: int) -> Decision:
    """An order at work waits for a shared service that this one has."""
    claim = reservations.shared.get(message.shared)
    if claim is None or not claim.granted:
        return Decision()
    if not claim.begun:
        return give_back(group, message.shared, claim)
    me, orders = group.order.id, message.orders
    after = waited_for(group, reservations, claim.lines)
    waiting = {
        id_: each
        for id_, each in reservations.shared.items()
        if each.waited_for and not after.isdisjoint(each.lines)
    }
    if me in orders:
        # The way since it was last here; several may find the same circle, and one of them decides.
        circle = orders[len(orders) - 1 - orders[::-1].index(me) :]
        if me == max(circle):
            lines = [line for each in waiting.values() for line in each.lines if line in after]
            way = ", which waits for ".join((*circle[1:], me))
            sentence = f"order {me} waits for {way}, for services that they share"
            return _held(group, lines, sentence, now)
    return Decision(sends=[(id_, PressShared(me, (*orders, me))) for id_ in waiting])


def _held(group: OrderGroup, lines: Iterable[str], sentence: str, now: int) -> Decision:
    """The line that closed a circle is held until someone decides."""
    graph = group.decomposition.graph or Graph()
    decision = Decision()
    for line in dict.fromkeys(lines):
        key = f"{line}|{_KEY}"
        before = graph.held.get(line, ())
        if any(each.part.key == key for each in before):
            continue
        held = HeldBack(key, line, "", "", "", "", "", (), DEADLOCK, sentence, "operator")
        decision.events.append(HeldBackSet(line, (*before, Held(held, now, 0))))
        decision.inside += [(LINES, RollUp((line,))), (ORDER, ROLL_UP)]
    return decision
