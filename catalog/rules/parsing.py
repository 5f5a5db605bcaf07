"""Rules, attribute mappings, compatibilities and waits from located text; their CEL is looked at by the checks."""

from collections.abc import Sequence
from typing import Any, cast

from catalog.draft import Draft
from catalog.located import Fields, Findings, Located
from catalog.rules.rule import (
    BESIDES,
    MAPPING_ACTIONS,
    REACTIONS,
    RULE_ACTIONS,
    RULE_ACTIONS_DEFAULT,
    TELLING_REACTIONS,
    AttributeMapping,
    Beside,
    Compatibility,
    CompatibilityType,
    Effect,
    MappingAction,
    Reaction,
    Rule,
    RuleAction,
    Wait,
)

EFFECTS: tuple[Effect, ...] = ("include", "exclude")
COMPATIBILITY_TYPES: tuple[CompatibilityType, ...] = ("requires", "excludes")

_COMMON = ("id", "actions", "wait", "description")
_WAIT = ("deadline", "reaction", "default", "group", "escalateTo")


def read_rules(
    draft: Draft, edge: tuple[str, str, str], what: str, owner: Fields, wait: Wait | None
) -> tuple[Rule, ...]:
    """The inclusions and exclusions of a relationship; `condition` on the relationship itself is one inclusion."""
    found: list[tuple[Rule, Located]] = []
    wait = read_wait(draft.findings, what, owner) or wait
    if owner.has("condition"):
        found.append(
            (Rule("condition", "include", owner.text("condition"), wait=wait), owner.place("condition"))
        )
    for number, entry in enumerate(owner.items("rules"), 1):
        fields = Fields(draft.findings, entry, f"{what}: rule {number}", (*EFFECTS, *_COMMON))
        effect = _only_one(fields, EFFECTS)
        if effect is None:
            continue
        rule = Rule(
            id=fields.text("id", f"{effect} {number}"),
            effect=cast(Effect, effect),
            condition=fields.required_text(effect, "a condition in CEL"),
            actions=_actions(fields),
            wait=read_wait(draft.findings, fields.what, fields) or wait,
            description=fields.text("description"),
        )
        found.append((rule, entry))
    return tuple(
        rule
        for rule, entry in found
        if _new(draft, ("rule", *edge, rule.id), f"{what}: rule {rule.id}", entry)
    )


def read_mappings(
    draft: Draft, owner: str, specification: Fields, wait: Wait | None
) -> tuple[AttributeMapping, ...]:
    """The attribute mappings that a specification holds."""
    found = []
    for number, entry in enumerate(specification.items("mappings"), 1):
        what = f"{owner}: mapping {number}"
        fields = Fields(
            draft.findings,
            entry,
            what,
            (*MAPPING_ACTIONS, "to", "when", "precedence", "message", *_COMMON),
        )
        mapping = _mapping(draft.findings, owner, number, fields, wait)
        if mapping is not None and _new(draft, ("mapping", owner, mapping.id), what, entry):
            found.append(mapping)
    return tuple(found)


def _mapping(
    findings: Findings, owner: str, number: int, fields: Fields, wait: Wait | None
) -> AttributeMapping | None:
    action = _only_one(fields, MAPPING_ACTIONS)
    if action is None:
        return None
    stated = fields.required_text(action, "speed")
    target, characteristic, value = owner, None, None
    if action in ("include", "exclude"):
        target = stated
        if not fields.has("when"):
            message = f"{fields.what}: {action} without a condition"
            fix = "say when: `when: speed > 100`; what always or never holds needs no mapping"
            findings.report(fields.at, "missing-field", message, fix)
    else:
        value = stated
        if action != "validate":
            target, characteristic = _target(owner, fields.required_text("to", "internet-service.speed"))
    for name, actions in (("to", ("copy", "default", "set")), ("message", ("validate",))):
        if fields.has(name) and action not in actions:
            message = f"{fields.what}: {name} has no meaning for {action}"
            findings.report(fields.place(name), "facet-not-applicable", message, "remove it")
    if not stated or (characteristic == "" and action != "validate"):
        return None
    into = f"{target}.{characteristic}" if characteristic else target
    return AttributeMapping(
        id=fields.text("id", f"{number}: {action} {into}"),
        action=cast(MappingAction, action),
        target=target,
        target_characteristic=characteristic,
        value=value,
        condition=fields.text("when") or None,
        precedence=fields.count("precedence") or 0,
        actions=_actions(fields),
        message=fields.text("message"),
        wait=read_wait(findings, fields.what, fields) or wait,
        description=fields.text("description"),
    )


def _target(owner: str, path: str) -> tuple[str, str]:
    """The specification and the characteristic that `to` names; a name alone is one of the holder's."""
    if path.startswith("`") and "`." in path:
        specification, _, characteristic = path[1:].partition("`.")
        return specification, characteristic.strip("`")
    specification, dot, characteristic = path.partition(".")
    return (specification, characteristic) if dot else (owner, path)


