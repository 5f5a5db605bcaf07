"""A host: a real kernel in a small synchronous shell, which does what the Ray host's shell does, in the same order."""

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from actors.messages import Accepted, Done, TaskResult
from runtime.journal.contract import Commit, Fenced, Verdict
from runtime.kernel.kernel import Kernel
from runtime.kernel.kind import GroupKind
from runtime.kernel.words import (
    Acquired,
    Answer,
    CommitAnswered,
    Deliver,
    Input,
    Outgoing,
    Outputs,
    Post,
    Posted,
    Read,
    Released,
    Taken,
    TooBusy,
    View,
    WrongOwner,
)
from runtime.simulation.asks import Ask

if TYPE_CHECKING:
    from runtime.simulation.cluster import Cluster

RETRY_MS = 20
RETRY_MAX_MS = 400
POST_TIMEOUT_MS = 300
POST_RETRY_MAX_MS = 10_000
"""Long: silence does not tell a lost message from one that waits in a full mailbox, which repeating makes fuller."""
SLEEP_MAX_MS = 1_000
"""A wall clock that is set back must not keep timers asleep for as long as it was wrong."""


class FlakyKind:
    """A kind of groups, with a bug that shows now and then, in the midst of a fold."""

    def __init__(self, kind: GroupKind, strikes: Callable[[], bool]) -> None:
        self._kind = kind
        self._strikes = strikes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kind, name)

    def handle(self, group: str, state: Any, message: Any, now: int) -> Any:
        """As the kind's own, or a fault once the state is half changed."""
        answer = self._kind.handle(group, state, message, now)
        if self._strikes():
            raise RuntimeError("a decision failed in the midst of its fold")
        return answer


