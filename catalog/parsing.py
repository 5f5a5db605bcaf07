"""From located text to the model: reads every entry, reports what is ill formed, resolves nothing yet."""

from typing import Any

from catalog.draft import COMMERCIAL_SECTIONS, Draft
from catalog.located import Fields, Located
from catalog.model import LIFECYCLE_STATUSES, Kind, Specification
from catalog.parts.characteristics import read_characteristic
from catalog.parts.plans import read_plans
from catalog.parts.relationships import read_relationship
from catalog.parts.validity import read_period
from catalog.policies.parsing import read_policies
from catalog.rules.parsing import read_compatibilities, read_mappings, read_wait

SECTIONS: dict[str, Kind] = {
    "productSpecifications": "product",
    "serviceSpecifications": "service",
    "resourceSpecifications": "resource",
}

_SPECIFICATION = (
    "name",
    "version",
    "lifecycleStatus",
    "validFor",
    "description",
    "characteristics",
    "relationships",
    "mappings",
    "sharingKey",
    "compatibilities",
    "wait",
    "plans",
)


def read_file(draft: Draft, root: Located) -> None:
    """Add the content of one file to the draft."""
    fields = Fields(
        draft.findings, root, "a catalog file", ("catalog", *COMMERCIAL_SECTIONS, *SECTIONS, "policies")
    )
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
    wait = read_wait(draft.findings, identifier, fields)
    draft.places[("sharingKey", identifier)] = fields.place("sharingKey")
    relationships = [
        relationship
        for number, entry in enumerate(fields.items("relationships"))
        if (relationship := read_relationship(draft, identifier, number, entry, wait)) is not None
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
            read_characteristic(draft, identifier, name, entry)
            for name, entry in fields.entries("characteristics").items()
        ),
        # The sort is stable: among equal orders the file's sequence holds.
        relationships=tuple(sorted(relationships, key=lambda relationship: relationship.order)),
        plans=read_plans(draft, identifier, what, fields),
        mappings=read_mappings(draft, identifier, fields, wait),
        sharing_key=fields.text("sharingKey") or None,
        compatibilities=read_compatibilities(draft, identifier, fields),
        valid_for=read_period(draft.findings, what, fields),
        wait=wait,
    )
