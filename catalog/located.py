"""Catalog text with its places: values that know their line, and typed reading that reports, never raises."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from catalog.durations import milliseconds
from catalog.findings import Finding, Severity


class Located:
    """A YAML value and where it stands.

    `value` is a dict of Located, a list of Located or a scalar; `text` is a scalar as it was written, so that
    a string field may be given as 1.0 or no without becoming a number or a boolean.
    """

    __slots__ = ("file", "line", "text", "value")

    def __init__(self, value: Any, text: str, file: str, line: int) -> None:
        self.value = value
        self.text = text
        self.file = file
        self.line = line

    def plain(self) -> Any:
        """The value without its places, all the way down."""
        if isinstance(self.value, dict):
            return {name: each.plain() for name, each in self.value.items()}
        if isinstance(self.value, list):
            return [each.plain() for each in self.value]
        return self.value


class Findings:
    """Collects findings, so that a catalog is refused once, with all that is wrong."""

    def __init__(self) -> None:
        self.found: list[Finding] = []

    def report(self, at: Located, code: str, message: str, fix: str, severity: Severity = "error") -> None:
        """Add a finding at a place; see `catalog.findings.Finding` for the words."""
        self.found.append(Finding(at.file, at.line, severity, code, message, fix))

    def sorted(self) -> list[Finding]:
        """All findings by file and line."""
        return sorted(self.found, key=lambda finding: (finding.file, finding.line, finding.code))


def nearest(word: str, words: Iterable[str]) -> str:
    """A hint to append to a fix: the closest known word, or nothing."""
    close = get_close_matches(word, list(words), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


class Fields:
    """One mapping, read field by field; what has the wrong shape is reported and read as absent."""

    def __init__(self, findings: Findings, at: Located, what: str, known: tuple[str, ...]) -> None:
        self.findings = findings
        self.at = at
        self.what = what
        self.fields: Mapping[str, Located] = {}
        if not isinstance(at.value, dict):
            if at.value is not None:
                findings.report(
                    at, "wrong-shape", f"{what} must be a mapping of fields", f"write fields: {_list(known)}"
                )
            return
        self.fields = at.value
        for name, field in self.fields.items():
            if name not in known:
                fix = f"remove it or use one of {_list(known)}{nearest(name, known)}"
                findings.report(field, "unknown-field", f"{what} has no field {name!r}", fix)

    def place(self, name: str) -> Located:
        """Where the field stands, or else what it is missing from."""
        return self.fields.get(name, self.at)

    def has(self, name: str) -> bool:
        """Whether the field is there with a value; null counts as absent."""
        field = self.fields.get(name)
        return field is not None and field.value is not None

    def text(self, name: str, default: str = "") -> str:
        """A scalar as it was written."""
        if not self.has(name):
            return default
        field = self.fields[name]
        if isinstance(field.value, dict | list):
            self._wrong(field, name, "text", "write a word or a sentence")
            return default
        return field.text

    def required_text(self, name: str, example: str) -> str:
        """A text that must be there; `example` is shown in the fix. Empty after a finding."""
        text = self.text(name)
        if not text:
            self.findings.report(
                self.at, "missing-field", f"{self.what} has no {name}", f"add `{name}: {example}`"
            )
        return text

    def choice(self, name: str, choices: tuple[str, ...], default: str, code: str) -> str:
        """One of `choices`; after a finding with `code`, the default."""
        text = self.text(name, default)
        if text not in choices:
            fix = f"use one of {_list(choices)}{nearest(text, choices)}"
            self.findings.report(self.place(name), code, f"{self.what}: {name} {text!r} is unknown", fix)
            return default
        return text

    def flag(self, name: str) -> bool:
        """True or false; false when absent."""
        if not self.has(name):
            return False
        field = self.fields[name]
        if type(field.value) is not bool:
            self._wrong(field, name, "true or false", f"write `{name}: true`")
            return False
        return field.value

    def count(self, name: str) -> int | None:
        """A whole number from 0, None when absent."""
        if not self.has(name):
            return None
        field = self.fields[name]
        if type(field.value) is not int or field.value < 0:
            self._wrong(field, name, "a whole number from 0", f"write `{name}: 1`")
            return None
        return field.value

    def duration(self, name: str, default: int, example: str) -> int:
        """A duration in milliseconds; the default when it is absent, or ill formed and reported."""
        if not self.has(name):
            return default
        at = self.place(name)
        try:
            return milliseconds(at.value)
        except ValueError as error:
            fix = f"write `{name}: {example}` or milliseconds"
            self.findings.report(at, "bad-duration", f"{self.what}: {name}: {error}", fix)
            return default

    def texts(self, name: str) -> tuple[Located, ...]:
        """A list of words, or one word for a list of one."""
        if not self.has(name):
            return ()
        field = self.fields[name]
        items = field.value if isinstance(field.value, list) else [field]
        words = tuple(item for item in items if not isinstance(item.value, dict | list))
        if len(words) < len(items):
            self._wrong(field, name, "a list of names", f"write `{name}: [name]`")
        return words

    def items(self, name: str) -> tuple[Located, ...]:
        """The entries of a list."""
        if not self.has(name):
            return ()
        field = self.fields[name]
        if not isinstance(field.value, list):
            self._wrong(field, name, "a list", "start each entry with `- `")
            return ()
        return tuple(field.value)

    def entries(self, name: str) -> Mapping[str, Located]:
        """The entries of a mapping, by name."""
        if not self.has(name):
            return {}
        field = self.fields[name]
        if not isinstance(field.value, dict):
            self._wrong(field, name, "a mapping by name", "write each entry as `name:` with its fields below")
            return {}
        return field.value

    def _wrong(self, field: Located, name: str, expected: str, fix: str) -> None:
        self.findings.report(field, "wrong-shape", f"{self.what}: {name} must be {expected}", fix)


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)
