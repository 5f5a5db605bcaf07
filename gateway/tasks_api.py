"""Tasks for people: listed over all orders, claimed, done, given back. The inbox of a workspace is built on this.

Who does a group's work has the group in the token file; the role `operator` does everybody's.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Query, Request, Response

from actors.group import OrderGroup
from actors.messages import ClaimWork, CompleteWork, ReturnWork
from actors.order_id import tenanted
from actors.people import WORDS, WORK, asked
from actors.states import PERSON_TASK
from gateway.context import Authenticated, Requester, gateway_of
from gateway.decision_keys import DecisionKey
from gateway.identity import tag_of
from gateway.json_answers import JsonAnswer
from gateway.orders_with_work import orders_asked, page_headers
from gateway.review_decisions import check_values, decide, groups_of
from gateway.review_view import PersonTaskView, task_view
from gateway.tmf.edge_models import edge_model
from gateway.violations import BadRequest, Violation
from runtime.errors import NotFound
from runtime.limits import LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX

PATH: Final = "/api/v1/tasks"
router = APIRouter(prefix=PATH, tags=["Tasks for people"])
_TASK: Final = edge_model(PersonTaskView)
_OFFSET_MAX: Final = 10**12
_OPEN: Final = tuple(WORDS[state] for state in PERSON_TASK.states if state not in PERSON_TASK.final)
_DONE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": _TASK, "description": "The task as it stands."}
}
OrderId = Annotated[str, Path(alias="id", description="The order's id.")]
TaskKey = Annotated[str, Path(alias="key", description="The task's key in its order, such as `w1`.")]
Values = Annotated[
    dict[str, dict[str, Any]],
    Body(
        embed=True,
        description=(
            "What is filled in: line -> field -> value. A field is a characteristic, `place.ROLE`, `contact.ROLE`, "
            "`appointment`, `billingAccount`, or `price` (a price's id -> the amount decided)."
        ),
        examples=[{"1": {"site": "12 Harbour Road", "place.installation": {"id": "p1"}}}],
    ),
]
Note = Annotated[str, Body(embed=True, max_length=2_000, description="A remark; it stands in the journal.")]
GivenReason = Annotated[str, Body(embed=True, min_length=1, max_length=2_000, description="Why.")]
ToRequester = Annotated[
    bool, Body(embed=True, description="Only the requester can answer: the order asks for it.")
]


@router.get(
    "",
    summary="List tasks for people",
    responses={
        200: {
            "model": list[_TASK],  # type: ignore[valid-type]  # a model made at run time
            "description": "Tasks by the date of their order, those of one order together.",
            "headers": {
                "X-Total-Count": {
                    "schema": {"type": "integer"},
                    "description": "How many orders have such tasks.",
                },
                "Link": {"schema": {"type": "string"}, "description": "Pages by rel."},
            },
        }
    },
)
async def list_tasks(
    request: Request,
    principal: Authenticated,
    group: Annotated[str, Query(description="Tasks of this group.")] = "",
    state: Annotated[str, Query(description="`open`, `claimed` or `returned` (to the requester).")] = "",
    assignee: Annotated[str, Query(description="Tasks that this person claims.")] = "",
    order: Annotated[str, Query(description="Tasks of this order, ended ones among them.")] = "",
    offset: Annotated[int, Query(ge=0, le=_OFFSET_MAX, description="How many orders to leave out.")] = 0,
    limit: Annotated[
        int, Query(ge=0, le=LIST_LIMIT_MAX, description="How many orders.")
    ] = LIST_LIMIT_DEFAULT,
) -> Response:
    """Tasks of the principal's tenant that match every filter. Pages count orders, whose tasks come together."""
    gateway = gateway_of(request)
    if state and state not in _OPEN and not order:
        sentence = f"must be one of {', '.join(_OPEN)}"
        raise BadRequest(
            "invalidQuery",
            "the query cannot be answered",
            [Violation("?state", "value-not-allowed", sentence)],
        )
    filters = {tenanted(tag_of(principal.tenant), WORK): asked(group, state, assignee)}
    groups, total = await orders_asked(gateway, principal, order, filters, offset, limit)
    shown = [
        view
        for found in groups
        if found is not None and found.review is not None
        for task in found.review.tasks.values()
        if order or task.active
        for view in (task_view(found, task),)
        if (not group or view["group"] == group)
        and (not state or view["state"] == state)
        and (not assignee or view.get("claimedBy") == assignee)
    ]
    return JsonAnswer(shown, headers=page_headers(request, gateway, offset, limit, total))


@router.get("/{id}/{key}", summary="Retrieve a task for people", responses=_DONE)
async def retrieve_task(request: Request, principal: Authenticated, order: OrderId, key: TaskKey) -> Response:
    """One task of an order, whatever became of it."""
    return _answer(await gateway_of(request).group(order, principal), key)


@router.post("/{id}/{key}/claim", summary="Claim a task", responses=_DONE)
async def claim_task(
    request: Request,
    principal: Requester,
    order: OrderId,
    key: TaskKey,
    idempotency_key: DecisionKey = None,
) -> Response:
    """Take the task on. The claim lapses after a time that the catalog states, and then the task is open again."""
    gateway = gateway_of(request)
    await gateway.group(order, principal)
    message = ClaimWork(key, principal.name, groups_of(principal))
    return _answer(await decide(gateway, principal, order, message, idempotency_key), key)


@router.post("/{id}/{key}/complete", summary="Complete a task", responses=_DONE)
async def complete_task(
    request: Request,
    principal: Requester,
    order: OrderId,
    key: TaskKey,
    values: Values = {},  # noqa: B006 - FastAPI copies it
    note: Note = "",
    idempotency_key: DecisionKey = None,
) -> Response:
    """Say that the task is done, with what it asks for. Values are checked as those of a new order are."""
    gateway = gateway_of(request)
    await check_values(gateway, principal, await gateway.group(order, principal), values)
    message = CompleteWork(key, principal.name, groups_of(principal), values, note)
    return _answer(await decide(gateway, principal, order, message, idempotency_key), key)


@router.post("/{id}/{key}/return", summary="Give a task back", responses=_DONE)
async def return_task(
    request: Request,
    principal: Requester,
    order: OrderId,
    key: TaskKey,
    reason: GivenReason,
    requester: ToRequester = False,
    idempotency_key: DecisionKey = None,
) -> Response:
    """Give a claimed task back to its group, or hand its question on to the requester of the order."""
    gateway = gateway_of(request)
    await gateway.group(order, principal)
    message = ReturnWork(key, principal.name, reason, groups_of(principal), requester)
    return _answer(await decide(gateway, principal, order, message, idempotency_key), key)


def _answer(group: OrderGroup, key: str) -> Response:
    task = group.review.tasks.get(key) if group.review is not None else None
    if task is None:
        raise NotFound(f"order {group.order.id} has no task for people {key[:64]!r}")
    return JsonAnswer(task_view(group, task))
