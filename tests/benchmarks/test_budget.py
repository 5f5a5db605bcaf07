"""The budget takes every order to its end, whatever its groups have to tell each other on the way."""

import pytest

from benchmarks.budget import Budget
from benchmarks.shapes import Shape


@pytest.mark.parametrize("shape", ["mobile", "b6", "triple-play", "office"])
def test_every_order_ends(shape: Shape) -> None:
    figures = Budget(shape, orders=12, batch=5, shards=4).run()
    assert figures["completed"] == figures["orders"] == 12
    assert all(spent > 0 for spent in figures["us_per_order"].values())
