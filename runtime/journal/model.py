"""The journal as a value in memory: the same promises, pure, synchronous and deterministic.

The simulator holds thousands of these; faults (a lost reply, a slow disk) are an overlay of the simulator's, above the
true records kept here. It keeps its archive as a position: frames never leave memory, so ``trim`` only counts.
"""

from bisect import bisect_left
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from runtime.journal.contract import Commit, Committed, Fenced, IndexQuery, ShardState, Stored, Verdict
from runtime.journal.verdicts import fenced, refused_owner
from runtime.limits import SHARDS_DEFAULT

FOLLOW_FRAMES_PER_SHARD: Final = 16


class _Shard:
    __slots__ = (
        "commit_id",
        "coordinator",
        "due",
        "ended",
        "entries",
        "epoch",
        "frames",
        "open",
        "owner",
        "recovery",
        "snapshots",
        "sorted_entries",
        "trimmed",
    )

    def __init__(self) -> None:
        self.epoch = 0
        self.owner = ""
        self.coordinator = 0
        self.recovery = 0
        self.commit_id = b""
        self.frames: list[bytes] = []
        self.trimmed = 0
        self.snapshots: dict[str, bytes] = {}
        self.ended: dict[str, bytes] = {}
        self.entries: set[bytes] = set()
        self.sorted_entries: list[bytes] | None = []
        """None when the entries have changed since they were sorted: a simulation writes often and lists seldom."""
        self.due: dict[str, int] = {}
        self.open: set[str] = set()


class ModelJournal:
    """See :class:`runtime.journal.contract.Journal`; the same words, synchronous, and never away."""

    def __init__(self, shards: int = SHARDS_DEFAULT) -> None:
        self.shards = shards
        self._shards = [_Shard() for _ in range(shards)]
        self._coordinator = 0

    def acquire(self, shard: int, *, epoch: int, owner: str, coordinator: int) -> ShardState | Fenced:
        """Become the owner under a higher epoch; repeated, it is answered as the first time."""
        s = self._shards[shard]
        if epoch == s.epoch and owner == s.owner:
            return self.state(shard)
        if epoch <= s.epoch or coordinator < s.coordinator:
            return refused_owner(shard, epoch, coordinator, s.epoch, len(s.frames), s.owner, s.coordinator)
        s.epoch, s.owner, s.coordinator = epoch, owner, coordinator
        return self.state(shard)

    def commit_one(self, commit: Commit) -> Committed | Fenced:
        """All of the commit, or nothing."""
        s = self._shards[commit.shard]
        position = len(s.frames)
        if commit.epoch != s.epoch:
            return fenced(commit, s.epoch, position)
        if commit.frame and position == commit.expected + 1 and s.commit_id == commit.commit_id:
            return Committed(position)
        if position != commit.expected:
            return fenced(commit, s.epoch, position)
        if commit.frame:
            s.frames.append(commit.frame)
            s.commit_id = commit.commit_id
            position += 1
        if commit.recovery is not None:
            s.recovery = max(s.recovery, min(commit.recovery, position))
        if commit.snapshots:
            s.snapshots.update(commit.snapshots)
        for group, positions in commit.ended:
            s.ended[group] = positions
            s.snapshots.pop(group, None)
        if commit.index_remove or commit.index_add:
            s.entries.difference_update(commit.index_remove)
            s.entries.update(commit.index_add)
            s.sorted_entries = None
        for group in commit.due_remove:
            s.due.pop(group, None)
        if commit.due_set:
            s.due.update(commit.due_set)
        if commit.open_remove:
            s.open.difference_update(commit.open_remove)
        if commit.open_add:
            s.open.update(commit.open_add)
        return Committed(position)

    def new_coordinator(self) -> int:
        """An epoch for a new Coordinator, above all given before."""
        self._coordinator += 1
        return self._coordinator

    def state(self, shard: int) -> ShardState:
        """One shard's state."""
        s = self._shards[shard]
        return ShardState(shard, s.epoch, len(s.frames), s.recovery, s.owner, s.coordinator)

    def states(self) -> list[ShardState]:
        """All shards' states, by shard number."""
        return [self.state(shard) for shard in range(self.shards)]

    def lookup(self, shard: int, groups: Sequence[str]) -> list[Stored]:
        """What is stored of the groups, in the order asked."""
        s = self._shards[shard]
        return [Stored(group, s.snapshots.get(group), s.ended.get(group)) for group in groups]

    def snapshotted(self, shard: int) -> list[str]:
        """Groups that have a snapshot."""
        return list(self._shards[shard].snapshots)

    def read(self, shard: int, *, after: int, up_to: int | None = None) -> list[tuple[int, bytes]]:
        """Frames with ``after < position <= up_to``, in order."""
        return list(enumerate(self._shards[shard].frames[after:up_to], after + 1))

    def frames(self, shard: int, positions: Sequence[int]) -> list[tuple[int, bytes]]:
        """Single frames by position (:raises KeyError: for one that never was)."""
        stored = self._shards[shard].frames
        for position in positions:
            if not 0 < position <= len(stored):
                raise KeyError(f"shard {shard} has no frame {position}: it stands at {len(stored)}")
        return [(position, stored[position - 1]) for position in positions]

    def due(self, shard: int) -> list[tuple[str, int]]:
        """All (group, instant) that must be woken, earliest first."""
        return sorted(self._shards[shard].due.items(), key=lambda entry: (entry[1], entry[0].encode()))

    def open_groups(self, shard: int) -> list[str]:
        """Groups with work outside, sorted."""
        return sorted(self._shards[shard].open)

    def index_count(self, shard: int, query: IndexQuery) -> int:
        """Number of entries in the range."""
        low, high = self._bounds(shard, query)
        return high - low

    def index_range(
        self, shard: int, query: IndexQuery, *, limit: int, descending: bool = False
    ) -> list[bytes]:
        """Up to ``limit`` entries of the range."""
        low, high = self._bounds(shard, query)
        entries = self._entries(shard)
        if descending:
            return entries[max(low, high - limit) : high][::-1]
        return entries[low : min(high, low + limit)]

    def index_has(self, shard: int, entry: bytes) -> bool:
        """Whether the entry stands in the index."""
        return entry in self._shards[shard].entries

    def follow(self, positions: dict[int, int]) -> list[tuple[int, int, bytes]]:
        """Frames after the given position of each shard, bounded; empty when there is none."""
        return [
            (shard, position, frame)
            for shard, after in positions.items()
            for position, frame in self.read(shard, after=after, up_to=after + FOLLOW_FRAMES_PER_SHARD)
        ]

    def trim(self, shard: int, *, epoch: int, up_to: int) -> int:
        """How many frames moved to the archive; a stale owner moves none."""
        s = self._shards[shard]
        if epoch != s.epoch:
            return 0
        before, s.trimmed = s.trimmed, max(s.trimmed, min(up_to, s.recovery))
        return s.trimmed - before

    def _entries(self, shard: int) -> list[bytes]:
        s = self._shards[shard]
        if s.sorted_entries is None:
            s.sorted_entries = sorted(s.entries)
        return s.sorted_entries

    def _bounds(self, shard: int, query: IndexQuery) -> tuple[int, int]:
        entries = self._entries(shard)
        low = bisect_left(entries, query.low)
        return low, max(low, bisect_left(entries, query.high))


