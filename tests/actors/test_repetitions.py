"""What people say comes with a key: said twice it is carried out once, whatever has happened in between."""

import msgspec

from actors.events import CommandDecided
from actors.events_of_graph import ValuesTold
from actors.group import OrderGroupKind
from actors.messages import (
    AddDetails,
    ApproveOrder,
    ClaimWork,
    CompleteWork,
    Done,
    GiveValues,
    RefusedReply,
    RejectOrder,
    ReturnOrder,
    ReturnWork,
)
from actors.review import REVIEW_MESSAGES
from tests.actors.drawn import NOW, SAMPLE, item, submission
from tests.actors.judging import Watched, decode_events
from tests.actors.people_drawn import FILLED
from tests.actors.ruled import SITES

KEYED = (
    ClaimWork("w1", "ann", key="k"),
    CompleteWork("w1", "ann", key="k"),
    ReturnWork("w1", "ann", "why", key="k"),
    AddDetails({}, "ann", key="k"),
    ApproveOrder("ann", key="k"),
    RejectOrder("ann", "why", key="k"),
    ReturnOrder("ann", "why", key="k"),
)


def network() -> Watched:
    watched = Watched(OrderGroupKind(SITES), NOW)
    watched.tell(submission([item("1", "pnet", characteristics={"sites": 1})], SITES))
    return watched


def recorded(watched: Watched, kind: type) -> list[object]:
    events = [event for _, record in watched.records for event in decode_events(record)]
    return [event for event in events if isinstance(event, kind)]


def test_values_that_are_given_twice_do_not_come_back_over_newer_ones() -> None:
    watched = network()
    red = GiveValues("1", {"pnet.colour": "red"}, key="k1")
    watched.tell(red)
    watched.tell(GiveValues("1", {"pnet.colour": "blue"}, key="k2"))
    state = watched.state
    assert state is not None
    assert watched.tell(red).reply == Done(str(state.lines["1"].state))
    assert [event.values for event in recorded(watched, ValuesTold)] == [  # type: ignore[attr-defined]
        {"pnet": {"colour": "red"}},
        {"pnet": {"colour": "blue"}},
    ]
    assert recorded(watched, CommandDecided) == [CommandDecided("k1"), CommandDecided("k2")]


def test_values_without_a_key_are_taken_every_time() -> None:
    watched = network()
    for colour in ("red", "blue", "red"):
        watched.tell(GiveValues("1", {"pnet.colour": colour}))
    assert len(recorded(watched, ValuesTold)) == 3 and not recorded(watched, CommandDecided)


def test_every_word_to_a_review_has_a_key_and_is_known_by_it() -> None:
    assert {type(message) for message in KEYED} == set(REVIEW_MESSAGES)
    for message in KEYED:
        watched = network()
        assert watched.state is not None
        watched.state.order.commands = ("k",)
        decision = watched.kind.handle("o1", watched.state, message, NOW)[1]
        assert isinstance(decision.reply, Done) and not decision.events, message


def test_a_refused_word_does_not_use_up_its_key() -> None:
    watched = network()
    assert not isinstance(watched.tell(ApproveOrder("ann", key="k")).reply, Done)
    assert watched.state is not None and not watched.state.order.commands


def test_details_that_are_added_twice_are_recorded_once() -> None:
    watched = Watched(OrderGroupKind(SAMPLE), NOW)
    watched.tell(submission([item("1", "managed-security", characteristics={})], by="sue"))
    said = AddDetails({"1": {"site": FILLED["site"]}}, "bob", key="k")
    assert isinstance(watched.tell(said).reply, Done)
    count = len(watched.records)
    assert isinstance(watched.tell(said).reply, Done) and len(watched.records) == count


def test_a_name_with_another_digest_is_a_conflict() -> None:
    watched = network()
    given = GiveValues("1", {"pnet.colour": "red"}, key="name:1")
    watched.tell(given)
    other = GiveValues("1", {"pnet.colour": "blue"}, key="name:2")
    assert watched.tell(other).reply == RefusedReply(
        "keyConflict", "the same key has decided something else on order o1"
    )
    assert isinstance(watched.tell(given).reply, Done)
    watched.tell(msgspec.structs.replace(other, key="names:2"))
    assert recorded(watched, CommandDecided) == [CommandDecided("name:1"), CommandDecided("names:2")]
