"""The verdict after the storm: every acknowledged order completed exactly once, and every journal tells the same.

Each question answers with the faults it found, in sentences: none found is a good verdict.
"""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any, Final

import msgspec

from actors.group import OrderGroupKind
from benchmarks.chaos_load import Load
from benchmarks.chaos_system import Element, System
from catalog.store import sample_catalogs
from runtime.history import fold, history
from runtime.journal.redis_journal import RedisJournal
from runtime.kernel.live import Live

TASKS_OF_B6: Final = 6
SETTLE_S: Final = 90.0
ANSWER_S: Final = 20.0
"""No question may hang: an answer or a 503 comes within this."""
UNENDED: Final = ("acknowledged", "inProgress", "held", "pending")
NAMED_MAX: Final = 10
"""Faults of one kind that are spelled out."""


async def judged(system: System, element: Element, load: Load) -> dict[str, list[str]]:
    """The whole verdict: the faults found, by question."""
    return {
        "every acknowledged order completes": await everything_ends(system, load),
        "each effect happens once": each_effect_once(element, load),
        "every resubmission finds its order": await repetitions_find_their_order(system, load),
        "each journal replays to the same state": await replay_tells_the_same(
            system, load, system.journal_url
        ),
        "no answer lied": load.lies[:NAMED_MAX],
        "nothing was refused": load.refused[:NAMED_MAX],
    }


async def everything_ends(system: System, load: Load) -> list[str]:
    """Each acknowledged order is completed; one that is not says what it waits for."""
    deadline = asyncio.get_running_loop().time() + SETTLE_S
    async with system.client() as client:
        while True:
            pages = [
                await asyncio.wait_for(client.list(state=state, limit=NAMED_MAX), ANSWER_S)
                for state in UNENDED
            ]
            if not any(page.total for page in pages):
                return []
            if asyncio.get_running_loop().time() > deadline:
                left = [order for page in pages for order in page.orders]
                return [f"order {o['id']} is {o['state']}: {o.get('waitsFor')}" for o in left[:NAMED_MAX]]
            await asyncio.sleep(0.2)


def each_effect_once(element: Element, load: Load) -> list[str]:
    """One applied entry per key, and for each acknowledged order the keys of all its tasks."""
    keys = Counter(str(entry["key"]) for entry in element.applied())
    faults = [f"{key} was applied {times} times" for key, times in keys.items() if times != 1]
    per_order = Counter(key.partition("/")[0] for key in keys)
    faults += [
        f"order {order} had {per_order[order]} effects, not {TASKS_OF_B6}"
        for order in load.acknowledged.values()
        if per_order[order] != TASKS_OF_B6
    ]
    return faults[:NAMED_MAX]


async def repetitions_find_their_order(system: System, load: Load) -> list[str]:
    """Every acknowledged order, sent again, is the one it was."""
    faults = []
    async with system.client() as client:
        async for answer in client.stream(load.sent[key] for key in sorted(load.acknowledged)):
            order = load.acknowledged[str(answer.order["externalId"])]
            if (answer.status, answer.duplicate, answer.id) != (200, True, order):
                faults.append(f"order {order} sent again was answered {answer.status} {answer.id}")
    return faults[:NAMED_MAX]


async def replay_tells_the_same(system: System, load: Load, journal_url: str, **options: Any) -> list[str]:
    """The records alone, from the first to the last, give byte for byte the state that is served: completed.

    :param options: further options of the journal, ``cluster`` for one.
    """
    faults: list[str] = []
    kind = OrderGroupKind(sample_catalogs())
    journal = await RedisJournal.connect(journal_url, archive=Path(system.data) / "archive", **options)
    try:
        for order in load.acknowledged.values():
            replayed = Live(order, kind)
            for record in await history(journal, order):
                replayed.fold_record(0, record)
            served = await fold(journal, kind, order)
            if served is None:
                faults.append(f"order {order} is not served")
            elif (replayed.encoded_state(), _mail(replayed)) != (served.encoded_state(), _mail(served)):
                faults.append(f"order {order} is served otherwise than its journal replays")
            elif replayed.state.order.state != "completed":
                faults.append(f"order {order} replays to {replayed.state.order.state}")
    finally:
        await journal.close()
    return faults[:NAMED_MAX]


def _mail(live: Live) -> bytes:
    return msgspec.msgpack.encode(live.mail)
