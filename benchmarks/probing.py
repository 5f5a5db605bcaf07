"""Whether shards work: each is asked to take messages for an order it holds and for a new one, until it does.

A read proves nothing (a gateway folds a group itself while its shard has no owner), so both probes are messages to the
owner: the same order sent again answers 200 with its id once its group is there; a new order answers 201 once it is on
disk, or 200 where an earlier attempt was, unheard.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import aiohttp
import msgspec

from benchmarks.posting import POST_PATH
from benchmarks.shapes import order_lines
from benchmarks.system import System
from benchmarks.waiting import SETTLED_STILL_S, SHAPE, Observed, Orders, Say, groups_in_memory
from gateway.auth import Principal
from gateway.door import party_of
from gateway.identity import id_from_external_id
from gateway.tmf.parts import RelatedParty
from runtime.limits import PASSIVATE_IDLE_MS
from runtime.port import shard_of

PAUSE_S = 0.02
TIMEOUT_S = 5.0
NEVER_S = 300.0
"""A shard that does not work for so long counts as lost."""
HELD = frozenset({200})
NEW = frozenset({200, 201})


class OrderLost(Exception):
    """An acknowledged order is not what it was."""


class _Named(msgspec.Struct):
    """What an order's id derives from."""

    externalId: str
    relatedParty: tuple[RelatedParty, ...]


_named = msgspec.json.Decoder(_Named).decode


def order_id(body: bytes, principal: Principal | None = None) -> str:
    """The id that a gateway gives this order, sent by the operator of a system made for a run."""
    who = principal or Principal(name="operator", client="operator")
    named = _named(body)
    return id_from_external_id(who.tenant, f"party:{party_of(named.relatedParty)}", named.externalId)


def one_in_each(bodies: Iterable[bytes], wanted: Iterable[int], shards: int) -> dict[int, bytes]:
    """The first body that belongs to each of the ``wanted`` shards."""
    missing, found = set(wanted), dict[int, bytes]()
    for body in bodies:
        if not missing:
            break
        shard = shard_of(order_id(body), shards)
        if shard in missing:
            missing.remove(shard)
            found[shard] = body
    return found


def held_orders(orders: Orders, wanted: Iterable[int], shards: int) -> dict[int, bytes]:
    """An order of the filling for each shard that got one."""
    numbers = range(orders.load.count or 0)
    return one_in_each((orders.body(number) for number in numbers), wanted, shards)


def new_orders(salt: str, wanted: Iterable[int], shards: int) -> dict[int, bytes]:
    """A new order for each shard."""
    return one_in_each(order_lines(SHAPE, shards * 1_000, salt=salt), wanted, shards)


class Prober:
    """Asks a system for answers until they come; times are seconds since ``began`` of the monotonic clock."""

    def __init__(self, system: System, http: aiohttp.ClientSession, began: float) -> None:
        self.http, self.began = http, began
        self._url = system.url + POST_PATH
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {system.token}"}

    async def answered(self, body: bytes, wanted: frozenset[int]) -> float | None:
        """When the order was first answered with one of these statuses; None when it never was.

        :raises OrderLost: an order that is there was made anew, or the answer names another one.
        """
        expected = order_id(body)
        while time.monotonic() - self.began < NEVER_S:
            status, told = await self.once(body)
            if status in NEW:
                if status not in wanted or told.get("id") != expected:
                    raise OrderLost(f"order {expected} was answered {status} as {told.get('id')}")
                return time.monotonic() - self.began
            await asyncio.sleep(PAUSE_S)
        return None

    async def once(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """One attempt: status and answer, (0, {}) when there was none."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            async with self.http.post(
                self._url, data=body, headers=self._headers, timeout=timeout
            ) as response:
                return response.status, msgspec.json.decode(await response.read(), type=dict[str, Any])
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError):
            return 0, {}


async def first_new_order(system: System, salt: str, began: float) -> float | None:
    """Seconds from ``began`` until the first new order was accepted."""
    async with aiohttp.ClientSession() as http:
        return await Prober(system, http, began).answered(next(order_lines(SHAPE, 1, salt=salt)), NEW)


async def passivate(system: System, seen: Observed, orders: Orders, say: Say) -> dict[str, Any]:
    """Wait until groups have left memory but for one in each shard; gives the last status.

    A shard passivates in its turns, and a turn needs a message: one order of each shard is sent again and again, which
    changes nothing.
    """
    status = await seen.status()
    shards = len(status["shards"])
    nudges = held_orders(orders, range(shards), shards).values()
    least, least_since = groups_in_memory(status), time.monotonic()
    async with aiohttp.ClientSession() as http:
        prober = Prober(system, http, time.monotonic())
        while least > shards and time.monotonic() - least_since < PASSIVATE_IDLE_MS / 1_000 + SETTLED_STILL_S:
            await asyncio.gather(*(prober.once(body) for body in nudges))
            status = await seen.status()
            say(f"passivating: live {status['live']:,}, groups in memory {groups_in_memory(status):,}")
            if groups_in_memory(status) < least:
                least, least_since = groups_in_memory(status), time.monotonic()
    return status
