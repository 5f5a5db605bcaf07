"""Orders with rules, story by story: what waits, what joins, what is shared, what changes too late."""

from typing import Any

import pytest

from actors.graph import REMINDED_AFTER_MS
from actors.group import OrderGroupKind
from actors.messages import AnyMessage, Done, GiveUp, GiveValues, RefusedReply, Retry, TaskResult, TimerFired
from actors.states import State
from actors.structure import OrderGroup
from actors.waiting import OPERATOR, REQUESTER, RUNTIME, TARGET, waits_for
from catalog.store import Catalogs
from tests.actors.drawn import NOW, item, submission
from tests.actors.judging import Watched
from tests.actors.ruled import DAY, SHARED, SITES, sites
from tests.catalog.graph.building import catalog, include, realized, specification, string

S = State


class Story:
    """An order on its way, judged after every message."""

    def __init__(self, catalogs: Catalogs, *items: dict[str, Any]) -> None:
        self.watched = Watched(OrderGroupKind(catalogs), NOW)
        self.watched.tell(submission(list(items), catalogs))

    @property
    def group(self) -> OrderGroup:
        assert self.watched.state is not None
        return self.watched.state

    def tell(self, message: AnyMessage) -> Any:
        self.watched.now += 1
        return self.watched.tell(message).reply

    def give(self, line: str = "1", **values: Any) -> Any:
        return self.tell(GiveValues(line, values))

    def paths(self) -> set[str]:
        graph = self.group.decomposition.graph
        return {each.path for each in graph.grown.values()} if graph is not None else set()

    def out(self) -> dict[str, str]:
        graph = self.group.decomposition.graph
        assert graph is not None
        return {
            key: graph.grown[task.domain_order].path
            for key, task in self.group.orchestration.tasks.items()
            if task.state is S.IN_PROGRESS
        }

    def do(self, *paths: str, outcome: str = "completed", **output: Any) -> None:
        for key, path in self.out().items():
            if not paths or path in paths:
                generation = self.group.orchestration.tasks[key].generation
                self.tell(TaskResult(key, generation, outcome, output, "E" if outcome == "failed" else ""))

    def finish(self) -> None:
        while self.out():
            self.do(line="fibre")

    def line(self, id_: str = "1") -> State:
        return self.group.lines[id_].state

    def reasons(self) -> list[tuple[str, str]]:
        return [(each.kind, each.at) for each in waits_for(self.group, self.watched.now).reasons]


def net(id_: str = "1", **values: Any) -> dict[str, Any]:
    return item(id_, "pnet", characteristics=values)


def test_an_order_whose_values_are_all_known_just_runs() -> None:
    story = Story(SITES, net(sites=1, colour="blue"))
    assert story.paths() == {"pnet.ssite[1]", "pnet.ssite[1].rsurvey"}
    story.do(line="copper")
    assert "pnet.ssite[1].rcopper" in story.paths()
    assert isinstance(story.give(**{"pnet.ssite[1].model": "y"}), Done)
    story.finish()
    assert story.line() is S.COMPLETED and story.group.order.state is S.COMPLETED


def test_only_what_depends_on_an_unknown_value_waits_and_the_line_is_not_final() -> None:
    story = Story(SITES, net(sites=1, colour="blue"))
    assert story.out() == {"1.1-1-1.1": "pnet.ssite[1].rsurvey"}
    assert story.line() is S.IN_PROGRESS
    story.finish()
    assert story.line() is S.PENDING and story.group.order.state is S.PENDING
    (reason,) = waits_for(story.group, story.watched.now).reasons
    assert (reason.kind, reason.at, reason.since, reason.until) == (REQUESTER, "1", NOW, NOW + DAY)
    assert "for pnet.ssite[1].model" in reason.sentence and "then: remind" in reason.sentence
    story.give(**{"pnet.ssite[1].model": "x"})
    assert story.out() == {"1.1-1-2.1": "pnet.ssite[1].rrouter"}
    story.finish()
    assert story.line() is S.COMPLETED


def test_what_a_task_of_ours_brings_is_no_question_to_the_requester() -> None:
    story = Story(SITES, net(sites=1, colour="red"))
    story.give(**{"pnet.ssite[1].model": "y"})
    assert story.line() is S.IN_PROGRESS
    assert story.reasons() == [(TARGET, "1.1-1-1.1"), (RUNTIME, "1"), (RUNTIME, "1")]
    assert "task survey of rsurvey brings it" in waits_for(story.group, NOW).reasons[1].sentence
    story.do(line="copper")
    assert "pnet.ssite[1].rcopper" in story.paths() and "pnet.ssite[1].rfibre" not in story.paths()


