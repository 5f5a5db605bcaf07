"""One shard's kernel: its mailbox, its turns and their commits. Deterministic; does no I/O.

A turn takes what has gathered while the last commit was under way, lets each group decide, and asks for one commit of
all their records. Nothing leaves before that commit is answered: answers, dispatches and sends wait in the turn.
At most one commit is under way.
"""

from collections import deque
from collections.abc import Callable

from actors.messages import RefusedReply, TimerFired
from catalog.refusals import UnknownCatalogVersion
from runtime.errors import invariant
from runtime.journal.contract import Committed, Fenced
from runtime.kernel.bounds import Bounds
from runtime.kernel.kind import GroupKind
from runtime.kernel.live import Live
from runtime.kernel.mailbox import Mail, Wake, turn_away
from runtime.kernel.memory import Memory
from runtime.kernel.recovery import Recovery
from runtime.kernel.timers import Timers
from runtime.kernel.turn import Turn
from runtime.kernel.words import (
    Acquired,
    CommitAnswered,
    Deliver,
    Faulted,
    Loaded,
    Outputs,
    Post,
    Posted,
    Read,
    Taken,
    TooBusy,
    View,
    WrongOwner,
)

ASIDE_MS = 1_000
"""How long a group whose decision failed is left alone before its timers and open work are taken up again."""


Enough = Callable[[], bool]


def never() -> bool:
    """No end but that of the bounds: for who has no clock."""
    return False


