"""How the values of several referrers become those of the one node they share."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from catalog.graph.frames import Values
from catalog.rules.rule import Combination


class Difference(NamedTuple):
    """Referrers ask for different values of a characteristic that must be equal."""

    characteristic: str
    asked: tuple[tuple[str, Any], ...]
    """(referrer, value), by referrer."""

    def __str__(self) -> str:
        asked = ", ".join(f"{referrer} asks for {value!r}" for referrer, value in self.asked)
        return f"{self.characteristic} must be the same for all who share it: {asked}"


def combined(
    combinations: Mapping[str, Combination], asked: Mapping[str, Values]
) -> tuple[Values, tuple[Difference, ...]]:
    """The values of a shared node from what each referrer asks, and where they cannot agree.

    The outcome does not depend on the order of the referrers; one who does not know a value has no say in it.
    Of values that differ where they must not, the first by referrer stands until somebody decides.
    """
    by_name: dict[str, list[tuple[str, Any]]] = {}
    for referrer in sorted(asked):
        for name, value in asked[referrer].items():
            by_name.setdefault(name, []).append((referrer, value))
    values: Values = {}
    differences = []
    for name in sorted(by_name):
        votes = by_name[name]
        how = combinations.get(name, "equal")
        if how == "equal":
            values[name] = votes[0][1]
            if any(value != values[name] for _, value in votes):
                differences.append(Difference(name, tuple(votes)))
            continue
        try:
            values[name] = _COMBINATIONS[how]([value for _, value in votes])
        except TypeError:
            values[name] = votes[0][1]
            differences.append(Difference(name, tuple(votes)))
    return values, tuple(differences)


def _union(values: Iterable[Any]) -> list[Any]:
    elements: list[Any] = []
    for value in values:
        for element in value if isinstance(value, list) else [value]:
            if element not in elements:
                elements.append(element)
    return sorted(elements, key=lambda element: (str(type(element)), str(element)))


_COMBINATIONS: dict[str, Callable[[list[Any]], Any]] = {"max": max, "sum": sum, "union": _union}
