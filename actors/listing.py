"""Where lists find an order: its date, and the attributes it goes by."""

from actors import alerts, astray, people
from actors.drafts import DRAFTS
from actors.lanes import LANE, lane_value
from actors.order_id import ORDER_ID_LENGTH, captured_as, tenant_tag_of, tenanted
from actors.states import FINAL, S
from actors.structure import OrderGroup
from catalog.policies.priority import DEFAULT_LANE


def listed(state: OrderGroup) -> tuple[int, tuple[tuple[str, str], ...]]:
    """(orderDate in ms, attributes by which lists find the order)."""
    order = state.order
    if not order.submitted:
        drafts = tenanted(tenant_tag_of(order.id), DRAFTS)
        return order.order_date, (((drafts, ""),) if order.state is S.DRAFT else ())
    entries = [("every", ""), ("state", str(order.state))]
    if order.external_id:
        entries.append(("externalId", order.external_id))
    if order.party:
        entries.append(("relatedParty.id", order.party))
    if order.category:
        entries.append(("category", order.category))
    # People, alerts, lanes and what was decomposed know no kinds of order.
    common = []
    if state.urgency is not None and state.urgency.lane != DEFAULT_LANE:
        common.append((LANE, lane_value(state.urgency.lane, order.client)))
    if order.in_review and state.review is not None:
        common += people.listed(state.review.tasks.values())
    if state.decomposition.astray:
        common += astray.listed(state.decomposition)
    graph = state.decomposition.graph
    if graph is not None and graph.alerts and order.state not in FINAL:
        common += alerts.listed(graph)
    if len(order.id) != ORDER_ID_LENGTH:
        tag, kind = tenant_tag_of(order.id), captured_as(order.id)
        entries = [(tenanted(tag, attribute, kind), value) for attribute, value in entries]
        common = [(tenanted(tag, attribute), value) for attribute, value in common]
    return order.order_date, (*entries, *common)
