"""What must hold between the rules of a catalog: targets, types, hierarchies, writers, sharing keys, waits."""

from itertools import combinations

from catalog.characteristics import faults
from catalog.draft import Draft
from catalog.located import Located, nearest
from catalog.model import ORDERING_TYPES, CharacteristicSpecification, Specification
from catalog.rules.dependencies import check_dependencies
from catalog.rules.evaluation import path_of
from catalog.rules.filling import check_filling
from catalog.rules.hierarchies import Hierarchies
from catalog.rules.rule import WRITING_ACTIONS, AttributeMapping, Wait
from catalog.rules.statements import CONDITIONS, Statement, statements_of
from catalog.rules.vocabulary import SCOPES, type_of

UNIQUE_PATHS = frozenset({("line", "id"), ("line", "product"), ("order", "id"), ("order", "externalId")})


def check_rules(draft: Draft) -> None:
    """Add to the draft's findings all that is wrong with its rules; it has no cycle of relationships."""
    statements = statements_of(draft)
    hierarchies = Hierarchies(draft.specifications)
    for specification in draft.specifications.values():
        _check_targets(draft, specification, hierarchies)
        _check_relationships(draft, specification)
        _check_shared_siblings(draft, specification, hierarchies)
        _check_combinations(draft, specification)
    for statement in statements:
        _check_names_stand_together(draft, statement, hierarchies)
        if statement.use in CONDITIONS:
            _check_constant(draft, statement)
        if statement.use == "value":
            _check_value_type(draft, statement)
        elif statement.use == "sharingKey":
            _check_sharing_key(draft, statement, hierarchies)
    _check_writers(draft, hierarchies)
    check_dependencies(draft, statements, hierarchies)
    check_filling(draft, statements, hierarchies)


def _check_targets(draft: Draft, holder: Specification, hierarchies: Hierarchies) -> None:
    for mapping in holder.mappings:
        at = draft.places[("mapping", holder.id, mapping.id)]
        what = f"{holder.id}: mapping {mapping.id}"
        target = _known(draft, at, what, mapping.target)
        if target is None:
            continue
        if not hierarchies.together(holder.id, target.id):
            message = f"{what}: {target.id} never stands in one hierarchy with {holder.id}"
            fix = "relate the two, below one product, or state a compatibility instead"
            draft.findings.report(at, "never-in-hierarchy", message, fix)
        characteristic = _characteristic(target, mapping.target_characteristic)
        if mapping.target_characteristic and characteristic is None:
            declared = [each.name for each in target.characteristics]
            message = f"{what}: {target.id} has no characteristic {mapping.target_characteristic!r}"
            fix = (
                f"declare it on {target.id} or name another{nearest(mapping.target_characteristic, declared)}"
            )
            draft.findings.report(at, "mapping-unknown-characteristic", message, fix)
        if mapping.action in ("include", "exclude") and target.id not in hierarchies.edges_to:
            message = f"{what}: no relationship leads to {target.id}, so there is nothing to {mapping.action}"
            draft.findings.report(at, "nothing-to-include", message, f"add a relationship to {target.id}")
        _check_wait(draft, at, what, mapping.wait, mapping.action, characteristic)
    for compatibility in holder.compatibilities:
        at = draft.places[("compatibility", holder.id, compatibility.id)]
        what = f"{holder.id}: compatibility {compatibility.id}"
        target = _known(draft, at, what, compatibility.target)
        if target is holder and compatibility.type == "requires" and compatibility.condition is None:
            message = f"{what}: it requires itself, which always holds"
            draft.findings.report(at, "always-compatible", message, "name another, or add a condition")


def _known(draft: Draft, at: Located, what: str, identifier: str) -> Specification | None:
    found = draft.specifications.get(identifier)
    if found is None:
        fix = f"define it or name another{nearest(identifier, draft.specifications)}"
        draft.findings.report(
            at, "unknown-reference", f"{what}: there is no specification {identifier!r}", fix
        )
    return found


