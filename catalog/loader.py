"""The one room that reads catalog files: YAML to a checked, immutable catalog.

Every finding of every file is collected, with file, line, a stable code and a proposed fix; a catalog with an
error is refused whole.
"""

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from catalog.checks import check_draft
from catalog.commerce.model import Commerce
from catalog.commerce.parsing import read_commerce
from catalog.draft import Draft
from catalog.findings import CatalogError, Finding
from catalog.located import Findings, Located
from catalog.model import Catalog, catalog_of
from catalog.parsing import read_file

Paths = Iterable[Path | str] | Path | str


class CatalogText(NamedTuple):
    """A catalog file that was read already; findings name it as its sender does."""

    name: str
    text: str


NESTING_MAX = 60
FILE_ENDINGS = (".yaml", ".yml")

_YamlLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTRUCTED_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null"))
_TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")
_RESOLVERS: dict[str, list[tuple[str, Any]]] = yaml.SafeLoader.yaml_implicit_resolvers


def check(paths: Paths) -> list[Finding]:
    """Every error and warning in these files, by file and line; folders are searched for YAML files."""
    return _draft_of(paths).findings.sorted()


def load(paths: Paths) -> Catalog:
    """The catalog that these files define together.

    Folders are searched for YAML files. Warnings do not stop it; any error does: raises CatalogError with all
    findings.
    """
    return _catalog(_draft_of(paths))


def load_texts(texts: Iterable[CatalogText]) -> tuple[Catalog, list[Finding]]:
    """The catalog that these texts define together, and its warnings; raises CatalogError as `load` does."""
    draft = _draft(list(texts), "")
    return _catalog(draft), draft.findings.sorted()


def files_of(paths: Paths) -> list[Path]:
    """The files that `load` reads."""
    return [file for path in _given(paths) for file in _files(path)]


def _given(paths: Paths) -> list[Path]:
    return [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]


def _draft_of(paths: Paths) -> Draft:
    given = _given(paths)
    return _draft(files_of(given), str(given[0]) if given else "")


