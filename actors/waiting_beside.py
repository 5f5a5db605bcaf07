"""What an order waits for beside it: installed products, shared services, and what its lines must fit."""

from actors.claims import Claim, Reservations, SharedClaim
from actors.compatibility_state import FAILED, Compatibility
from actors.line import Line
from actors.reasons import OPERATOR, OTHER_ORDER, RUNTIME, Reason, Wait, iso
from actors.states import S
from actors.structure import OrderGroup


def refused_lines(group: OrderGroup, reservations: Reservations) -> list[Wait]:
    """Lines that were refused an installed product."""
    blocked, lines = group.orchestration.blocked, group.lines
    return [
        (held_line, lines[line])
        for line in reservations.claims
        if lines[line].gate is S.HELD and line not in blocked
    ]


def products(reservations: Reservations) -> list[Wait]:
    """Claims that wait for their product, those behind another order's line first."""
    asked = [claim for claim in reservations.claims.values() if claim.asked]
    behind: list[Wait] = [(_busy_product, claim) for claim in asked if claim.ahead is not None]
    shared = [each for each in reservations.shared.items() if each[1].asked and not each[1].granted]
    behind += [(_busy_service, each) for each in shared if each[1].ahead]
    unheard: list[Wait] = [(_asked_product, claim) for claim in asked if claim.ahead is None]
    return behind + unheard + [(_asked_service, each) for each in shared if not each[1].ahead]


def apart(reservations: Reservations) -> list[Wait]:
    """Lines that come to a shared service after others of their own order, which have it or ask for it."""
    return [
        (_own_turn, (claim, line))
        for claim in reservations.shared.values()
        if claim.lines
        for line in claim.later
        if line in reservations.growing
    ]


def incompatible(group: OrderGroup, compatibility: Compatibility) -> list[Wait]:
    """Lines that are held by what was found when their work was done."""
    return [
        (_unfit, (group.lines[line], compatibility.against(line)))
        for line, check in compatibility.lines.items()
        if check == FAILED
    ]


def looked_for(compatibility: Compatibility) -> list[Wait]:
    """Installed products that lines are compared with, and that have not answered."""
    return [(_unseen, each) for each in compatibility.looked_for.items()]


def held_line(line: Line, now: int) -> Reason:
    """A line that is held by the end of another one, or by a product that it was refused."""
    sentence = f"line {line.id} is held since {iso(line.since)}: {line.reason}; retry it or give it up"
    return Reason(OPERATOR, sentence, line.since, None, line.id)


def _busy_product(claim: Claim, now: int) -> Reason:
    assert claim.ahead is not None
    order, line = claim.ahead
    sentence = (
        f"line {claim.line} waits since {iso(claim.since)} for installed product {claim.wanted}, "
        f"behind line {line} of order {order}"
    )
    return Reason(OTHER_ORDER, sentence, claim.since, None, order)


def _asked_product(claim: Claim, now: int) -> Reason:
    sentence = (
        f"line {claim.line} waits since {iso(claim.since)} for installed product {claim.wanted} to answer"
    )
    return Reason(RUNTIME, sentence, claim.since, None, claim.line)


def _busy_service(pair: tuple[str, SharedClaim], now: int) -> Reason:
    _, claim = pair
    sentence = f"{_lines(claim)} since {iso(claim.since)} for {_service(claim)}, behind order {claim.ahead}"
    return Reason(OTHER_ORDER, sentence, claim.since, None, claim.ahead)


def _asked_service(pair: tuple[str, SharedClaim], now: int) -> Reason:
    id_, claim = pair
    sentence = f"{_lines(claim)} since {iso(claim.since)} for {_service(claim)} to answer"
    return Reason(RUNTIME, sentence, claim.since, None, id_)


def _own_turn(pair: tuple[SharedClaim, str], now: int) -> Reason:
    claim, line = pair
    others = ", ".join(claim.lines)
    sentence = (
        f"line {line} comes to {_service(claim)} after line {others} of its order, since {iso(claim.since)}"
    )
    return Reason(RUNTIME, sentence, claim.since, None, line)


def _unfit(pair: tuple[Line, str], now: int) -> Reason:
    line, found = pair
    sentence = (
        f"line {line.id} is held since {iso(line.since)}, its work done: {found}; retry it to have it checked again, "
        "or give it up to let stand what it built"
    )
    return Reason(OPERATOR, sentence, line.since, None, line.id)


def _unseen(pair: tuple[str, int], now: int) -> Reason:
    product, since = pair
    sentence = (
        f"the order waits since {iso(since)} for installed product {product}, which it is compared with, to show "
        "itself"
    )
    return Reason(RUNTIME, sentence, since, None, product)


def _lines(claim: SharedClaim) -> str:
    return f"line {claim.lines[0]} waits" if len(claim.lines) == 1 else f"lines {', '.join(claim.lines)} wait"


def _service(claim: SharedClaim) -> str:
    return f"shared {claim.specification} <{claim.sharing_key}>"
