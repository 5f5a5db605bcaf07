"""Two measurements compared: better or worse follows from the figure, and the tolerance decides."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks import commands
from benchmarks.commands_of_files import EXIT_WORSE
from benchmarks.comparing import NotComparable, beyond, compare

RUN: dict[str, Any] = {
    "kind": "run",
    "shape": "b6",
    "orders_per_second": 1_000.0,
    "accepted": 30_000,
    "accept_ms": {"p50": 10.0, "p99": 50.0},
    "cpu_us_per_order": {"host": 500, "up": 2},
    "memory_bytes_per_order": 9_000,
    "elapsed_seconds": 30.0,
    "machine": {"cores": 2, "memory_bytes": 1},
}


def test_good_falls_and_cost_rises_are_worse() -> None:
    second = {
        **RUN,
        "orders_per_second": 800.0,
        "accept_ms": {"p50": 14.0, "p99": 40.0},
        "cpu_us_per_order": {"host": 450, "up": 4},
    }
    found = {each.name: each for each in compare(RUN, second)}
    assert set(found) == {
        "orders_per_second", "accept_ms.p50", "accept_ms.p99", "cpu_us_per_order.host", "cpu_us_per_order.up",
        "memory_bytes_per_order",
    }  # fmt: skip
    assert found["orders_per_second"].change == 0.8
    assert found["orders_per_second"].worse == pytest.approx(1.25)
    assert {each.name for each in beyond(list(found.values()), 0.1)} == {"orders_per_second", "accept_ms.p50"}
    assert {each.name for each in beyond(list(found.values()), 0.3)} == {"accept_ms.p50"}
    assert beyond(list(found.values()), 0.5) == []


def test_a_difference_below_the_resolution_is_none() -> None:
    second = {**RUN, "accept_ms": {"p50": 10.9, "p99": 50.0}}
    assert beyond(compare(RUN, second), 0.05) == []


def test_nothing_left_is_worse_than_everything() -> None:
    assert beyond(compare(RUN, {**RUN, "orders_per_second": 0.0}), 10)[0].name == "orders_per_second"


def test_different_things_are_not_compared() -> None:
    with pytest.raises(NotComparable, match="shape is 'b6' in one and 'mobile'"):
        compare(RUN, {**RUN, "shape": "mobile"})


@pytest.mark.parametrize(
    ("rate", "arguments", "code"),
    [(1_000.0, [], 0), (850.0, [], EXIT_WORSE), (850.0, ["--tolerance", "0.2"], 0)],
)
def test_bench_compare_judges(rate: float, arguments: list[str], code: int, tmp_path: Path) -> None:
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    first.write_text(json.dumps(RUN))
    second.write_text(json.dumps({**RUN, "orders_per_second": rate}))
    result = CliRunner().invoke(commands.bench, ["compare", str(first), str(second), *arguments])
    assert result.exit_code == code, result.output
    assert "orders_per_second" in result.output
    second.write_text(json.dumps({**RUN, "kind": "soak"}))
    assert CliRunner().invoke(commands.bench, ["compare", str(first), str(second)]).exit_code == 2
