"""The JSON Schema: every catalog we have fits it, it knows the loader's fields and no others, and finds slips."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import jsonschema
import pytest

from catalog import located
from catalog.loader import NESTING_MAX, check
from catalog.schema.document import DIALECT, catalog_schema
from catalog.store import SAMPLES
from tests.catalog.conftest import HEADER
from tests.catalog.test_docs import BLOCKS
from tests.catalog.test_writing import WHOLE

SCHEMA = catalog_schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


@pytest.fixture
def plain() -> Any:
    """Reads YAML text as our loader does: without dates, which JSON has none of."""
    from catalog.loader import CatalogText, _parsed

    def read(text: str) -> Any:
        root = _parsed(located.Findings(), CatalogText("file.yaml", text))
        assert root is not None
        return root.plain()

    return read


def faults(document: Any) -> list[str]:
    return [f"{each.json_path}: {each.message}" for each in VALIDATOR.iter_errors(document)]


def test_it_is_a_schema() -> None:
    assert SCHEMA["$schema"] == DIALECT
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert NESTING_MAX > 8


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.yaml")), ids=lambda file: file.name)
def test_the_samples_fit(file: Path, plain: Any) -> None:
    assert faults(plain(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("number", [n for n, (kind, _) in enumerate(BLOCKS) if kind == "yaml"])
def test_the_documentation_fits(number: int, plain: Any) -> None:
    assert faults(plain(BLOCKS[number][1])) == []


def test_a_catalog_with_every_field_fits(plain: Any) -> None:
    assert faults(plain(HEADER + dedent(WHOLE))) == []


@pytest.mark.parametrize(
    "text, place",
    [
        ("offerings: {o: {productSpecifcation: p}}", "$.offerings.o"),
        ("offerings: {o: {lifecycleStatus: active}}", "$.offerings.o.lifecycleStatus"),
        ("prices: {a: {priceType: oneTime, price: 12}}", "$.prices.a.price"),
        ("prices: {a: {price: 12 EUR}}", "$.prices.a"),
        ("serviceSpecifications: {s: {relationships: [{type: Needs, target: t}]}}", "$.serviceSpec"),
        (
            "resourceSpecifications: {r: {plans: {add: [{name: a, target: t, duration: 5 min}]}}}",
            "$.resource",
        ),
        ("resourceSpecifications: {r: {characteristics: {c: {valueType: text}}}}", "$.resource"),
    ],
)
def test_slips_are_found(text: str, place: str, plain: Any) -> None:
    found = faults(plain(text))
    assert found and found[0].startswith(place)


def test_the_schema_knows_the_fields_of_the_loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: set[frozenset[str]] = set()
    began = located.Fields.__init__

    def noting(self: Any, findings: Any, at: Any, what: str, known: tuple[str, ...]) -> None:
        read.add(frozenset(known))
        began(self, findings, at, what, known)

    monkeypatch.setattr(located.Fields, "__init__", noting)
    file = tmp_path / "catalog.yaml"
    file.write_text(HEADER + dedent(WHOLE), encoding="utf-8")
    assert [each for each in check(file) if each.severity == "error"] == []
    written = {
        frozenset(each["properties"])
        for each in (SCHEMA, *SCHEMA["definitions"].values(), SCHEMA["definitions"]["plan"]["anyOf"][1])
        if "properties" in each
    }
    assert read == written, "a field was added in one place only: see catalog/schema/"
