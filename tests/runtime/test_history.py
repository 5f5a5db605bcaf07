"""What was decided stays readable: from the stream, from the archive, from both."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from actors.group import OrderGroupKind
from actors.lifting import decode_events
from actors.messages import Accepted, SubmitOrder
from benchmarks.shapes import orders
from catalog.store import sample_catalogs
from runtime.history import fold, history
from runtime.journal.embedded import EmbeddedServer
from runtime.journal.redis_journal import RedisJournal
from runtime.local import LocalRuntime
from runtime.port import shard_of

CATALOGS = sample_catalogs()
SHARDS = 2


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[LocalRuntime]:
    server = EmbeddedServer(tmp_path / "redis", shards=SHARDS)
    await server.start()
    journal = await RedisJournal.connect(server.url, shards=SHARDS, archive=tmp_path / "archive")
    async with LocalRuntime(journal, CATALOGS) as runtime:
        yield runtime
    await journal.close()
    await server.stop()


async def completed(runtime: LocalRuntime, count: int) -> list[str]:
    """Submit some orders and wait until they have ended."""
    names = [f"o{number:024d}" for number in range(count)]
    for number, name in enumerate(names):
        document = msgspec.json.encode(next(orders("b6", 1, seed=number)))
        reply = await runtime.send(name, SubmitOrder(document, b"%016d" % number, CATALOGS.current.version))
        assert isinstance(reply, Accepted)
    async with asyncio.timeout(20):
        for name in names:
            while (await runtime.read([name]))[0].order.state != "completed":  # type: ignore[union-attr]
                await asyncio.sleep(0.005)
    return names


async def test_moving_records_to_the_archive_changes_no_answer(runtime: LocalRuntime) -> None:
    names = await completed(runtime, 20)
    before = {name: await history(runtime.journal, name) for name in names}
    states = await runtime.read(names)
    moved = 0
    for state in await runtime.journal.states():
        moved += await runtime.journal.trim(state.shard, epoch=state.epoch, up_to=state.recovery)
    assert moved > 0
    assert {name: await history(runtime.journal, name) for name in names} == before
    for name, served in zip(names, states, strict=True):
        live = await fold(runtime.journal, OrderGroupKind(CATALOGS), name)
        assert live is not None
        assert msgspec.msgpack.encode(live.state) == msgspec.msgpack.encode(served)


async def test_a_history_begins_with_the_submission_and_ends_with_the_end(runtime: LocalRuntime) -> None:
    (name,) = await completed(runtime, 1)
    records = await history(runtime.journal, name)
    assert [record.sequence for record in records] == list(range(1, len(records) + 1))
    events = [event for record in records for event in decode_events(record.events)]
    assert type(events[0]).__name__ == "OrderSubmitted"
    assert [e.state for e in events if type(e).__name__ == "OrderMoved"] == ["inProgress", "completed"]  # type: ignore[union-attr]


async def test_an_order_that_never_was_has_no_history(runtime: LocalRuntime) -> None:
    assert await history(runtime.journal, "o" + "9" * 24) == []
    assert await fold(runtime.journal, OrderGroupKind(CATALOGS), "o" + "9" * 24) is None
    assert shard_of("o" + "9" * 24, SHARDS) in range(SHARDS)
