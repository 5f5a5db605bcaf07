"""The report shows every kind of figures on one page that loads nothing, and plots what it is given."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from benchmarks import commands
from benchmarks.plots import Bar, Line, bars, lines, log_ticks, number, ticks
from benchmarks.report import KINDS, NotAReport, report

MS = {"p50": 4.0, "p99": 20.0, "p999": 31.5}
POINT = {
    "offered_per_second": 400.0,
    "completed_per_second": 396.5,
    "kept": True,
    "why_missed": None,
    "accept_ms": MS,
    "cycle_ms": MS,
    "cpu_us_per_order": {"host": 700, "gateway": 200, "generator": 20},
}
MISSED = {**POINT, "offered_per_second": 600.0, "kept": False, "why_missed": "completed <450>/s of 600/s"}
MEMORY = {
    "groups_in_memory": 9,
    "bytes_per_order": 9_000,
    "hosts_bytes_per_order": 5_000,
    "server_bytes_per_order": 4_000,
}
WINDOW = dict.fromkeys(("accept_p50_ms", "accept_p99_ms", "cycle_p50_ms", "cycle_p99_ms"), 9.0)
WINDOW |= dict.fromkeys(("hosts_rss", "processes_rss", "server_used"), 2e8)
SLOPE = {"mean": 9.0, "per_hour": 0.5, "standard_error": 0.1, "beyond_noise": True}
STARTED = {"first_order_accepted_s": 7.5}
FILES: dict[str, dict[str, Any]] = {
    "run": {"shape": "b6", "rate": 400.0, "orders_per_second": 396.5, **POINT},
    "saturation": {
        "shape": "b6", "by": "stream", "saturation": 400.0, "peak": 450.0, "step_seconds": 20.0, "half": POINT,
        "curve": [POINT, MISSED],
    },
    "memory": {
        "orders": 200_000, "in_memory": MEMORY, "passivated": MEMORY,
        "samples": [{"live": n, "hosts_rss": n * 5_000, "server_used": n * 4_000} for n in (0, 100_000, 200_000)],
    },
    "recovery": {"orders": 100_000, "shards_lost": 32, "recovery": {"probes_s": [1.5, 2.5, 3.5], "all_s": 3.5}},
    "chaos": {
        "seed": 7, "orders": {"sent": 900, "acknowledged": 900}, "verdict": {"Was an order lost?": []},
        "rounds": [
            {"fault": "host", "at_s": 4.0, "acknowledged_again_s": 1.5, "whole_again_s": 2.25},
            {"fault": "server", "at_s": 9.0, "acknowledged_again_s": None, "whole_again_s": None},
        ],
    },
    "restart": {"orders": 1_000_000, "cold": STARTED, "server_up": STARTED},
    "soak": {
        "shape": "b6", "rate": 500.0, "slopes": {"hosts_rss": SLOPE},
        "windows": [{"at_s": 60.0 * n, **WINDOW} for n in range(1, 9)],
    },
    "peers": {
        "peers": {
            "Orderloom": {"orders_per_second": 1_500.0, "accept_ms": MS, "cycle_ms": MS, "durable": "yes"},
            "DBOS": {"orders_per_second": 25.0, "accept_ms": MS, "cycle_ms": {}, "ratio": 60.0, "durable": "yes"},
            "Restate": {"skipped": "its server is not installed"},
        }
    },
    "elastic": {
        "shape": "b6", "rate": 600.0, "accepted": 900, "undecided": 0, "left_in_progress": 0,
        "timeline": [
            {"at_s": 0.5 * n, "accepted": 300 * n, "accepted_per_second": 600.0, "longest_wait_ms": 40.0}
            for n in range(1, 9)
        ],
        "steps": [
            {"step": "hosts to 2", "at_s": 1.0, "moved_s": 2.5, "lowest_share_of_rate": 0.8, "longest_wait_ms": 90.0},
            {"step": "hosts to 1", "at_s": 3.0, "moved_s": None, "lowest_share_of_rate": 0.9, "longest_wait_ms": 70.0},
        ],
    },
    "journals": {
        "shape": "b6", "seconds": 8.0,
        "journals": {
            name: {
                "servers": 3, "orders_per_second": 1_500.0, "ratio": 1.0, "accept_ms": MS, "cycle_ms": MS,
                "cpu_us_per_order": {"server": 50},
            }
            for name in ("server", "cluster", "replica")
        },
    },
    "calls": {
        "calls": {
            "ray": [{"rate": 20.0, "calls": 80, "caller_us": 2_701, "callee_us": 4_000, "latency_ms": MS}],
            "channel": [{"rate": 20.0, "calls": 80, "caller_us": 500, "callee_us": 300, "latency_ms": MS}],
        },
    },
    "decompose": {
        "us_per_order": {"b6": 13.0, "triple-play": 16.8},
        "us_per_line_of_mega": {"500": 4.3, "5000": 4.9},
        "us_per_ruled_line": {"all known": 540.1},
        "large_catalog": {
            "specifications": 10_062, "load_cpu_s": 1.53,
            "us_per_order": {"triple-play": 16.5}, "us_per_ruled_line": {"all known": 538.7},
        },
    },
    "scaling": {"hosts": [{"at": 1, "orders_per_second": 700.0}, {"at": 2, "orders_per_second": 1_200.0}]},
}  # fmt: skip


def named(*kinds: str) -> dict[str, dict[str, Any]]:
    return {f"{kind}.json": {"kind": kind, **FILES[kind]} for kind in kinds}


def svgs(page: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(each) for each in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]


def words(page: str) -> str:
    return re.sub(r"<[^>]+>", " ", page)


def test_every_kind_has_figures_here() -> None:
    assert set(FILES) == KINDS


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_makes_a_page_with_plots(kind: str) -> None:
    page = report(named(kind))
    drawn = svgs(page)
    assert drawn
    for each in drawn:
        coordinates = [
            float(v) for e in each.iter() for k, v in e.attrib.items() if k in {"x", "y", "cx", "cy", "width"}
        ]
        assert coordinates
        assert all(-1 <= value <= 800 for value in coordinates)


def test_a_page_needs_no_network() -> None:
    page = report(named(*FILES))
    assert not re.search(r'(?:src|href)\s*=\s*"(?!#)|url\(|@import|<script|<link', page)
    assert len(svgs(page)) >= 12


def test_figures_stand_on_the_page() -> None:
    said = words(report(named(*FILES)))
    for figure in (
        "396",
        "31.5",
        "9 (9 groups)",
        "60 ×",
        "its server is not installed",
        "3.5 s",
        "7.5",
        "1,200",
    ):
        assert figure in said, figure


def test_strangers_text_is_escaped() -> None:
    page = report(named("saturation"))
    assert "completed &lt;450&gt;/s" in page
    assert "<450>" not in page


def test_what_no_benchmark_wrote_is_refused() -> None:
    with pytest.raises(NotAReport, match=r"odd\.json .*'astrology'"):
        report({"odd.json": {"kind": "astrology"}})


def test_figures_written_before_there_were_kinds_are_runs() -> None:
    assert "396" in report({"old.json": FILES["run"]})


def test_a_chaos_run_that_lost_something_says_so() -> None:
    chaos = {**FILES["chaos"], "verdict": {"Was an order lost?": ["o1 is nowhere"]}}
    assert "o1 is nowhere" in words(report({"chaos.json": chaos}))


def test_bars_are_as_long_as_their_values() -> None:
    drawn = ElementTree.fromstring(bars([Bar("a", {"x": 100.0, "y": 50.0}), Bar("b", {"x": 50.0})], "ms"))
    widths = [float(e.attrib["width"]) for e in drawn.iter() if e.tag.endswith("rect")]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.2)
    assert widths[1] == pytest.approx(widths[2], abs=0.2)


def test_logarithmic_bars_show_orders_of_magnitude_at_equal_distance() -> None:
    rows = [Bar(str(value), {"x": value}) for value in (1.0, 10.0, 100.0, 1_000.0)]
    drawn = ElementTree.fromstring(bars(rows, "/s", log=True))
    widths = [float(e.attrib["width"]) for e in drawn.iter() if e.tag.endswith("rect")]
    steps = [b - a for a, b in pairwise(widths)]
    assert widths[0] > 0
    assert steps == pytest.approx([steps[0]] * 3, abs=0.2)


def test_a_line_with_one_point_or_none_is_no_fault() -> None:
    assert lines([], "x", "y") == ""
    assert "circle" in lines([Line("a", [(0, 5)])], "x", "y")
    assert "circle" in lines([Line("a", [(3, 5)])], "x", "y", log=True)


@pytest.mark.parametrize(("low", "high"), [(0, 735), (0, 0.3), (0, 1), (10, 10), (-5, 5), (0, 2_000_000)])
def test_ticks_are_round_and_enclose(low: float, high: float) -> None:
    marks = ticks(low, high)
    assert marks[0] <= low
    assert marks[-1] >= high
    assert 2 <= len(marks) <= 8


def test_log_ticks_are_powers() -> None:
    assert log_ticks(0.4, 2_000) == [1.0, 10.0, 100.0, 1_000.0]
    assert log_ticks(2, 50) == [2.0, 5.0, 10.0, 20.0, 50.0]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.44, "0.44"), (3.14159, "3.14"), (31.5, "31.5"), (1_234.5, "1,234"), (2.0, "2")],
)
def test_numbers_have_three_digits(value: float, shown: str) -> None:
    assert number(value) == shown


def test_bench_report_writes_the_page(tmp_path: Path) -> None:
    file, page = tmp_path / "a.json", tmp_path / "deep" / "r.html"
    file.write_text(json.dumps({"kind": "run", **FILES["run"]}))
    assert CliRunner().invoke(commands.bench, ["report", str(file), "--html", str(page)]).exit_code == 0
    assert page.read_text().startswith("<!doctype html>")
    for wrong in ("no json", '{"kind": "astrology"}', "[]"):
        file.write_text(wrong)
        assert CliRunner().invoke(commands.bench, ["report", str(file), "--html", str(page)]).exit_code == 2


def test_the_report_takes_whatever_make_bench_measures() -> None:
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    measured = set(re.findall(r"^\t@\$\(BENCH\) (\S+) .*--json", makefile, re.MULTILINE))
    assert len(measured) > 8
    assert {{"saturate": "saturation"}.get(each, each) for each in measured} <= KINDS
