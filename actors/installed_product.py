"""The installed product actor: one product at a customer, its picture, and who may change it now.

A product costs the order that makes it nothing: the actor comes into being when a later order first names the product,
and asks the order that made it (``actors/product_id.py`` tells which that is). From then on it keeps the picture
itself: it grants the product to one line at a time, first come, first served, and folds what the line did at its end.

State machine: ``actors/states.py`` (``INSTALLED_PRODUCT``); messages: ``actors/acceptance.py``. Rule: D7 in its first
part. A product that is being taken away is refused to everyone behind, and says by whom.
"""

from typing import Final

import msgspec

from actors.acceptance import INSTALLED_ACCEPTS
from actors.behaviour import Decision, refused
from actors.cause import Cause
from actors.events_of_products import (
    OriginAsked,
    ProductFolded,
    ProductFree,
    ProductHeld,
    ProductLearned,
    ProductLooked,
    ProductLookersTold,
    ProductMoved,
    ProductUnknown,
    ProductWanted,
)
from actors.fact import Event
from actors.message import Message
from actors.messages import AnyMessage, Undeliverable
from actors.messages_of_products import (
    LookAtProduct,
    ProductBusy,
    ProductRefused,
    ProductReserved,
    ProductShown,
    ProductTold,
    ReleaseProduct,
    ReserveProduct,
    TellProduct,
)
from actors.product_id import origin_of
from actors.states import FINAL, S, State
from catalog.folding import nodes_after
from catalog.installed import InstalledProduct

DELETE: Final = "delete"
MODIFY: Final = "modify"


class Reservation(msgspec.Struct, frozen=True):
    """An order line that has the product, or waits for it. ``since`` in ms since 1970 UTC."""

    order: str
    line: str
    action: str
    since: int

    @property
    def name(self) -> str:
        """For people."""
        return f"line {self.line} of order {self.order}"


class Installed(msgspec.Struct):
    """What the actor holds; its encoding is the group's snapshot and the answer to a read. Instants are milliseconds
    since 1970 UTC, 0 = none."""

    id: str
    order: str
    """The order that makes or made it, and the line in which it did."""
    line: str
    state: State
    since: int
    asked: bool = True
    """Whether the order that makes it still owes its end."""
    known: bool = True
    """Whether any order makes or made it at all."""
    whole: bool = False
    """Whether it was made completely."""
    offering: str = ""
    quantity: int = 1
    party: str = ""
    started: int = 0
    ended: int = 0
    picture: InstalledProduct | None = None
    holder: Reservation | None = None
    queue: tuple[Reservation, ...] = ()
    causes: tuple[Cause, ...] = ()
    lookers: tuple[str, ...] = ()
    """Orders that want to see it and are answered once it is known how it stands."""


