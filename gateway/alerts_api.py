"""Alerts: values that did not come in time, told to a group of people until one of them says that he knows.

Who belongs to a group has it in the token file; the role `operator` may speak for everybody.
"""

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Body, Path, Query, Request, Response

from actors.alerts import ACKNOWLEDGED, ALERT, OPEN, alerts_of, asked, group_of
from actors.graph import Held
from actors.messages import AcknowledgeAlerts
from actors.order_id import tenanted
from actors.states import FINAL
from actors.structure import OrderGroup
from gateway.context import Authenticated, Requester, gateway_of
from gateway.decision_keys import DecisionKey
from gateway.identity import tag_of
from gateway.json_answers import JsonAnswer
from gateway.orders_with_work import orders_asked, page_headers
from gateway.review_decisions import decide, groups_of
from gateway.tmf.edge_models import edge_model
from gateway.tmf.parts import Instant
from gateway.tmf.product_order import instant_text
from runtime.limits import LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX

router = APIRouter(prefix="/api/v1", tags=["Alerts"])
_OFFSET_MAX: Final = 10**12
_KEY_LENGTH_MAX: Final = 10_000


class AlertView(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A value of an order line that did not come in time. ``reaction``: remind or escalate."""

    order: str
    line: str
    key: str
    """Names it in its line."""
    sentence: str
    missing: tuple[str, ...]
    """Full paths of the values that are waited for."""
    awaits: str
    """Whose move it is: the requester's, an operator's, or the runtime's (a task brings the value)."""
    reaction: str
    group: str
    """The group it is with; empty: everybody."""
    times: int
    """How often its deadline has passed, and somebody was told."""
    since: Instant
    """When the wait began."""
    until: Instant | msgspec.UnsetType = msgspec.UNSET
    """When somebody is told next."""
    acknowledged_by: str = ""
    acknowledged_at: Instant | msgspec.UnsetType = msgspec.UNSET


_ALERTS: Final[Any] = list[edge_model(AlertView)]  # type: ignore[misc]  # a model made at run time


@router.get(
    "/alerts",
    summary="List alerts: values that did not come in time",
    responses={
        200: {
            "model": _ALERTS,
            "description": "Alerts by the date of their order, those of one order together.",
            "headers": {
                "X-Total-Count": {
                    "schema": {"type": "integer"},
                    "description": "How many orders have such alerts.",
                },
                "Link": {"schema": {"type": "string"}, "description": "Pages by rel."},
            },
        }
    },
)
async def list_alerts(
    request: Request,
    principal: Authenticated,
    group: Annotated[str, Query(description="Alerts that are with this group.")] = "",
    order: Annotated[str, Query(description="Alerts of this order.")] = "",
    acknowledged: Annotated[
        bool | None, Query(description="Whether somebody has said that he knows; left out: both.")
    ] = None,
    offset: Annotated[int, Query(ge=0, le=_OFFSET_MAX, description="How many orders to leave out.")] = 0,
    limit: Annotated[
        int, Query(ge=0, le=LIST_LIMIT_MAX, description="How many orders.")
    ] = LIST_LIMIT_DEFAULT,
) -> Response:
    """Alerts of the principal's tenant that match every filter. Pages count orders, whose alerts come together."""
    gateway = gateway_of(request)
    state = "" if acknowledged is None else ACKNOWLEDGED if acknowledged else OPEN
    filters = {tenanted(tag_of(principal.tenant), ALERT): asked(group, state)}
    groups, total = await orders_asked(gateway, principal, order, filters, offset, limit)
    shown = [
        view
        for found in groups
        if found is not None
        for view in _views(found)
        if (not group or view["group"] == group)
        and (acknowledged is None or acknowledged == ("acknowledgedBy" in view))
    ]
    if order:
        total = min(1, len(shown))
    headers = page_headers(request, gateway, offset, limit, total)
    return JsonAnswer(shown if not order or (limit and not offset) else [], headers=headers)


@router.post(
    "/order/{id}/line/{key:path}/acknowledge",
    summary="Acknowledge alerts of a line",
    responses={200: {"model": _ALERTS, "description": "The alerts of the line as they stand."}},
)
async def acknowledge_alerts(
    request: Request,
    principal: Requester,
    order: Annotated[str, Path(alias="id", description="The order's id.")],
    key: Annotated[str, Path(description="The line's id.")],
    alert: Annotated[
        str,
        Body(
            embed=True,
            max_length=_KEY_LENGTH_MAX,
            description="The alert's key; left out: all that are for the principal.",
        ),
    ] = "",
    idempotency_key: DecisionKey = None,
) -> Response:
    """Say that one knows: nobody is reminded or told of it any more, and the line waits until the value comes."""
    gateway = gateway_of(request)
    await gateway.group(order, principal)
    message = AcknowledgeAlerts(key, principal.name, alert, groups_of(principal))
    group = await decide(gateway, principal, order, message, idempotency_key)
    return JsonAnswer([view for view in _views(group) if view["line"] == key])


def _views(group: OrderGroup) -> list[dict[str, Any]]:
    if group.order.state in FINAL:
        return []
    return [_view(group.order.id, line, held) for line, held in alerts_of(group.decomposition.graph)]


def _view(order: str, line: str, held: Held) -> dict[str, Any]:
    part = held.part
    shown: dict[str, Any] = {
        "order": order,
        "line": line,
        "key": part.key,
        "sentence": part.sentence,
        "missing": part.missing,
        "awaits": part.awaits,
        "reaction": part.reaction,
        "group": group_of(held),
        "times": held.times,
        "since": instant_text(held.since),
    }
    if held.until:
        shown["until"] = instant_text(held.until)
    if held.acknowledged_by:
        shown["acknowledgedBy"] = held.acknowledged_by
        shown["acknowledgedAt"] = instant_text(held.acknowledged_at)
    return shown
