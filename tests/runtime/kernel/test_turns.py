"""The mailbox, the turn and its commit: nothing leaves before it is durable."""

import pytest

from actors.messages import Done, RefusedReply, Retry
from runtime.errors import InvariantBroken
from runtime.journal.contract import Committed
from runtime.kernel.bounds import Bounds
from runtime.kernel.kernel import Kernel
from runtime.kernel.words import (
    Acquired,
    CommitAnswered,
    Deliver,
    Faulted,
    Loaded,
    Released,
    Taken,
    TooBusy,
    View,
    WrongOwner,
)
from tests.runtime.kernel.small import (
    FENCED,
    IN_DOUBT,
    NOW,
    Owner,
    SmallKind,
    answers,
    folded,
    left,
    only_commit,
)


def test_nothing_leaves_before_the_commit_is_answered() -> None:
    owner = Owner()
    outputs, before = owner.until_commit(owner.tell("task t"), owner.tell("send g2 hello", token="second"))
    assert left(before) == left(outputs) == 0
    released = owner.verdict(owner.journal.commit_one(only_commit(outputs)))
    assert answers(released) == {"asker": Done(""), "second": Done("")}
    assert [dispatch.task for *_, dispatch in released.dispatches] == ["t"]
    assert [(out.to, out.sequence) for out in released.outgoing] == [("g2", 1)]


def test_one_turn_takes_what_has_gathered_and_makes_one_commit() -> None:
    owner = Owner()
    first, _ = owner.until_commit(owner.tell("note a"))
    for number in range(5):
        assert not owner.step(owner.tell(f"note {number}", token=number)).commits, "one commit at a time"
    owner.verdict(owner.journal.commit_one(only_commit(first)))
    outputs = owner.settle()
    assert set(answers(outputs)) == set(range(5))
    assert owner.shard.position == 2, "five messages, one frame"
    assert owner.heard() == ["note a", *(f"note {number}" for number in range(5))]


def test_a_turn_handles_no_more_than_its_bound() -> None:
    owner = Owner(bounds=Bounds(turn_messages=2))
    owner.settle(owner.tell("note first"))
    outputs = owner.step(*[owner.tell(f"note {number}", token=number) for number in range(5)])
    assert len(owner.shard.mailbox) == 3
    assert len(answers(owner.verdict(owner.journal.commit_one(only_commit(outputs))))) == 2


def test_a_step_that_has_had_enough_leaves_the_rest_to_the_next_which_begins_with_it() -> None:
    kernel = Kernel([SmallKind()])
    for number in range(3):
        kernel.step([Acquired(number, 1, 0)], NOW)
    told = [Deliver(number, 1, "g1", Retry("note a"), number) for number in (0, 0, 1, 2)]
    kernel.step(told, NOW)
    kernel.step([Loaded(number, 1, "g1") for number in range(3)], NOW, turns=False)
    decided = []
    for _ in range(4):
        (commit,) = kernel.step([], NOW, enough=lambda: True).commits
        decided.append(commit.shard)
        kernel.step([CommitAnswered(commit.shard, 1, Committed(commit.expected + 1))], NOW, turns=False)
    assert decided == [0, 1, 2, 0], "one message a step, and all shards in their turn"
    assert not kernel.busy


def test_a_full_mailbox_refuses_askers_and_takes_what_makes_room() -> None:
    owner = Owner(bounds=Bounds(mailbox=2))
    owner.until_commit(owner.tell("note a"))
    waiting = [owner.tell("note b", token="b"), owner.tell("note c", token="c")]
    outputs = owner.step(*waiting, owner.tell("note d", token="d"), owner.tell("note e", token=None))
    assert answers(outputs) == {"d": TooBusy(0)}
    assert len(owner.shard.mailbox) == 3, "an answer of a target has no asker and comes in"


def test_messages_parked_for_a_group_count_against_the_bound() -> None:
    owner = Owner(bounds=Bounds(mailbox=2))
    owner.step(owner.tell("note a", token=1), owner.tell("note b", token=2))
    assert sum(map(len, owner.shard.parked.values())) == 2
    assert answers(owner.step(owner.tell("note c", token=3))) == {3: TooBusy(0)}


