"""Lanes with a cap: how many orders of one client may enter them in an hour, counted over all gateways.

What counts is the listing index, written in each order's own commit, so that the count survives whatever restarts.
Orders on their way at the same moment may exceed a cap by as many. A lane is chosen once, when an order comes in.
"""

from typing import Final, TypeVar

import msgspec

from actors.appraisal import facts_with
from actors.lanes import LANE, lane_value
from actors.messages import SubmitDraft, SubmitOrder
from actors.order_id import tenanted
from catalog.model import Catalog
from catalog.policies.model import LaneRule
from catalog.policies.parsing import OTHERS
from catalog.policies.priority import DEFAULT_LANE, ranking
from gateway.auth import Principal
from gateway.identity import tag_of
from gateway.wall_clock import now_ms
from runtime.errors import Busy
from runtime.journal.listing import list_orders
from runtime.port import Runtime

HOUR_MS: Final = 3_600_000


Submission = TypeVar("Submission", SubmitOrder, SubmitDraft)


async def laned(runtime: Runtime, principal: Principal, order: str, message: Submission) -> Submission:
    """The message with the lane that the order may still enter, where the catalog caps any.

    :raises Busy: the lane is full, and this client's orders are then refused. An order that is already there is not.
    """
    catalog = runtime.catalogs.get(message.catalog)
    capped = _capped(catalog)
    if not capped:
        return message
    found = ranking(catalog, facts_with(message.document, (), catalog, now_ms()))
    rule = capped.get(found.lane) if found is not None else None
    if rule is None or await _room(runtime, principal, rule):
        return message
    above = rule.above.get(principal.client, rule.above.get(OTHERS, "downgrade"))
    if above == "downgrade":
        return msgspec.structs.replace(message, lane=DEFAULT_LANE)
    (known,) = await runtime.read([order])
    if known is None or not known.order.submitted:
        raise Busy(
            f"lane {rule.name} takes {rule.cap_per_hour} orders of {principal.client} an hour, and has them"
        )
    return message


def _capped(catalog: Catalog) -> dict[str, LaneRule]:
    """The lanes of a catalog that have a cap, by name; nothing for nearly all catalogs."""
    if catalog.policies is None or catalog.policies.priority is None:
        return {}
    return {rule.name: rule for rule in catalog.policies.priority.lanes if rule.cap_per_hour}


async def _room(runtime: Runtime, principal: Principal, rule: LaneRule) -> bool:
    filters = {tenanted(tag_of(principal.tenant), LANE): lane_value(rule.name, principal.client)}
    page = await list_orders(runtime.journal, filters, now_ms() - HOUR_MS, None, 0, 0)
    return page.total < rule.cap_per_hour