def read_compatibilities(draft: Draft, owner: str, specification: Fields) -> tuple[Compatibility, ...]:
    """The horizontal relationships of a specification."""
    found = []
    for number, entry in enumerate(specification.items("compatibilities"), 1):
        what = f"{owner}: compatibility {number}"
        known = (*COMPATIBILITY_TYPES, "id", "when", "beside", "message", "description")
        fields = Fields(draft.findings, entry, what, known)
        type_ = _only_one(fields, COMPATIBILITY_TYPES)
        if type_ is None:
            continue
        target = fields.required_text(type_, "the id of a specification")
        compatibility = Compatibility(
            id=fields.text("id", f"{number}: {type_} {target}"),
            type=cast(CompatibilityType, type_),
            target=target,
            condition=fields.text("when") or None,
            message=fields.text("message"),
            description=fields.text("description"),
            beside=cast(Beside, fields.choice("beside", BESIDES, "order", "unknown-beside")),
        )
        if target and _new(draft, ("compatibility", owner, compatibility.id), what, entry):
            found.append(compatibility)
    return tuple(found)


def read_wait(findings: Findings, what: str, owner: Fields) -> Wait | None:
    """The field `wait`: until when, and what then."""
    if not owner.has("wait"):
        return None
    at = owner.place("wait")
    fields = Fields(findings, at, f"{what}: wait", _WAIT)
    if not fields.has("deadline"):
        findings.report(at, "missing-field", f"{what}: wait has no deadline", "add `deadline: P7D`")
        return None
    reaction = fields.choice("reaction", REACTIONS, "remind", "unknown-reaction")
    default: Any = None
    if reaction == "default":
        if not fields.has("default"):
            message = f"{what}: wait: the reaction is default, and there is none"
            findings.report(at, "missing-field", message, "add `default: false`, the outcome to go on with")
            return None
        default = fields.place("default").plain()
    elif fields.has("default"):
        message = f"{what}: wait: default has no meaning for reaction {reaction}"
        findings.report(fields.place("default"), "facet-not-applicable", message, "write `reaction: default`")
    group, escalate_to = _told(fields, reaction)
    deadline_ms = fields.duration("deadline", 0, "PT30S")
    return Wait(deadline_ms, cast(Reaction, reaction), default, group, escalate_to)


def _told(fields: Fields, reaction: str) -> tuple[str, tuple[str, ...]]:
    """Who is told when the deadline has passed: the group, and those above it one after the other."""
    findings, what = fields.findings, fields.what
    group, above = fields.text("group"), tuple(word.text for word in fields.texts("escalateTo"))
    if group and reaction not in TELLING_REACTIONS:
        message = f"{what}: group has no meaning for reaction {reaction}, which tells nobody"
        fix = "remove it, or write `reaction: remind`"
        findings.report(fields.place("group"), "facet-not-applicable", message, fix)
    if above and reaction != "escalate":
        message = f"{what}: escalateTo has no meaning for reaction {reaction}"
        findings.report(
            fields.place("escalateTo"), "facet-not-applicable", message, "write `reaction: escalate`"
        )
    elif not above and reaction == "escalate":
        message = f"{what}: it escalates, and names nobody above {group or 'everybody'} to tell"
        findings.report(
            fields.at, "escalation-without-group", message, "add `escalateTo: [group]`", "warning"
        )
    return group, above


def _only_one(fields: Fields, names: Sequence[str]) -> str | None:
    stated = [name for name in names if fields.has(name)]
    if len(stated) == 1:
        return stated[0]
    said = " and ".join(stated) if stated else f"none of {', '.join(names)}"
    message = f"{fields.what} states {said}"
    fields.findings.report(fields.at, "one-of", message, f"state exactly one of {', '.join(names)}")
    return None


def _actions(fields: Fields) -> tuple[RuleAction, ...]:
    if not fields.has("actions"):
        return RULE_ACTIONS_DEFAULT
    found: list[RuleAction] = []
    for word in fields.texts("actions"):
        if word.text in RULE_ACTIONS:
            found.append(word.text)
            continue
        why = "; a delete follows what is installed, never the rules" if word.text == "delete" else ""
        message = f"{fields.what}: rules do not hold for action {word.text!r}{why}"
        fields.findings.report(word, "unknown-action", message, f"use some of {', '.join(RULE_ACTIONS)}")
    if not fields.texts("actions"):
        message = f"{fields.what}: a rule for no action never holds"
        fields.findings.report(fields.place("actions"), "missing-field", message, "write `actions: [add]`")
    return tuple(found)


def _new(draft: Draft, key: tuple[str, ...], what: str, entry: Located) -> bool:
    earlier = draft.places.setdefault(key, entry)
    if earlier is entry:
        return True
    message = f"{what}: the id {key[-1]!r} is already taken in line {earlier.line}"
    draft.findings.report(entry, "duplicate-id", message, "give one of the two another id")
    return False
