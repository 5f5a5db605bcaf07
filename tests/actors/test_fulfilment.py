"""Orders from their submission to their end, told as stories."""

from typing import Any

import pytest

import actors.order
from actors.events import AnswerRecorded, LinesMoved, OrderMoved, TaskFailed, TaskGivenUp, TaskRedriven
from actors.group import OrderGroupKind
from actors.messages import (
    Accepted,
    AwaitOrder,
    Done,
    GiveUp,
    KeyConflict,
    OrderEnded,
    RefusedReply,
    Retry,
    TaskResult,
    TaskResults,
    TimerFired,
    Undeliverable,
)
from actors.states import State
from actors.structure import OrderGroup
from actors.waiting import DATE, OPERATOR, OTHER_ORDER, REQUESTER, RUNTIME, TARGET, waits_for
from tests.actors.drawn import NOW, SAMPLE, item, submission
from tests.actors.judging import Watched

S = State


def order(*items: dict[str, Any], **more: Any) -> Watched:
    """An order of these items, just submitted."""
    watched = Watched(OrderGroupKind(SAMPLE), NOW)
    reply = watched.tell(submission(list(items), **more)).reply
    assert isinstance(reply, Accepted)
    return watched


def group(watched: Watched) -> OrderGroup:
    assert watched.state is not None
    return watched.state


def state(watched: Watched) -> str:
    return str(group(watched).order.state)


def lines(watched: Watched) -> dict[str, str]:
    return {line.id: str(line.state) for line in group(watched).lines.values()}


def answer(watched: Watched, outcome: str = "completed", *, line: str = "") -> list[str]:
    """Let targets answer what is out (for one line); gives the keys."""
    tasks = group(watched).orchestration.tasks
    out = [key for key, task in tasks.items() if task.state is S.IN_PROGRESS and key.startswith(line)]
    watched.tell(TaskResults(tuple(TaskResult(key, tasks[key].generation, outcome, code="E") for key in out)))
    return out


def finish(watched: Watched, *, line: str = "") -> None:
    while answer(watched, line=line):
        pass


def stated(watched: Watched) -> str:
    reason = waits_for(group(watched), watched.now).stated
    assert reason is not None
    return reason.kind


def code(reply: Any) -> str:
    assert isinstance(reply, RefusedReply), reply
    return reply.code


def test_an_order_completes_when_its_targets_have_answered() -> None:
    watched = order(item("1"), item("2"), item("3"))
    assert (state(watched), stated(watched)) == ("inProgress", TARGET)
    finish(watched)
    assert state(watched) == "completed" and group(watched).order.completed_at == NOW
    assert waits_for(group(watched), NOW).stated is None


def test_the_same_order_again_is_answered_as_it_stands_and_another_under_its_key_is_a_conflict() -> None:
    watched = order(item("1"))
    assert watched.tell(submission([item("1")])).reply == Accepted("o1", S.IN_PROGRESS, NOW, duplicate=True)
    changed = submission([item("1")])
    assert watched.tell(type(changed)(changed.document, b"another", changed.catalog)).reply == KeyConflict(
        "o1"
    )


def test_a_permanent_failure_holds_task_line_and_order_and_a_retry_goes_on() -> None:
    watched = order(item("1"), item("2"))
    finish(watched, line="2")
    (task,) = answer(watched, "failed")
    assert (state(watched), stated(watched)) == ("held", OPERATOR)
    assert lines(watched) == {"1": "held", "2": "completed"}
    decision = watched.tell(Retry(task))
    assert decision.reply == Done(S.IN_PROGRESS) and decision.dispatch == [task]
    assert group(watched).orchestration.tasks[task].generation == 1, "the same data keeps its key"
    finish(watched)
    assert state(watched) == "completed"


def test_changed_data_starts_a_generation_and_answers_of_the_one_before_are_only_recorded() -> None:
    watched = order(item("1"))
    (task,) = answer(watched, "failed")
    watched.tell(Retry(task, {"speed": 50}))
    sent = watched.kind.dispatch(group(watched), task)
    assert sent.generation == 2 and sent.request["characteristics"]["speed"] == 50
    decision = watched.tell(TaskResult(task, 1, "completed", {"late": True}))
    assert [type(event) for event in decision.events] == [AnswerRecorded]
    assert group(watched).orchestration.tasks[task].state is S.IN_PROGRESS
    assert code(watched.tell(TaskResult(task, 3, "completed")).reply) == "unknownTask"


