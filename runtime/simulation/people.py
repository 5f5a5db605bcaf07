"""People in a simulated world: some orders have a line that they look at first, and they answer as people do."""

from random import Random
from typing import Any

from actors.alerts import alerts_of
from actors.messages import (
    AcknowledgeAlerts,
    AddDetails,
    AnyMessage,
    ApproveOrder,
    ClaimWork,
    CompleteWork,
    RejectOrder,
    ReturnOrder,
    ReturnWork,
)
from actors.people import APPROVAL
from actors.states import State
from actors.structure import OrderGroup

EVERYBODY = ("*",)
NAMES = ("ann", "bob", "cid", "dan")
FILLED: dict[str, Any] = {
    "site": "Harbour 4",
    "place.installation": {"id": "p1"},
    "contact.technical": {"id": "c1", "@referredType": "Individual"},
}
"""All that a line of managed-security may lack."""


def looked_at(draw: Random, line: str) -> dict[str, Any]:
    """An item that people look at before its order is fulfilled."""
    users = draw.choice((3, 50, 800))
    return {
        "id": line,
        "action": "add",
        "productOffering": {"id": "managed-security"},
        "product": {"productCharacteristic": [{"name": "users", "value": users}]},
    }


def knows(group: OrderGroup, draw: Random) -> AcknowledgeAlerts | None:
    """What somebody says now and then who was told that values did not come in time."""
    told = alerts_of(group.decomposition.graph)
    lines = sorted({line for line, held in told if not held.acknowledged_by})
    if not lines or draw.random() < 0.5:
        return None
    return AcknowledgeAlerts(draw.choice(lines), draw.choice(NAMES), groups=EVERYBODY)


def said(group: OrderGroup, draw: Random) -> AnyMessage | None:
    """What somebody says next about an order in review; None when there is nothing to say."""
    review = group.review
    if review is None or not group.order.in_review or not review.active:
        return None
    task, by, roll = draw.choice(review.active), draw.choice(NAMES), draw.random()
    if task.kind == APPROVAL:
        if roll < 0.05:
            return RejectOrder(by, "nobody wants it", EVERYBODY)
        if roll < 0.15:
            return ReturnOrder(by, "how many users?", EVERYBODY, requester=roll < 0.1)
        return ApproveOrder(by, EVERYBODY, group.order.version)
    values = {line: FILLED for line in task.lines if line in group.lines}
    if task.state is State.IN_PROGRESS:
        by = task.by
        if roll < 0.2:
            return ReturnWork(task.key, by, "not mine", EVERYBODY, requester=roll < 0.1)
    elif roll < 0.3:
        return ClaimWork(task.key, by, EVERYBODY)
    elif roll < 0.5 and values:
        return AddDetails(values, by)
    return CompleteWork(task.key, by, EVERYBODY, values)
