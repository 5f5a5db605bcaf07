"""What is to be done with each node: (wanted, installed) to add, modify, noChange, delete, and what only drifts.

A modify is a three-way merge. The *base* is what today's catalog makes of the installed product unchanged, the *wish*
what it makes of it with the line's changes: only where these two differ something is done. Where the installed product
differs from the base it has drifted, because the catalog changed since: that is told, and applied only on request.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from catalog.graph.frames import Values
from catalog.graph.nodes import Node, Part
from catalog.graph.picture import Picture
from catalog.graph.results import Drift
from catalog.installed import InstalledNode


class Step(NamedTuple):
    """What is done with one node; `node` is None for what no longer grows, `installed` for what is new."""

    action: str
    node: Node | None
    installed: InstalledNode | None
    values: Values


class Changes(NamedTuple):
    """What a part comes to: a step per node, parents before children, and where the catalog has drifted."""

    steps: list[Step]
    drift: list[Drift]


def grown(part: Part, action: str) -> Changes:
    """Everything there is, with the line's action: where no picture says what is installed."""
    return Changes([Step(action, node, None, node.values) for node in part.nodes], [])


def merged(line: str, wish: Part, base: Part, picture: Picture, *, migrate: bool) -> Changes:
    """The three-way merge of one part."""
    based = {node.key: node for node in base.nodes}
    steps: list[Step] = []
    drift: list[Drift] = []
    kept: set[str] = set()
    skipped: set[str] = set()
    for node in wish.nodes:
        installed, before = node.installed, based.get(node.key)
        if installed is None:
            if not migrate and (
                before is not None or (node.parent is not None and node.parent.key in skipped)
            ):
                skipped.add(node.key)
                drift.append(Drift(line, node.path, node.specification, "missing"))
            else:
                steps.append(Step("add", node, None, node.values))
            continue
        kept.add(installed.id)
        basis = installed.characteristics if migrate or before is None else before.values
        changed = _changed(basis, node.values)
        values = {
            name: value
            for name, value in {**installed.characteristics, **changed}.items()
            if value is not None
        }
        if before is not None and not migrate:
            drift += _drifted(line, node, installed, before.values)
        action = "noChange" if values == installed.characteristics else "modify"
        steps.append(Step(action, node, installed, values))
    steps += _gone(line, picture, kept, {n.installed.id for n in base.nodes if n.installed}, drift, migrate)
    return Changes(steps, drift)


def deleted(picture: Picture) -> Changes:
    """Everything that is installed goes, whatever the rules say today; what is shared only loses a referrer."""
    steps = [
        Step("delete", None, node, node.characteristics) for node in picture.nodes if not node.sharing_key
    ]
    return Changes(steps, [])


def released(picture: Picture) -> Changes:
    """A shared node that nobody refers to any more goes, with all below it."""
    return Changes([Step("delete", None, node, node.characteristics) for node in picture.nodes], [])


def _gone(
    line: str, picture: Picture, kept: set[str], based: set[str], drift: list[Drift], migrate: bool
) -> Iterator[Step]:
    """The installed nodes that are not wished for: deleted where the change is the reason, with all below them."""
    going: set[str] = set()
    for node in picture.nodes:
        if node.id in kept or node.sharing_key:
            continue
        if node.id in based or node.parent in going or migrate:
            going.add(node.id)
            yield Step("delete", None, node, node.characteristics)
        else:
            drift.append(Drift(line, node.id, node.specification, "surplus"))


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What differs, None for what is no longer known."""
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    changed.update({name: None for name in before if name not in after})
    return changed


def _drifted(line: str, node: Node, installed: InstalledNode, base: Values) -> list[Drift]:
    return [
        Drift(
            line,
            f"{node.path}.{name}",
            node.specification,
            "values",
            installed.characteristics.get(name),
            value,
        )
        for name, value in base.items()
        if installed.characteristics.get(name) != value
    ]
