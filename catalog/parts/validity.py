"""When a part of the catalog is valid (TMF `validFor`), from located text."""

from datetime import datetime

from catalog.commerce.model import Validity
from catalog.located import Fields, Findings

VALIDITY = ("startDateTime", "endDateTime")


def read_validity(findings: Findings, what: str, owner: Fields) -> Validity | None:
    """The field `validFor` with its instants; None when it is absent or bounds nothing."""
    if not owner.has("validFor"):
        return None
    at = owner.place("validFor")
    fields = Fields(findings, at, f"{what}: validFor", VALIDITY)
    ends: list[int | None] = []
    for name in VALIDITY:
        text = fields.text(name)
        try:
            ends.append(instant(text) if text else None)
        except ValueError as error:
            fix = f"write `{name}: 2025-07-01T00:00:00Z`, with an offset"
            findings.report(fields.place(name), "bad-instant", f"{what}: {name}: {error}", fix)
            ends.append(None)
    start, end = ends
    if start is not None and end is not None and start >= end:
        message = f"{what}: it ends before it begins"
        findings.report(at, "validity-reversed", message, "exchange the two")
    return Validity(start, end) if start is not None or end is not None else None


def instant(text: str) -> int:
    """An RFC 3339 instant as milliseconds since 1970 UTC; raises ValueError."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no offset, so it names no instant")
    return round(at.timestamp() * 1000)
