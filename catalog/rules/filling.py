"""Whether each mandatory characteristic can come to have a value.

One gets it from its default, from what flows down a relationship (pairs of names, or the same name), from an
attribute mapping, or from the result of a task; at the root of a line also from the order. These are warnings where
a person may still bring the value, and errors where nothing can.
"""

from msgspec import UNSET

from catalog.draft import Draft
from catalog.model import CharacteristicSpecification, Specification
from catalog.rules.hierarchies import Edge, Hierarchies
from catalog.rules.rule import WRITING_ACTIONS
from catalog.rules.statements import Statement
from catalog.rules.vocabulary import SCOPES

Target = tuple[str, str]


def check_filling(draft: Draft, statements: list[Statement], hierarchies: Hierarchies) -> None:
    """Report mandatory characteristics that nothing fills, or that an exclusion can make impossible."""
    written: dict[Target, list[Statement]] = {}
    for statement in statements:
        mapping = statement.mapping
        if mapping is not None and mapping.action in WRITING_ACTIONS and statement.use == "value":
            written.setdefault((mapping.target, mapping.target_characteristic or ""), []).append(statement)
    for specification in draft.specifications.values():
        for each in specification.characteristics:
            if each.mandatory and each.default is UNSET and not _given_by_task(specification, each.name):
                writers = written.get((specification.id, each.name), [])
                _check_one(draft, specification, each, writers, hierarchies)
    for statement in statements:
        if statement.use == "sharingKey":
            _check_key(draft, statement, written, hierarchies)


def _check_one(
    draft: Draft,
    owner: Specification,
    each: CharacteristicSpecification,
    writers: list[Statement],
    hierarchies: Hierarchies,
) -> None:
    at = draft.places[("characteristic", owner.id, each.name)]
    edges = hierarchies.edges_to.get(owner.id, [])
    if not writers and not edges and not each.configurable:
        message = f"{owner.id}.{each.name} is mandatory, yet no order may state it and nothing fills it"
        fix = "give it a default or a mapping, or let it be configurable"
        draft.findings.report(at, "mandatory-impossible", message, fix)
    if writers:
        _check_writers_stand(draft, owner, each, writers, hierarchies)
        return
    for edge in edges:
        if not _flows(edge, each.name):
            message = f"{owner.id}.{each.name} is mandatory, yet nothing fills it below {edge.source.id}"
            fix = f"map a characteristic of {edge.source.id} to it, add a mapping, or give it a default"
            draft.findings.report(at, "mandatory-never-filled", message, fix, "warning")


def _check_key(
    draft: Draft, statement: Statement, written: dict[Target, list[Statement]], hierarchies: Hierarchies
) -> None:
    """A key that reads what nothing fills is never known, so that nothing is shared by it."""
    for path in statement.expression.paths:
        owner = draft.specifications.get(path[0])
        if owner is None or path[0] in SCOPES:
            continue
        edges = hierarchies.edges_to.get(owner.id, [])
        default = next(each.default for each in owner.characteristics if each.name == path[1])
        if edges and not (
            default is not UNSET
            or path[:2] in written
            or _given_by_task(owner, path[1])
            or any(_flows(edge, path[1]) for edge in edges)
        ):
            message = (
                f"{statement.what}: `{statement.text}` is never known: nothing fills {'.'.join(path[:2])}"
            )
            fix = f"map a characteristic to it from above {owner.id}, or read one that the line states"
            draft.findings.report(statement.at, "sharing-key-never-known", message, fix, "warning")


def _given_by_task(owner: Specification, name: str) -> bool:
    """Whether the result of one of its own tasks brings it."""
    return any(into == name for plan in owner.plans.values() for task in plan for _, into in task.gives)


def _flows(edge: Edge, name: str) -> bool:
    """Whether a relationship carries a value to this characteristic of its target."""
    declared = {each.name for each in edge.source.characteristics}
    mapped = {into: out for out, into in edge.relationship.mapping}
    return mapped.get(name, name) in declared


def _check_writers_stand(
    draft: Draft,
    owner: Specification,
    each: CharacteristicSpecification,
    writers: list[Statement],
    hierarchies: Hierarchies,
) -> None:
    """What only a specification brings that a rule can leave out is not brought when it does."""
    if any(_flows(edge, each.name) for edge in hierarchies.edges_to.get(owner.id, [])):
        return
    above = hierarchies.above(owner.id)
    missing = []
    for writer in writers:
        reads = {path[0] for path in writer.expression.paths if path[0] not in SCOPES} | {writer.holder.id}
        conditional = sorted(name for name in reads - above if _can_be_left_out(name, above, hierarchies))
        if not conditional and (writer.mapping is None or writer.mapping.condition is None):
            return
        missing += conditional
    if missing:
        at = draft.places[("characteristic", owner.id, each.name)]
        message = (
            f"{owner.id}.{each.name} is mandatory, but only {', '.join(dict.fromkeys(missing))} brings it, "
            "and a rule can leave that out"
        )
        fix = "give it a default, fill it by another mapping as well, or do not demand it"
        draft.findings.report(at, "mandatory-impossible", message, fix, "warning")


def _can_be_left_out(identifier: str, above: frozenset[str], hierarchies: Hierarchies) -> bool:
    """Whether a rule decides if a specification stands, or one between it and what stands above the other, too."""
    while identifier not in above:
        edges = hierarchies.edges_to.get(identifier, [])
        if any(edge.relationship.rules for edge in edges):
            return True
        if len(edges) != 1:
            return False
        identifier = edges[0].source.id
    return False
