"""The policy of scaling: more under pressure, fewer in idleness, in bounds, never twice in a hurry; who follows it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.cluster.autoscale import Advice, Load, Setting, Targets, advise, load_of
from runtime.cluster.autoscaler import Autoscaler
from tests.runtime.cluster.conftest import World

TARGETS = Targets(
    waiting_per_host=100, cycle_p99_ms=1_000, out_per_executor=100, hosts=(1, 6), executors=(1, 4)
)
CALM = Load(hosts=2, executors=2, waiting=100, out=100, cycle_p99_ms=500, ended=1_000)
LONG = 1e6


def with_(**changes: float) -> Load:
    return msgspec.structs.replace(CALM, **changes)


def test_within_its_targets_nothing_changes() -> None:
    assert advise(CALM, TARGETS, LONG) == Advice(2, 2)


@pytest.mark.parametrize(
    ("load", "advice"),
    [
        (with_(waiting=201), (3, 2)),
        (with_(waiting=100_000), (4, 2)),
        (with_(cycle_p99_ms=1_001), (3, 2)),
        (with_(out=201), (2, 3)),
        (with_(waiting=10, cycle_p99_ms=10), (1, 2)),
        (with_(out=10), (2, 1)),
    ],
)
def test_each_sign_moves_its_own_number(load: Load, advice: tuple[int, int]) -> None:
    told = advise(load, TARGETS, LONG)
    assert (told.hosts, told.executors) == advice
    assert told.why


def test_one_sign_that_is_still_high_keeps_the_hosts() -> None:
    assert advise(with_(waiting=0, cycle_p99_ms=500), TARGETS, LONG).hosts == 2
    assert advise(with_(waiting=100, cycle_p99_ms=1), TARGETS, LONG).hosts == 2


def test_a_cycle_time_of_no_orders_says_nothing() -> None:
    assert advise(with_(cycle_p99_ms=60_000, ended=0), TARGETS, LONG).hosts == 2


def test_nothing_changes_within_the_cool_down() -> None:
    loaded = with_(waiting=10_000)
    assert advise(loaded, TARGETS, TARGETS.cool_down_s - 1) == Advice(2, 2)
    assert advise(loaded, TARGETS, TARGETS.cool_down_s).hosts == 4


def test_what_stands_outside_its_bounds_is_brought_inside_at_once() -> None:
    assert advise(with_(hosts=9, waiting=450), TARGETS, 0).hosts == 6


loads = st.builds(
    Load,
    hosts=st.integers(1, 20),
    executors=st.integers(1, 20),
    waiting=st.integers(0, 10**6),
    out=st.integers(0, 10**6),
    cycle_p99_ms=st.floats(0, 1e7),
    ended=st.integers(0, 10**6),
)


@given(loads, st.floats(0, 1e6))
def test_advice_is_always_within_bounds_or_no_change(load: Load, since: float) -> None:
    told = advise(load, TARGETS, since)
    if told.why:
        assert 1 <= told.hosts <= 6 and 1 <= told.executors <= 4
    else:
        assert (told.hosts, told.executors) == (load.hosts, load.executors)


@given(loads)
def test_advice_that_was_followed_and_an_unchanged_load_per_process_settles(load: Load) -> None:
    """It never swings: with the work spread over the new number there is no advice to undo it at once."""
    told = advise(load, TARGETS, LONG)
    grown = told.hosts > load.hosts
    after = msgspec.structs.replace(load, hosts=told.hosts, executors=told.executors)
    again = advise(after, TARGETS, LONG)
    assert not (grown and again.hosts < told.hosts)


@pytest.mark.parametrize(
    "wrong",
    [{"hosts": (0, 2)}, {"hosts": (3, 2)}, {"executors": (2, 1)}, {"cycle_p99_ms": 0}, {"cool_down_s": -1}],
)
def test_targets_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"cannot be|are 1 or more"):
        msgspec.structs.replace(TARGETS, **wrong)


def test_a_status_is_read() -> None:
    said = {"mailbox": 3, "parked": 2, "tasks_out": 7}
    done = {"completed": 90, "failed": 1, "partial": 2, "cancelled": 3, "rejected": 4}
    status = {
        **done,
        "hosts": {
            "Host 1.1": said,
            "Host 1.2": {**said, "mailbox": 10},
            "Host 1.3": {"silent": "TimeoutError"},
        },
        "wanted": {"hosts": 3, "executors": 2, "gateways": 1},
        "cycle_ms": {"p50": 1, "p99": 250, "p999": 300},
    }
    assert load_of(status, 60) == Load(3, 2, 17, 14, 250.0, 40)
    assert load_of(status, 1_000).ended == 0


class Seen:
    """A system that says what the test says, and hears what it is told."""

    def __init__(self, world: World) -> None:
        self.scaled: list[dict[str, int]] = []
        self.waiting = 10_000
        self.follower = Autoscaler(world.journal.registry, self.status, self.scale)  # type: ignore[arg-type]

    async def status(self) -> dict[str, object]:
        done = dict.fromkeys(("completed", "failed", "partial", "cancelled", "rejected"), 0)
        return {
            **done,
            "hosts": {"Host 1.1": {"mailbox": self.waiting}},
            "wanted": {"hosts": 1, "executors": 1},
            "cycle_ms": {"p99": 0},
        }

    async def scale(self, wanted: dict[str, int]) -> None:
        self.scaled.append(wanted)


async def test_a_dry_run_says_what_it_would_do_and_does_nothing(world: World) -> None:
    seen = Seen(world)
    await seen.follower.look()
    assert seen.follower.advice is None
    await seen.follower.choose(Setting("dry-run", Targets(cool_down_s=0)))
    await seen.follower.look()
    assert seen.follower.told()["advice"]["hosts"] == 2
    assert seen.scaled == []
    await seen.follower.choose(Setting("on", Targets(cool_down_s=0)))
    await seen.follower.look()
    assert seen.scaled == [{"hosts": 2, "executors": 1}]


async def test_the_setting_outlives_the_coordinator(world: World) -> None:
    await Seen(world).follower.choose(Setting("dry-run", Targets(hosts=(2, 3))))
    coordinator = await world.begin()
    assert coordinator.autoscaler.setting == Setting("dry-run", Targets(hosts=(2, 3)))
