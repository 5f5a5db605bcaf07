"""What the commands print, and their exit codes: scripts rely on both."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli import main
from runtime.cluster.options import ClusterOptions
from runtime.journal.lock import Process
from runtime.run_record import RunRecord
from tests.cli.conftest import COMMAND, ROOT


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    code = ended.value.code
    out = capsys.readouterr()
    return (0 if code is None else int(code)), out.out, out.err


def ran(data: Path, pid: int, began: float = 0.0) -> None:
    """A folder that says a system runs there as this process."""
    up = Process.of(pid) if not began else Process(pid, began)
    options = ClusterOptions(data=str(data), journal_url="")
    RunRecord(
        url="http://127.0.0.1:9", token_file=str(data / "tokens.json"), started="now", up=up, options=options
    ).write(data)


def test_help_is_quick_and_names_every_command() -> None:
    helped = subprocess.run([*COMMAND, "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for command in "up down demo status scale autoscale order catalog simulate ingest bench".split():
        assert f" {command} " in helped.stdout, command
    # What must never come in is Ray, which alone costs a second.
    slow = "import sys, gateway.cli; print([m for m in ('ray', 'redis', 'fastapi', 'httpx') if m in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", slow], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"


def test_the_sample_catalog_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert called(capsys, "catalog", "check") == (0, "the catalog is sound\n", "")
    assert json.loads(called(capsys, "catalog", "check", "--json")[1]) == []


def test_a_broken_catalog_is_told_with_file_line_and_fix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("catalog:\n  name: broken\n  version: '1'\nofferings:\n  - id: [\n")
    code, out, _ = called(capsys, "catalog", "check", str(broken))
    assert code == 1
    assert f"{broken}:" in out and "fix: " in out
    code, out, _ = called(capsys, "catalog", "check", str(broken), "--json")
    assert code == 1
    assert {"file", "line", "severity", "code", "message", "fix"} == set(json.loads(out)[0])
    code, _, err = called(capsys, "up", "--data", str(tmp_path / "data"), "--catalog", str(broken))
    assert code == 1 and "the catalog has errors" in err
    assert not (tmp_path / "data").exists(), "what is wrong is said before anything is made"
    warned = tmp_path / "warned.yaml"
    warned.write_text('catalog: {version: "1"}\nserviceSpecifications: {lonely: {}}\n', encoding="utf-8")
    code, out, _ = called(capsys, "catalog", "check", str(warned))
    assert code == 0 and "0 error(s), 2 warning(s)" in out
    assert called(capsys, "catalog", "check", str(warned), "--strict")[0] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        "status",
        "down",
        "scale --hosts 2",
        "autoscale dry-run --hosts 1 4",
        "order show o1",
        "order list --json",
        "ingest --redis-stream s --group g",
    ],
)
def test_without_a_system_the_exit_code_is_3(
    arguments: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = called(capsys, *arguments.split(), "--data", str(tmp_path))
    assert (code, out) == (3, "")
    assert err.startswith(f"orderloom: no system runs on {tmp_path}; start one with: orderloom up --data")


def test_a_killed_system_is_told_with_the_way_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran(tmp_path, os.getpid(), began=1.0)
    code, _, err = called(capsys, "status", "--data", str(tmp_path))
    assert code == 3
    assert "was killed" in err and "take it up again with: orderloom up" in err


def test_a_second_up_is_told_who_holds_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran(tmp_path, os.getpid())
    code, out, err = called(capsys, "up", "--data", str(tmp_path), "--port", "0")
    assert (code, out) == (3, "")
    assert f"is held by process {os.getpid()}" in err and "orderloom down" in err


@pytest.mark.parametrize(
    "arguments",
    [
        "nonsense",
        "up --placement scattered",
        "up --redis-cluster",
        "up --hosts 0",
        "scale",
        "autoscale often",
        "up --replicas 1",
        "bench chaos --minutes 1 --json x.json --fault earthquake",
        "simulate",
        "simulate --seeds 5..1",
        "simulate --seeds a..b",
        "simulate --seeds 1..2 --replay 3",
        "order retry o1",
        "order give-up o1 1.1",
        "bench orders nothing --count 1",
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = called(capsys, *arguments.split())
    assert (code, out) == (2, "")
    assert err


def test_a_taken_port_is_told_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = called(capsys, "up", "--data", str(tmp_path), "--port", str(port))
    assert code == 1
    assert f"port {port} of 127.0.0.1 is taken" in err


def test_the_token_stays_over_restarts(tmp_path: Path) -> None:
    from gateway.commands.running import token_of
    from gateway.commands.serving import _prepare

    tokens = tmp_path / "tokens.json"
    _prepare(tmp_path, tokens)
    first = token_of(tokens)
    _prepare(tmp_path, tokens)
    assert token_of(tokens) == first
    assert tokens.stat().st_mode & 0o077 == 0


def test_bench_comes_from_the_floor_above(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, _ = called(capsys, "bench", "--help")
    assert code == 0
    printed = subprocess.run(
        [*COMMAND, "bench", "orders", "mobile", "--count", "2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [json.loads(line)["externalId"] for line in printed.stdout.splitlines()] == [
        "mobile-0-0",
        "mobile-0-1",
    ]


def test_a_replayed_seed_shows_its_world_and_its_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = called(capsys, "simulate", "--replay", "1")
    assert "seed 1" in out.splitlines()[0]
    simulated, told, _ = called(capsys, "simulate", "--seeds", "1..1", "--json")
    assert simulated == code, "a replay ends as the seed did"
    assert json.loads(told)["seeds"] == 1


def test_the_demonstration_names_a_command_that_can_be_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway.commands.demonstration import _status_command

    monkeypatch.chdir(tmp_path)
    program = Path(".venv/bin/orderloom")
    assert _status_command(program, tmp_path / "var") == ".venv/bin/orderloom status"
    assert _status_command(program, Path("/data")) == ".venv/bin/orderloom status --data /data"
    assert _status_command(Path("/usr/bin/orderloom"), tmp_path / "var") == "/usr/bin/orderloom status"
