"""Whether rules can settle: what each waits for, and that nothing waits for itself."""

from itertools import pairwise

from catalog.draft import Draft
from catalog.graphs import cycle_in
from catalog.rules.hierarchies import Hierarchies
from catalog.rules.statements import Statement
from catalog.rules.vocabulary import SCOPES

Part = tuple[str, str]
"""A specification's id and the name of a characteristic, "" for that the specification stands there at all."""


def check_dependencies(draft: Draft, statements: list[Statement], hierarchies: Hierarchies) -> None:
    """Report each cycle of rules once, at one of the rules in it."""
    if not statements:
        return
    graph: dict[Part, set[Part]] = {}
    causes: dict[tuple[Part, Part], Statement] = {}
    for statement in statements:
        part = _determined_by(statement, hierarchies)
        if part is None:
            continue
        for path in statement.expression.paths:
            if path[0] not in SCOPES:
                read = (path[0], path[1])
                graph.setdefault(part, set()).add(read)
                causes.setdefault((part, read), statement)
    for part in [part for needed in graph.values() for part in needed] + list(graph):
        _add_presence(part, graph, hierarchies)
    while cycle := cycle_in(graph):
        # Relationships have no cycle, so that at least one step is a rule's.
        step = next(step for step in pairwise(cycle) if step in causes)
        statement = causes[step]
        chain = " needs ".join(map(_named, cycle))
        message = f"{statement.what}: rules wait for each other: {chain}"
        draft.findings.report(statement.at, "rule-cycle", message, f"do not read {_named(step[1])} here")
        graph[step[0]].discard(step[1])


def _determined_by(statement: Statement, hierarchies: Hierarchies) -> Part | None:
    """What a text decides on; None when nothing within a line's hierarchy depends on it."""
    if statement.edge is not None:
        return _presence(statement.edge[1], hierarchies)
    mapping = statement.mapping
    if mapping is None or mapping.action == "validate":
        return None
    if mapping.action in ("include", "exclude"):
        return _presence(mapping.target, hierarchies)
    return mapping.target, mapping.target_characteristic or ""


def _presence(target: str, hierarchies: Hierarchies) -> Part | None:
    """That a target stands; with several ways to it no single rule decides."""
    return (target, "") if len(hierarchies.edges_to.get(target, ())) == 1 else None


def _add_presence(
    part: Part,
    graph: dict[Part, set[Part]],
    hierarchies: Hierarchies,
) -> None:
    """A value needs its specification to be there, that its only parent, and the count a characteristic of it."""
    identifier, name = part
    if name:
        graph.setdefault(part, set()).add((identifier, ""))
    while len(edges := hierarchies.edges_to.get(identifier, [])) == 1:
        source, relationship = edges[0]
        needs = graph.setdefault((identifier, ""), set())
        needs.add((source.id, ""))
        if relationship.quantity_characteristic is not None:
            needs.add((source.id, relationship.quantity_characteristic))
        identifier = source.id


def _named(part: Part) -> str:
    return f"{part[0]}.{part[1]}" if part[1] else f"that {part[0]} stands"
