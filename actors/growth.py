"""What the decomposition actor decides about lines with rules: grow, compare with what there is, say what differs.

The graph is grown anew whenever something is said or brought; it is a pure function of what is known, so that the same
values end in the same graph in whatever order they came.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from actors.behaviour import Decision, refused
from actors.differing import Difference, held_now
from actors.domain_order import DomainOrder
from actors.events_of_graph import (
    ChangesPending,
    HeldBackSet,
    LineCancelled,
    NodeChanged,
    NodesKept,
    RulesDecided,
)
from actors.events_of_products import SharedReference
from actors.fact import Event
from actors.graph import DEADLOCK, HELD_BACK, HOPELESS, REACTIONS_MAX, Delta, Graph, Held, first_due
from actors.inside import (
    DECOMPOSITION,
    LINES,
    ORCHESTRATION,
    ORDER,
    RESERVATION,
    ROLL_UP,
    Brought,
    DropTasks,
    Grow,
    Join,
    Leave,
    LeaveOut,
    NeedShared,
    Rest,
    RollUp,
    Situated,
)
from actors.message import Message
from actors.messages import GiveValues, TimerFired
from actors.order_id import tenant_tag_of
from actors.shared_id import shared_id
from actors.states import FINAL
from actors.telling import Telling
from catalog.graph.lines import put_together
from catalog.graph.nodes import SHARED, shared_key
from catalog.graph.results import NOT_POSSIBLE, OrderGraph
from catalog.graph.settled import Settled
from catalog.graph.settling import Order
from catalog.lines import HeldBack
from catalog.model import Catalog
from catalog.refusals import CatalogRefusal
from catalog.rules.rule import TELLING_REACTIONS

Orders = dict[str, DomainOrder]


class Growth:
    """One decision about an order's graph, in its surroundings."""

    def __init__(self, catalog: Catalog, orders: Orders, graph: Graph, situation: Situated, now: int) -> None:
        self.catalog = catalog
        self.orders = orders
        self.graph = graph
        self.situation = situation
        self.now = now

    def decide(self, message: Message) -> Decision:
        """Decide one message."""
        if isinstance(message, Grow):
            return self._grow(message.lines)
        if isinstance(message, GiveValues):
            return self._telling().take(message)
        if isinstance(message, Brought):
            return self._telling().bring(message)
        if isinstance(message, LeaveOut):
            return self._leave_out(message)
        if isinstance(message, Leave):
            return self._leave(message.line)
        if isinstance(message, TimerFired):
            return self._overdue()
        return refused("unknownMessage", f"a graph does not understand {type(message).__name__}")

    def _telling(self) -> Telling:
        return Telling(self.catalog, self.orders, self.graph, self.situation)

    # -- growing --------------------------------------------------------------------------------------------------

    def _grow(self, lines: Iterable[str]) -> Decision:
        states = self.situation.lines
        wanted = [line for line in lines if line in self.graph.lines and states[line] not in FINAL]
        if not wanted:
            return Decision()
        try:
            settled, wanted = self._settled(wanted)
            needed = self._shared(settled, wanted)
            if not all(map(self._has, needed)):
                held = held_now(self.graph, settled.held_back, self.situation.bringing, self.now)
                return self._put_off(needed, wanted, held)
            grown = put_together(settled)
        except CatalogRefusal as refusal:
            return self._refused(wanted, refusal.message)
        self._lift(grown)
        difference = Difference(self.orders, self.graph, grown, wanted, self.situation.bringing, self.now)
        decision = Decision(difference.events(states))
        self._arm(decision, difference.held)
        keys = {*self.graph.grown, *grown.nodes} - difference.gone
        tasks = tuple(task for task in grown.tasks if task.domain_order in keys)
        touched = tuple(dict.fromkeys((*wanted, *difference.touched)))
        decision.inside = [
            (ORCHESTRATION, Join((*touched, SHARED), tasks, self._gives(grown))),
            (DECOMPOSITION, Rest((*touched, SHARED))),
            (LINES, RollUp(touched)),
            (ORDER, ROLL_UP),
        ]
        return decision

    def _lift(self, grown: OrderGraph) -> None:
        """Above what is shared, lines that were grown before have no domain order where nothing changed for them."""
        for key, node in grown.nodes.items():
            parents = tuple(each for each in node.parents if each in grown.nodes or each in self.graph.grown)
            if parents != node.parents:
                grown.nodes[key] = msgspec.structs.replace(node, parents=parents)

    def _put_off(
        self,
        needed: tuple[SharedReference, ...],
        lines: list[str],
        held: Mapping[str, tuple[Held, ...]],
    ) -> Decision:
        """Whether what is shared stands already is known once the order has it for itself: the lines grow then.

        What is held back says meanwhile what is known by now. What is known to come keeps its place.
        """
        decision = Decision()
        waiting: dict[str, tuple[Held, ...]] = {}
        for line, now in held.items():
            keys = {each.part.key for each in now}
            coming = tuple(
                Held(
                    msgspec.structs.replace(
                        each.part,
                        awaits="runtime",
                        by="the reservation of what it shares",
                        # Nobody is asked for anything, so nothing is late.
                        deadline_ms=0,
                        reaction="",
                        default=None,
                    ),
                    each.since,
                    0,
                )
                for each in self.graph.held.get(line, ())
                if each.part.key not in keys and each.part.code != DEADLOCK
            )
            waiting[line] = (*now, *coming)
            if waiting[line] != self.graph.held.get(line, ()):
                decision.events.append(HeldBackSet(line, waiting[line]))
        self._arm(decision, waiting)
        decision.inside = [
            (RESERVATION, NeedShared(needed, tuple(lines))),
            (DECOMPOSITION, Rest((*lines, SHARED))),
            (LINES, RollUp(tuple(lines))),
            (ORDER, ROLL_UP),
        ]
        return decision

    def _shared(self, settled: Settled, lines: list[str]) -> tuple[SharedReference, ...]:
        """The shared services that these lines refer to, now or as they are installed."""
        tenant = tenant_tag_of(self.situation.about["id"])
        found: dict[str, tuple[str, str, str, dict[str, None]]] = {}
        for key, (specification, sharing_key) in settled.shared.items():
            id_ = shared_id(specification, sharing_key, tenant)
            open_ones = [line for line in settled.referrers[key] if self._has_product(line)]
            found[id_] = specification, sharing_key, key, dict.fromkeys(open_ones)
        afresh: dict[str, list[str]] = {}
        for line in lines:
            installed = self.situation.requests[line].installed
            for node in installed.nodes if installed is not None else ():
                if node.sharing_key:
                    id_ = shared_id(node.specification, node.sharing_key, tenant)
                    key = shared_key(node.specification, node.sharing_key)
                    found.setdefault(id_, (node.specification, node.sharing_key, key, {}))[3][line] = None
                    afresh.setdefault(id_, []).append(line)
        return tuple(
            SharedReference(
                id_, specification, sharing_key, key, tuple(referring), tuple(afresh.get(id_, ()))
            )
            for id_, (specification, sharing_key, key, referring) in sorted(found.items())
            if referring
        )

    def _has_product(self, line: str) -> bool:
        """Whether a line that is under way makes or changes an installed product; else there is nobody to refer."""
        request = self.situation.requests.get(line)
        return request is not None and bool(request.product) and self.situation.lines[line] not in FINAL

    def _has(self, needed: SharedReference) -> bool:
        """Whether the order has a shared service for these lines."""
        claim = self.situation.shared.get(needed.shared)
        return claim is not None and claim.granted and set(needed.lines) <= set(claim.lines)

    def _settled(self, lines: list[str]) -> tuple[Settled, list[str]]:
        """What these lines settle to, and those who are left with a shared node that these no longer refer to."""
        ruled = {line: self.situation.requests[line] for line in self.graph.lines if line}
        order = Order(
            self.catalog,
            ruled,
            self.graph.facts,
            self.graph.asked,
            tuple(claim.picture for claim in self.situation.shared.values() if claim.picture is not None),
            self.situation.about,
            self.situation.at_ms,
        )
        settled = Settled(order, tuple(lines))
        growing = settled.held
        left = {
            each.owner
            for key, asked in self.graph.asked.items()
            if key not in settled.contributions and any(one.owner in growing for one in asked.values())
            for each in asked.values()
            if each.owner in ruled and self.situation.lines[each.owner] not in FINAL
        }
        # What somebody else asks of a shared node may settle what others wait for there.
        left |= {
            each.owner
            for asked in settled.contributions.values()
            for each in asked.values()
            if self.graph.held.get(each.owner) and self.situation.lines[each.owner] not in FINAL
        }
        if left <= growing.keys():
            return settled, list(growing)
        return self._settled([*growing, *sorted(left - growing.keys())])

    def _refused(self, lines: list[str], sentence: str) -> Decision:
        """What the catalog cannot do for these lines waits for an operator."""
        refused_lines = {}
        for line in lines:
            held = HeldBack(
                f"{line}|refused", line, "", "", "", "", "", (), NOT_POSSIBLE, sentence, "operator"
            )
            refused_lines[line] = (Held(held, self.now, 0),)
        decision = Decision([HeldBackSet(line, held) for line, held in refused_lines.items()])
        self._arm(decision, refused_lines)
        decision.inside = [(LINES, RollUp(tuple(lines))), (ORDER, ROLL_UP)]
        return decision

    def _gives(self, grown: OrderGraph) -> dict[str, tuple[tuple[str, str], ...]]:
        gives: dict[str, tuple[tuple[str, str], ...]] = {}
        for task in grown.tasks:
            node = grown.nodes[task.domain_order]
            for template in self.catalog.specifications[node.specification].plans.get(node.action, ()):
                if template.gives and template.name == task.name:
                    gives[task.key] = template.gives
        return gives

    def _arm(self, decision: Decision, held: Mapping[str, tuple[Held, ...]]) -> None:
        due = first_due({**self.graph.held, **held}.values())
        if due != self.graph.due():
            decision.timers.append((HELD_BACK, due or None))

    # -- deadlines and decisions ----------------------------------------------------------------------------------

    def _overdue(self) -> Decision:
        """What did not come in time: remind, escalate, decide by default, or cancel the line."""
        decision = Decision()
        held_now: dict[str, tuple[Held, ...]] = {}
        again: list[str] = []
        for line, held in self.graph.held.items():
            late = [each for each in held if each.until and each.until <= self.now]
            if not late:
                continue
            if any(each.part.reaction == "cancelLine" for each in late):
                self._cancel(decision, line, "valueNotGiven", late[0].part.sentence)
                held_now[line] = ()
                continue
            outcomes = {each.part.default[0]: each.part.default[1] for each in late if each.part.default}
            if outcomes:
                self._decided(decision, line, outcomes, "deadline")
                again.append(line)
            held_now[line] = tuple(self._waits_on(each) if each in late else each for each in held)
            told = tuple(each.part.key for each in late if each.part.reaction in TELLING_REACTIONS)
            decision.events.append(HeldBackSet(line, held_now[line], told))
        due = first_due({**self.graph.held, **held_now}.values())
        decision.timers.append((HELD_BACK, due or None))
        if again:
            decision.inside.append((DECOMPOSITION, Grow(tuple(again))))
        return decision

    def _waits_on(self, held: Held) -> Held:
        times = held.times + 1
        until = self.now + held.part.deadline_ms if times < REACTIONS_MAX and not held.part.default else 0
        return msgspec.structs.replace(held, times=times, until=until)

    def _decided(self, decision: Decision, line: str, outcomes: Mapping[str, Any], reason: str) -> None:
        for owner in (line, SHARED):
            own = {key: value for key, value in outcomes.items() if key.startswith(".") is (owner == SHARED)}
            if own:
                decision.events.append(RulesDecided(owner, own, reason))

    def _cancel(self, decision: Decision, line: str, code: str, reason: str) -> None:
        decision.events.append(LineCancelled(line, code, reason))
        decision.inside += [
            (DECOMPOSITION, Leave(line)),
            (ORCHESTRATION, DropTasks(line)),
            (DECOMPOSITION, Rest((line, SHARED))),
            (LINES, RollUp((line,))),
        ]

    def _leave_out(self, message: LeaveOut) -> Decision:
        """Decide without what is held back; what has been begun stays as it is."""
        line = message.line
        decision = Decision()
        held = self.graph.held.get(line, ())
        hopeless = [each.part for each in held if each.part.code in HOPELESS]
        if hopeless:
            self._cancel(decision, line, "givenUp", message.reason or hopeless[0].sentence)
            self._arm(decision, {line: ()})
            return decision
        self._decided(decision, line, {each.part.key: False for each in held}, message.reason or "given up")
        decision.events += self._kept(self.graph.changes.get(line, ()))
        if self.graph.changes.get(line):
            decision.events.append(ChangesPending(line, ()))
        decision.inside.append((DECOMPOSITION, Grow((line, *self._sharing(line)))))
        return decision

    def _kept(self, changes: Iterable[Delta]) -> list[Event]:
        """What began stays: what was to go is kept, other values are only written down."""
        events: list[Event] = []
        going = tuple(each.key for each in changes if each.kind == "remove")
        if going:
            events.append(NodesKept(going))
        for each in changes:
            if each.kind == "values":
                values = {
                    **self.orders[each.key].characteristics,
                    **{name: new for name, (_, new) in each.values.items()},
                }
                known = {name: value for name, value in values.items() if value is not None}
                events.append(NodeChanged(each.key, known))
        return events

    def _sharing(self, line: str) -> list[str]:
        """The lines that share something with this one."""
        return [
            other
            for order in map(self.orders.__getitem__, self.graph.keys((SHARED,)))
            if len(order.referrers) > 1 and line in order.referrers
            for other in order.referrers
            if other != line
        ]

    def _leave(self, line: str) -> Decision:
        """The line refers to nothing any more; who shares with it is grown without it."""
        if line not in self.graph.lines:
            return Decision()
        difference = Difference(
            self.orders, self.graph, OrderGraph({}, (), {line: ()}), [line], self.situation.bringing, self.now
        )
        decision = Decision(difference.leaving(line))
        # Whoever cancelled the line has taken what it held back out of the graph, not out of the timer.
        decision.timers.append((HELD_BACK, first_due({**self.graph.held, line: ()}.values()) or None))
        if difference.stranded:
            decision.inside.append((ORCHESTRATION, DropTasks(line, difference.stranded)))
        decision.inside.append((DECOMPOSITION, Rest((line, SHARED))))
        others = self._sharing(line)
        if others:
            decision.inside.append((DECOMPOSITION, Grow(tuple(dict.fromkeys(others)))))
        return decision
