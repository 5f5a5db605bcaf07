"""What every journal promises, once for all of them."""

import asyncio
from typing import Any

import pytest

from runtime.journal.contract import Commit, Committed, Fenced, IndexQuery, Journal, ShardState, Stored

OWNER = {"owner": "host 1", "coordinator": 1}


def commit(expected: int, *, shard: int = 0, epoch: int = 1, name: str = "", **more: Any) -> Commit:
    frame = more.pop("frame", b"frame %d" % (expected + 1))
    commit_id = name.encode() or b"%d/%d" % (epoch, expected)
    return Commit(shard, epoch, expected, commit_id, frame, **more)


async def one(journal: Journal, what: Commit) -> Any:
    (verdict,) = await journal.commit([what])
    return verdict


async def frames(journal: Journal, shard: int = 0, after: int = 0, up_to: int | None = None) -> list[Any]:
    return [entry async for entry in journal.read(shard, after=after, up_to=up_to)]


@pytest.fixture
async def owned(journal: Journal) -> Journal:
    for shard in range(journal.shards):
        assert isinstance(await journal.acquire(shard, epoch=1, **OWNER), ShardState)
    return journal


async def test_a_new_shard_stands_at_the_beginning(journal: Journal) -> None:
    assert await journal.states() == [ShardState(shard) for shard in range(journal.shards)]
    assert await frames(journal) == []
    assert await journal.lookup(0, ["g"]) == [Stored("g")]
    assert await journal.due(0) == [] and await journal.open_groups(0) == []


async def test_nobody_commits_without_having_acquired(journal: Journal) -> None:
    verdict = await one(journal, commit(0))
    assert isinstance(verdict, Fenced) and "epoch 0" in verdict.sentence
    assert await frames(journal) == []


async def test_an_owner_is_replaced_only_by_a_higher_epoch(journal: Journal) -> None:
    first = await journal.acquire(0, epoch=3, owner="host 1", coordinator=5)
    assert first == ShardState(0, 3, 0, 0, "host 1", 5)
    assert await journal.acquire(0, epoch=3, owner="host 1", coordinator=5) == first
    for epoch in (2, 3):
        refused = await journal.acquire(0, epoch=epoch, owner="host 2", coordinator=5)
        assert isinstance(refused, Fenced) and refused.epoch == 3 and "'host 1' owns it" in refused.sentence
    stale = await journal.acquire(0, epoch=4, owner="host 2", coordinator=4)
    assert isinstance(stale, Fenced) and "coordinator 5 has taken over" in stale.sentence
    assert await journal.acquire(0, epoch=4, owner="host 2", coordinator=5) == ShardState(
        0, 4, 0, 0, "host 2", 5
    )
    assert (await journal.states())[0].owner == "host 2"


async def test_each_coordinator_gets_a_higher_epoch(journal: Journal) -> None:
    epochs = [await journal.new_coordinator() for _ in range(3)]
    assert epochs == sorted(set(epochs)) and epochs[0] > 0


async def test_a_stale_owner_writes_nothing(owned: Journal) -> None:
    await one(owned, commit(0))
    await owned.acquire(0, epoch=8, owner="host 2", coordinator=1)
    verdict = await one(
        owned, commit(1, epoch=1, snapshots=[("g", b"stale")], index_add=[b"e"], open_add=["g"])
    )
    assert isinstance(verdict, Fenced) and (verdict.epoch, verdict.position) == (8, 1)
    assert await frames(owned) == [(1, b"frame 1")]
    assert await owned.lookup(0, ["g"]) == [Stored("g")]
    assert await owned.index_has([(0, b"e")]) == [False]
    assert await owned.open_groups(0) == []
    assert await one(owned, commit(1, epoch=8)) == Committed(2)


async def test_a_repeat_is_answered_as_the_first_time_and_doubles_nothing(owned: Journal) -> None:
    what = commit(0, due_set=[("g", 5)])
    assert await one(owned, what) == Committed(1)
    assert await one(owned, what) == Committed(1)
    assert await frames(owned) == [(1, b"frame 1")]
    assert await one(owned, commit(1, due_remove=["g"])) == Committed(2)
    late = await one(owned, what)
    assert isinstance(late, Fenced) and late.position == 2
    assert await owned.due(0) == []


async def test_a_stale_owner_s_repeat_is_fenced_too(owned: Journal) -> None:
    await one(owned, commit(0))
    await owned.acquire(0, epoch=2, **OWNER)
    assert isinstance(await one(owned, commit(0)), Fenced)


async def test_another_position_is_fenced_with_a_sentence(owned: Journal) -> None:
    await one(owned, commit(0))
    for expected in (0, 2, 7):
        verdict = await one(owned, commit(expected, name="another"))
        assert isinstance(verdict, Fenced) and (verdict.epoch, verdict.position) == (1, 1)
        assert f"position 1, this commit expected {expected}" in verdict.sentence
        assert ("lost acknowledged frames" in verdict.sentence) == (expected > 1)
    assert await frames(owned) == [(1, b"frame 1")]


