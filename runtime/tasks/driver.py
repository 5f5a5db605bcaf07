"""Drives one handler's conversation with its target.

The handler says what to call; the driver finds the way: it enters the target's gate, makes the call, waits out
failures that pass by themselves, and brings back an answer the handler can decide on. As long as nothing has to be
waited for it runs as a plain function; only then does it become a coroutine.

::

    no answer, 408, 425, 5xx      again after a back-off with jitter; after ``retries`` in a row the handler is told
    429, 503 with Retry-After     the whole target pauses as long as it asked; no retry is spent
    breaker open                  wait; no retry is spent, neither by the probe that finds it still broken; whoever
                                  dispatched is told before ``until``, so that no attempt of theirs is spent either
    ``until`` has passed          the conversation ends without an outcome; whoever dispatched decides what that means
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Generator
from email.utils import parsedate_to_datetime

from runtime.tasks.handlers import NO_ANSWER, Answer, Call, Outcome, Task
from runtime.tasks.targets import Target
from runtime.tasks.transport import NoAnswer, Request
from runtime.tasks.world import World

OVERDUE_GRACE_S = 1.0
"""How long a conversation outlives its deadline, so that the next dispatch of the key finds it and goes on with it."""
NOTICE_S = 1.0
"""How long before its deadline a conversation says that it waits for the gate (at half time, if that is later)."""
RETRY_AFTER_S_MAX = 300.0
"""A longer Retry-After is cut to this: it comes from the other side and may be a mistake."""
PASSING = frozenset((NO_ANSWER, 408, 425, 429, 500, 502, 503, 504))


class Drive:
    """One conversation. ``attempt``, ``epoch`` and ``deadline`` may be renewed while it goes on."""

    __slots__ = (
        "_call",
        "_flow",
        "_priority",
        "_under_way",
        "attempt",
        "deadline",
        "epoch",
        "notice_at",
        "notify",
        "pause_until",
        "spent",
        "target",
        "world",
    )

    def __init__(
        self, target: Target, task: Task, *, attempt: int, epoch: int, deadline: float, world: World
    ) -> None:
        self.target = target
        self.attempt = attempt
        self.epoch = epoch
        self.deadline = deadline
        """Seconds of ``world.clock``."""
        self.world = world
        self.notify: Callable[[str], None] = lambda reason: None
        """Told in one word why the target is left alone, when that will outlast the deadline."""
        self.notice_at: float | None = self._notice(deadline)
        self.spent = 0
        self.pause_until = 0.0
        self._flow: Generator[Call, Answer, Outcome] = target.handler(task)
        self._priority: int = task.request.get("priority", 0)
        self._call: Call | None = None
        self._under_way: Awaitable[Answer] | None = None

    def at_once(self) -> Outcome | None:
        """Go as far as possible without waiting. None: the rest takes time, go on with :meth:`rest`."""
        target, flow = self.target, self._flow
        gate = target.gate
        try:
            call = flow.send(None)  # type: ignore[arg-type]  # the protocol of generators: the first send is None
            while True:
                self._call = call
                if call.after_s:
                    self.pause_until = self.world.clock() + call.after_s
                    return None
                if not gate.enter():
                    return None
                came = self._send(call)
                if type(came) is not Answer:
                    self._under_way = came  # type: ignore[assignment]  # the other half of the union
                    return None
                if came.status in PASSING or came.status >= 500:
                    if self._left(came):
                        return None
                else:
                    gate.leave(True)
                call = flow.send(came)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome

    async def rest(self) -> Outcome | None:
        """Go on to the end. None: ``until`` passed without an outcome."""
        try:
            while True:
                answer = await self._answered()
                if answer is None:
                    self._flow.close()
                    return None
                call = self._call = self._flow.send(answer)
                if call.after_s:
                    self.pause_until = self.world.clock() + call.after_s
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome

    def renew(self, *, attempt: int, epoch: int, deadline: float) -> None:
        """The same key was dispatched again: go on under the new dispatch."""
        if attempt != self.attempt:
            self.spent = 0
        self.attempt = attempt
        self.epoch = epoch
        if deadline > self.deadline:
            self.deadline = deadline
            self.notice_at = self._notice(deadline)

    def abandon(self) -> None:
        """Let go of everything without an outcome; only between :meth:`at_once` and :meth:`rest`."""
        came, self._under_way = self._under_way, None
        if came is not None:
            if isinstance(came, Coroutine):
                came.close()
            self.target.gate.leave(None)
        self._flow.close()

    async def _answered(self) -> Answer | None:
        """The answer to the current call that the handler is to see."""
        call = self._call
        assert call is not None
        while True:
            came: Answer | Awaitable[Answer] | None = self._under_way
            if came is None:
                if not await self._entered():
                    return None
                came = self._send(call)
            self._under_way = None
            answer = came if isinstance(came, Answer) else await self._received(call, came)
            if not self._left(answer):
                return answer

    def _send(self, call: Call) -> Answer | Awaitable[Answer]:
        try:
            return self.target.transport(
                Request(call.method, call.path, call.body, call.key, self.attempt, self.epoch)
            )
        except NoAnswer as lost:
            return Answer(NO_ANSWER, str(lost))
        except BaseException:
            self.target.gate.leave(None)
            raise

    async def _received(self, call: Call, came: Awaitable[Answer]) -> Answer:
        timeout_s = call.timeout_s or self.target.timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                return await came
        except TimeoutError:
            return Answer(NO_ANSWER, f"no answer in {timeout_s:g} s")
        except NoAnswer as lost:
            return Answer(NO_ANSWER, str(lost))
        except BaseException:
            self.target.gate.leave(None)
            raise

    def _left(self, answer: Answer) -> bool:
        """Leave the gate with this answer. True: it passes by itself, make the call again after ``pause_until``."""
        gate = self.target.gate
        status = answer.status
        probe = not gate.breaker.closed
        asked = answer.headers.get("retry-after") if status in (429, 503) else None
        if asked is not None:
            # A target that says when to come back works. Paused before leaving, so that nobody slips in.
            gate.pause(self._pause_asked(asked))
            gate.leave(True)
            return True
        gate.leave(status != NO_ANSWER and (status < 500 or status == 501))
        if status not in PASSING:
            self.spent = 0
            return False
        if not probe:
            self.spent += 1
            if self.spent > self.target.retries:
                return False
        pause = min(self.target.back_off_s * 2.0 ** min(self.spent, 30), self.target.back_off_s_max)
        self.pause_until = self.world.clock() + pause * (0.5 + self.world.chance() / 2)
        return True

    def _pause_asked(self, header: str) -> float:
        try:
            seconds = float(header)
        except ValueError:
            try:
                seconds = parsedate_to_datetime(header).timestamp() - self.world.wall_ms() / 1_000
            except ValueError:
                seconds = self.target.back_off_s_max
        return min(max(seconds, 0.01), RETRY_AFTER_S_MAX) if math.isfinite(seconds) else RETRY_AFTER_S_MAX

    async def _entered(self) -> bool:
        """Wait out the pause, then the gate. False: overdue."""
        clock = self.world.clock
        while (left := self.pause_until - clock()) > 0:
            if (to_end := self._to_end()) <= 0:
                return False
            await self.world.sleep(min(left, to_end, self._to_notice()))
        if self._to_end() <= 0:
            return False
        if self.target.gate.enter():
            return True
        turn = self.target.gate.queue(self._priority)
        try:
            while not turn.done():
                if (to_end := self._to_end()) <= 0:
                    return False
                await asyncio.wait((turn,), timeout=min(to_end, self._to_notice()))
            return not turn.cancelled()
        except BaseException:
            if turn.done() and not turn.cancelled():
                self.target.gate.leave(None)
            raise
        finally:
            turn.cancel()

    def _notice(self, deadline: float) -> float:
        return deadline - min(NOTICE_S, (deadline - self.world.clock()) / 2)

    def _to_notice(self) -> float:
        """Seconds until the notice is due, given now if it is; who is told once waits for the next deadline."""
        if self.notice_at is None:
            return math.inf
        if (left := self.notice_at - self.world.clock()) > 0:
            return left
        if reason := self.target.gate.reason:
            self.notice_at = None
            self.notify(reason)
        return math.inf

    def _to_end(self) -> float:
        return self.deadline + OVERDUE_GRACE_S - self.world.clock()
