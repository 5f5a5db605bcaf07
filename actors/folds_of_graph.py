"""The fold of what is only there for lines with rules: the graph, what is held back, and plans that grow."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from actors import alerts, astray
from actors.compatibility_state import FAILED, INCOMPATIBLE
from actors.domain_order import DomainOrder
from actors.events_of_graph import (
    AlertsAcknowledged,
    ChangesPending,
    HeldBackSet,
    LineCancelled,
    LinesRuled,
    NeedsJoined,
    NeedsLeft,
    NodeChanged,
    NodeReferred,
    NodesDropped,
    NodesGrown,
    NodesKept,
    RulesDecided,
    SharedAsked,
    TasksJoined,
    ValuesTold,
)
from actors.graph import DEADLOCK, Graph, Grown, Held, points_of
from actors.plan import Task, line_of
from actors.states import FINAL, S, State
from actors.structure import OrderGroup
from catalog.graph.growing import Told
from catalog.graph.nodes import SHARED


def _graph(group: OrderGroup) -> Graph:
    graph = group.decomposition.graph
    if graph is None:
        graph = group.decomposition.graph = Graph()
    return graph


def _lines_ruled(group: OrderGroup, event: LinesRuled, at: int) -> None:
    graph = _graph(group)
    for line in event.lines:
        graph.lines[line] = {}


def _nodes_grown(group: OrderGroup, event: NodesGrown, at: int) -> None:
    graph, orders = _graph(group), group.decomposition.domain_orders
    for node in event.nodes:
        orders[node.key] = DomainOrder(
            node.key,
            node.kind,
            node.specification,
            node.parents[0] if node.parents else "",
            node.relationship,
            node.ordinal,
            node.action,
            node.characteristics,
            node.referrers,
            S.ACKNOWLEDGED,
            at,
        )
        graph.grown[node.key] = Grown(
            node.parents, node.path, node.edge, node.rule, node.sharing_key, node.installed
        )
        graph.lines.setdefault(line_of(node.key), {})[node.key] = None
        for parent in node.parents:
            orders[parent].children = (*orders[parent].children, node.key)


def _node_referred(group: OrderGroup, event: NodeReferred, at: int) -> None:
    graph, orders = _graph(group), group.decomposition.domain_orders
    order, grown = orders[event.key], graph.grown[event.key]
    left = [parent for parent in grown.parents if parent not in event.parents]
    come = [parent for parent in event.parents if parent not in grown.parents]
    for parent in left:
        if parent in orders:
            orders[parent].children = tuple(key for key in orders[parent].children if key != event.key)
    for parent in come:
        orders[parent].children = (*orders[parent].children, event.key)
    grown.parents = event.parents
    order.parent = event.parents[0] if event.parents else ""
    if order.works:
        for line in order.referrers:
            if line not in event.referrers:
                _untally(group, line, order.state)
        for line in event.referrers:
            if line not in order.referrers:
                _tally(group, line, order.state)
    order.referrers = event.referrers
    group.orchestration.shared[event.key] = event.referrers
    if order.busy:
        _busy(group, come)
    _idle(group, [parent for parent in left if parent in orders])


def _node_changed(group: OrderGroup, event: NodeChanged, at: int) -> None:
    order = group.decomposition.domain_orders[event.key]
    orchestration = group.orchestration
    for key in orchestration.work.get(line_of(event.key), {}).get(event.key, ()):
        # What is out, or is asked again, is asked for what it was asked for: that is the key of its effect.
        if orchestration.tasks[key].attempt and key not in orchestration.frozen:
            orchestration.frozen[key] = order.characteristics
    order.characteristics = event.characteristics


def _nodes_dropped(group: OrderGroup, event: NodesDropped, at: int) -> None:
    graph, orders = _graph(group), group.decomposition.domain_orders
    if group.decomposition.astray:
        astray.book(group.decomposition, event.keys, None)
    parents: dict[str, None] = {}
    for key in event.keys:
        order, grown = orders.pop(key), graph.grown.pop(key)
        graph.lines[line_of(key)].pop(key, None)
        if order.works:
            for line in order.referrers:
                _untally(group, line, order.state)
        parents.update(dict.fromkeys(grown.parents))
        for child in order.children:
            if child in graph.grown:
                below = graph.grown[child]
                below.parents = tuple(parent for parent in below.parents if parent != key)
        _tasks_gone(group, key)
    left = [parent for parent in parents if parent in orders]
    for parent in left:
        orders[parent].children = tuple(key for key in orders[parent].children if key in orders)
    _idle(group, left)


def _tasks_gone(group: OrderGroup, domain_order: str) -> None:
    orchestration = group.orchestration
    tasks = orchestration.tasks
    orchestration.shared.pop(domain_order, None)
    for key in orchestration.work.get(line_of(domain_order), {}).pop(domain_order, ()):
        task = tasks.pop(key)
        orchestration.gives.pop(key, None)
        for need in task.needs:
            if need in tasks:
                tasks[need].feeds = tuple(feed for feed in tasks[need].feeds if feed != key)
        for feed in task.feeds:
            if feed in tasks:
                tasks[feed].needs = tuple(need for need in tasks[feed].needs if need != key)


def _nodes_kept(group: OrderGroup, event: NodesKept, at: int) -> None:
    for key in event.keys:
        _graph(group).grown[key].kept = True


def _shared_asked(group: OrderGroup, event: SharedAsked, at: int) -> None:
    graph = _graph(group)
    for key, referrers in event.asked.items():
        asked = graph.asked.setdefault(key, {})
        for referrer, contribution in referrers.items():
            if contribution is None:
                asked.pop(referrer, None)
            else:
                asked[referrer] = contribution
        if not asked:
            del graph.asked[key]


def _values_told(group: OrderGroup, event: ValuesTold, at: int) -> None:
    graph = _graph(group)
    told = graph.facts.get(event.line, Told())
    values = {**told.values}
    for path, named in event.values.items():
        values[path] = {**values.get(path, {}), **named}
    graph.facts[event.line] = Told(values, told.decided)


def _rules_decided(group: OrderGroup, event: RulesDecided, at: int) -> None:
    graph = _graph(group)
    told = graph.facts.get(event.line, Told())
    graph.facts[event.line] = Told(told.values, {**told.decided, **event.outcomes})


def _held_back_set(group: OrderGroup, event: HeldBackSet, at: int) -> None:
    _keep_held(_graph(group), event.line, event.held)
    fold_points(group, event.line)


def _alerts_acknowledged(group: OrderGroup, event: AlertsAcknowledged, at: int) -> None:
    graph = _graph(group)
    held = tuple(
        msgspec.structs.replace(each, until=0, acknowledged_by=event.by, acknowledged_at=at)
        if each.part.key in event.alerts
        else each
        for each in graph.held[event.line]
    )
    _keep_held(graph, event.line, held)


def _changes_pending(group: OrderGroup, event: ChangesPending, at: int) -> None:
    _keep(_graph(group).changes, event.line, event.changes)
    fold_points(group, event.line)


def _keep_held(graph: Graph, line: str, held: tuple[Held, ...]) -> None:
    _keep(graph.held, line, held)
    _keep(graph.alerts, line, alerts.values_of(held))


def _keep(table: dict[str, tuple[Any, ...]], line: str, parts: tuple[Any, ...]) -> None:
    if parts:
        table[line] = parts
    else:
        table.pop(line, None)


def fold_points(group: OrderGroup, line: str) -> None:
    """What keeps a line open beside its domain orders is something else now."""
    graph, reservations, kept = group.decomposition.graph or Graph(), group.reservations, group.compatibility
    asking = reservations is not None and line in reservations.growing
    waiting = int(asking)
    if kept is not None:
        waiting += line in kept.due
    held, before = graph.held.get(line, ()), group.lines[line].points
    points = points_of(held, graph.changes.get(line, ()), waiting=waiting)
    points.encircled = asking and any(each.part.code == DEADLOCK for each in held)
    group.order.encircled += points.encircled - (before is not None and before.encircled)
    if kept is not None and line in kept.lines:
        points.check = kept.lines[line]
        if points.check == FAILED:
            points.states[S.HELD] = points.states.get(S.HELD, 0) + 1
            points.why.setdefault(S.HELD, (INCOMPATIBLE, kept.against(line)))
    group.lines[line].points = points if points.states or points.check else None


def grow_no_more(group: OrderGroup, line: str) -> None:
    """The line waits for no shared service: it has them all, or will never need them."""
    reservations = group.reservations
    if reservations is not None and line in reservations.growing:
        reservations.growing = tuple(each for each in reservations.growing if each != line)
        group.order.asking -= 1
        fold_points(group, line)


def _line_cancelled(group: OrderGroup, event: LineCancelled, at: int) -> None:
    graph, plan, line = _graph(group), group.orchestration, group.lines[event.line]
    _keep_held(graph, line.id, ())
    graph.changes.pop(line.id, None)
    plan.waiting.pop(line.id, None)
    plan.blocked.pop(line.id, None)
    grow_no_more(group, line.id)
    line.points = None
    line.gate, line.code, line.reason = S.CANCELLED, event.code, event.reason


def _tasks_joined(group: OrderGroup, event: TasksJoined, at: int) -> None:
    plan, orders = group.orchestration, group.decomposition.domain_orders
    owners: dict[str, list[str]] = {}
    for each in event.tasks:
        plan.tasks[each.key] = Task(
            each.key,
            each.name,
            each.domain_order,
            each.target,
            each.needs,
            each.duration_ms,
            each.timeout_ms,
            S.ACKNOWLEDGED,
            at,
        )
        _feed(group, each.key, each.needs)
        owners.setdefault(each.domain_order, []).append(each.key)
    plan.gives.update(event.gives)
    for owner, keys in owners.items():
        order = orders[owner]
        plan.work.setdefault(line_of(owner), {})[owner] = tuple(keys)
        order.works = True
        if line_of(owner) == SHARED:
            plan.shared[owner] = order.referrers
        _busy(group, [owner])
        for line in order.referrers:
            _tally(group, line, order.state)


def _needs_joined(group: OrderGroup, event: NeedsJoined, at: int) -> None:
    task = group.orchestration.tasks[event.task]
    task.needs = (*task.needs, *event.needs)
    _feed(group, event.task, event.needs)


def _needs_left(group: OrderGroup, event: NeedsLeft, at: int) -> None:
    tasks = group.orchestration.tasks
    task = tasks[event.task]
    task.needs = tuple(need for need in task.needs if need not in event.needs)
    for need in event.needs:
        tasks[need].feeds = tuple(feed for feed in tasks[need].feeds if feed != event.task)


def _feed(group: OrderGroup, key: str, needs: Iterable[str]) -> None:
    plan = group.orchestration
    own = line_of(plan.tasks[key].domain_order)
    for need in needs:
        needed = plan.tasks[need]
        needed.feeds = (*needed.feeds, key)
        other = line_of(needed.domain_order)
        if other != own:
            for one, two in ((own, other), (other, own)):
                if two not in plan.linked.get(one, ()):
                    plan.linked[one] = (*plan.linked.get(one, ()), two)


def _busy(group: OrderGroup, keys: Iterable[str]) -> None:
    """There is something to do in these domain orders: so there is above them, by every way up."""
    graph, orders = _graph(group), group.decomposition.domain_orders
    ways = list(keys)
    while ways:
        key = ways.pop()
        order = orders[key]
        if not order.busy and order.state not in FINAL:
            order.busy = True
            ways += graph.grown[key].parents


def _idle(group: OrderGroup, keys: Iterable[str]) -> None:
    """Something below these domain orders is gone: perhaps nothing is left to do there."""
    graph, orders = _graph(group), group.decomposition.domain_orders
    ways = list(keys)
    while ways:
        key = ways.pop()
        order = orders[key]
        if order.busy and not order.works and not any(orders[child].busy for child in order.children):
            order.busy = False
            ways += graph.grown[key].parents


def _tally(group: OrderGroup, line: str, state: State) -> None:
    children = group.lines[line].children
    children[state] = children.get(state, 0) + 1


def _untally(group: OrderGroup, line: str, state: State) -> None:
    children = group.lines[line].children
    left = children.pop(state, 1) - 1
    if left:
        children[state] = left


FOLDS_OF_GRAPH: dict[type, Callable[[OrderGroup, Any, int], None]] = {
    LinesRuled: _lines_ruled,
    NodesGrown: _nodes_grown,
    NodeReferred: _node_referred,
    NodeChanged: _node_changed,
    NodesDropped: _nodes_dropped,
    NodesKept: _nodes_kept,
    SharedAsked: _shared_asked,
    ValuesTold: _values_told,
    RulesDecided: _rules_decided,
    HeldBackSet: _held_back_set,
    AlertsAcknowledged: _alerts_acknowledged,
    ChangesPending: _changes_pending,
    LineCancelled: _line_cancelled,
    TasksJoined: _tasks_joined,
    NeedsJoined: _needs_joined,
    NeedsLeft: _needs_left,
}
