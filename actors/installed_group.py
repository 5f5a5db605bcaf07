"""The group of one installed product: how its facts fold, and what the runtime must know of it."""

from collections.abc import Callable
from typing import Any, Final

from actors.behaviour import Decision, Dispatch
from actors.cause import CAUSES_MAX, Cause
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
from actors.installed_product import (
    Installed,
    InstalledProductActor,
    Reservation,
    fold_picture,
)
from actors.message import Message
from actors.messages_of_products import LookAtProduct, ReserveProduct
from actors.product_id import PREFIX
from actors.states import FINAL, S


class InstalledProductKind:
    """The kind of group whose ids begin with ``p``: one installed product with its services and resources."""

    prefix = PREFIX
    State = Installed
    counts = False

    def __init__(self) -> None:
        self.product = InstalledProductActor()

    def handle(
        self, group: str, state: Installed | None, message: Message, now: int
    ) -> tuple[Installed | None, Decision]:
        """Decide one message from another group and fold what was decided, in place."""
        decision = self.product.decide(state, message, now, group)
        for event in decision.events:
            state = self.evolve(state, event, now)
        return state, decision

    @staticmethod
    def creates(message: Message) -> bool:
        """Who names a product for the first time brings its group into being."""
        return isinstance(message, ReserveProduct | LookAtProduct)

    @staticmethod
    def evolve(state: Installed | None, event: Event, at: int) -> Installed:
        """Fold one fact."""
        if isinstance(event, OriginAsked):
            if state is None:
                return Installed(event.product, event.order, event.line, S.CREATED, at)
            state.asked = state.known = True
            return state
        assert state is not None
        FOLDS[type(event)](state, event, at)
        return state

    @staticmethod
    def ended(state: Installed) -> bool:
        """Whether nothing happens in this group any more, unless someone names the product again."""
        return state.state in FINAL and state.holder is None and not state.queue

    @staticmethod
    def final_state(state: Installed) -> str:
        """The word for how the product ended."""
        return str(state.state)

    @staticmethod
    def index(state: Installed) -> tuple[int, tuple[tuple[str, str], ...]]:
        """Nothing lists products by themselves: they are found by the orders that made them."""
        return state.started, ()

    @staticmethod
    def has_open_work(state: Installed) -> bool:
        """Products have no tasks; orders do."""
        return False

    @staticmethod
    def open_work(state: Installed) -> list[str]:
        """See :meth:`has_open_work`."""
        return []

    @staticmethod
    def dispatch(state: Installed, key: str) -> Dispatch:
        """Never asked for (:raises KeyError: always)."""
        raise KeyError(f"product {state.id} has no task {key}")


def _unknown(product: Installed, event: ProductUnknown, at: int) -> None:
    product.known = product.asked = False


def _learned(product: Installed, event: ProductLearned, at: int) -> None:
    product.asked = False
    product.picture, product.offering, product.quantity = event.picture, event.offering, event.quantity
    product.party, product.started = event.party, event.since
    product.causes = (Cause(event.picture.version, product.order, product.line, "add", event.since),)


def _moved(product: Installed, event: ProductMoved, at: int) -> None:
    product.state, product.since = event.state, at
    if event.state is S.ACTIVE:
        product.whole = True
    elif event.state is S.TERMINATED:
        product.ended = at


def _wanted(product: Installed, event: ProductWanted, at: int) -> None:
    product.queue = (*product.queue, Reservation(event.order, event.line, event.action, at))


def _held(product: Installed, event: ProductHeld, at: int) -> None:
    product.queue = product.queue[1:]
    product.holder = Reservation(event.order, event.line, event.action, at)


def _free(product: Installed, event: ProductFree, at: int) -> None:
    who = (event.order, event.line)
    if product.holder is not None and (product.holder.order, product.holder.line) == who:
        product.holder = None
    else:
        product.queue = tuple(each for each in product.queue if (each.order, each.line) != who)


def _folded(product: Installed, event: ProductFolded, at: int) -> None:
    assert product.picture is not None
    product.picture = fold_picture(product.picture, event)
    product.quantity = event.quantity or product.quantity
    cause = Cause(event.version, event.order, event.line, event.action, at)
    product.causes = (*product.causes, cause)[-CAUSES_MAX:]


def _looked(product: Installed, event: ProductLooked, at: int) -> None:
    product.lookers = (*product.lookers, event.order)


def _lookers_told(product: Installed, event: ProductLookersTold, at: int) -> None:
    product.lookers = ()


FOLDS: Final[dict[type, Callable[[Installed, Any, int], None]]] = {
    ProductUnknown: _unknown,
    ProductLearned: _learned,
    ProductMoved: _moved,
    ProductWanted: _wanted,
    ProductHeld: _held,
    ProductFree: _free,
    ProductFolded: _folded,
    ProductLooked: _looked,
    ProductLookersTold: _lookers_told,
}