def test_a_decision_that_comes_twice_is_decided_once_though_its_task_is_held_again() -> None:
    watched = order(item("1"))
    (task, *_) = answer(watched, "failed")
    decision = Retry(task, {"speed": 50}, key="k1")
    assert watched.tell(decision).reply == Done(S.IN_PROGRESS)
    answer(watched, "pending")
    again = watched.tell(decision)
    assert (again.reply, again.events) == (Done(S.PENDING), [])
    assert watched.tell(Retry(task, {"speed": 60}, key="k2")).reply == Done(S.IN_PROGRESS)
    assert group(watched).orchestration.tasks[task].generation == 3


def test_a_repeated_answer_changes_nothing() -> None:
    watched = order(item("1"))
    (task,) = answer(watched)
    for outcome in ("completed", "failed", "pending"):
        assert not watched.tell(TaskResult(task, 1, outcome)).events


def test_giving_up_a_task_fails_it_in_one_decision_and_drops_what_stands_behind_it() -> None:
    watched = order(item("1"), item("2"))
    finish(watched, line="2")
    (task,) = answer(watched, "failed")
    decision = watched.tell(GiveUp(task, "no port left"))
    assert decision.reply == Done(S.FAILED)
    assert [type(event) for event in decision.events[:2]] == [TaskGivenUp, TaskFailed]
    states = {
        key: str(task.state) for key, task in group(watched).orchestration.tasks.items() if key[0] == "1"
    }
    assert sorted(states.values()) == ["cancelled", "failed"]
    assert lines(watched) == {"1": "failed", "2": "completed"} and state(watched) == "partial"
    walked = [str(event.state) for event in decision.events if isinstance(event, OrderMoved)]
    assert walked == ["inProgress", "partial"], "held leads to its end by way of progress"


def test_a_task_that_needs_the_requester_makes_the_order_pending() -> None:
    watched = order(item("1"))
    (task,) = answer(watched, "pending")
    assert (state(watched), lines(watched)["1"], stated(watched)) == ("pending", "pending", REQUESTER)
    watched.tell(Retry(task, {"number": "4711"}))
    assert state(watched) == "inProgress"
    finish(watched)
    assert state(watched) == "completed"


def test_silence_is_asked_three_times_then_a_fallout_and_a_late_answer_solves_it() -> None:
    watched = order(item("1"))
    ((task, _),) = [
        (key, t) for key, t in group(watched).orchestration.tasks.items() if t.state is S.IN_PROGRESS
    ]
    for attempt in (2, 3):
        watched.now = watched.timers["deadline"]
        assert watched.tell(TimerFired("deadline")).dispatch == [task]
        assert group(watched).orchestration.tasks[task].attempt == attempt
    watched.now = watched.timers["deadline"]
    watched.tell(TimerFired("deadline"))
    assert group(watched).orchestration.tasks[task].code == "noAnswer" and state(watched) == "held"
    assert "deadline" not in watched.timers
    decision = watched.tell(TaskResult(task, 1, "completed"))
    assert isinstance(decision.events[0], TaskRedriven)
    assert state(watched) == "inProgress"


def test_a_target_that_is_left_alone_spends_no_attempt_of_its_tasks() -> None:
    watched = order(item("1"))
    ((task, _),) = [
        (key, t) for key, t in group(watched).orchestration.tasks.items() if t.state is S.IN_PROGRESS
    ]
    for _ in range(10):
        assert watched.tell(TaskResult(task, 1, "waiting", {}, "breakerOpen", "left alone")).events
        assert watched.tell(TaskResult(task, 1, "waiting", {}, "breakerOpen", "left alone")).events == []
        assert group(watched).orchestration.tasks[task].waits == "breakerOpen: left alone"
        report = waits_for(group(watched), watched.now)
        assert report.stated is not None
        assert (report.stated.kind, report.stated.until) == (TARGET, None)
        assert "left alone" in report.stated.sentence
        watched.now = watched.timers["deadline"]
        assert watched.tell(TimerFired("deadline")).dispatch == [task]
        assert group(watched).orchestration.tasks[task].attempt == 1
    # Once it is put to the target again, silence counts as ever.
    for _ in range(3):
        watched.now = watched.timers["deadline"]
        watched.tell(TimerFired("deadline"))
    assert state(watched) == "held"


