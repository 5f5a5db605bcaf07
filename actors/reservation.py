"""The reservation actor: an order's dealings with installed products.

A line that modifies or deletes an installed product has it for itself from its start to its end: it asks for it (for
several in the order of their ids), waits its turn, is decomposed on the picture it is given, and gives it back with
what it did. Towards the products that its own lines make, the order is the one that is asked.

The actor reads the whole group and decides for its own :class:`actors.claims.Reservations`. Nothing here concerns an
order whose lines name no product and whose products nobody has named since.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from actors.behaviour import Decision, refused
from actors.claims import Claim, Reservations
from actors.compatibility_events import LinesWatched
from actors.document import request_of
from actors.events import LineGivenUp, LinesMoved, NeedMet, OrderChanged
from actors.events_of_graph import LineCancelled
from actors.events_of_products import (
    ClaimAsked,
    ClaimEnded,
    ClaimGranted,
    ClaimRefused,
    ClaimWaits,
    OriginTold,
    OriginWatched,
    ProductsClaimed,
    SharedClaimed,
    SharedGranted,
    SharedLeft,
    SharedNeeded,
    SharedReady,
    SharedYielded,
)
from actors.fact import Event
from actors.inside import (
    DECOMPOSITION,
    LINES,
    ORCHESTRATION,
    ORDER,
    ROLL_UP,
    ClaimAgain,
    ClaimProducts,
    Decompose,
    DropTasks,
    Leave,
    NeedShared,
    Rest,
    RollUp,
)
from actors.inventory import changed, made
from actors.message import Message
from actors.messages import AnyMessage, GiveUp, Undeliverable
from actors.messages_of_products import (
    ProductBusy,
    ProductChange,
    ProductRefused,
    ProductReserved,
    ProductTold,
    ReleaseProduct,
    ReserveProduct,
    SharedBusy,
    SharedPressed,
    SharedReserved,
    TellProduct,
)
from actors.product_id import origin_of, product_id
from actors.sharing import ask, hear, leave, need
from actors.states import FINAL, State
from actors.structure import OrderGroup
from catalog.graph.nodes import SHARED
from catalog.installed import InstalledProduct
from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.policies.horizontal import holds_any
from catalog.store import Catalogs
from catalog.tree import root_of

HEARD: Final = frozenset(
    {
        TellProduct,
        ProductReserved,
        ProductBusy,
        ProductRefused,
        SharedReserved,
        SharedBusy,
        SharedPressed,
    }
)
"""The messages of installed products and shared services that reach an order."""
_STIRS: Final = frozenset(
    {
        SharedNeeded,
        SharedClaimed,
        SharedGranted,
        SharedYielded,
        SharedReady,
        SharedLeft,
        NeedMet,
        ClaimEnded,
    }
)
"""Facts after which the next shared service may be asked for, or lines may grow."""
UNKNOWN_PRODUCT: Final = "unknownProduct"
GIVEN_UP: Final = "given up while it waited for others"
HOLD: Final = "hold"
"""How a line reserves the products that are parts of the one it is about: nobody else changes them meanwhile."""


class ReservationActor:
    """Decides what an order asks of installed products, and what it tells them."""

    def __init__(self, catalogs: Catalogs) -> None:
        self.catalogs = catalogs

    def decide(self, group: OrderGroup, message: Message, now: int) -> Decision:
        """Decide one message. ``now`` is in milliseconds since 1970 UTC."""
        if isinstance(message, ClaimProducts):
            return self._claim(group, message)
        if isinstance(message, TellProduct):
            return self._tell(group, message)
        reservations = group.reservations or Reservations()
        if isinstance(message, GiveUp):
            return give_up(reservations, message.target, message.reason)
        if isinstance(message, NeedShared):
            return need(group, reservations, message)
        if isinstance(message, SharedReserved | SharedBusy | SharedPressed):
            return hear(group, reservations, message, now)
        if isinstance(message, ClaimAgain):
            return _ask(group, reservations.claims[message.line])
        if isinstance(message, Undeliverable):
            return _undeliverable(group, reservations, message.to)
        if not isinstance(message, ProductReserved | ProductBusy | ProductRefused):
            return refused("unknownMessage", f"the reservation does not understand {type(message).__name__}")
        claim = reservations.claims.get(message.line)
        if claim is None or not claim.asked or claim.wanted != message.product:
            # The line has ended, or was refused meanwhile: whatever it was given, it has given back.
            return refused("notAsked", f"line {message.line} does not wait for product {message.product}")
        if isinstance(message, ProductBusy):
            return Decision([ClaimWaits(claim.line, message.order, message.ahead)])
        if isinstance(message, ProductRefused):
            return _refuse(group, claim, message.code, message.reason)
        return self._reserved(group, claim, message)

    def look(self, group: OrderGroup, events: Iterable[Event], now: int) -> Decision:
        """What follows for products from what the other actors decided in this turn."""
        decision = Decision()
        reservations = group.reservations
        assert reservations is not None
        ready: dict[str, None] = {}
        ended: list[str] = []
        given_up: list[str] = []
        stirred = False
        for event in events:
            stirred = stirred or type(event) in _STIRS
            if isinstance(event, LinesMoved) and event.state in FINAL:
                ended += event.lines
            elif isinstance(event, LineCancelled):
                given_up.append(event.line)
            elif isinstance(event, NeedMet | ProductsClaimed):
                ready[event.line] = None
            elif isinstance(event, OrderChanged):
                decision.add(_unmade(group, reservations))
        for line in ended:
            self._line_ended(group, reservations, line, decision)
        if (ended or given_up) and reservations.references:
            decision.add(leave(group, reservations, ended, given_up, self.catalogs))
        for line in ready:
            claim, ready_line = reservations.claims.get(line), group.lines[line]
            if (
                claim is not None
                and not claim.asked
                and ready_line.gate is None
                and not ready_line.decomposed
            ):
                decision.add(_ask(group, claim))
        # What lines leave is folded first: that stirs again.
        if stirred and reservations.growing and not any(type(each) is SharedLeft for each in decision.events):
            decision.add(ask(group, reservations, now))
        return decision

    # -- the products that its lines are about ------------------------------------------------------------------

    @staticmethod
    def _claim(group: OrderGroup, message: ClaimProducts) -> Decision:
        events: list[Event] = []
        for request in message.requests:
            subject = request.products[0]
            products = tuple(sorted(set(request.products)))
            events.append(ProductsClaimed(request.line, request.action, products, subject))
        return Decision(events)

    def _reserved(self, group: OrderGroup, claim: Claim, message: ProductReserved) -> Decision:
        granted = ClaimGranted(
            claim.line, message.product, message.picture, message.offering, message.quantity
        )
        decision = Decision([granted])
        after = claim.products[len(claim.had) + 1 :]
        if after:
            decision.events.append(ClaimAsked(claim.line, after[0]))
            decision.sends.append(_reservation(group, claim, after[0]))
            return decision
        subject = message.product == claim.subject
        picture = message.picture if subject else claim.picture
        assert picture is not None
        catalog = self.catalogs.get(group.order.catalog)
        request = request_of(group.order.document, claim.line)
        if request.action == "modify" and (why := _misfit(catalog, request, picture)):
            return _refuse(group, claim, "otherSpecification", why, give_back=True)
        if not (request.offering or request.specification) and holds_any(
            catalog, picture.nodes[0].specification
        ):
            # What the line is about was not known before.
            decision.events.append(LinesWatched((claim.line,)))
        request = msgspec.structs.replace(request, installed=picture, quantity=request.quantity or 1)
        decision.inside.append((DECOMPOSITION, Decompose(group.order.catalog, (request,))))
        return decision

    def _line_ended(
        self, group: OrderGroup, reservations: Reservations, line: str, decision: Decision
    ) -> None:
        claim = reservations.claims.get(line)
        if claim is not None and not claim.ended:
            decision.events.append(ClaimEnded(line))
            if claim.asked:
                # Given up while it waited: the order waits for one answer less.
                decision.inside.append((ORDER, ROLL_UP))
            decision.sends += _give_back(
                group, claim, group.lines[line].state, changed(group, claim, self.catalogs)
            )
        if line in reservations.watched:
            decision.events.append(OriginTold(line))
            decision.sends.append((product_id(group.order.id, line), self._told(group, line)))

    # -- the products that its lines make -----------------------------------------------------------------------

    def _tell(self, group: OrderGroup, message: TellProduct) -> Decision:
        origin = origin_of(message.product)
        line = group.lines.get(origin[1]) if origin is not None else None
        if line is None or line.action != "add":
            return Decision(sends=[(message.product, ProductTold(group.order.id, None))])
        decision = Decision(sends=[(message.product, self._told(group, line.id))])
        watched = group.reservations.watched if group.reservations is not None else ()
        if line.state not in FINAL and line.id not in watched:
            decision.events.append(OriginWatched(line.id))
        return decision

    def _told(self, group: OrderGroup, line: str) -> ProductTold:
        return made(group, line, self.catalogs)


def waits(reservations: Reservations, line: str) -> bool:
    """Whether a line waits for an installed product or a shared service."""
    claim = reservations.claims.get(line)
    return line in reservations.growing or (claim is not None and claim.asked)


def give_up(reservations: Reservations, line: str, reason: str) -> Decision:
    """The decision that a line waits no longer: it ends with what it has begun, and others take its place."""
    me = (LINES, RollUp((line,)))
    if line not in reservations.growing:
        return Decision([LineGivenUp(line, reason)], [(ORCHESTRATION, DropTasks(line)), me, (ORDER, ROLL_UP)])
    inside: list[tuple[str, Message]] = [
        (DECOMPOSITION, Leave(line)),
        (ORCHESTRATION, DropTasks(line)),
        (DECOMPOSITION, Rest((line, SHARED))),
        me,
        (ORDER, ROLL_UP),
    ]
    return Decision([LineCancelled(line, "givenUp", reason or GIVEN_UP)], inside)


def _unmade(group: OrderGroup, reservations: Reservations) -> Decision:
    """The order was changed before it began: products that asked about lines which are no longer there hear so."""
    decision = Decision()
    for line in reservations.watched:
        if line not in group.lines or group.lines[line].action != "add":
            decision.events.append(OriginTold(line))
            decision.sends.append((product_id(group.order.id, line), ProductTold(group.order.id, None)))
    return decision


def _ask(group: OrderGroup, claim: Claim) -> Decision:
    """Ask for the product that comes next; one that cannot be of this installed base nobody needs to be asked for."""
    product = claim.wanted
    line = (LINES, RollUp((claim.line,)))
    decision = Decision([ClaimAsked(claim.line, product)], [line, (ORDER, ROLL_UP)])
    if origin_of(product) is None:
        reason = f"there is no installed product {product[:64]!r}"
        decision.events.append(ClaimRefused(claim.line, product, UNKNOWN_PRODUCT, reason))
    else:
        decision.sends.append(_reservation(group, claim, product))
    return decision


def _misfit(catalog: Catalog, request: LineRequest, picture: InstalledProduct) -> str:
    """Why a line cannot change a product: it orders something else. Empty where it can."""
    installed = picture.nodes[0].specification
    if request.offering is None and request.specification is None:
        return ""
    ordered = root_of(catalog, request.offering, request.specification).id
    if ordered == installed:
        return ""
    return (
        f"product {picture.id} is of specification {installed}, and the line orders {ordered}: "
        "name what it is, or delete it and order anew"
    )


def _refuse(group: OrderGroup, claim: Claim, code: str, reason: str, *, give_back: bool = False) -> Decision:
    """The line is held until someone decides: ask again, or give it up. It keeps no other product from others.

    :param give_back: whether the product that was asked for last was granted, and goes back, too.
    """
    return Decision(
        [ClaimRefused(claim.line, claim.wanted, code, reason)],
        [(LINES, RollUp((claim.line,))), (ORDER, ROLL_UP)],
        _give_back(group, claim, None, None, refused=not give_back),
    )


def _undeliverable(group: OrderGroup, reservations: Reservations, product: str) -> Decision:
    """Nobody takes messages for this product: it is unknown to whoever waits for it."""
    decision = Decision()
    for claim in reservations.claims.values():
        if claim.asked and claim.wanted == product:
            decision.add(_refuse(group, claim, UNKNOWN_PRODUCT, f"there is no installed product {product}"))
    return decision


def _reservation(group: OrderGroup, claim: Claim, product: str) -> tuple[str, AnyMessage]:
    action = claim.action if product == claim.subject else HOLD
    return product, ReserveProduct(group.order.id, claim.line, action)


def _give_back(
    group: OrderGroup,
    claim: Claim,
    state: State | None,
    change: ProductChange | None,
    *,
    refused: bool = False,
) -> list[tuple[str, AnyMessage]]:
    """Release what the line has, and what it still waits for."""
    held = list(claim.had)
    if claim.asked and claim.wanted and not refused and origin_of(claim.wanted) is not None:
        held.append(claim.wanted)
    order, line = group.order.id, claim.line
    return [
        (product, ReleaseProduct(order, line, state, change if product == claim.subject else None))
        for product in held
    ]
