"""What a cluster keeps in Redis besides its shards: settings that are fixed with the data, names of processes.

All of it can be lost without losing an order; it lets a Coordinator that comes back find what runs.
"""

from collections.abc import Sequence

from redis.crc import key_slot

from runtime.errors import JournalAway
from runtime.journal.functions import command
from runtime.journal.keys import catalog_keys, shards_key
from runtime.journal.nodes import Nodes, Request
from runtime.journal.wire import Lost, Reply


class Registry:
    """Keys beside the number of shards, under one hash tag. Every method raises JournalAway when nobody answers."""

    def __init__(self, nodes: Nodes, namespace: str) -> None:
        self._nodes = nodes
        self._stem = shards_key(namespace).removesuffix(b"shards")
        self._slot = key_slot(self._stem)
        self._catalog = catalog_keys(namespace)[0]

    async def remember(self, kind: str, names: Sequence[str]) -> None:
        """Keep the names of the processes of a kind (``hosts``, ``executors``, ``gateways``), or other lines."""
        await self._ask(b"SET", self._stem + kind.encode(), "\n".join(names))

    async def remembered(self, kind: str) -> list[str]:
        """The names that were kept last."""
        kept = await self._ask(b"GET", self._stem + kind.encode())
        return kept.decode().split("\n") if kept else []

    async def agree(self, what: str, value: str) -> str:
        """Record a setting that is fixed with the data (``placement``); answers what was recorded first."""
        key = self._stem + what.encode()
        await self._ask(b"SET", key, value, b"NX")
        return str((await self._ask(b"GET", key)).decode())

    async def coordinator(self) -> int:
        """The epoch of the newest Coordinator, 0 before the first."""
        return int(await self._ask(b"GET", self._stem + b"coordinator") or 0)

    async def news(self) -> tuple[int, int]:
        """The epoch of the newest Coordinator, and how many catalogs were published, in one round trip."""
        epoch, number = await self._answers(
            command(b"GET", self._stem + b"coordinator"), command(b"HGET", self._catalog, b"number")
        )
        return int(epoch or 0), int(number or 0)

    async def memory_bytes(self) -> int:
        """Memory the server uses for data, in bytes."""
        told = await self._ask(b"INFO", b"memory")
        text = told.decode() if isinstance(told, bytes) else str(told)
        lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        return int(lines.get("used_memory", 0))

    async def _ask(self, *words: bytes | str) -> Reply:
        (reply,) = await self._answers(command(*words))
        return reply

    async def _answers(self, *commands: bytes) -> Sequence[Reply]:
        replies = await self._nodes.ask([Request(self._slot, each) for each in commands], lane="query")
        for reply in replies:
            if isinstance(reply, Lost | Exception):
                raise JournalAway(str(reply))
        return replies