def test_what_decides_nothing_is_answered_without_a_commit() -> None:
    owner = Owner()
    owner.settle(owner.tell("note a"))
    outputs = owner.step(owner.tell("nothing", token="idle"), owner.read())
    assert not outputs.commits
    assert answers(outputs)["idle"] == RefusedReply("nothing", "there was nothing to do")


def test_a_read_in_the_turn_of_a_decision_waits_for_its_commit() -> None:
    owner = Owner()
    outputs, before = owner.until_commit(owner.tell("note a"), owner.read())
    assert left(before) == left(outputs) == 0
    assert isinstance(answers(owner.verdict(owner.journal.commit_one(only_commit(outputs))))["reader"], View)


def test_a_commit_in_doubt_is_asked_for_again_unchanged_and_counts_once() -> None:
    owner = Owner()
    outputs, _ = owner.until_commit(owner.tell("note a"))
    commit = only_commit(outputs)
    verdict = owner.journal.commit_one(commit)
    doubtful = owner.verdict(IN_DOUBT)
    assert only_commit(doubtful) == commit
    assert left(doubtful) == 0
    assert owner.journal.commit_one(commit) == verdict == Committed(1)
    assert answers(owner.verdict(verdict)) == {"asker": Done("")}
    assert owner.heard() == ["note a"]


def test_a_fenced_shard_is_given_up_and_everyone_is_told() -> None:
    owner = Owner()
    owner.until_commit(owner.tell("note a", token="in the turn"))
    owner.step(owner.tell("note b", token="in the mailbox"), owner.read("g2", token="parked"))
    outputs = owner.verdict(FENCED)
    assert answers(outputs) == dict.fromkeys(("in the turn", "in the mailbox", "parked"), WrongOwner(0))
    assert outputs.lost == [0]
    assert owner.kernel.shards == {}
    assert not outputs.dispatches and not outputs.outgoing


def test_an_owner_that_was_replaced_writes_nothing() -> None:
    first = Owner()
    outputs, _ = first.until_commit(first.tell("note stale"))
    second = Owner(first.journal, epoch=2)
    second.settle(second.tell("note fresh"))
    refused = first.journal.commit_one(only_commit(outputs))
    assert first.verdict(refused).lost == [0]
    assert second.heard() == ["note fresh"]


def test_a_verdict_of_an_earlier_epoch_is_passed_over() -> None:
    owner = Owner(epoch=2)
    outputs, _ = owner.until_commit(owner.tell("note a"))
    assert left(owner.step(CommitAnswered(0, 1, Committed(1)), turns=False)) == 0
    assert answers(owner.verdict(owner.journal.commit_one(only_commit(outputs)))) == {"asker": Done("")}


def test_a_position_that_cannot_be_stops_the_kernel() -> None:
    owner = Owner()
    owner.until_commit(owner.tell("note a"))
    with pytest.raises(InvariantBroken, match="is at 7, not 1"):
        owner.verdict(Committed(7))


def test_messages_under_another_epoch_are_sent_to_the_owner() -> None:
    owner = Owner(epoch=3)
    outputs = owner.step(Deliver(0, 2, "g1", owner.tell("note a").message, "late"))
    assert answers(outputs) == {"late": WrongOwner(0)}


def test_a_shard_that_is_elsewhere_says_so() -> None:
    owner = Owner()
    outputs = owner.step(Deliver(4, 1, "g1", owner.tell("note a").message, "lost"))
    assert answers(outputs) == {"lost": WrongOwner(4)}


def test_ids_of_no_kind_are_known_to_be_nobody() -> None:
    owner = Owner()
    outputs = owner.step(
        owner.tell("note a", "x1"),
        owner.read("x1"),
        owner.post(1, "hello", group="x1"),
        owner.posted(1, group="x1"),
    )
    assert answers(outputs) == {
        "asker": RefusedReply("unknownOrder", "there is no order x1"),
        "reader": View(None),
        "post 1": Taken(1, taken=False),
    }
    assert not owner.kernel.busy


