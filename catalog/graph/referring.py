"""Who refers to shared nodes: from what is asked of them."""

from collections.abc import Mapping

from catalog.graph.results import Contribution


def parents_of(asked: Mapping[str, Contribution]) -> tuple[str, ...]:
    """The domain orders above a shared node."""
    return tuple(dict.fromkeys(asked[name].parent for name in sorted(asked) if asked[name].parent))


def referrers_of(asked: Mapping[str, Mapping[str, Contribution]]) -> dict[str, tuple[str, ...]]:
    """The lines that want each shared node, by way of other shared nodes, too."""
    found: dict[str, dict[str, None]] = {}

    def lines(key: str) -> dict[str, None]:
        if key not in found:
            found[key] = {}  # a circle of shared nodes adds nothing to itself
            for each in asked[key].values():
                found[key].update(lines(each.owner) if each.owner in asked else {each.owner: None})
        return found[key]

    return {key: tuple(sorted(line for line in lines(key) if line)) for key in asked}


def owners_first(asked: Mapping[str, Mapping[str, Contribution]]) -> list[str]:
    """Shared nodes so that one comes after those that refer to it."""
    order: dict[str, None] = {}

    def visit(key: str, above: tuple[str, ...]) -> None:
        if key in order or key in above:
            return
        for each in asked[key].values():
            if each.owner in asked:
                visit(each.owner, (*above, key))
        order[key] = None

    for key in sorted(asked):
        visit(key, ())
    return list(order)
