"""The names of the journal's keys, and the record of how many shards there are.

All keys of a shard carry the same hash tag (``{s042}``), so that one commit stays in one slot of a Redis Cluster.
A namespace stands inside the tag (``{bench.s042}``): several systems share a server and still spread over its slots.
"""

import re
from typing import Final

import msgspec
from redis.crc import key_slot

from runtime.errors import invariant
from runtime.journal.faults import ShardsDiffer

NAMESPACE: Final = re.compile(r"[A-Za-z0-9_.-]{0,64}")
SHARDS_MAX: Final = 1_000


class ShardKeys(msgspec.Struct, frozen=True):
    """The keys of one shard, in the order in which the server-side functions take them."""

    shard: bytes
    """hash: epoch, position, commit, recovery, owner, coordinator"""
    journal: bytes
    """stream: one entry per frame, id ``<position>-0``, field ``f``"""
    snapshot: bytes
    """hash: group -> snapshot of a live group"""
    ended: bytes
    """hash: group -> packed positions of an ended group's frames"""
    index: bytes
    """sorted set, all scores 0: listing entries in bytewise order, see ``index.py``"""
    due: bytes
    """sorted set: group -> instant in ms"""
    open: bytes
    """set: groups with work outside"""
    slot: int
    """The Redis Cluster slot that all of them hash to."""

    @property
    def all(self) -> tuple[bytes, ...]:
        """Every key of the shard, in the functions' order."""
        return self.shard, self.journal, self.snapshot, self.ended, self.index, self.due, self.open


class Keys:
    """The key names of all shards of one system.

    :param namespace: letters, digits, ``_ . -``; empty for the only system on a server.
    :raises ValueError: for a namespace that would break the hash tag.
    """

    def __init__(self, shards: int, namespace: str = "") -> None:
        check_namespace(namespace)
        invariant(0 < shards <= SHARDS_MAX, f"a system has 1 to {SHARDS_MAX} shards, not {shards}")
        self.namespace = namespace
        self.shards = tuple(_shard_keys(shard, namespace) for shard in range(shards))

    def __getitem__(self, shard: int) -> ShardKeys:
        return self.shards[shard]

    def __len__(self) -> int:
        return len(self.shards)


def check_namespace(namespace: str) -> None:
    """Refuse a namespace that would break the hash tag (:raises ValueError:)."""
    if not NAMESPACE.fullmatch(namespace):
        raise ValueError(f"namespace {namespace!r}: use up to 64 letters, digits, '_', '.' and '-'")


def shards_key(namespace: str) -> bytes:
    """The key that records the number of shards of a system."""
    return f"{{{namespace + '.' if namespace else ''}orderloom}}:shards".encode()


def coordinator_key(namespace: str) -> bytes:
    """The key that counts the epochs of Coordinators."""
    return f"{{{namespace + '.' if namespace else ''}orderloom}}:coordinator".encode()


def catalog_keys(namespace: str) -> tuple[bytes, bytes, bytes, bytes]:
    """The keys of the published catalogs, in their function's order: state, digests, contents, log.

    Hashes but the log, which is a list: ``current`` and ``number``; version -> digest; version -> content.
    """
    stem = shards_key(namespace).removesuffix(b"shards") + b"catalog"
    return stem, stem + b"-digests", stem + b"-contents", stem + b"-log"


def agreed_shards(recorded: int, asked: int | None, where: str) -> int:
    """The recorded number of shards, if nobody asked for another.

    :param where: what the record belongs to, for the sentence.
    :raises ShardsDiffer: when ``asked`` is given and differs.
    """
    if asked is not None and asked != recorded:
        raise ShardsDiffer(
            f"{where} was made with {recorded} shards and keeps them for its life; it cannot be opened with {asked}: "
            f"leave the number out, or start on empty data"
        )
    return recorded


def _shard_keys(shard: int, namespace: str) -> ShardKeys:
    tag = f"{{{namespace + '.' if namespace else ''}s{shard:03d}}}:"
    return ShardKeys(
        shard=(tag + "shard").encode(),
        journal=(tag + "journal").encode(),
        snapshot=(tag + "snapshot").encode(),
        ended=(tag + "ended").encode(),
        index=(tag + "index").encode(),
        due=(tag + "due").encode(),
        open=(tag + "open").encode(),
        slot=key_slot(tag.encode()),
    )
