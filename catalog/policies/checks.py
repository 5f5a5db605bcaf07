"""What must hold between the policies and the rest of a catalog: references, names in conditions, fields to fill."""

from collections.abc import Iterable, Mapping

from catalog.commerce.model import ProductOffering
from catalog.located import Findings, Located, nearest
from catalog.model import Specification
from catalog.policies.conditions import LINE_NAMES, ORDER_NAMES, PRICE_NAMES, compiled, may_hold
from catalog.policies.draft import PolicyDraft
from catalog.policies.facts import FIELDS, ROLES
from catalog.policies.model import Conditions
from catalog.rules.syntax import ExpressionSyntaxError

_OWN = {"line": LINE_NAMES, "order": ORDER_NAMES}


def check_policies(
    draft: PolicyDraft,
    findings: Findings,
    offerings: Mapping[str, ProductOffering],
    specifications: Mapping[str, Specification],
) -> None:
    """Report every row that names what is not there."""
    for at, what, conditions in draft.conditions:
        _check_references(findings, at, what, "offering", conditions.offering, offerings)
        _check_references(findings, at, what, "specification", conditions.specification, specifications)
        _check_when(findings, at, what, conditions, _characteristics(conditions, offerings, specifications))
    for rule in draft.enrichment.values():
        at = draft.places[("enrichment", rule.id)]
        known = _characteristics(rule.conditions, offerings, specifications)
        for field in rule.fills:
            kind, dot, _ = field.partition(".")
            if field in known or field in FIELDS or (dot and kind in ROLES):
                continue
            names = [*FIELDS, *sorted(known)]
            message = f"enrichment {rule.id}: there is nothing called {field!r} to fill in"
            fix = f"name a characteristic of the lines it holds for, or one of {', '.join(FIELDS)}"
            findings.report(at, "unknown-field-to-fill", message, fix + nearest(field, names))
    hidden = False
    for rule_id, approval in draft.approval.items():
        at = draft.places[("approval", rule_id)]
        if hidden:
            message = f"approval {rule_id} is never asked: a row before it holds for every order"
            findings.report(at, "policy-never-asked", message, "move it up", "warning")
        hidden |= approval.approvers == "auto" and approval.conditions == Conditions()


def _check_references(
    findings: Findings, at: Located, what: str, kind: str, names: Iterable[str], known: Mapping[str, object]
) -> None:
    for name in names:
        if name not in known:
            fix = f"define it or name another{nearest(name, known)}"
            findings.report(at, "unknown-reference", f"{what}: there is no {kind} {name!r}", fix)


def _characteristics(
    conditions: Conditions,
    offerings: Mapping[str, ProductOffering],
    specifications: Mapping[str, Specification],
) -> frozenset[str]:
    """The characteristics of every product specification whose lines the row can hold for."""
    found: set[str] = set()
    for offering in offerings.values():
        specification = specifications.get(offering.product_specification)
        if specification is not None and any(
            may_hold(conditions, offering.id, specification.id, action)
            for action in conditions.action or ("add",)
        ):
            found.update(each.name for each in specification.characteristics)
    return frozenset(found)


def _check_when(
    findings: Findings, at: Located, what: str, conditions: Conditions, characteristics: frozenset[str]
) -> None:
    if not conditions.when:
        return
    try:
        expression = compiled(conditions.when)
    except ExpressionSyntaxError as fault:
        fix = "write CEL, such as `speed > 500 && order.category == 'B2B'`"
        findings.report(at, "bad-expression", f"{what}: when: {fault}", fix)
        return
    for sentence in expression.warnings:
        findings.report(at, "doubtful-expression", f"{what}: when: {sentence}", "say it otherwise", "warning")
    for path in expression.paths:
        first, *rest = path
        known = _OWN.get(first)
        if known is None and first not in characteristics:
            names = [*_OWN, *sorted(characteristics)]
            message = f"{what}: when reads {'.'.join(path)!r}, and there is no characteristic {first!r}"
            fix = f"read a characteristic, line.… or order.…{nearest(first, names)}"
            findings.report(at, "unknown-name", message, fix)
        elif known is not None and (not rest or rest[0] not in known):
            message = f"{what}: when reads {'.'.join(path)!r}"
            fix = f"{first} has {', '.join(known)}{nearest(rest[0] if rest else '', known)}"
            findings.report(at, "unknown-name", message, fix)
        elif path[:2] == ("order", "price") and (len(path) < 3 or path[2] not in PRICE_NAMES):
            message = f"{what}: when reads {'.'.join(path)!r}"
            findings.report(at, "unknown-name", message, f"order.price has {', '.join(PRICE_NAMES)}")
