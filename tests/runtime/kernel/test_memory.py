"""Groups leave memory, come back, and are recovered: always the state that the frames fold to."""

import pytest

from runtime.journal.frames import unpack_positions
from runtime.kernel.bounds import Bounds
from runtime.kernel.live import from_snapshot
from runtime.kernel.words import Faulted, Loaded, WrongOwner
from tests.runtime.kernel.small import FENCED, NOW, Notes, Owner, SmallKind, answers, folded, only_commit

CROWDED = Bounds(groups=0)
"""No group stays in memory longer than the turn after its last message."""


def snapshot_of(owner: Owner, group: str = "g1") -> list[str] | None:
    (stored,) = owner.journal.lookup(0, [group])
    if stored.snapshot is None:
        return None
    state: Notes = from_snapshot(group, SmallKind(), stored.snapshot).state
    return state.heard


def test_a_group_leaves_memory_with_a_snapshot_and_comes_back_from_it() -> None:
    owner = Owner(bounds=CROWDED)
    owner.settle(owner.tell("note a"))
    owner.settle()
    assert owner.shard.groups == {}
    assert snapshot_of(owner) == ["note a"]
    owner.settle(owner.tell("note b"))
    assert owner.heard() == ["note a", "note b"]
    assert folded(owner.journal).state == owner.state()


def test_the_group_idle_longest_leaves_first() -> None:
    owner = Owner(bounds=Bounds(groups=2))
    for group in ("g1", "g2", "g3"):
        owner.now += 1
        owner.settle(owner.tell("note a", group))
    owner.settle()
    assert list(owner.shard.groups) == ["g2", "g3"]


def test_a_group_idle_for_long_leaves_though_there_is_room() -> None:
    owner = Owner(bounds=Bounds(idle_ms=50))
    owner.settle(owner.tell("note a"))
    owner.settle()
    assert list(owner.shard.groups) == ["g1"]
    owner.now += 50
    owner.settle()
    assert owner.shard.groups == {}
    assert snapshot_of(owner) == ["note a"]


def test_a_system_without_traffic_wakes_up_to_let_groups_leave() -> None:
    owner = Owner(bounds=Bounds(idle_ms=50))
    owner.settle(owner.tell("note a"))
    due = owner.kernel.next_due()
    assert due == owner.now + 50
    owner.now = due
    owner.settle()
    assert owner.shard.groups == {}
    assert owner.kernel.next_due() is None


def test_no_more_leave_in_a_turn_than_the_bound_says() -> None:
    owner = Owner(bounds=Bounds(idle_ms=50, passivate_per_turn=1))
    owner.settle(owner.tell("note a"))
    owner.settle(owner.tell("note b", "g2"))
    owner.now += 50
    outputs = owner.step()
    assert [group for group, _ in only_commit(outputs).snapshots] == ["g1"]


def test_a_group_leaves_only_once_its_snapshot_is_durable() -> None:
    owner = Owner(bounds=Bounds(idle_ms=50))
    owner.settle(owner.tell("note a"))
    owner.now += 50
    outputs = owner.step()
    assert list(owner.shard.groups) == ["g1"]
    owner.verdict(FENCED)
    heir = Owner(owner.journal, epoch=2)
    assert heir.heard() == ["note a"]
    assert only_commit(outputs).frame == b"", "a commit of a snapshot alone"


def test_a_snapshot_says_where_the_records_stand() -> None:
    owner = Owner(bounds=CROWDED)
    for note in ("note a", "note b", "note c"):
        owner.settle(owner.tell(note))
        owner.settle(owner.tell("note x", "g2"))
    (stored,) = owner.journal.lookup(0, ["g1"])
    assert stored.snapshot is not None
    assert from_snapshot("g1", SmallKind(), stored.snapshot).positions == folded(owner.journal).positions


def test_records_that_outweigh_the_snapshot_make_a_new_one() -> None:
    owner = Owner(bounds=Bounds(snapshot_bytes=40))
    owner.settle(owner.tell("note a"))
    assert snapshot_of(owner) is None
    owner.settle(owner.tell("note " + "b" * 60))
    assert snapshot_of(owner) == ["note a", "note " + "b" * 60]


def test_recovery_is_bounded_by_snapshots_of_those_who_lag() -> None:
    owner = Owner(bounds=Bounds(recovery_frames=3))
    owner.settle(owner.tell("note old"))
    for number in range(8):
        owner.settle(owner.tell(f"note {number}", "g2"))
    assert snapshot_of(owner) == ["note old"]
    state = owner.journal.state(0)
    assert state.position - state.recovery <= 4


def test_a_lagging_group_outside_memory_is_brought_in_to_be_snapshotted() -> None:
    owner = Owner()
    owner.settle(owner.tell("note old"))
    heir = Owner(owner.journal, epoch=2, bounds=Bounds(recovery_frames=2))
    for number in range(6):
        heir.settle(heir.tell(f"note {number}", "g2"))
    assert snapshot_of(heir) == ["note old"]


