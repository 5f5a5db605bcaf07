"""A plan grows with its load, keeps its utilisation, names its bottleneck, and rests on fitted costs."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from benchmarks import commands
from benchmarks.commands_of_plans import plan as command
from benchmarks.fitting import fitted, host_loss, left_by_an_order
from benchmarks.planning import (
    SHARDS_PER_HOST,
    BeyondTheModel,
    Measured,
    Wish,
    hosts_for,
    plan,
    read_measured,
)

COSTS = Measured(
    source="a test",
    shape="b6",
    cpu_us_per_order={"host": 500, "gateway": 200, "executor": 100, "server": 100},
    host_loss_per_host=0.0,
    utilisation=0.5,
    bytes_per_live_order_hosts=5_000,
    bytes_per_live_order_server=4_000,
    server_bytes_per_ended_order=2_000,
    journal_bytes_per_order=6_000,
    base_bytes={"host": 100, "gateway": 100, "executor": 100, "server": 100, "ray": 100},
    bytes_on_the_network_per_order={"client to gateway": 2_000},
)


def test_a_load_is_carried_at_the_utilisation_that_is_wanted() -> None:
    made = plan(Wish(1_000, cycle_s=10, kept_hours=1, cores_per_node=4, spare_hosts=1), COSTS)
    assert (made.hosts, made.gateways, made.executors, made.redis_nodes) == (1 + 1, 1, 1, 1)
    made = plan(Wish(10_000, cycle_s=10, kept_hours=1, cores_per_node=4, spare_hosts=1), COSTS)
    assert (made.hosts, made.gateways, made.executors, made.redis_nodes) == (10 + 1, 4, 2, 2)
    assert (made.cores, made.nodes) == (19, 5)
    assert made.live_orders == 100_000
    assert made.memory_bytes["hosts"] == 11 * 100 + 100_000 * 5_000
    assert made.memory_bytes["redis"] == 2 * 100 + 100_000 * 4_000 + 36_000_000 * 2_000
    assert made.network_bytes_per_second == {"client to gateway": 20_000_000}
    assert made.journal_bytes_per_day == 10_000 * 86_400 * 6_000
    assert made.shards == 128 >= made.hosts * SHARDS_PER_HOST


def test_what_hosts_cost_each_other_is_paid_in_hosts() -> None:
    dear = msgspec.structs.replace(COSTS, host_loss_per_host=0.05)
    assert hosts_for(5_000, COSTS) == 5
    assert hosts_for(5_000, dear) == 7  # 7 × 0.5 ≥ 5,000 × 500 µs × 1.3 = 3.25
    with pytest.raises(BeyondTheModel, match="1,000 hosts carry no more than 19,627 orders/s"):
        hosts_for(50_000, dear)
    with pytest.raises(BeyondTheModel, match="no more than 1,000,000 orders/s"):
        hosts_for(1e9, COSTS)


@pytest.mark.parametrize("rate", [1, 50, 999, 1_000, 20_000])
def test_more_load_never_needs_less(rate: float) -> None:
    less, more = (plan(Wish(each), read_measured()) for each in (rate, rate * 1.2))
    for name in ("hosts", "gateways", "executors", "redis_nodes", "shards", "cores", "live_orders"):
        assert getattr(more, name) >= getattr(less, name)


def test_the_bottleneck_is_what_would_be_met_first() -> None:
    assert plan(Wish(1_000, spare_hosts=0), COSTS).bottleneck == "host, 50% used"
    slow = msgspec.structs.replace(COSTS, bytes_on_the_network_per_order={"client to gateway": 200_000})
    assert plan(Wish(1_000), slow).bottleneck.startswith("network")


POINT = {"kept": True, "offered_per_second": 500.0, "cpu_us_per_order": {**COSTS.cpu_us_per_order, "ray": 90}}
DEARER = {
    "kept": False,
    "offered_per_second": 900.0,
    "cpu_us_per_order": dict.fromkeys(COSTS.cpu_us_per_order, 1),
}
GROWN: dict[str, Any] = {
    "kind": "scaling",
    "hosts": [{"at": n, "cpu_us_per_order": {"host": 400 + 40 * (n - 1)}} for n in (1, 2, 4)],
    "journal": [{"at": n, "accepted": 10, "server_used": 5_000 + n * 3} for n in (100, 1_000)],
}


def test_costs_are_fitted_to_what_was_measured() -> None:
    saturated = {"kind": "saturation", "shape": "mobile", "curve": [POINT, DEARER]}
    lives = {"kind": "memory", "passivated": {"hosts_bytes_per_order": 11, "server_bytes_per_order": 22}}
    on = {"machine": {"cores": 2}, "measured_at": "2026-11-24T10:00:00+00:00"}
    made = fitted([saturated, lives, {**GROWN, **on}], COSTS)
    assert made.cpu_us_per_order == COSTS.cpu_us_per_order
    assert (made.shape, made.source) == ("mobile", "measured on 2 cores, 2026-11-24")
    assert (made.bytes_per_live_order_hosts, made.bytes_per_live_order_server) == (11, 22)
    assert made.host_loss_per_host == 0.1
    assert made.server_bytes_per_ended_order == 3
    assert made.journal_bytes_per_order == COSTS.journal_bytes_per_order


def test_what_was_not_measured_is_not_fitted() -> None:
    assert host_loss(GROWN["hosts"][:1]) is None
    assert left_by_an_order([]) is None
    assert host_loss([{"at": n, "cpu_us_per_order": {"host": 400 - n}} for n in (1, 2)]) == 0
    assert fitted([{"kind": "saturation", "shape": "b6", "curve": [DEARER]}], COSTS) == COSTS


def test_the_command_prints_a_plan_and_what_it_assumes() -> None:
    result = CliRunner().invoke(command, ["--orders-per-second", "10000"])
    assert result.exit_code == 0, result.output
    for word in ("hosts", "shards", "memory, redis", "network", "bottleneck", "assuming:"):
        assert word in result.output
    told = json.loads(CliRunner().invoke(command, ["--orders-per-second", "10000", "--json"]).output)
    assert told["hosts"] >= 2
    assert told["assumptions"]


def test_a_fit_can_be_planned_with(tmp_path: Path) -> None:
    grown, out = tmp_path / "g.json", tmp_path / "costs.json"
    grown.write_text(json.dumps(GROWN))
    assert CliRunner().invoke(commands.bench, ["fit", str(grown), "--json", str(out)]).exit_code == 0
    assert read_measured(out).host_loss_per_host == 0.1
    arguments = ["--orders-per-second", "100", "--measured", str(out)]
    assert CliRunner().invoke(command, arguments).exit_code == 0
    assert CliRunner().invoke(command, ["--orders-per-second", "1e9"]).exit_code == 2
    grown.write_text("{}")
    assert CliRunner().invoke(command, [*arguments[:3], str(grown)]).exit_code == 2
