"""Whatever is sent to whatever order: the promises hold after every message, and every order comes to an end."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import actors.order
from actors.group import OrderGroupKind
from actors.messages import (
    ApproveOrder,
    CompleteWork,
    GiveUp,
    OrderEnded,
    RejectOrder,
    Retry,
    StartDraft,
    SubmitDraft,
    SubmitOrder,
    TaskResult,
    TimerFired,
)
from actors.people import APPROVAL, PersonTask
from actors.review_state import Review
from actors.states import FINAL, State
from actors.structure import OrderGroup
from actors.waiting import DATE, OPERATOR, OTHER_ORDER, REQUESTER, RUNTIME, TARGET, waits_for
from catalog.store import Catalogs
from tests.actors.drawn import NOW, messages, submissions
from tests.actors.judging import Watched, encode
from tests.actors.people_drawn import FILLED

TURNS_MAX = 600


@pytest.fixture(autouse=True, scope="module")
def few_lines_a_turn() -> object:
    """Small orders are taken up in several turns, as large ones are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(actors.order, "LINES_PER_TURN_MAX", 2)
        yield


@given(submissions(), st.data())
def test_any_order_keeps_its_promises_and_ends(
    drawn: tuple[Catalogs, SubmitOrder | StartDraft], data: st.DataObject
) -> None:
    catalogs, submission = drawn
    watched = Watched(OrderGroupKind(catalogs), NOW)
    watched.tell(submission)
    for _ in range(data.draw(st.integers(0, 25), label="messages")):
        assert watched.state is not None
        watched.now += data.draw(st.sampled_from([0, 1, 60_000, 500_000, 90_000_000]), label="time passes")
        watched.tell(data.draw(messages(watched.state)))
    give_up = data.draw(st.booleans(), label="operators give up")
    turns = 0
    while watched.state is not None and watched.state.order.state not in FINAL:
        _take_the_next_step(watched, give_up)
        turns += 1
        assert turns < TURNS_MAX, waits_for(watched.state, watched.now).stated
    assert encode(watched.replayed()) == encode(watched.state)
    snapshot = msgspec.msgpack.decode(encode(watched.state), type=OrderGroup)
    assert encode(snapshot) == encode(watched.state), "a snapshot is the state"


def _do_the_work(watched: Watched, review: Review, task: PersonTask, give_up: bool) -> None:
    """Do what people are asked, each time by another of them."""
    if give_up and task.kind == APPROVAL:
        watched.tell(RejectOrder("eve", "nobody wants it", ("*",)))
    elif task.kind == APPROVAL:
        approvers = [f"approver-{number}" for number in range(2)]
        given = {each.by for each in review.approvals}
        watched.tell(ApproveOrder(next(each for each in approvers if each not in given), ("*",)))
    else:
        watched.tell(CompleteWork(task.key, task.by or "ann", ("*",), dict.fromkeys(task.lines, FILLED)))


def _take_the_next_step(watched: Watched, give_up: bool) -> None:
    """Do what the stated reason says is waited for."""
    group = watched.state
    assert group is not None
    stated = waits_for(group, watched.now).stated
    assert stated is not None
    target = "" if stated.at == group.order.id else stated.at
    if group.review is not None and target in group.review.tasks:
        _do_the_work(watched, group.review, group.review.tasks[target], give_up)
        return
    if stated.kind == REQUESTER and group.order.state is State.DRAFT:
        watched.tell(SubmitDraft())
    elif stated.kind in (REQUESTER, OPERATOR):
        watched.tell(GiveUp(target) if give_up else Retry(target))
    elif stated.kind == TARGET:
        watched.tell(TaskResult(target, group.orchestration.tasks[target].generation, "completed"))
    elif stated.kind == OTHER_ORDER:
        watched.tell(OrderEnded(stated.at, "completed"))
    else:
        assert stated.kind in (DATE, RUNTIME)
        key = "decompose" if group.order.decomposed else "start"
        watched.now = max(watched.now, watched.timers[key])
        watched.tell(TimerFired(key))
