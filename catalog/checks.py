"""What must hold between the parts of a catalog: references, pairs, quantities, mappings, cycles, reach."""

from graphlib import TopologicalSorter

from catalog.commerce.checks import check_commerce
from catalog.draft import Draft
from catalog.graphs import cycle_in
from catalog.located import Located, nearest
from catalog.model import (
    ALLOWED_PAIRS,
    ORDERING_TYPES,
    CharacteristicSpecification,
    Relationship,
    Specification,
)
from catalog.parts.plan_checks import check_plans
from catalog.policies.checks import check_policies
from catalog.rules.checks import check_rules

TREE_BRANCHES_MAX = 10_000
TREE_DEPTH_MAX = 40


def check_draft(draft: Draft) -> None:
    """Add to the draft's findings all that is wrong between well-formed parts."""
    check_commerce(draft)
    for specification in draft.specifications.values():
        _check_relationships(draft, specification)
        check_plans(draft, specification)
    if _check_cycles(draft):
        _check_sizes(draft)
        check_rules(draft)
    _check_reach(draft)
    check_policies(draft.policies, draft.findings, draft.commerce.offerings, draft.specifications)


def _unknown(draft: Draft, at: Located, what: str, identifier: str) -> None:
    fix = f"define it or name another{nearest(identifier, draft.specifications)}"
    draft.findings.report(at, "unknown-reference", f"{what}: there is no specification {identifier!r}", fix)


def _check_relationships(draft: Draft, source: Specification) -> None:
    seen: set[tuple[str, str]] = set()
    targets = {relationship.target for relationship in source.relationships}
    for relationship in source.relationships:
        at = draft.places[("relationship", source.id, relationship.type, relationship.target)]
        what = f"{source.id} {relationship.type} {relationship.target}"
        if (relationship.type, relationship.target) in seen:
            fix = "keep one, with the quantity meant for both"
            draft.findings.report(at, "duplicate-relationship", f"{what} is stated twice", fix)
            continue
        seen.add((relationship.type, relationship.target))
        _check_quantities(draft, source, relationship, at, what)
        for sibling in relationship.after:
            if sibling not in targets:
                fix = f"name a target of another relationship of {source.id}{nearest(sibling, targets)}"
                message = f"{what}: after {sibling!r}, which is no sibling"
                draft.findings.report(at, "relationship-after-unknown", message, fix)
        target = draft.specifications.get(relationship.target)
        if target is None:
            _unknown(draft, at, what, relationship.target)
            continue
        if (source.kind, target.kind) not in ALLOWED_PAIRS[relationship.type]:
            pairs = ", ".join(f"{a} to {b}" for a, b in sorted(ALLOWED_PAIRS[relationship.type]))
            message = f"{what}: {relationship.type} cannot lead from a {source.kind} to a {target.kind}"
            draft.findings.report(at, "illegal-pair", message, f"{relationship.type} leads {pairs}")
        _check_mapping(draft, source, relationship, target, at, what)
    graph = {
        relationship.target: [sibling for sibling in relationship.after if sibling in targets]
        for relationship in source.relationships
    }
    cycle = cycle_in(graph)
    if cycle:
        message = f"{source.id}: its relationships wait for each other: {' after '.join(cycle)}"
        at = draft.places[("specification", source.id)]
        draft.findings.report(at, "relationship-after-cycle", message, "remove one of these `after`")


def _check_quantities(
    draft: Draft, source: Specification, relationship: Relationship, at: Located, what: str
) -> None:
    minimum, default = relationship.minimum_quantity, relationship.default_quantity
    maximum = relationship.maximum_quantity
    if relationship.mandatory and minimum == 0:
        message = f"{what}: mandatory, yet minimumQuantity is 0"
        draft.findings.report(
            at, "quantity-mandatory", message, "write `minimumQuantity: 1` or drop mandatory"
        )
    below = default < minimum
    if below or (maximum is not None and (default > maximum or minimum > maximum)):
        bounds = f"minimum {minimum}, default {default}, maximum {maximum if maximum is not None else 'none'}"
        message = f"{what}: quantities must rise: {bounds}"
        draft.findings.report(at, "quantity-order", message, "make minimum <= default <= maximum")
    name = relationship.quantity_characteristic
    if name is None:
        return
    types = _types(source)
    if name not in types:
        message = f"{what}: {source.id} has no characteristic {name!r} to take the quantity from"
        fix = f"declare it as an integer on {source.id}{nearest(name, types)}"
        draft.findings.report(at, "quantity-characteristic-unknown", message, fix)
    elif types[name] != "integer":
        message = f"{what}: the quantity characteristic {name} is of type {types[name]}"
        draft.findings.report(
            at, "quantity-characteristic-type", message, "declare it with `valueType: integer`"
        )