class Host:
    """One process. What reaches it while it is stopped waits; what reaches it after its end is gone."""

    def __init__(self, cluster: "Cluster", name: str, draw: Random) -> None:
        self.name = name
        self.dead = False
        self.stopped = False
        self.cut = False
        self.committing = False
        self.clock_ms = 0
        """How far its wall clock is off."""
        self.lease_until = 0
        self._cluster = cluster
        self._draw = draw
        self._inbox: list[Input] = []
        self._frozen: list[Callable[[], None]] = []
        self._awake = False
        self._timer = 0
        self._half_done: Callable[[], bool] = lambda: False
        faults = cluster.storm.faults
        kinds: Sequence[Any] = cluster.kinds
        if faults.faulty_decision:
            kinds = [FlakyKind(kind, lambda: cluster.storm.strikes(faults.faulty_decision)) for kind in kinds]
        self.kernel = Kernel(kinds, cluster.world.bounds)
        self._renew()

    # -- being a process ------------------------------------------------------------------------------------------

    def run(self, call: Callable[[], None]) -> None:
        """Let something happen in this process: now, when it wakes, or never."""
        if self.dead:
            return
        if self.stopped:
            self._frozen.append(call)
        else:
            call()

    def after(self, delay_ms: int, call: Callable[[], None]) -> None:
        """Let something happen in this process in a while."""
        self._cluster.schedule.after(delay_ms, lambda: self.run(call))

    def note(self, what: str) -> None:
        """Into the trace."""
        self._cluster.trace.note(self.name, what)

    def wall(self) -> int:
        """What its wall clock shows."""
        return self._cluster.schedule.now + self.clock_ms

    def crash(self, why: str) -> None:
        """Its memory is gone, whatever it was about to do."""
        if not self.dead:
            self.note(f"crashes {why}")
            self.dead = True
            self._cluster.replace(self)

    def stop(self) -> None:
        """SIGSTOP."""
        if not self.stopped:
            self.note("stops")
            self.stopped = True

    def wake(self) -> None:
        """SIGCONT: everything that waited happens at once, in the order in which it came."""
        if self.stopped and not self.dead:
            self.note("wakes")
            self.stopped = False
            frozen, self._frozen = self._frozen, []
            for call in frozen:
                self.run(call)

    # -- the lease ------------------------------------------------------------------------------------------------

    @property
    def lease_valid(self) -> bool:
        """Whether it may answer from memory. Leases count in the world's time, which no clock step touches."""
        return self._cluster.schedule.now < self.lease_until

    def _renew(self) -> None:
        sent = self._cluster.schedule.now
        world = self._cluster.world

        def answered(member: bool) -> None:
            if not member:
                self.crash("because it was declared gone")
            else:
                self.lease_until = max(self.lease_until, sent + world.lease_ms)

        if not self.cut:
            self._cluster.renew(self, lambda member: self.run(lambda: answered(member)))
        self.after(world.renewal_ms, self._renew)

    # -- what others ask ------------------------------------------------------------------------------------------

    def ask(self, ask: Ask, epoch: int) -> None:
        """A message or a read from a gateway."""
        if ask.message is None:
            self._put(Read(ask.shard, epoch, ask.group, ask))
        else:
            self._put(Deliver(ask.shard, epoch, ask.group, ask.message, ask, "client"))

    def results(self, shard: int, epoch: int, group: str, result: TaskResult) -> None:
        """The answer of a target."""
        self._put(Deliver(shard, epoch, group, result, None, result.task))

    def take_post(self, out: Outgoing, shard: int, epoch: int, answer: Callable[[Answer], None]) -> None:
        """A message from another group's outbox."""

        def leave(answered: Answer) -> None:
            self._cluster.judge.taken(out, answered)
            answer(answered)

        self._put(Post(shard, epoch, out.to, out.sender, out.sequence, out.message, leave, out.after))

    def acquire(
        self, shard: int, epoch: int, coordinator: int, answer: Callable[[Fenced | None], None]
    ) -> None:
        """Take a shard over and recover it."""

        def acquired(found: Acquired | Fenced) -> None:
            if isinstance(found, Acquired):
                self.note(f"owns shard {shard} under {epoch}, {len(found.tail)} frames to read")
                self._put(found)
                answer(None)
            else:
                answer(found)

        self._cluster.disk.acquire(
            self.name, shard, epoch, coordinator, lambda found: self.run(lambda: acquired(found))
        )

    def release(self, shard: int, answer: Callable[[], None]) -> None:
        """Drain a shard and give it up."""
        owned = self.kernel.shards.get(shard)

        def drained() -> None:
            if owned is not None and self.kernel.shards.get(shard) is owned and (owned.turn or owned.mailbox):
                self.after(2, drained)
                return
            self.note(f"gives up shard {shard}")
            self._put(Released(shard))
            answer()

        drained()

    def _put(self, entry: Input) -> None:
        self._inbox.append(entry)
        self._rouse()

    # -- the loop -------------------------------------------------------------------------------------------------

    def _rouse(self, delay_ms: int = 0) -> None:
        if not self._awake and not self.committing:
            self._awake = True
            self.after(delay_ms, self._turn)

    def _turn(self) -> None:
        self._awake = False
        if self.committing:
            return
        if self._cluster.world.replay_always:
            # A step with nothing to handle between any two messages: everyone leaves memory.
            taken, self._inbox = self._inbox[:1], self._inbox[1:]
            if taken and self._step([]):
                self._inbox[:0] = taken
                return
        else:
            taken, self._inbox = self._inbox, []
        if self._step(taken) or self.dead:
            return
        if self._inbox or self.kernel.busy:
            self._rouse(1)
        else:
            self._sleep_until_due()

    def _step(self, taken: list[Input]) -> bool:
        """One step of the kernel; whether it is now waiting for a commit."""
        outputs = self.kernel.step(taken, self.wall())
        self._release(outputs)
        if self.dead:
            return True
        if outputs.commits:
            self.committing = True
            self._commit(outputs.commits, RETRY_MS)
            return True
        return False

    def _sleep_until_due(self) -> None:
        due = self.kernel.next_due()
        if due is None:
            return
        self._timer += 1
        timer = self._timer

        def ring() -> None:
            if timer == self._timer:
                self._rouse()

        self.after(min(max(1, due - self.wall()), SLEEP_MAX_MS), ring)

    def _commit(self, commits: list[Commit], pause: int) -> None:
        def answered(verdicts: list[Verdict]) -> None:
            told = [
                CommitAnswered(commit.shard, commit.epoch, verdict)
                for commit, verdict in zip(commits, verdicts, strict=True)
            ]
            outputs = self.kernel.step(told, self.wall(), turns=False)
            self._release(outputs)
            if self.dead:
                return
            if outputs.commits:
                self.after(pause, lambda: self._commit(outputs.commits, min(pause * 2, RETRY_MAX_MS)))
                return
            self.committing = False
            self._rouse()

        self._cluster.disk.commit(self.name, commits, lambda verdicts: self.run(lambda: answered(verdicts)))
        if self._cluster.storm.strikes(self._cluster.storm.faults.crash_in_commit):
            self.after(
                self._draw.randint(0, 2 * self._cluster.world.disk_ms), lambda: self.crash("in a commit")
            )

    # -- what leaves ----------------------------------------------------------------------------------------------

    def _release(self, outputs: Outputs) -> None:
        """Let go what rests on the journal; a crash may come between any two of these."""
        cluster, strikes = self._cluster, self._cluster.storm.strikes
        chance = cluster.storm.faults.crash_in_release
        leaving: list[Callable[[], None]] = []
        for token, answer in outputs.answers:
            if token is not None:
                leaving.append(partial(self._answer, token, answer))
        for shard, epoch, group, dispatch in outputs.dispatches:
            leaving.append(partial(self._dispatch, shard, epoch, group, dispatch))
        for out in outputs.outgoing:
            leaving.append(partial(self._deliver, out, RETRY_MS))
        for call in leaving:
            if strikes(chance):
                self.crash("with half of its turn's answers sent")
                return
            call()
        for asked in outputs.lookups:
            cluster.disk.lookup(asked, lambda found: self.run(lambda: self._put(found)))
        for group, fault in outputs.faults:
            self.note(f"sets {group} aside: {fault}")
        for shard in outputs.lost:
            self.note(f"has lost shard {shard}")

    def _answer(self, token: Any, answer: Answer) -> None:
        if not isinstance(token, Ask):
            # Whether there is such a group is as much a read as any other.
            stale = isinstance(answer, Taken) and not answer.taken and not self.lease_valid
            token(TooBusy(-1) if stale else answer)
            return
        if not self.lease_valid and not _rests_on_commit(answer):
            answer = WrongOwner(token.shard)
        self.note(f"answers {token!r}: {spoken(answer)}")
        self._cluster.judge.left(token, answer)
        self._cluster.network.send(lambda: token.answer(answer))

    def _dispatch(self, shard: int, epoch: int, group: str, dispatch: Any) -> None:
        self.note(f"dispatches {group} {dispatch.task}/{dispatch.generation} attempt {dispatch.attempt}")
        self._cluster.judge.dispatched(group, dispatch)

        def answer(shard: int, epoch: int, group: str, result: TaskResult) -> None:
            self.run(lambda: self.results(shard, epoch, group, result))

        element = self._cluster.element
        self._cluster.network.send(lambda: element.dispatch(shard, epoch, group, dispatch, answer))

    def _deliver(self, out: Outgoing, pause: int) -> None:
        """Repeat until the receiver has decided the message; the outbox forgets it only then."""
        owned = self.kernel.shards.get(out.shard)
        if owned is None or owned.epoch != out.epoch:
            return
        self.note(f"sends {out.sequence} of {out.sender} to {out.to}")
        self._cluster.judge.sent(out)
        heard = False

        def again() -> None:
            nonlocal heard
            if not heard:
                heard = True
                self._deliver(out, min(pause * 2, POST_RETRY_MAX_MS))

        def answered(answer: Answer) -> None:
            nonlocal heard
            if isinstance(answer, Taken):
                heard = True
                self._put(Posted(out.shard, out.epoch, out.sender, out.to, out.sequence, answer.taken))

        self._cluster.post(out, lambda answer: self.run(lambda: answered(answer)))
        self.after(POST_TIMEOUT_MS + pause, again)


def _rests_on_commit(answer: Answer) -> bool:
    return type(answer) is Done or (type(answer) is Accepted and not answer.duplicate)


def spoken(answer: Answer) -> str:
    """An answer for the trace."""
    if isinstance(answer, View):
        return "no such order" if answer.state is None else f"{len(answer.state)} bytes"
    return repr(answer)
