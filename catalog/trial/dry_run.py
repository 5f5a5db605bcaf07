"""What would become of an order: its graph, its plan with dates, its price. Nothing is touched.

Dates are those of the plan as it stands: every task takes its expected duration and begins as soon as what it needs is
done. Lines that rules decide are grown together, as the order's decomposition does it: what they share is there once.
"""

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from typing import Any

import msgspec

from catalog.commerce.charges import OrderPrice, PricedLine
from catalog.decompose import plain
from catalog.explain import reasons_for
from catalog.graph.explaining import reasons
from catalog.graph.lines import grow
from catalog.graph.nodes import SHARED
from catalog.graph.settling import Order
from catalog.lines import HeldBack, LineRequest, Reason, TaskPlan
from catalog.model import Catalog
from catalog.pricing import price_order


class TrialLine(msgspec.Struct, frozen=True):
    """A line to try: what it orders, the line it is part of, and the lines that must be completed first."""

    request: LineRequest
    parent: str = ""
    needs: tuple[str, ...] = ()


class TrialOrder(msgspec.Struct, frozen=True, rename="camel"):
    """A domain order that would be created.

    `path` names it by what stands above it (`internet-service/access-port[2]`) and is the same under every catalog
    version that puts it there; a shared one is named by its sharing key.
    """

    key: str
    path: str
    kind: str
    specification: str
    action: str
    relationship: str
    ordinal: int
    parents: tuple[str, ...]
    referrers: tuple[str, ...]
    characteristics: dict[str, Any]
    sharing_key: str = ""


class TrialTask(msgspec.Struct, frozen=True, rename="camel"):
    """A task of the plan with its dates, in ms since 1970 UTC."""

    key: str
    name: str
    domain_order: str
    target: str
    needs: tuple[str, ...]
    start: int
    end: int
    timeout_ms: int
    point_of_no_return: bool = False


class TrialResult(msgspec.Struct, frozen=True, rename="camel"):
    """One line: when it would begin and end, and what of it waits."""

    line: str
    action: str
    start: int
    end: int
    held_back: tuple[HeldBack, ...] = ()


class DryRun(msgspec.Struct, frozen=True, rename="camel"):
    """What would become of an order under one catalog version, begun at `start` (ms since 1970 UTC)."""

    catalog: str
    start: int
    end: int
    lines: tuple[TrialResult, ...]
    domain_orders: tuple[TrialOrder, ...]
    tasks: tuple[TrialTask, ...]
    price: OrderPrice
    reasons: tuple[Reason, ...] = ()


def dry_run(
    catalog: Catalog,
    lines: Iterable[TrialLine],
    at: int,
    start: int,
    *,
    about: Mapping[str, Any] | None = None,
    explained: bool = True,
) -> DryRun:
    """Try an order that comes in at `at` and begins at `start`; without reasons if not `explained`.

    `about` is what rules read under `order`.

    The lines are taken as the door lets them in. Raises what decomposition raises (`CatalogRefusal`).
    """
    trial = _Trial(catalog, tuple(lines), at, about or {}, explained)
    ends = trial.schedule(start)
    tasks = tuple(_dated(task, ends["task", task.key]) for task in trial.tasks)
    results = tuple(
        TrialResult(
            line.request.line,
            line.request.action,
            ends["begin", line.request.line],
            ends["end", line.request.line],
            trial.held.get(line.request.line, ()),
        )
        for line in trial.lines
    )
    return DryRun(
        catalog=catalog.version,
        start=start,
        end=max((each.end for each in results), default=start),
        lines=results,
        domain_orders=tuple(trial.orders.values()),
        tasks=tasks,
        price=price_order(catalog, [PricedLine(line.request, line.parent) for line in trial.lines], at),
        reasons=tuple(trial.reasons),
    )


