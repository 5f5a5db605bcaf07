"""How the OpenAPI document shows what TMF622 and TMF641 do alike."""

from typing import Annotated, Any, Final

from fastapi import Header, Path, Query
from pydantic import BaseModel, ConfigDict, create_model

from gateway.bodies import MERGE_PATCH
from gateway.preconditions import IF_MATCH
from gateway.tmf.edge_models import edge_model
from gateway.tmf.errors import Error

Responses = dict[int | str, dict[str, Any]]

SELECTED: Final = create_model(
    "SelectedAttributes",
    __config__=ConfigDict(extra="allow"),
    __doc__="What `fields` asked for, and always the id.",
    id=(str, ...),
)
_ERROR: Final = edge_model(Error)
_ETAG: Final = {
    "ETag": {"schema": {"type": "string"}, "description": "The version of what was ordered, for `If-Match`."}
}
PROBLEMS: Final[Responses] = {
    status: {"model": _ERROR, "description": text}
    for status, text in {
        400: "Something is wrong with the request; `violations` lists all of it, with JSON pointers.",
        401: "No bearer token, or an unknown one.",
        403: "The token's principal may not do this.",
        429: "The runtime is at its limit: repeat after `Retry-After` seconds, with the same key.",
        503: "The runtime cannot answer now: repeat after `Retry-After` seconds, with the same key.",
    }.items()
}
MISSING: Final[Responses] = {404: {"model": _ERROR, "description": "There is no such order."}}

Fields = Annotated[
    str | None,
    Query(description="First-level attributes, by commas. `id` always comes, `href` only when asked for."),
]
OrderId = Annotated[str, Path(alias="id", description="The order's id.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        description="Names the order for repetitions; without it (party, externalId) does, if there is one."
    ),
]


def created_responses(order: type[BaseModel]) -> Responses:
    """What a POST may answer."""
    return {
        201: {"model": order, "description": "The order is on disk; `Location` says where to find it."},
        200: {"model": order, "description": "The same key and body came before: the order as it is now."},
        409: {
            "model": _ERROR,
            "description": "The same key came with another body: its order, and where they differ.",
        },
        413: {"model": _ERROR, "description": "The body is too large."},
        **PROBLEMS,
    }


def retrieved_responses(order: type[BaseModel]) -> Responses:
    """What a GET of one order may answer."""
    return {
        200: {"model": order | SELECTED, "description": "The order as it durably is.", "headers": _ETAG},
        **PROBLEMS,
        **MISSING,
    }


def changed_responses(order: type[BaseModel]) -> Responses:
    """What a PATCH may answer."""
    return {
        200: {
            "model": order,
            "description": "The order with the change, which is on disk.",
            "headers": _ETAG,
        },
        409: {
            "model": _ERROR,
            "description": "The order's state forbids it, or work rests on what would change.",
        },
        412: {"model": _ERROR, "description": "Another version stands than `If-Match` names: read it again."},
        413: {"model": _ERROR, "description": "The body is too large."},
        428: {"model": _ERROR, "description": "`If-Match` is missing."},
        **PROBLEMS,
        **MISSING,
    }


def listed_responses(order: type[BaseModel], total: str = "All orders that match.") -> Responses:
    """What a GET of the collection may answer; ``total`` says what its count is of."""
    return {
        200: {
            "model": list[order | SELECTED],  # type: ignore[valid-type]  # a model made at run time
            "description": "Orders by (orderDate, id).",
            "headers": {
                "X-Total-Count": {"schema": {"type": "integer"}, "description": total},
                "X-Result-Count": {"schema": {"type": "integer"}, "description": "Orders in this answer."},
                "Link": {
                    "schema": {"type": "string"},
                    "description": "Pages by rel: self, first, prev, next, last; the last page has no next.",
                },
            },
        },
        **PROBLEMS,
    }


def creation(form: str, example: dict[str, Any]) -> dict[str, Any]:
    """The body of a POST, which the route reads itself."""
    schema = {"$ref": f"#/components/schemas/{form}"}
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def patching(example: dict[str, Any]) -> dict[str, Any]:
    """The body and the precondition of a PATCH."""
    content = {kind: {"schema": {"type": "object"}, "example": example} for kind in MERGE_PATCH}
    return {"parameters": [IF_MATCH], "requestBody": {"required": True, "content": content}}


FILTERS: Final[dict[str, Any]] = {
    "parameters": [
        {"name": name, "in": "query", "required": False, "schema": {"type": kind}, "description": text}
        for name, kind, text in (
            ("state", "string", "Orders in this state."),
            ("externalId", "string", "Orders with this externalId."),
            ("relatedParty.id", "string", "Orders of this party: the owner, ordering party or customer."),
            ("category", "string", "Orders of this category."),
            ("orderDate.gt", "string", "Later than this date-time. Also `.gte`, `.lt`, `.lte`."),
            ("orderDate.gte", "string", "At this date-time or later."),
            ("orderDate.lt", "string", "Before this date-time."),
            ("orderDate.lte", "string", "At this date-time or before."),
            ("offset", "integer", "How many orders to leave out at the start."),
            ("limit", "integer", "How many orders to return at most; 20 unless said."),
        )
    ]
}
