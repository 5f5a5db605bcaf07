"""Relationships from located text, with their quantities, pairs of names, and rules."""

from typing import cast

from catalog.draft import Draft
from catalog.located import Fields, Located
from catalog.model import Relationship, RelationshipType
from catalog.parts.validity import read_period
from catalog.rules.parsing import read_rules
from catalog.rules.rule import SHRINKINGS, Shrinking, Wait

RELATIONSHIP_TYPES = ("Bundles", "Realized as", "Requires", "Composed of")

_RELATIONSHIP = (
    "type",
    "target",
    "order",
    "mandatory",
    "minimumQuantity",
    "defaultQuantity",
    "maximumQuantity",
    "quantityCharacteristic",
    "whenShrinking",
    "mapping",
    "after",
    "condition",
    "rules",
    "wait",
    "validFor",
    "description",
)


def read_relationship(
    draft: Draft, owner: str, number: int, at: Located, wait: Wait | None
) -> Relationship | None:
    """One relationship, None when it does not say of which type or to what; `wait` is its specification's."""
    what = f"{owner}: relationship {number + 1}"
    fields = Fields(draft.findings, at, what, _RELATIONSHIP)
    type_ = fields.choice("type", RELATIONSHIP_TYPES, "", "unknown-relationship-type")
    target = fields.required_text("target", "the id of a specification")
    if not type_ or not target:
        return None
    draft.places.setdefault(("relationship", owner, type_, target), at)
    mandatory = fields.flag("mandatory")
    maximum = fields.count("maximumQuantity")
    minimum = fields.count("minimumQuantity")
    default = fields.count("defaultQuantity")
    if minimum is None:
        minimum = 1 if mandatory else 0
    return Relationship(
        type=cast(RelationshipType, type_),
        target=target,
        order=fields.count("order") or 0,
        mandatory=mandatory,
        minimum_quantity=minimum,
        default_quantity=max(1, minimum) if default is None else default,
        maximum_quantity=maximum,
        quantity_characteristic=fields.text("quantityCharacteristic") or None,
        mapping=_mapping(draft, what, fields),
        after=tuple(word.text for word in fields.texts("after")),
        description=fields.text("description"),
        rules=read_rules(draft, (owner, type_, target), what, fields, wait),
        when_shrinking=cast(
            Shrinking, fields.choice("whenShrinking", SHRINKINGS, "ask", "unknown-shrinking")
        ),
        valid_for=read_period(draft.findings, what, fields),
    )


def _mapping(draft: Draft, what: str, fields: Fields) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for source, into in fields.entries("mapping").items():
        targets = into.value if isinstance(into.value, list) else [into]
        for target in targets:
            if not isinstance(target.value, str):
                message = f"{what}: mapping of {source} must name characteristics of the target"
                draft.findings.report(target, "wrong-shape", message, f"write `{source}: name`")
            elif any(target.text == taken for _, taken in pairs):
                message = f"{what}: two characteristics are mapped to {target.text!r}"
                draft.findings.report(target, "mapping-conflict", message, "keep one of the two")
            else:
                pairs.append((source, target.text))
    return tuple(pairs)