class InstalledProductActor:
    """Decides for one product; knows nothing but its own :class:`Installed`."""

    def decide(self, product: Installed | None, message: Message, now: int, group: str) -> Decision:
        """Decide one message. ``product`` is None while nobody has named it; ``now`` in ms since 1970 UTC."""
        if product is None:
            if isinstance(message, ReserveProduct | LookAtProduct):
                return self._first(message, group)
            return refused("unknownProduct", f"there is no installed product {group}")
        if isinstance(message, Undeliverable):
            return self._stranger(product, message)
        kind = type(message)
        if kind not in INSTALLED_ACCEPTS.rules:
            return refused("unknownMessage", f"an installed product does not understand {kind.__name__}")
        if (why := INSTALLED_ACCEPTS.refusal(kind, product.state, product.id)) is not None:
            return refused(*why)
        if isinstance(message, ReserveProduct):
            return self._reserve(product, message)
        if isinstance(message, ReleaseProduct):
            return self._release(product, message)
        if isinstance(message, LookAtProduct):
            return self._look(product, message)
        assert isinstance(message, ProductTold)
        return self._told(product, message)

    # -- where it comes from ------------------------------------------------------------------------------------

    @staticmethod
    def _first(message: ReserveProduct | LookAtProduct, group: str) -> Decision:
        origin = origin_of(group)
        if origin is None:
            return refused("unknownProduct", f"there is no installed product {group}")
        asked = OriginAsked(group, *origin)
        wanted: Event = (
            ProductLooked(message.order)
            if isinstance(message, LookAtProduct)
            else ProductWanted(message.order, message.line, message.action)
        )
        return Decision([asked, wanted], sends=[(origin[0], TellProduct(group))])

    @staticmethod
    def _told(product: Installed, message: ProductTold) -> Decision:
        if message.order != product.order:
            return refused("notAsked", f"product {product.id} has not asked order {message.order}")
        if message.state is None:
            return _unknown(product)
        # One that was unknown may hear late of an order that came in after all.
        late: list[Event] = [] if product.known else [OriginAsked(product.id, product.order, product.line)]
        if message.state not in FINAL:
            decision = Decision(late)
            if product.state is S.CREATED and message.state is not S.DRAFT:
                decision.events.append(ProductMoved(S.PENDING_ACTIVE))
            _show(decision, product, S.PENDING_ACTIVE, message.picture)
            ahead = Reservation(product.order, product.line, "add", 0)
            for each in product.queue:
                decision.sends.append(_busy(product, each, ahead))
                ahead = each
            return decision
        picture = message.picture
        assert picture is not None
        after = state_after(message.state, picture)
        decision = Decision(
            [
                *late,
                ProductLearned(picture, message.offering, message.quantity, message.party, message.since),
                ProductMoved(after),
            ]
        )
        _show(decision, product, after, picture)
        _grant_next(decision, product, product.queue, after, picture, message.offering, message.quantity)
        return decision

    @staticmethod
    def _look(product: Installed, message: LookAtProduct) -> Decision:
        """How it stands, at once where that is known."""
        looked: list[Event] = [] if message.order in product.lookers else [ProductLooked(message.order)]
        if not product.known:
            asked = OriginAsked(product.id, product.order, product.line)
            return Decision([asked, *looked], sends=[(product.order, TellProduct(product.id))])
        if product.picture is None and product.state in (S.CREATED, S.PENDING_ACTIVE):
            # What it is to be, and what is built of it, knows its order alone.
            return Decision(looked, sends=[(product.order, TellProduct(product.id))])
        return Decision(sends=[(message.order, ProductShown(product.id, product.state, product.picture))])

    @staticmethod
    def _stranger(product: Installed, message: Undeliverable) -> Decision:
        if product.asked and message.to == product.order:
            return _unknown(product)
        return Decision()

    # -- who has it ---------------------------------------------------------------------------------------------

    @staticmethod
    def _reserve(product: Installed, message: ReserveProduct) -> Decision:
        wanted = Reservation(message.order, message.line, message.action, 0)
        event = ProductWanted(wanted.order, wanted.line, wanted.action)
        if not product.known:
            # Its order may have come in since then: whoever asks again is told anew.
            return Decision(
                [OriginAsked(product.id, product.order, product.line), event],
                sends=[(product.order, TellProduct(product.id))],
            )
        why = _refusal(product, product.state, wanted)
        if why is not None:
            return Decision(sends=[_refused(product, wanted, *why)])
        before = product.queue or ((product.holder,) if product.holder is not None else ())
        if before or product.asked:
            decision = Decision([event])
            if before:
                decision.sends.append(_busy(product, wanted, before[-1]))
            elif product.state is not S.CREATED:
                maker = Reservation(product.order, product.line, "add", 0)
                decision.sends.append(_busy(product, wanted, maker))
            return decision
        decision = Decision([event])
        picture = product.picture
        assert picture is not None
        _grant_next(decision, product, (wanted,), product.state, picture, product.offering, product.quantity)
        return decision

    @staticmethod
    def _release(product: Installed, message: ReleaseProduct) -> Decision:
        holder = product.holder
        free = ProductFree(message.order, message.line)
        if holder is None or (holder.order, holder.line) != (message.order, message.line):
            return _leave(product, free)
        decision = Decision()
        change, picture, after = message.change, product.picture, product.state
        assert picture is not None
        if change is not None:
            folded = ProductFolded(
                holder.order,
                holder.line,
                holder.action,
                picture.version + 1,
                change.nodes,
                change.gone,
                change.quantity,
            )
            decision.events.append(folded)
            picture = fold_picture(picture, folded)
        if holder.action == DELETE:
            stays = S.ACTIVE if product.whole else S.ABORTED
            after = S.TERMINATED if change is not None and change.ended else stays
            decision.events.append(ProductMoved(after))
        decision.events.append(free)
        quantity = change.quantity if change is not None and change.quantity else product.quantity
        _grant_next(decision, product, product.queue, after, picture, product.offering, quantity)
        return decision