def _characteristic(owner: Specification, name: str | None) -> CharacteristicSpecification | None:
    return next((each for each in owner.characteristics if each.name == name), None)


def _check_wait(
    draft: Draft,
    at: Located,
    what: str,
    wait: Wait | None,
    action: str,
    characteristic: CharacteristicSpecification | None,
) -> None:
    if wait is None or wait.reaction != "default":
        return
    sentences: list[str] = []
    if action not in WRITING_ACTIONS:
        if type(wait.default) is not bool:
            sentences = [f"the outcome of a condition is true or false, not {wait.default!r}"]
    elif characteristic is not None:
        sentences = [sentence for _, sentence in faults(characteristic, wait.default)]
    for sentence in sentences:
        message = f"{what}: wait: default: {sentence}"
        draft.findings.report(at, "wait-default-not-allowed", message, "give the outcome to go on with")


def _check_relationships(draft: Draft, holder: Specification) -> None:
    for relationship in holder.relationships:
        edge = f"{holder.id} {relationship.type} {relationship.target}"
        for rule in relationship.rules:
            at = draft.places[("rule", holder.id, relationship.type, relationship.target, rule.id)]
            _check_wait(draft, at, f"{edge}: {rule.id}", rule.wait, rule.effect, None)
            if relationship.type not in ORDERING_TYPES:
                message = f"{edge}: {rule.id} has no effect: {relationship.type} creates nothing"
                fix = "remove the rule, or use a relationship that creates its target"
                draft.findings.report(at, "rule-without-effect", message, fix, "warning")
            elif relationship.minimum_quantity > 0:
                least = relationship.minimum_quantity
                message = f"{edge}: at least {least} must be there, yet {rule.id} can leave it out"
                fix = "drop `mandatory` or `minimumQuantity`: lines that the rule leaves without one are refused"
                draft.findings.report(at, "mandatory-excluded", message, fix, "warning")


def _check_shared_siblings(draft: Draft, holder: Specification, hierarchies: Hierarchies) -> None:
    """What is shared stands below a sibling as well, and so cannot wait for that sibling to end."""
    for relationship in holder.relationships:
        target = draft.specifications.get(relationship.target)
        if target is None or target.sharing_key is None:
            continue
        for sibling in relationship.after:
            if hierarchies.is_below(target.id, sibling):
                at = draft.places[("relationship", holder.id, relationship.type, target.id)]
                message = (
                    f"{holder.id}: the plan never ends: {target.id} comes after {sibling}, which waits for the same "
                    f"{target.id}, as it is shared"
                )
                draft.findings.report(
                    at, "relationship-after-cycle", message, f"take {sibling} out of `after`"
                )


def _check_combinations(draft: Draft, holder: Specification) -> None:
    for each in holder.characteristics:
        if each.combine == "equal":
            continue
        at = draft.places[("characteristic", holder.id, each.name)]
        what = f"{holder.id}: characteristic {each.name}"
        kind = type_of(each)
        fitting = {"sum": ("number",), "max": ("number", "timestamp", "string"), "union": ("list",)}
        if kind not in fitting[each.combine]:
            message = f"{what}: values of type {each.value_type} have no {each.combine}"
            fix = (
                "sum and max take numbers, max also dates and texts, union several values (`maxCardinality`)"
            )
            draft.findings.report(at, "combination-type", message, fix)
        elif holder.sharing_key is None:
            message = f"{what}: combine has no effect: {holder.id} has no sharingKey"
            draft.findings.report(at, "combination-without-sharing", message, "add `sharingKey`", "warning")


def _check_names_stand_together(draft: Draft, statement: Statement, hierarchies: Hierarchies) -> None:
    holder = statement.holder.id
    for path in statement.expression.paths:
        if statement.use == "compatibility":
            if path[0] not in (*SCOPES, holder, statement.beside):
                message = f"{statement.what}: {path[0]} is neither {holder} nor {statement.beside}"
                fix = "compare the two; what a third needs is a compatibility of its own"
                draft.findings.report(statement.at, "compatibility-of-three", message, fix)
            continue
        if path[0] not in SCOPES and not hierarchies.together(holder, path[0]):
            message = f"{statement.what}: {path[0]} never stands in one hierarchy with {holder}"
            fix = "relate the two, below one product, or read a characteristic of another specification"
            draft.findings.report(statement.at, "never-in-hierarchy", message, fix)


