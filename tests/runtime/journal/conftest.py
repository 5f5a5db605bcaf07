"""The three journals that keep one contract, behind one fixture."""

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.journals import joined
from runtime.journal.contract import Commit, Journal, Verdict
from runtime.journal.embedded import EmbeddedServer
from runtime.journal.functions import command
from runtime.journal.model import AsyncModelJournal, ModelJournal
from runtime.journal.redis_journal import RedisJournal
from runtime.journal.wire import Address, Wire

SHARDS = 4
_names = (f"t{number}" for number in itertools.count())

MakeJournal = Callable[..., Awaitable[Journal]]


async def ask(url: str, *parts: bytes | str | int) -> object:
    """One command to a server, past the journal."""
    wire = await Wire.open(Address.of(url), 5.0)
    try:
        (reply,) = await wire.exchange(command(*parts), 1, 10.0)
        return reply
    finally:
        wire.abort("done")


@pytest.fixture(scope="session")
def embedded_url() -> Iterator[str]:
    """One server with fsync always for all tests that need no server of their own."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder) / "data")
        asyncio.run(server.start())
        yield server.url
        asyncio.run(server.stop())


@pytest.fixture(scope="session")
def cluster_url() -> Iterator[str]:
    """A cluster of one node, which holds all slots."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder) / "data", port=0, cluster=True)

        async def start() -> None:
            await server.start()
            await joined([server])

        asyncio.run(start())
        yield server.url
        asyncio.run(server.stop())


@pytest.fixture
async def connect(tmp_path: Path) -> AsyncIterator[MakeJournal]:
    """Opens journals on Redis, each under a name of its own unless told; closed afterwards."""
    made: list[RedisJournal] = []

    async def make(url: str, *, namespace: str | None = None, **options: object) -> RedisJournal:
        options.setdefault("shards", SHARDS)
        name = next(_names) if namespace is None else namespace
        made.append(
            await RedisJournal.connect(url, archive=tmp_path / "archive", namespace=name, **options)  # type: ignore[arg-type]
        )
        return made[-1]

    yield make
    for journal in made:
        await journal.close()


@pytest.fixture(params=["simulated", "embedded", "cluster"])
def kind(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Which journal, and where its server listens. Not asynchronous: servers are started outside of a test's loop."""
    name: str = request.param
    return name, "" if name == "simulated" else request.getfixturevalue(f"{name}_url")


@pytest.fixture
async def journal(kind: tuple[str, str], connect: MakeJournal) -> Journal:
    """An empty journal of each kind."""
    name, url = kind
    if name == "simulated":
        return AsyncModelJournal(ModelJournal(SHARDS))
    return await connect(url, cluster=name == "cluster")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    server = EmbeddedServer(tmp_path / "data", shards=2)
    await server.start()
    yield server
    await server.stop()


async def opened(server: EmbeddedServer, **options: object) -> RedisJournal:
    journal = await RedisJournal.connect(server.url, archive=server.data / "archive", **options)  # type: ignore[arg-type]
    await journal.acquire(0, epoch=1, owner="host 1", coordinator=1)
    return journal


def number(position: int) -> Commit:
    return Commit(0, 1, position - 1, b"%d" % position, b"frame %d" % position)


async def one(journal: RedisJournal, what: Commit) -> Verdict:
    (verdict,) = await journal.commit([what])
    return verdict


async def frames(journal: RedisJournal) -> list[tuple[int, bytes]]:
    return [entry async for entry in journal.read(0, after=0)]
