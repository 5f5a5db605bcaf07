"""Timers of groups that have ended take no room for as long as they would have run."""

from runtime.kernel.timers import PASSED_OVER_MAX, Timers


def test_a_steady_load_of_ended_groups_does_not_grow_the_heap() -> None:
    timers = Timers()
    for number in range(20 * PASSED_OVER_MAX):
        timers.at(f"g{number}", 10_000_000 + number)
        timers.forget(f"g{number}")
    assert len(timers) == 0
    assert len(timers._heap) <= PASSED_OVER_MAX + 1


def test_living_groups_survive_the_clearing() -> None:
    timers = Timers()
    timers.at("alive", 7)
    for number in range(3 * PASSED_OVER_MAX):
        timers.at(f"g{number}", 100 + number)
        timers.forget(f"g{number}")
    assert timers.ripe(99, 9) == ["alive"]
    assert timers.next() is None
