"""The bare pipeline does the work it is the yardstick of: 39 facts an order, on disk before they are answered."""

import pytest

from benchmarks.limit import done, pipeline, submitted
from benchmarks.run import Options, measure_at
from benchmarks.shapes import order_lines


def test_an_order_is_six_tasks_and_39_facts() -> None:
    order, facts, ready = submitted(next(order_lines("b6", 1)), 1.0)
    count, ran = len(facts), 0
    assert len(ready) == 3
    while ready:
        more, then = done(order, ready.pop(0))
        ran, count = ran + 1, count + len(more)
        if then:
            ready.append(then)
    assert (ran, count, order.open) == (6, 39, 0)
    assert {task.state for task in order.tasks.values()} == {"completed"}


def test_a_service_waits_for_its_resource() -> None:
    order, _, ready = submitted(next(order_lines("b6", 1)), 1.0)
    assert all(key.endswith("/r") for key in ready)
    facts, then = done(order, "1/r")
    assert then == "1/s"
    assert ("lineDone", "1") not in facts
    assert ("lineDone", "1") in done(order, "1/s")[0]


@pytest.mark.slow
@pytest.mark.ray
async def test_the_pipeline_runs_and_is_measured_like_a_system() -> None:
    async with pipeline(2) as system:
        figures = await measure_at(system, Options("b6", seconds=2, rate=200), lambda _: None)
    assert figures["accepted"] == figures["completed"] == figures["sent"] == 400
    assert figures["transitions_per_second"] > 0
    assert {"host", "gateway", "executor", "server", "generator"} <= set(figures["cpu_us_per_order"])
