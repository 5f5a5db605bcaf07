"""What memory, recovery and restart figures are made of, and the commands that write them."""

import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from typer.testing import CliRunner

from benchmarks import commands, memory, recovery, restart
from benchmarks.console import EXIT_INCOMPLETE
from benchmarks.generator import Load, generate
from benchmarks.probing import HELD, NEW, OrderLost, Prober, held_orders, new_orders, order_id
from benchmarks.shapes import order_lines
from benchmarks.system import System
from benchmarks.waiting import WAITS, Orders, targets_file
from gateway.auth import Principal
from gateway.door import Door
from runtime.port import shard_of
from runtime.tasks.targets import read_targets
from tests.benchmarks.conftest import StreamServer


@pytest.mark.parametrize("waits", WAITS)
def test_settings_that_keep_orders_waiting_can_be_read(waits: Any, tmp_path: Path) -> None:
    default = read_targets(targets_file(tmp_path, waits)).settings.default
    assert default.simulation.pending_share == 1 or default.simulation.latency_ms >= 3_600_000


async def test_a_count_ends_the_load(stream_server: StreamServer) -> None:
    result = await generate(Load(stream_server.url, "mobile", seconds=30, connections=3, count=100))
    assert result["accepted"] == result["sent"] == len(stream_server.orders) == 100
    assert len({each["externalId"] for each in stream_server.orders}) == 100


def test_ids_are_foretold_as_the_gateway_makes_them() -> None:
    from catalog.store import sample_catalogs

    class Here:
        catalogs = sample_catalogs()

    door, operator = Door(Here()), Principal(name="operator", client="operator")
    for body in order_lines("b6", 5, salt="x-"):
        assert order_id(body) == door.admit(door.read(body), operator).order


def test_probes_are_one_order_for_each_shard() -> None:
    orders = Orders(Load("", "b6", 1, salt="s-", count=400))
    held = held_orders(orders, range(8), 8)
    assert set(held) == set(range(8))
    assert all(shard_of(order_id(body), 8) == shard for shard, body in held.items())
    new = new_orders("t-", [3, 5], 8)
    assert set(new) == {3, 5}
    assert not set(new.values()) & set(held.values())


async def test_a_prober_asks_until_it_is_answered(stream_server: StreamServer) -> None:
    body = next(order_lines("b6", 1, salt="x-"))
    stream_server.answering = lambda number, order: (
        {"status": 503} if number < 4 else {"status": 200, "id": order_id(body)}
    )
    async with aiohttp.ClientSession() as http:
        prober = Prober(System(stream_server.url, "t", "", {}, 1), http, time.monotonic())
        assert await prober.answered(body, HELD)
    assert len(stream_server.orders) == 4


@pytest.mark.parametrize("answer", [{"status": 201, "id": "right"}, {"status": 200, "id": "other"}])
async def test_a_held_order_that_is_made_anew_is_told(
    stream_server: StreamServer, answer: dict[str, Any]
) -> None:
    body = next(order_lines("b6", 1, salt="x-"))
    told = {**answer, "id": order_id(body) if answer["id"] == "right" else "other"}
    stream_server.answering = lambda number, order: told
    async with aiohttp.ClientSession() as http:
        prober = Prober(System(stream_server.url, "t", "", {}, 1), http, time.monotonic())
        with pytest.raises(OrderLost):
            await prober.answered(body, HELD)
        if answer["id"] == "right":
            assert await prober.answered(body, NEW)


def status(live: int, groups: int, rss: int, used: int) -> dict[str, Any]:
    return {
        "live": live,
        "hosts": {"Host 1": {"groups": groups}, "Host 2": {"silent": "TimeoutError"}},
        "memory": {"hosts_rss": rss, "server_used": used},
    }


def test_memory_is_growth_by_live_order() -> None:
    figures = memory.per_order(status(0, 0, 100_000, 50_000), status(100, 90, 500_000, 350_000))
    assert figures == {
        "live": 100,
        "groups_in_memory": 90,
        "bytes_per_order": 7_000,
        "hosts_bytes_per_order": 4_000,
        "server_bytes_per_order": 3_000,
    }


def test_shards_are_those_of_living_owners() -> None:
    shards = [
        {"shard": 0, "owner": "Host 1", "epoch": 1},
        {"shard": 1, "owner": "Host 2", "epoch": 1},
        {"shard": 2, "owner": "Host 1", "epoch": 4},
        {"shard": 3, "owner": "", "epoch": 2},
    ]
    assert recovery.shards_by_host({"shards": shards}) == {"Host 1": [0, 2], "Host 2": [1]}


def test_a_recovery_is_whole_only_when_every_probe_was_answered() -> None:
    whole = recovery.summary([2.0, 1.0, 3.0], 3)
    assert (whole["first_s"], whole["median_s"], whole["all_s"], whole["never"]) == (1.0, 2.0, 3.0, 0)
    torn = recovery.summary([2.0, 1.0], 3)
    assert (torn["all_s"], torn["never"]) == (None, 1)
    assert recovery.summary([], 3)["first_s"] is None


def recovered(never: int, after: int) -> dict[str, Any]:
    times = {"first_s": 1.0, "median_s": 1.0, "all_s": None if never else 2.0, "never": never}
    return {"recovery": times, "shards_lost": 4, "live_before": 100, "live_after": after}


@pytest.mark.parametrize(("never", "after", "code"), [(0, 104, 0), (1, 104, 1), (0, 99, 1)])
def test_bench_recovery_judges(
    never: int, after: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "measured", lambda *_: recovered(never, after))
    file = tmp_path / "r.json"
    result = CliRunner().invoke(commands.bench, ["recovery", "--orders", "100", "--json", str(file)])
    assert result.exit_code == code == (EXIT_INCOMPLETE if code else 0), result.output
    assert json.loads(file.read_text()) == recovered(never, after)


def test_bench_restart_judges_by_what_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = {"first_order_accepted_s": 1.0, "all_live_found": True, "server_loading_s": 0.1}
    asked: list[Any] = []

    def measured(*arguments: Any) -> dict[str, Any]:
        asked.append(arguments[:4])
        return {"cold": started, "server_up": {**started, "all_live_found": len(asked) == 1}}

    monkeypatch.setattr(restart, "measured", measured)
    arguments = ["restart", "--orders", "10", "--live", "4", "--json", str(tmp_path / "r.json")]
    assert CliRunner().invoke(commands.bench, arguments).exit_code == 0
    assert CliRunner().invoke(commands.bench, [*arguments, "--ended", "killed"]).exit_code == EXIT_INCOMPLETE
    assert asked == [(10, 4, "stopped", "information"), (10, 4, "killed", "information")]
    for wrong in (["--ended", "tired"], ["--waits", "godot"], ["--live", "11"]):
        assert CliRunner().invoke(commands.bench, [*arguments, *wrong]).exit_code == 2
