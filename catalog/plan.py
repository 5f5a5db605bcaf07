"""From a tree of domain orders to one plan: which task waits for which.

Inside a domain order its specification's plan for the action holds. Between domain orders work goes bottom up
on add and modify (resource before service before product: a parent's first tasks need its children's last)
and top down on delete (children's first tasks need the parent's last). A relationship's `after` puts siblings
in sequence, on delete the other way round. A domain order without tasks passes the dependency on.
"""

from graphlib import TopologicalSorter
from typing import NamedTuple

from catalog.lines import TaskPlan
from catalog.model import Relationship, Specification, TaskTemplate

__all__ = ["Instance", "PlannedTask", "TaskPlan", "planned_tasks"]


class Instance(NamedTuple):
    """One domain order to be; `parent` is the index of the one above, -1 directly under the line."""

    specification: Specification
    relationship: Relationship | None
    parent: int


class PlannedTask(NamedTuple):
    """A task as a template: the index of its domain order, the end of its key, the indices of its needs."""

    order: int
    suffix: str
    name: str
    target: str
    needs: tuple[int, ...]
    duration_ms: int
    timeout_ms: int
    point_of_no_return: bool


class Ends(NamedTuple):
    """Where a piece of plan begins and ends: tasks that wait for nothing in it, or that nothing waits for."""

    first: list[int]
    last: list[int]


def planned_tasks(instances: list[Instance], action: str) -> tuple[PlannedTask, ...]:
    """All tasks of these domain orders, needed before needing, wired for add, modify or delete."""
    return _Wiring(instances, action).tasks()


class _Wiring:
    def __init__(self, instances: list[Instance], action: str) -> None:
        self.instances = instances
        self.action = action
        self.below: list[list[int]] = [[] for _ in range(len(instances) + 1)]
        for index, instance in enumerate(instances):
            self.below[instance.parent].append(index)  # -1, the line, is the last list
        self.templates: list[tuple[int, int, TaskTemplate]] = []
        self.needs: list[list[int]] = []

    def tasks(self) -> tuple[PlannedTask, ...]:
        self._siblings(self.below[-1])
        sorter = TopologicalSorter(dict(enumerate(self.needs)))
        order = list(sorter.static_order())
        place = {index: position for position, index in enumerate(order)}
        planned = []
        for index in order:
            owner, number, task = self.templates[index]
            planned.append(
                PlannedTask(
                    owner,
                    f".{number}",
                    task.name,
                    task.target,
                    tuple(sorted(place[need] for need in self.needs[index])),
                    task.duration_ms,
                    task.timeout_ms,
                    task.point_of_no_return,
                )
            )
        return tuple(planned)

    def _subtree(self, index: int) -> Ends:
        children = self._siblings(self.below[index])
        own = self._own(index)
        upper, lower = (own, children) if self.action == "delete" else (children, own)
        if upper.last:
            self._wait(lower.first, upper.last)
        return Ends(upper.first or lower.first, lower.last or upper.last)

    def _own(self, index: int) -> Ends:
        plan = self.instances[index].specification.plans.get(self.action, ())
        start = len(self.templates)
        numbers = {task.name: start + number for number, task in enumerate(plan)}
        for number, task in enumerate(plan, start=1):
            self.templates.append((index, number, task))
            self.needs.append([numbers[name] for name in task.after])
        followed = {name for task in plan for name in task.after}
        return Ends(
            [numbers[task.name] for task in plan if not task.after],
            [numbers[task.name] for task in plan if task.name not in followed],
        )

    def _siblings(self, siblings: list[int]) -> Ends:
        before = self._sequence(siblings)
        first: dict[int, None] = {}
        last: dict[int, list[int]] = {}
        for index in TopologicalSorter(before).static_order():
            ends = self._subtree(index)
            awaited = list(dict.fromkeys(task for earlier in before[index] for task in last[earlier]))
            if awaited:
                self._wait(ends.first, awaited)
            else:
                first.update(dict.fromkeys(ends.first))
            last[index] = ends.last or awaited
        followed = {earlier for waits in before.values() for earlier in waits}
        open_ends = dict.fromkeys(task for index in siblings if index not in followed for task in last[index])
        return Ends(list(first), list(open_ends))

    def _sequence(self, siblings: list[int]) -> dict[int, list[int]]:
        """For each sibling those that must end first, by the relationships' `after`."""
        before: dict[int, list[int]] = {index: [] for index in siblings}
        by_target: dict[str, list[int]] = {}
        for index in siblings:
            by_target.setdefault(self.instances[index].specification.id, []).append(index)
        for index in siblings:
            relationship = self.instances[index].relationship
            for target in relationship.after if relationship is not None else ():
                for earlier in by_target.get(target, ()):
                    if self.action == "delete":
                        before[earlier].append(index)
                    else:
                        before[index].append(earlier)
        return before

    def _wait(self, waiting: list[int], awaited: list[int]) -> None:
        for task in waiting:
            self.needs[task].extend(awaited)
