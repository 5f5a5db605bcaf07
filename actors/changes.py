"""Changes of an order's document after it was accepted, as long as no work rests on what changes."""

from actors.acceptance import ORDER_ACCEPTS, ORDER_BEGUN
from actors.behaviour import Decision, refused
from actors.events import OrderAnnotated, OrderChanged
from actors.inside import REVIEW, OpenReview
from actors.message import Message
from actors.messages import AnnotateOrder, ChangeOrder, ChangeValues, Done
from actors.order import Order, OrderActor, refused_for_version


def begun(order: Order) -> bool:
    """Whether decomposition has taken up the order: from then on a change of its lines is one of running work."""
    return order.started or order.decomposed > 0


def decide(actor: OrderActor, order: Order | None, message: Message, now: int, group: str) -> Decision:
    """Decide a change. ``order`` is None while the group does not exist; ``now`` in ms since 1970 UTC.

    What follows from another document is what follows from a first one: ``actor`` says it.
    """
    if order is None or not isinstance(message, ChangeOrder | AnnotateOrder | ChangeValues):
        return refused("unknownOrder", f"there is no order {group}")
    if (why := ORDER_ACCEPTS.refusal(type(message), order.state, order.id)) is not None:
        return refused(*why)
    if message.base != order.version:
        if message.base == order.version - 1 and message.digest == order.change:
            return Decision(reply=Done(order.state))  # it came before, and its answer was lost
        return refused_for_version(order, message.base)
    if not isinstance(message, ChangeOrder):
        annotated = OrderAnnotated(message.document, message.digest, message.changed)
        # A contact or an appointment may be what people were asked for.
        asked = [(REVIEW, OpenReview(message.by))] if order.in_review else []
        return Decision([annotated], [*asked])
    if begun(order):
        return refused(ORDER_BEGUN.code, ORDER_BEGUN.sentence.format(name=order.id, state=order.state))
    heading = message.heading
    decision = Decision(
        [OrderChanged(message.document, message.digest, message.catalog, heading, message.changed)]
    )
    depends_on = {other: order.depends_on.get(other, "") for other in heading.depends_on}
    actor.changed(decision, order, message, depends_on, now)
    return decision
