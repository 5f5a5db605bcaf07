"""The OpenAPI document: what FastAPI finds in the routes, put right where it cannot know.

Bodies that routes read themselves are not in its sight, and errors are TM Forum errors with the statuses that this
gateway answers, not FastAPI's own.
"""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from gateway.tmf import product_ordering, service_ordering
from gateway.tmf.edge_models import edge_model
from gateway.tmf.errors import Error

_SCHEMAS: Final = "#/components/schemas/{model}"
_ERRORS: Final = {
    "400": "Something is wrong with the request; `violations` lists all of it, with JSON pointers.",
    "401": "No bearer token, or an unknown one.",
    "403": "The token's principal may not do this.",
    "404": "There is no such order or product, or nothing of this name in it.",
    "409": "The state of the order forbids it; `reason` says why, and the way on.",
    "413": "The body is too large.",
    "415": "The body's media type or encoding is not understood.",
    "429": "The runtime is at its limit: repeat after `Retry-After` seconds, with the same key.",
    "503": "The runtime cannot answer now: repeat after `Retry-After` seconds, with the same key.",
}
_RETRY_AFTER: Final = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
_OPEN: Final = frozenset({"/health"})
"""Paths that need no token and ask nobody."""
_OWN: Final = "/api/v1/"
_REPEATABLE: Final = frozenset({"/api/v1/catalog"})
"""Paths of ours under which a thing that is there may come again as another."""


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The document, made once for an application."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        forms = [
            (edge_model(form), "validation")
            for form in (*product_ordering.FORMS, *service_ordering.FORMS, Error)
        ]
        _, schema = models_json_schema(forms, ref_template=_SCHEMAS)  # type: ignore[arg-type]
        schemas = document["components"]["schemas"] = {
            **schema["$defs"],
            **document["components"]["schemas"],
        }
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                _tell_errors(path, method, operation)
        for fastapis in ("HTTPValidationError", "ValidationError"):
            schemas.pop(fastapis, None)
        app.openapi_schema = document
    return app.openapi_schema


def _tell_errors(path: str, method: str, operation: dict[str, Any]) -> None:
    """Give an operation the errors that it can answer, where it does not tell them itself."""
    responses = operation["responses"]
    responses.pop("422", None)
    for status in _statuses(path, method, operation):
        response = responses.setdefault(status, {"description": _ERRORS[status]})
        response.setdefault(
            "content", {"application/json": {"schema": {"$ref": _SCHEMAS.format(model="Error")}}}
        )
        if status in ("429", "503"):
            response.setdefault("headers", _RETRY_AFTER)


def _statuses(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    if path in _OPEN:
        return []
    statuses = ["400", "401", "503"]
    if "{" in path:
        statuses.append("404")
    if method != "get":
        statuses += ["429", "403"]
        if path.startswith(_OWN) and ("{id}" in path or path in _REPEATABLE):
            statuses.append("409")
        if "requestBody" in operation:
            statuses += ["413", "415"]
    return statuses