def test_a_line_starts_when_the_line_it_needs_is_completed() -> None:
    watched = order(item("1"), item("2", needs=["1"]))
    assert lines(watched) == {"1": "inProgress", "2": "acknowledged"}
    finish(watched, line="1")
    assert lines(watched) == {"1": "completed", "2": "inProgress"}
    finish(watched)
    assert state(watched) == "completed"


def with_failed_need(*more: dict[str, Any]) -> Watched:
    watched = order(item("1"), item("2", needs=["1"]), *more)
    (task,) = answer(watched, "failed", line="1")
    watched.tell(GiveUp(task))
    return watched


def test_a_line_is_held_by_the_end_of_a_line_it_needs_and_can_be_freed() -> None:
    watched = with_failed_need()
    assert lines(watched) == {"1": "failed", "2": "held"} and state(watched) == "held"
    report = waits_for(group(watched), NOW)
    assert report.stated is not None and report.stated.kind == OPERATOR and report.stated.at == "2"
    assert "line 1, which it needs, ended failed" in report.stated.sentence
    assert watched.tell(Retry("2")).reply == Done(S.IN_PROGRESS)
    finish(watched)
    assert lines(watched) == {"1": "failed", "2": "completed"} and state(watched) == "partial"
    assert code(watched.tell(Retry("2")).reply) == "lineEnded"


def test_a_line_so_held_can_be_given_up() -> None:
    watched = with_failed_need()
    decision = watched.tell(GiveUp("2", "pointless"))
    assert decision.reply == Done(S.CANCELLED)
    (moved,) = [event for event in decision.events if isinstance(event, LinesMoved)]
    assert moved.code == "givenUp" and "pointless" in moved.reason
    assert state(watched) == "failed"


def test_a_line_given_up_holds_those_that_need_it_in_turn() -> None:
    watched = with_failed_need(item("3", needs=["2"]))
    watched.tell(GiveUp("2"))
    assert lines(watched)["3"] == "held" and state(watched) == "held"


def test_a_freed_line_still_waits_for_its_other_needs() -> None:
    watched = order(item("1"), item("2"), item("3", needs=["1", "2"]))
    (task,) = answer(watched, "failed", line="1")
    watched.tell(GiveUp(task))
    assert lines(watched)["3"] == "held"
    assert watched.tell(Retry("3")).reply == Done(S.ACKNOWLEDGED)
    finish(watched, line="2")
    assert lines(watched)["3"] == "inProgress"


def test_a_bundle_whose_own_work_is_held_shows_it_once_its_parts_are_done() -> None:
    watched = order(item("1"), item("2", needs=["1"], nested=[item("3")]))
    (task,) = answer(watched, "failed", line="1")
    watched.tell(GiveUp(task))
    assert lines(watched)["2"] == "inProgress", "a part can still move"
    assert stated(watched) == OPERATOR
    finish(watched, line="3")
    assert lines(watched)["2"] == "held"
    assert watched.tell(GiveUp("2")).reply == Done(S.PARTIAL)


def test_a_line_given_up_before_its_turn_is_never_decomposed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors.order, "LINES_PER_TURN_MAX", 1)
    watched = order(item("1"), item("2", needs=["1"]), item("3"))
    (task,) = answer(watched, "failed", line="1")
    watched.tell(GiveUp(task))
    assert lines(watched)["2"] == "held"
    watched.tell(GiveUp("2"))
    assert lines(watched)["2"] == "cancelled" and state(watched) == "inProgress"
    assert stated(watched) == RUNTIME
    watched.tell(TimerFired("decompose"))
    watched.tell(TimerFired("decompose"))
    assert not any(key.startswith("2.") for key in group(watched).decomposition.domain_orders)
    finish(watched)
    assert state(watched) == "partial"


def test_a_bundle_stands_where_its_parts_leave_it() -> None:
    watched = order(item("1", action="noChange", nested=[item("2"), item("3", action="noChange")]))
    assert lines(watched) == {"1": "inProgress", "2": "inProgress", "3": "completed"}
    finish(watched)
    assert set(lines(watched).values()) == {"completed"} and state(watched) == "completed"


