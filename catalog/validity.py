"""When a part of the catalog is valid."""

from datetime import UTC, datetime

import msgspec


class TimePeriod(msgspec.Struct, frozen=True, rename="camel"):
    """From `start_ms` on until before `end_ms` (ms since 1970 UTC; None: open), as TM Forum's `validFor`."""

    start_ms: int | None = None
    end_ms: int | None = None

    def covers(self, at_ms: int) -> bool:
        """Whether an instant lies in it."""
        return (self.start_ms is None or self.start_ms <= at_ms) and (
            self.end_ms is None or at_ms < self.end_ms
        )

    def __str__(self) -> str:
        start = f"from {instant_text(self.start_ms)}" if self.start_ms is not None else ""
        end = f"until {instant_text(self.end_ms)}" if self.end_ms is not None else ""
        return " ".join(part for part in (start, end) if part) or "always"


def instant_text(at: int) -> str:
    """Milliseconds since 1970 UTC as RFC 3339 text in UTC, as short as it is exact."""
    text = datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{at % 1000:03d}Z" if at % 1000 else f"{text}Z"
