"""From located text to the model: reads every entry, reports what is ill formed, resolves nothing yet."""

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from catalog.characteristics import faults, fits_type
from catalog.commerce.model import Candidate, Category, ProductOffering, ProductOfferingPrice
from catalog.durations import milliseconds
from catalog.located import Fields, Findings, Located
from catalog.model import (
    ACTIONS,
    LIFECYCLE_STATUSES,
    VALUE_TYPES,
    CharacteristicSpecification,
    Kind,
    Relationship,
    RelationshipType,
    Specification,
    TaskTemplate,
    ValueType,
)
from catalog.policies.parsing import PolicyDraft, read_policies

RELATIONSHIP_TYPES = ("Bundles", "Realized as", "Requires", "Composed of")
SECTIONS: dict[str, Kind] = {
    "productSpecifications": "product",
    "serviceSpecifications": "service",
    "resourceSpecifications": "resource",
}
COMMERCIAL_SECTIONS = {
    "offerings": "offering",
    "prices": "price",
    "categories": "category",
    "serviceCandidates": "candidate",
    "resourceCandidates": "candidate",
}
TIMEOUT_DURATIONS = 10
TIMEOUT_MS_MIN = 30_000
BOUNDED_TYPES = ("integer", "number", "date")

_CHARACTERISTIC = (
    "valueType",
    "mandatory",
    "default",
    "allowedValues",
    "valueFrom",
    "valueTo",
    "regex",
    "unitOfMeasure",
    "description",
)
_RELATIONSHIP = (
    "type",
    "target",
    "order",
    "mandatory",
    "minimumQuantity",
    "defaultQuantity",
    "maximumQuantity",
    "quantityCharacteristic",
    "mapping",
    "after",
    "condition",
    "description",
)
_TASK = ("name", "target", "duration", "timeout", "after", "pointOfNoReturn", "description")
_SPECIFICATION = (
    "name",
    "version",
    "lifecycleStatus",
    "description",
    "characteristics",
    "relationships",
    "plans",
)


class CommerceDraft:
    """What `catalog.commerce.parsing` made of the commercial sections, by id."""

    def __init__(self) -> None:
        self.offerings: dict[str, ProductOffering] = {}
        self.prices: dict[str, ProductOfferingPrice] = {}
        self.categories: dict[str, Category] = {}
        self.candidates: dict[str, Candidate] = {}
        self.conditions: dict[str, Mapping[str, Located]] = {}
        self.presets: dict[tuple[str, str], Mapping[str, Located]] = {}


class Draft:
    """What was read, with the place of each part; sound only after `catalog.checks` has looked at it."""

    def __init__(self) -> None:
        self.findings = Findings()
        self.header: Located | None = None
        self.name = ""
        self.version = ""
        self.specifications: dict[str, Specification] = {}
        self.policies = PolicyDraft()
        self.places: dict[tuple[str | int, ...], Located] = {}
        self.sections: dict[str, dict[str, Located]] = {section: {} for section in COMMERCIAL_SECTIONS}
        self.commerce = CommerceDraft()


def read_file(draft: Draft, root: Located) -> None:
    """Add the content of one file to the draft."""
    fields = Fields(draft.findings, root, "a catalog file", ("catalog", *COMMERCIAL_SECTIONS, *SECTIONS, "policies"))
    if fields.has("catalog"):
        _read_header(draft, fields.place("catalog"))
    for section, what in COMMERCIAL_SECTIONS.items():
        # Read when all specifications are known (`catalog.commerce.parsing`).
        for identifier, entry in fields.entries(section).items():
            if _new(draft, what, identifier, entry):
                draft.sections[section][identifier] = entry
    if fields.has("policies"):
        read_policies(draft.policies, draft.findings, fields.place("policies"))
    for section, kind in SECTIONS.items():
        for identifier, entry in fields.entries(section).items():
            if _new(draft, "specification", identifier, entry):
                draft.specifications[identifier] = _specification(draft, identifier, kind, entry)


def _read_header(draft: Draft, at: Located) -> None:
    if draft.header is not None:
        message = f"a second catalog header; the first is in {draft.header.file}:{draft.header.line}"
        draft.findings.report(
            at, "duplicate-header", message, "keep one `catalog:` section in all files together"
        )
        return
    fields = Fields(draft.findings, at, "the catalog header", ("name", "version", "description"))
    draft.header = at
    draft.name = fields.text("name", "catalog")
    draft.version = fields.required_text("version", '"2025.1"')