class Shard:
    """The kernel of one shard, owned under one epoch."""

    def __init__(self, acquired: Acquired, kinds: dict[str, GroupKind], bounds: Bounds) -> None:
        self.number = acquired.shard
        self.epoch = acquired.epoch
        self.position = acquired.position
        self.kinds = kinds
        self.bounds = bounds
        self.mailbox: deque[Mail] = deque()
        self.recovery = Recovery(acquired, kinds)
        self.memory = Memory(bounds, self.recovery.tail)
        self.groups = self.memory.groups
        self.timers = Timers()
        self.wake: deque[Wake] = deque()
        self.turn: Turn | None = None
        self.commits = 0
        self.frame_bytes = 0
        """Of the frames committed since this shard was acquired."""
        for group, due in acquired.due:
            self.timers.at(group, due)
        self.wake.extend(Wake(group, True) for group in acquired.open)

    # -- what comes in ------------------------------------------------------------------------------------------

    def take(self, message: Deliver | Read | Post | Posted, outputs: Outputs) -> None:
        """Put a message in the mailbox, or say at once why not."""
        if message.epoch != self.epoch:
            turn_away(message, WrongOwner(self.number), outputs)
        elif message.group[:1] not in self.kinds:
            self._refuse_stranger(message, outputs)
        elif self._full and isinstance(message, Deliver) and message.token is not None:
            # Answers of targets come in whatever the load: they are as many as went out, and make room.
            turn_away(message, TooBusy(self.number), outputs)
        elif message.group in self.groups:
            self.mailbox.append(message)
        else:
            # Asked for at once: the journal's answer may be there before the next turn.
            self._park(message, outputs)

    @property
    def _full(self) -> bool:
        return len(self.mailbox) + self.recovery.parked_messages >= self.bounds.mailbox

    @staticmethod
    def _refuse_stranger(message: Deliver | Read | Post | Posted, outputs: Outputs) -> None:
        """An id of no kind we know: there is no such group, and never was."""
        if isinstance(message, Read):
            turn_away(message, View(None), outputs)
        elif isinstance(message, Post):
            turn_away(message, Taken(message.sequence, taken=False), outputs)
        else:
            reply = RefusedReply("unknownOrder", f"there is no order {message.group}")
            turn_away(message, reply, outputs)

    def loaded(self, answer: Loaded, outputs: Outputs) -> bool:
        """Take a group into memory as the journal has it, and let its parked messages go on.

        False: the shard is lost and must be given up. Another owner has led the group on from where we stand: what we
        decided now would go behind records that we do not have.
        """
        group = answer.group
        if answer.epoch != self.epoch or group not in self.recovery.parked:
            return True
        messages = self.recovery.unpark(group)
        try:
            live = self.recovery.restored(answer)
        except Exception as fault:
            # One group that cannot be read must not take its shard with it.
            outputs.faults.append((group, f"{type(fault).__name__}: {fault}"))
            for message in messages:
                turn_away(message, Faulted(group), outputs)
            return True
        self.mailbox.extendleft(reversed(messages))
        if live.positions and live.positions[-1] > self.position:
            return False
        if self.recovery.aside.pop(group, None) is not None:
            # What was out when the decision failed may have been answered to a group that was not there.
            self.wake.append(Wake(group, True))
        self.memory.hold(live)
        if live.mail.timers and not live.ended:
            self.timers.at(group, min(live.mail.timers.values()))
        return True

    # -- the turn -----------------------------------------------------------------------------------------------

    def step(self, now: int, outputs: Outputs, wakes: int, enough: Enough = never) -> None:
        """Take a turn if no commit is under way; ``now`` in ms since 1970 UTC.

        :param wakes: how many groups it may wake in it, for their timers or their open work.
        :param enough: asked after each message: whether the turn takes no other.
        """
        if self.turn is not None:
            return
        if self.timers.due(now):
            wakes -= self._fire(now, wakes)
        for _ in range(min(len(self.wake), wakes)):
            self.mailbox.append(self.wake.popleft())
        mailbox, groups = self.mailbox, self.groups
        if not mailbox and not self.memory.restless(self.position, now):
            return
        turn = Turn(self.number, self.epoch, self.position, self.timers)
        handled = 0
        while mailbox and handled < self.bounds.turn_messages:
            message = mailbox.popleft()
            live = groups.get(message.group)
            if live is None:
                self._park(message, outputs)
                continue
            handled += 1
            live.used = now
            groups.move_to_end(message.group)
            at = max(now, live.at)
            try:
                turn.decide(live, message, at)
            except UnknownCatalogVersion as missing:
                self._set_aside_for(missing.version, turn, live, message, outputs)
            except Exception as bug:
                self._set_aside(turn, live, message, bug, now, outputs)
            if enough():
                break
        for group in self.memory.choose(turn, now):
            if group not in self.recovery.parked and group not in self.recovery.unreadable:
                self.wake.append(Wake(group, False))
        self._close(turn, now, outputs)

    def _park(self, message: Mail, outputs: Outputs, catalog: str = "") -> None:
        wanted = self.recovery.park(message, catalog)
        if isinstance(wanted, Loaded):
            # Made from the tail, which ends where we stood when we took over: no later owner's records are in it.
            self.loaded(wanted, outputs)
        elif wanted is not None:
            outputs.lookups.append(wanted)

    def _set_aside(
        self, turn: Turn, live: Live, message: Mail, bug: Exception, now: int, outputs: Outputs
    ) -> None:
        """A decision failed: the state in memory may be half folded, so the group is read again from the journal.

        What it decided earlier in this turn rests on that state, too: it is undone as if it had never been, and those
        messages are decided again.
        """
        group = live.group
        turn.outputs.faults.append((group, f"{type(bug).__name__}: {bug}"))
        again = self._take_back(turn, live)
        turn_away(message, Faulted(group), turn.outputs)
        self.timers.at(group, now + ASIDE_MS)
        for earlier in again:
            self._park(earlier, outputs)

    def _set_aside_for(self, catalog: str, turn: Turn, live: Live, message: Mail, outputs: Outputs) -> None:
        """The group is pinned to a catalog version that is not here yet: it waits for it, and decides then."""
        for each in (*self._take_back(turn, live), message):
            self._park(each, outputs, catalog)

    def _take_back(self, turn: Turn, live: Live) -> list[Mail]:
        """Undo what a group decided in this turn, and let go of it; the messages that are to be decided again."""
        group = live.group
        again = turn.undo(group)
        live.positions = [position for position in live.positions if position <= self.position]
        del self.groups[group]
        self.recovery.aside[group] = live
        return again

    # -- timers -------------------------------------------------------------------------------------------------

    def _fire(self, now: int, most: int) -> int:
        groups = self.timers.ripe(now, most)
        for group in groups:
            live = self.groups.get(group)
            if live is None:
                self.mailbox.append(Wake(group, False))
                continue
            timers = live.mail.timers
            for key in sorted(key for key, due in timers.items() if due <= now):
                self.mailbox.append(Deliver(self.number, self.epoch, group, TimerFired(key), None))
            later = min((due for due in timers.values() if due > now), default=None)
            if later is not None:
                self.timers.at(group, later)
        return len(groups)

    def next_due(self) -> int | None:
        """When the shard must be stepped at the latest, in ms since 1970 UTC."""
        if self.turn is not None:
            return self.timers.next()
        return min(
            (due for due in (self.timers.next(), self.memory.next_idle()) if due is not None), default=None
        )

    @property
    def busy(self) -> bool:
        """Whether a step would do anything now, timers apart."""
        return self.turn is None and bool(self.mailbox or self.wake)

    @property
    def parked(self) -> dict[str, list[Mail]]:
        """Messages by the group that is being read for them."""
        return self.recovery.parked

    # -- the commit ---------------------------------------------------------------------------------------------

    def _close(self, turn: Turn, now: int, outputs: Outputs) -> None:
        if turn.empty:
            self._leave(turn, outputs)
            return
        self.commits += 1
        self.turn = turn
        outputs.commits.append(turn.close(number=self.commits, now=now, recovery=self.memory.cover(turn)))

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
        self.frame_bytes += len(turn.commit.frame)
        self.turn = None
        for live in turn.saved.values():
            live.first = 0
            live.record_bytes = 0
        for group, live in turn.touched.items():
            if live.ended:
                self.groups.pop(group, None)
                self.timers.forget(group)
                if live.kind.counts:
                    created, _ = live.index
                    turn.outputs.ended.append((group, live.kind.final_state(live.state), created, live.at))
        self._leave(turn, outputs)
        return True

    def _leave(self, turn: Turn, outputs: Outputs) -> None:
        for group in turn.dropped:
            self.recovery.left(self.groups.pop(group))
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
        elsewhere = WrongOwner(self.number)
        for message in (*self.mailbox, *(each for parked in self.parked.values() for each in parked)):
            turn_away(message, elsewhere, outputs)
        if self.turn is not None:
            outputs.answers += [(token, elsewhere) for token, _ in self.turn.outputs.answers]
        outputs.lost.append(self.number)
