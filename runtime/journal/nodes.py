"""Which node holds a shard, and one round trip to all nodes at once.

A batch of requests goes out as one write per node. What a server answers about its own state is dealt with here:
functions it does not know yet (NOSCRIPT), slots that live elsewhere (MOVED, ASK). Nothing is repeated that may have
been written: a lost connection is handed to the caller as :class:`~runtime.journal.wire.Lost`.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import hiredis
import msgspec

from runtime.journal.functions import LOAD, command
from runtime.journal.wire import Address, Lost, Reply, Wire

ROUNDS_MAX: Final = 6
"""Redirections of one batch before its reply is handed on as it is."""
_ASKING: Final = command(b"ASKING")
_SLOTS: Final = command(b"CLUSTER", b"SLOTS")
_AWAY: Final = frozenset(
    ("BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "NOREPLICAS", "OOM", "READONLY", "TRYAGAIN")
)
"""Error replies that speak of the server's state, not of the request: the same request may succeed later."""


class Request(msgspec.Struct, frozen=True, gc=False):
    """One command with one reply, for the node that holds ``slot``."""

    slot: int
    payload: bytes


class Replicas(msgspec.Struct, frozen=True):
    """How many replicas must have a write on disk, and the commands that wait for it."""

    number: int
    commands: tuple[bytes, ...]

    @classmethod
    def of(cls, number: int, limit_ms: int) -> "Replicas":
        """Wait for ``number`` replicas, each of the two waits for ``limit_ms`` at most.

        A replica is asked once how far it is. Asked by WAITAOF alone it answers before it has synced what came with the
        question, and says so by itself a second later. It answers WAIT after it has, so that WAITAOF then hears it.
        """
        return cls(number, (command(b"WAIT", number, limit_ms), command(b"WAITAOF", 1, number, limit_ms)))


def is_away(error: hiredis.ReplyError) -> bool:
    """Whether an error reply says that the server cannot answer now."""
    return str(error).partition(" ")[0] in _AWAY