def _new(draft: Draft, what: str, identifier: str, entry: Located) -> bool:
    earlier = draft.places.get((what, identifier))
    if earlier is None:
        draft.places[(what, identifier)] = entry
        return True
    message = f"{what} {identifier!r} is already defined in {earlier.file}:{earlier.line}"
    draft.findings.report(entry, "duplicate-id", message, "give one of the two another id or remove it")
    return False


def _specification(draft: Draft, identifier: str, kind: Kind, at: Located) -> Specification:
    what = f"{kind} specification {identifier}"
    own = {"product": ("orders",), "service": ("serviceType",), "resource": ()}[kind]
    fields = Fields(draft.findings, at, what, (*_SPECIFICATION, *own))
    service_type: Any = None
    if kind == "service":
        service_type = fields.choice("serviceType", ("CFS", "RFS"), "CFS", "unknown-service-type")
    relationships = [
        relationship
        for number, entry in enumerate(fields.items("relationships"))
        if (relationship := _relationship(draft, identifier, number, entry)) is not None
    ]
    return Specification(
        id=identifier,
        kind=kind,
        name=fields.text("name", identifier),
        version=fields.text("version", "1.0"),
        lifecycle_status=fields.choice(
            "lifecycleStatus", LIFECYCLE_STATUSES, "Active", "unknown-lifecycle-status"
        ),
        service_type=service_type,
        description=fields.text("description"),
        orders=kind == "product" and fields.flag("orders"),
        characteristics=tuple(
            _characteristic(draft, identifier, name, entry)
            for name, entry in fields.entries("characteristics").items()
        ),
        # The sort is stable: among equal orders the file's sequence holds.
        relationships=tuple(sorted(relationships, key=lambda relationship: relationship.order)),
        plans=_plans(draft, identifier, what, fields),
    )


def _characteristic(draft: Draft, owner: str, name: str, at: Located) -> CharacteristicSpecification:
    what = f"{owner}: characteristic {name}"
    findings = draft.findings
    draft.places[("characteristic", owner, name)] = at
    fields = Fields(findings, at, what, _CHARACTERISTIC)
    value_type = cast(ValueType, fields.choice("valueType", VALUE_TYPES, "string", "unknown-value-type"))
    allowed = tuple(
        value
        for item in fields.items("allowedValues")
        if (value := typed_value(findings, what, value_type, item)) is not None
    )
    bounds: dict[str, Any] = {"valueFrom": None, "valueTo": None}
    for bound in bounds:
        if fields.has(bound):
            if value_type not in BOUNDED_TYPES:
                message = f"{what}: {bound} has no meaning for {value_type}"
                fix = f"remove it; {', '.join(BOUNDED_TYPES)} can be bounded"
                findings.report(fields.place(bound), "facet-not-applicable", message, fix)
            else:
                bounds[bound] = typed_value(findings, what, value_type, fields.place(bound))
    low, high = bounds["valueFrom"], bounds["valueTo"]
    if low is not None and high is not None and low > high:
        message = f"{what}: valueFrom {low} is above valueTo {high}"
        findings.report(fields.place("valueFrom"), "range-reversed", message, "exchange the two")
        low = high = None
    characteristic = CharacteristicSpecification(
        name=name,
        value_type=value_type,
        mandatory=fields.flag("mandatory"),
        allowed_values=allowed,
        value_from=low,
        value_to=high,
        regex=_regex(findings, what, value_type, fields),
        unit_of_measure=fields.text("unitOfMeasure") or None,
        description=fields.text("description"),
    )
    return _with_default(findings, what, characteristic, fields)


def _with_default(
    findings: Findings, what: str, characteristic: CharacteristicSpecification, fields: Fields
) -> CharacteristicSpecification:
    if not fields.has("default"):
        return characteristic
    default = typed_value(findings, what, characteristic.value_type, fields.place("default"))
    if default is None:
        return characteristic
    for _, sentence in faults(characteristic, default):
        fix = "give a default that an order could state itself, or none"
        findings.report(fields.place("default"), "default-not-allowed", f"{what}: default: {sentence}", fix)
        return characteristic
    return msgspec.structs.replace(characteristic, default=default)


def typed_value(findings: Findings, what: str, value_type: ValueType, at: Located) -> Any:
    """The value as its characteristic's type, or None after a finding."""
    scalar = not isinstance(at.value, dict | list)
    value = at.text if value_type in ("string", "date", "dateTime") and scalar else at.plain()
    if value_type == "integer" and type(value) is float and value.is_integer():
        value = int(value)
    if not fits_type(value_type, value):
        message = f"{what}: {value!r} is not of value type {value_type}"
        findings.report(
            at, "value-of-wrong-type", message, f"write a value of type {value_type}, or change valueType"
        )
        return None
    return value


