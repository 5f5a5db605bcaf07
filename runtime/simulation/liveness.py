"""Storm, then calm: once nothing fails any more, every order ends, or says what it waits for, and rightly so."""

from actors.states import FINAL, State
from actors.structure import OrderGroup
from actors.waiting import DATE, OPERATOR, OTHER_ORDER, REQUESTER, RUNTIME, TARGET, waits_for
from runtime.simulation.books import Broken
from runtime.simulation.client import Client, held


class Stuck(Exception):
    """Nothing is wrong, and yet something does not go on."""


def waiting(client: Client, others: dict[str, Client], now: int) -> str:
    """Why a client's order rightly waits, or has nothing to wait for; empty when it should still move.

    :raises Broken: when the order does not state exactly one reason, or an ended one states any.
    """
    if client.accepted is None:
        return ""
    group = client.view
    if group is None:
        return ""
    order = group.order
    report = waits_for(group, now)
    if (order.state in FINAL) is not (report.stated is None):
        raise Broken("liveness", f"{order.id} is {order.state} and states {report.stated}")
    if report.stated is None:
        return "ended"
    if report.total < 1 or report.stated != report.reasons[0]:
        raise Broken("liveness", f"{order.id} states {report.stated} of {report.total} reasons")
    kind = report.stated.kind
    if kind == REQUESTER and order.state is State.DRAFT:
        return "draft" if client.plan.draft_ends == "stay" else ""
    if kind == RUNTIME or any(reason.kind == TARGET for reason in report.reasons):
        return ""
    if kind in (OPERATOR, REQUESTER):
        decomposing = 0 < order.decomposed < len(group.lines)
        return "held" if held(group) and set(held(group)) <= client.left and not decomposing else ""
    if kind == DATE:
        return "date" if order.requested_start > now else ""
    assert kind == OTHER_ORDER
    return "other" if _rightly_waits(group, others) else ""


def _rightly_waits(group: OrderGroup, others: dict[str, Client]) -> bool:
    """Whether one of the orders that are waited for has indeed not ended (a line waits only beside a held one)."""
    for other, ended in group.order.depends_on.items():
        client = others.get(other)
        if not ended and client is not None and client.view is not None:
            return client.view.order.state not in FINAL
    return False