def _catalog(draft: Draft) -> Catalog:
    findings = draft.findings.sorted()
    if any(finding.severity == "error" for finding in findings):
        raise CatalogError(findings)
    commerce = draft.commerce
    return catalog_of(
        draft.name,
        draft.version,
        tuple(commerce.offerings.values()),
        tuple(draft.specifications.values()),
        Commerce(commerce.prices, commerce.categories, commerce.candidates),
        draft.policies.policies(),
    )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """What is read stays, and is large: looking through it again and again took a third of the loading time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_collector_paused()
def _draft(files: Sequence[Path | CatalogText], where: str) -> Draft:
    draft = Draft()
    if not files:
        nowhere = Located(None, "", where, 1)
        draft.findings.report(
            nowhere, "no-files", "no catalog files here", "name YAML files or a folder with some"
        )
        return draft
    for file in files:
        read = file if isinstance(file, CatalogText) else _read(draft.findings, file)
        root = _parsed(draft.findings, read) if read is not None else None
        if root is not None:
            read_file(draft, root)
    if draft.header is None:
        first = files[0]
        at = Located(None, "", first.name if isinstance(first, CatalogText) else str(first), 1)
        fix = 'add `catalog: {name: ..., version: "2025.1"}` to one file'
        draft.findings.report(at, "missing-header", "no file states the catalog's version", fix)
    read_commerce(draft)
    check_draft(draft)
    return draft


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix in FILE_ENDINGS)
    return [path]


def _read(findings: Findings, file: Path) -> CatalogText | None:
    try:
        return CatalogText(str(file), file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        at = Located(None, "", str(file), 1)
        findings.report(
            at, "unreadable-file", f"cannot be read: {error}", "check the path, its rights and UTF-8"
        )
        return None


def _parsed(findings: Findings, file: CatalogText) -> Located | None:
    name = file.name
    parser = None
    try:
        parser = _YamlLoader(file.text)
        return _Placing(findings, name, parser).document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = Located(None, "", name, mark.line + 1 if mark is not None else 1)
        problem = getattr(error, "problem", None) or str(error)
        findings.report(at, "yaml-syntax", f"not YAML: {problem}", "correct the indentation or quoting here")
        return None
    finally:
        if parser is not None:
            parser.dispose()


class _Placing:
    """Turns the events of one file into values that know their line.

    Events, not nodes: a tree of nodes beside the tree of values made loading ten thousand specifications take
    four times as long, most of it in the garbage collector.
    """

    def __init__(self, findings: Findings, file: str, parser: Any) -> None:
        self.findings = findings
        self.file = file
        self.parser = parser
        self.anchors: dict[str, Located] = {}
        self.scalars: dict[str, Any] = {}
        self.constructor = yaml.constructor.SafeConstructor()

    def document(self) -> Located | None:
        """The one document of the file, None when it is empty."""
        root = None
        for _ in range(2):  # the start of the stream, the start of the document
            event = self.parser.get_event()
        if isinstance(event, yaml.DocumentStartEvent):
            root = self._located(self.parser.get_event(), 0, None)
            self.parser.get_event()
            event = self.parser.get_event()
        if not isinstance(event, yaml.StreamEndEvent):
            at = self._at(event.start_mark.line)
            fix = "put the second document into a file of its own"
            self.findings.report(at, "several-documents", "a file holds one YAML document", fix)
        return root

    def _at(self, line: int) -> Located:
        return Located(None, "", self.file, line + 1)

    def _located(self, event: Any, depth: int, line: int | None) -> Located:
        kind = type(event)
        at = self._at(event.start_mark.line if line is None else line)
        if kind is yaml.ScalarEvent:
            at.text = event.value
            at.value = self._scalar(event, at)
        elif kind is yaml.AliasEvent:
            anchored = self.anchors.get(event.anchor)
            if anchored is None:
                message = f"alias *{event.anchor} has no anchor that ended before it"
                self.findings.report(
                    at, "unknown-alias", message, f"mark the value to repeat with &{event.anchor}"
                )
                return at
            at.value, at.text = anchored.value, anchored.text
            return at
        elif depth >= NESTING_MAX:
            fix = "flatten it"
            self.findings.report(at, "nested-too-deep", f"nested deeper than {NESTING_MAX} levels", fix)
            self._skip()
        elif kind is yaml.MappingStartEvent:
            at.value = self._mapping(depth)
        else:
            at.value = self._sequence(depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = at
        return at

    def _sequence(self, depth: int) -> list[Located]:
        items = []
        while type(event := self.parser.get_event()) is not yaml.SequenceEndEvent:
            items.append(self._located(event, depth + 1, None))
        return items

    def _mapping(self, depth: int) -> dict[str, Located]:
        entries: dict[str, Located] = {}
        while type(key := self.parser.get_event()) is not yaml.MappingEndEvent:
            line = key.start_mark.line
            if type(key) is not yaml.ScalarEvent or (key.value == "<<" and key.implicit[0]):
                self._located(key, depth + 1, None)
                self._located(self.parser.get_event(), depth + 1, None)
                message = "only plain names can be keys, and merge keys are not read"
                fix = "write the fields out, or repeat a whole value by alias"
                self.findings.report(self._at(line), "bad-key", message, fix)
                continue
            located = self._located(self.parser.get_event(), depth + 1, line)
            earlier = entries.setdefault(key.value, located)
            if earlier is not located:
                message = f"{key.value!r} is already stated in line {earlier.line}"
                self.findings.report(located, "duplicate-key", message, "keep one of the two")
        return entries

    def _skip(self) -> None:
        """Pass over the rest of a mapping or sequence whose start was read."""
        depth = 1
        while depth:
            event = self.parser.get_event()
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1

    def _scalar(self, event: Any, at: Located) -> Any:
        text: str = event.value
        if event.tag is not None or not event.implicit[0]:
            return text if event.tag in _TEXT_TAGS else self._constructed(event.tag, text, at)
        if text[:1] not in _RESOLVERS:
            return text
        if text not in self.scalars:
            tag = next((tag for tag, pattern in _RESOLVERS[text[:1]] if pattern.match(text)), None)
            self.scalars[text] = self._constructed(tag, text, at) if tag in _CONSTRUCTED_TAGS else text
        return self.scalars[text]

    def _constructed(self, tag: str | None, text: str, at: Located) -> Any:
        try:
            if tag not in _CONSTRUCTED_TAGS:
                raise ValueError(f"tag {tag}")
            return self.constructor.construct_object(yaml.ScalarNode(tag, text))
        except (ValueError, KeyError, yaml.YAMLError):
            message = f"{text!r} is not what its tag says, or its tag is none of a catalog's"
            self.findings.report(at, "bad-scalar", message, "remove the tag; quote the value to make it text")
            return None