def _regex(findings: Findings, what: str, value_type: ValueType, fields: Fields) -> str | None:
    regex = fields.text("regex") or None
    if regex is None:
        return None
    if value_type != "string":
        message = f"{what}: regex has no meaning for {value_type}"
        findings.report(
            fields.place("regex"), "facet-not-applicable", message, "remove it, or use valueType string"
        )
        return None
    try:
        re.compile(regex)
    except re.error as error:
        message = f"{what}: regex {regex!r} is no regular expression: {error}"
        findings.report(
            fields.place("regex"), "bad-regex", message, "correct the pattern; Python's `re` reads it"
        )
        return None
    return regex


def _relationship(draft: Draft, owner: str, number: int, at: Located) -> Relationship | None:
    what = f"{owner}: relationship {number + 1}"
    fields = Fields(draft.findings, at, what, _RELATIONSHIP)
    type_ = fields.choice("type", RELATIONSHIP_TYPES, "", "unknown-relationship-type")
    target = fields.required_text("target", "the id of a specification")
    if fields.has("condition"):
        message = f"{what}: rules come with a later catalog format"
        draft.findings.report(
            fields.place("condition"),
            "condition-not-supported",
            message,
            "remove condition, or write `condition: null`",
        )
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


def _plans(draft: Draft, owner: str, what: str, fields: Fields) -> dict[str, tuple[TaskTemplate, ...]]:
    plans = {}
    for action, at in fields.entries("plans").items():
        if action not in ACTIONS:
            message = f"{what}: there is no plan for action {action!r}"
            draft.findings.report(at, "unknown-action", message, f"use one of {', '.join(ACTIONS)}")
            continue
        sequential, entries = _plan_entries(draft.findings, f"{what}: plan {action}", at)
        tasks: dict[str, TaskTemplate] = {}
        for entry in entries:
            before = next(reversed(tasks), None) if sequential else None
            task = _task(draft, owner, action, entry, before)
            if task is None:
                continue
            if task.name in tasks:
                message = f"{what}: plan {action} has two tasks {task.name!r}"
                draft.findings.report(entry, "duplicate-task", message, "give one of them another name")
                continue
            draft.places[("task", owner, action, task.name)] = entry
            tasks[task.name] = task
        if tasks:
            plans[action] = tuple(tasks.values())
    return plans


def _plan_entries(findings: Findings, what: str, at: Located) -> tuple[bool, tuple[Located, ...]]:
    """A plan is a list of tasks, one after another, or a mapping that says `sequence` and `tasks`."""
    if isinstance(at.value, list):
        return True, tuple(at.value)
    fields = Fields(findings, at, what, ("sequence", "tasks"))
    sequence = fields.choice("sequence", ("sequential", "parallel"), "sequential", "unknown-sequence")
    return sequence == "sequential", fields.items("tasks")


def _task(draft: Draft, owner: str, action: str, at: Located, before: str | None) -> TaskTemplate | None:
    what = f"{owner}: a task of plan {action}"
    fields = Fields(draft.findings, at, what, _TASK)
    name = fields.required_text("name", "what-it-does")
    target = fields.required_text("target", "the element or system that does it")
    duration_ms = _duration(draft.findings, what, fields, "duration", 0)
    timeout_ms = max(TIMEOUT_MS_MIN, TIMEOUT_DURATIONS * duration_ms)
    timeout_ms = _duration(draft.findings, what, fields, "timeout", timeout_ms)
    if fields.has("timeout") and timeout_ms < duration_ms:
        message = f"{what}: {name} would time out before its expected duration"
        draft.findings.report(
            fields.place("timeout"), "timeout-below-duration", message, "raise timeout above duration"
        )
    if not name or not target:
        return None
    stated = "after" in fields.fields
    after = tuple(word.text for word in fields.texts("after")) if stated else (before,) if before else ()
    return TaskTemplate(
        name=name,
        target=target,
        duration_ms=duration_ms,
        timeout_ms=timeout_ms,
        after=after,
        point_of_no_return=fields.flag("pointOfNoReturn"),
        description=fields.text("description"),
    )


def _duration(findings: Findings, what: str, fields: Fields, name: str, default: int) -> int:
    if not fields.has(name):
        return default
    at = fields.place(name)
    try:
        return milliseconds(at.value)
    except ValueError as error:
        findings.report(
            at, "bad-duration", f"{what}: {name}: {error}", f"write `{name}: PT30S` or milliseconds"
        )
        return default
