"""What is wrong with something a stranger sent: where, which rule, and in words."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

import msgspec

from catalog.findings import Finding

MESSAGE_LENGTH_MAX: Final = 400
"""Characters of a violation's message; a value that is quoted in it may be megabytes long."""
VIOLATIONS_MAX: Final = 1_000
"""How many violations one answer lists; beyond it the answer says that there are more."""


class Violation(msgspec.Struct, frozen=True):
    """One broken rule. ``pointer`` is a JSON pointer (RFC 6901) into the body, or ``?name`` for a query parameter."""

    pointer: str
    code: str
    message: str


class BadRequest(Exception):
    """A request that cannot be right whoever asks: HTTP ``status`` (400, 401, 404, 413 ...) with all violations.

    Repeating it unchanged gives the same answer.
    """

    def __init__(
        self,
        code: str,
        reason: str,
        violations: Iterable[Violation] = (),
        *,
        status: int = 400,
        headers: dict[str, str] | None = None,
        findings: Iterable[Finding] = (),
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        listed = islice(violations, VIOLATIONS_MAX + 1)  # one more tells that there are more
        self.violations = tuple(_shortened(violation) for violation in listed)
        self.status = status
        self.headers = headers or {}
        self.findings = tuple(findings)
        """Of a catalog: what its violations are made of, each with its file, line and way out, and the warnings."""


def _shortened(violation: Violation) -> Violation:
    if len(violation.message) <= MESSAGE_LENGTH_MAX:
        return violation
    return Violation(violation.pointer, violation.code, violation.message[: MESSAGE_LENGTH_MAX - 1] + "…")


def pointer_of(*steps: str | int) -> str:
    """The JSON pointer along these steps, escaped as RFC 6901 asks."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)
