"""What every journal promises: the words that the kernel, the hosts, the gateway and the simulator share.

One stream per shard; one writer per shard, under an epoch; one frame of records per commit, at an explicit position
(``docs/decisions/0002-the-journal-on-redis.md``). The journal never looks into a frame: it stores bytes in order and
guards who may append them and where.

Three journals keep this contract and pass one suite (``tests/runtime/journal``): Redis or Valkey (embedded,
external, cluster) in ``redis_journal.py`` and the simulator's model in ``model.py``.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec


class Commit(msgspec.Struct, frozen=True):
    """What one shard wants to become durable at once: all of it, or nothing.

    ``expected`` is the position (number of frames) the owner believes the shard stands at; the frame gets
    ``expected + 1``. An empty ``frame`` appends nothing and leaves the position (a commit of snapshots only).
    ``commit_id`` names the attempt: repeated with the same id at the position it produced, it is answered as the
    first time. Instants are milliseconds since 1970 UTC.

    Of each kind removals come before additions: what stands in both is there afterwards. A group in ``snapshots`` and
    in ``ended`` has ended.
    """

    shard: int
    epoch: int
    expected: int
    commit_id: bytes
    frame: bytes = b""
    snapshots: Sequence[tuple[str, bytes]] = ()
    """(group, snapshot): replaces the group's snapshot."""
    ended: Sequence[tuple[str, bytes]] = ()
    """(group, packed frame positions): the group is final; its snapshot is given up."""
    index_add: Sequence[bytes] = ()
    """Listing entries, ordered bytewise, see ``index.py``."""
    index_remove: Sequence[bytes] = ()
    due_set: Sequence[tuple[str, int]] = ()
    """(group, instant in ms): when the group must be woken at the latest; replaces an earlier entry."""
    due_remove: Sequence[str] = ()
    open_add: Sequence[str] = ()
    """Groups with work outside (dispatched tasks, unacknowledged sends) that recovery must take up again."""
    open_remove: Sequence[str] = ()
    recovery: int | None = None
    """The oldest position a recovery must read from now on (exclusive lower bound: frames after it).

    It only rises: a lower one than stored is ignored, a higher one than the new position is taken as that.
    """


class Committed(msgspec.Struct, frozen=True, tag=True):
    """The commit is on disk, now or already before (a repeat). ``position`` is where the shard stands."""

    position: int


class Fenced(msgspec.Struct, frozen=True, tag=True):
    """Another owner has the shard, or it stands elsewhere than expected: this call wrote nothing.

    After :class:`InDoubt` it leaves open whether the first attempt was written before the new owner came: what the
    new owner reads decides.

    ``sentence`` says which of the two, for people.
    """

    epoch: int
    position: int
    sentence: str


class InDoubt(msgspec.Struct, frozen=True, tag=True):
    """No answer came: the commit may or may not be on disk. Repeat the same commit until a verdict comes."""

    reason: str


Verdict = Committed | Fenced | InDoubt


class ShardState(msgspec.Struct, frozen=True):
    """What the journal knows of one shard: its owner, epoch, position and the head of its recovery tail."""

    shard: int
    epoch: int = 0
    position: int = 0
    recovery: int = 0
    owner: str = ""
    coordinator: int = 0
    """Epoch of the Coordinator whose assignment made this owner."""


class Stored(msgspec.Struct, frozen=True):
    """What is stored of one group besides frames: its snapshot, or where its records stand once it ended.

    Both None: the group is unknown here (it may still stand in the recovery tail).
    """

    group: str
    snapshot: bytes | None = None
    ended: bytes | None = None


class IndexQuery(msgspec.Struct, frozen=True):
    """A range of the listing index: entries ``e`` with ``low <= e < high`` (bytewise)."""

    low: bytes
    high: bytes


class Journal(Protocol):
    """The promises. Methods that do not answer raise :class:`runtime.errors.JournalAway`, ``commit`` never raises."""

    shards: int

    async def acquire(self, shard: int, *, epoch: int, owner: str, coordinator: int) -> ShardState | Fenced:
        """Become the owner under ``epoch``: refused unless it is above the stored one and ``coordinator`` not below.

        Repeated by the same owner with the same epoch it is answered as the first time.
        """

    async def commit(self, commits: Sequence[Commit]) -> list[Verdict]:
        """Commit for several shards of one host in one round trip; each verdict is its own shard's."""

    async def new_coordinator(self) -> int:
        """An epoch for a new Coordinator, above all given before: what its assignments carry (:meth:`acquire`).

        A number may be skipped after a lost answer, none is given twice.
        """

    async def states(self) -> list[ShardState]:
        """All shards' states, by shard number."""

    async def state(self, shard: int) -> ShardState:
        """One shard's state."""

    async def lookup(self, shard: int, groups: Sequence[str]) -> list[Stored]:
        """What is stored of the groups, in the order asked. Use :meth:`lookup_many` for several shards at once."""

    async def lookup_many(self, asked: Sequence[tuple[int, Sequence[str]]]) -> list[list[Stored]]:
        """:meth:`lookup` for several shards in one round trip."""

    def read(self, shard: int, *, after: int, up_to: int | None = None) -> AsyncIterator[tuple[int, bytes]]:
        """Frames with ``after < position <= up_to`` in order, from archive and stream alike, in bounded batches."""

    async def frames(self, shard: int, positions: Sequence[int]) -> list[tuple[int, bytes]]:
        """Single frames by position, from archive and stream alike. Raises KeyError for one that never was."""

    async def due(self, shard: int) -> list[tuple[str, int]]:
        """All (group, instant) that must be woken, earliest first."""

    async def open_groups(self, shard: int) -> list[str]:
        """Groups with work outside."""

    async def index_count(self, queries: Sequence[tuple[int, IndexQuery]]) -> list[int]:
        """Number of entries in each (shard, range), in one round trip."""

    async def index_range(
        self, queries: Sequence[tuple[int, IndexQuery]], *, limit: int, descending: bool = False
    ) -> list[list[bytes]]:
        """Up to ``limit`` entries of each (shard, range), in one round trip."""

    async def index_has(self, entries: Sequence[tuple[int, bytes]]) -> list[bool]:
        """Whether each (shard, entry) stands in the index, in one round trip (for AND of filters)."""

    async def follow(self, positions: dict[int, int], *, block_ms: int) -> list[tuple[int, int, bytes]]:
        """Frames after the given position of each shard as (shard, position, frame), waiting up to ``block_ms``.

        Bounded per call; frames older than the stream come from the archive.
        """

    async def trim(self, shard: int, *, epoch: int, up_to: int) -> int:
        """Move frames up to ``up_to`` (never past the recovery position) into the archive, then out of the stream.

        The archive has them on disk before the stream loses them. Answers how many frames were moved; a stale owner
        moves none.
        """

    async def close(self) -> None:
        """Give back connections and files."""
