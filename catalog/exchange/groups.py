"""Categories and candidates: ours, and those of TMF620, TMF633 and TMF634."""

from typing import Final

from catalog.exchange.offerings import Names
from catalog.exchange.reading import Attributes, Form, Notes, Resource, extended, named, restored, told
from catalog.exchange.specifications import read_header, said_header
from catalog.model import Kind

CATEGORY_TYPES: Final[dict[Kind, str]] = {
    "product": "Category",
    "service": "ServiceCategory",
    "resource": "ResourceCategory",
}
CHILDREN: Final[dict[Kind, str]] = {"product": "subCategory", "service": "category", "resource": "category"}
MEMBERS: Final[dict[Kind, str]] = {
    "product": "productOffering",
    "service": "serviceCandidate",
    "resource": "resourceCandidate",
}


def said_category(
    kind: Kind, id_: str, form: Form, names: Names, children: list[str], members: list[str]
) -> Form:
    """Our category as its API says it, with what is in it."""
    said = said_header(id_, form, CATEGORY_TYPES[kind])
    said["isRoot"] = "parent" not in form
    said |= told(
        {
            "parentId": form.get("parent"),
            CHILDREN[kind]: [named(each, names["category"]) for each in children],
            MEMBERS[kind]: [
                named(each, names["offering" if kind == "product" else "candidate"]) for each in members
            ],
        }
    )
    return extended("Category", form, said, lambda resource: read_category(kind, resource, Notes()))


def read_category(kind: Kind, resource: Resource, notes: Notes) -> Form:
    """A category as our YAML says it; what is in it says so itself."""
    id_ = str(resource.get("id", ""))
    attributes = Attributes(resource, f"{kind} category {id_}", notes)
    form = read_header(attributes, id_)
    form |= told({"kind": kind if kind != "product" else None, "parent": attributes.text("parentId")})
    attributes.asked |= {CHILDREN[kind], MEMBERS[kind]}
    extension = attributes.extension()
    attributes.leave()
    return restored(form, extension)


def said_candidate(kind: Kind, id_: str, form: Form, names: Names) -> Form:
    """Our candidate as TMF633 or TMF634 says it."""
    said = said_header(id_, form, f"{kind.title()}Candidate")
    said[f"{kind}Specification"] = named(form["specification"], names["specification"])
    said |= told({"category": [named(each, names["category"]) for each in form.get("categories", [])]})
    return extended("Candidate", form, said, lambda resource: read_candidate(kind, resource, Notes()))


def read_candidate(kind: Kind, resource: Resource, notes: Notes) -> Form:
    """A candidate as our YAML says it."""
    id_ = str(resource.get("id", ""))
    attributes = Attributes(resource, f"{kind} candidate {id_}", notes)
    form = read_header(attributes, id_)
    form |= told(
        {
            "specification": attributes.reference(f"{kind}Specification"),
            "categories": attributes.references("category"),
        }
    )
    extension = attributes.extension()
    attributes.leave()
    return restored(form, extension)
