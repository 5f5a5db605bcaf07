"""Whatever people say about an order in review, the promises hold and it ends."""

from hypothesis import given
from hypothesis import strategies as st

from actors.messages import (
    ApproveOrder,
    CompleteWork,
    TimerFired,
)
from actors.review_state import APPROVAL
from actors.states import FINAL
from tests.actors.judging import Watched, encode
from tests.actors.people_drawn import EVERYONE, FILLED, said_by_people
from tests.actors.reviewing import DAY, HOUR, done, group, review, security, wake, watching


@given(
    st.lists(st.tuples(st.sampled_from([3, 50, 800]), st.booleans()), min_size=1, max_size=3),
    st.sampled_from([(), ("oA",)]),
    st.data(),
)
def test_whatever_people_say_the_promises_hold(
    asked: list[tuple[int, bool]], depends_on: tuple[str, ...], data: st.DataObject
) -> None:
    lines = [
        security(users, complete=complete, id_=str(number), rules="open" if users == 50 else "office")
        for number, (users, complete) in enumerate(asked, 1)
    ]
    watched = watching(*lines, depends_on=depends_on)
    for _ in range(data.draw(st.integers(0, 30), label="words")):
        order = group(watched).order
        if not order.in_review or order.state in FINAL:
            break
        if "people" in watched.timers and data.draw(st.integers(0, 4), label="patience") == 0:
            wake(watched)
        else:
            watched.now += data.draw(st.sampled_from([0, 1, HOUR, DAY]), label="time passes")
            if 0 < watched.timers.get("people", 0) <= watched.now:
                watched.tell(TimerFired("people"))
            else:
                watched.tell(data.draw(said_by_people(group(watched))))
    _bring_to_an_end(watched)
    assert encode(watched.replayed()) == encode(watched.state)


def _bring_to_an_end(watched: Watched) -> None:
    """Everybody does what is asked: no review is left without somebody who can take it on."""
    for turn in range(50):
        if not group(watched).order.in_review:
            return
        task = review(watched).active[0]
        if task.kind == APPROVAL:
            done(watched, ApproveOrder(f"approver-{turn}", EVERYONE))
        else:
            values = {line: FILLED for line in task.lines if line in group(watched).lines}
            done(watched, CompleteWork(task.key, task.by or "ann", EVERYONE, values))
    raise AssertionError("the review never ends")