def fold_picture(picture: InstalledProduct, change: ProductFolded) -> InstalledProduct:
    """The picture with what a line did to it."""
    return InstalledProduct(picture.id, nodes_after(picture.nodes, change.nodes, change.gone), change.version)


def state_after(line: State, picture: InstalledProduct) -> State:
    """Where the end of its own line leaves a product."""
    if line is S.COMPLETED:
        return S.ACTIVE
    return S.ABORTED if len(picture.nodes) > 1 else S.CANCELLED


def _refusal(product: Installed, state: State, wanted: Reservation) -> tuple[str, str] | None:
    """Why a line does not get the product in ``state``, now or later: (code, sentence)."""
    ahead = (product.holder, *product.queue)
    for each in ahead:
        if each is not None and each.action == DELETE:
            return "beingTerminated", f"product {product.id} is being terminated by {each.name}"
    return _state_refusal(product, state, wanted)


def _state_refusal(product: Installed, state: State, wanted: Reservation) -> tuple[str, str] | None:
    if state is S.TERMINATED:
        by = f" by order {product.causes[-1].order}" if product.causes else ""
        return "terminated", f"product {product.id} was terminated{by}"
    if state is S.CANCELLED:
        return "neverActive", f"product {product.id} never came to be: order {product.order} did not make it"
    if state is S.ABORTED and wanted.action == MODIFY:
        return (
            "notWhole",
            f"product {product.id} was made only in part by order {product.order}: delete it and order it anew",
        )
    return None


def _grant_next(
    decision: Decision,
    product: Installed,
    queue: tuple[Reservation, ...],
    state: State,
    picture: InstalledProduct,
    offering: str,
    quantity: int,
) -> None:
    """Give the product to the first in the queue that can have it as it now stands; tell the others why not."""
    for each in queue:
        why = _state_refusal(product, state, each)
        if why is not None:
            if state is S.TERMINATED and product.holder is not None:
                by = product.holder
                why = why[0], f"product {product.id} was terminated by {by.name}"
            decision.events.append(ProductFree(each.order, each.line))
            decision.sends.append(_refused(product, each, *why))
            continue
        decision.events.append(ProductHeld(each.order, each.line, each.action))
        if each.action == DELETE:
            decision.events.append(ProductMoved(S.PENDING_TERMINATE))
        decision.sends.append(
            (each.order, ProductReserved(each.line, product.id, picture, offering, quantity))
        )
        return


def _leave(product: Installed, free: ProductFree) -> Decision:
    """A line that waited waits no more; the one behind it moves up."""
    queue = product.queue
    for place, each in enumerate(queue):
        if (each.order, each.line) == (free.order, free.line):
            decision = Decision([free])
            ahead = queue[place - 1] if place else product.holder
            if ahead is None and product.asked:
                ahead = Reservation(product.order, product.line, "add", 0)
            if ahead is not None and place + 1 < len(queue):
                decision.sends.append(_busy(product, queue[place + 1], ahead))
            return decision
    return Decision()


def _unknown(product: Installed) -> Decision:
    decision = Decision([ProductUnknown()])
    sentence = f"there is no installed product {product.id}"
    for each in product.queue:
        decision.events.append(ProductFree(each.order, each.line))
        decision.sends.append(_refused(product, each, "unknownProduct", sentence))
    _show(decision, product, None, None)
    return decision


def _show(
    decision: Decision, product: Installed, state: State | None, picture: InstalledProduct | None
) -> None:
    """Answer the orders that want to see it."""
    if product.lookers:
        decision.events.append(ProductLookersTold())
        decision.sends += [(each, ProductShown(product.id, state, picture)) for each in product.lookers]


def _busy(product: Installed, waiting: Reservation, ahead: Reservation) -> tuple[str, AnyMessage]:
    return waiting.order, ProductBusy(waiting.line, product.id, ahead.order, ahead.line)


def _refused(product: Installed, wanted: Reservation, code: str, reason: str) -> tuple[str, AnyMessage]:
    return wanted.order, ProductRefused(wanted.line, product.id, code, reason)
