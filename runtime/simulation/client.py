"""Those who stand outside: a client that repeats itself until it is answered, a reader, and an operator."""

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from actors.messages import (
    Accepted,
    AnyMessage,
    Done,
    GiveUp,
    GiveValues,
    KeyConflict,
    RefusedReply,
    Retry,
    SubmitDraft,
    WithdrawDraft,
)
from actors.states import State
from actors.structure import OrderGroup
from runtime.kernel.words import Answer, View
from runtime.port import shard_of
from runtime.simulation.asks import Ask
from runtime.simulation.cluster import Cluster
from runtime.simulation.orders import Plan
from runtime.simulation.people import knows, said

ANSWER_TIMEOUT_MS = 400
AGAIN_MAX_MS = 200
VALUES: dict[str, tuple[Any, ...]] = {
    "remove": ([1], [2]),
    "backup": (True, False),
    "access": ("fibre", "radio"),
    "model": ("small", "large"),
    "reporting": ("none", "weekly", "live"),
}
"""What is answered to the questions of the sample catalog."""

Then = Callable[[Answer | None], None]
_state = msgspec.msgpack.Decoder(OrderGroup).decode


class Client:
    """Has one order to place, by one key, and looks after it."""

    def __init__(self, cluster: Cluster, plan: Plan, draw: Random) -> None:
        self.plan = plan
        self.accepted: bool | None = None
        """None while it has no answer; False when another body holds the key."""
        self.view: OrderGroup | None = None
        """What it last saw of the order."""
        self.left: set[str] = set()
        """What the operator has decided to leave held."""
        self._looking = 0
        self._decisions = 0
        self._cluster = cluster
        self._draw = draw
        self._people = Random(f"people about {plan.order}")
        """Of a stream of its own: worlds without them are as they ever were."""
        self._alerted = Random(f"alerts of {plan.order}")
        after = cluster.schedule.after
        after(plan.at, self._submit)
        if plan.conflicting:
            after(plan.at + draw.randint(0, 500), lambda: self._ask(plan.other, self._take_other))
        for _ in range(cluster.world.keepers):
            after(plan.at + draw.randint(0, cluster.world.storm_ms), self._keep)
        after(plan.at + cluster.world.operator_ms, self._operate)

    # -- asking ---------------------------------------------------------------------------------------------------

    def _ask(self, message: AnyMessage | None, then: Then) -> None:
        cluster = self._cluster
        shard = shard_of(self.plan.order, cluster.world.shards)
        heard = False

        def end(answer: Answer | None) -> None:
            nonlocal heard
            if not heard:
                heard = True
                then(answer)

        def answered(answer: Answer) -> None:
            cluster.judge.answered(ask, answer)
            end(answer)

        ask = Ask(shard, self.plan.order, message, answered)
        cluster.judge.asked(ask)
        host, ask.epoch = cluster.route(shard)
        if host is not None:
            cluster.network.send(lambda: host.run(lambda: host.ask(ask, ask.epoch)))
        cluster.schedule.after(ANSWER_TIMEOUT_MS, lambda: end(None))

    def _later(self, call: Callable[[], None]) -> None:
        self._cluster.schedule.after(self._draw.randint(1, AGAIN_MAX_MS), call)

    # -- placing the order ----------------------------------------------------------------------------------------

    def _submit(self) -> None:
        self._ask(self.plan.message, self._take_answer)

    def _take_answer(self, answer: Answer | None) -> None:
        if not isinstance(answer, Accepted | KeyConflict):
            self._later(self._submit)
            return
        self.accepted = isinstance(answer, Accepted)
        if self.plan.change is not None:
            self._later(self._change)
        elif self.plan.draft_ends in ("submit", "withdraw"):
            self._later(self._end_draft)

    def _change(self) -> None:
        def told(answer: Answer | None) -> None:
            if not isinstance(answer, Done | RefusedReply):
                self._later(self._change)
            elif self.plan.draft_ends in ("submit", "withdraw"):
                self._later(self._end_draft)

        self._ask(self.plan.change, told)

    def _take_other(self, answer: Answer | None) -> None:
        """Whoever comes first has the key; the other must hear of the conflict."""

    def _end_draft(self) -> None:
        message = SubmitDraft() if self.plan.draft_ends == "submit" else WithdrawDraft()

        def told(answer: Answer | None) -> None:
            if not isinstance(answer, Done | RefusedReply):
                self._later(self._end_draft)

        self._ask(message, told)

    # -- looking after it -----------------------------------------------------------------------------------------

    def _keep(self) -> None:
        if self._draw.random() < 0.3:
            self._ask(self.plan.message, lambda answer: None)
        else:
            self.look(lambda: None)

    def look(self, then: Callable[[], None]) -> None:
        """Read the order until there is an answer."""
        self._looking += 1

        def told(answer: Answer | None) -> None:
            if isinstance(answer, View):
                self._looking -= 1
                self.view = None if answer.state is None else _state(answer.state)
                then()
            else:
                self._later(lambda: self._ask(None, told))

        self._ask(None, told)

    def _operate(self) -> None:
        """While the storm lasts an operator looks now and then; in the calm he is called."""
        if self._cluster.storm.raging:
            self._cluster.schedule.after(self._cluster.world.operator_ms, self._operate)
            if not self._looking:
                self.look(self.decide)

    def decide(self) -> None:
        """An operator decides on what he has seen to be held: retry, with or without changes, or not."""
        if self.view is None:
            return
        answer = said(self.view, self._people)
        if answer is not None:
            self._ask(msgspec.structs.replace(answer, key=self._key()), lambda answer: None)
        known = knows(self.view, self._alerted)
        if known is not None:
            self._ask(msgspec.structs.replace(known, key=self._key()), lambda answer: None)
        for target in held(self.view):
            if target in self.left:
                continue
            roll = self._draw.random()
            missing = missing_values(self.view, target)
            if missing and roll < 0.7:
                self._give(target, missing)
            elif roll < 0.1:
                self.left.add(target)
            elif roll < 0.4:
                self._ask(GiveUp(target, "not worth it", key=self._key()), lambda answer: None)
            elif roll < 0.6 and target in self.view.orchestration.tasks:
                changes = {"port": self._draw.randint(1, 9)}
                self._ask(Retry(target, changes, key=self._key()), lambda answer: None)
            else:
                self._ask(Retry(target, key=self._key()), lambda answer: None)

    def _give(self, line: str, missing: list[str]) -> None:
        """Give some or all of what a line waits for, now and then something else than before."""
        count = self._draw.randint(1, len(missing))
        values = {path: self._draw.choice(self._choices(path)) for path in missing[:count]}
        if self._draw.random() < 0.2:
            values["reporting"] = self._draw.choice(("none", "live", "weekly"))
        self._ask(GiveValues(line, values, key=self._key()), lambda answer: None)

    @staticmethod
    def _choices(path: str) -> tuple[Any, ...]:
        return VALUES.get(path.rpartition(".")[2], ("north",))

    def _key(self) -> str:
        """Names one decision; a message that comes twice is still one."""
        self._decisions += 1
        return f"{self._decisions}"


def missing_values(group: OrderGroup, line: str) -> list[str]:
    """What a line waits for that somebody has to say."""
    graph = group.decomposition.graph
    held = graph.held.get(line, ()) if graph is not None else ()
    return [path for each in held if each.part.awaits == "requester" for path in each.part.missing]


def held(group: OrderGroup) -> list[str]:
    """Everything that waits for a decision: tasks, lines held back or held by others, the order as the empty target."""
    targets = [
        key for key, task in group.orchestration.tasks.items() if task.state in (State.HELD, State.PENDING)
    ]
    targets += [
        key
        for key, line in group.lines.items()
        if key not in targets
        and (
            (line.state is State.HELD and line.code and not group.order.code)
            or (line.points is not None and not line.points.states.keys() <= {State.ACKNOWLEDGED})
        )
    ]
    if group.order.state is State.HELD and group.order.code:
        targets.append("")
    return targets