def test_a_line_that_changes_nothing_does_not_count_and_an_order_of_such_lines_is_completed_at_once() -> None:
    watched = order(item("1"), item("2", action="noChange"))
    assert lines(watched)["2"] == "completed" and state(watched) == "inProgress"
    assert state(order(item("1", action="noChange"), item("2", action="noChange"))) == "completed"


def test_a_quantity_gives_so_many_trees() -> None:
    watched = order(item("1", quantity=3))
    assert len(group(watched).decomposition.domain_orders) == 6
    finish(watched)
    assert state(watched) == "completed"


def test_what_one_task_brings_goes_into_those_that_need_it() -> None:
    watched = order(item("1"))
    (first,) = [
        key for key, task in group(watched).orchestration.tasks.items() if task.state is S.IN_PROGRESS
    ]
    decision = watched.tell(TaskResult(first, 1, "completed", {"port": 7}))
    (second,) = decision.dispatch
    name = group(watched).orchestration.tasks[first].name
    assert watched.kind.dispatch(group(watched), second).request["inputs"] == {name: {"port": 7}}


def test_an_order_waits_for_its_date() -> None:
    watched = order(item("1"), requested_start=NOW + 1_000)
    assert (state(watched), stated(watched)) == ("acknowledged", DATE)
    watched.tell(TimerFired("start"))
    assert state(watched) == "acknowledged" and watched.timers["start"] == NOW + 1_000, (
        "too early is asked again"
    )
    watched.now += 1_000
    watched.tell(TimerFired("start"))
    assert state(watched) == "inProgress"


def test_an_order_waits_for_the_order_it_depends_on() -> None:
    watched = order(item("1"), depends_on=("oA",))
    assert (state(watched), stated(watched)) == ("acknowledged", OTHER_ORDER)
    assert code(watched.tell(OrderEnded("oB", "completed")).reply) == "notAwaited"
    watched.tell(OrderEnded("oA", "completed"))
    assert state(watched) == "inProgress"


@pytest.mark.parametrize(
    "ended", [OrderEnded("oA", "failed"), Undeliverable("oA")], ids=["failed", "unknown"]
)
def test_an_order_is_held_by_the_end_of_an_order_it_needs(ended: Any) -> None:
    watched = order(item("1"), depends_on=("oA", "oB"))
    watched.tell(ended)
    assert (state(watched), stated(watched)) == ("held", OPERATOR)
    assert group(watched).order.code == "neededOrderEnded" and "oA" in group(watched).order.reason
    assert watched.tell(Retry("")).reply == Done(S.ACKNOWLEDGED)
    assert stated(watched) == OTHER_ORDER, "the other one is still waited for"
    watched.tell(OrderEnded("oB", "completed"))
    assert state(watched) == "inProgress"


def test_an_order_so_held_can_be_given_up() -> None:
    watched = order(item("1"), item("2"), depends_on=("oA",))
    watched.tell(AwaitOrder("oW"))
    watched.tell(OrderEnded("oA", "cancelled"))
    decision = watched.tell(GiveUp("", "not without it"))
    assert decision.reply == Done(S.CANCELLED) and set(lines(watched).values()) == {"cancelled"}
    assert decision.sends == [("oW", OrderEnded("o1", S.CANCELLED))]


def test_an_order_held_by_its_tasks_names_the_way_on() -> None:
    watched = order(item("1"))
    answer(watched, "failed")
    assert code(watched.tell(Retry("")).reply) == "orderHeldByTask"


def test_a_large_order_is_taken_up_in_several_turns() -> None:
    watched = order(*(item(str(number)) for number in range(1, 301)))
    assert group(watched).order.decomposed == 128
    for taken in (256, 300):
        assert watched.timers["decompose"] == NOW
        watched.tell(TimerFired("decompose"))
        assert group(watched).order.decomposed == taken
    assert "decompose" not in watched.timers
    report = waits_for(group(watched), NOW)
    assert (len(report.reasons), report.total) == (50, 300)
    finish(watched)
    assert state(watched) == "completed"


def test_who_waits_for_an_ended_order_is_told_at_once() -> None:
    watched = order(item("1"))
    watched.tell(AwaitOrder("oW"))
    assert not watched.tell(AwaitOrder("oW")).events, "asked twice is asked once"
    finish(watched)
    assert watched.tell(AwaitOrder("oX")).sends == [("oX", OrderEnded("o1", S.COMPLETED))]
