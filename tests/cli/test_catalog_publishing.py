"""`orderloom catalog publish`, `versions` and `get`, against a gateway in this process."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from gateway.commands.catalog import publishing
from gateway.settings import GatewaySettings
from tests.cli.test_commands import called
from tests.gateway.conftest import TOKEN, TOKENS, served_beside
from tests.gateway.test_catalog_api import BROKEN, TEA


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A gateway in a loop of its own, that the commands find."""
    with served_beside(GatewaySettings(tokens=TOKENS)) as url:

        @contextmanager
        def gateway(data: Path) -> Iterator[httpx.Client]:
            with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
                yield client

        monkeypatch.setattr(publishing, "gateway", gateway)
        yield


@pytest.mark.usefixtures("reached")
def test_publishing_and_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "tea"
    folder.mkdir()
    file = folder / "tea.yaml"
    file.write_text(TEA, encoding="utf-8")
    code, out, _ = called(capsys, "catalog", "publish", "--dry-run", str(folder))
    assert (code, out.strip().splitlines()[-1]) == (0, "version tea-1 could be published: it is sound")
    code, out, _ = called(capsys, "catalog", "publish", str(folder))
    assert code == 0 and "version tea-1 is current (digest " in out
    code, out, _ = called(capsys, "catalog", "publish", str(file))
    assert code == 0 and "is current already: nothing changes" in out
    code, out, _ = called(capsys, "catalog", "versions")
    sample, tea = out.splitlines()
    assert code == 0 and tea.startswith("* tea-1  tea  ") and tea.endswith(" by ann")
    assert sample.startswith("  ") and sample.endswith("by the start of the system")
    code, out, _ = called(capsys, "catalog", "versions", "--json")
    assert code == 0 and json.loads(out)["current"] == "tea-1"


@pytest.mark.usefixtures("reached")
def test_going_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, old = tmp_path / "tea.yaml", tmp_path / "old.yaml"
    file.write_text(TEA, encoding="utf-8")
    code, out, _ = called(capsys, "catalog", "versions", "--json")
    sample = json.loads(out)["current"]
    assert called(capsys, "catalog", "publish", str(file))[0] == 0
    assert called(capsys, "catalog", "get", sample, "--to", str(old)) == (0, "", "")
    code, out, _ = called(capsys, "catalog", "publish", "--json", str(old))
    assert code == 0 and (json.loads(out)["version"], json.loads(out)["outcome"]) == (sample, "known")
    code, out, _ = called(capsys, "catalog", "versions")
    assert out.splitlines()[0].startswith(f"* {sample}") and out.splitlines()[0].endswith(", 2 times")
    code, _, err = called(capsys, "catalog", "get", "none")
    assert code == 1 and "was never published" in err


@pytest.mark.usefixtures("reached")
def test_a_refused_catalog_is_told_as_its_check_tells_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN, encoding="utf-8")
    code, checked, _ = called(capsys, "catalog", "check", str(file))
    assert code == 1
    code, out, _ = called(capsys, "catalog", "publish", str(file))
    assert code == 1
    assert out.splitlines()[:-1] == checked.splitlines()[:-1], "finding by finding"
    assert out.splitlines()[-1].startswith("not published: the catalog is refused: ")
    code, out, _ = called(capsys, "catalog", "publish", "--json", str(file))
    assert code == 1 and json.loads(out)["findings"][0]["file"] == str(file)
    file.write_text(TEA, encoding="utf-8")
    assert called(capsys, "catalog", "publish", str(file))[0] == 0
    file.write_text(TEA.replace("leaf", "blend"), encoding="utf-8")
    code, out, _ = called(capsys, "catalog", "publish", str(file))
    assert code == 1 and "not published: catalog version tea-1 is published with digest" in out


def test_without_a_system_there_is_nothing_to_publish_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tea.yaml"
    file.write_text(TEA, encoding="utf-8")
    code, _, err = called(capsys, "catalog", "publish", str(file), "--data", str(tmp_path))
    assert code == 3 and err
    assert called(capsys, "catalog", "publish", str(tmp_path / "none.yaml"))[0] == 2
