"""The published catalog versions, stored beside the shards: contents, which one is current, and who published when.

Unlike what the registry remembers this cannot be lost: orders are pinned to versions. A publication is one server-side
function, so that it is there whole or not at all, whoever else publishes at the same moment.
"""

from collections.abc import Sequence
from typing import Final

import hiredis
import msgspec
from redis.crc import key_slot

from runtime.catalogs import Current, Publication, Published, StoredCatalog, VersionTaken
from runtime.errors import JournalAway
from runtime.journal.faults import JournalDamaged
from runtime.journal.functions import PUBLISH, command
from runtime.journal.keys import catalog_keys
from runtime.journal.nodes import Nodes, Replicas, Request, is_away
from runtime.journal.packing import packed, unpacked
from runtime.journal.wire import Lost, Reply

_encode: Final = msgspec.msgpack.Encoder().encode
_publication: Final = msgspec.msgpack.Decoder(Publication).decode


class RedisCatalogs:
    """See :class:`runtime.catalogs.CatalogStore`."""

    def __init__(self, nodes: Nodes, namespace: str, waitaof: Replicas | None = None) -> None:
        self._nodes = nodes
        self._keys = catalog_keys(namespace)
        self._slot = key_slot(self._keys[0])
        self._waitaof = waitaof

    async def publish(self, publication: Publication, content: bytes, *, only_new: bool = False) -> Published:
        """See the store."""
        call = command(
            b"EVALSHA",
            PUBLISH.digest,
            len(self._keys),
            *self._keys,
            publication.version,
            publication.digest,
            packed(content),
            _encode(publication),
            int(only_new),
        )
        (reply,) = await self._ask(call, waitaof=self._waitaof)
        if not reply[0]:
            raise VersionTaken(publication.version, reply[1].decode(), publication.digest)
        return Published(reply[1], bool(reply[2]))

    async def current(self) -> Current | None:
        """See the store."""
        state, _, _, _ = self._keys
        ((version, number),) = await self._ask(command(b"HMGET", state, b"current", b"number"))
        return None if version is None else Current(int(number), version.decode())

    async def content(self, version: str) -> StoredCatalog | None:
        """See the store."""
        _, digests, contents, _ = self._keys
        digest, content = await self._ask(
            command(b"HGET", digests, version), command(b"HGET", contents, version)
        )
        if digest is None or content is None:
            return None
        return StoredCatalog(digest.decode(), unpacked(content))

    async def log(self) -> list[Publication]:
        """See the store."""
        (lines,) = await self._ask(command(b"LRANGE", self._keys[3], 0, -1))
        return [_publication(line) for line in lines]

    async def _ask(self, *commands: bytes, waitaof: Replicas | None = None) -> Sequence[Reply]:
        requests = [Request(self._slot, each) for each in commands]
        replies = await self._nodes.ask(requests, lane="query", waitaof=waitaof)
        for reply in replies:
            if isinstance(reply, hiredis.ReplyError) and not is_away(reply):
                raise JournalDamaged(str(reply))
            if isinstance(reply, Lost | Exception):
                raise JournalAway(str(reply))
        return replies
