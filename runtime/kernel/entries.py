"""What one commit changes in a shard's indexes: the listing, the due timers, the open work."""

from runtime.journal import index
from runtime.kernel.live import Live


class Entries:
    """Gathered group by group; each group remembers what the indexes say of it."""

    def __init__(self) -> None:
        self.add: list[bytes] = []
        self.remove: list[bytes] = []
        self.due_set: list[tuple[str, int]] = []
        self.due_remove: list[str] = []
        self.open_add: list[str] = []
        self.open_remove: list[str] = []

    def follow(self, live: Live) -> None:
        """A living group: its due entry may be early, never late, so that few commits touch it."""
        self._listing(live)
        earliest = min(live.mail.timers.values(), default=0)
        if earliest and (not live.due or earliest < live.due):
            live.due = earliest
            self.due_set.append((live.group, earliest))
        self._open(live, live.open)

    def exactly(self, live: Live) -> None:
        """A group that leaves memory or is snapshotted: its due entry says exactly when it must be woken."""
        earliest = min(live.mail.timers.values(), default=0)
        if earliest != live.due:
            if earliest:
                self.due_set.append((live.group, earliest))
            else:
                self.due_remove.append(live.group)
            live.due = earliest

    def close(self, live: Live) -> None:
        """An ended group keeps only what listing needs."""
        self._listing(live)
        if live.due:
            self.due_remove.append(live.group)
            live.due = 0
        self._open(live, False)

    def _open(self, live: Live, wanted: bool) -> None:
        if wanted is not live.opened:
            (self.open_add if wanted else self.open_remove).append(live.group)
            live.opened = wanted

    def _listing(self, live: Live) -> None:
        if live.state is None:
            return
        was, now = live.index, live.kind.index(live.state)
        if now != was:
            live.index = now
            (date, after), (date_before, before) = now, was
            kept = set(before).intersection(after) if date == date_before else ()
            group = live.group
            for attribute, value in before:
                if (attribute, value) not in kept:
                    self.remove.append(index.entry(attribute, value, date_before, group))
            for attribute, value in after:
                if (attribute, value) not in kept:
                    self.add.append(index.entry(attribute, value, date, group))
