"""Scaling under load and the places of a journal: their figures, and each once for real."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks import commands, elastic, journals
from benchmarks.elastic import Elastic, dipped, scaled


def point(at: float, rate: float, wait: float) -> dict[str, float]:
    return {"at_s": at, "accepted": 0, "accepted_per_second": rate, "longest_wait_ms": wait}


def test_a_dip_is_the_lowest_second_after_the_step_and_before_the_next() -> None:
    timeline = [
        point(0.5, 10, 900),
        point(1.0, 500, 20),
        point(1.5, 300, 70),
        point(2.0, 500, 30),
        point(2.5, 0, 9),
    ]
    assert dipped(timeline, 1.0, 1.5, 500.0) == {"lowest_share_of_rate": 0.8, "longest_wait_ms": 70}
    assert dipped([], 1.0, 1.0, 500.0) == {"lowest_share_of_rate": 0.0, "longest_wait_ms": 0.0}


@pytest.mark.slow
def test_orders_flow_on_while_hosts_come_and_go(tmp_path: Path) -> None:
    figures = scaled(Elastic("b6", 100.0, ({"hosts": 2}, {"hosts": 1}), 6.0), lambda _: None)
    assert [step["moved_s"] is not None for step in figures["steps"]] == [True, True]
    assert figures["accepted"] == figures["sent"] > 1_000 and figures["undecided"] == 0
    assert figures["left_in_progress"] == 0
    assert sum(point["accepted_per_second"] > 0 for point in figures["timeline"]) > 20


@pytest.mark.slow
def test_the_same_load_completes_wherever_the_journal_is(tmp_path: Path) -> None:
    file = tmp_path / "journals.json"
    ended = CliRunner().invoke(
        commands.bench, ["journals", "--seconds", "2", "--rate", "50", "--hosts", "1", "--json", str(file)]
    )
    assert ended.exit_code == 0, ended.output
    places = json.loads(file.read_text())["journals"]
    assert {name: each["servers"] for name, each in places.items()} == {
        "server": 1,
        "cluster": 3,
        "replica": 2,
    }
    for each in places.values():
        assert each["completed"] == each["accepted"] == 100
        assert each["cpu_us_per_order"]["server"] > 0


def test_bench_elastic_tells_each_step_and_orders_that_did_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = {
        "step": "hosts to 2",
        "at_s": 1.0,
        "moved_s": None,
        "lowest_share_of_rate": 0.25,
        "longest_wait_ms": 90.0,
    }
    figures = {"steps": [step], "accepted": 9, "undecided": 1, "left_in_progress": 3}
    monkeypatch.setattr(
        "benchmarks.commands_of_changes.scaled", lambda options, say: {**figures, "rate": options.rate}
    )
    file = tmp_path / "elastic.json"
    ended = CliRunner().invoke(commands.bench, ["elastic", "--rate", "50", "--json", str(file)])
    assert ended.exit_code == 1
    assert "hosts to 2: not in place in time, lowest 25% of the rate, longest wait 90 ms" in ended.output
    assert "3 not ended" in ended.output and json.loads(file.read_text())["rate"] == 50.0


def test_the_steps_end_where_they_begin() -> None:
    assert elastic.STEPS[-1] == {"hosts": 1, "executors": 1, "gateways": 1}
    assert next(iter(journals.PLACES)) == "server", "the others are compared with it"


@pytest.mark.ray
@pytest.mark.slow
def test_calls_both_ways_tell_their_cost(tmp_path: Path) -> None:
    file = tmp_path / "calls.json"
    ended = CliRunner().invoke(commands.bench, ["calls", "--seconds", "0.5", "--json", str(file)])
    assert ended.exit_code == 0, ended.output
    ways = json.loads(file.read_text())["calls"]
    assert set(ways) == {"ray", "channel"}
    for measured in ways.values():
        assert [each["calls"] for each in measured] == [10, 50, 150, 500]
        assert all(each["caller_us"] > 0 and each["latency_ms"]["p50"] > 0 for each in measured)
