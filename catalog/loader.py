"""The one room that reads catalog files: YAML to a checked, immutable catalog.

Every finding of every file is collected, with file, line, a stable code and a proposed fix; a catalog with an error is
refused whole.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from catalog.checks import check_draft
from catalog.findings import CatalogError, Finding
from catalog.located import Findings, Located
from catalog.model import Catalog, catalog_of
from catalog.parsing import Draft, read_file

Paths = Iterable[Path | str] | Path | str

NESTING_MAX = 60
FILE_ENDINGS = (".yaml", ".yml")

_YamlLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SCALARS = yaml.constructor.SafeConstructor
_CONSTRUCTED_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null"))


def check(paths: Paths) -> list[Finding]:
    """Every error and warning in these files, by file and line; folders are searched for YAML files."""
    draft = _draft(paths)
    return draft.findings.sorted()


def load(paths: Paths) -> Catalog:
    """The catalog that these files define together.

    Folders are searched for YAML files. Warnings do not stop it; any error does: raises CatalogError with all findings.
    """
    draft = _draft(paths)
    findings = draft.findings.sorted()
    if any(finding.severity == "error" for finding in findings):
        raise CatalogError(findings)
    return catalog_of(
        draft.name, draft.version, tuple(draft.offerings.values()), tuple(draft.specifications.values())
    )


def _draft(paths: Paths) -> Draft:
    given = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    draft = Draft()
    nowhere = Located(None, "", str(given[0]) if given else "", 1)
    files = [file for path in given for file in _files(path)]
    if not files:
        draft.findings.report(
            nowhere, "no-files", "no catalog files here", "name YAML files or a folder with some"
        )
        return draft
    for file in files:
        root = _read(draft.findings, file)
        if root is not None:
            read_file(draft, root)
    if draft.header is None:
        at = Located(None, "", str(files[0]), 1)
        fix = 'add `catalog: {name: ..., version: "2025.1"}` to one file'
        draft.findings.report(at, "missing-header", "no file states the catalog's version", fix)
    check_draft(draft)
    return draft


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix in FILE_ENDINGS)
    return [path]


def _read(findings: Findings, file: Path) -> Located | None:
    name = str(file)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        at = Located(None, "", name, 1)
        findings.report(
            at, "unreadable-file", f"cannot be read: {error}", "check the path, its rights and UTF-8"
        )
        return None
    loader = _YamlLoader(text)
    try:
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = Located(None, "", name, mark.line + 1 if mark is not None else 1)
        problem = getattr(error, "problem", None) or str(error)
        findings.report(at, "yaml-syntax", f"not YAML: {problem}", "correct the indentation or quoting here")
        return None
    finally:
        loader.dispose()
    return _Placing(findings, name).located(node, 0) if node is not None else None


class _Placing:
    """Turns the nodes of one file into values that know their line."""

    def __init__(self, findings: Findings, file: str) -> None:
        self.findings = findings
        self.file = file
        self.scalars = _SCALARS()

    def located(self, node: yaml.Node, depth: int, line: int | None = None) -> Located:
        at = Located(None, "", self.file, node.start_mark.line + 1 if line is None else line)
        if depth > NESTING_MAX:
            message = f"nested deeper than {NESTING_MAX} levels, or an alias inside its own anchor"
            self.findings.report(at, "nested-too-deep", message, "flatten it")
        elif isinstance(node, yaml.MappingNode):
            at.value = self._mapping(node, depth)
        elif isinstance(node, yaml.SequenceNode):
            at.value = [self.located(each, depth + 1) for each in node.value]
        elif isinstance(node, yaml.ScalarNode):
            at.text = node.value
            at.value = self._scalar(node, at)
        return at

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Located]:
        entries: dict[str, Located] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                at = Located(None, "", self.file, line)
                message = "only plain names can be keys, and merge keys are not read"
                self.findings.report(
                    at, "bad-key", message, "write the fields out, or repeat a whole value by alias"
                )
                continue
            located = self.located(value, depth + 1, line)
            earlier = entries.get(key.value)
            if earlier is not None:
                message = f"{key.value!r} is already stated in line {earlier.line}"
                self.findings.report(located, "duplicate-key", message, "keep one of the two")
                continue
            entries[key.value] = located
        return entries

    def _scalar(self, node: yaml.ScalarNode, at: Located) -> Any:
        if node.tag not in _CONSTRUCTED_TAGS:
            return node.value
        try:
            return self.scalars.construct_object(node)
        except (ValueError, yaml.YAMLError):
            message = f"{node.value!r} is not what its tag says"
            self.findings.report(at, "bad-scalar", message, "quote it to make it text")
            return None
