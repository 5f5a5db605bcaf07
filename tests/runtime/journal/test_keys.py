"""Key names: one slot per shard, namespaces apart, the number of shards fixed."""

from pathlib import Path

import pytest
from redis.crc import key_slot

from runtime.journal.contract import Commit
from runtime.journal.faults import ShardsDiffer
from runtime.journal.functions import Calls
from runtime.journal.keys import Keys, agreed_shards, shards_key
from runtime.journal.redis_journal import RedisJournal


@pytest.mark.parametrize("namespace", ["", "bench.7"])
def test_all_keys_of_a_commit_are_in_one_slot(namespace: str) -> None:
    keys = Keys(64, namespace)
    calls = Calls(keys)
    for shard in range(64):
        parts = calls.commit(Commit(shard, 1, 0, b"id", b"frame")).split(b"\r\n")[2::2]
        assert parts[0] == b"EVALSHA" and parts[2] == b"7"
        assert tuple(parts[3:10]) == keys[shard].all
        assert {key_slot(key) for key in keys[shard].all} == {keys[shard].slot}


def test_the_names_are_those_of_the_design() -> None:
    assert Keys(64)[42].all[:2] == (b"{s042}:shard", b"{s042}:journal")
    assert Keys(64, "bench")[42].index == b"{bench.s042}:index"
    everything = [key for name in ("", "a", "b") for shard in Keys(64, name).shards for key in shard.all]
    assert len(set(everything)) == len(everything)
    assert len({shards_key(name) for name in ("", "a", "b")}) == 3


@pytest.mark.parametrize("namespace", ["a}b", "{", "a b", "x" * 65, "ä"])
def test_a_namespace_cannot_break_the_tag(namespace: str) -> None:
    with pytest.raises(ValueError, match="namespace"):
        Keys(1, namespace)


def test_another_number_of_shards_is_refused_in_a_sentence() -> None:
    assert agreed_shards(64, None, "x") == agreed_shards(64, 64, "x") == 64
    with pytest.raises(ShardsDiffer, match="cannot be opened with 8: leave the number out"):
        agreed_shards(64, 8, "the journal")


async def test_the_server_keeps_the_number(embedded_url: str, tmp_path: Path) -> None:
    async def opened(shards: int | None) -> int:
        journal = await RedisJournal.connect(
            embedded_url, shards=shards, archive=tmp_path, namespace="number-of-shards"
        )
        await journal.close()
        return journal.shards

    assert await opened(7) == 7
    assert await opened(None) == 7
    with pytest.raises(ShardsDiffer):
        await opened(8)
