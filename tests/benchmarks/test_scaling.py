"""Shares of a core are written as control groups want them, and the points of scaling are those asked for."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks import commands, commands_of_searches, scaling
from benchmarks.scaling import Growth
from benchmarks.shares import PERIOD_US, NoShares, held, limits
from benchmarks.waiting import B6_TARGETS, beside_file
from runtime.tasks.targets import read_targets


def test_a_share_is_a_quota_of_a_period() -> None:
    assert dict(limits(True, 4_000)) == {"cpu.max": f"4000 {PERIOD_US}"}
    assert dict(limits(False, 4_000)) == {
        "cpu.cfs_period_us": str(PERIOD_US),
        "cpu.cfs_quota_us": "4000",
    }


@pytest.mark.parametrize("unified", [True, False])
def test_each_process_has_a_group_of_its_own_for_as_long_as_it_lasts(unified: bool, tmp_path: Path) -> None:
    parent = tmp_path if unified else tmp_path / "cpu"
    parent.mkdir(exist_ok=True)
    if unified:
        (tmp_path / "cgroup.controllers").write_text("cpu memory")
        (tmp_path / "cgroup.subtree_control").write_text("memory")
    with held([11, 12], 0.25, tmp_path):
        groups = sorted(each for each in parent.iterdir() if each.is_dir())
        assert [(each / "cgroup.procs").read_text() for each in groups] == ["11", "12"]
        quota = (groups[0] / ("cpu.max" if unified else "cpu.cfs_quota_us")).read_text()
        assert quota.split()[0] == str(PERIOD_US // 4)
    assert (parent / "cgroup.procs").read_text() == "12"


def test_where_there_are_no_groups_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoShares, match="no CPU shares"), held([1], 0.5, tmp_path / "nothing"):
        pytest.fail("held by nothing")


def test_a_real_process_can_be_held_or_the_reason_is_given() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with held([process.pid], 0.1):
            found = Path(f"/proc/{process.pid}/cgroup").read_text()
            assert f"orderloom-bench-{os.getpid()}" in found
        assert "orderloom-bench" not in Path(f"/proc/{process.pid}/cgroup").read_text()
    except NoShares as error:
        assert "no CPU shares" in str(error)
    finally:
        process.kill()
        process.wait()


def test_b6_waits_where_mobile_flows(tmp_path: Path) -> None:
    targets = read_targets(beside_file(tmp_path)).settings
    waiting = {name: each.simulation.pending_share for name, each in targets.targets.items()}
    assert waiting == dict.fromkeys(B6_TARGETS, 1.0)
    assert targets.default.simulation.pending_share == 0


def test_bench_scaling_measures_the_points_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Growth] = []

    def grown(growth: Growth, say: Any) -> dict[str, Any]:
        asked.append(growth)
        point = {"at": 1, "shape": "b6", "orders_per_second": 5.0}
        return {"hosts": [point], "live": [], "journal": [], "hosts_skipped": None}

    monkeypatch.setattr(commands_of_searches, "grown", grown)
    file = tmp_path / "g.json"
    arguments = ["scaling", "--json", str(file)]
    assert CliRunner().invoke(commands.bench, arguments).exit_code == 0
    some = ["--hosts", "1", "--hosts", "2", "--live", "0", "--journal", "500"]
    assert CliRunner().invoke(commands.bench, [*arguments, *some]).exit_code == 0
    assert (tuple(asked[0].hosts), len(asked[0].live), max(asked[0].journal)) == ((1, 2, 4), 4, 1_000_000)
    assert (asked[1].hosts, asked[1].live, asked[1].journal) == ([1, 2], [], [500])
    assert json.loads(file.read_text())["hosts"]


async def test_a_point_of_the_journal_is_where_the_journal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run at the first point leaves more orders than the second asks for."""
    filled: list[int] = []

    @asynccontextmanager
    async def system(*_: Any) -> AsyncIterator[Any]:
        yield SimpleNamespace(status=status)

    async def status() -> dict[str, Any]:
        return {"memory": {"server_used": 5}}

    async def fill(system: Any, seen: Any, count: int, say: Any) -> None:
        filled.append(count)

    async def until(*_: Any) -> None:
        return None

    async def point(system: Any, at: int, *_: Any) -> dict[str, Any]:
        return {"at": at, "accepted": 300}

    for name, fake in (
        ("running", system),
        ("observed", system),
        ("fill", fill),
        ("until", until),
        ("_point", point),
    ):
        monkeypatch.setattr(scaling, name, fake)
    points = await scaling._journal(Growth(journal=(100, 200, 1_000)), lambda _: None)
    assert [each["at"] for each in points] == [100, 400, 1_000]
    assert filled == [100, 300]