def _check_mapping(
    draft: Draft,
    source: Specification,
    relationship: Relationship,
    target: Specification,
    at: Located,
    what: str,
) -> None:
    given, taken = _types(source), _types(target)
    mapped = set()
    for out, into in relationship.mapping:
        mapped.add(into)
        for name, types, owner in ((out, given, source.id), (into, taken, target.id)):
            if name not in types:
                fix = f"declare it on {owner} or name another{nearest(name, types)}"
                message = f"{what}: mapping {out} to {into}: {owner} has no characteristic {name!r}"
                draft.findings.report(at, "mapping-unknown-characteristic", message, fix)
        if out in given and into in taken and not _flows(given[out], taken[into]):
            message = f"{what}: mapping {out} ({given[out]}) to {into} ({taken[into]})"
            draft.findings.report(at, "mapping-type-mismatch", message, "give both the same valueType")
    if relationship.type not in ORDERING_TYPES:
        return
    for name in (taken.keys() & given.keys()) - mapped:
        if not _flows(given[name], taken[name]):
            message = f"{what}: {name} flows down by name, but is {given[name]} above and {taken[name]} below"
            fix = "give both the same valueType, or map another characteristic to it"
            draft.findings.report(at, "mapping-type-mismatch", message, fix)


def _types(specification: Specification) -> dict[str, str]:
    """What each characteristic holds: a value type, with `[]` for several of it."""
    return {
        each.name: _several(each)
        if each.max_cardinality != 1 or each.value_type == "array"
        else each.value_type
        for each in specification.characteristics
    }


def _several(characteristic: CharacteristicSpecification) -> str:
    element = characteristic.element.value_type if characteristic.element is not None else "any"
    of = element if characteristic.value_type == "array" else characteristic.value_type
    return f"{of}[]"


def _flows(given: str, taken: str) -> bool:
    if given == taken or given.replace("integer", "number") == taken:
        return True
    # What an array holds need not be declared.
    return given.endswith("[]") and taken.endswith("[]") and "any[]" in (given, taken)


def _check_cycles(draft: Draft) -> bool:
    """Report every cycle of relationships, one after another; True when there is none."""
    graph = {
        identifier: [
            each.target for each in specification.relationships if each.target in draft.specifications
        ]
        for identifier, specification in draft.specifications.items()
    }
    sound = True
    while cycle := cycle_in(graph):
        sound = False
        upper, lower = cycle[0], cycle[1]
        at = next(
            draft.places[("relationship", upper, each.type, each.target)]
            for each in draft.specifications[upper].relationships
            if each.target == lower
        )
        message = f"specifications contain each other: {' -> '.join(cycle)}"
        draft.findings.report(at, "cycle", message, f"remove the relationship from {upper} to {lower}")
        graph[upper] = [target for target in graph[upper] if target != lower]
    return sound


def _check_sizes(draft: Draft) -> None:
    """Refuse trees that fan out beyond what a line can hold, found without unrolling them."""
    graph = {
        identifier: [
            each.target
            for each in specification.relationships
            if each.type in ORDERING_TYPES and each.target in draft.specifications
        ]
        for identifier, specification in draft.specifications.items()
    }
    branches: dict[str, int] = {}
    depths: dict[str, int] = {}
    for identifier in TopologicalSorter(graph).static_order():
        below = graph[identifier]
        branches[identifier] = 1 + sum(branches[target] for target in below)
        depths[identifier] = 1 + max((depths[target] for target in below), default=0)
        large = branches[identifier] > TREE_BRANCHES_MAX
        deep = depths[identifier] > TREE_DEPTH_MAX
        if large or deep:
            limit = f"{TREE_BRANCHES_MAX} branches" if large else f"{TREE_DEPTH_MAX} levels"
            message = f"{identifier}: the tree below it has more than {limit}"
            at = draft.places[("specification", identifier)]
            draft.findings.report(
                at, "tree-too-large", message, "split the product, or share parts by quantity"
            )
            # Reported once, where it begins; what stands above would only repeat it.
            branches[identifier] = depths[identifier] = 0


def _check_reach(draft: Draft) -> None:
    reached: set[str] = set()
    waiting = [offering.product_specification for offering in draft.commerce.offerings.values()]
    while waiting:
        identifier = waiting.pop()
        specification = draft.specifications.get(identifier)
        if specification is not None and identifier not in reached:
            reached.add(identifier)
            waiting.extend(relationship.target for relationship in specification.relationships)
    structure = {
        relationship.target
        for specification in draft.specifications.values()
        for relationship in specification.relationships
        if relationship.type not in ORDERING_TYPES
    }
    for identifier, specification in draft.specifications.items():
        at = draft.places[("specification", identifier)]
        if identifier not in reached:
            message = f"{specification.kind} specification {identifier} is reached from no offering"
            fix = "relate it to a specification that is sold, or remove it"
            draft.findings.report(at, "unreachable", message, fix, "warning")
        if not specification.plans and not specification.relationships and identifier not in structure:
            message = (
                f"{specification.kind} specification {identifier} has neither tasks nor anything below it"
            )
            draft.findings.report(at, "nothing-to-do", message, "give it a plan or a relationship", "warning")
