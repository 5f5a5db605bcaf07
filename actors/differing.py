"""What differs between the graph that the rules want and the domain orders there are.

What is not there comes, what has not begun changes or goes with its values, and where work has begun the difference is
only noted: the line is held until somebody decides. What hangs below a rule that no longer knows its values is frozen:
a value that was emptied undoes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from actors.domain_order import DomainOrder
from actors.events_of_graph import (
    ChangesPending,
    HeldBackSet,
    NodeChanged,
    NodeReferred,
    NodesDropped,
    NodesGrown,
    SharedAsked,
)
from actors.fact import Event
from actors.graph import REMINDED_AFTER_MS, Delta, Graph, Held, above, shared_root
from actors.inside import Bringing
from actors.plan import line_of
from actors.states import FINAL, S, State
from catalog.graph.nodes import SHARED
from catalog.graph.results import Contribution, GrownNode, OrderGraph
from catalog.lines import HeldBack

Orders = dict[str, DomainOrder]


class Difference:
    """The graph of some lines beside what there is of them.

    :ivar held: what is held back of each of these lines now.
    :ivar gone: domain orders that are dropped.
    :ivar touched: other lines that refer to what was touched.
    :ivar stranded: shared domain orders that nobody wants and that stay, because what stands below them stays.
    """

    def __init__(
        self,
        orders: Orders,
        graph: Graph,
        grown: OrderGraph,
        lines: Iterable[str],
        bringing: Bringing,
        now: int,
    ) -> None:
        self.orders = orders
        self.graph = graph
        self.grown = grown
        self.lines = dict.fromkeys(lines)
        self.states: Mapping[str, State] = {}
        self.gone: set[str] = set()
        self.touched: dict[str, None] = {}
        self.stranded: tuple[str, ...] = ()
        self.waiting = {held.key for held in (x for line in grown.held_back.values() for x in line)}
        self.held = held_now(graph, grown.held_back, bringing, now)
        self.deltas: dict[str, Delta] = {}

    def events(self, states: Mapping[str, State]) -> list[Event]:
        """Everything that follows, in the order in which it is folded; ``states`` are those of all lines."""
        self.states = states
        events: list[Event] = []
        asked = self._asked()
        if asked:
            events.append(self._said(asked))
        fresh = tuple(
            msgspec.structs.replace(node, referrers=self._lines_of(key, node))
            for key, node in self.grown.nodes.items()
            if key not in self.graph.grown
        )
        if fresh:
            events.append(NodesGrown(fresh))
        for key, node in self.grown.nodes.items():
            if key in self.graph.grown:
                events += self._beside(key, node)
        events += self._left_over(asked)
        for node in self.grown.nodes.values():
            self.touched.update(dict.fromkeys(node.referrers))
        for line, held in self.held.items():
            if held != self.graph.held.get(line, ()):
                events.append(HeldBackSet(line, held))
        events += self._changes()
        return events

    def _lines_of(self, key: str, node: GrownNode) -> tuple[str, ...]:
        """The lines that refer to a domain order; what has ended is not touched by what others want."""
        order = self.orders.get(key)
        ended = [line for line in order.referrers if self.states[line] in FINAL] if order is not None else []
        wanted = [line for line in node.referrers if self.states[line] not in FINAL]
        return tuple(sorted((*ended, *wanted)))

    def _has_ended(self, key: str) -> bool:
        """Whether a domain order is one of a line that has ended."""
        line = line_of(key)
        return line != SHARED and self.states[line] in FINAL

    # -- what is there and wanted ---------------------------------------------------------------------------------

    def _beside(self, key: str, node: GrownNode) -> Iterator[Event]:
        order, known = self.orders[key], self.graph.grown[key]
        referrers = self._lines_of(key, node)
        ended = [each for each in known.parents if each not in node.parents and self._has_ended(each)]
        parents = (*ended, *node.parents)
        if known.parents != parents or order.referrers != referrers:
            self.touched.update(dict.fromkeys(order.referrers))
            yield NodeReferred(key, parents, referrers)
        if known.kept or order.characteristics == node.characteristics:
            return
        if not began(order):
            yield NodeChanged(key, node.characteristics)
            return
        changed = {
            name: [order.characteristics.get(name), node.characteristics.get(name)]
            # In an order of its own: a set's differs between processes, and a decision must not.
            for name in dict.fromkeys((*order.characteristics, *node.characteristics))
            if order.characteristics.get(name) != node.characteristics.get(name)
        }
        filled = {name: new for name, (old, new) in changed.items() if old is None}
        if filled:
            yield NodeChanged(key, {**order.characteristics, **filled})
        others = {name: changed[name] for name in sorted(changed) if name not in filled}
        # A value that is not known any more changes nothing: what it created is frozen.
        others = {name: pair for name, pair in others.items() if pair[1] is not None}
        if others:
            self.deltas[key] = Delta(key, "values", others)

    # -- what is there and not wanted -----------------------------------------------------------------------------

    def _left_over(self, asked: Mapping[str, Mapping[str, Contribution]]) -> list[Event]:
        roots = {shared_root(key) for key in self.grown.nodes if line_of(key) == SHARED}
        roots.update(key for key, referrers in asked.items() if not referrers)
        roots.update(self.grown.contributions)
        over = [
            key
            for key in self.graph.keys((*self.lines, SHARED))
            if key not in self.grown.nodes
            and not self.graph.grown[key].kept
            and (line_of(key) != SHARED or shared_root(key) in roots)
            and not self._frozen(key)
        ]
        return self._drop(over)

    def _frozen(self, key: str) -> bool:
        """Whether a rule above does not know its values: then nothing is said against what it made."""
        for place in (key, *above(key)):
            known = self.graph.grown.get(place)
            over = next(iter(above(place)), "")
            if known is not None and over and f"{over}|{known.edge}" in self.waiting:
                return True
        return False

    def _drop(self, keys: Iterable[str]) -> list[Event]:
        dropped = []
        for key in keys:
            order = self.orders[key]
            self.touched.update(dict.fromkeys(order.referrers))
            if began(order):
                self.deltas[key] = Delta(key, "remove")
            elif order.state not in FINAL or not order.works:
                dropped.append(key)
        # What stands above something that stays, stays too: nothing may hang in the air.
        kept = [key for key in self.graph.keys((*self.lines, SHARED)) if self.graph.grown[key].kept]
        standing = {place for key in (*self.deltas, *kept) for place in self._over(key)}
        dropped = [key for key in dropped if key not in standing]
        self.gone.update(dropped)
        return [NodesDropped(tuple(dropped))] if dropped else []

    def _over(self, key: str) -> Iterator[str]:
        ways = list(self.graph.grown[key].parents) if key in self.graph.grown else []
        while ways:
            place = ways.pop()
            yield place
            if place in self.graph.grown:
                ways += self.graph.grown[place].parents

    # -- what is shared -------------------------------------------------------------------------------------------

    def _asked(self) -> dict[str, dict[str, Contribution]]:
        """What is asked of shared nodes where it is not what was asked before."""
        unsure = {
            line
            for line, parts in self.grown.held_back.items()
            if any(each.key.endswith("|sharing") for each in parts)
        }
        asked: dict[str, dict[str, Contribution]] = {}
        for key, referrers in self.graph.asked.items():
            now = self.grown.contributions.get(key)
            if now is None and any(each.owner in self.lines for each in referrers.values()):
                now = {name: each for name, each in referrers.items() if each.owner not in self.lines}
                if any(each.owner in unsure for each in referrers.values()):
                    now = referrers  # one who does not know his key any more is taken to mean what he meant
            if now is not None and now != referrers:
                asked[key] = now
        asked.update(
            {key: now for key, now in self.grown.contributions.items() if key not in self.graph.asked}
        )
        return asked

    def _said(self, asked: Mapping[str, Mapping[str, Contribution]]) -> SharedAsked:
        """The fact of it: only what differs, since many may share one thing."""
        said: dict[str, dict[str, Contribution | None]] = {}
        for key, now in asked.items():
            before = self.graph.asked.get(key, {})
            said[key] = {name: each for name, each in now.items() if before.get(name) != each}
            said[key].update({name: None for name in before if name not in now})
        return SharedAsked(said)

    def leaving(self, line: str) -> list[Event]:
        """The line wants nothing of what is shared any more; the last one stays with what has begun."""
        events: list[Event] = []
        asked = {
            key: {name: each for name, each in referrers.items() if each.owner != line}
            for key, referrers in self.graph.asked.items()
            if any(each.owner == line for each in referrers.values())
        }
        if asked:
            events.append(self._said(asked))
        alone = []
        for key in self.graph.keys((SHARED,)):
            known, order = self.graph.grown[key], self.orders[key]
            if line not in order.referrers:
                continue
            others = tuple(each for each in order.referrers if each != line)
            if others:
                parents = tuple(each for each in known.parents if line_of(each) != line)
                events.append(NodeReferred(key, parents, others))
            elif not began(order):
                alone.append(key)
        events += self._drop(alone)
        self.stranded = tuple(key for key in alone if key not in self.gone)
        if self.graph.held.get(line):
            events.append(HeldBackSet(line, ()))
        if self.graph.changes.get(line):
            events.append(ChangesPending(line, ()))
        return events

    # -- what changed too late ------------------------------------------------------------------------------------

    def _changes(self) -> Iterator[Event]:
        by_line: dict[str, list[Delta]] = {line: [] for line in self.lines}
        for key, delta in self.deltas.items():
            wanted = self.grown.nodes.get(key)
            for line in wanted.referrers if wanted is not None else self.orders[key].referrers:
                if self.states[line] not in FINAL:
                    by_line.setdefault(line, []).append(delta)
        for line, deltas in by_line.items():
            now = tuple(sorted(deltas, key=lambda delta: delta.key))
            if now != self.graph.changes.get(line, ()):
                self.touched[line] = None
                yield ChangesPending(line, now)


def _terms(part: HeldBack) -> tuple[Any, ...]:
    """Until when something waits, and what happens then."""
    return part.deadline_ms, part.reaction, part.default, part.group, part.escalate_to


def began(order: DomainOrder) -> bool:
    """Whether work on it has begun, so that it is not simply another one. One without tasks never begins."""
    return order.works and order.state is not S.ACKNOWLEDGED


def held_now(
    graph: Graph, held_back: Mapping[str, Iterable[HeldBack]], bringing: Bringing, now: int
) -> dict[str, tuple[Held, ...]]:
    """What is held back in each line as it is kept: since when, until when, and who is to bring it by now."""
    held_by_line = {}
    for line, parts in held_back.items():
        before = {each.part.key: each for each in graph.held.get(line, ())}
        held = []
        for grown in parts:
            lost = grown.awaits == "runtime" and not all(
                # Whether the tasks that were to bring the values are still to be done.
                bringing.still(line, bringer)
                for bringer in grown.by.split(", ")
            )
            part = msgspec.structs.replace(grown, awaits="requester") if lost else grown
            if part.awaits == "requester" and not part.deadline_ms:
                part = msgspec.structs.replace(part, deadline_ms=REMINDED_AFTER_MS, reaction="remind")
            known = before.get(part.key)
            until = now + part.deadline_ms if part.deadline_ms else 0
            if known is None or known.part.code != part.code:
                held.append(Held(part, now, until))
            elif _terms(known.part) != _terms(part):
                # Another rule's deadline is the first now: whoever was told of the former one was not told of this.
                held.append(Held(part, known.since, until))
            else:
                held.append(known if known.part == part else msgspec.structs.replace(known, part=part))
        held_by_line[line] = tuple(held)
    return held_by_line
