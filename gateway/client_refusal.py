"""What the client raises when the gateway says no."""

from collections.abc import Mapping
from typing import Any

import msgspec


class OrderloomRefusal(Exception):
    """The gateway refused a request. ``status`` is HTTP's, ``error`` the TMF error body with its ``violations``."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(f"{status} {error.get('code', '')}: {error.get('reason', '')}")
        self.status = status
        self.error = error

    @property
    def retry_after_s(self) -> float | None:
        """Seconds after which the same request may be repeated; None where repeating does not help."""
        return float(self.error.get("retryAfter", 1)) if self.status in (429, 503) else None


def refusal_of(status: int, body: bytes, headers: Mapping[str, str]) -> OrderloomRefusal:
    """The refusal an answer makes, also when it comes from something else on the way."""
    try:
        error = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        error = {"code": "unreadable", "reason": body[:200].decode(errors="replace")}
    if headers.get("Retry-After", "").isdecimal():
        error.setdefault("retryAfter", int(headers["Retry-After"]))
    return OrderloomRefusal(status, error)
