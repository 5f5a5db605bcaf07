"""Durations as catalogs write them: whole milliseconds or ISO 8601 such as `PT1M30S` or `P2DT4H`."""

import re

_ISO = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d{1,3})?)S)?)?"
)


def milliseconds(duration: int | str) -> int:
    """The duration in milliseconds; raises ValueError with the reason when it is none.

    Years, months and weeks are refused: a task's duration must not depend on the calendar.
    """
    if isinstance(duration, bool) or not isinstance(duration, int | str):
        raise ValueError(f"{duration!r} is neither milliseconds nor an ISO 8601 duration")
    if isinstance(duration, int):
        if duration < 0:
            raise ValueError(f"{duration} ms is negative")
        return duration
    match = _ISO.fullmatch(duration)
    if match is None or not any(match.groups()) or duration.endswith("T"):
        raise ValueError(f"{duration!r} is not an ISO 8601 duration of days, hours, minutes and seconds")
    days, hours, minutes = (int(match[part] or 0) for part in ("days", "hours", "minutes"))
    whole, _, fraction = (match["seconds"] or "0").partition(".")
    seconds = ((days * 24 + hours) * 60 + minutes) * 60 + int(whole)
    return seconds * 1_000 + int((fraction or "0").ljust(3, "0"))


def duration_text(duration_ms: int) -> str:
    """Milliseconds as ISO 8601, in days, hours, minutes and seconds."""
    seconds, milliseconds = divmod(duration_ms, 1_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    fraction = f".{milliseconds:03d}".rstrip("0") if milliseconds else ""
    parts = [f"{hours}H" if hours else "", f"{minutes}M" if minutes else ""]
    if seconds or milliseconds or not (days or hours or minutes):
        parts.append(f"{seconds}{fraction}S")
    time = "".join(parts)
    return f"P{days}D" * bool(days) + (f"T{time}" if days else f"PT{time}") if time else f"P{days}D"
