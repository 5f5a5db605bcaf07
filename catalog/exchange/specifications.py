"""Product, service and resource specifications: ours, and those of TMF620, TMF633 and TMF634."""

from collections.abc import Mapping
from typing import Any, Final

from catalog.exchange.characteristics import read_characteristic, said_characteristic
from catalog.exchange.reading import Attributes, Form, Notes, Resource, extended, named, restored, told
from catalog.model import LIFECYCLE_STATUSES, Kind

CHARACTERISTICS: Final[dict[Kind, tuple[str, str]]] = {
    "product": ("productSpecCharacteristic", "productSpecCharacteristicValue"),
    "service": ("specCharacteristic", "characteristicValueSpecification"),
    "resource": ("resourceSpecCharacteristic", "resourceSpecCharacteristicValue"),
}
"""The names of a specification's characteristics, and of their values."""
RELATIONSHIPS: Final[dict[Kind, str]] = {
    "product": "productSpecificationRelationship",
    "service": "serviceSpecRelationship",
    "resource": "resourceSpecRelationship",
}
TYPES: Final[dict[Kind, str]] = {
    "product": "ProductSpecification",
    "service": "CustomerFacingServiceSpecification",
    "resource": "ResourceSpecification",
}
PLACES: Final[dict[tuple[Kind, str], tuple[str, Kind]]] = {
    ("product", "Bundles"): ("bundledProductSpecification", "product"),
    ("product", "Realized as"): ("serviceSpecification", "service"),
    ("product", "Requires"): ("resourceSpecification", "resource"),
    ("service", "Requires"): ("resourceSpecification", "resource"),
}
"""Where a relationship has an attribute of its own, and the kind that it leads to; else it is a typed relationship."""
OWN_TYPES: Final = ("Bundles", "Realized as", "Requires", "Composed of")
_STATUSES: Final = {status.lower().replace(" ", ""): status for status in LIFECYCLE_STATUSES}
_HEADER: Final = ("name", "version", "lifecycleStatus", "description", "validFor")


def said_header(id_: str, form: Form, type_: str) -> Form:
    """What every resource begins with."""
    return {
        "id": id_,
        "@type": type_,
        "name": form.get("name", id_),
        "version": form.get("version", "1.0"),
        "lifecycleStatus": form.get("lifecycleStatus", "Active"),
        **told({"description": form.get("description"), "validFor": form.get("validFor")}),
    }


def read_header(attributes: Attributes, id_: str) -> Form:
    """The same, as our YAML says it; the spelling of a lifecycle status is set right."""
    name, version = attributes.text("name"), attributes.text("version")
    status = attributes.text("lifecycleStatus")
    if status is not None:
        status = _STATUSES.get(status.lower().replace(" ", "").replace("_", ""), status)
    return told(
        {
            "name": name if name != id_ else None,
            "version": version if version != "1.0" else None,
            "lifecycleStatus": status if status != "Active" else None,
            "validFor": attributes.period(),
            "description": attributes.text("description"),
        }
    )


def said_specification(kind: Kind, id_: str, form: Form, names: Mapping[str, str]) -> Form:
    """Our specification as its API says it."""
    attribute, values_name = CHARACTERISTICS[kind]
    type_ = TYPES[kind]
    if form.get("serviceType") == "RFS":
        type_ = "ResourceFacingServiceSpecification"
    said = said_header(id_, form, type_)
    said["isBundle"] = any(each["type"] == "Bundles" for each in form.get("relationships", []))
    characteristics = form.get("characteristics", {}).items()
    if characteristics:
        said[attribute] = [said_characteristic(name, each, values_name) for name, each in characteristics]
    for each in form.get("relationships", []):
        place, _ = PLACES.get((kind, each["type"]), (RELATIONSHIPS[kind], kind))
        said.setdefault(place, []).append(_said_relationship(kind, each, names))

    def read(resource: Resource) -> Form:
        return read_specification(kind, resource, Notes())

    back = read(said).get("relationships", [])
    if back != form.get("relationships", []):
        # What they are is told one by one; only their sequence got lost.
        positions = {(each["type"], each["target"]): n for n, each in enumerate(form["relationships"])}
        for entry, relationship in _relationships(kind, said):
            key = (relationship["type"], relationship["target"])
            entry["orderloom"] = {
                "@type": "OrderloomRelationship",
                **entry.get("orderloom", {}),
                "position": positions[key],
            }
    return extended("Specification", form, said, read)


