"""What must hold of an order group after every turn, judged from scratch."""

from hashlib import blake2b
from itertools import product
from typing import Any

import msgspec

from actors import alerts, decomposition, line, order
from actors.behaviour import Decision
from actors.events import AnswerRecorded, AnyEvent, OrderMoved, TasksDispatched
from actors.group import OrderGroupKind
from actors.listing import listed
from actors.message import Message
from actors.messages import KeyConflict, RefusedReply, TimerFired
from actors.messages_of_products import ReserveShared, SharedReserved
from actors.people import next_instant
from actors.plan import Orchestration, line_of, standing_of_tasks
from actors.review_state import PHASES
from actors.states import (
    DOMAIN_ORDER_MACHINES,
    FINAL,
    PERSON_TASK,
    PRODUCT_ORDER,
    PRODUCT_ORDER_ITEM,
    TASK,
    Machine,
    State,
)
from actors.structure import OrderGroup
from actors.waiting import RANKS, waits_for

S = State
encode = msgspec.msgpack.Encoder().encode
decode_events = msgspec.msgpack.Decoder(list[AnyEvent]).decode
Standing = dict[tuple[str, str], tuple[Machine, State]]


class Watched:
    """A group that is judged after every message, beside a shadow of it that knows only the events."""

    def __init__(self, kind: OrderGroupKind, now: int, name: str = "o1", *, alone: bool = True) -> None:
        self.kind = kind
        self.name = name
        self.alone = alone
        """Whether nothing is installed that this order could share: so it is told at once."""
        self.now = now
        self.state: OrderGroup | None = None
        self.shadow: OrderGroup | None = None
        self.records: list[tuple[int, bytes]] = []
        self.timers: dict[str, int] = {}

    def tell(self, message: Message) -> Decision:
        decision = self._tell(message)
        reserved = [to for to, sent in decision.sends if isinstance(sent, ReserveShared)]
        while self.alone and reserved:
            sends = self._tell(SharedReserved(reserved.pop(0), None)).sends
            reserved += [to for to, sent in sends if isinstance(sent, ReserveShared)]
        return decision

    def _tell(self, message: Message) -> Decision:
        before = standings(self.state)
        attempts = _attempts(self.state)
        self.state, decision = self.kind.handle(self.name, self.state, message, self.now)
        if isinstance(decision.reply, RefusedReply | KeyConflict):
            assert not (decision.events or decision.dispatch or decision.sends), "a refusal decides nothing"
        self._replay(decision, before)
        if isinstance(message, TimerFired):
            self.timers.pop(message.key, None)
        for key, due in decision.timers:
            self.timers.pop(key, None)
            if due is not None:
                self.timers[key] = due
        if self.state is not None:
            self._judge_dispatches(decision, attempts)
            judge(self.state, self.now)
            if self.state.order.state not in FINAL:
                assert self.timers.get("deadline", 0) == self.state.orchestration.armed
                assert self.timers.get("people", 0) == _people_due(self.state)
                graph = self.state.decomposition.graph
                assert self.timers.get("heldBack", 0) == (graph.due() if graph is not None else 0)
            if ("order", self.name) in before and before["order", self.name][1] in FINAL:
                assert all(isinstance(event, AnswerRecorded) for event in decision.events), (
                    "the end is the end"
                )
        return decision

    def _replay(self, decision: Decision, before: Standing) -> None:
        if not decision.events:
            return
        record = encode(decision.events)
        self.records.append((self.now, record))
        for event in decode_events(record):
            if isinstance(event, OrderMoved) and self.shadow is not None:
                assert event.state is not self.shadow.order.state, f"{event} moves nothing"
            self.shadow = self.kind.evolve(self.shadow, event, self.now)
            after = standings(self.shadow)
            for address, (machine, state) in after.items():
                if address not in before:
                    assert state in machine.initial, f"{address} begins {state}"
                elif (was := before[address][1]) is not state:
                    assert machine.may(was, state), f"{address} goes {was} -> {state} by {event}"
            before = after
        assert encode(self.shadow) == encode(self.state), "replay gives the same state, byte for byte"

    def _judge_dispatches(self, decision: Decision, before: dict[str, tuple[int, int, int]]) -> None:
        assert self.state is not None
        named = [
            key for event in decision.events if isinstance(event, TasksDispatched) for key in event.tasks
        ]
        assert sorted(named) == sorted(decision.dispatch) and len(set(named)) == len(named)
        after = _attempts(self.state)
        assert set(named) == {key for key, attempt in after.items() if attempt != before.get(key)}
        for key in named:
            sent = self.kind.dispatch(self.state, key)
            assert sent.until == self.now + self.state.orchestration.tasks[key].timeout_ms
            assert (sent.generation, sent.attempt, sent.until) == after[key]

    def replayed(self) -> OrderGroup | None:
        """The group as its journal alone gives it."""
        state: OrderGroup | None = None
        for at, record in self.records:
            for event in decode_events(record):
                state = self.kind.evolve(state, event, at)
        return state


