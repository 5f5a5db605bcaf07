"""A network element with a ledger of its own, outside everything that is killed.

It keeps its part of the bargain: an effect is applied once for its key (order, task, generation), and asked again it
answers as the first time. What it is asked is the judge's business.
"""

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from actors.behaviour import Dispatch
from actors.messages import TaskResult
from runtime.simulation.judge import Judge
from runtime.simulation.network import Network
from runtime.simulation.schedule import Schedule
from runtime.simulation.trace import Trace
from runtime.simulation.world import World

Answers = Callable[[int, int, str, TaskResult], None]
Key = tuple[str, str, int]
SLOW_MS = 70_000


class Applied(msgspec.Struct):
    """One effect that stands in the world."""

    request: dict[str, Any]
    output: dict[str, Any]


class Element:
    """All targets in one; some are slow, some fail."""

    def __init__(
        self, world: World, schedule: Schedule, network: Network, draw: Random, trace: Trace, judge: Judge
    ) -> None:
        self.ledger: dict[Key, Applied] = {}
        self.merciful = False
        """In the calm every target answers in time, or the run would wait for time-outs alone."""
        self._world = world
        self._schedule = schedule
        self._network = network
        self._draw = draw
        self._trace = trace
        self._judge = judge
        self._epochs: dict[int, int] = {}

    def dispatch(self, shard: int, epoch: int, order: str, dispatch: Dispatch, answer: Answers) -> None:
        """An executor takes a task for its target; one of an owner that was replaced is refused."""
        if epoch < self._epochs.get(shard, 0):
            self._trace.note("element", f"refuses {order} {dispatch.task}: epoch {epoch} is over")
            return
        self._epochs[shard] = epoch
        delay = self._draw.randint(1, 40)
        if not self.merciful and self._draw.random() < self._world.slow_targets:
            delay = self._draw.randint(100, SLOW_MS)
        self._schedule.after(delay, lambda: self._do(shard, epoch, order, dispatch, answer))

    def _do(self, shard: int, epoch: int, order: str, dispatch: Dispatch, answer: Answers) -> None:
        key = (order, dispatch.task, dispatch.generation)
        known = self.ledger.get(key)
        if known is None:
            roll = self._draw.random()
            if roll < self._world.failing_targets:
                outcome = "failed" if roll < self._world.failing_targets / 2 else "pending"
                result = TaskResult(
                    dispatch.task, dispatch.generation, outcome, {}, "noPort", "no port is free"
                )
                self._trace.note("element", f"{order} {dispatch.task}/{dispatch.generation}: {outcome}")
                self._network.send(lambda: answer(shard, epoch, order, result))
                return
            known = Applied(dispatch.request, self._output(dispatch))
            self.ledger[key] = known
            self._trace.note("element", f"{order} {dispatch.task}/{dispatch.generation}: done")
            self._judge.applied(key, known.request, known.output)
        done = TaskResult(dispatch.task, dispatch.generation, "completed", known.output)
        self._network.send(lambda: answer(shard, epoch, order, done))

    def _output(self, dispatch: Dispatch) -> dict[str, Any]:
        """What a done task brings; a survey finds something most of the time."""
        output: dict[str, Any] = {"number": len(self.ledger) + 1}
        if dispatch.request["task"] == "survey-site" and self._draw.random() < 0.8:
            output["access"] = self._draw.choice(("fibre", "radio"))
        return output
