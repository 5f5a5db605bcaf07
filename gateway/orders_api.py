"""What operators ask and decide about single orders: the graph, the history, retry and give-up of what is held.

An API of Orderloom's own under ``/api/v1``; errors are TM Forum errors all the same.
"""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Body, Path, Request, Response

from actors.explanation import explanation
from actors.lifting import decode_events
from actors.messages import Done, GiveUp, GiveValues, Retry
from actors.waiting import waits_for
from gateway.auth import Principal
from gateway.camel_case import named, shown_part
from gateway.context import Authenticated, Operator, gateway_of
from gateway.decision_keys import Decision, DecisionKey, keyed
from gateway.json_answers import JsonAnswer
from gateway.review_view import priority_view
from gateway.tmf.product_order import instant_text
from gateway.tmf.product_ordering import refusal
from gateway.wall_clock import now_ms
from runtime.history import history

router = APIRouter(prefix="/api/v1", tags=["Orders"])
OrderId = Annotated[str, Path(alias="id", description="The order's id.")]
Changes = Annotated[
    dict[str, Any] | None,
    Body(
        embed=True,
        description="Characteristics of the task's request to replace or add; without them the same is sent again.",
    ),
]
GivenReason = Annotated[
    str, Body(embed=True, min_length=1, max_length=2_000, description="Why it will not be done.")
]

GivenValues = Annotated[
    dict[str, Any],
    Body(
        embed=True,
        min_length=1,
        description="By the full path that `waitsFor` names, those of the line's own specification also by their name. "
        "Null: not known any more.",
    ),
]


@router.get("/order/{id}/graph", summary="Lines, domain orders and tasks of an order, and what it waits for")
async def graph(request: Request, principal: Authenticated, order: OrderId) -> Response:
    """Everything below an order: lines, the graph of domain orders with their referrers, tasks with what they need."""
    group = await gateway_of(request).group(order, principal)
    report = waits_for(group, now_ms())
    return JsonAnswer(
        {
            "id": group.order.id,
            "state": group.order.state,
            "catalog": group.order.catalog,
            "priority": priority_view(group),
            "waitsFor": [shown_part(reason) for reason in report.reasons],
            "waitsForTotal": report.total,
            "lines": [shown_part(line) for line in group.lines.values()],
            "domainOrders": [shown_part(order) for order in group.decomposition.domain_orders.values()],
            "tasks": [shown_part(task) for task in group.orchestration.tasks.values()],
        }
    )


@router.get("/order/{id}/explanation", summary="Why an order has the domain orders it has, and no others")
async def explain_order(request: Request, principal: Authenticated, order: OrderId) -> Response:
    """For each relationship met: created or not, by which rule, from which inputs, and all that is missing.

    Computed now, from the catalog version of the order and what is known by now; `drift` is where an installed product
    is not what that catalog would make of it.
    """
    gateway = gateway_of(request)
    group = await gateway.group(order, principal)
    lines = explanation(group, gateway.runtime.catalogs.get(group.order.catalog))
    return JsonAnswer(
        {
            "id": group.order.id,
            "state": group.order.state,
            "catalog": group.order.catalog,
            "lines": [
                {
                    **named(each),
                    "reasons": [named(reason) for reason in each.reasons],
                    "drift": [named(drift) for drift in each.drift],
                    "unchanged": [named(node) for node in each.unchanged],
                }
                for each in lines
            ],
        }
    )


@router.get("/order/{id}/journal", summary="Every committed fact of an order")
async def journal(request: Request, principal: Authenticated, order: OrderId) -> Response:
    """The order's records from its first to its last, from archive and stream alike."""
    gateway = gateway_of(request)
    await gateway.group(order, principal)
    records = await history(gateway.runtime.journal, order)
    return JsonAnswer(
        [
            {
                "sequence": record.sequence,
                "at": instant_text(record.at),
                "by": record.by,
                "events": [_event(event) for event in decode_events(record.events)],
            }
            for record in records
        ]
    )


@router.post("/order/{id}/task/{key:path}/retry", summary="Dispatch a held or pending task again")
async def retry_task(
    request: Request,
    principal: Operator,
    order: OrderId,
    key: str,
    changes: Changes = None,
    idempotency_key: DecisionKey = None,
) -> Response:
    """The same data keeps the task's effect key; changed data starts a new generation."""
    return await _decide(request, principal, order, Retry(key, changes, principal.name), idempotency_key)


@router.post("/order/{id}/task/{key:path}/giveUp", summary="Decide that a held task will not be done")
async def give_up_task(
    request: Request,
    principal: Operator,
    order: OrderId,
    key: str,
    reason: GivenReason,
    idempotency_key: DecisionKey = None,
) -> Response:
    """The task has then failed, and with it what needs it."""
    return await _decide(request, principal, order, GiveUp(key, reason, principal.name), idempotency_key)


@router.post("/order/{id}/line/{key:path}/retry", summary="Free a line that is held by another's end")
async def retry_line(
    request: Request,
    principal: Operator,
    order: OrderId,
    key: str,
    idempotency_key: DecisionKey = None,
) -> Response:
    """The line goes on without what it needed."""
    return await _decide(request, principal, order, Retry(key, None, principal.name), idempotency_key)


@router.post("/order/{id}/line/{key:path}/giveUp", summary="Decide that a held line will not be done")
async def give_up_line(
    request: Request,
    principal: Operator,
    order: OrderId,
    key: str,
    reason: GivenReason,
    idempotency_key: DecisionKey = None,
) -> Response:
    """The line is cancelled."""
    return await _decide(request, principal, order, GiveUp(key, reason, principal.name), idempotency_key)


@router.post(
    "/order/{id}/line/{key:path}/values", summary="Give values that a line waits for, or change them"
)
async def give_values(
    request: Request,
    principal: Operator,
    order: OrderId,
    key: str,
    values: GivenValues,
    idempotency_key: DecisionKey = None,
) -> Response:
    """What waits for them is created and joins the running plan; where work has begun a change is only noted."""
    return await _decide(request, principal, order, GiveValues(key, values, principal.name), idempotency_key)


@router.post("/order/{id}/retry", summary="Free an order that is held by another order's end")
async def retry_order(
    request: Request, principal: Operator, order: OrderId, idempotency_key: DecisionKey = None
) -> Response:
    """The order goes on without the order it depended on."""
    return await _decide(request, principal, order, Retry("", None, principal.name), idempotency_key)


@router.post("/order/{id}/giveUp", summary="Decide that a held order will not be done")
async def give_up_order(
    request: Request,
    principal: Operator,
    order: OrderId,
    reason: GivenReason,
    idempotency_key: DecisionKey = None,
) -> Response:
    """The order is cancelled."""
    return await _decide(request, principal, order, GiveUp("", reason, principal.name), idempotency_key)


async def _decide(
    request: Request,
    principal: Principal,
    order: str,
    decision: Decision,
    given: str | None,
) -> Response:
    """``given``: the principal's own key for the decision."""
    gateway = gateway_of(request)
    await gateway.group(order, principal)
    reply = await gateway.runtime.send(order, keyed(decision, principal, given))
    if not isinstance(reply, Done):
        raise refusal(reply)
    return JsonAnswer({"id": order, "state": reply.state})


def _event(event: Any) -> dict[str, Any]:
    """A fact with its chosen name; an order's document shows as the JSON it is."""
    shown = {"event": event.__struct_config__.tag, **named(event)}
    for name, value in shown.items():
        if isinstance(value, bytes):
            shown[name] = msgspec.Raw(value) if name == "document" else value.hex()
    return shown
