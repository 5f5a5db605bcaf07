"""Characteristics: ours, and TM Forum's with their value specifications."""

from typing import Any

from catalog.exchange.reading import Attributes, Form, Notes, Resource, extended, restored, told

VALUE_TYPES = {
    **dict.fromkeys(("string", "text", "char", "varchar", "uri", "url"), "string"),
    **dict.fromkeys(("integer", "int", "long", "short"), "integer"),
    **dict.fromkeys(("number", "numeric", "decimal", "float", "double"), "number"),
    **dict.fromkeys(("boolean", "bool"), "boolean"),
    "date": "date",
    **dict.fromkeys(("datetime", "timestamp", "date-time"), "dateTime"),
    **dict.fromkeys(("object", "json", "struct"), "object"),
    **dict.fromkeys(("array", "list"), "array"),
}
"""What products write as `valueType`, in lower case: TM Forum leaves it open."""
INTERVALS = ("closed", "open", "closedBottom", "closedTop")
_MINIMUM_TYPES = ("integer", "number", "date", "dateTime")


def said_characteristic(name: str, form: Form, values_name: str) -> Form:
    """Our characteristic as TM Forum says it; `values_name` is the API's name for its value specifications."""
    value_type = form.get("valueType", "string")
    maximum = form.get("maxCardinality", None if value_type == "array" else 1)
    allowed = form.get("allowedValues", [])
    default_alone = "default" in form and not allowed
    said = told(
        {
            "name": name,
            "description": form.get("description"),
            "valueType": value_type,
            "minCardinality": max(form.get("minCardinality", 0), 1 if form.get("mandatory") else 0),
            "maxCardinality": maximum if isinstance(maximum, int) else None,
            "regex": form.get("regex"),
            values_name: _said_values(form, value_type),
        }
    )
    said["configurable"] = form.get("configurable", True)
    # A lone default is a value that others may stand in for, not the only one there is.
    said["extensible"] = default_alone

    def read(resource: Resource) -> Form:
        return read_characteristic(resource, values_name, name, Notes())

    return extended("Characteristic", form, said, read)


def _said_values(form: Form, value_type: str) -> list[Form]:
    unit = form.get("unitOfMeasure")

    def value(**fields: Any) -> Form:
        return {"valueType": value_type, **told({"unitOfMeasure": unit}), **fields}

    default = form.get("default")
    values = [
        value(value=each, isDefault="default" in form and each == default)
        for each in form.get("allowedValues", [])
    ]
    if "default" in form and default not in form.get("allowedValues", []):
        values.append(value(value=default, isDefault=True))
    bounds = [form] if "valueFrom" in form or "valueTo" in form else form.get("ranges", [])
    for each in bounds:
        ends = {name: each[name] for name in ("valueFrom", "valueTo") if name in each}
        # TM Forum's bounds are integers; others go into the extension attribute.
        if all(type(end) is int for end in ends.values()):
            values.append(value(**ends, rangeInterval=each.get("rangeInterval", "closed"), isDefault=False))
    if unit is not None and not values:
        values.append(value(isDefault=False))
    return values


def read_characteristic(resource: Resource, values_name: str, where: str, notes: Notes) -> Form:
    """TM Forum's characteristic as our YAML says it."""
    attributes = Attributes(resource, where, notes)
    stated = attributes.text("valueType") or "string"
    value_type = VALUE_TYPES.get(stated.lower())
    if value_type is None:
        notes.add(where, f"value type {stated} is not known and taken as string")
        value_type = "string"
    minimum, maximum = attributes.get("minCardinality") or 0, attributes.get("maxCardinality")
    usual = None if value_type == "array" else 1
    if maximum in (None, 0, -1):
        # Products write 0 or -1 for "any number" and leave it out for one.
        maximum = usual if maximum is None else "unbounded"
    form: Form = {"valueType": value_type} if value_type != "string" else {}
    if minimum and maximum == 1 and value_type != "array":
        form["mandatory"] = True
    elif minimum:
        form["minCardinality"] = minimum
    if maximum != usual and not (maximum == "unbounded" and value_type == "array"):
        form["maxCardinality"] = maximum
    form |= told({"regex": attributes.text("regex"), "description": attributes.text("description")})
    if attributes.get("configurable") is False:
        form["configurable"] = False
    extensible = attributes.get("extensible") is True
    _read_values(form, attributes.objects(values_name), value_type, extensible, where, notes)
    attributes.asked |= {"name", "isUnique", "validFor"}
    extension = attributes.extension()
    attributes.leave()
    return restored(form, extension)


def _read_values(
    form: Form, values: list[Resource], value_type: str, extensible: bool, where: str, notes: Notes
) -> None:
    allowed = []
    ranges = []
    for entry in values:
        if entry.get("unitOfMeasure") not in (None, ""):
            form.setdefault("unitOfMeasure", str(entry["unitOfMeasure"]))
        low, high = (_bound(entry.get(name), value_type) for name in ("valueFrom", "valueTo"))
        if low is not None or high is not None:
            interval = entry.get("rangeInterval")
            ends = {"valueFrom": low, "valueTo": high}
            found = {name: end for name, end in ends.items() if end is not None}
            if interval in INTERVALS and interval != "closed":
                found["rangeInterval"] = interval
            ranges.append(found)
        elif entry.get("value") is not None:
            value = _typed(entry["value"], value_type, where, notes)
            if value not in allowed:
                allowed.append(value)
            if entry.get("isDefault") is True:
                form["default"] = value
        if entry.get("regex") not in (None, "") and "regex" not in form and len(values) == 1:
            form["regex"] = str(entry["regex"])
    if allowed and not extensible:
        form["allowedValues"] = allowed
    if len(ranges) == 1 and "rangeInterval" not in ranges[0]:
        form |= ranges[0]
    elif ranges:
        form["ranges"] = ranges


def _bound(value: Any, value_type: str) -> Any:
    """A bound of a range; products write empty text, or 0 to 0 on text, for none."""
    if value in (None, "") or value_type not in _MINIMUM_TYPES:
        return None
    return _number(value, value_type) if isinstance(value, str) else value


def _typed(value: Any, value_type: str, where: str, notes: Notes) -> Any:
    """A value as its type wants it: products write numbers and flags as text, and wrap values in objects."""
    if isinstance(value, dict) and set(value) <= {"value", "alias", "@type"} and "value" in value:
        value = value["value"]
    if value_type == "string" and not isinstance(value, str | dict | list):
        return ("true" if value else "false") if isinstance(value, bool) else str(value)
    if isinstance(value, str) and value_type in ("integer", "number", "boolean"):
        typed = _number(value, value_type)
        if isinstance(typed, str):
            notes.add(where, f"value {value!r} is no {value_type}")
        return typed
    return value


def _number(text: str, value_type: str) -> Any:
    if value_type == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    if value_type in ("integer", "number"):
        try:
            return int(text)
        except ValueError:
            pass
        try:
            return float(text)
        except ValueError:
            pass
    return text