async def test_an_empty_frame_leaves_the_position(owned: Journal) -> None:
    await one(owned, commit(0))
    snapshots = commit(1, frame=b"", snapshots=[("g", b"state")], recovery=1)
    assert await one(owned, snapshots) == Committed(1)
    assert await one(owned, snapshots) == Committed(1)
    assert await frames(owned) == [(1, b"frame 1")]
    assert await owned.lookup(0, ["g"]) == [Stored("g", b"state")]
    assert isinstance(await one(owned, commit(0, frame=b"", snapshots=[("g", b"older")])), Fenced)
    assert await owned.lookup(0, ["g"]) == [Stored("g", b"state")]


async def test_frames_come_back_in_order_within_their_bounds(owned: Journal) -> None:
    for number in range(150):
        assert await one(owned, commit(number)) == Committed(number + 1)
    everything = [(number, b"frame %d" % number) for number in range(1, 151)]
    assert await frames(owned) == everything
    assert await frames(owned, after=70, up_to=72) == everything[70:72]
    assert await frames(owned, after=149) == everything[149:]
    assert await frames(owned, after=150) == [] and await frames(owned, after=3, up_to=3) == []
    assert await owned.frames(0, [150, 1, 7, 7]) == [everything[number - 1] for number in (150, 1, 7, 7)]
    assert await owned.frames(0, []) == []
    for never in (0, 151):
        with pytest.raises(KeyError, match=f"has no frame {never}"):
            await owned.frames(0, [1, never])


async def test_what_goes_with_a_commit_is_there_with_it(owned: Journal) -> None:
    await one(
        owned,
        commit(
            0,
            snapshots=[("a", b"\x00state a\xff"), ("b", b"state b"), ("ü", b"")],
            due_set=[("a", 1_764_000_000_123), ("b", 7), ("c", 9)],
            open_add=["b", "a"],
            index_add=[b"x\0\xff1", b"x\0\x002"],
        ),
    )
    assert await owned.lookup(0, ["b", "nobody", "a", "ü"]) == [
        Stored("b", b"state b"),
        Stored("nobody"),
        Stored("a", b"\x00state a\xff"),
        Stored("ü", b""),
    ]
    assert await owned.due(0) == [("b", 7), ("c", 9), ("a", 1_764_000_000_123)]
    assert await owned.open_groups(0) == ["a", "b"]
    await one(
        owned,
        commit(
            1,
            snapshots=[("b", b"newer")],
            ended=[("a", b"\x01\x02"), ("c", b"")],
            due_set=[("b", 11)],
            due_remove=["b", "c"],
            open_add=["d"],
            open_remove=["a", "b"],
            index_add=[b"x\0new"],
            index_remove=[b"x\0\xff1", b"never"],
        ),
    )
    assert await owned.lookup(0, ["a", "b", "c"]) == [
        Stored("a", None, b"\x01\x02"),
        Stored("b", b"newer"),
        Stored("c", None, b""),
    ]
    assert await owned.due(0) == [("b", 11), ("a", 1_764_000_000_123)]
    assert await owned.open_groups(0) == ["d"]
    assert await owned.index_has([(0, b"x\0new"), (0, b"x\0\xff1"), (1, b"x\0new"), (0, b"x\0\x002")]) == [
        True,
        False,
        False,
        True,
    ]
    asked = [(1, ["a"]), (0, ["b"]), (2, [])]
    assert await owned.lookup_many(asked) == [[Stored("a")], [Stored("b", b"newer")], []]


async def test_what_stands_in_both_is_there_afterwards(owned: Journal) -> None:
    await one(
        owned,
        commit(
            0,
            index_add=[b"e"],
            index_remove=[b"e"],
            due_set=[("g", 1)],
            due_remove=["g"],
            open_add=["g"],
            open_remove=["g"],
            snapshots=[("g", b"state"), ("h", b"state")],
            ended=[("g", b"\1")],
        ),
    )
    assert await owned.index_has([(0, b"e")]) == [True]
    assert await owned.due(0) == [("g", 1)] and await owned.open_groups(0) == ["g"]
    assert await owned.lookup(0, ["g", "h"]) == [Stored("g", None, b"\1"), Stored("h", b"state")]


async def test_the_recovery_position_only_rises_and_never_beyond_the_end(owned: Journal) -> None:
    for number, (asked, expected) in enumerate([(0, 0), (2, 2), (1, 2), (None, 2), (99, 5)]):
        await one(owned, commit(number, recovery=asked))
        assert (await owned.states())[0].recovery == expected


