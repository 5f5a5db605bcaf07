"""Reviews: what an approver sees of an order, and what he says: yes, no, or back for rework.

The first of a change's rules holds here, too: with `If-Match` a yes counts only for the version that was seen.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Request, Response

from actors.group import OrderGroup
from actors.messages import AddDetails, ApproveOrder, RejectOrder, ReturnOrder
from gateway.auth import Principal
from gateway.context import Authenticated, Gateway, Requester, gateway_of
from gateway.decision_keys import Decision, DecisionKey
from gateway.json_answers import JsonAnswer
from gateway.preconditions import IF_MATCH, etag, named_base_of
from gateway.review_decisions import catalog_of, check_values, decide, groups_of
from gateway.review_view import ReviewView, review_view
from gateway.tasks_api import GivenReason, Note, OrderId, ToRequester, Values
from gateway.tmf.edge_models import edge_model
from gateway.tmf.errors import Error
from gateway.tmf.product_ordering import priced_order
from gateway.tmf.shapes import shape_of
from gateway.wall_clock import now_ms
from runtime.errors import NotFound

router = APIRouter(prefix="/api/v1/order", tags=["Reviews"])
_REVIEW: Final = edge_model(ReviewView)
_SHOWN: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "model": _REVIEW,
        "description": "The order as its approvers see it.",
        "headers": {"ETag": {"schema": {"type": "string"}, "description": "The version, for `If-Match`."}},
    }
}
_PASSED: Final[dict[int | str, dict[str, Any]]] = {
    412: {
        "model": edge_model(Error),
        "description": "The order is at another version than `If-Match` names: look at it again.",
    }
}
_IF_MATCH: Final = {"parameters": [{**IF_MATCH, "required": False}]}
Overrides = Annotated[
    dict[str, Annotated[str, Body(min_length=1)]],
    Body(
        embed=True,
        description="Compatibility findings in spite of which it is approved, each with the reason.",
        examples=[{"1:phone:needs-access": "installed as product 4711"}],
    ),
]


@router.get("/{id}/review", summary="What an approver sees of an order", responses=_SHOWN)
async def review(request: Request, principal: Authenticated, order: OrderId) -> Response:
    """The dry run of the order as it stands: tree, plan, dates, price, compatibility; tasks, approvals, priority."""
    gateway = gateway_of(request)
    return await _shown(gateway, principal, await gateway.group(order, principal))


@router.post(
    "/{id}/approve",
    summary="Approve an order",
    responses={**_SHOWN, **_PASSED},
    openapi_extra=_IF_MATCH,
)
async def approve(
    request: Request,
    principal: Requester,
    order: OrderId,
    note: Note = "",
    overrides: Overrides = {},  # noqa: B006 - FastAPI copies it
    idempotency_key: DecisionKey = None,
) -> Response:
    """One person's yes; nobody approves what he submitted, and two approvers are two persons."""
    gateway = gateway_of(request)
    await gateway.group(order, principal)
    message = ApproveOrder(principal.name, groups_of(principal), named_base_of(request) or 0, overrides, note)
    return await _said(gateway, principal, order, message, idempotency_key)


@router.post("/{id}/reject", summary="Reject an order", responses=_SHOWN)
async def reject(
    request: Request,
    principal: Requester,
    order: OrderId,
    reason: GivenReason,
    idempotency_key: DecisionKey = None,
) -> Response:
    """The order ends, rejected, with its lines."""
    gateway = gateway_of(request)
    await gateway.group(order, principal)
    message = RejectOrder(principal.name, reason, groups_of(principal))
    return await _said(gateway, principal, order, message, idempotency_key)


@router.post("/{id}/return", summary="Return an order for rework", responses=_SHOWN)
async def send_back(
    request: Request,
    principal: Requester,
    order: OrderId,
    reason: GivenReason,
    requester: ToRequester = False,
    idempotency_key: DecisionKey = None,
) -> Response:
    """Back to enrichment, with a task for people or a question to the requester; approvals given are void."""
    gateway = gateway_of(request)
    await gateway.group(order, principal)
    message = ReturnOrder(principal.name, reason, groups_of(principal), requester)
    return await _said(gateway, principal, order, message, idempotency_key)


@router.post("/{id}/details", summary="Fill in what an order in review lacks", responses=_SHOWN)
async def add_details(
    request: Request,
    principal: Requester,
    order: OrderId,
    values: Values,
    note: Note = "",
    idempotency_key: DecisionKey = None,
) -> Response:
    """Without a task: what was asked for is done by it. A price decided here stands beside the computed one."""
    gateway = gateway_of(request)
    await check_values(gateway, principal, await gateway.group(order, principal), values)
    message = AddDetails(values, principal.name, note)
    return await _said(gateway, principal, order, message, idempotency_key)


async def _said(
    gateway: Gateway, principal: Principal, order: str, message: Decision, given: str | None
) -> Response:
    return await _shown(gateway, principal, await decide(gateway, principal, order, message, given))


async def _shown(gateway: Gateway, principal: Principal, group: OrderGroup) -> Response:
    if group.review is None:
        raise NotFound(f"order {group.order.id} was never in review: no policy of its catalog asked for that")
    order = group.order
    standing = await gateway.reception_of(shape_of(order.id)).standing(order.document, principal)
    shown = review_view(
        group, group.review, priced_order(gateway, group), catalog_of(gateway, group), standing, now_ms()
    )
    return JsonAnswer(shown, headers={"ETag": etag(group.order.version)})
