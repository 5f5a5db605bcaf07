"""What a schema of catalog files is built of: each kind of field, with a hint for people."""

from typing import Any

from catalog.model import LIFECYCLE_STATUSES

Schema = dict[str, Any]
Parts = dict[str, tuple[dict[str, Schema], tuple[str, ...]]]
"""Parts by name: their fields, and the names of those that must be there."""


def fields(properties: dict[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    """An object with these fields and no others; null counts as empty."""
    schema: Schema = {"type": ["object", "null"], "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = list(required)
    return schema


def text(description: str, **more: Any) -> Schema:
    """Text; numbers and words such as `no` may be written without quotes: they are read as they stand."""
    return {"type": ["string", "number", "boolean", "null"], "description": description, **more}


def one_of(words: tuple[str, ...], description: str) -> Schema:
    """One of these words."""
    return {"enum": list(words), "description": description}


def some_of(words: tuple[str, ...], description: str) -> Schema:
    """One of these words, or a list of them."""
    one = {"enum": list(words)}
    return {"anyOf": [one, {"type": "array", "items": one}], "description": description}


def words(description: str) -> Schema:
    """A name or a list of names."""
    word = {"type": ["string", "number"]}
    return {"anyOf": [word, {"type": "array", "items": word}, {"type": "null"}], "description": description}


def flag(description: str) -> Schema:
    """True or false."""
    return {"type": "boolean", "description": description}


def count(description: str) -> Schema:
    """A whole number from 0."""
    return {"type": "integer", "minimum": 0, "description": description}


def value(description: str) -> Schema:
    """Whatever the value type says."""
    return {"description": description}


def values(description: str) -> Schema:
    """A list of such values."""
    return {"type": "array", "description": description}


def pattern(pattern: str, description: str) -> Schema:
    """Text of this form."""
    return {"type": "string", "pattern": pattern, "description": description}


def number(description: str) -> Schema:
    """A number from 0; one that must be exact may be written in quotes."""
    exact = {"type": "string", "pattern": r"^\d+(\.\d+)?$"}
    return {"anyOf": [{"type": "number", "minimum": 0}, exact], "description": description}


def to(name: str, description: str = "") -> Schema:
    """A part that is defined by its name."""
    reference: Schema = {"$ref": f"#/definitions/{name}"}
    return {"allOf": [reference], "description": description} if description else reference


def by_id(name: str, description: str) -> Schema:
    """Parts by their ids."""
    return {"type": ["object", "null"], "additionalProperties": to(name), "description": description}


def list_of(name: str, description: str) -> Schema:
    """A list of parts."""
    return {"type": "array", "items": to(name), "description": description}


def header() -> dict[str, Schema]:
    """The fields that every entry has."""
    return {
        "name": text("For people; the id when left out."),
        "version": text("Version of this entry; 1.0 when left out. Quote it."),
        "lifecycleStatus": one_of(
            LIFECYCLE_STATUSES, "Active when left out; Active and Launched can be ordered."
        ),
        "validFor": to("validity", "When it holds."),
        "description": text("For people."),
    }
