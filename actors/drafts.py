"""Drafts: orders that are still being written, saved whatever is wrong with them, and in no list of orders.

The submission of one is decided by the order actor (``actors/order.py``): from then on it is an order like any other.
"""

from typing import Final

from actors.acceptance import ORDER_ACCEPTS
from actors.behaviour import Decision, refused
from actors.events import DraftSaved, DraftWithdrawn
from actors.message import Message
from actors.messages import Accepted, Done, KeyConflict, OrderEnded, SaveDraft, StartDraft, WithdrawDraft
from actors.order import Order, refused_for_version
from actors.states import S

DRAFTS: Final = "drafts"
"""The attribute under which lists find drafts."""


def decide(order: Order | None, message: Message, now: int, group: str) -> Decision:
    """Decide what only drafts understand. ``order`` is None while there is none, ``now`` is ms since 1970 UTC."""
    if isinstance(message, StartDraft):
        return _start(order, message, now, group)
    if order is None:
        return refused("unknownOrder", f"there is no order {group}")
    if (why := ORDER_ACCEPTS.refusal(type(message), order.state, order.id)) is not None:
        return refused(*why)
    if isinstance(message, SaveDraft):
        return _save(order, message)
    if isinstance(message, WithdrawDraft):
        return Decision(
            [DraftWithdrawn(message.reason or "the draft was withdrawn")],
            sends=[(waiter, OrderEnded(order.id, S.CANCELLED)) for waiter in order.waiters],
        )
    return refused("unknownMessage", f"a draft does not understand {type(message).__name__}")


def _start(order: Order | None, message: StartDraft, now: int, group: str) -> Decision:
    if order is not None:
        if order.digest != message.digest:
            return Decision(reply=KeyConflict(order.id))
        return Decision(reply=Accepted(order.id, order.state, order.order_date, duplicate=True))
    saved = DraftSaved(
        group, message.document, message.digest, message.catalog, message.client, message.heading
    )
    return Decision([saved], reply=Accepted(group, S.DRAFT, now))


def _save(order: Order, message: SaveDraft) -> Decision:
    if message.base != order.version:
        if message.base == order.version - 1 and message.digest == order.change:
            return Decision(reply=Done(order.state))  # it came before, and its answer was lost
        return refused_for_version(order, message.base)
    saved = DraftSaved(
        order.id, message.document, message.digest, message.catalog, order.client, message.heading
    )
    return Decision([saved])
