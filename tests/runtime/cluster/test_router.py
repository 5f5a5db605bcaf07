"""A gateway's questions reach whoever owns the shard, whatever becomes of connections and hosts meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

import runtime.cluster.router as room
from catalog.store import sample_catalogs
from runtime.catalog_shelf import CatalogShelf
from runtime.cluster.channel import Address, ChannelServer, PeerLost
from runtime.cluster.options import ClusterOptions
from runtime.cluster.router import Router
from runtime.cluster.table import Owner, Table
from runtime.errors import NoOwner
from runtime.kernel.words import View
from runtime.wire import decode_requests, encode_answers
from tests.runtime.cluster.conftest import FakeJournal

PATIENCE_S = 5.0


class Peer:
    """A host that answers every read with its own name, unless it hangs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.hangs = False
        self.dead = False
        self.asked = asyncio.Event()
        self.batches: list[int] = []
        self.server = ChannelServer({"deliver": self._deliver})
        self.address = self

    async def remote(self) -> Address:
        """What Ray's handle would answer to ``address``."""
        if self.dead:
            raise PeerLost("the actor died", dead=True)
        return self.server.address

    async def _deliver(self, gateway: str, batch: bytes) -> bytes:
        requests = decode_requests(batch)
        self.batches.append(len(requests))
        self.asked.set()
        if self.hangs:
            await asyncio.Event().wait()
        return encode_answers([View(f"{self.name} {group}".encode()) for _, _, group, _, _ in requests])


@pytest.fixture
async def hosts(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, Peer]]:
    found = {name: Peer(name) for name in ("Host 1.1", "Host 1.2")}
    for peer in found.values():
        await peer.server.start("127.0.0.1")
    monkeypatch.setattr(room, "find", found.get)
    async with asyncio.timeout(PATIENCE_S):
        yield found
    for peer in found.values():
        await peer.server.close()


@pytest.fixture
def router() -> Router:
    journal: Any = FakeJournal()
    options = ClusterOptions(data="", journal_url="")
    return Router("Gateway 1.1", options, journal, CatalogShelf(journal.catalogs), sample_catalogs())


def table(version: int, host: str) -> Table:
    return Table(1, version, tuple(Owner(host, version) for _ in range(8)))


async def read(router: Router, group: str, patience_s: float = PATIENCE_S) -> str:
    """Who answered for the group."""
    answer = await router._ask(group, None, patience_s)
    assert isinstance(answer, View) and answer.state is not None
    host, _, told = answer.state.decode().rpartition(" ")
    assert told == group
    return host


async def test_what_gathers_while_two_batches_are_under_way_goes_together(
    router: Router, hosts: dict[str, Peer]
) -> None:
    router._take(table(1, "Host 1.1"))
    answers = await asyncio.gather(*(read(router, f"o{number}") for number in range(50)))
    assert set(answers) == {"Host 1.1"}
    assert sum(hosts["Host 1.1"].batches) == 50
    assert len(hosts["Host 1.1"].batches) <= 3


async def test_a_question_is_asked_again_when_the_connection_ends(
    router: Router, hosts: dict[str, Peer]
) -> None:
    host = hosts["Host 1.1"]
    host.hangs = True
    router._take(table(1, "Host 1.1"))
    asking = asyncio.create_task(read(router, "o1"))
    await host.asked.wait()
    host.hangs = False
    connection = router._links["Host 1.1"].channel._connection
    assert connection is not None
    connection.abort()
    assert await asking == "Host 1.1"
    assert host.batches == [1, 1]


async def test_nobody_waits_for_a_host_that_hangs_once_its_shards_are_elsewhere(
    router: Router, hosts: dict[str, Peer]
) -> None:
    hosts["Host 1.1"].hangs = True
    router._take(table(1, "Host 1.1"))
    asking = asyncio.create_task(read(router, "o1"))
    await hosts["Host 1.1"].asked.wait()
    router._take(table(2, "Host 1.2"))
    assert await asking == "Host 1.2"


async def test_a_dead_host_is_asked_no_more_and_found_again_by_the_next_table(
    router: Router, hosts: dict[str, Peer]
) -> None:
    hosts["Host 1.1"].dead = True
    router._take(table(1, "Host 1.1"))
    with pytest.raises(NoOwner):
        await read(router, "o1", patience_s=0.1)
    assert router._links == {}
    router._take(table(2, "Host 1.2"))
    assert await read(router, "o1") == "Host 1.2"