def _said_relationship(kind: Kind, form: Form, names: Mapping[str, str]) -> Form:
    target = form["target"]
    said: Form
    if (kind, form["type"]) in PLACES:
        said = named(target, names)
    else:
        said = named(target, names, relationshipType=form["type"])
        said |= told({"validFor": form.get("validFor")})
        if kind == "resource":
            bounds = ("minimumQuantity", "defaultQuantity", "maximumQuantity")
            said |= {name: form[name] for name in bounds if name in form}

    def read(resource: Resource) -> Form:
        return _read_relationship(kind, form["type"], resource, Notes(), "")

    return extended("Relationship", form, said, read)


def read_specification(kind: Kind, resource: Resource, notes: Notes) -> Form:
    """A specification of TMF620, TMF633 or TMF634 as our YAML says it."""
    id_ = str(resource.get("id", ""))
    where = f"{kind} specification {id_}"
    attributes = Attributes(resource, where, notes)
    form = read_header(attributes, id_)
    if kind == "service" and str(resource.get("@type", "")).startswith("ResourceFacing"):
        form["serviceType"] = "RFS"
    attribute, values_name = CHARACTERISTICS[kind]
    characteristics: Form = {}
    for each in attributes.objects(attribute):
        name = str(each.get("name") or each.get("id") or "")
        if not name or name in characteristics:
            notes.add(where, f"a characteristic without a name of its own is left out: {name!r}")
            continue
        characteristics[name] = read_characteristic(each, values_name, f"{where}: {name}", notes)
    relationships = []
    for entry, relationship in _relationships(kind, resource):
        if relationship["type"] not in OWN_TYPES:
            target = relationship["target"]
            notes.add(where, f"its {relationship['type']!r} to {target} has no meaning here and is left out")
        else:
            place = f"{where}: {relationship['type']} {relationship['target']}"
            relationships.append(_read_relationship(kind, relationship["type"], entry, notes, place))
    relationships.sort(key=_place)
    form |= told({"characteristics": characteristics})
    form |= told({"relationships": [_without_position(each) for each in relationships]})
    attributes.asked |= {attribute, *(place for place, _ in PLACES.values()), RELATIONSHIPS[kind], "category"}
    extension = attributes.extension()
    attributes.leave()
    return restored(form, extension)


def _place(relationship: Form) -> tuple[int, int]:
    return relationship.get("order", 0), relationship.get("position", 0)


def _without_position(relationship: Form) -> Form:
    return {name: value for name, value in relationship.items() if name != "position"}


def _relationships(kind: Kind, resource: Resource) -> list[tuple[Any, Form]]:
    """Each relationship's entry with its type and target."""
    found: list[tuple[Any, Form]] = []
    for (of, type_), (place, _) in PLACES.items():
        if of == kind:
            found += [
                (each, {"type": type_, "target": str(each.get("id"))}) for each in _list(resource.get(place))
            ]
    for each in _list(resource.get(RELATIONSHIPS[kind])):
        target = str(each.get("id"))
        found.append((each, {"type": str(each.get("relationshipType", "")), "target": target}))
    return found


def _list(value: Any) -> list[Any]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _read_relationship(kind: Kind, type_: str, entry: Resource, notes: Notes, where: str) -> Form:
    attributes = Attributes(entry, where, notes)
    form: Form = {"type": type_, "target": str(attributes.get("id"))}
    if (kind, type_) not in PLACES:
        form |= told({"validFor": attributes.period()})
        if kind == "resource":
            for name in ("minimumQuantity", "defaultQuantity", "maximumQuantity"):
                count = attributes.get(name)
                if type(count) is int:
                    form[name] = count
    return restored(form, attributes.extension())
