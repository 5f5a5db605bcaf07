"""The model and the server give equal answers to any sequence of commits."""

import asyncio
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.journal.contract import Commit, IndexQuery, Verdict
from runtime.journal.model import AsyncModelJournal, ModelJournal
from runtime.journal.redis_journal import RedisJournal

GROUPS = ["a", "b", "ü"]
_names = (f"model{number}" for number in itertools.count())

groups = st.lists(st.sampled_from(GROUPS), max_size=2)
entries = st.lists(st.sampled_from([b"e\0", b"e\0\xff", b"e\1", b"f"]), max_size=2)
stored = st.lists(st.tuples(st.sampled_from(GROUPS), st.binary(max_size=3)), max_size=2)
commits = st.builds(
    dict,
    move=st.sampled_from([0, 0, 0, 0, 0, -1, 1]),
    epoch=st.integers(1, 2),
    commit_id=st.sampled_from([b"x", b"y"]),
    frame=st.sampled_from([b"", b"one", b"two"]),
    snapshots=stored,
    ended=stored,
    index_add=entries,
    index_remove=entries,
    due_set=st.lists(st.tuples(st.sampled_from(GROUPS), st.integers(0, 2**45)), max_size=2),
    due_remove=groups,
    open_add=groups,
    open_remove=groups,
    recovery=st.none() | st.integers(0, 9),
)
steps = st.lists(
    commits
    | st.tuples(st.just("acquire"), st.integers(1, 3), st.sampled_from(["h", "i"]), st.integers(1, 2))
    | st.tuples(st.just("trim"), st.integers(1, 2), st.integers(0, 9)),
    max_size=14,
)


async def answers(journal: Any, sequence: list[Any]) -> list[Any]:
    """Everything the journal says, after each step and at the end."""
    said: list[Any] = [await journal.acquire(0, epoch=1, owner="h", coordinator=1)]
    position = 0
    for step in sequence:
        if isinstance(step, dict):
            fields = dict(step)
            what = Commit(shard=0, expected=max(0, position + fields.pop("move")), **fields)
            verdict: Verdict = (await journal.commit([what]))[0]
            said.append(verdict)
            position = getattr(verdict, "position", position)
        elif step[0] == "acquire":
            said.append(await journal.acquire(0, epoch=step[1], owner=step[2], coordinator=step[3]))
        else:
            said.append(await journal.trim(0, epoch=step[1], up_to=step[2]))
    followed: list[Any] = []
    while found := await journal.follow({0: len(followed)}, block_ms=0):
        followed += found
    query = (0, IndexQuery(b"e\0", b"f"))
    said += [
        await journal.states(),
        await journal.lookup(0, GROUPS),
        [entry async for entry in journal.read(0, after=0)],
        await journal.due(0),
        await journal.open_groups(0),
        await journal.index_count([query]),
        await journal.index_range([query], limit=2),
        await journal.index_range([query], limit=2, descending=True),
        await journal.index_has([(0, b"f"), (0, b"e\1")]),
        followed,
    ]
    return said


def test_model_and_server_agree(embedded_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    loop = asyncio.new_event_loop()

    async def check(sequence: list[Any]) -> None:
        name = next(_names)
        journal = await RedisJournal.connect(
            embedded_url, shards=1, archive=tmp_path_factory.mktemp("archive"), namespace=name
        )
        try:
            right = await answers(AsyncModelJournal(ModelJournal(1)), sequence)
            assert await answers(journal, sequence) == right
        finally:
            await journal.close()

    @settings(max_examples=80)
    @given(steps)
    def agree(sequence: list[Any]) -> None:
        loop.run_until_complete(check(sequence))

    try:
        agree()
    finally:
        loop.close()