def test_a_value_that_will_not_come_any_more_is_the_requesters_to_give() -> None:
    story = Story(SITES, net(sites=1, colour="red"))
    story.give(**{"pnet.ssite[1].model": "y"})
    story.do(outcome="failed")
    assert (RUNTIME, "1") in story.reasons(), "it may still be done"
    story.tell(GiveUp("1.1-1-1.1", "nobody is there"))
    assert story.reasons() == [(REQUESTER, "1")] * 2
    story.give(**{"pnet.ssite[1].line": "fibre"})
    assert "pnet.ssite[1].rfibre" in story.paths()
    story.finish()
    assert story.line() is S.PARTIAL


def test_a_task_that_does_not_bring_what_it_should_leaves_the_question() -> None:
    story = Story(SITES, net(sites=1, colour="red"))
    story.give(**{"pnet.ssite[1].model": "y"})
    story.do("pnet.ssite[1].rsurvey", other="thing")
    story.finish()
    assert story.line() is S.PENDING


def test_values_that_lead_nowhere_or_do_not_fit_are_refused() -> None:
    story = Story(SITES, net(sites=1, colour="red"))
    for path, value, code in (
        ("pnet.nothing", 1, "unknownPath"),
        ("pnet.ssite[7].model", "x", "unknownPath"),
        ("pnet.sites", "three", "valueNotAllowed"),
    ):
        reply = story.tell(GiveValues("1", {path: value}))
        assert isinstance(reply, RefusedReply) and reply.code == code
    assert story.tell(GiveValues("1", {"pnet.colour": "red"})).state == S.IN_PROGRESS


def test_a_deadline_reminds_and_goes_on_waiting() -> None:
    story = Story(SITES, net(sites=0))
    assert story.line() is S.PENDING
    story.watched.now = story.watched.timers["heldBack"]
    story.watched.tell(TimerFired("heldBack"))
    assert story.watched.timers["heldBack"] == NOW + 2 * DAY
    assert (
        "reminded 1 time(s), it is with everybody"
        in waits_for(story.group, story.watched.now).reasons[0].sentence
    )
    story.give(colour="blue")
    assert "heldBack" not in story.watched.timers
    assert story.line() is S.COMPLETED


def test_the_requester_is_reminded_where_the_catalog_says_nothing_of_it() -> None:
    story = Story(SITES, net(sites=1, colour="red"))
    story.give(**{"pnet.ssite[1].model": "y"})
    assert "heldBack" not in story.watched.timers, "a task of ours brings it"
    story.do("pnet.ssite[1].rsurvey", other="thing")
    story.finish()
    now = story.watched.now
    assert story.watched.timers["heldBack"] <= now + REMINDED_AFTER_MS
    assert all(each.until for each in waits_for(story.group, now).reasons)
    story.watched.now = story.watched.timers["heldBack"]
    story.watched.tell(TimerFired("heldBack"))
    assert "reminded 1 time(s)" in waits_for(story.group, story.watched.now).reasons[0].sentence


@pytest.mark.parametrize(("default", "there"), [(True, True), (False, False)])
def test_a_deadline_decides_by_default(default: bool, there: bool) -> None:
    story = Story(Catalogs(sites("default", default)), net(sites=0))
    story.watched.now = story.watched.timers["heldBack"]
    story.watched.tell(TimerFired("heldBack"))
    assert story.paths() == ({"pnet.sportal"} if there else set())
    story.finish()
    assert story.line() is S.COMPLETED


def test_a_deadline_cancels_the_line() -> None:
    story = Story(Catalogs(sites("cancelLine")), net(sites=0), net("2", sites=0, colour="blue"))
    assert (story.line("1"), story.line("2")) == (S.PENDING, S.COMPLETED)
    story.watched.now = story.watched.timers["heldBack"]
    story.watched.tell(TimerFired("heldBack"))
    assert story.line("1") is S.CANCELLED
    assert story.group.lines["1"].code == "valueNotGiven"


def test_whoever_gives_the_line_up_leaves_out_what_is_held_back() -> None:
    story = Story(SITES, net(sites=1))
    story.finish()
    assert story.line() is S.PENDING
    assert isinstance(story.tell(Retry("1")), Done)
    story.tell(GiveUp("1", "no need for it"))
    assert story.line() is S.COMPLETED
    assert "pnet.sportal" not in story.paths()


