"""The whole system under each standard load: every accepted order completes, and `b6` keeps its floor."""

import pytest

from benchmarks.run import Options, run
from benchmarks.shapes import Shape

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.timeout(420)]

B6_ORDERS_PER_SECOND_MIN = 1_000
"""Accepted to completed, through the HTTP stream, fsync always, generator included, on two cores."""


def test_b6_keeps_its_floor() -> None:
    figures = run(Options("b6", seconds=30))
    assert figures["fsync"] == "always"
    assert figures["completed"] == figures["accepted"] == figures["sent"]
    assert figures["orders_per_second"] >= B6_ORDERS_PER_SECOND_MIN, figures


@pytest.mark.parametrize(
    ("shape", "seconds", "rate"),
    [
        ("mobile", 8, 100),
        ("triple-play", 8, 50),
        ("office", 8, 50),
        ("sdwan-200", 6, 2),
        ("mega-5000", 6, 0.5),
    ],
)
def test_every_order_of_every_shape_completes(shape: Shape, seconds: float, rate: float) -> None:
    figures = run(Options(shape, seconds=seconds, rate=rate, connections=1))
    assert figures["accepted"] == figures["sent"] > 0, figures
    assert figures["completed"] == figures["accepted"], figures
    assert figures["failed"] == figures["held"] == figures["in_progress"] == 0, figures
