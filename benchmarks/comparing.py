"""Two measurements of the same kind, figure by figure: what became better, what worse, and by how much.

Whether more is better follows from a figure's name: throughput is good, and everything else that is compared (time,
memory, CPU) is cost. Counts, settings and the machine are not compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

GOOD = frozenset(
    {
        "orders_per_second",
        "saturation",
        "peak",
        "completed_per_second",
        "transitions_per_second",
        "share_of_limit",
    }
)
COST = ("_ms", "_s", "bytes_per_order", "cpu_us_per_order", "cpu_us_per_line", "_rss")
"""Endings of names, of a figure or of what it stands in, that mean: less is better."""
LEFT_OUT = frozenset(
    {
        "machine",
        "layout",
        "curve",
        "samples",
        "windows",
        "probes_s",
        "slopes",
        "before",
        "seconds",
        "step_seconds",
    }
    | {
        "elapsed_seconds",
        "cpu_seconds",
        "memory_bytes",
        "memory_growth_bytes",
        "at_s",
        "rate",
        "offered_per_second",
    }
)
SMALL = {"ms": 1.0, "cpu_us_per_order": 5.0}
"""Below this a difference is the clock's resolution, not a change."""


class NotComparable(ValueError):
    """The two files measured different things."""


@dataclass(frozen=True)
class Compared:
    """One figure in both files. ``change`` is the second over the first, ``worse`` how many times worse (<= 1: not)."""

    name: str
    first: float
    second: float
    change: float
    worse: float


def compare(first: dict[str, Any], second: dict[str, Any]) -> list[Compared]:
    """All figures that both have.

    :raises NotComparable: they are not of one kind and shape.
    """
    for name in ("kind", "shape", "by"):
        if first.get(name) != second.get(name):
            raise NotComparable(f"{name} is {first.get(name)!r} in one and {second.get(name)!r} in the other")
    others = dict(_figures(second))
    return [
        _compared(name, value, others[name])
        for name, value in _figures(first)
        if name in others and value > 0
    ]


def beyond(found: list[Compared], tolerance: float) -> list[Compared]:
    """What became worse by more than ``tolerance`` (0.1: a tenth)."""
    return [each for each in found if each.worse > 1 + tolerance]


def _compared(name: str, first: float, second: float) -> Compared:
    change = second / first
    if abs(second - first) < max((least for end, least in SMALL.items() if end in name), default=0.0):
        worse = 1.0
    elif _is_good(name):
        worse = first / second if second else float("inf")
    else:
        worse = change
    return Compared(name, first, second, round(change, 4), worse)


def _figures(given: Any, path: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(given, dict):
        for key, value in given.items():
            if key not in LEFT_OUT:
                yield from _figures(value, f"{path}.{key}" if path else str(key))
    elif (
        isinstance(given, int | float) and not isinstance(given, bool) and (_is_good(path) or _is_cost(path))
    ):
        yield path, float(given)


def _is_good(path: str) -> bool:
    return path.rpartition(".")[2] in GOOD


def _is_cost(path: str) -> bool:
    return any(part.endswith(COST) for part in path.split("."))
