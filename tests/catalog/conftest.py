"""A catalog to test with, and a way to write small ones."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from catalog.findings import Finding
from catalog.loader import check, load
from catalog.model import Catalog
from catalog.store import sample_catalogs

HEADER = 'catalog: {version: "1"}\n'

Load = Callable[[str], Catalog]
Check = Callable[[str], list[Finding]]


@pytest.fixture(scope="session")
def sample() -> Catalog:
    return sample_catalogs().current


@pytest.fixture
def load_text(tmp_path: Path) -> Load:
    def loaded(text: str) -> Catalog:
        return load(_written(tmp_path, text))

    return loaded


@pytest.fixture
def check_text(tmp_path: Path) -> Check:
    def checked(text: str) -> list[Finding]:
        return check(_written(tmp_path, text))

    return checked


def _written(folder: Path, text: str) -> Path:
    file = folder / "catalog.yaml"
    file.write_text(HEADER + dedent(text), encoding="utf-8")
    return file
