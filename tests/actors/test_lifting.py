"""Journals remember: frames of every age read as today's events, and fold to the state they always gave.

Each file under ``journals`` is one order's journal as it was written then: a sentence on what happened and why it is
kept, the digest of its end, and its records (``shows`` is for people). Never rewrite one; when a layout changes, add
a journal of the new one. A new journal is recorded by ``python -m tests.actors.record_journals NAME``.
"""

from base64 import b64decode
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors import lifting
from actors.events import AnyEvent, OrderMoved, TaskCompleted
from actors.group import OrderGroupKind
from actors.lifting import UnreadableEvents, decode_events
from actors.states import State
from tests.actors.drawn import SAMPLE
from tests.actors.judging import digest

JOURNALS = sorted((Path(__file__).parent / "journals").glob("*.jsonl"))


@pytest.mark.parametrize("journal", JOURNALS, ids=lambda path: path.stem)
def test_a_journal_of_then_gives_the_state_of_then(journal: Path) -> None:
    head, *records = [msgspec.json.decode(line) for line in journal.read_bytes().splitlines()]
    state = None
    for record in records:
        for event in decode_events(b64decode(record["record"])):
            state = OrderGroupKind(SAMPLE).evolve(state, event, record["at"])
    assert state is not None
    assert digest(state) == head["digest"], head["sentence"]


def test_events_of_today_are_decoded_as_they_are() -> None:
    events: list[AnyEvent] = [OrderMoved(State.HELD, "c", "r"), TaskCompleted("1.1.1", {"port": 3})]
    assert decode_events(msgspec.msgpack.encode(events)) == events


def test_an_older_layout_is_lifted_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """``completed`` as if its output had been named two layouts ago, and its task split from it one ago."""

    def with_output(fields: list[Any]) -> list[Any]:
        return [*fields, {}]

    def with_one_key(fields: list[Any]) -> list[Any]:
        order, number, output = fields
        return [f"{order}.{number}", output]

    monkeypatch.setattr(lifting, "LIFT", {("completed", -1): with_output, ("completed", 0): with_one_key})
    data = msgspec.msgpack.encode(
        [
            ["completed.-1", "1.1", 1],
            ["completed.0", "1.1", 2, {"port": 3}],
            ["completed", "1.1.3", {}],
            ["order", "held", "c", "r"],
        ]
    )
    assert decode_events(data) == [
        TaskCompleted("1.1.1", {}),
        TaskCompleted("1.1.2", {"port": 3}),
        TaskCompleted("1.1.3", {}),
        OrderMoved(State.HELD, "c", "r"),
    ]


def test_every_step_leads_on_to_the_layout_of_today() -> None:
    tags = {kind.__struct_config__.tag for kind in AnyEvent.__args__}
    for name in {name for name, _ in lifting.LIFT}:
        versions = sorted(version for each, version in lifting.LIFT if each == name)
        assert versions == list(range(1, len(versions) + 1))
        assert f"{name}.{versions[-1] + 1}" in tags


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode([["completed.9", 1]]),
        msgspec.msgpack.encode([[]]),
        b"\x91\x92\xa1.\x01",
    ],
)
def test_what_no_layout_explains_is_refused_and_never_skipped(data: bytes) -> None:
    with pytest.raises(UnreadableEvents):
        decode_events(data)
