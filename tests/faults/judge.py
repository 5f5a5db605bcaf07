"""The verdict after the storm: every acknowledged order completed exactly once, and every journal tells the same."""

import asyncio
from collections import Counter
from pathlib import Path

import msgspec

from actors.group import OrderGroupKind
from catalog.store import sample_catalogs
from runtime.history import fold, history
from runtime.journal.redis_journal import RedisJournal
from runtime.kernel.live import Live
from tests.faults.system import Element, Load, System

TASKS_OF_B6 = 6
SETTLE_S = 90.0
ANSWER_S = 20.0
"""No question may hang: an answer or a 503 comes within this."""


async def everything_ends(system: System, load: Load) -> None:
    """Each acknowledged order is completed; one that is not says what it waits for."""
    left = set(load.acknowledged.values())
    async with system.client() as client:
        deadline = asyncio.get_running_loop().time() + SETTLE_S
        while left:
            for order in sorted(left):
                shown = await asyncio.wait_for(client.get(order), ANSWER_S)
                if shown["state"] == "completed":
                    assert all(item["state"] == "completed" for item in shown["productOrderItem"])
                    left.discard(order)
                elif asyncio.get_running_loop().time() > deadline:
                    raise AssertionError(f"order {order} is {shown['state']}: {shown.get('waitsFor')}")
            await asyncio.sleep(0.2)


def each_effect_once(element: Element, load: Load) -> None:
    """One applied entry per key, and for each acknowledged order the keys of all its tasks."""
    keys = Counter(str(entry["key"]) for entry in element.applied())
    assert [key for key, times in keys.items() if times != 1] == []
    per_order = Counter(key.partition("/")[0] for key in keys)
    wrong = {
        order: per_order[order] for order in load.acknowledged.values() if per_order[order] != TASKS_OF_B6
    }
    assert wrong == {}


async def repetitions_find_their_order(system: System, load: Load) -> None:
    """Every sent order, sent again, is the one it was; an acknowledged one keeps its id."""

    async with system.client() as client:
        again = {
            str(answer.order["externalId"]): answer
            async for answer in client.stream(load.sent[key] for key in sorted(load.acknowledged))
        }
    for key, order in load.acknowledged.items():
        assert again[key].status == 200
        assert again[key].duplicate
        assert again[key].id == order


async def replay_tells_the_same(system: System, load: Load, journal_url: str) -> None:
    """The records alone, from the first to the last, give byte for byte the state that is served."""
    kind = OrderGroupKind(sample_catalogs())
    journal = await RedisJournal.connect(journal_url, archive=Path(system.data) / "archive")
    try:
        for order in load.acknowledged.values():
            replayed = Live(order, kind)
            for record in await history(journal, order):
                replayed.fold_record(0, record)
            served = await fold(journal, kind, order)
            assert served is not None
            assert replayed.encoded_state() == served.encoded_state()
            assert replayed.state.order.state == "completed"
            assert msgspec.msgpack.encode(replayed.mail) == msgspec.msgpack.encode(served.mail)
    finally:
        await journal.close()
