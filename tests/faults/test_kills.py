"""kill -9 and SIGSTOP of anything, under load: nothing acknowledged is lost, doubled or changed."""

import pytest

from benchmarks.chaos import chaos, told
from benchmarks.chaos_faults import FAULTS

pytestmark = [pytest.mark.chaos, pytest.mark.ray, pytest.mark.timeout(1_200)]
ROUNDS = 20


async def test_twenty_rounds_of_harm_lose_nothing() -> None:
    """One system, one fault after the other at random moments, each kind at least once; then the verdict."""
    report = await chaos(lambda rounds, _: rounds < ROUNDS, seed=5, tell=print)
    assert {one.fault for one in report.rounds} == set(FAULTS)
    assert len(report.rounds) == ROUNDS
    assert [told(one) for one in report.rounds if one.whole_again_s is None] == []
    assert {question: found for question, found in report.verdict.items() if found} == {}
    assert report.orders["acknowledged"] > 0
    assert report.orders["reads"] > 0
    assert report.ok
