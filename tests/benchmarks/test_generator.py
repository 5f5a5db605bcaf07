"""The generator keeps its rate, counts every order once, and does not hide a slow system."""

import asyncio
import json
import os
import sys

import pytest

from benchmarks.generator import TOKEN_VARIABLE, Bodies, Load, arguments, generate
from benchmarks.latencies import Latencies
from benchmarks.shapes import orders
from tests.benchmarks.conftest import StreamServer


async def test_a_rate_is_kept_and_every_order_is_new(stream_server: StreamServer) -> None:
    load = Load(stream_server.url, "mobile", seconds=1.0, rate=400, salt="s1-", token="secret")
    result = await generate(load)
    assert result["offered"] == 400
    assert 390 <= result["sent"] <= 400
    assert result["accepted"] == result["answered"] == result["sent"] == len(stream_server.orders)
    assert result["statuses"] == {"201": result["sent"]}
    assert {order["externalId"] for order in stream_server.orders} == {
        f"s1-mobile-0-{n}" for n in range(result["sent"])
    }
    assert stream_server.tokens == {"Bearer secret"}
    assert stream_server.streams == load.connections
    assert 0 < result["accept_ms"]["p50"] <= result["accept_ms"]["p99"] <= result["accept_ms"]["p999"]


async def test_without_a_rate_the_bound_paces(stream_server: StreamServer) -> None:
    stream_server.delay = 0.05
    result = await generate(Load(stream_server.url, "mobile", seconds=0.6, connections=2, unanswered=30))
    assert stream_server.unanswered_max <= 60
    assert 200 <= result["accepted"] <= 60 * 12


async def test_a_stall_shows_in_the_latencies(stream_server: StreamServer) -> None:
    """Ten unanswered at 100 ms each carry 100 orders/s; at 400/s offered the wait grows, and is told."""
    stream_server.delay = 0.1
    result = await generate(
        Load(stream_server.url, "mobile", seconds=1.0, rate=400, connections=1, unanswered=10)
    )
    assert result["sent"] < 150
    assert result["accept_ms"]["p99"] > 500


async def test_refusals_are_counted_by_status_and_have_no_latency(stream_server: StreamServer) -> None:
    stream_server.answering = lambda number, order: {"line": number, "status": 201 if number % 2 else 429}
    result = await generate(Load(stream_server.url, "mobile", seconds=0.4, rate=200, connections=1))
    assert result["statuses"]["429"] + result["accepted"] == result["answered"]
    assert result["statuses"]["429"] > 10


async def test_a_broken_connection_leaves_lines_undecided_and_is_made_anew(
    stream_server: StreamServer,
) -> None:
    stream_server.answering = lambda number, order: (
        None if stream_server.streams == 1 and number == 20 else {"line": number, "status": 201}
    )
    result = await generate(Load(stream_server.url, "mobile", seconds=1.0, rate=200, connections=1))
    assert stream_server.streams == 2
    assert result["undecided"] >= 1
    assert result["answered"] + result["undecided"] == result["sent"]
    assert len(result["broken"]) == 1


async def test_it_runs_in_a_process_of_its_own(stream_server: StreamServer) -> None:
    load = Load(stream_server.url, "b6", seconds=1.2, rate=100, salt="p-")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.generator",
        *arguments(load),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, TOKEN_VARIABLE: "by-environment"},
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    lines = [json.loads(line) for line in output.splitlines()]
    assert [next(iter(line)) for line in lines][-1] == "result"
    assert "progress" in lines[0]
    assert lines[-1]["result"]["accepted"] == len(stream_server.orders) > 100
    assert stream_server.tokens == {"Bearer by-environment"}


@pytest.mark.parametrize("shape", ["mobile", "sdwan-200", "mega-5000"])
def test_patched_bodies_are_the_shapes_orders(shape: str) -> None:
    bodies = Bodies(Load("", shape, 1, seed=4, salt="x-"))  # type: ignore[arg-type]
    first = next(orders(shape, 1, seed=4, salt="x-"))  # type: ignore[arg-type]
    assert json.loads(bodies.line(0)) == first
    assert json.loads(bodies.line(1_000_000))["externalId"] == f"x-{shape}-4-1000000"


def test_percentiles_are_those_of_what_was_added() -> None:
    latencies = Latencies()
    assert latencies.percentiles_ms() == {"p50": 0.0, "p99": 0.0, "p999": 0.0}
    for milliseconds in range(1, 1001):
        latencies.add(milliseconds / 1000 + 0.00001)
    assert latencies.percentiles_ms() == {
        "p50": pytest.approx(500, 2e-3),
        "p99": pytest.approx(990, 2e-3),
        "p999": pytest.approx(999, 2e-3),
    }
