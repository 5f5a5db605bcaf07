"""Errors in TM Forum's words, for every way a request can end badly.

Source: TMF622 v4.0 ``Error`` (code, reason, message, status, referenceError, @type) with the extension attribute
``violations``. Nothing of the inside shows: an error that nobody foresaw is logged, and answered as a bare 500.
"""

from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from catalog.findings import Finding
from gateway.json_answers import JsonAnswer
from gateway.violations import VIOLATIONS_MAX, BadRequest, Violation, pointer_of
from runtime.errors import JournalAway, OrderloomError
from runtime.limits import RETRY_AFTER_S

log = structlog.get_logger(__name__)

_CODES: Final = {
    401: "unauthorized",
    403: "forbidden",
    404: "notFound",
    405: "methodNotAllowed",
    415: "mediaType",
}
AWAY: Final = "the journal does not answer; nothing is promised, repeat the request with the same key"
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Error(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel", kw_only=True):
    """The error body (TMF622 v4.0 Error). ``code`` is stable, ``reason`` is for people."""

    code: str
    reason: str
    message: str = ""
    status: str = ""
    reference_error: str = ""
    violations: tuple[Violation, ...] = ()
    id: str = ""
    """Extension attribute: the order that stands in the way (409)."""
    href: str = ""
    """Extension attribute: where that order is found."""
    findings: tuple[Finding, ...] = ()
    """Extension attribute: of a catalog that is refused, every error and warning."""
    at_type: str = msgspec.field(name="@type", default="")


def error_of(problem: Exception) -> tuple[int, Error]:
    """HTTP status and body for anything raised while a request was answered."""
    if isinstance(problem, BadRequest):
        shown = problem.violations[:VIOLATIONS_MAX]
        message = (
            f"only the first {VIOLATIONS_MAX} are listed" if len(problem.violations) > VIOLATIONS_MAX else ""
        )
        told = error(problem.status, problem.code, problem.reason, message, shown)
        return problem.status, msgspec.structs.replace(told, findings=problem.findings)
    if isinstance(problem, JournalAway):
        # Which server did not answer, and where, is for the operator.
        log.warning("a request found the journal away", problem=str(problem))
        return 503, error(503, problem.code, AWAY)
    if isinstance(problem, OrderloomError):
        return problem.status, error(problem.status, problem.code, str(problem) or problem.code)
    log.error("a request met an unforeseen error", exc_info=problem)
    reason = "an internal error; nothing is promised about this request"
    return 500, error(500, "internalError", reason)


def error(
    status: int,
    code: str,
    reason: str,
    message: str = "",
    violations: tuple[Violation, ...] = (),
    *,
    order: str = "",
    href: str = "",
) -> Error:
    """An error body for this HTTP status."""
    return Error(
        code=code,
        reason=reason,
        message=message,
        status=str(status),
        violations=violations,
        id=order,
        href=href,
        at_type="Error",
    )


def retry_after(status: int) -> int | None:
    """Seconds after which the same request may be repeated, None where repeating does not help."""
    return RETRY_AFTER_S if status in (429, 503) else None


def answer_error(problem: Exception) -> Response:
    """The HTTP answer for anything raised."""
    status, body = error_of(problem)
    headers = dict(problem.headers) if isinstance(problem, BadRequest) else {}
    seconds = retry_after(status)
    if seconds is not None:
        headers["Retry-After"] = str(seconds)
    return JsonAnswer(body, status_code=status, headers=headers)


def install_error_answers(app: FastAPI) -> None:
    """Make every error of the application a TM Forum error."""

    async def raised(_: Request, problem: Exception) -> Response:
        return answer_error(problem)

    async def http(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, HTTPException)
        code = _CODES.get(problem.status_code, "error")
        reason, headers = str(problem.detail), dict(problem.headers or {})
        path = request.url.path[:200]
        if problem.status_code == HTTPStatus.NOT_FOUND:
            reason = f"there is nothing at {path}; /docs lists what there is"
        elif problem.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            # A router knows the methods of one route only; a path may have several.
            headers["Allow"] = allowed = ", ".join(_methods(app, request))
            reason = f"{path} takes {allowed}, not {request.method}"
        return JsonAnswer(
            error(problem.status_code, code, reason), status_code=problem.status_code, headers=headers
        )

    async def invalid(_: Request, problem: Exception) -> Response:
        assert isinstance(problem, RequestValidationError)
        found = [
            Violation(_place(fault["loc"]), str(fault["type"]), str(fault["msg"]))
            for fault in problem.errors()
        ]
        return answer_error(BadRequest("invalidRequest", "the request is not valid", found))

    async def unwritable(_: Request, problem: Exception) -> Response:
        # What is kept is Unicode, so it can only stand in the request: JSON may escape half a surrogate pair.
        message = "holds a text with half a surrogate pair, which is no Unicode"
        return answer_error(
            BadRequest(
                "invalidRequest", "the request is not valid", [Violation("", "string-unicode", message)]
            )
        )

    app.add_exception_handler(BadRequest, raised)
    app.add_exception_handler(UnicodeEncodeError, unwritable)
    app.add_exception_handler(OrderloomError, raised)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, raised)


def _methods(app: FastAPI, request: Request) -> list[str]:
    """The methods that the request's path takes."""
    asked = [(method, {**request.scope, "method": method}) for method in _METHODS]
    return [
        method
        for method, scope in asked
        if any(route.matches(scope)[0] is Match.FULL for route in app.routes)
    ]


def _place(location: Any) -> str:
    kind, *steps = location
    if kind == "query" and steps:
        return f"?{steps[0]}"
    return pointer_of(*steps)
