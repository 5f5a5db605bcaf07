"""Peers do the work that is asked of them, are judged by ratios, and are skipped with a word where they are absent."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks import commands, commands_of_peers, comparison
from benchmarks.comparison import OURS, judged
from benchmarks.peers import driving, postgres, process, restate_services
from benchmarks.peers.driving import Absent, drive
from benchmarks.peers.process import PEERS
from benchmarks.peers.work import KINDS, completed, element, lines_of, order_of
from benchmarks.shapes import Order, order_lines


def test_the_work_is_three_lines_of_two_tasks() -> None:
    order = order_of(next(order_lines("b6", 1)))
    lines = lines_of(order)
    assert len(lines) == 3
    done = [{**line, "done": {kind: element(kind, "o1", line) for kind in KINDS}} for line in lines]
    assert len({each["id"] for line in done for each in line["done"].values()}) == 6
    assert completed("o1", done) == {"id": "o1", "state": "completed", "lines": ["1", "2", "3"]}


def test_work_left_out_is_found_out() -> None:
    line = lines_of(order_of(next(order_lines("b6", 1))))[0]
    with pytest.raises(ValueError, match="not done"):
        completed("o1", [{**line, "done": {"resource": {}}}])
    with pytest.raises(ValueError, match="no element"):
        element("product", "o1", line)


class Here:
    """A peer of a few lines: accepts at once, ends soon, and breaks at every tenth order."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.under_way = self.under_way_max = 0

    async def accept(self, key: str, order: Order) -> "asyncio.Future[Any]":
        assert order["externalId"] == key
        self.keys.append(key)
        if len(self.keys) % 10 == 0:
            raise RuntimeError("tired")
        self.under_way += 1
        self.under_way_max = max(self.under_way_max, self.under_way)

        async def end() -> None:
            await asyncio.sleep(0.01)
            self.under_way -= 1

        return asyncio.ensure_future(end())


async def test_a_peer_is_loaded_with_so_many_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driving, "PROGRESS_INTERVAL_S", 0.05)
    told: list[dict[str, int]] = []
    here = Here()
    figures = await drive(here, 0.4, 5, "s-", told.append)
    assert len(set(here.keys)) == len(here.keys)
    assert here.under_way_max == 5
    assert here.under_way == 0
    assert figures["accepted"] == figures["completed"] == len(here.keys) - figures["failed"]
    assert figures["failed"] == len(here.keys) // 10
    assert figures["why_failed"] == "RuntimeError: tired"
    assert figures["cycle_ms"]["p50"] >= 9
    assert set(comparison.FIELDS) <= set(figures)
    assert told[-1]["completed"] > 0


def test_ratios_are_of_ours_and_skipped_ones_have_none() -> None:
    told = judged(
        {
            OURS: {"orders_per_second": 1_500.0},
            "bare pipeline, 1 host": {"orders_per_second": 4_000.0},
            "bare pipeline, 2 hosts": {"orders_per_second": 5_000.0},
            "slow": {"orders_per_second": 30.0},
            "gone": {"skipped": "not installed"},
        }
    )
    assert told["share_of_limit"] == 0.3
    assert told["limit_best"] == 5_000
    assert told["peers"]["slow"]["ratio"] == 50
    assert told["peers"]["gone"] == {"skipped": "not installed"}
    assert judged({OURS: {"orders_per_second": 1.0}})["share_of_limit"] is None


def test_what_is_not_installed_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "restate", None)
    with pytest.raises(Absent, match="pip install"):
        restate_services.binary()
    monkeypatch.setattr(postgres.shutil, "which", lambda _: None)
    monkeypatch.setattr(Path, "glob", lambda *_: iter(()))
    with pytest.raises(Absent, match="postgresql"):
        postgres.programs()


async def test_an_absent_database_driver_is_a_word_and_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "dbos", None)
    assert await process.run(PEERS["dbos-sqlite"], 1) == {"absent": "DBOS is not installed: pip install dbos"}


def spoken(*lines: str, code: int = 0) -> str:
    return (
        f"import sys; print({chr(10).join(lines)!r}); print('last words', file=sys.stderr); sys.exit({code})"
    )


@pytest.mark.parametrize(
    ("script", "skipped"),
    [
        (spoken("noise", '{"absent": "no server"}'), "no server"),
        (spoken('{"progress": {"accepted": 1, "completed": 0}}', code=1), "it failed: last words"),
        (spoken('{"result": {"completed": 0, "why_failed": "E: x"}}'), "no order completed: E: x"),
    ],
)
async def test_a_peer_without_figures_is_skipped_with_a_word(
    script: str, skipped: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    (tmp_path / "script.py").write_text(script)
    python.write_text(f"#!/bin/sh\nexec {comparison.sys.executable} {tmp_path / 'script.py'}\n")
    python.chmod(0o755)
    monkeypatch.setattr(comparison.sys, "executable", str(python))
    assert await comparison._peer("ray", 1.0, lambda _: None) == {"skipped": skipped}


def test_bench_peers_writes_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def compared(options: Any, peers: Any, limit_hosts: Any, say: Any) -> dict[str, Any]:
        asked.append((options.seconds, tuple(peers), limit_hosts))
        return judged({OURS: {"orders_per_second": 9.0}, "gone": {"skipped": "no server"}})

    monkeypatch.setattr(commands_of_peers, "compared", compared)
    file = tmp_path / "p.json"
    arguments = ["peers", "--seconds", "2", "--json", str(file)]
    result = CliRunner().invoke(commands.bench, arguments)
    assert result.exit_code == 0, result.output
    assert "gone: skipped: no server" in result.output
    assert json.loads(file.read_text())["peers"][OURS]["ratio"] == 1
    CliRunner().invoke(commands.bench, [*arguments, "--only", "ray", "--limit-hosts", "0"])
    assert asked == [(2.0, tuple(PEERS), [1, 2]), (2.0, ("ray",), [])]
    assert CliRunner().invoke(commands.bench, [*arguments, "--only", "abacus"]).exit_code == 2
