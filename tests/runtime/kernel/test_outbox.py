"""Messages between groups: in order, once, until they are acknowledged."""

from actors.messages import Done, OrderEnded
from runtime.kernel.words import Posted, Taken, TooBusy
from tests.runtime.kernel.small import Owner, answers, folded


def test_messages_to_one_group_are_numbered_and_each_says_what_is_settled_before_it() -> None:
    owner = Owner()
    outputs = owner.settle(owner.tell("send g2 a"), owner.tell("send g2 b"), owner.tell("send g3 c"))
    assert [(out.to, out.sequence, out.after) for out in outputs.outgoing] == [
        ("g2", 1, 0),
        ("g2", 2, 0),
        ("g3", 1, 0),
    ]
    assert outputs.outgoing[0].message == OrderEnded("a", "")


def test_an_acknowledged_message_leaves_the_outbox_once() -> None:
    owner = Owner()
    owner.settle(owner.tell("send g2 a"), owner.tell("send g2 b"))
    owner.settle(owner.posted(1))
    assert list(folded(owner.journal).mail.outbox["g2"]) == [2]
    position = owner.shard.position
    owner.settle(owner.posted(1))
    assert owner.shard.position == position, "told again, there is nothing to record"
    owner.settle(owner.posted(2))
    assert folded(owner.journal).mail.outbox == {}


def test_numbering_goes_on_after_everything_was_acknowledged() -> None:
    owner = Owner()
    owner.settle(owner.tell("send g2 a"))
    owner.settle(owner.posted(1))
    (out,) = owner.settle(owner.tell("send g2 b")).outgoing
    assert (out.sequence, out.after) == (2, 1)


def test_a_message_is_decided_once_and_acknowledged_each_time() -> None:
    owner = Owner()
    owner.settle(owner.tell("note a"))
    assert answers(owner.settle(owner.post(1, "hello"))) == {"post 1": Taken(1)}
    assert answers(owner.settle(owner.post(1, "hello"))) == {"post 1": Taken(1)}
    assert owner.heard() == ["note a", "hello"]


def test_it_is_decided_once_across_owners_too() -> None:
    owner = Owner()
    owner.settle(owner.tell("note a"))
    owner.settle(owner.post(1, "hello"))
    heir = Owner(owner.journal, epoch=2)
    assert answers(heir.settle(heir.post(1, "hello"))) == {"post 1": Taken(1)}
    assert heir.heard() == ["note a", "hello"]


def test_what_comes_after_a_gap_waits_for_what_is_missing() -> None:
    owner = Owner()
    owner.settle(owner.tell("note a"))
    assert answers(owner.settle(owner.post(2, "second"))) == {"post 2": TooBusy(0)}
    owner.settle(owner.post(1, "first"), owner.post(2, "second"))
    assert owner.heard() == ["note a", "first", "second"]


def test_a_gap_of_what_could_not_be_delivered_is_not_waited_for() -> None:
    owner = Owner()
    owner.settle(owner.tell("note a"))
    assert answers(owner.settle(owner.post(4, "fourth", after=3))) == {"post 4": Taken(4)}
    assert answers(owner.settle(owner.post(3, "third"))) == {"post 3": Taken(3)}
    assert owner.heard() == ["note a", "fourth"]


def test_a_message_to_nobody_is_told_to_its_sender_and_frees_those_behind_it() -> None:
    owner = Owner()
    assert answers(owner.settle(owner.post(1, "hello", group="g5"))) == {"post 1": Taken(1, taken=False)}
    owner.settle(owner.tell("send g2 a"), owner.tell("send g2 b"))
    outputs = owner.settle(owner.posted(1, taken=False))
    assert [(out.sequence, out.after) for out in outputs.outgoing] == [(2, 1)]
    assert owner.heard() == ["sent", "sent", "nobody at g2"]


def test_a_group_is_not_over_before_its_outbox_is_empty() -> None:
    owner = Owner()
    owner.settle(owner.tell("send g2 a"), owner.tell("end"))
    assert "g1" in owner.shard.groups
    assert owner.journal.open_groups(0) == ["g1"]
    outputs = owner.settle(owner.posted(1))
    assert [(group, state) for group, state, *_ in outputs.ended] == [("g1", "over")]
    assert owner.shard.groups == {}
    assert owner.journal.open_groups(0) == []


def test_an_acknowledgement_to_an_earlier_owner_is_passed_over() -> None:
    owner = Owner()
    owner.settle(owner.tell("send g2 a"))
    heir = Owner(owner.journal, epoch=2)
    assert [out.sequence for out in heir.settle().outgoing] == [1], "sent again: nobody knows whether it came"
    heir.settle(Posted(0, 1, "g1", "g2", 1))
    assert list(folded(owner.journal).mail.outbox["g2"]) == [1]


def test_a_send_alone_is_worth_an_answer() -> None:
    owner = Owner()
    assert answers(owner.settle(owner.tell("send g2 a"))) == {"asker": Done("")}


def test_a_message_may_bring_its_receiver_into_being_once() -> None:
    owner = Owner()
    assert answers(owner.settle(owner.post(1, "begin"))) == {"post 1": Taken(1)}
    assert answers(owner.settle(owner.post(1, "begin"), owner.post(2, "more"))) == {
        "post 1": Taken(1),
        "post 2": Taken(2),
    }
    heir = Owner(owner.journal, epoch=2)
    assert answers(heir.settle(heir.post(2, "more"))) == {"post 2": Taken(2)}
    assert heir.heard() == ["begin", "more"]
