"""Slopes are told from noise, and a soak reads its windows from runs of one system."""

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks import commands, commands_of_searches
from benchmarks import soak as room
from benchmarks.console import EXIT_INCOMPLETE
from benchmarks.run import Options
from benchmarks.soak import FIGURES, journal_bytes_per_order, slope, slopes
from benchmarks.system import Layout, System
from tests.benchmarks.conftest import StreamServer


def test_a_straight_line_has_its_slope_and_no_error() -> None:
    line = slope([0, 1, 2, 3], [10, 12, 14, 16])
    assert line == {"per_hour": 2.0, "standard_error": 0.0, "mean": 13.0, "beyond_noise": True}
    assert slope([0, 1, 2, 3], [16, 14, 12, 10])["beyond_noise"] is False


def test_noise_is_no_growth_and_growth_shows_through_noise() -> None:
    draw = random.Random(4)
    times = [minute / 60 for minute in range(30)]
    noise = [draw.gauss(100, 5) for _ in times]
    assert slope(times, noise)["beyond_noise"] is False
    growing = [value + 60 * time for value, time in zip(noise, times, strict=True)]
    assert slope(times, growing)["beyond_noise"] is True


def window(at: float, value: float) -> dict[str, Any]:
    return {
        "at_s": at,
        "completed": 100,
        "server_used": 1_000 + int(at) * 100,
        **dict.fromkeys(FIGURES, value),
    }


def test_warming_up_is_no_growth() -> None:
    windows = [window(60.0 * n, 50 if n < 2 else 100) for n in range(10)]
    assert {line["per_hour"] for line in slopes(windows).values()} == {0.0}
    assert slopes(windows[:5]) == {}


def test_the_journal_is_told_by_order() -> None:
    assert journal_bytes_per_order([window(n, 1) for n in range(4)]) == 1
    assert journal_bytes_per_order([window(0, 1)]) is None


async def test_windows_are_runs_of_one_system(
    stream_server: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = 0

    @asynccontextmanager
    async def here(layout: Layout) -> AsyncIterator[System]:
        nonlocal started
        started += 1
        yield System(stream_server.url, "t", "", {"gateways": [os.getpid()]}, os.getpid())

    monkeypatch.setattr(room, "running", here)
    told: list[str] = []
    options = Options("mobile", seconds=0.2, rate=50)
    figures = await asyncio.to_thread(room.soak, options, 7, told.append)
    assert started == 1
    assert len(figures["windows"]) == 7
    assert figures["all_completed"]
    assert figures["accepted"] == figures["completed"] == len(stream_server.orders)
    assert set(figures["slopes"]) == set(FIGURES)
    assert figures["windows"][-1]["processes_rss"] > 1_000_000
    assert json.loads(json.dumps(figures)) == figures


@pytest.mark.parametrize(("whole", "code"), [(True, 0), (False, EXIT_INCOMPLETE)])
def test_bench_soak_writes_its_file_and_judges(
    whole: bool, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Options, int]] = []

    def soaked(options: Options, windows: int, say: Any) -> dict[str, Any]:
        asked.append((options, windows))
        line = {"per_hour": 1.0, "standard_error": 0.1, "mean": 5.0, "beyond_noise": True}
        return {"accepted": 5, "completed": 5, "all_completed": whole, "slopes": {"hosts_rss": line}}

    monkeypatch.setattr(commands_of_searches, "soaked", soaked)
    file = tmp_path / "s.json"
    result = CliRunner().invoke(
        commands.bench, ["soak", "--minutes", "3", "--window", "30", "--json", str(file)]
    )
    assert result.exit_code == code, result.output
    assert "beyond noise" in result.output
    assert (asked[0][1], asked[0][0].seconds) == (6, 30.0)
    assert file.exists()
