"""Alerts, story by story: who is told that a value did not come, how it goes up, and who says that he knows."""

from typing import Any

import msgspec
import pytest

from actors import alerts
from actors.events_of_graph import AlertsAcknowledged, HeldBackSet
from actors.graph import Held
from actors.listing import listed
from actors.messages import AcknowledgeAlerts, Done, GiveUp, RefusedReply, TimerFired
from actors.waiting import waits_for
from catalog.rules.rule import Rule, Wait
from catalog.store import Catalogs
from tests.actors.drawn import NOW, item
from tests.actors.judging import decode_events
from tests.actors.ruled import DAY, sites
from tests.actors.test_growing_orders import S, Story, net
from tests.catalog.graph.building import catalog, exclude, include, realized, specification, string

UP = ("desk-lead", "director")


def overdue(story: Story, times: int = 1) -> None:
    for _ in range(times):
        story.watched.now = story.watched.timers["heldBack"]
        story.watched.tell(TimerFired("heldBack"))


def held(story: Story, line: str = "1") -> tuple[Held, ...]:
    graph = story.group.decomposition.graph
    assert graph is not None
    return graph.held.get(line, ())


def found(story: Story, group: str = "", state: str = "") -> bool:
    return (alerts.ALERT, alerts.asked(group, state)) in listed(story.group)[1]


def sentence(story: Story) -> str:
    return waits_for(story.group, story.watched.now).reasons[0].sentence


def acknowledge(story: Story, by: str, *groups: str, line: str = "1", alert: str = "") -> Any:
    return story.tell(AcknowledgeAlerts(line, by, alert, groups))


def test_a_reminder_is_with_its_group_until_the_value_comes() -> None:
    story = Story(Catalogs(sites(group="order-desk")), net(sites=0))
    assert not found(story) and "reminded" not in sentence(story)
    overdue(story, 2)
    assert found(story) and found(story, "order-desk") and found(story, "order-desk", alerts.OPEN)
    assert not found(story, state=alerts.ACKNOWLEDGED) and not found(story, "director")
    assert "; reminded 2 time(s), it is with order-desk;" in sentence(story)
    told = [event for event in facts(story) if isinstance(event, HeldBackSet) and event.told]
    assert [event.told for event in told] == [(held(story)[0].part.key,)] * 2
    story.give(colour="blue")
    assert not found(story) and story.line() is S.COMPLETED


def test_each_deadline_takes_it_one_group_up_and_the_last_stays() -> None:
    story = Story(Catalogs(sites("escalate", group="order-desk", escalate_to=UP)), net(sites=0))
    for group in ("desk-lead", "director", "director"):
        overdue(story)
        assert alerts.group_of(held(story)[0]) == group and found(story, group)
    assert not found(story, "desk-lead") and not found(story, "order-desk")
    assert "escalated 3 time(s), it is with director" in sentence(story)


@pytest.mark.parametrize(("group", "who"), [("order-desk", "order-desk"), ("", "everybody")])
def test_without_groups_above_it_stays_where_it_is(group: str, who: str) -> None:
    story = Story(Catalogs(sites("escalate", group=group)), net(sites=0))
    overdue(story, 2)
    assert f"it is with {who}" in sentence(story) and found(story, group)


def test_whoever_acknowledges_it_ends_the_reminders_and_not_the_wait() -> None:
    story = Story(Catalogs(sites("escalate", group="order-desk", escalate_to=UP)), net(sites=0))
    overdue(story)
    refusal = acknowledge(story, "dan", "director")
    assert isinstance(refusal, RefusedReply) and refusal.code == "notInGroup", "not yet"
    assert acknowledge(story, "ann", "desk-lead") == Done("pending")
    assert "heldBack" not in story.watched.timers
    assert (held(story)[0].acknowledged_by, held(story)[0].times) == ("ann", 1)
    assert "; escalated 1 time(s), acknowledged by ann at 2027-01-16T08:00:00.002Z;" in sentence(story)
    assert found(story, "desk-lead", alerts.ACKNOWLEDGED) and not found(story, state=alerts.OPEN)
    again = acknowledge(story, "bob", "*")
    assert isinstance(again, RefusedReply) and again.code == "alertAcknowledged"
    assert "by ann at" in again.message
    assert AlertsAcknowledged("1", (held(story)[0].part.key,), "ann") in facts(story)
    story.watched.now += 10 * DAY
    assert not story.watched.tell(TimerFired("heldBack")).events, "nobody is told any more"
    story.give(colour="red")
    assert "pnet.sportal" in story.paths() and not found(story)


