"""The journal as hosts reach it: true records in the model below, faults as an overlay above."""

from collections.abc import Callable
from random import Random

from runtime.journal.contract import Commit, Fenced, InDoubt, ShardState, Verdict
from runtime.journal.frames import unpack_positions
from runtime.journal.model import ModelJournal
from runtime.kernel.words import Acquired, Loaded, Lookup
from runtime.simulation.faults import Storm
from runtime.simulation.judge import Judge
from runtime.simulation.schedule import Schedule
from runtime.simulation.trace import Trace
from runtime.simulation.world import World

SLOW_FACTOR = 50
AWAY_MAX_MS = 1_500
RETRY_MS = 40

Verdicts = Callable[[list[Verdict]], None]


class Disk:
    """The model journal behind a wire. A commit is asked for once; what becomes of it is drawn."""

    def __init__(
        self, world: World, schedule: Schedule, storm: Storm, draw: Random, trace: Trace, judge: Judge
    ) -> None:
        self.model = ModelJournal(world.shards)
        self.away = False
        self._world = world
        self._schedule = schedule
        self._storm = storm
        self._draw = draw
        self._trace = trace
        self._judge = judge
        judge.journal = self.model

    # -- writing --------------------------------------------------------------------------------------------------

    def commit(self, owner: str, commits: list[Commit], answer: Verdicts) -> None:
        """One pipeline: each shard's verdict is its own."""

        def write() -> None:
            verdicts = [self._write(owner, commit) for commit in commits]
            self._schedule.after(self._latency(), lambda: answer(verdicts))

        self._schedule.after(self._latency(), write)

    def _write(self, owner: str, commit: Commit) -> Verdict:
        faults = self._storm.faults
        if self.away or self._storm.strikes(faults.commit_lost):
            self._trace.note(
                "journal", f"shard {commit.shard}: commit {commit.commit_id!r} of {owner} is lost"
            )
            return InDoubt("the request was lost")
        verdict = self._apply(owner, commit)
        if self._storm.strikes(faults.commit_doubled):
            late = self._draw.randint(0, 40 * self._world.disk_ms)
            self._schedule.after(late, lambda: self._again(owner, commit))
        if self._storm.strikes(faults.reply_lost):
            self._trace.note("journal", f"shard {commit.shard}: the reply to {owner} is lost")
            return InDoubt("the reply was lost")
        return verdict

    def _again(self, owner: str, commit: Commit) -> None:
        self._trace.note(
            "journal", f"shard {commit.shard}: commit {commit.commit_id!r} of {owner} comes again"
        )
        self._apply(owner, commit)

    def _apply(self, owner: str, commit: Commit) -> Verdict:
        verdict = self.model.commit_one(commit)
        how = f"fenced, {verdict.sentence}" if isinstance(verdict, Fenced) else f"at {verdict.position}"
        self._trace.note(
            "journal",
            f"shard {commit.shard}: {commit.commit_id!r} of {owner}, {len(commit.frame)} bytes, "
            f"{len(commit.snapshots)} snapshots, {len(commit.ended)} ended: {how}",
        )
        self._judge.committed(owner, commit, verdict)
        return verdict

    # -- taking a shard over --------------------------------------------------------------------------------------

    def acquire(
        self,
        owner: str,
        shard: int,
        epoch: int,
        coordinator: int,
        answer: Callable[[Acquired | Fenced], None],
    ) -> None:
        """Become the owner, then read what a recovery needs; tried again while the journal is away."""

        def take() -> None:
            if self.away:
                self._schedule.after(RETRY_MS, take)
                return
            state = self.model.acquire(shard, epoch=epoch, owner=owner, coordinator=coordinator)
            if isinstance(state, Fenced):
                answer(state)
                return
            self._judge.acquired(owner, shard, epoch)
            self._schedule.after(self._latency(), lambda: read(state))

        def read(state: ShardState) -> None:
            if self.away:
                self._schedule.after(RETRY_MS, lambda: read(state))
                return
            due, opened = self.model.due(shard), self.model.open_groups(shard)
            tail = self.model.read(shard, after=state.recovery, up_to=state.position)
            self._schedule.after(
                self._latency(), lambda: answer(Acquired(shard, epoch, state.position, tail, due, opened))
            )

        self._schedule.after(self._latency(), take)

    # -- reading --------------------------------------------------------------------------------------------------

    def lookup(self, asked: Lookup, answer: Callable[[Loaded], None]) -> None:
        """What the journal has of a group, in two round trips like the real one."""

        def first() -> None:
            if self.away:
                self._schedule.after(RETRY_MS, first)
                return
            (stored,) = self.model.lookup(asked.shard, [asked.group])
            positions = list(asked.positions)
            if stored.snapshot is None and stored.ended is not None:
                positions = sorted({*positions, *unpack_positions(stored.ended)})
            self._schedule.after(self._latency(), lambda: second(stored.snapshot, positions))

        def second(snapshot: bytes | None, positions: list[int]) -> None:
            frames = self.model.frames(asked.shard, positions)
            answer(Loaded(asked.shard, asked.epoch, asked.group, snapshot, frames))

        self._schedule.after(self._latency(), first)

    # -- faults ---------------------------------------------------------------------------------------------------

    def go_away(self) -> None:
        """The journal answers nobody for a while."""
        if not self.away:
            self.away = True
            self._trace.note("journal", "away")
            self._schedule.after(self._draw.randint(1, AWAY_MAX_MS), self.come_back)

    def come_back(self) -> None:
        """And is there again, with everything it had."""
        if self.away:
            self.away = False
            self._trace.note("journal", "there again")

    def _latency(self) -> int:
        latency = self._draw.randint(0, self._world.disk_ms)
        if self._storm.strikes(self._storm.faults.slow_disk):
            latency += self._draw.randint(0, self._world.disk_ms * SLOW_FACTOR)
        return latency
