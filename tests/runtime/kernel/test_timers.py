"""Timers: facts with an instant; they fire at least once and are decided once, whoever owns the shard by then."""

from actors.events import TimerEnded
from actors.lifting import decode_events
from actors.messages import Retry, TimerFired
from runtime.journal.frames import decode_frame
from runtime.kernel.bounds import Bounds
from runtime.kernel.timers import Timers
from runtime.kernel.words import Deliver
from tests.runtime.kernel.small import NOW, Owner, only_commit

SOON = NOW + 100
LATER = NOW + 500


def test_a_timer_fires_when_it_is_due_and_no_earlier() -> None:
    owner = Owner()
    owner.settle(owner.tell(f"timer k {SOON}"))
    assert owner.kernel.next_due() == SOON
    owner.now = SOON - 1
    owner.settle()
    assert owner.heard() == ["armed"]
    owner.now = SOON
    owner.settle()
    assert owner.heard() == ["armed", "timer k"]
    # What is left to wait for is that the group may leave memory.
    assert owner.kernel.next_due() == SOON + owner.kernel.bounds.idle_ms


def test_a_timer_that_fired_is_over_in_the_journal() -> None:
    owner = Owner()
    owner.settle(owner.tell(f"timer k {SOON}"))
    owner.now = SOON
    owner.settle()
    _, data = owner.journal.read(0, after=0)[-1]
    assert TimerEnded("k") in decode_events(decode_frame(data).records[0].events)


def test_a_timer_is_decided_once_however_often_it_rings() -> None:
    owner = Owner()
    owner.settle(owner.tell(f"timer k {SOON}"))
    ring = Deliver(0, 1, "g1", TimerFired("k"), None)
    owner.settle(ring)
    assert owner.heard() == ["armed"], "it is not due"
    owner.now = SOON
    owner.settle(ring, ring)
    assert owner.heard() == ["armed", "timer k"]


def test_setting_a_timer_again_moves_it() -> None:
    owner = Owner()
    owner.settle(owner.tell(f"timer k {SOON}"), owner.tell(f"timer k {LATER}"))
    owner.now = SOON
    owner.settle()
    assert owner.heard() == ["armed", "armed"]
    assert owner.kernel.next_due() == LATER
    owner.now = LATER
    owner.settle()
    assert owner.heard() == ["armed", "armed", "timer k"]


def test_the_next_owner_knows_every_timer() -> None:
    owner = Owner()
    owner.settle(owner.tell(f"timer k {SOON}"), owner.tell(f"timer l {LATER}", "g2"))
    heir = Owner(owner.journal, epoch=2)
    assert heir.kernel.next_due() == SOON
    heir.now = LATER
    heir.settle()
    assert heir.heard() == ["armed", "timer k"]
    assert heir.heard("g2") == ["armed", "timer l"]


def test_a_group_that_left_memory_comes_back_for_its_timer() -> None:
    owner = Owner(bounds=Bounds(groups=0))
    owner.settle(owner.tell(f"timer k {SOON}"))
    owner.settle()
    assert owner.shard.groups == {}
    owner.now = SOON
    owner.settle()
    assert owner.heard() == ["armed", "timer k"]


def test_the_index_may_be_early_and_is_exact_once_a_group_has_left_memory() -> None:
    owner = Owner(bounds=Bounds(groups=0))
    owner.settle(owner.tell(f"timer k {SOON}"), owner.tell(f"timer k {LATER}"))
    owner.settle()
    assert owner.journal.due(0) == [("g1", LATER)]


def test_an_ended_group_is_not_woken() -> None:
    owner = Owner()
    owner.settle(owner.tell(f"timer k {SOON}"))
    owner.settle(owner.tell("end"))
    assert owner.journal.due(0) == []
    assert owner.kernel.next_due() is None


def test_a_message_just_before_it_is_due_does_not_lose_it() -> None:
    owner = Owner()
    owner.settle(owner.tell(f"timer k {SOON}"), owner.tell(f"timer l {SOON}"))
    owner.now = SOON
    owner.settle(Deliver(0, 1, "g1", Retry("note a"), None))
    assert sorted(owner.heard()[2:]) == ["note a", "timer k", "timer l"]


def test_a_timer_that_rang_before_the_clock_was_set_back_rings_again() -> None:
    owner = Owner(bounds=Bounds(turn_messages=1))
    owner.settle(owner.tell(f"timer k {SOON}"))
    owner.settle(owner.tell("note a", "g2"))
    owner.now = SOON
    outputs = owner.step(owner.tell("note b", "g2"))
    owner.now = NOW
    owner.verdict(owner.journal.commit_one(only_commit(outputs)))
    owner.settle()
    assert owner.heard() == ["armed"], "it rang, and is not due any more"
    assert owner.kernel.next_due() == SOON
    owner.now = SOON
    owner.settle()
    assert owner.heard() == ["armed", "timer k"]


def test_timers_of_many_groups_ring_some_in_a_turn_so_that_messages_go_between_them() -> None:
    owner = Owner(bounds=Bounds(wakes=2))
    owner.settle(*[owner.tell(f"timer k {SOON}", f"g{number}") for number in range(5)])
    owner.now = SOON
    outputs = owner.step(owner.tell("note a"))
    records = decode_frame(only_commit(outputs).frame).records
    assert len(records) == 3, "two that rang, and the one that was told something"
    owner.verdict(owner.journal.commit_one(only_commit(outputs)))
    owner.settle()
    assert [owner.heard(f"g{number}").count("timer k") for number in range(5)] == [1, 1, 1, 1, 1]


def test_groups_with_open_work_wake_some_in_a_turn() -> None:
    owner = Owner()
    owner.settle(*[owner.tell("task a", f"g{number}") for number in range(5)])
    heir = Owner(owner.journal, epoch=2, bounds=Bounds(wakes=2))
    assert [len(heir.step().dispatches) for _ in range(4)] == [2, 2, 1, 0]


def test_one_instant_counts_for_a_group() -> None:
    timers = Timers()
    timers.at("g1", 30)
    timers.at("g1", 10)
    timers.at("g1", 20)
    timers.at("g2", 15)
    assert (timers.next(), len(timers)) == (10, 2)
    timers.forget("g2")
    assert timers.next() == 10
    assert timers.ripe(9, 9) == []
    assert timers.ripe(99, 9) == ["g1"]
    assert timers.next() is None
