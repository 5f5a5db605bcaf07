"""`orderloom catalog`: what its commands print, write and exit with."""

import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from catalog.loader import load
from catalog.store import SAMPLES
from tests.cli.test_commands import called


def test_the_graph_of_the_sample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = called(capsys, "catalog", "graph", "--of", "broadband-basic", "--plan", "add")
    assert (code, err) == (0, "")
    assert out.startswith("flowchart LR") and "activate-internet-access" in out
    drawn = tmp_path / "catalog.svg"
    assert called(capsys, "catalog", "graph", "--format", "svg", "--to", str(drawn)) == (0, "", "")
    assert ElementTree.parse(drawn).getroot().tag.endswith("svg")
    code, _, err = called(capsys, "catalog", "graph", "--of", "nothing")
    assert code == 1 and "neither an offering nor a specification 'nothing'" in err
    code, _, err = called(capsys, "catalog", "graph", "--to", str(tmp_path / "no" / "folder.svg"))
    assert code == 1 and "cannot be written" in err


def test_the_schema_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = called(capsys, "catalog", "schema")
    assert code == 0
    jsonschema.Draft7Validator.check_schema(json.loads(out))


def test_export_and_import_give_the_same_catalog(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, file = tmp_path / "exported", tmp_path / "imported.yaml"
    code, out, err = called(capsys, "catalog", "export", "--to", str(folder))
    assert (code, out) == (0, "") and "TMF620.json: " in err
    assert called(capsys, "catalog", "import", str(folder), "--to", str(file)) == (0, "", "")
    assert load(file) == load(SAMPLES)
    code, out, _ = called(capsys, "catalog", "import", str(folder), "--version", "7")
    assert code == 0
    file.write_text(out, encoding="utf-8")
    assert load(file).version == "7"


def test_an_import_tells_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "their.json"
    file.write_text('{"productOffering": [{"id": "1", "attachment": [{"id": "2"}]}]}', encoding="utf-8")
    code, out, err = called(capsys, "catalog", "import", str(file))
    assert code == 1 and "offerings:" in out
    assert "not taken over: attachment" in err and "[missing-field]" in err
    file.write_text("no json", encoding="utf-8")
    code, _, err = called(capsys, "catalog", "import", str(file))
    assert code == 1 and "cannot be read as JSON" in err


def test_commands_refuse_a_catalog_with_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("catalog: {version: '1'}\nofferings: {o: {}}\n", encoding="utf-8")
    for command in (("graph",), ("export", "--to", str(tmp_path / "out"))):
        code, _, err = called(capsys, "catalog", *command, str(broken))
        assert code == 1 and f"{broken}:2: error:" in err