class AsyncModelJournal:
    """The model behind the asynchronous words of the contract. It never waits: ``follow`` answers at once."""

    def __init__(self, model: ModelJournal) -> None:
        self.model = model
        self.shards = model.shards

    async def acquire(self, shard: int, *, epoch: int, owner: str, coordinator: int) -> ShardState | Fenced:
        """See the contract."""
        return self.model.acquire(shard, epoch=epoch, owner=owner, coordinator=coordinator)

    async def commit(self, commits: Sequence[Commit]) -> list[Verdict]:
        """See the contract."""
        return [self.model.commit_one(commit) for commit in commits]

    async def new_coordinator(self) -> int:
        """See the contract."""
        return self.model.new_coordinator()

    async def states(self) -> list[ShardState]:
        """See the contract."""
        return self.model.states()

    async def state(self, shard: int) -> ShardState:
        """See the contract."""
        return self.model.state(shard)

    async def lookup(self, shard: int, groups: Sequence[str]) -> list[Stored]:
        """See the contract."""
        return self.model.lookup(shard, groups)

    async def lookup_many(self, asked: Sequence[tuple[int, Sequence[str]]]) -> list[list[Stored]]:
        """See the contract."""
        return [self.model.lookup(shard, groups) for shard, groups in asked]

    async def read(
        self, shard: int, *, after: int, up_to: int | None = None
    ) -> AsyncIterator[tuple[int, bytes]]:
        """See the contract."""
        for entry in self.model.read(shard, after=after, up_to=up_to):
            yield entry

    async def frames(self, shard: int, positions: Sequence[int]) -> list[tuple[int, bytes]]:
        """See the contract."""
        return self.model.frames(shard, positions)

    async def due(self, shard: int) -> list[tuple[str, int]]:
        """See the contract."""
        return self.model.due(shard)

    async def open_groups(self, shard: int) -> list[str]:
        """See the contract."""
        return self.model.open_groups(shard)

    async def index_count(self, queries: Sequence[tuple[int, IndexQuery]]) -> list[int]:
        """See the contract."""
        return [self.model.index_count(shard, query) for shard, query in queries]

    async def index_range(
        self, queries: Sequence[tuple[int, IndexQuery]], *, limit: int, descending: bool = False
    ) -> list[list[bytes]]:
        """See the contract."""
        return [
            self.model.index_range(shard, query, limit=limit, descending=descending)
            for shard, query in queries
        ]

    async def index_has(self, entries: Iterable[tuple[int, bytes]]) -> list[bool]:
        """See the contract."""
        return [self.model.index_has(shard, entry) for shard, entry in entries]

    async def follow(self, positions: dict[int, int], *, block_ms: int) -> list[tuple[int, int, bytes]]:
        """See the contract."""
        return self.model.follow(positions)

    async def trim(self, shard: int, *, epoch: int, up_to: int) -> int:
        """See the contract."""
        return self.model.trim(shard, epoch=epoch, up_to=up_to)

    async def close(self) -> None:
        """Nothing to give back."""
