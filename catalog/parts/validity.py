"""When a part of the catalog is valid (TMF `validFor`), from located text."""

from datetime import UTC, datetime, timedelta

from catalog.characteristics import fits_type
from catalog.located import Fields, Findings
from catalog.validity import TimePeriod

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_period(findings: Findings, what: str, owner: Fields) -> TimePeriod | None:
    """The field `validFor` with its instants; None when it is absent or bounds nothing."""
    if not owner.has("validFor"):
        return None
    fields = Fields(findings, owner.place("validFor"), f"{what}: validFor", ("startDateTime", "endDateTime"))
    start, end = _instant_ms(findings, fields, "startDateTime"), _instant_ms(findings, fields, "endDateTime")
    if start is not None and end is not None and start >= end:
        message = f"{what}: validFor ends before it starts"
        findings.report(fields.place("endDateTime"), "period-reversed", message, "exchange the two instants")
        return None
    return TimePeriod(start, end) if start is not None or end is not None else None


def _instant_ms(findings: Findings, fields: Fields, name: str) -> int | None:
    text = fields.text(name)
    if not text:
        return None
    if fits_type("dateTime", text):
        return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)
    if fits_type("date", text):
        return (datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
    message = f"{fields.what}: {name} {text!r} is neither a date nor a dateTime with an offset"
    findings.report(fields.place(name), "bad-instant", message, f"write `{name}: 2026-01-01T00:00:00Z`")
    return None