def _people_due(group: OrderGroup) -> int:
    return next_instant(group.review.tasks.values()) if group.review and group.order.in_review else 0


def _attempts(group: OrderGroup | None) -> dict[str, tuple[int, int, int]]:
    tasks = group.orchestration.tasks.values() if group is not None else ()
    return {
        task.key: (task.generation, task.attempt, task.until) for task in tasks if task.state is S.IN_PROGRESS
    }


def standings(group: OrderGroup | None) -> Standing:
    """The state of everything in a group that has one, with its machine."""
    if group is None:
        return {}
    found: Standing = {("order", group.order.id): (PRODUCT_ORDER, group.order.state)}
    for each in group.lines.values():
        found["line", each.id] = (PRODUCT_ORDER_ITEM, each.state)
    for domain_order in group.decomposition.domain_orders.values():
        machine = DOMAIN_ORDER_MACHINES[domain_order.kind]
        found["domain order", domain_order.key] = (machine, domain_order.state)
    for task in group.orchestration.tasks.values():
        found["task", task.key] = (TASK, task.state)
    for work in group.review.tasks.values() if group.review is not None else ():
        found["work", work.key] = (PERSON_TASK, work.state)
    return found


def tally(states: Any) -> dict[State, int]:
    counts: dict[State, int] = {}
    for state in states:
        counts[state] = counts.get(state, 0) + 1
    return counts


def judge(group: OrderGroup, now: int) -> None:
    """Every invariant of a state."""
    _judge_plan(group.orchestration)
    _judge_roll_up(group)
    _judge_astray(group)
    _judge_reasons(group, now)
    _judge_review(group)
    _judge_alerts(group)
    if group.order.state in FINAL:
        assert all(state in FINAL for _, state in standings(group).values()), (
            "nothing is left in an ended order"
        )


def _judge_plan(plan: Orchestration) -> None:
    tasks = plan.tasks.values()
    out = [task for task in tasks if task.state is S.IN_PROGRESS]
    assert plan.open == len(out)
    assert plan.troubled == sum(task.state in (S.HELD, S.PENDING) for task in tasks)
    if out:
        assert 0 < plan.armed <= min(task.until for task in out)
    for task in tasks:
        started = task.state not in (S.ACKNOWLEDGED, S.CANCELLED)
        assert not started or all(plan.tasks[need].state is S.COMPLETED for need in task.needs)
    assert plan.blocked.keys() <= plan.waiting.keys()


def _stuck(plan: Orchestration, key: str) -> State | None:
    """What a task stands behind, looked for upstream."""
    ways, seen = list(plan.tasks[key].needs), set()
    while ways:
        need = ways.pop()
        seen.add(plan.tasks[need].state)
        ways += plan.tasks[need].needs
    return next((cause for cause in (S.PENDING, S.HELD) if cause in seen), None)


