"""One shard's kernel: mailbox, turns, timers, outbox, group commit, passivation. Deterministic; does no I/O.

A turn takes what has gathered while the last commit was under way, lets each group decide, and asks for one commit of
all their records. Nothing leaves before that commit is answered: answers, dispatches and sends wait in the turn.
At most one commit is under way.
"""

from collections import OrderedDict, deque

import msgspec

from actors.behaviour import Decision
from actors.events import MessageAcknowledged, MessageReceived, MessageSent, TimerEnded, TimerSet
from actors.group import reply_of
from actors.messages import AnyMessage, Message, RefusedReply, TimerFired, Undeliverable
from runtime.errors import InvariantBroken, invariant
from runtime.journal.contract import Committed, Fenced
from runtime.journal.frames import Record, decode_frame
from runtime.kernel.bounds import Bounds
from runtime.kernel.kind import GroupKind
from runtime.kernel.live import Live, from_snapshot
from runtime.kernel.timers import Timers
from runtime.kernel.turn import Turn
from runtime.kernel.words import (
    Acquired,
    CommitAnswered,
    Deliver,
    Faulted,
    Loaded,
    Lookup,
    Outgoing,
    Outputs,
    Post,
    Posted,
    Read,
    Taken,
    TooBusy,
    View,
    WrongOwner,
)

_encode_events = msgspec.msgpack.Encoder().encode
ASIDE_MS = 1_000
"""How long a group whose decision failed is left alone before its timers and open work are taken up again."""


class _Wake(msgspec.Struct, frozen=True):
    """Bring a group into memory so that its timers can fire; ``again``: what it has out goes out once more."""

    group: str
    again: bool


Mail = Deliver | Read | Post | Posted | _Wake


