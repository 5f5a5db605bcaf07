"""The search grows, meets the knee, closes in on it, and says why a rate was missed."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks import commands, commands_of_searches, saturation
from benchmarks.console import EXIT_INCOMPLETE
from benchmarks.run import Options
from benchmarks.saturation import (
    CLOSE_ENOUGH,
    KEPT_SHARE_MIN,
    STEPS_MAX,
    Judged,
    next_rate,
    search_at,
    why_missed,
)
from benchmarks.system import System


def searched(limit: float, first: float) -> list[Judged]:
    judged: list[Judged] = []
    while (rate := next_rate(judged, first)) is not None:
        judged.append(Judged(rate, rate <= limit))
    return judged


@pytest.mark.parametrize("limit", [70, 500, 735, 4_999])
@pytest.mark.parametrize("first", [100, 500])
def test_the_knee_is_found_from_both_sides(limit: float, first: float) -> None:
    best = max(each.rate for each in searched(limit, first) if each.kept)
    assert limit / CLOSE_ENOUGH <= best <= limit


def test_a_search_that_finds_nothing_ends() -> None:
    assert len(searched(0, 500)) == STEPS_MAX
    assert len(searched(float("inf"), 1)) == STEPS_MAX


def test_one_bad_moment_does_not_hide_what_was_kept_above_it() -> None:
    judged = [Judged(100, True), Judged(150, False), Judged(160, True)]
    assert next_rate(judged, 100) == 240


GOOD = {
    "offered": 1_000,
    "sent": 1_000,
    "accepted": 1_000,
    "completed": 1_000,
    "rate": 100.0,
    "seconds": 10.0,
    "orders_per_second": 97.0,
}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, None),
        ({"sent": 980}, "only 980 of 1,000 due orders"),
        ({"accepted": 999}, "1 orders were not accepted"),
        ({"completed": 990}, "10 accepted orders did not complete"),
        ({"orders_per_second": 94.0}, "completed 94.0/s of 100.0/s"),
    ],
)
def test_what_was_not_kept_is_said(change: dict[str, Any], why: str | None) -> None:
    said = why_missed({**GOOD, **change})
    assert (said is None) if why is None else (said is not None and why in said)


async def test_a_search_gives_a_curve_and_the_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that completes 400 orders/s at most."""

    async def measured(system: System, options: Options, say: Any) -> dict[str, Any]:
        assert options.rate is not None
        due = round(options.rate * options.seconds)
        say({"accepted": due, "completed": due})
        return {
            **dict.fromkeys(("offered", "sent", "accepted", "completed"), due),
            "rate": options.rate,
            "seconds": options.seconds,
            "orders_per_second": min(options.rate, 400.0),
            "accepted_per_second": options.rate,
            "accept_ms": {"p50": 1.0, "p99": 2.0, "p999": 3.0},
            "cycle_ms": {"p50": 1, "p99": 2, "p999": 3},
            "cpu_us_per_order": {"host": 100},
            "fsync": "always",
            "layout": {"hosts": 1},
        }

    monkeypatch.setattr(saturation, "measure_at", measured)
    monkeypatch.setattr(saturation, "SETTLE_S", 0)
    told: list[str] = []
    figures = await search_at(System("", "", "", {}, 1), Options("mobile", seconds=20), 150, told.append)
    assert 400 <= figures["saturation"] <= 400 / KEPT_SHARE_MIN
    assert figures["peak"] == 400
    assert figures["half"]["offered_per_second"] == pytest.approx(figures["saturation"] / 2, abs=0.1)
    offered = [each["offered_per_second"] for each in figures["curve"]]
    assert offered == sorted(offered)
    missed = [each for each in figures["curve"] if not each["kept"]]
    assert missed
    assert all(each["why_missed"] for each in missed)
    assert all(each["cpu_us_per_order"] == {"host": 100} for each in figures["curve"])
    assert any("kept" in sentence for sentence in told)
    assert json.loads(json.dumps(figures)) == figures


@pytest.mark.parametrize(("found", "code"), [(100.0, 0), (0.0, EXIT_INCOMPLETE)])
def test_bench_saturate_writes_its_file_and_judges(
    found: float, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Options] = []

    def searches(options: Options, first: float | None, say: Any) -> dict[str, Any]:
        asked.append(options)
        return {"shape": options.shape, "by": options.by, "saturation": found, "peak": 1.0, "half": None}

    monkeypatch.setattr(commands_of_searches, "search", searches)
    file = tmp_path / "s.json"
    result = CliRunner().invoke(commands.bench, ["saturate", "b6", "--by", "post", "--json", str(file)])
    assert result.exit_code == code, result.output
    assert json.loads(file.read_text())["saturation"] == found
    assert (asked[0].by, asked[0].connections) == ("post", 64)


def test_bench_saturate_refuses_an_unknown_way(tmp_path: Path) -> None:
    arguments = ["saturate", "b6", "--by", "pigeon", "--json", str(tmp_path / "s.json")]
    assert CliRunner().invoke(commands.bench, arguments).exit_code == 2
