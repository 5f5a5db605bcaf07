"""A measured run writes what it promises, waits for the tail, and says when orders did not complete."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from typer.testing import CliRunner

from benchmarks import commands
from benchmarks import run as room
from benchmarks.console import EXIT_INCOMPLETE, EXIT_NOT_STARTED
from benchmarks.processes import OTHERS, cpu_seconds, parts
from benchmarks.run import Options, Watch, measure_at
from benchmarks.shapes import order_lines
from benchmarks.system import Layout, NotStarted, System, running
from tests.benchmarks.conftest import StreamServer

PROMISED = (
    "shape seconds accepted completed failed orders_per_second accept_ms cycle_ms transitions_per_second fsync "
    "memory_bytes_per_order"
).split()


def here(server: StreamServer) -> System:
    return System(url=server.url, token="t", dashboard="", pids={"gateways": [os.getpid()]}, pid=os.getpid())


async def test_a_run_counts_from_first_send_to_last_completion(stream_server: StreamServer) -> None:
    stream_server.completes_after = 0.5
    seen: list[dict[str, Any]] = []
    figures = await measure_at(here(stream_server), Options("mobile", seconds=1.5, rate=100), seen.append)
    assert list(figures)[: len(PROMISED)] == PROMISED
    assert figures["accepted"] == figures["completed"] == len(stream_server.orders) == figures["sent"]
    assert figures["accepted"] == pytest.approx(150, abs=3)
    assert figures["failed"] == figures["held"] == figures["in_progress"] == figures["undecided"] == 0
    assert figures["elapsed_seconds"] >= 1.9
    assert figures["orders_per_second"] == pytest.approx(
        figures["completed"] / figures["elapsed_seconds"], 0.01
    )
    assert set(figures["accept_ms"]) == set(figures["cycle_ms"]) == {"p50", "p99", "p999"}
    assert figures["fsync"] == "always"
    assert figures["memory_bytes_per_order"] == 4_000
    assert figures["cpu_seconds"]["generator"] > 0
    assert figures["cpu_us_per_order"]["gateway"] > 0
    assert figures["cpu_us_per_line"] == pytest.approx(sum(figures["cpu_us_per_order"].values()), rel=0.01)
    assert seen[-1]["completed"] == figures["completed"]
    assert json.loads(json.dumps(figures)) == figures


async def test_orders_that_never_end_end_the_run(
    stream_server: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "TAIL_STILL_S", 0.3)
    stream_server.completes_after = 60.0
    figures = await measure_at(here(stream_server), Options("mobile", seconds=0.3, rate=50), lambda _: None)
    assert figures["completed"] == 0
    assert figures["in_progress"] == figures["accepted"] > 0
    assert figures["cpu_us_per_order"] == {}


async def test_runs_do_not_repeat_external_ids(stream_server: StreamServer) -> None:
    for _ in range(2):
        await measure_at(here(stream_server), Options("mobile", seconds=0.3, rate=50), lambda _: None)
    ids = [order["externalId"] for order in stream_server.orders]
    assert len(set(ids)) == len(ids)


async def test_a_system_that_does_not_come_up_says_why() -> None:
    with pytest.raises(NotStarted, match=r"did not start:\n.+"):
        async with running(Layout(placement="nowhere")):
            pytest.fail("a system came up that is placed nowhere")


def test_parts_of_a_ready_line_are_named_by_kind() -> None:
    pids = {
        "up": 1,
        "redis": 2,
        "hosts": {"1": 3, "2": 4},
        "executors": [5, 6],
        "Gateway 1": 7,
        "Host 2.1": 8,
        "none": None,
    }
    assert list(parts(pids)) == [
        ("up", 1),
        ("redis", 2),
        ("host", 3),
        ("host", 4),
        ("executor", 5),
        ("executor", 6),
        ("gateway", 7),
        ("host", 8),
    ]


async def test_cpu_is_read_for_named_processes_and_those_below() -> None:
    process = await asyncio.create_subprocess_exec("sleep", "5")
    try:
        seconds = cpu_seconds(System("", "", "", {"host 1": os.getpid(), "server": 2**22 + 1}, os.getpid()))
    finally:
        process.kill()
        await process.wait()
    assert seconds["host"] >= psutil.Process().cpu_times().user * 0.5
    assert seconds["server"] == 0.0
    assert OTHERS in seconds


def test_bench_orders_prints_the_shape() -> None:
    result = CliRunner().invoke(commands.bench, ["orders", "b6", "--count", "3", "--seed", "5"])
    assert result.exit_code == 0
    assert result.stdout_bytes == b"".join(order_lines("b6", 3, seed=5))


def test_bench_refuses_an_unknown_shape() -> None:
    result = CliRunner().invoke(commands.bench, ["orders", "b7", "--count", "3"])
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("completed", "replaced", "code"),
    [(10, False, 0), (9, False, EXIT_INCOMPLETE), (10, True, EXIT_INCOMPLETE)],
)
def test_bench_run_writes_its_file_and_judges(
    completed: int, replaced: bool, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = {
        "shape": "b6",
        "accepted": 10,
        "completed": completed,
        "orders_per_second": 5.0,
        "accept_ms": {"p50": 1, "p99": 2, "p999": 3},
        "cycle_ms": {},
        "fsync": "always",
        "hosts_replaced": replaced,
    }
    monkeypatch.setattr(commands, "run", lambda options, say: figures)
    file = tmp_path / "deep" / "figures.json"
    result = CliRunner().invoke(commands.bench, ["run", "b6", "--seconds", "1", "--json", str(file)])
    assert result.exit_code == code, result.output
    assert json.loads(file.read_text()) == figures
    assert ("a host was replaced" in result.output) is replaced


def test_a_host_that_was_replaced_shows_in_the_watch() -> None:
    watch = Watch(httpx.AsyncClient(), {"pids": {"hosts": {"host 1": 7}}}, {"pids": {"hosts": {"host 1": 7}}})
    assert not watch.hosts_replaced()
    watch.now = {"pids": {"hosts": {"host 1": 8}}}
    assert watch.hosts_replaced()


def test_bench_run_says_when_nothing_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(options: Options, say: Any) -> dict[str, Any]:
        raise NotStarted("no room")

    monkeypatch.setattr(commands, "run", fails)
    arguments = ["run", "b6", "--seconds", "1", "--json", str(tmp_path / "f.json")]
    result = CliRunner().invoke(commands.bench, arguments)
    assert result.exit_code == EXIT_NOT_STARTED
    assert "no room" in result.output
