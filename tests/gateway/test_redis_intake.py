"""The consumer of a Redis stream, over a real server."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio as redis

from gateway.auth import Principal
from gateway.redis_intake import RedisIntake
from runtime.errors import Busy
from runtime.journal.embedded import EmbeddedServer
from tests.gateway.conftest import order
from tests.gateway.recording_runtime import RecordingRuntime
from tests.gateway.test_conflict import bundle, spelled_out

STREAM = "orders"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder) / "data", port=0)
        asyncio.run(server.start())
        yield server.url
        asyncio.run(server.stop())


@pytest.fixture
async def client(url: str) -> AsyncIterator[Any]:
    opened = redis.Redis.from_url(url)
    await opened.delete(STREAM, STREAM + ":refused")
    yield opened
    await opened.aclose()


@asynccontextmanager
async def consuming(
    client: Any, runtime: RecordingRuntime, consumer: str = "a"
) -> AsyncIterator[RedisIntake]:
    intake = RedisIntake(
        client,
        runtime,
        Principal("bus", "bus"),
        stream=STREAM,
        group="g",
        consumer=consumer,
        claim_idle_ms=50,
        block_ms=20,
    )
    stop = asyncio.Event()
    running = asyncio.create_task(intake.run(stop))
    yield intake
    stop.set()
    await asyncio.wait_for(running, 5)


async def add(client: Any, document: Any, **fields: str) -> None:
    raw = document if isinstance(document, bytes) else json.dumps(document)
    await client.xadd(STREAM, {"order": raw, **fields})


async def settled(client: Any, entries: int) -> None:
    """Until the group has read and acknowledged this many entries."""
    async with asyncio.timeout(5):
        while True:
            groups = await client.xinfo_groups(STREAM) if await client.exists(STREAM) else []
            if groups and groups[0]["entries-read"] == entries and groups[0]["pending"] == 0:
                return
            await asyncio.sleep(0.01)


async def test_orders_are_acknowledged_after_they_are_taken(client: Any, runtime: RecordingRuntime) -> None:
    for number in range(20):
        await add(client, order(number))
    runtime.gate.clear()
    async with consuming(client, runtime) as intake:
        while runtime.waiting < 20:
            await asyncio.sleep(0.01)
        assert (await client.xpending(STREAM, "g"))["pending"] == 20
        runtime.gate.set()
        await settled(client, 20)
        assert intake.counts.accepted == len(runtime.groups) == 20


async def test_the_entry_is_the_key_unless_it_brings_one(client: Any, runtime: RecordingRuntime) -> None:
    async with consuming(client, runtime) as intake:
        for key in ({}, {}, {"idempotencyKey": "k"}, {"idempotencyKey": "k"}):
            await add(client, order(1), **key)
        await settled(client, 4)
        assert (intake.counts.accepted, intake.counts.duplicates) == (3, 1)


async def test_an_order_spelled_out_is_the_order_it_was(client: Any, runtime: RecordingRuntime) -> None:
    async with consuming(client, runtime) as intake:
        await add(client, bundle(), idempotencyKey="k")
        await settled(client, 1)
        (made,) = runtime.groups
        await add(client, spelled_out(runtime, {"id": made}), idempotencyKey="k")
        await settled(client, 2)
        assert (intake.counts.accepted, intake.counts.duplicates, intake.counts.refused) == (1, 1, 0)


async def test_what_can_never_be_an_order_becomes_a_dead_letter(
    client: Any, runtime: RecordingRuntime
) -> None:
    async with consuming(client, runtime) as intake:
        await add(client, b"nonsense")
        await client.xadd(STREAM, {"other": "field"})
        await add(client, {}, note="kept")
        await add(client, order(1), idempotencyKey="k")
        await settled(client, 4)
        await add(client, order(2), idempotencyKey="k")
        await settled(client, 5)
        letters = [fields for _, fields in await client.xrange(STREAM + ":refused")]
        assert intake.counts.refused == 4
    codes = [json.loads(letter[b"error"])["code"] for letter in letters]
    assert codes == ["malformedJson", "malformedEntry", "invalidOrder", "keyConflict"]
    differing = json.loads(letters[3][b"error"])["violations"]
    assert [each["pointer"] for each in differing] == ["/externalId"]
    assert letters[2][b"note"] == b"kept"
    assert letters[2][b"id"]


async def test_what_another_consumer_left_is_claimed_and_made_once(
    client: Any, runtime: RecordingRuntime
) -> None:
    await client.xgroup_create(STREAM, "g", id="0", mkstream=True)
    for number in range(5):
        await add(client, order(number))
    taken = await client.xreadgroup("g", "dead", {STREAM: ">"}, count=5)
    assert taken
    async with consuming(client, runtime) as intake:
        await settled(client, 5)
        assert intake.counts.accepted == 5
    # Delivered once more to somebody who had not heard of the acknowledgement: the same orders.
    await client.xgroup_setid(STREAM, "g", "0")
    async with consuming(client, runtime, "b") as intake:
        await settled(client, 5)
        assert (intake.counts.accepted, intake.counts.duplicates) == (0, 5)


async def test_a_busy_runtime_is_asked_again(
    client: Any, runtime: RecordingRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.redis_intake.RETRY_AFTER_S", 0.02)
    runtime.fail = Busy("full")
    await add(client, order(1))
    async with consuming(client, runtime) as intake:
        await asyncio.sleep(0.2)
        assert (await client.xpending(STREAM, "g"))["pending"] == 1
        runtime.fail = None
        await settled(client, 1)
        assert intake.counts.accepted == 1
        assert intake.counts.repeated > 1
