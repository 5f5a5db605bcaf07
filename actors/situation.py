"""What lies around a message about the graph of an order: its lines, what rules read of it, what is to be brought."""

from functools import lru_cache
from typing import Any, Final

import msgspec

from actors.claims import Claim
from actors.document import lines_of
from actors.inside import Brought, Grow, Leave, LeaveOut, Situated
from actors.messages import GiveValues, Message, TimerFired
from actors.states import FINAL
from actors.structure import OrderGroup
from catalog.lines import LineRequest

ABOUT_THE_GRAPH: Final = frozenset({Grow, GiveValues, Brought, LeaveOut, Leave, TimerFired})
"""Messages that are decided with all of it in view."""


class _Party(msgspec.Struct):
    id: str = ""
    role: str = ""


class _Place(msgspec.Struct):
    id: str = ""
    role: str = ""


class _Product(msgspec.Struct):
    id: str = ""
    status: str = ""
    place: list[_Place] = []


class _Item(msgspec.Struct):
    id: str
    product: _Product | None = None
    productOrderItem: list["_Item"] = []


class _Channel(msgspec.Struct):
    id: str = ""


class _Order(msgspec.Struct):
    id: str | None = None
    externalId: str | None = None
    category: str | None = None
    description: str | None = None
    priority: str | None = None
    requestedStartDate: str | None = None
    requestedCompletionDate: str | None = None
    channel: list[_Channel] = []
    relatedParty: list[_Party] = []
    productOrderItem: list[_Item] = []


_read = msgspec.json.Decoder(_Order, strict=False).decode
_INTENTS = {"suspended": "suspend", "active": "resume"}
"""What a modify means by the status that it asks for."""


def situated(state: OrderGroup, message: Message) -> Situated:
    """A message with what growing reads of the order around it."""
    requests, about = surroundings(state.order.document)
    if state.reservations is not None:
        claimed = state.reservations.claims.items()
        requests = {**requests, **{line: on_picture(requests[line], claim) for line, claim in claimed}}
    return Situated(
        message,
        state.order.catalog,
        requests,
        {**about, "id": state.order.id},
        state.order.order_date,
        {line.id: line.state for line in state.lines.values()},
        _bringing(state),
    )


def on_picture(request: LineRequest, claim: Claim) -> LineRequest:
    """A line's request over the installed product that it has reserved."""
    if claim.picture is None:
        return request
    return msgspec.structs.replace(
        request,
        offering=request.offering or claim.offering,
        quantity=request.quantity or claim.quantity,
        product=claim.subject,
        installed=claim.picture,
    )


@lru_cache(maxsize=16)
def surroundings(document: bytes) -> tuple[dict[str, LineRequest], dict[str, Any]]:
    """Every line of a document as decomposition takes it, and what rules read under `order`."""
    order = _read(document)
    items: dict[str, _Item] = {}
    ways = list(order.productOrderItem)
    while ways:
        item = ways.pop()
        items[item.id] = item
        ways += item.productOrderItem
    requests: dict[str, LineRequest] = {}
    for line in lines_of(document):
        request, product = line.request, items[line.request.line].product
        if product is not None:
            request = msgspec.structs.replace(
                request,
                product=product.id,
                place={place.role: place.id for place in product.place},
                intent=_INTENTS.get(product.status) if request.action == "modify" else None,
            )
        requests[request.line] = request
    about = {
        "externalId": order.externalId,
        "category": order.category,
        "description": order.description,
        "priority": order.priority,
        "channel": order.channel[0].id if order.channel else None,
        "requestedStartDate": order.requestedStartDate,
        "requestedCompletionDate": order.requestedCompletionDate,
        "customer": next((party.id for party in order.relatedParty if party.role == "Customer"), None),
        "party": {party.role: party.id for party in order.relatedParty},
    }
    return requests, {name: value for name, value in about.items() if value is not None}


def _bringing(state: OrderGroup) -> frozenset[str]:
    """The tasks that may still bring a value, with the line for which."""
    plan, orders = state.orchestration, state.decomposition.domain_orders
    found: set[str] = set()
    for key in plan.gives:
        task = plan.tasks[key]
        if task.state not in FINAL:
            order = orders[task.domain_order]
            found.update(f"{line}|task {task.name} of {order.specification}" for line in order.referrers)
    return frozenset(found)