def _check_constant(draft: Draft, statement: Statement) -> None:
    if statement.expression.paths:
        return
    outcome = statement.expression.evaluate({})
    message = f"{statement.what}: `{statement.text}` reads nothing, and is always {outcome}"
    fix = "read a characteristic, or leave the rule out"
    draft.findings.report(statement.at, "rule-constant", message, fix, "warning")


def _check_value_type(draft: Draft, statement: Statement) -> None:
    mapping = statement.mapping
    assert mapping is not None
    target = draft.specifications.get(mapping.target)
    into = _characteristic(target, mapping.target_characteristic) if target is not None else None
    if mapping.action == "copy" and path_of(statement.expression.node) is None:
        message = f"{statement.what}: `{statement.text}` is no path of one characteristic to copy"
        draft.findings.report(statement.at, "copy-not-a-path", message, "use `set` for a computed value")
    elif into is not None and statement.type not in (type_of(into), "any"):
        message = f"{statement.what}: `{statement.text}` is a {statement.type}"
        message += f", {mapping.target}.{into.name} takes {into.value_type}"
        draft.findings.report(statement.at, "mapping-type-mismatch", message, "give both the same type")


def _check_sharing_key(draft: Draft, statement: Statement, hierarchies: Hierarchies) -> None:
    """A key that is another for every line, or is known only when the node already stands, shares nothing."""
    holder = statement.holder.id
    reasons = []
    for path in statement.expression.paths:
        full = ".".join(path)
        if path in UNIQUE_PATHS:
            reasons.append(f"{full} is another one for every line")
        elif path[0] not in SCOPES and hierarchies.is_below(path[0], holder):
            reasons.append(f"{full} stands below {holder}, which must be there first")
    if statement.type in ("list", "map"):
        reasons.append(f"it is a {statement.type}, and a key is one value")
    if not statement.expression.paths:
        message = f"{statement.what}: `{statement.text}` reads nothing: all lines of all customers share one"
        fix = "say what lines with one node have in common, such as `line.place.site`"
        draft.findings.report(statement.at, "sharing-key-constant", message, fix, "warning")
    for reason in reasons:
        message = f"{statement.what}: `{statement.text}` never matches: {reason}"
        fix = "say what lines with one node have in common, such as `line.place.site`"
        draft.findings.report(statement.at, "sharing-key-never-matches", message, fix)


def _check_writers(draft: Draft, hierarchies: Hierarchies) -> None:
    """Two mappings that write one characteristic, or include and exclude one target, must say which of them wins."""
    writers: dict[tuple[str, str, bool], list[tuple[Specification, AttributeMapping]]] = {}
    for specification in draft.specifications.values():
        for mapping in specification.mappings:
            if mapping.action != "validate":
                key = (mapping.target, mapping.target_characteristic or "", mapping.action == "default")
                writers.setdefault(key, []).append((specification, mapping))
    for (target, name, _), found in writers.items():
        written = f"{target}.{name}" if name else target
        for (one_holder, one), (other_holder, other) in combinations(found, 2):
            if (
                one.precedence == other.precedence
                and (name or one.action != other.action)
                and set(one.actions) & set(other.actions)
                and hierarchies.together(one_holder.id, other_holder.id)
            ):
                at = draft.places[("mapping", other_holder.id, other.id)]
                first = draft.places[("mapping", one_holder.id, one.id)]
                message = (
                    f"{other_holder.id}: mapping {other.id} decides on {written} like {one_holder.id}: "
                    f"{one.id} ({first.file}:{first.line}), with the same precedence"
                )
                fix = f"say which wins: `precedence: {one.precedence + 1}` on one of them"
                draft.findings.report(at, "mapping-conflict", message, fix)
