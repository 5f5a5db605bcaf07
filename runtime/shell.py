"""The kernel's shell: one loop that feeds it, commits for it and lets go what is committed.

Every stage takes all that has gathered while its last batch was under way, so batches grow with the load by
themselves: no timers, no tuning. Wherever a shard lives (a Ray host, an order's own actor, one process in a test), it
lives in a shell.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import structlog

from actors.behaviour import Dispatch
from actors.messages import Accepted, AnyMessage, Done, TaskResult, TaskResults
from runtime.journal.contract import Commit, Fenced, InDoubt, Journal, Verdict
from runtime.kernel.bounds import Bounds
from runtime.kernel.kernel import Kernel
from runtime.kernel.kind import GroupKind
from runtime.kernel.words import (
    Acquired,
    Answer,
    CommitAnswered,
    Deliver,
    Input,
    NotNow,
    Outgoing,
    Outputs,
    Post,
    Posted,
    Read,
    Released,
    Taken,
    WrongOwner,
)
from runtime.limits import STEP_MS
from runtime.look_ups import RETRY_FIRST_S, RETRY_MAX_S, Bringer, LookUps, nowhere

log = structlog.get_logger()

Request = tuple[int, int, str, AnyMessage | None, str]
"""(shard, epoch, group, message, by); a message of None is a read."""
LOOK_UP_WAIT_S = 0.002
"""How long a turn waits for look-ups under way once its commit is answered: theirs come right behind it."""
JOURNAL_PATIENCE_S = 1.0
"""How long the journal may be silent before new requests are sent away at once instead of waiting with the others."""


class Listener:
    """Who is told what happens in a shell, for metrics. The default listens to nothing."""

    def committed(self, commits: int, records: int, seconds: float) -> None:
        """A pipeline of commits was answered."""

    def ended(self, group: str, state: str, cycle_ms: int) -> None:
        """A group came to its end."""

    def accepted(self, orders: int) -> None:
        """New orders became durable."""

    def transitions(self, events: int) -> None:
        """Facts became durable."""


class _Batch:
    """Requests that came in one call and are answered in one."""

    __slots__ = ("answers", "done", "left")

    def __init__(self, size: int) -> None:
        self.answers: list[Answer | None] = [None] * size
        self.left = size
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def answer(self, place: int, answer: Answer) -> None:
        if self.answers[place] is None:
            self.answers[place] = answer
            self.left -= 1
            if not self.left and not self.done.done():
                self.done.set_result(None)


Dispatcher = Callable[[list[tuple[int, int, str, Dispatch]]], None]
"""Takes committed (shard, epoch, group, dispatch) and sees that answers come back through :meth:`Shell.results`."""
Poster = Callable[[Outgoing], Awaitable[Answer]]
"""Delivers a committed message to another group, wherever it lives, and brings its answer."""


class Shell:
    """A kernel with its journal, executor and clock."""

    def __init__(
        self,
        name: str,
        journal: Journal,
        kinds: Iterable[GroupKind],
        *,
        dispatch: Dispatcher,
        post: Poster,
        bring: Bringer = nowhere,
        bounds: Bounds | None = None,
        lease_valid: Callable[[], bool] = lambda: True,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        listener: Listener | None = None,
        blocking: bool = False,
    ) -> None:
        self.name = name
        self.journal = journal
        self.kernel = Kernel(kinds, bounds)
        self.listener = listener or Listener()
        self._dispatch = dispatch
        self._post = post
        self._lease_valid = lease_valid
        self._wall_ms = wall_ms
        self._inbox: list[Input] = []
        self._in_doubt_since = 0.0
        self._committing = False
        self._look_ups = LookUps(name, journal, bring, self._take, self._put)
        self._step_until = 0.0
        self._looking: set[asyncio.Task[None]] = set()
        self._awake = asyncio.Event()
        self._turned: list[asyncio.Future[None]] = []
        self._loop: asyncio.Task[None] | None = None
        self._others: set[asyncio.Task[None]] = set()
        self._blocking = blocking
        """Whether decisions may block (they are made in other processes): then the kernel steps in a thread."""
        self._lost: Callable[[int], None] = lambda shard: None
        self.behind: dict[int, str] = {}
        """Shards whose journal has lost what it had acknowledged, with the sentence: nobody may go on from there."""

    # -- life ---------------------------------------------------------------------------------------------------

    def start(self, lost: Callable[[int], None] | None = None) -> None:
        """Run the loop. ``lost`` is told of shards that turned out to be another owner's."""
        if lost is not None:
            self._lost = lost
        self._loop = asyncio.create_task(self._turns(), name=f"turns of {self.name}")

    async def ended(self) -> None:
        """Wait until the loop has ended, whatever ended it; what it died of is logged."""
        if self._loop is not None:
            (fault,) = await asyncio.gather(self._loop, return_exceptions=True)
            log.error("turns ended", host=self.name, fault=repr(fault), exc_info=fault)

    async def stop(self) -> None:
        """End the loop where it stands; what was acknowledged is in the journal."""
        tasks = [task for task in (self._loop, *self._others) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def acquire(self, shard: int, *, epoch: int, coordinator: int = 0) -> Fenced | None:
        """Take a shard over under an epoch and recover it from the journal. Fenced: someone has a later epoch.

        :raises JournalAway: when the journal does not answer; nothing was recovered, it may be asked again.
        """
        state = await self.journal.acquire(shard, epoch=epoch, owner=self.name, coordinator=coordinator)
        if isinstance(state, Fenced):
            return state
        due = await self.journal.due(shard)
        opened = await self.journal.open_groups(shard)
        tail = [entry async for entry in self.journal.read(shard, after=state.recovery, up_to=state.position)]
        self._put(Acquired(shard, epoch, state.position, tail, due, opened))
        return None

    async def release(self, shard: int, *, epoch: int | None = None) -> None:
        """Give a shard up between two turns, once its commit under way is answered; what waits goes to its next owner.

        :param epoch: only if it is held under this one.
        """
        owned = self.kernel.shards.get(shard)
        if owned is None or (epoch is not None and owned.epoch != epoch):
            return
        self._put(Released(shard))
        while self.kernel.shards.get(shard) is owned:
            await self._after_turn()

    async def _after_turn(self) -> None:
        turned = asyncio.get_running_loop().create_future()
        self._turned.append(turned)
        self._awake.set()
        await turned

    # -- requests -----------------------------------------------------------------------------------------------

    async def ask(self, requests: Sequence[Request]) -> list[Answer]:
        """Deliver messages and reads; answered together once everything the answers rest on is durable.

        What rests on no commit of ours (reads, refusals, repetitions) counts only while the lease is valid after it
        was read; without it the asker is sent to the owner.
        """
        if not requests:
            return []
        if self._in_doubt_since and time.monotonic() - self._in_doubt_since > JOURNAL_PATIENCE_S:
            return [NotNow(request[0]) for request in requests]
        batch = _Batch(len(requests))
        inputs: list[Input] = []
        for place, (shard, epoch, group, message, by) in enumerate(requests):
            token = (batch, place)
            if message is None:
                inputs.append(Read(shard, epoch, group, token))
            else:
                inputs.append(Deliver(shard, epoch, group, message, token, by))
        self._take(inputs)
        await batch.done
        answers = [answer for answer in batch.answers if answer is not None]
        self.listener.accepted(sum(type(a) is Accepted and not a.duplicate for a in answers))
        if self._lease_valid():
            return answers
        return [
            answer if _rests_on_commit(answer) else WrongOwner(request[0])
            for answer, request in zip(answers, requests, strict=True)
        ]

    async def take_post(self, out: Outgoing, shard: int, epoch: int) -> Answer:
        """Take a message from another group's outbox."""
        batch = _Batch(1)
        self._put(Post(shard, epoch, out.to, out.sender, out.sequence, out.message, (batch, 0), out.after))
        await batch.done
        assert batch.answers[0] is not None
        return batch.answers[0]

    def results(self, results: Iterable[tuple[int, int, str, TaskResult]]) -> None:
        """Answers of targets, as (shard, epoch, order, result)."""
        together: dict[tuple[int, int, str], list[TaskResult]] = {}
        for shard, epoch, group, result in results:
            together.setdefault((shard, epoch, group), []).append(result)
        for (shard, epoch, group), mine in together.items():
            message = mine[0] if len(mine) == 1 else TaskResults(tuple(mine))
            self._inbox.append(Deliver(shard, epoch, group, message, None))
        self._awake.set()

    def _take(self, inputs: list[Input]) -> None:
        """Hand inputs to the kernel: at once while a commit is under way, so that what must be read is asked for."""
        if self._committing:
            self._release(self.kernel.step(inputs, self._wall_ms(), turns=False))
        else:
            self._inbox += inputs
        self._awake.set()

    def _put(self, entry: Input) -> None:
        self._inbox.append(entry)
        self._awake.set()

    # -- the loop -----------------------------------------------------------------------------------------------

    async def _turns(self) -> None:
        pause = RETRY_FIRST_S
        while True:
            if not (self._inbox or self.kernel.busy):
                await self._sleep_until_due()
            self._awake.clear()
            inbox, self._inbox = self._inbox, []
            began = time.monotonic()
            if self._blocking:
                outputs = await asyncio.to_thread(self.kernel.step, inbox, self._wall_ms())
            else:
                self._step_until = began + STEP_MS / 1000
                outputs = self.kernel.step(inbox, self._wall_ms(), enough=self._enough)
            self._release(outputs)
            took = time.monotonic() - began
            commits = outputs.commits
            while commits:
                self._committing = not self._blocking
                verdicts = await self._commit(commits)
                if self._looking:
                    await asyncio.wait(self._looking, timeout=LOOK_UP_WAIT_S)
                self._committing = False
                outputs = self.kernel.step(verdicts, self._wall_ms(), turns=False)
                self._release(outputs)
                commits = outputs.commits
                if commits:
                    self._in_doubt_since = self._in_doubt_since or time.monotonic()
                    # In doubt: the same commits again, unchanged, until there is a verdict.
                    log.warning("commit in doubt", host=self.name, shards=[c.shard for c in commits])
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, RETRY_MAX_S)
                else:
                    pause = RETRY_FIRST_S
                    self._in_doubt_since = 0.0
            turned, self._turned = self._turned, []
            for waiting in turned:
                if not waiting.done():
                    waiting.set_result(None)
            if not inbox and self.kernel.idle:
                # Groups are taken up again in the background: who starts or works beside us has as much of a core.
                with suppress(TimeoutError):
                    async with asyncio.timeout(took):
                        await self._awake.wait()

    def _enough(self) -> bool:
        return time.monotonic() > self._step_until

    async def _sleep_until_due(self) -> None:
        due = self.kernel.next_due()
        if due is None:
            await self._awake.wait()
            return
        seconds = max(0.0, (due - self._wall_ms()) / 1000)
        try:
            # A wall clock that is set back must not keep timers asleep for as long as it was wrong.
            async with asyncio.timeout(min(seconds, 1.0)):
                await self._awake.wait()
        except TimeoutError:
            return

    async def _commit(self, commits: list[Commit]) -> list[CommitAnswered]:
        began = time.perf_counter()
        verdicts: list[Verdict] = await self.journal.commit(commits)
        self.listener.committed(
            len(commits), sum(len(c.frame) > 0 for c in commits), time.perf_counter() - began
        )
        for commit, verdict in zip(commits, verdicts, strict=True):
            if isinstance(verdict, InDoubt):
                log.warning("no verdict", host=self.name, shard=commit.shard, reason=verdict.reason)
            elif isinstance(verdict, Fenced):
                log.warning("fenced", host=self.name, shard=commit.shard, reason=verdict.sentence)
                if verdict.epoch == commit.epoch and verdict.position < commit.expected:
                    self.behind[commit.shard] = verdict.sentence
        return [CommitAnswered(c.shard, c.epoch, v) for c, v in zip(commits, verdicts, strict=True)]

    def _release(self, outputs: Outputs) -> None:
        for token, answer in outputs.answers:
            if token is not None:
                batch, place = token
                batch.answer(place, answer)
        if outputs.dispatches:
            self._dispatch(outputs.dispatches)
        for out in outputs.outgoing:
            self._spawn(self._deliver(out))
        if outputs.lookups:
            looking = self._spawn(self._look_ups.answer(outputs.lookups))
            self._looking.add(looking)
            looking.add_done_callback(self._looking.discard)
        if outputs.events:
            self.listener.transitions(outputs.events)
        for group, state, created, ended in outputs.ended:
            self.listener.ended(group, state, ended - created)
        for group, fault in outputs.faults:
            log.error("decision failed, group set aside", host=self.name, group=group, fault=fault)
        for shard in outputs.lost:
            self._lost(shard)

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._others.add(task)
        task.add_done_callback(self._others.discard)
        return task

    async def _deliver(self, out: Outgoing) -> None:
        """Repeat until the receiver has decided the message; the outbox forgets it only then."""
        pause = RETRY_FIRST_S
        while out.shard in self.kernel.shards and self.kernel.shards[out.shard].epoch == out.epoch:
            try:
                answer: Answer | None = await self._post(out)
            except Exception as away:
                log.warning("post not delivered", host=self.name, to=out.to, reason=str(away))
                answer = None
            if isinstance(answer, Taken):
                self._put(Posted(out.shard, out.epoch, out.sender, out.to, out.sequence, answer.taken))
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY_MAX_S)


def _rests_on_commit(answer: Answer) -> bool:
    return type(answer) is Done or (type(answer) is Accepted and not answer.duplicate)
