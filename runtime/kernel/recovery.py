"""How groups come into memory: from the frames that the takeover of their shard read, or from the journal."""

from collections.abc import Sequence

from runtime.errors import InvariantBroken
from runtime.journal.frames import Record, decode_frame
from runtime.kernel.kind import GroupKind
from runtime.kernel.live import Live, from_snapshot
from runtime.kernel.mailbox import Mail
from runtime.kernel.words import Acquired, Loaded, Lookup


class Recovery:
    """A shard's groups that are not in memory: what is known of them, and who waits for them."""

    def __init__(self, acquired: Acquired, kinds: dict[str, GroupKind]) -> None:
        self._shard = acquired.shard
        self._epoch = acquired.epoch
        self._kinds = kinds
        self.tail: dict[str, list[tuple[int, Record]]] = {}
        """Records read at recovery of groups that no message has touched since."""
        self.aside: dict[str, Live] = {}
        """Groups whose decision failed, as they were: to be read again from the journal."""
        self.unreadable: set[str] = set()
        """Groups that what the journal has of them does not make; each message asks it again."""
        self.parked: dict[str, list[Mail]] = {}
        """Messages that wait for their group to be read."""
        self.parked_messages = 0
        self._due = dict(acquired.due)
        self._open = set(acquired.open)
        for position, data in acquired.tail:
            frame = decode_frame(data)
            for record in frame.records:
                self.tail.setdefault(record.group, []).append((position, record))
            for group in frame.settled:
                self.tail.pop(group, None)

    def park(self, message: Mail, catalog: str = "") -> Loaded | Lookup | None:
        """Let a message wait for its group: what it is to be made from, or what must be asked for; None: it was.

        Of a group whose whole life stands in the tail nothing needs to be asked. ``catalog``: see :class:`Lookup`.
        """
        group = message.group
        self.parked_messages += 1
        waiting = self.parked.setdefault(group, [])
        waiting.append(message)
        if len(waiting) > 1:
            return None
        tail = self.tail.get(group)
        if tail is not None and tail[0][1].sequence == 1:
            return Loaded(self._shard, self._epoch, group)
        before = self.aside.get(group)
        positions: Sequence[int] = tuple(before.positions) if before is not None else ()
        return Lookup(self._shard, self._epoch, group, positions, catalog)

    def unpark(self, group: str) -> list[Mail]:
        """The messages that waited for a group, in order."""
        messages = self.parked.pop(group)
        self.parked_messages -= len(messages)
        return messages

    def restored(self, answer: Loaded) -> Live:
        """A group made from what the journal has of it; whoever was set aside may owe what it has out once more.

        :raises Exception: when that makes no group: the bytes are damaged, or a record is missing.
        """
        group = answer.group
        try:
            live = self._folded(answer)
        except Exception:
            self.unreadable.add(group)
            raise
        self.unreadable.discard(group)
        self.tail.pop(group, None)
        before = self.aside.get(group)
        if before is not None:
            live.index, live.due, live.opened = before.index, before.due, before.opened
            return live
        if live.state is not None:
            live.index = live.kind.index(live.state)
        live.due = self._due.pop(group, 0)
        live.opened = group in self._open
        self._open.discard(group)
        return live

    def _folded(self, answer: Loaded) -> Live:
        if answer.fault:
            raise InvariantBroken(answer.fault)
        group, kind = answer.group, self._kinds[answer.group[:1]]
        live = Live(group, kind) if answer.snapshot is None else from_snapshot(group, kind, answer.snapshot)
        for position, data in answer.frames:
            for record in decode_frame(data).records:
                if record.group == group:
                    live.fold_record(position, record)
        for position, record in self.tail.get(group, ()):
            live.fold_record(position, record)
        if live.ended:
            live.first = 0
        return live

    def left(self, live: Live) -> None:
        """A group has left memory: when it comes back, it must know what to take out of the indexes."""
        if live.due:
            self._due[live.group] = live.due
        if live.opened:
            self._open.add(live.group)
