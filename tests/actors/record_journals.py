"""Records an order's journal as it is written today: ``python -m tests.actors.record_journals NAME``.

Stories are told here once; their journals stay under ``journals`` for every later version to read.
"""

import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import msgspec

from actors.group import OrderGroupKind
from actors.messages import (
    AddDetails,
    ApproveOrder,
    AwaitOrder,
    ClaimWork,
    CompleteWork,
    GiveUp,
    OrderEnded,
    Retry,
    ReturnOrder,
    ReturnWork,
    SubmitDraft,
    TaskResult,
    TimerFired,
)
from actors.states import State
from tests.actors.drawn import NOW, SAMPLE, drafted, item, submission
from tests.actors.judging import Watched, decode_events, digest
from tests.actors.people_drawn import FILLED

FOLDER = Path(__file__).parent / "journals"


def _answer(watched: Watched, outcome: str, line: str = "") -> str:
    assert watched.state is not None
    for key, task in watched.state.orchestration.tasks.items():
        if task.state is State.IN_PROGRESS and key.startswith(line):
            watched.now += 1
            watched.tell(
                TaskResult(key, task.generation, outcome, {"by": key} if outcome == "completed" else {}, "E")
            )
            return key
    return ""


def _finish(watched: Watched, line: str = "") -> None:
    while _answer(watched, "completed", line):
        pass


def _plain(watched: Watched) -> None:
    watched.tell(submission([item("1"), item("2"), item("3", action="noChange")]))
    _finish(watched)


def _fallout(watched: Watched) -> None:
    watched.tell(submission([item("1"), item("2", needs=["1"]), item("3", needs=["1"], nested=[item("4")])]))
    task = _answer(watched, "failed", "1")
    watched.tell(Retry(task, {"speed": 50}))
    watched.tell(TaskResult(task, 1, "completed", {"late": True}))
    watched.tell(GiveUp(_answer(watched, "pending", "1"), "no port left"))
    watched.tell(Retry("2"))
    watched.tell(GiveUp("3", "pointless"))
    _finish(watched)


def _patience(watched: Watched) -> None:
    watched.tell(
        drafted(submission([item("1", quantity=2)], requested_start=NOW + 9_000, depends_on=("oA", "oB")))
    )
    watched.tell(SubmitDraft())
    watched.tell(AwaitOrder("oW"))
    watched.tell(OrderEnded("oA", "failed"))
    watched.tell(Retry(""))
    watched.tell(OrderEnded("oB", "completed"))
    watched.now = watched.timers["start"]
    watched.tell(TimerFired("start"))
    for _ in range(3):
        watched.now = watched.timers["deadline"]
        watched.tell(TimerFired("deadline"))
    while watched.state is not None and watched.state.orchestration.troubled:
        held = [key for key, task in watched.state.orchestration.tasks.items() if task.state is State.HELD]
        watched.tell(TaskResult(held[0], 1, "completed"))
    _finish(watched)


def _review(watched: Watched) -> None:
    asked = item("1", "managed-security", characteristics={"users": 800, "ruleSet": "open"})
    watched.tell(submission([asked, item("2")], by="sue"))
    watched.tell(ClaimWork("w1", "ann", ("order-desk",)))
    for _ in range(2):
        watched.now = watched.timers["people"]
        watched.tell(TimerFired("people"))
    site = {"1": {name: FILLED[name] for name in ("site", "place.installation")}}
    watched.tell(CompleteWork("w1", "bob", ("order-desk-lead",), site, "by phone"))
    watched.tell(ClaimWork("w2", "ann", ("order-desk",)))
    watched.tell(ReturnWork("w2", "ann", "whom may we call?", ("order-desk",), requester=True))
    watched.tell(AddDetails({"1": {"contact.technical": FILLED["contact.technical"]}}, "ann", "in the mail"))
    watched.tell(ReturnOrder("cid", "really 800?", ("sales-desk",)))
    watched.tell(CompleteWork("w5", "ann", ("order-desk",), {}, "yes"))
    watched.tell(ApproveOrder("cid", ("sales-desk", "security-desk"), note="fine"))
    watched.tell(ApproveOrder("dan", ("sales-desk",)))
    _finish(watched)


STORIES: dict[str, tuple[str, Callable[[Watched], None]]] = {
    "first-layouts-plain": ("Nothing special: kept as the first layouts of the everyday events.", _plain),
    "first-layouts-fallout": (
        "Fallout, changed data with a late answer, give-up, a line freed and one given up: a first draft left "
        "a bundle whose own work was blocked in progress for ever.",
        _fallout,
    ),
    "first-layouts-patience": (
        "A draft with a date and two orders to wait for, then silence until the fallout, solved by late answers: the "
        "first draft started such an order although one of the two had failed while it was a draft.",
        _patience,
    ),
    "first-layouts-review": (
        "Everything people may be asked before an order is fulfilled, once: claimed, lapsed, gone up, done, asked of "
        "the requester, filled in without a task, returned for rework, approved by two. The first draft could not "
        "refuse an order that waited for its requester.",
        _review,
    ),
}


def record(name: str) -> None:
    """Write one story's journal; a journal that is there already is never overwritten."""
    sentence, tell = STORIES[name]
    watched = Watched(OrderGroupKind(SAMPLE), NOW)
    tell(watched)
    assert watched.state is not None
    lines = [msgspec.json.encode({"sentence": sentence, "digest": digest(watched.state)})]
    for at, data in watched.records:
        shows = [event.__struct_config__.tag for event in decode_events(data)]
        lines.append(msgspec.json.encode({"at": at, "shows": shows, "record": b64encode(data).decode()}))
    with (FOLDER / f"{name}.jsonl").open("xb") as file:
        file.write(b"\n".join(lines) + b"\n")


if __name__ == "__main__":
    record(sys.argv[1])
