"""docs/catalog.md does what it says: every YAML block loads without a finding, every Python block runs."""

import re
from pathlib import Path

import pytest

from catalog.loader import check

PAGE = Path(__file__).resolve().parents[2] / "docs" / "catalog.md"
BLOCKS = re.findall(
    r"^```(yaml|python)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert {language for language, _ in BLOCKS} == {"yaml", "python"}
    for language, block in BLOCKS:
        if language == "yaml":
            Path("catalog.yaml").write_text(block, encoding="utf-8")
            assert check("catalog.yaml") == [], block
        else:
            exec(compile(block, "docs/catalog.md", "exec"), {})
