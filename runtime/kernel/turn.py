"""One turn of a shard, and the commit it closes with."""

from typing import Any
from zlib import crc32

from runtime.journal import index
from runtime.journal.contract import Commit
from runtime.journal.frames import Record, encode_frame, pack_positions
from runtime.kernel.live import Live
from runtime.kernel.words import Outputs


class Turn:
    """What one turn decided and may not leave before its commit is answered."""

    __slots__ = ("commit", "dropped", "facts", "handled", "outputs", "records", "saved", "touched")

    def __init__(self) -> None:
        self.commit: Commit | None = None
        self.outputs = Outputs()
        self.records: list[Record] = []
        self.touched: dict[str, Live] = {}
        """Groups with new records."""
        self.saved: dict[str, Live] = {}
        """Groups to be snapshotted with the commit."""
        self.handled: list[Any] = []
        """Messages in the order in which they were decided."""
        self.facts: dict[str, int] = {}
        """How many facts each group's records hold."""
        self.dropped: list[str] = []
        """Groups that leave memory once the commit is answered."""

    @property
    def empty(self) -> bool:
        """Whether nothing needs to become durable."""
        return not self.records and not self.saved

    def undo(self, group: str) -> list[Any]:
        """Take out everything one group decided in this turn; the messages that made it do so, in order."""
        again = [message for message in self.handled if message.group == group]
        tokens = {id(message.token) for message in again if getattr(message, "token", None) is not None}
        outputs = self.outputs
        self.handled = [message for message in self.handled if message.group != group]
        self.records = [record for record in self.records if record.group != group]
        self.touched.pop(group, None)
        self.facts.pop(group, None)
        outputs.answers = [answer for answer in outputs.answers if id(answer[0]) not in tokens]
        outputs.dispatches = [dispatch for dispatch in outputs.dispatches if dispatch[2] != group]
        outputs.outgoing = [out for out in outputs.outgoing if out.sender != group]
        return again

    def close(self, *, shard: int, epoch: int, position: int, number: int, now: int, recovery: int) -> Commit:
        """The commit of everything in this turn, with the index entries that go with it."""
        entries = _Entries()
        ended: list[tuple[str, bytes]] = []
        for group, live in self.touched.items():
            if live.ended:
                ended.append((group, pack_positions(live.positions)))
                self.saved.pop(group, None)
                entries.close(live)
            else:
                entries.follow(live)
        for live in self.saved.values():
            entries.exactly(live)
        snapshots = [(group, live.snapshot()) for group, live in self.saved.items()]
        for (_, data), live in zip(snapshots, self.saved.values(), strict=True):
            live.snapshot_bytes = len(data)
        settled = [group for group, _ in (*ended, *snapshots)]
        frame = encode_frame(now, self.records, settled) if self.records else b""
        self.commit = Commit(
            shard=shard,
            epoch=epoch,
            expected=position,
            # The content is part of the name: a shard taken over twice under one epoch counts its commits anew, and
            # another commit than the one in the journal must never pass for a repetition of it.
            commit_id=b"%d:%d:%08x" % (epoch, number, crc32(frame)),
            frame=frame,
            snapshots=snapshots,
            ended=ended,
            index_add=entries.add,
            index_remove=entries.remove,
            due_set=entries.due_set,
            due_remove=entries.due_remove,
            open_add=entries.open_add,
            open_remove=entries.open_remove,
            recovery=recovery,
        )
        return self.commit


class _Entries:
    """The changes of a shard's listing, due and open indexes that a commit carries."""

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