def _judge_roll_up(group: OrderGroup) -> None:
    orders, plan, graph = group.decomposition.domain_orders, group.orchestration, group.decomposition.graph
    growing = set(group.reservations.growing) if group.reservations is not None else set()
    expecting = decomposition.waited_for(graph) if graph is not None else set()
    for each in orders.values():
        keys = plan.work.get(line_of(each.key), {}).get(each.key, ())
        assert each.works == bool(keys)
        if keys:
            assert each.state is standing_of_tasks(
                [(plan.tasks[key].state, _stuck(plan, key)) for key in keys]
            )
        elif each.busy:
            assert each.state is decomposition.standing(orders, each, {}, each.key in expecting)
        elif each.key in expecting:
            assert each.state in (S.ACKNOWLEDGED, S.IN_PROGRESS, S.COMPLETED)
        elif graph is not None and each.key in graph.grown:
            # What hung below it may have ended otherwise before its lines were given up and left it.
            left = all(group.lines[line].gate is S.CANCELLED for line in each.referrers)
            assert each.state is S.COMPLETED or (left and each.state in FINAL), each
        else:
            assert each.state is S.COMPLETED
    for each_line in group.lines.values():
        children = [o.state for o in orders.values() if o.works and each_line.id in o.referrers]
        children += [n.state for n in group.lines.values() if n.parent == each_line.id and n.counted]
        assert each_line.children == tally(children)
        if group.order.decomposed and each_line.state is not S.CANCELLED:
            assert each_line.state is line.standing(each_line), each_line
    assert group.order.lines == tally(n.state for n in group.lines.values() if not n.parent and n.counted)
    claims = group.reservations.claims if group.reservations is not None else {}
    growing = group.reservations.growing if group.reservations is not None else ()
    assert group.order.asking == sum(claim.asked for claim in claims.values()) + len(growing)
    assert all(group.lines[line].state not in FINAL for line in growing)
    assert group.order.decomposed == sum(
        each.decomposed or each.id in claims for each in group.lines.values()
    )
    for claim in claims.values():
        claimed = group.lines[claim.line]
        assert claim.ended == (claimed.state in FINAL)
        assert not (claim.asked and (claimed.decomposed or claim.ended or claimed.gate is not None))
    assert group.order.size == len(group.lines)
    if group.order.decomposed:
        assert group.order.state is order.standing(group.order)


def _judge_astray(group: OrderGroup) -> None:
    made = [each.state for each in group.decomposition.domain_orders.values() if each.kind == "service"]
    straight = {S.ACKNOWLEDGED, S.IN_PROGRESS, S.COMPLETED}
    assert group.decomposition.astray == tally(state for state in made if state not in straight)
    found = {value for name, value in listed(group)[1] if name.endswith("serviceOrder.state")}
    assert found == set(map(str, group.decomposition.astray))


def _judge_review(group: OrderGroup) -> None:
    order, review = group.order, group.review
    if review is None:
        assert not order.in_review
        return
    assert order.in_review == (review.phase in PHASES)
    if not order.in_review:
        assert not review.active
        return
    assert not order.decomposed and order.state in (S.ACKNOWLEDGED, S.PENDING)
    looked_for = group.compatibility.looked_for if group.compatibility is not None else {}
    assert review.active or looked_for, "whoever waits waits for somebody"
    asked = [task.state is S.PENDING for task in review.active]
    assert (order.state is S.PENDING) == (bool(asked) and all(asked))
    kinds = {task.kind for task in review.active}
    assert not kinds or (kinds == {"approval"}) if review.phase == "approval" else ("approval" not in kinds)
    approvers = [each.by for each in review.approvals]
    assert len(set(approvers)) == len(approvers) and not set(approvers) & set(review.submitters)
    assert all(each.version <= order.version for each in review.approvals)


def _judge_alerts(group: OrderGroup) -> None:
    graph = group.decomposition.graph
    entries = {value for name, value in listed(group)[1] if name == alerts.ALERT}
    overdue = [
        (alerts.group_of(each), "acknowledged" if each.acknowledged_by else "open")
        for held in (graph.held.values() if graph is not None else ())
        for each in held
        if each.times and each.part.reaction in ("remind", "escalate")
    ]
    assert entries == {
        alerts.asked(*pair) for who, state in overdue for pair in product(("", who), ("", state))
    }
    for held in graph.held.values() if graph is not None else ():
        assert not any(each.until for each in held if each.acknowledged_by), "an acknowledged alert is silent"


def _judge_reasons(group: OrderGroup, now: int) -> None:
    report = waits_for(group, now)
    assert (report.stated is None) == (group.order.state in FINAL)
    if report.stated is not None:
        assert report.stated is report.reasons[0]
        assert len(report.reasons) == min(report.total, 50)
        ranks = [RANKS.index(reason.kind) for reason in report.reasons]
        assert ranks[0] == min(ranks)
        assert all(reason.sentence and reason.since <= now for reason in report.reasons)
    else:
        assert not report.reasons and not report.total


def digest(group: OrderGroup) -> str:
    """What an order came to, independent of how its state is laid out today."""
    stands = sorted((kind, key, str(state)) for (kind, key), (_, state) in standings(group).items())
    done = sorted((task.key, task.generation, task.output) for task in group.orchestration.tasks.values())
    return blake2b(msgspec.json.encode([stands, done], order="deterministic"), digest_size=16).hexdigest()
