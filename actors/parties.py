"""Which lines of an order come to shared services together, and what of these the order gives back meanwhile.

A party is what lines make that have a shared service in common: they grow together, so that the one knows of the other.
It comes to its services one after the other in the order of their ids, and keeps nothing behind the one it waits for
with which it has not begun: of orders that have not begun no two wait for each other.
"""

from collections.abc import Iterable, Iterator

from actors.claims import Reservations, SharedClaim
from actors.states import FINAL
from actors.structure import OrderGroup


def parties(group: OrderGroup, reservations: Reservations) -> list[tuple[str, ...]]:
    """The lines that wait to grow and may come to shared services now, by party."""
    lines = _coming(group, reservations)
    party = {line: {line} for line in lines}
    for claim in reservations.shared.values():
        among = [line for line in _beside(claim) if line in party]
        for other in among[1:]:
            if party[other] is not party[among[0]]:
                party[among[0]] |= party[other]
                for each in party[other]:
                    party[each] = party[among[0]]
    found = {id(each): each for each in party.values()}
    return [tuple(line for line in lines if line in each) for each in found.values()]


def needed(reservations: Reservations, lines: Iterable[str]) -> list[str]:
    """The shared services that these lines refer to, in the order in which they are asked for."""
    wanted = set(lines)
    return sorted(
        id_ for id_, each in reservations.shared.items() if not wanted.isdisjoint((*each.lines, *each.later))
    )


def has_all(claim: SharedClaim, lines: Iterable[str]) -> bool:
    """Whether the order has a shared service for all of these lines that need it."""
    return claim.granted and not any(line in claim.later for line in lines)


def may_ask(group: OrderGroup, reservations: Reservations, line: str) -> bool:
    """Whether a line may come to shared services: whoever has one never waits for a line with an installed product."""
    if group.lines[line].gate is None:
        return True
    for each in behind(group, (line,)):
        claim = reservations.claims.get(each)
        if each != line and claim is not None and not claim.ended:
            return False
    return True


def behind(group: OrderGroup, lines: Iterable[str]) -> set[str]:
    """These lines and all that must end before them."""
    found = {*lines}
    ways = [*found]
    while ways:
        for each in group.lines[ways.pop()].needs:
            if each not in found and group.lines[each].state not in FINAL:
                found.add(each)
                ways.append(each)
    return found


def waited_for(group: OrderGroup, reservations: Reservations, lines: Iterable[str]) -> set[str]:
    """These lines and all that they wait for: what must end before, who grows with them, who has what they come to."""
    together = {line: party for party in parties(group, reservations) for line in party}
    found = behind(group, lines)
    while True:
        more = {other for line in found for other in together.get(line, ())}
        for claim in reservations.shared.values():
            if not found.isdisjoint(claim.later):
                more.update(claim.lines)
        more -= found
        if not more:
            return found
        found |= behind(group, more)


def _coming(group: OrderGroup, reservations: Reservations) -> list[str]:
    """Lines that wait for none that has yet to come, and those that have something in common with them.

    Another one would keep a service from others while the line it waits for waits for them.
    """
    growing = set(reservations.growing)
    later = [line for line in reservations.growing if may_ask(group, reservations, line)]
    coming = {line for line in later if behind(group, (line,)) & growing == {line}}
    while True:
        more = [
            line
            for line in later
            if line not in coming
            and any(
                line in (*each.lines, *each.later)
                and any(other != line and (other in coming or other in each.lines) for other in _beside(each))
                for each in reservations.shared.values()
            )
        ]
        if not more:
            return [line for line in reservations.growing if line in coming]
        coming.update(more)


def _beside(claim: SharedClaim) -> Iterator[str]:
    """The lines that have a shared service at the same time: those that join it, or those that may leave it."""
    yield from claim.lines
    if claim.lines:
        yield from (line for line in claim.later if claim.take(line))
    else:
        joining = [line for line in claim.later if line not in claim.afresh]
        yield from joining or claim.later
