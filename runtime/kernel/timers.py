"""When a shard's groups must be looked at: one instant for each group, the earliest that counts."""

from heapq import heapify, heappop, heappush
from typing import Final

PASSED_OVER_MAX: Final = 1_024
"""Entries of forgotten groups that may lie in the heap, besides as many as there are living ones."""


class Timers:
    """Instants are ms since 1970 UTC. A group that has ended is forgotten; what was passed over costs nothing later."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] = []
        self._due: dict[str, int] = {}

    def at(self, group: str, due: int) -> None:
        """Look at the group at ``due`` at the latest."""
        known = self._due.get(group)
        if known is None or due < known:
            self._due[group] = due
            heappush(self._heap, (due, group))
            if len(self._heap) > 2 * len(self._due) + PASSED_OVER_MAX:
                self._heap = [(due, group) for group, due in self._due.items()]
                heapify(self._heap)

    def forget(self, group: str) -> None:
        """The group needs no look any more."""
        self._due.pop(group, None)

    def due(self, now: int) -> bool:
        """Whether a group may have to be looked at now."""
        heap = self._heap
        return bool(heap) and heap[0][0] <= now

    def ripe(self, now: int, most: int) -> list[str]:
        """The groups to look at now, the longest due first; whoever looks says when to look next."""
        groups: list[str] = []
        while len(groups) < most and self._heap and self._heap[0][0] <= now:
            due, group = heappop(self._heap)
            if self._due.get(group) == due:
                del self._due[group]
                groups.append(group)
        return groups

    def next(self) -> int | None:
        """When the first of them is due; None when there is none."""
        heap = self._heap
        while heap and self._due.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def __len__(self) -> int:
        return len(self._due)