def test_what_has_not_begun_changes_with_its_values() -> None:
    story = Story(SITES, net(sites=1, colour="red"))
    assert "pnet.sportal" in story.paths()
    story.give(colour="blue")
    assert "pnet.sportal" not in story.paths(), "it had to wait for the site"
    story.give(colour="red")
    assert "pnet.sportal" in story.paths()
    story.give(sites=3)
    assert {"pnet.ssite[2]", "pnet.ssite[3]"} < story.paths()
    story.give(sites=2)
    assert "pnet.ssite[3]" in story.paths(), "its survey had begun"


def test_where_work_has_begun_the_change_is_noted_and_the_line_held() -> None:
    story = Story(SITES, net(sites=1, colour="red"))
    story.give(**{"pnet.ssite[1].model": "x"})
    story.do("pnet.ssite[1].rrouter")
    story.give(**{"pnet.ssite[1].model": "y"})
    assert "pnet.ssite[1].rrouter" in story.paths()
    (changes,) = story.group.decomposition.graph.changes.values()  # type: ignore[union-attr]
    assert [(each.key, each.kind) for each in changes] == [("1.1-1-2", "remove")]
    story.finish()
    assert story.line() is S.HELD
    assert (OPERATOR, "1") in story.reasons()
    assert "change pending" in waits_for(story.group, story.watched.now).reasons[0].sentence
    story.tell(GiveUp("1", "leave it"))
    assert story.line() is S.COMPLETED
    assert not story.group.decomposition.graph.changes  # type: ignore[union-attr]


def test_a_change_taken_back_is_no_change() -> None:
    story = Story(SITES, net(sites=1, colour="blue"))
    story.give(**{"pnet.ssite[1].model": "x"})
    story.do("pnet.ssite[1].rrouter")
    story.give(**{"pnet.ssite[1].model": "y"})
    story.give(**{"pnet.ssite[1].model": "x"})
    story.finish()
    assert story.line() is S.COMPLETED


def test_a_value_that_is_emptied_undoes_nothing() -> None:
    story = Story(SITES, net(sites=1, colour="blue"))
    story.give(**{"pnet.ssite[1].model": "x"})
    story.give(**{"pnet.ssite[1].model": None})
    assert "pnet.ssite[1].rrouter" in story.paths()
    story.finish()
    assert story.line() is S.PENDING, "its value is asked for again"


def test_a_request_that_is_out_stays_what_it_was() -> None:
    story = Story(SITES, net(sites=1, colour="blue"))
    before = story.watched.kind.dispatch(story.group, "1.1-1-1.1")
    story.give(**{"pnet.ssite[1].rsurvey.line": "copper"})
    assert story.watched.kind.dispatch(story.group, "1.1-1-1.1") == before
    assert story.group.decomposition.domain_orders["1.1-1-1"].characteristics == {"line": "copper"}


def test_an_evaluation_error_is_fallout_on_the_line() -> None:
    made = catalog(
        specification("pnet", string("x"), (realized("s", include("int(x) > 3", "numeric")), realized("s2"))),
        specification("s"),
        specification("s2"),
    )
    story = Story(Catalogs(made), item("1", "pnet", characteristics={"x": "abc"}))
    story.finish()
    assert story.line() is S.HELD
    ((kind, at),) = story.reasons()
    assert (kind, at) == (OPERATOR, "1")
    assert "abc" in waits_for(story.group, NOW).reasons[0].sentence
    story.give(x="7")
    assert story.paths() == {"pnet.s", "pnet.s2"}
    story.finish()
    assert story.line() is S.COMPLETED


def at(id_: str, offering: str, place: str | None = "H4", speed: int = 100, **more: Any) -> dict[str, Any]:
    values = (
        {"place": place, "speed": speed, "secure": False}
        if offering == "pnet"
        else {"place": place, "speed": speed}
    )
    return item(id_, offering, characteristics=values, **more)


def accesses(story: Story) -> list[tuple[str, ...]]:
    orders = story.group.decomposition.domain_orders.values()
    return [order.referrers for order in orders if order.specification == "saccess"]


def test_two_lines_wait_for_the_one_access_that_they_share() -> None:
    story = Story(SHARED, at("1", "ptv"), at("2", "pnet"))
    assert accesses(story) == [("1", "2")]
    assert list(story.out().values()) == ["saccess<H4>.rport"]
    assert (story.line("1"), story.line("2")) == (S.IN_PROGRESS, S.IN_PROGRESS)
    story.do()
    story.do()
    assert story.line("1") is S.COMPLETED, "its own service has nothing to do"
    story.finish()
    assert story.line("2") is S.COMPLETED


