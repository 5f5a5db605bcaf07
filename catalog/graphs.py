"""Cycles in graphs of names."""

from collections.abc import Hashable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def cycle_in(graph: Mapping[Node, Iterable[Node]]) -> list[Node]:
    """One cycle, following the arrows, its first node repeated at the end; empty when there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[Node] = list(reversed(error.args[1]))
        return found
    return []