def test_the_group_below_may_say_that_it_knows_after_all() -> None:
    story = Story(Catalogs(sites("escalate", group="order-desk", escalate_to=UP)), net(sites=0))
    overdue(story, 2)
    assert isinstance(acknowledge(story, "ann", "order-desk"), Done)


def test_everybody_may_acknowledge_what_is_for_everybody() -> None:
    story = Story(Catalogs(sites()), net(sites=0))
    assert acknowledge(story, "ann").code == "noAlert", "its deadline has not passed"
    overdue(story)
    assert acknowledge(story, "ann", alert="nothing").code == "noAlert"
    assert isinstance(acknowledge(story, "ann", alert=held(story)[0].part.key), Done)


def test_one_of_several_is_acknowledged_and_the_others_go_on() -> None:
    story = Story(Catalogs(sites()), net(sites=1))
    story.finish()
    overdue(story)
    one, other = held(story)
    assert isinstance(acknowledge(story, "ann", alert=one.part.key), Done)
    assert found(story, state=alerts.OPEN) and found(story, state=alerts.ACKNOWLEDGED)
    overdue(story)
    times = {each.part.key: each.times for each in held(story)}
    assert times == {one.part.key: 1, other.part.key: 2}
    assert isinstance(acknowledge(story, "bob"), Done), "the rest of the line"
    assert {each.acknowledged_by for each in held(story)} == {"ann", "bob"}
    assert not found(story, state=alerts.OPEN)


def test_what_ends_the_line_ends_its_alerts() -> None:
    story = Story(Catalogs(sites()), net(sites=0), net("2", sites=0))
    overdue(story)
    story.tell(GiveUp("1", "no need for it"))
    assert found(story) and not held(story, "1")
    story.tell(GiveUp("2", "no need for it"))
    assert not found(story) and story.group.order.state is S.COMPLETED


@pytest.mark.parametrize("reaction", ["default", "cancelLine"])
def test_a_deadline_that_decides_tells_nobody(reaction: str) -> None:
    story = Story(Catalogs(sites(reaction, False)), net(sites=1))
    story.finish()
    overdue(story)
    assert not any(isinstance(event, HeldBackSet) and event.told for event in facts(story))
    assert not found(story)


def two_waits() -> Catalogs:
    """Whether there is a portal is decided by two rules, each with its own patience."""
    rules: tuple[Rule, ...] = (
        include("colour == 'red'", wait=Wait(2 * DAY, "remind", group="order-desk")),
        exclude("place == 'H5'", wait=Wait(DAY, "default", False)),
    )
    return Catalogs(
        catalog(
            specification("pnet", string("colour", "place"), (realized("sportal", *rules),)),
            specification("sportal"),
        )
    )


def test_a_wait_that_was_behind_another_one_begins_when_that_is_decided() -> None:
    story = Story(two_waits(), item("1", "pnet"))
    overdue(story)
    assert not found(story), "the first deadline has decided its rule, and reminded nobody"
    assert story.watched.timers["heldBack"] == NOW + 3 * DAY and not held(story)[0].times
    overdue(story)
    assert "reminded 1 time(s), it is with order-desk" in sentence(story) and found(story, "order-desk")


def test_what_was_held_under_an_older_layout_is_read() -> None:
    story = Story(Catalogs(sites()), net(sites=0))
    (one,) = held(story)
    part, since, until, times = msgspec.to_builtins(one)[:4]
    old = msgspec.msgpack.encode([part[:15], since, until, times])
    assert msgspec.msgpack.decode(old, type=Held) == one
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(["heldBack", "1", []]), type=HeldBackSet).told == ()


def facts(story: Story) -> list[Any]:
    return [event for _, record in story.watched.records for event in decode_events(record)]
