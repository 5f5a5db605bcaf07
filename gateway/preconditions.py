"""Versions in HTTP: the ``ETag`` of what is answered, and the ``If-Match`` that names what a change was made from.

The version is that of what was ordered: it counts saves and changes. An order's state moves without it, so that a
change is not refused because a task was completed meanwhile. Source: RFC 9110 section 13, RFC 6585 (428).
"""

import re
from typing import Final

from starlette.requests import Request

from gateway.violations import BadRequest

_TAG: Final = re.compile(r'(?:W/)?"([0-9]{1,12})"')
IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "example": '"1"',
    "description": "The `ETag` of the version that the change was made from.",
}
"""The parameter as the OpenAPI document shows it; routes read the header themselves, to answer 428 without it."""


def etag(version: int) -> str:
    """The ``ETag`` of a version."""
    return f'"{version}"'


def base_of(request: Request) -> int:
    """The version that the request names as its base.

    :raises BadRequest: 428 without ``If-Match`` or with ``*``, which names none; 400 for what is no version.
    """
    given = named_base_of(request)
    if given is None:
        raise BadRequest(
            "preconditionRequired",
            "If-Match must name the version that the change was made from: the ETag of the last answer",
            status=428,
        )
    return given


def named_base_of(request: Request) -> int | None:
    """The version that the request names as its base; None where it names none (:raises BadRequest: 400)."""
    given = request.headers.get("if-match", "").strip()
    if given in ("", "*"):
        return None
    tag = _TAG.fullmatch(given)
    if tag is None:
        raise BadRequest(
            "badVersion", f'If-Match is {given[:64]!r}, and the versions of orders look like "3"'
        )
    return int(tag[1])


def passed(order: str, version: int, base: int) -> BadRequest:
    """The refusal of a change that was made from another version than the one that stands: 412."""
    return BadRequest(
        "versionPassed",
        f"order {order} is at version {version}, not {base}: read it again and repeat the change on that",
        status=412,
        headers={"ETag": etag(version)},
    )