class Nodes:
    """Connections to a single server, or to the primaries of a Redis Cluster.

    Each lane (a kind of traffic) has a connection of its own to each node, so that a long read delays no commit.
    """

    def __init__(
        self, seed: Address, *, cluster: bool, connect_timeout_s: float, answer_timeout_s: float
    ) -> None:
        self.seed = seed
        self.cluster = cluster
        self.answer_timeout_s = answer_timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._wires: dict[tuple[Address, str], Wire] = {}
        self._opening: dict[tuple[Address, str], asyncio.Lock] = {}
        self._holders: list[Address] = [] if cluster else [seed]
        """Per slot in a cluster; the one server otherwise."""
        self._stale = cluster
        self._closed = False

    async def ask(
        self, requests: Sequence[Request], *, lane: str, waitaof: "Replicas | None" = None
    ) -> list[Reply | Lost]:
        """One reply per request, in order: what the server said, or why nothing came. Raises nothing else.

        :param waitaof: put behind each node's requests; fewer replicas than it wishes make that node's replies
            :class:`Lost`.
        """
        answers: list[Reply | Lost] = [None] * len(requests)
        if self._stale:
            try:
                await self.refresh()
            except Lost as lost:
                return [lost] * len(requests)
        asked: dict[int, Address] = {}
        unscripted: set[Address] = set()
        left = list(range(len(requests)))
        for _ in range(ROUNDS_MAX):
            by_node: dict[Address, list[int]] = {}
            for number in left:
                address = asked.get(number) or self.holder(requests[number].slot)
                by_node.setdefault(address, []).append(number)
            groups = list(by_node.items())
            calls = [
                self._ask_node(
                    address,
                    [requests[n].payload for n in ns],
                    [n in asked for n in ns],
                    address in unscripted,
                    lane,
                    waitaof,
                )
                for address, ns in groups
            ]
            replies = [await calls[0]] if len(calls) == 1 else await asyncio.gather(*calls)
            left = []
            asked_before, asked, unscripted = asked, {}, set()
            for (address, numbers), node_replies in zip(groups, replies, strict=True):
                for number, reply in zip(numbers, node_replies, strict=True):
                    answers[number] = reply
                    if isinstance(reply, hiredis.ReplyError):
                        kind, _, rest = str(reply).partition(" ")
                        if kind == "NOSCRIPT":
                            unscripted.add(address)
                            if number in asked_before:
                                asked[number] = address
                        elif kind == "MOVED" and self.cluster:
                            self._moved(rest, address)
                        elif kind == "ASK" and self.cluster:
                            asked[number] = self._redirected(rest, address)
                        else:
                            continue
                        left.append(number)
            if not left:
                break
        return answers

    def holder(self, slot: int) -> Address:
        """The node that holds a slot, as far as known."""
        return self._holders[slot] if self.cluster else self.seed

    def primaries(self) -> list[Address]:
        """Every node that holds slots, as far as known."""
        return list(dict.fromkeys(self._holders))

    async def refresh(self) -> None:
        """Read the cluster's slot table from any node that answers (:raises Lost: when none does)."""
        reasons: list[str] = []
        for address in dict.fromkeys([*self._holders, self.seed]):
            try:
                wire = await self.wire(address, "query")
                (table,) = await wire.exchange(_SLOTS, 1, self._connect_timeout_s)
            except Lost as lost:
                reasons.append(lost.reason)
                continue
            if isinstance(table, hiredis.ReplyError):
                reasons.append(f"{address}: {table}")
                continue
            holders = [address] * 16_384
            covered = 0
            for first, last, primary, *_ in table:
                host = primary[0].decode() if primary[0] else address.host
                holders[first : last + 1] = [self.seed.at(host, primary[1])] * (last + 1 - first)
                covered += last + 1 - first
            if covered < 16_384:
                reasons.append(f"{address}: the cluster covers {covered} of 16384 slots")
                continue
            self._holders, self._stale = holders, False
            return
        raise Lost("no node of the cluster answers: " + "; ".join(reasons))

    async def wire(self, address: Address, lane: str) -> Wire:
        """The connection of a lane, opened when there is none (:raises Lost: when that fails)."""
        key = (address, lane)
        wire = self._wires.get(key)
        if wire is not None and wire.lost is None:
            return wire
        async with self._opening.setdefault(key, asyncio.Lock()):
            wire = self._wires.get(key)
            if wire is None or wire.lost is not None:
                wire = await self.open(address)
                self._wires[key] = wire
        return wire

    async def open(self, address: Address) -> Wire:
        """A connection that belongs to the caller (:raises Lost: when it cannot be made)."""
        if self._closed:
            raise Lost("the journal was closed")
        return await Wire.open(address, self._connect_timeout_s)

    def close(self) -> None:
        """Break all connections; whoever waits gets :class:`Lost`."""
        self._closed = True
        for wire in self._wires.values():
            wire.abort("the journal was closed")
        self._wires.clear()

    async def _ask_node(
        self,
        address: Address,
        payloads: list[bytes],
        asking: list[bool],
        load: bool,
        lane: str,
        waitaof: "Replicas | None",
    ) -> list[Reply | Lost]:
        """Replies of one node to its payloads, housekeeping replies taken out."""
        before = list(LOAD) if load else []
        parts = list(before)
        mine: list[int] = []
        for payload, ask in zip(payloads, asking, strict=True):
            if ask:
                parts.append(_ASKING)
            mine.append(len(parts))
            parts.append(payload)
        if waitaof:
            parts += waitaof.commands
        try:
            wire = await self.wire(address, lane)
            replies: list[Reply | Lost] = list(
                await wire.exchange(b"".join(parts), len(parts), self.answer_timeout_s)
            )
        except Lost as lost:
            self._stale = self.cluster
            replies = [*lost.replies, *[lost] * (len(parts) - len(lost.replies))]
        if waitaof:
            replies = _on_disk(replies, waitaof.number)
        for number in mine:
            if isinstance(replies[number], hiredis.ReplyError) and str(replies[number]).startswith(
                "READONLY"
            ):
                # After a fail-over the name may lead elsewhere: connect anew next time.
                wire.abort(f"{address} has become a replica")
                self._stale = self.cluster
                break
        return [replies[number] for number in mine]

    def _moved(self, rest: str, by: Address) -> None:
        slot = int(rest.partition(" ")[0])
        self._holders[slot] = self._redirected(rest, by)

    def _redirected(self, rest: str, by: Address) -> Address:
        host, _, port = rest.partition(" ")[2].rpartition(":")
        return self.seed.at(host or by.host, int(port))


def _on_disk(replies: list[Reply | Lost], replicas: int) -> list[Reply | Lost]:
    """The replies if WAITAOF (the last of them) found enough replicas, else :class:`Lost` in their place."""
    found = replies[-1]
    if isinstance(found, list) and found[1] >= replicas:
        return replies
    reason = f"on disk at {found[1]} of {replicas} replicas" if isinstance(found, list) else str(found)
    lost = Lost(f"not safe yet: {reason}")
    return [reply if isinstance(reply, hiredis.ReplyError | Lost) else lost for reply in replies]