def test_a_snapshot_and_the_tail_behind_it_make_the_group() -> None:
    owner = Owner(bounds=CROWDED)
    owner.settle(owner.tell("note a"))
    owner.settle()
    roomy = Owner(owner.journal, epoch=2)
    roomy.settle(roomy.tell("note b"))
    roomy.settle(roomy.tell("note c"))
    heir = Owner(owner.journal, epoch=3)
    assert len(heir.acquired.tail) == 2, "the snapshot covers the rest"
    assert heir.heard() == ["note a", "note b", "note c"]
    heir.settle(heir.tell("note d"))
    assert folded(owner.journal).state == heir.state()


def test_a_group_wholly_in_the_tail_is_made_without_asking_the_journal() -> None:
    owner = Owner()
    owner.settle(owner.tell("note a"))
    heir = Owner(owner.journal, epoch=2)
    outputs = heir.step(heir.read())
    assert not outputs.lookups
    assert "reader" in answers(outputs)


def test_an_ended_group_is_read_from_the_frames_its_end_names() -> None:
    owner = Owner()
    owner.settle(owner.tell("note a"))
    owner.settle(owner.tell("note x", "g2"))
    owner.settle(owner.tell("end"))
    (stored,) = owner.journal.lookup(0, ["g1"])
    assert stored.snapshot is None and stored.ended is not None
    assert unpack_positions(stored.ended) == [1, 3]
    state = owner.state()
    assert state is not None and (state.heard, state.over) == (["note a"], True)
    heir = Owner(owner.journal, epoch=2)
    assert heir.state() == state


def test_a_group_that_never_was_is_known_not_to_be() -> None:
    owner = Owner()
    assert owner.state("g404") is None
    outputs = owner.step(owner.read("g404"))
    assert not outputs.lookups, "asked once, it is known"


def test_indexes_follow_a_group_through_leaving_and_returning() -> None:
    owner = Owner(bounds=CROWDED)
    owner.settle(owner.tell("task t"), owner.tell(f"timer k {NOW + 99}"))
    owner.settle()
    assert owner.journal.open_groups(0) == ["g1"]
    assert owner.journal.due(0) == [("g1", NOW + 99)]
    owner.settle(owner.tell("end"))
    assert owner.journal.due(0) == []
    assert owner.journal.open_groups(0) == []


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_look_up_is_asked_once_for_all_who_wait_and_only_of_this_epoch(epoch: int) -> None:
    owner = Owner(epoch=epoch)
    outputs = owner.step(owner.tell("note a", token="a"), owner.tell("note b", token="b"))
    (asked,) = outputs.lookups
    assert (asked.group, asked.epoch) == ("g1", epoch)
    owner.step(Loaded(0, epoch - 1, "g1"))
    assert "g1" in owner.shard.parked, "an answer to an earlier owner is passed over"
    owner.settle(owner.look_up(asked))
    assert owner.heard() == ["note a", "note b"]


def test_one_unreadable_group_does_not_take_its_shard_with_it() -> None:
    owner = Owner()
    owner.settle(owner.tell("note a"))
    owner.step(owner.tell("note b", "g2", token="b"))
    damaged = owner.step(Loaded(0, 1, "g2", fault="its frame is damaged"))
    assert answers(damaged) == {"b": Faulted("g2")}
    assert damaged.faults == [("g2", "InvariantBroken: its frame is damaged")]
    assert owner.heard() == ["note a"]
    (asked,) = owner.step(owner.tell("note c", "g2", token="c")).lookups
    owner.settle(owner.look_up(asked))
    assert owner.heard("g2") == ["note c"], "each message asks again: it may be mended"


def test_a_missing_record_is_told_and_never_passed_over() -> None:
    owner = Owner()
    owner.settle(owner.tell("note a"))
    owner.settle(owner.tell("note b"))
    heir = Owner(owner.journal, epoch=2)
    heir.shard.recovery.tail["g1"].pop(0)
    (asked,) = heir.step(heir.tell("note c", token="c")).lookups
    outputs = heir.step(heir.look_up(asked))
    assert answers(outputs) == {"c": Faulted("g1")}
    assert "record 2 at 2 follows record 0" in outputs.faults[0][1]


@pytest.mark.parametrize("last", ["note c", "end"])
def test_a_group_that_a_later_owner_has_led_on_says_that_the_shard_is_lost(last: str) -> None:
    stale = Owner(bounds=CROWDED)
    stale.settle(stale.tell("note a"))
    stale.settle()
    heir = Owner(stale.journal, epoch=2, bounds=CROWDED)
    for command in ("note b", last):
        heir.settle(heir.tell(command))
        heir.settle()
    (asked,) = stale.step(stale.tell("end", token="late")).lookups
    outputs = stale.step(stale.look_up(asked), stale.read(token="later"))
    assert outputs.lost == [0]
    assert answers(outputs) == {"late": WrongOwner(0), "later": WrongOwner(0)}
    assert not outputs.commits, "nothing is decided on what the shard has not come to yet"


def test_giving_up_tells_those_who_wait_for_a_look_up() -> None:
    owner = Owner()
    owner.until_commit(owner.tell("note a"))
    owner.step(owner.read("g2", token="parked"))
    assert answers(owner.verdict(FENCED))["parked"] == WrongOwner(0)
