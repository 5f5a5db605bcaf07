"""One turn of a shard: what its groups decide, and the commit it closes with.

Everything decided here waits in the turn until that commit is answered.
"""

from zlib import crc32

import msgspec

from actors.behaviour import Decision
from actors.events import MessageAcknowledged, MessageReceived, MessageSent, TimerEnded, TimerSet
from actors.group import reply_of
from actors.message import Message
from actors.messages import AnyMessage, TimerFired, Undeliverable
from runtime.journal.contract import Commit
from runtime.journal.frames import Record, encode_frame, pack_positions
from runtime.kernel.entries import Entries
from runtime.kernel.live import Live
from runtime.kernel.mailbox import Mail
from runtime.kernel.timers import Timers
from runtime.kernel.words import Deliver, Outgoing, Outputs, Post, Posted, Read, Taken, TooBusy, View

_encode_events = msgspec.msgpack.Encoder().encode


class Turn:
    """What one turn decided and may not leave before its commit is answered."""

    __slots__ = (
        "commit",
        "dropped",
        "epoch",
        "facts",
        "handled",
        "outputs",
        "position",
        "records",
        "saved",
        "shard",
        "timers",
        "touched",
    )

    def __init__(self, shard: int, epoch: int, position: int, timers: Timers) -> None:
        self.shard = shard
        self.epoch = epoch
        self.position = position
        """Where the shard stands: the commit's frame goes behind it."""
        self.timers = timers
        self.commit: Commit | None = None
        self.outputs = Outputs()
        self.records: list[Record] = []
        self.touched: dict[str, Live] = {}
        """Groups with new records."""
        self.saved: dict[str, Live] = {}
        """Groups to be snapshotted with the commit."""
        self.handled: list[Mail] = []
        """Messages in the order in which they were decided."""
        self.facts: dict[str, int] = {}
        """How many facts each group's records hold."""
        self.dropped: list[str] = []
        """Groups that leave memory once the commit is answered."""

    @property
    def empty(self) -> bool:
        """Whether nothing needs to become durable."""
        return not self.records and not self.saved

    # -- deciding -----------------------------------------------------------------------------------------------

    def decide(self, live: Live, message: Mail, now: int) -> None:
        """Let a group decide a message. Whatever this raises, the group's state may be half folded by then."""
        if isinstance(message, Deliver):
            self._deliver(live, message, now)
        elif isinstance(message, Read):
            self.outputs.answers.append((message.token, View(live.encoded_state())))
        elif isinstance(message, Post):
            self._post(live, message, now)
        elif isinstance(message, Posted):
            self._posted(live, message, now)
        elif message.again:
            self._send_again(live)
        self.handled.append(message)

    def _deliver(self, live: Live, message: Deliver, now: int) -> None:
        if isinstance(message.message, TimerFired) and not self._rings(live, message.message.key, now):
            return
        decision = _decide(live, message.message, now)
        self._book(live, decision, now, message.by or getattr(message.message, "by", ""))
        if message.token is not None:
            self.outputs.answers.append((message.token, reply_of(decision)))

    def _rings(self, live: Live, key: str, now: int) -> bool:
        """Whether a timer is due, as the shard has found it. If the clock was set back since, it looks again."""
        due = live.mail.timers.get(key)
        if due is None or live.ended:
            return False
        if due > now:
            self.timers.at(live.group, due)
            return False
        return True

    def _book(self, live: Live, decision: Decision, now: int, by: str) -> None:
        """Add the kernel's own facts to what was decided and note it all for the commit."""
        events, mail = decision.events, live.mail
        for key, due in decision.timers:
            if due is not None:
                events.append(TimerSet(key, due))
                mail.timers[key] = due
                self.timers.at(live.group, due)
            elif mail.timers.pop(key, None) is not None:
                events.append(TimerEnded(key))
        for to, message in decision.sends:
            sent = MessageSent(to, mail.sent.get(to, 0) + 1, message)
            events.append(sent)
            mail.fold(sent)
            self._out(live, to, sent.sequence, message)
        if not events:
            return
        body = _encode_events(events)
        live.committed_at(self.position + 1, now, len(body))
        self.records.append(Record(live.group, live.sequence, now, by, msgspec.Raw(body)))
        self.facts[live.group] = self.facts.get(live.group, 0) + len(events)
        self.touched[live.group] = live
        for key in decision.dispatch:
            dispatch = live.kind.dispatch(live.state, key)
            self.outputs.dispatches.append((self.shard, self.epoch, live.group, dispatch))

    def undo(self, group: str) -> list[Mail]:
        """Take out everything one group decided in this turn; the messages that made it do so, in order."""
        again = [message for message in self.handled if message.group == group]
        asked = [message.token for message in again if isinstance(message, Deliver | Read | Post)]
        tokens = {id(token) for token in asked if token is not None}
        outputs = self.outputs
        self.handled = [message for message in self.handled if message.group != group]
        self.records = [record for record in self.records if record.group != group]
        self.touched.pop(group, None)
        self.facts.pop(group, None)
        outputs.answers = [answer for answer in outputs.answers if id(answer[0]) not in tokens]
        outputs.dispatches = [dispatch for dispatch in outputs.dispatches if dispatch[2] != group]
        outputs.outgoing = [out for out in outputs.outgoing if out.sender != group]
        return again

    # -- other groups -------------------------------------------------------------------------------------------

    def _post(self, live: Live, message: Post, now: int) -> None:
        """Decide another group's message once: repeated ones are acknowledged, those after a gap wait."""
        seen = max(live.mail.received.get(message.sender, 0), message.after)
        if message.sequence <= seen:
            self.outputs.answers.append((message.token, Taken(message.sequence)))
            return
        if message.sequence > seen + 1:
            self.outputs.answers.append((message.token, TooBusy(self.shard)))
            return
        if live.state is None and not live.kind.creates(message.message):
            self.outputs.answers.append((message.token, Taken(message.sequence, taken=False)))
            return
        decision = _decide(live, message.message, now)
        received = MessageReceived(message.sender, message.sequence)
        live.mail.fold(received)
        decision.events = [received, *decision.events]
        self._book(live, decision, now, message.sender)
        self.outputs.answers.append((message.token, Taken(message.sequence)))

    def _posted(self, live: Live, message: Posted, now: int) -> None:
        if message.sequence not in live.mail.outbox.get(message.to, ()):
            return
        acknowledged = MessageAcknowledged(message.to, message.sequence)
        decision = Decision() if message.taken else _decide(live, Undeliverable(message.to), now)
        live.mail.fold(acknowledged)
        decision.events = [acknowledged, *decision.events]
        self._book(live, decision, now, "")
        if not message.taken:
            # What was sent behind it must no longer wait for it.
            for sequence, later in live.mail.outbox.get(message.to, {}).items():
                self._out(live, message.to, sequence, later)

    def _send_again(self, live: Live) -> None:
        """After a recovery: everything that is out goes out again, under the keys it had."""
        if live.state is None:
            return
        for key in live.kind.open_work(live.state):
            dispatch = live.kind.dispatch(live.state, key)
            self.outputs.dispatches.append((self.shard, self.epoch, live.group, dispatch))
        for to, messages in live.mail.outbox.items():
            for sequence, message in messages.items():
                self._out(live, to, sequence, message)

    def _out(self, live: Live, to: str, sequence: int, message: AnyMessage) -> None:
        after = min(live.mail.outbox[to]) - 1
        self.outputs.outgoing.append(
            Outgoing(self.shard, self.epoch, live.group, sequence, to, message, after)
        )

    # -- the commit ---------------------------------------------------------------------------------------------

    def close(self, *, number: int, now: int, recovery: int) -> Commit:
        """The commit of everything in this turn, with the index entries that go with it."""
        entries = Entries()
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
        settled = [group for group, _ in (*ended, *snapshots)]
        frame = encode_frame(now, self.records, settled) if self.records else b""
        self.commit = Commit(
            shard=self.shard,
            epoch=self.epoch,
            expected=self.position,
            # The content is part of the name: a shard taken over twice under one epoch counts its commits anew, and
            # another commit than the one in the journal must never pass for a repetition of it.
            commit_id=b"%d:%d:%08x" % (self.epoch, number, crc32(frame)),
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


def _decide(live: Live, message: Message, now: int) -> Decision:
    live.state, decision = live.kind.handle(live.group, live.state, message, now)
    if isinstance(message, TimerFired) and all(key != message.key for key, _ in decision.timers):
        decision.timers = [(message.key, None), *decision.timers]
    return decision
