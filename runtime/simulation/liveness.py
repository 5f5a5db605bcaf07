"""Storm, then calm: once nothing fails any more, every order ends, or says what it waits for, and rightly so."""

from actors.installed_product import Installed
from actors.shared_service import Shared
from actors.states import FINAL, State
from actors.structure import OrderGroup
from actors.waiting import DATE, OPERATOR, OTHER_ORDER, REQUESTER, RUNTIME, TARGET, waits_for
from runtime.simulation.books import Broken
from runtime.simulation.client import Client, held


class Stuck(Exception):
    """Nothing is wrong, and yet something does not go on."""


def waiting(
    client: Client,
    groups: dict[str, OrderGroup],
    products: dict[str, Installed],
    services: dict[str, Shared],
    now: int,
) -> str:
    """Why a client's order rightly waits, or has nothing to wait for; empty when it should still move.

    ``groups`` are all orders, ``products`` all installed products and ``services`` all shared services as the journal
    makes them.

    :raises Broken: when the order does not state exactly one reason, or an ended one states any.
    """
    if client.accepted is None:
        return ""
    group = groups.get(client.plan.order)
    if group is None:
        raise Broken("acknowledged", f"{client.plan.order} was answered and is in no journal")
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
    if group.reservations is not None and not (
        _claims_rightly_wait(group, groups, products) and _sharing_rightly_waits(group, groups, services)
    ):
        return ""
    if kind in (OPERATOR, REQUESTER):
        decomposing = 0 < order.decomposed < len(group.lines)
        return "held" if held(group) and set(held(group)) <= client.left and not decomposing else ""
    if kind == DATE:
        return "date" if order.requested_start > now else ""
    assert kind == OTHER_ORDER
    return "other" if _rightly_waits(group, groups) else ""


def _rightly_waits(group: OrderGroup, groups: dict[str, OrderGroup]) -> bool:
    """Whether one of the orders that are waited for has indeed not ended (a line waits only beside a held one)."""
    for other, ended in group.order.depends_on.items():
        if not ended and other in groups:
            return groups[other].order.state not in FINAL
    return bool(group.order.asking)


def _claims_rightly_wait(
    group: OrderGroup, groups: dict[str, OrderGroup], products: dict[str, Installed]
) -> bool:
    """Whether every line that waits for a product is in its queue, behind whom it says, and that one can still move."""
    assert group.reservations is not None
    for claim in group.reservations.claims.values():
        if not claim.asked:
            continue
        product = products.get(claim.wanted)
        if product is None or claim.ahead is None:
            return False
        queue = [(each.order, each.line) for each in product.queue]
        if product.holder is not None:
            queue.insert(0, (product.holder.order, product.holder.line))
        else:
            queue.insert(0, (product.order, product.line))
        me = (group.order.id, claim.line)
        if me not in queue[1:] or queue[queue.index(me, 1) - 1] != claim.ahead:
            return False
        order, line = claim.ahead
        if order not in groups or groups[order].lines[line].state in FINAL:
            return False
    return True


def _sharing_rightly_waits(
    group: OrderGroup, groups: dict[str, OrderGroup], services: dict[str, Shared]
) -> bool:
    """The same for shared services, of which an order asks for one at a time."""
    assert group.reservations is not None
    for id_, claim in group.reservations.shared.items():
        if not claim.asked or claim.granted:
            continue
        service = services.get(id_)
        if service is None or group.order.id not in service.queue:
            return False
        queue = (service.holder, *service.queue)
        ahead = queue[queue.index(group.order.id, 1) - 1]
        if ahead != claim.ahead or ahead not in groups or groups[ahead].order.state in FINAL:
            return False
    return True