async def test_each_shard_has_its_own_verdict(owned: Journal) -> None:
    await owned.acquire(2, epoch=5, owner="host 9", coordinator=1)
    verdicts = await owned.commit([commit(0, shard=shard) for shard in (3, 2, 0)])
    assert verdicts[0] == verdicts[2] == Committed(1)
    assert isinstance(verdicts[1], Fenced) and verdicts[1].epoch == 5
    assert [state.position for state in await owned.states()] == [1, 0, 0, 1]
    assert await owned.commit([]) == []


async def test_a_large_commit_is_one_commit(owned: Journal) -> None:
    groups = [f"group {number}" for number in range(9_001)]
    what = commit(
        0,
        frame=b"f" * 3_000_000,
        snapshots=[(group, b"s") for group in groups],
        due_set=[(group, number) for number, group in enumerate(groups)],
        open_add=groups,
        index_add=[group.encode() for group in groups],
    )
    assert await one(owned, what) == Committed(1)
    assert len(await owned.due(0)) == len(await owned.open_groups(0)) == len(groups)
    assert await owned.index_count([(0, IndexQuery(b"g", b"h"))]) == [len(groups)]
    rest = commit(
        1,
        ended=[(group, b"\1") for group in groups],
        due_remove=groups,
        open_remove=groups,
        index_remove=[group.encode() for group in groups],
    )
    assert await one(owned, rest) == Committed(2)
    assert await owned.due(0) == [] and await owned.open_groups(0) == []
    assert await owned.lookup(0, groups) == [Stored(group, None, b"\1") for group in groups]


async def test_ranges_of_the_index_are_bytewise(owned: Journal) -> None:
    entries = [b"a\0\x00", b"a\0\x01", b"a\0\x7f", b"a\0\x80", b"a\0\xff", b"a\1", b"b"]
    await one(owned, commit(0, index_add=entries[::-1]))
    query = IndexQuery(b"a\0", b"a\1")
    assert await owned.index_count([(0, query), (1, query)]) == [5, 0]
    assert await owned.index_range([(0, query), (1, query)], limit=3) == [entries[:3], []]
    assert await owned.index_range([(0, query)], limit=3, descending=True) == [entries[4:1:-1]]
    assert await owned.index_range([(0, IndexQuery(b"a\0\x01", b"a\0\x80"))], limit=9) == [entries[1:3]]
    assert await owned.index_range([(0, IndexQuery(b"z", b"b"))], limit=9) == [[]]


async def test_trimming_moves_frames_and_loses_none(owned: Journal) -> None:
    for number in range(200):
        await one(owned, commit(number))
    everything = await frames(owned)
    assert await owned.trim(0, epoch=1, up_to=150) == 0, "nothing before the recovery position may go"
    await one(owned, commit(200, recovery=120))
    everything = await frames(owned)
    assert await owned.trim(0, epoch=9, up_to=150) == 0, "a stale owner moves nothing"
    assert await owned.trim(0, epoch=1, up_to=20) == 20
    assert await owned.trim(0, epoch=1, up_to=150) == 100
    assert await owned.trim(0, epoch=1, up_to=150) == 0
    assert await frames(owned) == everything
    assert await frames(owned, after=10, up_to=15) == everything[10:15]
    assert await frames(owned, after=118, up_to=123) == everything[118:123]
    assert await owned.frames(0, [200, 1, 120, 121]) == [everything[n - 1] for n in (200, 1, 120, 121)]
    with pytest.raises(KeyError):
        await owned.frames(0, [1, 300])
    assert await one(owned, commit(201, recovery=201)) == Committed(202)
    assert await owned.trim(0, epoch=1, up_to=300) == 81
    assert len(await frames(owned)) == 202
    assert await one(owned, commit(202)) == Committed(203)


async def test_following_reads_on_over_archive_and_stream(owned: Journal) -> None:
    for number in range(40):
        await one(owned, commit(number, recovery=number))
    await one(owned, commit(0, shard=1))
    await owned.trim(0, epoch=1, up_to=30)
    positions, seen = {0: 0, 1: 0, 2: 0}, []
    while found := await owned.follow(positions, block_ms=0):
        for shard, position, frame in found:
            assert position == positions[shard] + 1
            positions[shard] = position
            seen.append(frame)
    assert positions == {0: 40, 1: 1, 2: 0} and len(seen) == 41


async def test_following_wakes_for_a_new_frame(owned: Journal) -> None:
    if not hasattr(owned, "archive"):
        pytest.skip("the model never waits")
    waiting = asyncio.create_task(owned.follow({0: 0, 1: 0}, block_ms=5_000))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await one(owned, commit(0, shard=1))
    assert await asyncio.wait_for(waiting, 1.0) == [(1, 1, b"frame 1")]
    left = asyncio.create_task(owned.follow({0: 0}, block_ms=5_000))
    await asyncio.sleep(0.05)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    assert await owned.follow({0: 0}, block_ms=20) == []
    assert await owned.follow({}, block_ms=1) == []
