"""From a graph of domain orders to one plan: which task waits for which, where actions differ and parents are several.

The same rules as in `catalog.plan`, told for each pair of neighbours: what is built or changed is done from the
bottom up, what is deleted from the top down, and beside a shared node nobody waits for another's part of the order. An
order without tasks passes the waiting on.
"""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final, NamedTuple

from catalog.lines import TaskPlan
from catalog.model import TaskTemplate

_BEFORE: Final = "before"
_OWN: Final = "own"
_AFTER: Final = "after"
Point = tuple[str, str]
"""A moment in the work on a domain order and all below it: before any of it, its own work, after all of it."""


class Work(NamedTuple):
    """One domain order to be planned."""

    key: str
    parents: tuple[str, ...]
    action: str
    plan: Sequence[TaskTemplate]
    specification: str
    beside: str = ""
    """What siblings have in common: the place above them, whether or not it has a domain order."""
    after: tuple[str, ...] = ()
    """Specifications of siblings whose work must end first (on delete: which must wait)."""
    shared: bool = False
    """Whether it is a shared node: what its parents wait for does not hold it up."""


class PlanCycle(ValueError):
    """The plan would wait for itself; names the domain orders in the circle."""


def planned(works: Iterable[Work]) -> tuple[TaskPlan, ...]:
    """All tasks of these domain orders, needed before needing. Raises PlanCycle."""
    return _Wiring(list(works)).tasks()


class _Wiring:
    def __init__(self, works: list[Work]) -> None:
        self.works = {work.key: work for work in works}
        self.below: dict[str, list[Work]] = {}
        siblings: dict[str, list[Work]] = {}
        for work in works:
            for parent in work.parents:
                self.below.setdefault(parent, []).append(work)
            if work.beside:
                siblings.setdefault(work.beside, []).append(work)
        self.waits: dict[Point, list[Point]] = {}
        for work in works:
            self._along(work)
        for each in siblings.values():
            self._beside(each)
        self._ends: dict[Point, tuple[str, ...]] = {}

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

    def _beside(self, siblings: Sequence[Work]) -> None:
        by_specification: dict[str, list[Work]] = {}
        for work in siblings:
            by_specification.setdefault(work.specification, []).append(work)
        for work in siblings:
            for specification in work.after:
                for earlier in by_specification.get(specification, ()):
                    if (earlier.action == "delete") is not (work.action == "delete"):
                        continue
                    first, second = (work, earlier) if work.action == "delete" else (earlier, work)
                    self._after((second.key, _BEFORE), (first.key, _AFTER))

    def tasks(self) -> tuple[TaskPlan, ...]:
        try:
            order = list(TopologicalSorter(self.waits).static_order())
        except CycleError as cycle:
            keys = dict.fromkeys(key for key, _ in cycle.args[1])
            raise PlanCycle(f"the plan waits for itself at {', '.join(keys)}") from None
        planned: list[TaskPlan] = []
        for point in order:
            awaited = self._awaited(point)
            work = self.works[point[0]]
            if point[1] == _OWN and work.plan:
                planned += self._own(work, awaited)
                followed = {name for task in work.plan for name in task.after}
                awaited = tuple(
                    f"{work.key}.{number}"
                    for number, task in enumerate(work.plan, start=1)
                    if task.name not in followed
                )
            self._ends[point] = awaited
        return tuple(planned)

    def _awaited(self, point: Point) -> tuple[str, ...]:
        earlier = self.waits.get(point, ())
        if len(earlier) == 1:
            return self._ends[earlier[0]]
        return tuple(dict.fromkeys(task for each in earlier for task in self._ends[each]))

    @staticmethod
    def _own(work: Work, awaited: tuple[str, ...]) -> list[TaskPlan]:
        numbers: Mapping[str, str] = {
            task.name: f"{work.key}.{number}" for number, task in enumerate(work.plan, start=1)
        }
        made = [
            TaskPlan(
                numbers[task.name],
                task.name,
                work.key,
                task.target,
                tuple(numbers[name] for name in task.after) or awaited,
                task.duration_ms,
                task.timeout_ms,
                task.point_of_no_return,
            )
            for task in work.plan
        ]
        needs = {task.key: {need for need in task.needs if need in numbers.values()} for task in made}
        by_key = {task.key: task for task in made}
        return [by_key[key] for key in TopologicalSorter(needs).static_order()]
