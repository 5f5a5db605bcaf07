"""Who refers to shared nodes: from what is asked of them."""

from collections.abc import Mapping

from catalog.graph.results import Contribution


def parents_of(asked: Mapping[str, Contribution]) -> tuple[str, ...]:
    """The domain orders above a shared node."""
    return tuple(dict.fromkeys(asked[name].parent for name in sorted(asked) if asked[name].parent))


def referrers_of(asked: Mapping[str, Mapping[str, Contribution]]) -> dict[str, tuple[str, ...]]:
    """The lines that want each shared node, by way of other shared nodes, too."""
    found: dict[str, dict[str, None]] = {}
    for key in asked:
        _lines(asked, key, found)
    return {key: tuple(sorted(line for line in found[key] if line)) for key in asked}


def owners_first(asked: Mapping[str, Mapping[str, Contribution]]) -> list[str]:
    """Shared nodes so that one comes after those that refer to it."""
    order: dict[str, None] = {}
    for key in sorted(asked):
        _visit(asked, key, (), order)
    return list(order)


def _lines(
    asked: Mapping[str, Mapping[str, Contribution]], key: str, found: dict[str, dict[str, None]]
) -> dict[str, None]:
    if key not in found:
        found[key] = {}  # a circle of shared nodes adds nothing to itself
        for each in asked[key].values():
            lines = _lines(asked, each.owner, found) if each.owner in asked else {each.owner: None}
            found[key].update(lines)
    return found[key]


def _visit(
    asked: Mapping[str, Mapping[str, Contribution]], key: str, above: tuple[str, ...], order: dict[str, None]
) -> None:
    if key in order or key in above:
        return
    for each in asked[key].values():
        if each.owner in asked:
            _visit(asked, each.owner, (*above, key), order)
    order[key] = None
