"""Specifications, their characteristics, relationships, plans and rules in the schema."""

from catalog.model import ACTIONS, VALUE_TYPES
from catalog.parts.characteristics import RANGE_INTERVALS, UNBOUNDED
from catalog.parts.relationships import RELATIONSHIP_TYPES
from catalog.rules.parsing import COMPATIBILITY_TYPES, EFFECTS
from catalog.rules.rule import BESIDES, COMBINATIONS, MAPPING_ACTIONS, REACTIONS, RULE_ACTIONS, SHRINKINGS
from catalog.schema.words import (
    Parts,
    by_id,
    count,
    flag,
    header,
    list_of,
    one_of,
    some_of,
    text,
    to,
    value,
    values,
    words,
)


def specification_parts() -> Parts:
    """The technical parts."""
    specification = {
        **header(),
        "characteristics": by_id("characteristic", "What can be said of it, by name."),
        "relationships": list_of("relationship", "What it is made of."),
        "mappings": list_of("mapping", "Rules that carry values, and create or drop what is below."),
        "sharingKey": text("CEL: lines with the same value share one domain order."),
        "compatibilities": list_of("compatibility", "What must or must not be beside it."),
        "wait": to("wait", "For rules and keys that say nothing of their own."),
        "plans": {
            "type": "object",
            "properties": {action: to("plan") for action in ACTIONS},
            "additionalProperties": False,
            "description": "The tasks of each action.",
        },
    }
    return {
        "productSpecification": (
            {**specification, "orders": flag("Whether a line gets a product order for it.")},
            (),
        ),
        "serviceSpecification": (
            {
                **specification,
                "serviceType": one_of(("CFS", "RFS"), "Customer-facing (when left out) or resource-facing."),
            },
            (),
        ),
        "resourceSpecification": (specification, ()),
        "characteristic": (
            {
                "valueType": one_of(VALUE_TYPES, "string when left out."),
                "mandatory": flag("Whether an add must state it, unless it has a default."),
                "default": value("Taken on add when the order states none."),
                "allowedValues": values("The only values there are."),
                "valueFrom": value("Lower bound, included."),
                "valueTo": value("Upper bound, included."),
                "ranges": list_of("range", "A value lies in one of them."),
                "regex": text("Must match the whole string."),
                "minCardinality": count("How many elements a value has at least."),
                "maxCardinality": {
                    "anyOf": [{"type": "integer", "minimum": 1}, {"const": UNBOUNDED}],
                    "description": "How many elements a value has at most; 1 when left out.",
                },
                "configurable": flag("Whether an order may state another value than the default."),
                "members": by_id("characteristic", "The fields of an object."),
                "element": to("characteristic", "What each element of an array is."),
                "combine": one_of(
                    COMBINATIONS, "What a shared order gets when its referrers' values differ."
                ),
                "unitOfMeasure": text("For people."),
                "description": text("For people."),
            },
            (),
        ),
        "range": (
            {
                "valueFrom": value("Lower bound."),
                "valueTo": value("Upper bound."),
                "rangeInterval": one_of(RANGE_INTERVALS, "Which bounds are in it; closed when left out."),
            },
            (),
        ),
        "relationship": (
            {
                "type": one_of(RELATIONSHIP_TYPES, "All but Composed of create a domain order."),
                "target": text("Id of the specification it leads to."),
                "order": count("Siblings are created in ascending order."),
                "mandatory": flag("Whether at least one is needed."),
                "minimumQuantity": count("1 when mandatory, else 0."),
                "defaultQuantity": count("1 when left out."),
                "maximumQuantity": count("No limit when left out."),
                "quantityCharacteristic": text("An integer of the source that says how many."),
                "whenShrinking": one_of(SHRINKINGS, "Which go when a quantity gets smaller."),
                "mapping": {
                    "type": "object",
                    "additionalProperties": words("into"),
                    "description": "From: to.",
                },
                "after": words("Sibling targets whose work must end first."),
                "condition": text("CEL: the target is created if it holds."),
                "rules": list_of("rule", "Inclusions and exclusions."),
                "wait": to("wait", "How long its rules wait for values."),
                "validFor": to("validity", "When the relationship holds."),
                "description": text("For people."),
            },
            ("type", "target"),
        ),
        "task": (
            {
                "name": text("What is done."),
                "target": text("The network element or system that does it."),
                "duration": to("duration", "How long it is expected to take: ISO 8601 or milliseconds."),
                "timeout": to("duration", "When to give up waiting."),
                "after": words("Tasks of the same plan to be completed first."),
                "pointOfNoReturn": flag("Once completed, cancelling is no longer possible."),
                "undoes": words("Tasks of the add plan that this one of the delete plan reverses."),
                "gives": {
                    "type": "object",
                    "additionalProperties": text("Name of a characteristic."),
                    "description": "Outputs of its result: the characteristics that they fill.",
                },
                "leavesNothing": flag("Nothing is left of it that had to be reversed."),
                "description": text("For people."),
            },
            ("name", "target"),
        ),
    }


def rule_parts() -> Parts:
    """Rules, mappings and waits."""
    common = {
        "id": text("Names it in explanations."),
        "actions": some_of(RULE_ACTIONS, "For which actions it holds; add and modify when left out."),
        "wait": to("wait", "How long it waits for values it does not know."),
        "description": text("For people."),
    }
    return {
        "rule": ({**{each: text("A condition in CEL.") for each in EFFECTS}, **common}, ()),
        "mapping": (
            {
                **{each: text("What it does, with a value or a specification.") for each in MAPPING_ACTIONS},
                "to": text("The characteristic it writes, such as internet-service.speed."),
                "when": text("A condition in CEL."),
                "precedence": count("The highest wins."),
                "message": text("What is said when it refuses."),
                **common,
            },
            (),
        ),
        "compatibility": (
            {
                **{each: text("Id of the other specification.") for each in COMPATIBILITY_TYPES},
                "id": text("Names it in explanations."),
                "when": text("A condition in CEL."),
                "beside": one_of(
                    BESIDES,
                    "Where it looks: in the order and what that names (when left out), or among all its customer has.",
                ),
                "message": text("What is said when it fails."),
                "description": text("For people."),
            },
            (),
        ),
        "wait": (
            {
                "deadline": to("duration", "How long it waits at most."),
                "reaction": one_of(REACTIONS, "What happens then; remind when left out."),
                "default": value("The outcome to go on with, for the reaction default."),
                "group": text("Who is reminded; everybody when left out."),
                "escalateTo": words("Who is told, for the reaction escalate: one after the other."),
            },
            ("deadline",),
        ),
    }
