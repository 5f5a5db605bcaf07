"""`orderloom simulate`: what it prints, and its exit codes."""

import json

import pytest

from tests.cli.test_commands import called
from tests.runtime.simulation.planted import BUGS


def test_seeds_are_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = called(capsys, "simulate", "--seeds", "0..3")
    assert code == 0
    assert out.startswith("4 seeds, 0 failed; ")
    assert " seeds/s, digest " in out


def test_many_processes_give_the_same_report(capsys: pytest.CaptureFixture[str]) -> None:
    reports = []
    for jobs in ("1", "2"):
        code, out, _ = called(capsys, "simulate", "--seeds", "0..19", "--jobs", jobs, "--json")
        assert code == 0
        reports.append(json.loads(out))
        assert reports[-1].pop("seeds_per_second") > 0
    assert reports[0] == reports[1]
    assert (reports[0]["seeds"], reports[0]["failures"]) == (20, [])


def test_a_failing_seed_is_printed_with_the_way_to_replay_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    BUGS["reply before commit"].plant(monkeypatch)
    code, out, _ = called(capsys, "simulate", "--seeds", "5", "--replay-always")
    assert code == 1
    assert out.startswith("seed 5: broken promise: nothing_before_commit: ")
    assert "replay it with: orderloom simulate --replay 5 --replay-always\n" in out
    assert "1 seeds, 1 failed; " in out
    code, out, _ = called(capsys, "simulate", "--replay", "5", "--replay-always")
    assert code == 1
    assert "passivate and replay after every message" in out.splitlines()[0]
    assert "judge " in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("", "say either --seeds A..B or --replay SEED"),
        ("--seeds 0..1 --replay 1", "say either --seeds A..B or --replay SEED"),
        ("--seeds 4..2", "B comes before A"),
        ("--seeds few", "such as 0..499"),
    ],
)
def test_bad_usage_has_an_exit_code_of_its_own(
    arguments: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = called(capsys, "simulate", *arguments.split())
    assert code == 2
    assert sentence in err
