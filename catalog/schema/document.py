"""The schema of one catalog file. Draft 7, which is what YAML language servers read."""

from typing import Final

from catalog.schema.commerce import commercial_parts
from catalog.schema.policies import policy_parts
from catalog.schema.specifications import rule_parts, specification_parts
from catalog.schema.words import (
    Parts,
    Schema,
    by_id,
    fields,
    one_of,
    text,
    to,
)

DIALECT: Final = "http://json-schema.org/draft-07/schema#"
_ISO_DURATION: Final = r"^P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d{1,3})?S)?)?$"


def catalog_schema() -> Schema:
    """The schema of one catalog file, as JSON."""
    return {
        "$schema": DIALECT,
        "title": "Orderloom catalog file",
        "description": "Part of a catalog: all files of a folder are read together.",
        **fields(
            {
                "catalog": to("header", "Name and version of the catalog; in one file only."),
                "offerings": by_id("offering", "What customers can order."),
                "prices": by_id("price", "Product offering prices, and what alters them."),
                "categories": by_id("category", "Groups of offerings or candidates."),
                "productSpecifications": by_id("productSpecification", "What is sold."),
                "serviceSpecifications": by_id("serviceSpecification", "What realizes it."),
                "resourceSpecifications": by_id("resourceSpecification", "What it takes."),
                "serviceCandidates": by_id("candidate", "Services that can be ordered directly."),
                "resourceCandidates": by_id("candidate", "Resources that can be ordered directly."),
                "policies": to(
                    "policies", "What people are asked before fulfilment, and how urgent orders are."
                ),
            }
        ),
        "definitions": {
            name: fields(properties, required) for name, (properties, required) in _parts().items()
        }
        | {
            "duration": {
                "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": _ISO_DURATION}]
            },
            "plan": {
                "anyOf": [
                    {"type": "array", "items": to("task")},
                    fields(
                        {
                            "sequence": one_of(
                                ("sequential", "parallel"), "Whether each waits for the one before."
                            ),
                            "tasks": {"type": "array", "items": to("task")},
                        }
                    ),
                ]
            },
        },
    }


def _parts() -> Parts:
    return {
        "header": (
            {
                "name": text("For people."),
                "version": text("Orders keep the version they were decomposed with. Quote it."),
                "description": text("For people."),
            },
            ("version",),
        ),
        "validity": (
            {
                "startDateTime": text(
                    "From this instant on; with an offset.", examples=["2026-01-01T00:00:00Z"]
                ),
                "endDateTime": text("Until before this instant; with an offset."),
            },
            (),
        ),
        **commercial_parts(),
        **specification_parts(),
        **policy_parts(),
        **rule_parts(),
    }
