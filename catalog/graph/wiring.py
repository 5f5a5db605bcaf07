"""From a graph of domain orders to one plan: which task waits for which, where actions differ and parents are several.

The same rules as in `catalog.plan`, told for each pair of neighbours: what is built or changed is done from the
bottom up, what is deleted from the top down, and beside a shared node nobody waits for another's part of the order. An
order without tasks passes the waiting on.
"""

from collections.abc import Iterable, Sequence
from graphlib import TopologicalSorter
from typing import Final, NamedTuple

from catalog.lines import TaskPlan
from catalog.model import Catalog, TaskTemplate

_BEFORE: Final = "before"
_OWN: Final = "own"
_AFTER: Final = "after"
Point = tuple[str, str]
"""A moment in the work on a domain order and all below it: before any of it, its own work, after all of it."""


class Steps:
    """A plan of one specification, in an order in which what is needed comes first."""

    __slots__ = ("_last", "_tasks")

    def __init__(self, plan: Sequence[TaskTemplate]) -> None:
        numbers = {task.name: number for number, task in enumerate(plan)}
        sorter = TopologicalSorter(
            {number: [numbers[name] for name in task.after] for number, task in enumerate(plan)}
        )
        self._tasks = tuple(
            (plan[number], f".{number + 1}", tuple(f".{numbers[name] + 1}" for name in plan[number].after))
            for number in sorter.static_order()
        )
        followed = {name for task in plan for name in task.after}
        self._last = tuple(f".{numbers[task.name] + 1}" for task in plan if task.name not in followed)

    def tasks(self, key: str, awaited: tuple[str, ...]) -> list[TaskPlan]:
        """The tasks of one domain order; its first ones wait for what is awaited."""
        return [
            TaskPlan(
                key + suffix,
                task.name,
                key,
                task.target,
                tuple([key + need for need in needs]) if needs else awaited,
                task.duration_ms,
                task.timeout_ms,
                task.point_of_no_return,
            )
            for task, suffix, needs in self._tasks
        ]

    def last(self, key: str) -> tuple[str, ...]:
        """The tasks that no other of the plan waits for."""
        return tuple([key + suffix for suffix in self._last])


def steps_of(catalog: Catalog, specification: str, action: str) -> Steps | None:
    """The plan of a specification for an action, compiled once per catalog version; None without tasks."""
    key = ("steps", specification, action)
    if key not in catalog.compiled:
        found = catalog.specifications.get(specification)
        plan = found.plans.get(action, ()) if found is not None else ()
        catalog.compiled[key] = Steps(plan) if plan else None
    steps: Steps | None = catalog.compiled[key]
    return steps


class Work(NamedTuple):
    """One domain order to be planned."""

    key: str
    parents: tuple[str, ...]
    action: str
    plan: Steps | None
    specification: str
    beside: str = ""
    """What siblings have in common: the place above them, whether or not it has a domain order."""
    after: tuple[str, ...] = ()
    """Specifications of siblings whose work must end first (on delete: which must wait)."""
    shared: bool = False
    """Whether it is a shared node: what its parents wait for does not hold it up."""
    besides: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """The same as `beside` and `after` for each place at which a shared node stands."""


class PlanCycle(ValueError):
    """The plan would wait for itself; names the domain orders in the circle."""


def planned(works: Iterable[Work]) -> tuple[TaskPlan, ...]:
    """All tasks of these domain orders, needed before needing. Raises PlanCycle."""
    return _Wiring(list(works)).tasks()


class _Wiring:
    def __init__(self, works: list[Work]) -> None:
        self.works = {work.key: work for work in works}
        self.below: dict[str, list[Work]] = {}
        siblings: dict[str, list[tuple[Work, tuple[str, ...]]]] = {}
        for work in works:
            for parent in work.parents:
                # One above that is planned elsewhere waits there.
                if parent in self.works:
                    self.below.setdefault(parent, []).append(work)
            for place, after in ((work.beside, work.after), *work.besides):
                if place:
                    siblings.setdefault(place, []).append((work, after))
        self.waits: dict[Point, list[Point]] = {}
        for work in works:
            self._along(work)
        for each in siblings.values():
            self._beside(each)

    def _after(self, point: Point, *earlier: Point) -> None:
        self.waits.setdefault(point, []).extend(earlier)

    def _along(self, work: Work) -> None:
        """Between a domain order and those below it."""
        key = work.key
        self._after((key, _OWN), (key, _BEFORE))
        last: list[Point] = []
        for child in self.below.get(key, ()):
            if child.action == "delete" or work.action == "delete":
                self._after((child.key, _BEFORE), (key, _OWN))
                last.append((child.key, _AFTER))
            else:
                self._after((key, _OWN), (child.key, _AFTER))
                if not child.shared:
                    self._after((child.key, _BEFORE), (key, _BEFORE))
        self._after((key, _AFTER), *(last or [(key, _OWN)]))

    def _beside(self, siblings: Sequence[tuple[Work, tuple[str, ...]]]) -> None:
        by_specification: dict[str, list[Work]] = {}
        for work, _ in siblings:
            by_specification.setdefault(work.specification, []).append(work)
        for work, after in siblings:
            for specification in after:
                for earlier in by_specification.get(specification, ()):
                    if (earlier.action == "delete") is not (work.action == "delete"):
                        continue
                    first, second = (work, earlier) if work.action == "delete" else (earlier, work)
                    self._after((second.key, _BEFORE), (first.key, _AFTER))

    def tasks(self) -> tuple[TaskPlan, ...]:
        """Every task, needed before needing: points are visited once those that they wait for are."""
        planned: list[TaskPlan] = []
        ends: dict[Point, tuple[str, ...]] = {}
        under_way: dict[Point, None] = {}
        waits = self.waits
        for start in [(key, _AFTER) for key in self.works]:
            stack = [start]
            while stack:
                point = stack[-1]
                if point in ends:
                    stack.pop()
                    continue
                earlier = waits.get(point, ())
                left = [each for each in earlier if each not in ends]
                if left:
                    if point in under_way:
                        circle = dict.fromkeys(key for key, _ in under_way)
                        raise PlanCycle(f"the plan waits for itself at {', '.join(circle)}")
                    under_way[point] = None
                    stack += left
                    continue
                under_way.pop(point, None)
                stack.pop()
                if len(earlier) == 1:
                    awaited = ends[earlier[0]]
                else:
                    awaited = tuple(dict.fromkeys([task for each in earlier for task in ends[each]]))
                key, moment = point
                if moment == _OWN and (plan := self.works[key].plan) is not None:
                    planned += plan.tasks(key, awaited)
                    awaited = plan.last(key)
                ends[point] = awaited
        return tuple(planned)