def test_fallout_in_what_is_shared_holds_both_lines() -> None:
    story = Story(SHARED, at("1", "ptv"), at("2", "pnet"))
    story.do(outcome="failed")
    assert (story.line("1"), story.line("2")) == (S.HELD, S.HELD)
    story.tell(Retry(next(iter(story.group.orchestration.tasks))))


def test_what_is_shared_starts_with_the_first_of_its_lines() -> None:
    story = Story(SHARED, at("0", "ptv", "H5"), at("1", "ptv", needs=["0"]), at("2", "pnet"))
    story.do("saccess<H4>.rport")
    story.do("saccess<H4>")
    assert (story.line("1"), story.line("2")) == (S.IN_PROGRESS, S.IN_PROGRESS)
    story.finish()
    assert story.group.order.state is S.COMPLETED


def test_lines_decomposed_in_a_later_turn_share_with_earlier_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.order.LINES_PER_TURN_MAX", 1)
    story = Story(SHARED, at("1", "ptv", speed=50), at("2", "pnet", speed=500))
    assert accesses(story) == [("1",)]
    story.watched.tell(TimerFired("decompose"))
    assert accesses(story) == [("1", "2")]
    (access,) = (o for o in story.group.decomposition.domain_orders.values() if o.specification == "saccess")
    assert access.characteristics["speed"] == 50, "work on it had begun"
    assert story.group.decomposition.graph.changes.keys() == {"1", "2"}  # type: ignore[union-attr]


def test_the_place_that_is_given_later_decides_what_is_shared() -> None:
    story = Story(SHARED, at("1", "ptv"), at("2", "pnet", None))
    story.do("pnet.snet")
    assert story.line("2") is S.PENDING
    story.give("2", place="H4")
    assert accesses(story) == [("1", "2")]
    assert story.line("2") is S.IN_PROGRESS


def test_a_line_that_moves_to_another_place_leaves_what_it_shared() -> None:
    story = Story(SHARED, at("0", "ptv", "H9"), at("1", "ptv", needs=["0"]), at("2", "pnet", needs=["0"]))
    assert sorted(accesses(story)) == [("0",), ("1", "2")]
    story.give("2", place="H5")
    assert sorted(accesses(story)) == [("0",), ("1",), ("2",)]
    story.give("1", place="H5")
    assert sorted(accesses(story)) == [("0",), ("1", "2")]


def test_a_line_that_is_given_up_takes_only_its_own_part_of_what_it_shares() -> None:
    story = Story(SHARED, at("0", "ptv", "H9"), at("1", "ptv", needs=["0"]), at("2", "pnet", needs=["0"]))
    story.do(outcome="failed")
    story.tell(GiveUp(next(iter(story.out() or story.group.orchestration.tasks)), "broken"))
    story.tell(GiveUp("1", "not any more"))
    assert accesses(story)[-1] == ("2",)
    story.tell(Retry("2"))
    story.finish()
    assert (story.line("1"), story.line("2")) == (S.CANCELLED, S.COMPLETED)


def test_what_stays_above_something_kept_is_not_begun_for_a_line_that_is_given_up() -> None:
    slow = at("2", "ptv", "H4", 50), at("3", "ptv", "H5", 50, needs=["1"])
    story = Story(SHARED, at("1", "ptv", "H5"), *slow)
    story.give(place="H4")
    port, access = (key for key in story.group.orchestration.tasks if "44ad721f0fd5" in key)
    other_access, other_port = (key for key in story.out() if key != port)
    for key in (port, other_port):
        story.tell(TaskResult(key, 1, "completed"))
    story.tell(TaskResult(other_access, 1, "failed", code="E"))
    story.tell(GiveUp("1", "the port stays"))
    story.tell(GiveUp(other_access, "broken"))
    assert story.line("3") is S.HELD, "the line that it needs has not ended well"
    story.tell(GiveUp("3", "not any more"))
    assert story.group.orchestration.tasks[access].state is S.CANCELLED
    assert (story.line("3"), story.group.order.state) == (S.CANCELLED, S.PARTIAL)


def test_a_line_that_moved_does_not_wait_for_what_others_share_behind_it() -> None:
    story = Story(SHARED, at("1", "ptv"), at("2", "ptv", needs=["1"]))
    story.give("1", place="H5")
    assert sorted(accesses(story)) == [("1",), ("2",)]
    story.finish()
    assert story.group.order.state is S.COMPLETED
