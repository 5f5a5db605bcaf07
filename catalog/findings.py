"""What a check of catalog files found: where, what, and what to do about it."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Severity = Literal["error", "warning"]


class Finding(msgspec.Struct, frozen=True):
    """One finding in its place; `code` is stable, `line` counts from 1, `fix` says what to write."""

    file: str
    line: int
    severity: Severity
    code: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.severity}: {self.message} [{self.code}]\n    fix: {self.fix}"


class CatalogError(Exception):
    """A catalog refused whole; `findings` holds every error and warning of all its files."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        errors = sum(finding.severity == "error" for finding in self.findings)
        super().__init__(
            f"the catalog has {errors} error(s):\n" + "\n".join(str(finding) for finding in self.findings)
        )
