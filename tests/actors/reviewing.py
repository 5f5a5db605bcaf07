"""Orders in review for the tests: what is asked of whom, and what people and clocks say."""

from typing import Any

from actors.group import OrderGroupKind
from actors.message import Message
from actors.messages import (
    Done,
    RefusedReply,
    TimerFired,
)
from actors.people import PersonTask
from actors.review_state import Review
from actors.states import State
from actors.structure import OrderGroup
from catalog.store import Catalogs
from tests.actors.drawn import NOW, SAMPLE, item, submission
from tests.actors.judging import Watched
from tests.actors.people_drawn import fill_in

S = State


HOUR = 3_600_000


DAY = 24 * HOUR


DESK = ("order-desk",)


SALES = ("sales-desk",)


def security(
    users: int = 800, *, complete: bool = True, id_: str = "1", rules: str = "office"
) -> dict[str, Any]:
    asked = item(id_, "managed-security", characteristics={"users": users, "ruleSet": rules})
    return fill_in(asked) if complete else asked


def watching(*items: dict[str, Any], catalogs: Catalogs = SAMPLE, **more: Any) -> Watched:
    watched = Watched(OrderGroupKind(catalogs), NOW)
    watched.tell(submission(list(items), catalogs, by="sue", **more))
    return watched


def group(watched: Watched) -> OrderGroup:
    assert watched.state is not None
    return watched.state


def review(watched: Watched) -> Review:
    found = group(watched).review
    assert found is not None
    return found


def work(watched: Watched, name: str) -> PersonTask:
    (task,) = (each for each in review(watched).active if each.name == name)
    return task


def refused(watched: Watched, message: Message) -> str:
    reply = watched.tell(message).reply
    assert isinstance(reply, RefusedReply), reply
    return reply.code


def done(watched: Watched, message: Message) -> State:
    reply = watched.tell(message).reply
    assert isinstance(reply, Done), reply
    return State(reply.state)


def events(watched: Watched, kind: type[Any]) -> list[Any]:
    from tests.actors.judging import decode_events

    found = [event for _, record in watched.records for event in decode_events(record)]
    return [event for event in found if isinstance(event, kind)]


def wake(watched: Watched) -> None:
    """Let the clock reach the review's next instant."""
    watched.now = max(watched.now, watched.timers["people"])
    watched.tell(TimerFired("people"))