def test_recorded_time_never_runs_backwards_in_a_group() -> None:
    owner = Owner()
    owner.settle(owner.tell("note a"))
    owner.now -= 60_000
    owner.settle(owner.tell("note b"))
    assert folded(owner.journal).at == NOW


def test_a_released_shard_answers_those_who_still_wait() -> None:
    owner = Owner()
    outputs = owner.step(owner.tell("note a"), Released(0), turns=False)
    assert answers(outputs) == {"asker": WrongOwner(0)}
    assert owner.kernel.idle and not owner.kernel.busy


def test_a_drained_shard_gives_its_next_owner_everything() -> None:
    owner = Owner()
    owner.settle(owner.tell("task t"), owner.tell("send g2 hello"), owner.tell(f"timer k {NOW + 50}"))
    assert owner.kernel.idle, "nothing is under way: drained"
    owner.step(Released(0))
    heir = Owner(owner.journal, epoch=2)
    heir.now = NOW + 50
    outputs = heir.settle()
    assert [dispatch.task for *_, dispatch in outputs.dispatches] == ["t"]
    assert [(out.to, out.sequence) for out in outputs.outgoing] == [("g2", 1)]
    assert heir.heard() == ["sent", "armed", "timer k"]


def test_a_repeated_takeover_changes_nothing_and_a_later_one_starts_anew() -> None:
    owner = Owner()
    owner.settle(owner.tell("note a"))
    shard = owner.shard
    owner.step(owner.acquired)
    assert owner.shard is shard
    owner.until_commit(owner.tell("note b", token="b"))
    again = Owner(owner.journal, epoch=2, kernel=owner.kernel)
    assert again.shard is not shard
    assert again.heard() == ["note a"]


# -- decisions that fail ------------------------------------------------------------------------------------------


def test_a_decision_that_fails_leaves_nothing_and_the_group_is_read_again() -> None:
    owner = Owner()
    owner.settle(owner.tell("note a"))
    outputs = owner.settle(owner.tell("break", token="broken"))
    assert answers(outputs) == {"broken": Faulted("g1")}
    assert outputs.faults == [("g1", "RuntimeError: half folded")]
    assert owner.heard() == ["note a"]


def test_what_the_group_decided_earlier_in_the_turn_is_decided_again() -> None:
    owner = Owner()
    owner.settle(owner.tell("note a"))
    outputs = owner.settle(
        owner.tell("note b", token="b"),
        owner.tell("send g2 x", token="send"),
        owner.tell("break", token="broken"),
        owner.tell("note c", token="c"),
        owner.tell("note other", "g3", token="other"),
    )
    assert answers(outputs) == {
        "b": Done(""), "send": Done(""), "broken": Faulted("g1"), "c": Done(""), "other": Done("")
    }  # fmt: skip
    assert [out.sequence for out in outputs.outgoing] == [1, 1], (
        "once, and once more as the group was set aside"
    )
    assert owner.heard() == ["note a", "note b", "sent", "note c"]
    assert owner.heard("g3") == ["note other"]
    assert folded(owner.journal).state.heard == ["note a", "note b", "sent", "note c"]


def test_a_group_set_aside_sends_what_it_has_out_once_more() -> None:
    owner = Owner()
    owner.settle(owner.tell("task t"))
    outputs = owner.settle(owner.tell("break"))
    assert outputs.dispatches == []
    owner.now += 1_000
    assert [dispatch.task for *_, dispatch in owner.settle().dispatches] == ["t"]


def test_a_group_is_left_alone_no_longer_because_the_clock_was_set_back() -> None:
    owner = Owner()
    owner.settle(owner.tell("task t"))
    owner.now = NOW + 60_000
    owner.settle(owner.tell("note a"))
    owner.now = NOW
    owner.settle(owner.tell("break"))
    owner.now = NOW + 1_000
    assert [dispatch.task for *_, dispatch in owner.settle().dispatches] == ["t"]