def _dated(task: TaskPlan, end: int) -> TrialTask:
    return TrialTask(
        task.key,
        task.name,
        task.domain_order,
        task.target,
        task.needs,
        end - task.duration_ms,
        end,
        task.timeout_ms,
        task.point_of_no_return,
    )


class _Trial:
    def __init__(
        self,
        catalog: Catalog,
        lines: tuple[TrialLine, ...],
        at: int,
        about: Mapping[str, Any],
        explained: bool,
    ) -> None:
        self.lines = lines
        self.explained = explained
        self.orders: dict[str, TrialOrder] = {}
        self.paths: dict[tuple[str, str], str] = {}
        self.tasks: list[TaskPlan] = []
        self.held: dict[str, tuple[HeldBack, ...]] = {}
        self.reasons: list[Reason] = []
        ruled: dict[str, LineRequest] = {}
        for line in lines:
            request = line.request
            made = plain(catalog, request)
            if made is None:
                ruled[request.line] = request
                continue
            for each in made.domain_orders:
                parents = (each.parent,) if each.parent is not None else ()
                self._take(each, parents, (request.line,))
            self.tasks += made.tasks
            if explained:
                self.reasons += reasons_for(catalog, request, made)
        if ruled:
            self._grow(Order(catalog, ruled, about=about, at_ms=at), tuple(ruled))

    def _grow(self, order: Order, lines: tuple[str, ...]) -> None:
        graph = grow(order, lines)
        for node in graph.nodes.values():
            self._take(node, node.parents, node.referrers, node.sharing_key)
        self.tasks += graph.tasks
        self.held |= graph.held_back
        found = reasons(order, lines) if self.explained else {}
        for line in (*lines, SHARED):
            self.reasons += found.get(line, ())

    def _take(
        self, made: Any, parents: tuple[str, ...], referrers: tuple[str, ...], sharing_key: str = ""
    ) -> None:
        own = made.specification + (f"[{made.ordinal}]" if made.ordinal > 1 else "")
        above = self.orders[parents[0]].path if parents and parents[0] in self.orders else ""
        path = f"{above}/{own}" if above else own
        if sharing_key:
            path = f"{made.specification}{{{sharing_key}}}"
        taken = self.paths.setdefault((referrers[0] if referrers else "", path), made.key)
        if taken != made.key:
            # Two relationships lead to one specification, and both count from 1.
            path = f"{path} ({made.relationship} {made.key})"
        self.orders[made.key] = TrialOrder(
            made.key,
            path,
            made.kind,
            made.specification,
            made.action,
            made.relationship,
            made.ordinal,
            parents,
            referrers,
            made.characteristics,
            sharing_key,
        )

    def schedule(self, start: int) -> dict[tuple[str, str], int]:
        """When each task ends, and each line begins and ends: the earliest that what it needs lets it."""
        known = {line.request.line for line in self.lines}
        waits: dict[tuple[str, str], list[tuple[str, str]]] = {}
        durations = {task.key: task.duration_ms for task in self.tasks}
        for line in self.lines:
            id_ = line.request.line
            waits["begin", id_] = [("end", need) for need in line.needs if need in known]
            waits.setdefault(("end", id_), []).append(("begin", id_))
            if line.parent in known:
                waits.setdefault(("end", line.parent), []).append(("end", id_))
        for task in self.tasks:
            referrers = self.orders[task.domain_order].referrers
            # What is shared is begun for the first who wants it.
            waits["task", task.key] = [
                *(("task", need) for need in task.needs if need in durations),
                *(("begin", referrer) for referrer in referrers[:1] if referrer in known),
            ]
            for referrer in referrers:
                if referrer in known:
                    waits["end", referrer].append(("task", task.key))
        ends: dict[tuple[str, str], int] = {}
        for each in TopologicalSorter(waits).static_order():
            ready = max((ends[need] for need in waits.get(each, ())), default=start)
            ends[each] = ready + (durations[each[1]] if each[0] == "task" else 0)
        return ends
