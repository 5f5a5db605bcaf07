"""Our catalog as exports of TM Forum's three catalog APIs."""

from typing import Any, Final

from catalog.draft import COMMERCIAL_SECTIONS
from catalog.exchange.groups import said_candidate, said_category
from catalog.exchange.offerings import Names, said_offering, said_price
from catalog.exchange.reading import EXTENSION, Form, named, told
from catalog.exchange.specifications import said_specification
from catalog.model import Catalog, Kind
from catalog.parsing import SECTIONS
from catalog.writing import sections_of

FILES: Final[dict[Kind, str]] = {
    "product": "TMF620.json",
    "service": "TMF633.json",
    "resource": "TMF634.json",
}
"""One file for each API, holding its resources by their name."""
CATALOGS: Final[dict[Kind, str]] = {
    "product": "catalog",
    "service": "serviceCatalog",
    "resource": "resourceCatalog",
}
CATEGORIES: Final[dict[Kind, str]] = {
    "product": "category",
    "service": "serviceCategory",
    "resource": "resourceCategory",
}

Export = dict[str, list[Form]]


def exported(catalog: Catalog) -> dict[str, Export]:
    """File name -> resource name -> resources."""
    sections = sections_of(catalog)
    names = _names(sections)
    return {file: _export(kind, catalog, sections, names) for kind, file in FILES.items()}


def _export(kind: Kind, catalog: Catalog, sections: Form, names: Names) -> Export:
    section = next(name for name, of in SECTIONS.items() if of == kind)
    export: Export = {
        f"{kind}Specification": [
            said_specification(kind, id_, form, names["specification"])
            for id_, form in sections.get(section, {}).items()
        ]
    }
    if kind == "product":
        prices = sections.get("prices", {})
        types = {id_: each["priceType"] for id_, each in prices.items()}
        export["productOffering"] = [
            said_offering(id_, form, names) for id_, form in sections.get("offerings", {}).items()
        ]
        export["productOfferingPrice"] = [said_price(id_, form, names, types) for id_, form in prices.items()]
    else:
        export[f"{kind}Candidate"] = [
            said_candidate(kind, id_, form, names)
            for id_, form in sections.get(f"{kind}Candidates", {}).items()
        ]
    export[CATEGORIES[kind]] = _categories(kind, sections, names)
    roots = [each for each in export[CATEGORIES[kind]] if each["isRoot"]]
    export[CATALOGS[kind]] = [_catalog(kind, catalog, roots, sections)]
    return {name: resources for name, resources in export.items() if resources}


def _names(sections: Form) -> Names:
    names: dict[str, dict[str, str]] = {"specification": {}}
    for section, what in (*COMMERCIAL_SECTIONS.items(), *((name, "specification") for name in SECTIONS)):
        entries = sections.get(section, {}).items()
        names.setdefault(what, {}).update((id_, form.get("name", id_)) for id_, form in entries)
    return names


def _categories(kind: Kind, sections: Form, names: Names) -> list[Form]:
    of_kind = {
        id_: form
        for id_, form in sections.get("categories", {}).items()
        if form.get("kind", "product") == kind
    }
    entries = sections.get("offerings" if kind == "product" else f"{kind}Candidates", {})
    return [
        said_category(
            kind,
            id_,
            form,
            names,
            [child for child, each in of_kind.items() if each.get("parent") == id_],
            [member for member, each in entries.items() if id_ in each.get("categories", [])],
        )
        for id_, form in of_kind.items()
    ]


def _catalog(kind: Kind, catalog: Catalog, roots: list[Form], sections: Form) -> Form:
    said: dict[str, Any] = {
        "id": f"{catalog.name} {kind}s",
        "@type": CATALOGS[kind][0].upper() + CATALOGS[kind][1:],
        "name": catalog.name,
        "version": catalog.version,
        "lifecycleStatus": "Active",
        **told({"category": [named(each["id"], {each["id"]: each["name"]}) for each in roots]}),
    }
    if kind == "product":
        said["catalogType"] = "product"
        # What is said of no part, such as policies, goes with the catalog as a whole.
        known = {"catalog", *COMMERCIAL_SECTIONS, *SECTIONS}
        rest = {name: value for name, value in sections.items() if name not in known}
        if rest:
            said[EXTENSION] = {"@type": "OrderloomCatalog", **rest}
    return said