class Shard:
    """The kernel of one shard, owned under one epoch."""

    def __init__(self, acquired: Acquired, kinds: dict[str, GroupKind], bounds: Bounds) -> None:
        self.number = acquired.shard
        self.epoch = acquired.epoch
        self.position = acquired.position
        self.kinds = kinds
        self.bounds = bounds
        self.mailbox: deque[Mail] = deque()
        self.groups: OrderedDict[str, Live] = OrderedDict()
        """Groups in memory, the one idle longest first."""
        self.tail: dict[str, list[tuple[int, Record]]] = {}
        """Records read at recovery of groups that no message has touched since."""
        self.aside: dict[str, Live] = {}
        """Groups whose decision failed, as they were: to be read again from the journal."""
        self.unsnapshotted: OrderedDict[str, int] = OrderedDict()
        """Living groups by the oldest frame that no snapshot covers; the first of them bounds recovery."""
        self.parked: dict[str, list[Mail]] = {}
        self.parked_messages = 0
        self.unreadable: set[str] = set()
        """Groups that what the journal has of them does not make; each message asks it again."""
        self.timers = Timers()
        self.wake: deque[_Wake] = deque()
        self.turn: Turn | None = None
        self.commits = 0
        for position, data in acquired.tail:
            frame = decode_frame(data)
            for record in frame.records:
                self.tail.setdefault(record.group, []).append((position, record))
                self.unsnapshotted.setdefault(record.group, position)
            for group in frame.settled:
                self.tail.pop(group, None)
                self.unsnapshotted.pop(group, None)
        self.indexed_due = dict(acquired.due)
        self.indexed_open = set(acquired.open)
        for group, due in acquired.due:
            self.timers.at(group, due)
        self.wake.extend(_Wake(group, True) for group in acquired.open)

    # -- what comes in ------------------------------------------------------------------------------------------

    def take(self, message: Deliver | Read | Post | Posted, outputs: Outputs) -> None:
        """Put a message in the mailbox, or say at once why not."""
        if message.epoch != self.epoch:
            if not isinstance(message, Posted):
                outputs.answers.append((message.token, WrongOwner(self.number)))
        elif message.group[:1] not in self.kinds:
            self._refuse_stranger(message, outputs)
        elif self._full and isinstance(message, Deliver) and message.token is not None:
            # Answers of targets come in whatever the load: they are as many as went out, and make room.
            outputs.answers.append((message.token, TooBusy(self.number)))
        else:
            self.mailbox.append(message)

    @property
    def _full(self) -> bool:
        return len(self.mailbox) + self.parked_messages >= self.bounds.mailbox

    def _refuse_stranger(self, message: Deliver | Read | Post | Posted, outputs: Outputs) -> None:
        """An id of no kind we know: there is no such group, and never was."""
        if isinstance(message, Read):
            outputs.answers.append((message.token, View(None)))
        elif isinstance(message, Post):
            outputs.answers.append((message.token, Taken(message.sequence, taken=False)))
        elif isinstance(message, Deliver):
            reply = RefusedReply("unknownOrder", f"there is no order {message.group}")
            outputs.answers.append((message.token, reply))

    def loaded(self, answer: Loaded, outputs: Outputs) -> None:
        """Build a group from what the journal has and let its parked messages go on."""
        group = answer.group
        if answer.epoch != self.epoch or group not in self.parked:
            return
        messages = self.parked.pop(group)
        self.parked_messages -= len(messages)
        try:
            live = self._restored(answer)
        except Exception as fault:
            # One group that cannot be read must not take its shard with it.
            self.unreadable.add(group)
            outputs.faults.append((group, f"{type(fault).__name__}: {fault}"))
            for message in messages:
                if isinstance(message, Deliver | Read | Post):
                    outputs.answers.append((message.token, Faulted(group)))
            return
        self.unreadable.discard(group)
        self.groups[group] = live
        if live.first:
            self.unsnapshotted.setdefault(group, live.first)
        if live.mail.timers and not live.ended:
            self.timers.at(group, min(live.mail.timers.values()))
        self.mailbox.extendleft(reversed(messages))

    def _restored(self, answer: Loaded) -> Live:
        if answer.fault:
            raise InvariantBroken(answer.fault)
        group, kind = answer.group, self.kinds[answer.group[:1]]
        records = [
            (position, record)
            for position, data in answer.frames
            for record in decode_frame(data).records
            if record.group == group
        ]
        records += self.tail.get(group, [])
        live = Live(group, kind) if answer.snapshot is None else from_snapshot(group, kind, answer.snapshot)
        for position, record in records:
            live.fold_record(position, record)
        if live.ended:
            live.first = 0
        self.tail.pop(group, None)
        before = self.aside.pop(group, None)
        if before is not None:
            live.index, live.due, live.opened = before.index, before.due, before.opened
            # What was out when the decision failed may have been answered to a group that was not there.
            self.wake.append(_Wake(group, True))
        else:
            if live.state is not None:
                live.index = kind.index(live.state)
            live.due = self.indexed_due.pop(group, 0)
            live.opened = group in self.indexed_open
            self.indexed_open.discard(group)
        return live

    # -- the turn -----------------------------------------------------------------------------------------------

    def step(self, now: int, outputs: Outputs) -> None:
        """Take a turn if no commit is under way; ``now`` in ms since 1970 UTC."""
        if self.turn is not None:
            return
        self._fire(now)
        for _ in range(min(len(self.wake), self.bounds.turn_messages)):
            self.mailbox.append(self.wake.popleft())
        turn = Turn()
        handled = 0
        while self.mailbox and handled < self.bounds.turn_messages:
            message = self.mailbox.popleft()
            live = self.groups.get(message.group)
            if live is None:
                self._park(message, outputs)
                continue
            handled += 1
            live.used = now
            self.groups.move_to_end(message.group)
            self._handle(turn, live, message, max(now, live.at), outputs)
        self._save(turn, now)
        self._close(turn, now, outputs)

    def _park(self, message: Mail, outputs: Outputs) -> None:
        group = message.group
        self.parked_messages += 1
        if group in self.parked:
            self.parked[group].append(message)
            return
        self.parked[group] = [message]
        tail = self.tail.get(group)
        if tail is not None and tail[0][1].sequence == 1:
            self.loaded(Loaded(self.number, self.epoch, group), outputs)
            return
        before = self.aside.get(group)
        positions = tuple(before.positions) if before is not None else ()
        outputs.lookups.append(Lookup(self.number, self.epoch, group, positions))

    def _handle(self, turn: Turn, live: Live, message: Mail, now: int, outputs: Outputs) -> None:
        if isinstance(message, Read):
            turn.outputs.answers.append((message.token, View(live.encoded_state())))
            turn.handled.append(message)
            return
        try:
            self._decided(turn, live, message, now)
            turn.handled.append(message)
        except Exception as bug:
            self._set_aside(turn, live, message, bug, now, outputs)

    def _decided(self, turn: Turn, live: Live, message: Mail, now: int) -> None:
        if isinstance(message, Deliver):
            if isinstance(message.message, TimerFired) and not self._is_due(live, message.message.key, now):
                return
            decision = self._decide(live, message.message, now)
            self._book(turn, live, decision, now, message.by)
            if message.token is not None:
                turn.outputs.answers.append((message.token, reply_of(decision)))
        elif isinstance(message, Post):
            self._post(turn, live, message, now)
        elif isinstance(message, Posted):
            self._posted(turn, live, message, now)
        elif isinstance(message, _Wake) and message.again:
            self._send_again(turn, live)

    def _set_aside(
        self, turn: Turn, live: Live, message: Mail, bug: Exception, now: int, outputs: Outputs
    ) -> None:
        """A decision failed: the state in memory may be half folded, so the group is read again from the journal.

        What it decided earlier in this turn rests on that state, too: it is undone as if it had never been, and those
        messages are decided again.
        """
        group = live.group
        turn.outputs.faults.append((group, f"{type(bug).__name__}: {bug}"))
        again = turn.undo(group)
        if isinstance(message, Deliver | Read | Post) and message.token is not None:
            turn.outputs.answers.append((message.token, Faulted(group)))
        live.positions = [position for position in live.positions if position <= self.position]
        del self.groups[group]
        self.aside[group] = live
        self.timers.at(group, now + ASIDE_MS)
        for earlier in again:
            self._park(earlier, outputs)

    @staticmethod
    def _decide(live: Live, message: Message, now: int) -> Decision:
        live.state, decision = live.kind.handle(live.group, live.state, message, now)
        if isinstance(message, TimerFired) and all(key != message.key for key, _ in decision.timers):
            decision.timers = [(message.key, None), *decision.timers]
        return decision

    def _book(self, turn: Turn, live: Live, decision: Decision, now: int, by: str) -> None:
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
            self._out(turn, live, to, sent.sequence, message)
        if not events:
            return
        body = _encode_events(events)
        live.committed_at(self.position + 1, now, len(body))
        turn.records.append(Record(live.group, live.sequence, now, by, msgspec.Raw(body)))
        turn.facts[live.group] = turn.facts.get(live.group, 0) + len(events)
        turn.touched[live.group] = live
        for key in decision.dispatch:
            dispatch = live.kind.dispatch(live.state, key)
            turn.outputs.dispatches.append((self.number, self.epoch, live.group, dispatch))

    # -- other groups -------------------------------------------------------------------------------------------

    def _post(self, turn: Turn, live: Live, message: Post, now: int) -> None:
        """Decide another group's message once: repeated ones are acknowledged, those after a gap wait."""
        seen = max(live.mail.received.get(message.sender, 0), message.after)
        if message.sequence <= seen:
            turn.outputs.answers.append((message.token, Taken(message.sequence)))
            return
        if message.sequence > seen + 1:
            turn.outputs.answers.append((message.token, TooBusy(self.number)))
            return
        if live.state is None:
            turn.outputs.answers.append((message.token, Taken(message.sequence, taken=False)))
            return
        decision = self._decide(live, message.message, now)
        received = MessageReceived(message.sender, message.sequence)
        live.mail.fold(received)
        decision.events = [received, *decision.events]
        self._book(turn, live, decision, now, message.sender)
        turn.outputs.answers.append((message.token, Taken(message.sequence)))

    def _posted(self, turn: Turn, live: Live, message: Posted, now: int) -> None:
        if message.sequence not in live.mail.outbox.get(message.to, ()):
            return
        acknowledged = MessageAcknowledged(message.to, message.sequence)
        decision = Decision() if message.taken else self._decide(live, Undeliverable(message.to), now)
        live.mail.fold(acknowledged)
        decision.events = [acknowledged, *decision.events]
        self._book(turn, live, decision, now, "")
        if not message.taken:
            # What was sent behind it must no longer wait for it.
            for sequence, later in live.mail.outbox.get(message.to, {}).items():
                self._out(turn, live, message.to, sequence, later)

    def _send_again(self, turn: Turn, live: Live) -> None:
        """After a recovery: everything that is out goes out again, under the keys it had."""
        if live.state is None:
            return
        for key in live.kind.open_work(live.state):
            dispatch = live.kind.dispatch(live.state, key)
            turn.outputs.dispatches.append((self.number, self.epoch, live.group, dispatch))
        for to, messages in live.mail.outbox.items():
            for sequence, message in messages.items():
                self._out(turn, live, to, sequence, message)

    def _out(self, turn: Turn, live: Live, to: str, sequence: int, message: AnyMessage) -> None:
        after = min(live.mail.outbox[to]) - 1
        turn.outputs.outgoing.append(
            Outgoing(self.number, self.epoch, live.group, sequence, to, message, after)
        )

    # -- timers -------------------------------------------------------------------------------------------------

    def _fire(self, now: int) -> None:
        for group in self.timers.ripe(now):
            live = self.groups.get(group)
            if live is None:
                self.mailbox.append(_Wake(group, False))
                continue
            timers = live.mail.timers
            for key in sorted(key for key, due in timers.items() if due <= now):
                self.mailbox.append(Deliver(self.number, self.epoch, group, TimerFired(key), None))
            later = min((due for due in timers.values() if due > now), default=None)
            if later is not None:
                self.timers.at(group, later)

    @staticmethod
    def _is_due(live: Live, key: str, now: int) -> bool:
        due = live.mail.timers.get(key)
        return due is not None and due <= now and not live.ended

    def next_due(self) -> int | None:
        """When the shard must be stepped at the latest, in ms since 1970 UTC."""
        return self.timers.next()

    @property
    def busy(self) -> bool:
        """Whether a step would do anything now, timers apart."""
        return self.turn is None and bool(self.mailbox or self.wake)

    # -- snapshots and the commit -------------------------------------------------------------------------------

    def _save(self, turn: Turn, now: int) -> None:
        """Choose the groups that are snapshotted with this turn, and those that leave memory after it."""
        bounds = self.bounds
        for live in turn.touched.values():
            if live.record_bytes > max(bounds.snapshot_bytes, live.snapshot_bytes) and not live.ended:
                turn.saved[live.group] = live
        leaving = len(self.groups) - bounds.groups
        for group, live in self.groups.items():
            if group in turn.touched or len(turn.dropped) >= bounds.passivate_per_turn:
                break
            if leaving <= len(turn.dropped) and live.used + bounds.idle_ms > now:
                break
            turn.dropped.append(group)
            if live.first:
                turn.saved[group] = live
        oldest = self.position - bounds.recovery_frames
        for group, first in self.unsnapshotted.items():
            if first > oldest or len(turn.saved) >= bounds.passivate_per_turn:
                break
            lagging = self.groups.get(group)
            if lagging is None:
                if group not in self.parked and group not in self.unreadable:
                    self.wake.append(_Wake(group, False))
            elif not lagging.ended:
                turn.saved[group] = lagging

    def _close(self, turn: Turn, now: int, outputs: Outputs) -> None:
        if turn.empty:
            self._leave(turn, outputs)
            return
        for group, live in turn.touched.items():
            if live.ended:
                self.unsnapshotted.pop(group, None)
            elif group not in turn.saved:
                self.unsnapshotted.setdefault(group, live.first)
        for group in turn.saved:
            self.unsnapshotted.pop(group, None)
        after = self.position + (1 if turn.records else 0)
        self.commits += 1
        commit = turn.close(
            shard=self.number,
            epoch=self.epoch,
            position=self.position,
            number=self.commits,
            now=now,
            recovery=next(iter(self.unsnapshotted.values()), after + 1) - 1,
        )
        self.turn = turn
        outputs.commits.append(commit)

    def answered(self, answer: CommitAnswered, outputs: Outputs) -> bool:
        """Take the verdict on the commit under way. False: the shard is lost and must be given up.

        A commit in doubt is asked for again, unchanged, until there is a verdict.
        """
        turn = self.turn
        if turn is None or answer.epoch != self.epoch:
            return True
        assert turn.commit is not None
        verdict = answer.verdict
        if isinstance(verdict, Fenced):
            return False
        if not isinstance(verdict, Committed):
            outputs.commits.append(turn.commit)
            return True
        expected = turn.commit.expected + (1 if turn.records else 0)
        invariant(
            verdict.position == expected, f"shard {self.number} is at {verdict.position}, not {expected}"
        )
        self.position = verdict.position
        self.turn = None
        for live in turn.saved.values():
            live.first = 0
            live.record_bytes = 0
        for group, live in turn.touched.items():
            if live.ended:
                self.groups.pop(group, None)
                self.timers.forget(group)
                created, _ = live.index
                turn.outputs.ended.append((group, live.kind.final_state(live.state), created, live.at))
        self._leave(turn, outputs)
        return True

    def _leave(self, turn: Turn, outputs: Outputs) -> None:
        for group in turn.dropped:
            live = self.groups.pop(group)
            # What the indexes say of it stays known: when it comes back, it must know what to take out of them.
            if live.due:
                self.indexed_due[group] = live.due
            if live.opened:
                self.indexed_open.add(group)
        held = turn.outputs
        outputs.answers += held.answers
        outputs.dispatches += held.dispatches
        outputs.outgoing += held.outgoing
        outputs.ended += held.ended
        outputs.faults += held.faults
        outputs.records += len(turn.records)
        outputs.events += sum(turn.facts.values())

    def give_up(self, outputs: Outputs) -> None:
        """Tell everyone who waits here that the shard is gone. What was committed stands; the rest never was."""
        waiting = [*self.mailbox, *(message for parked in self.parked.values() for message in parked)]
        for message in waiting:
            if isinstance(message, Deliver | Read | Post) and message.token is not None:
                outputs.answers.append((message.token, WrongOwner(self.number)))
        if self.turn is not None:
            for token, _ in self.turn.outputs.answers:
                outputs.answers.append((token, WrongOwner(self.number)))
        outputs.lost.append(self.number)
