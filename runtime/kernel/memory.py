"""Which groups of a shard stay in memory, which leave it, and which are snapshotted so that recovery stays short."""

from collections import OrderedDict
from collections.abc import Iterable

from runtime.journal.frames import Record
from runtime.kernel.bounds import Bounds
from runtime.kernel.live import Live
from runtime.kernel.turn import Turn


class Memory:
    """The groups of one shard that are in memory, and what no snapshot covers yet."""

    def __init__(self, bounds: Bounds, tail: dict[str, list[tuple[int, Record]]]) -> None:
        self._bounds = bounds
        self.groups: OrderedDict[str, Live] = OrderedDict()
        """The one idle longest first."""
        self._uncovered: OrderedDict[str, int] = OrderedDict(
            (group, records[0][0]) for group, records in tail.items()
        )
        """Living groups by the oldest frame that no snapshot covers; the first of them bounds recovery."""

    def hold(self, live: Live) -> None:
        """A group comes into memory."""
        self.groups[live.group] = live
        if live.first:
            self._uncovered.setdefault(live.group, live.first)

    def restless(self, position: int, now: int) -> bool:
        """Whether a turn in which no message is handled would choose anything."""
        bounds = self._bounds
        if self.groups:
            idlest = next(iter(self.groups.values()))
            if len(self.groups) > bounds.groups or idlest.used + bounds.idle_ms <= now:
                return True
        return (
            bool(self._uncovered)
            and next(iter(self._uncovered.values())) <= position - bounds.recovery_frames
        )

    def next_idle(self) -> int | None:
        """When the group that is idle longest may leave memory, in ms since 1970 UTC; None when there is none."""
        groups = self.groups
        return next(iter(groups.values())).used + self._bounds.idle_ms if groups else None

    def choose(self, turn: Turn, now: int) -> Iterable[str]:
        """Choose the groups that are snapshotted with a turn, and those that leave memory after it.

        Names those outside memory that should come in to be snapshotted.
        """
        bounds, saved = self._bounds, turn.saved
        for live in turn.touched.values():
            if live.record_bytes > max(bounds.snapshot_bytes, live.snapshot_bytes) and not live.ended:
                saved[live.group] = live
        leaving = len(self.groups) - bounds.groups
        for group, live in self.groups.items():
            if group in turn.touched or len(turn.dropped) >= bounds.passivate_per_turn:
                break
            if leaving <= len(turn.dropped) and live.used + bounds.idle_ms > now:
                break
            turn.dropped.append(group)
            if live.first:
                saved[group] = live
        wanted = []
        oldest = turn.position - bounds.recovery_frames
        for group, first in self._uncovered.items():
            if first > oldest or len(saved) >= bounds.passivate_per_turn:
                break
            lagging = self.groups.get(group)
            if lagging is None:
                wanted.append(group)
            elif not lagging.ended:
                saved[group] = lagging
        return wanted

    def cover(self, turn: Turn) -> int:
        """Book what a turn's commit will cover: the frame up to which a recovery then needs nothing."""
        for group, live in turn.touched.items():
            if live.ended:
                self._uncovered.pop(group, None)
            elif group not in turn.saved:
                self._uncovered.setdefault(group, live.first)
        for group in turn.saved:
            self._uncovered.pop(group, None)
        after = turn.position + (1 if turn.records else 0)
        return next(iter(self._uncovered.values()), after + 1) - 1
