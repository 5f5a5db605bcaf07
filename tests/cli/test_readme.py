"""The README's five minutes, as they stand there: its shell and its Python against a system of its own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT
from tests.cli.test_system import Up

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str, holding: str) -> str:
    """The block of this language that holds a text."""
    (found,) = [
        each
        for each in re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
        if holding in each
    ]
    return found


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("readme") / "data")
    yield running
    running.process.send_signal(signal.SIGINT)
    running.process.wait(60)


def ran(up: Up, *command: str) -> str:
    known = {"GATEWAY": up.ready["gateway"], "TOKEN": up.ready["token"], "ORDERLOOM_DATA": str(up.data)}
    told = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **known},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_the_shell_block_runs(up: Up) -> None:
    script = block("sh", "bench orders")
    # Only where the reader's system is differs: its port, its folder, its environment.
    for there, here in (
        ("http://127.0.0.1:8080", up.ready["gateway"]),
        ("var/tokens.json", f"{up.data}/tokens.json"),
        (".venv/bin/", f"{Path(sys.executable).parent}/"),
    ):
        assert there in script
        script = script.replace(there, here)
    told = ran(up, "bash", "-euo", "pipefail", "-c", script)
    assert told.count('"status":201') == 3
    assert re.search(r"^order o[0-9a-z]{24}  (inProgress|completed)$", told, re.MULTILINE)
    assert re.search(r"^ {4}submitted  ", told, re.MULTILINE)
    assert re.search(r"^accepted +3$", told, re.MULTILINE)


def test_the_python_block_runs(up: Up) -> None:
    told = ran(up, sys.executable, "-c", block("python", "OrderloomClient")).splitlines()
    assert [line.split()[0] for line in told] == ["201"] * 3
    assert {line.split()[1] for line in told} == {f"mobile-7-{number}" for number in range(3)}
    assert all(line.endswith(" completed") for line in told)
