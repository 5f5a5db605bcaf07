"""What lies around a message about the graph of an order: its lines, what rules read of it, what is to be brought."""

from typing import Any, Final

import msgspec

from actors.claims import Claim
from actors.document import lines_of
from actors.domain_order import DomainOrder
from actors.inside import Bringing, Brought, Grow, Leave, LeaveOut, Situated
from actors.message import Message
from actors.messages import GiveValues, TimerFired
from actors.plan import Orchestration
from actors.product_id import product_id
from actors.remembering import remembered
from actors.states import FINAL, S
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
    service: _Product | None = None
    productOrderItem: list["_Item"] = []
    serviceOrderItem: list["_Item"] = []


class _Channel(msgspec.Struct):
    id: str = ""


class _Order(msgspec.Struct):
    externalId: str | None = None
    category: str | None = None
    description: str | None = None
    priority: str | None = None
    requestedStartDate: str | None = None
    requestedCompletionDate: str | None = None
    channel: list[_Channel] = []
    relatedParty: list[_Party] = []
    productOrderItem: list[_Item] = []
    serviceOrderItem: list[_Item] = []


_read = msgspec.json.Decoder(_Order, strict=False).decode
_INTENTS = {"suspended": "suspend", "active": "resume"}
"""What a modify means by the status that it asks for."""


class Bringers(Bringing):
    """What the tasks of an order's plan may still bring, looked up when it is asked for."""

    def __init__(self, plan: Orchestration, orders: dict[str, DomainOrder]) -> None:
        self.plan = plan
        self.orders = orders

    def still(self, line: str, bringer: str) -> bool:
        """Whether a task of this line, or of what it shares, that is not final goes by this name."""
        plan = self.plan
        owners = [*plan.work.get(line, ()), *(key for key, lines in plan.shared.items() if line in lines)]
        return any(
            key in plan.gives
            and plan.tasks[key].state not in FINAL
            and bringer == f"task {plan.tasks[key].name} of {self.orders[owner].specification}"
            for owner in owners
            for key in plan.work[line if owner in plan.work.get(line, ()) else ""].get(owner, ())
        )


def situated(state: OrderGroup, message: Message) -> Situated:
    """A message with what growing reads of the order around it."""
    requests, about = surroundings(state.order.document, state.order.id)
    if state.reservations is not None:
        claimed = state.reservations.claims.items()
        requests = {**requests, **{line: on_picture(requests[line], claim) for line, claim in claimed}}
    return Situated(
        message,
        state.order.catalog,
        requests,
        about,
        state.order.order_date,
        # One that was given up ends with what others still do for it; of its own nothing grows any more.
        {line.id: S.CANCELLED if line.gate is S.CANCELLED else line.state for line in state.lines.values()},
        Bringers(state.orchestration, state.decomposition.domain_orders),
        state.reservations.shared if state.reservations is not None else {},
    )


def on_picture(request: LineRequest, claim: Claim) -> LineRequest:
    """A line's request over the installed product that it has reserved."""
    if claim.picture is None:
        return request
    return msgspec.structs.replace(
        request,
        offering=request.offering or claim.offering or None,  # a service has none
        quantity=request.quantity or claim.quantity,
        product=claim.subject,
        installed=claim.picture,
    )


@remembered
def surroundings(document: bytes, order_id: str) -> tuple[dict[str, LineRequest], dict[str, Any]]:
    """Every line of an order's document as decomposition takes it, and what rules read under `order`.

    A line that makes a product is told under which id.
    """
    order = _read(document)
    items: dict[str, _Item] = {}
    ways = [*order.productOrderItem, *order.serviceOrderItem]
    while ways:
        item = ways.pop()
        items[item.id] = item
        ways += item.productOrderItem or item.serviceOrderItem
    requests: dict[str, LineRequest] = {}
    for line in lines_of(document):
        request, item = line.request, items[line.request.line]
        product = item.product or item.service
        own = product_id(order_id, request.line) if request.action == "add" else ""
        if product is None:
            requests[request.line] = msgspec.structs.replace(request, product=own) if own else request
            continue
        requests[request.line] = msgspec.structs.replace(
            request,
            product=own or product.id,
            place={place.role: place.id for place in product.place},
            intent=_INTENTS.get(product.status) if request.action == "modify" else None,
        )
    about = {
        "id": order_id,
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
