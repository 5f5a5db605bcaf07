"""Exports of TMF620, TMF633 and TMF634, ours or another product's, as sections of our YAML.

A document is one resource, an array of them, or an object with arrays by resource name (`productOffering`,
`serviceSpecification`, …); what a resource is says its `@type`, or else where it stands. The three APIs number their
specifications apart: one whose id another kind has taken is renamed, and whoever refers to it too.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from catalog.draft import COMMERCIAL_SECTIONS
from catalog.exchange.export import CATALOGS, CATEGORIES
from catalog.exchange.groups import read_candidate, read_category
from catalog.exchange.offerings import read_offering, read_price
from catalog.exchange.reading import EXTENSION, Form, Notes, Resource
from catalog.exchange.specifications import PLACES, read_specification
from catalog.model import KINDS, Kind
from catalog.parsing import SECTIONS

_KIND_OF_SPECIFICATION: Final[dict[str, Kind]] = {f"{kind}Specification": kind for kind in KINDS}
_CANDIDATES: Final[dict[str, Kind]] = {"serviceCandidate": "service", "resourceCandidate": "resource"}
_CATEGORIES: Final = {name: kind for kind, name in CATEGORIES.items()}
_CATALOGS: Final = frozenset(CATALOGS.values())
_NAMES: Final = (
    *_KIND_OF_SPECIFICATION,
    *_CANDIDATES,
    *_CATEGORIES,
    *_CATALOGS,
    "productOffering",
    "productOfferingPrice",
)
_TYPES: Final = {
    **{name.lower(): name for name in _NAMES},
    "customerfacingservicespecification": "serviceSpecification",
    "resourcefacingservicespecification": "serviceSpecification",
    "customerfacingservicespec": "serviceSpecification",
    "resourcefacingservicespec": "serviceSpecification",
    "logicalresourcespecification": "resourceSpecification",
    "physicalresourcespecification": "resourceSpecification",
    "resourcefunctionspecification": "resourceSpecification",
    "productcatalog": "catalog",
    "productcategory": "category",
}
_SECTION: Final = {kind: section for section, kind in SECTIONS.items()}


def imported(documents: Iterable[tuple[str, Any]], version: str | None = None) -> tuple[Form, Notes]:
    """Sections of our YAML from JSON documents with their names, and notes on all that was left behind.

    The catalog's version is the one given, or else that of the product catalog in the documents.
    """
    notes = Notes()
    found: list[tuple[str, Resource]] = []
    for name, document in documents:
        before = len(found)
        found += _resources(name, document, None, notes)
        if len(found) == before:
            notes.add(name, "nothing of TMF620, TMF633 or TMF634 is in it")
    return _Import(found, notes).sections(version), notes


def _resources(where: str, document: Any, standing: str | None, notes: Notes) -> list[tuple[str, Resource]]:
    if isinstance(document, list):
        return [each for entry in document for each in _resources(where, entry, standing, notes)]
    if not isinstance(document, dict):
        return []
    name = _TYPES.get(str(document.get("@type", "")).lower(), standing)
    if name is not None and document.get("id") not in (None, ""):
        return [(name, document)]
    found = []
    for key, value in document.items():
        if key in _NAMES and isinstance(value, list):
            found += _resources(where, value, key, notes)
    return found


class _Import:
    def __init__(self, resources: list[tuple[str, Resource]], notes: Notes) -> None:
        self.resources = resources
        self.notes = notes
        self.ids: dict[tuple[Kind, str], str] = {}

    def sections(self, version: str | None) -> Form:
        header, rest = self._header(version)
        self._name_specifications()
        sections: Form = {"catalog": header}
        for name, resource in self.resources:
            id_ = str(resource["id"])
            if name == "productOffering":
                self._put(sections, "offerings", id_, read_offering(resource, self.notes))
            elif name == "productOfferingPrice":
                self._put(sections, "prices", id_, read_price(resource, self.notes))
            elif name in _CATEGORIES:
                self._put(sections, "categories", id_, read_category(_CATEGORIES[name], resource, self.notes))
            elif name in _CANDIDATES:
                kind = _CANDIDATES[name]
                form = read_candidate(kind, resource, self.notes)
                self._renamed(form, "specification", kind)
                self._put(sections, f"{name}s", id_, form)
            elif name in _KIND_OF_SPECIFICATION:
                kind = _KIND_OF_SPECIFICATION[name]
                form = read_specification(kind, resource, self.notes)
                for each in form.get("relationships", []):
                    _, target = PLACES.get((kind, each["type"]), ("", kind))
                    self._renamed(each, "target", target)
                self._put(sections, _SECTION[kind], self.ids[kind, id_], form)
        for offering in sections.get("offerings", {}).values():
            self._renamed(offering, "productSpecification", "product")
        self._parents(sections)
        ordered = {
            name: sections[name] for name in ("catalog", *COMMERCIAL_SECTIONS, *SECTIONS) if name in sections
        }
        return ordered | rest

    def _header(self, version: str | None) -> tuple[Form, Form]:
        catalogs = [resource for name, resource in self.resources if name in _CATALOGS]
        catalogs.sort(key=lambda each: each.get("catalogType") != "product")
        header: Form = {"name": "imported", "version": "1"}
        rest: Form = {}
        if catalogs:
            header |= {name: str(catalogs[0][name]) for name in ("name", "version") if catalogs[0].get(name)}
            extension = catalogs[0].get(EXTENSION)
            if isinstance(extension, Mapping):
                rest = {name: value for name, value in extension.items() if name != "@type"}
        if version is not None:
            header["version"] = version
        return header, rest

    def _name_specifications(self) -> None:
        taken: set[str] = set()
        for name, resource in self.resources:
            kind = _KIND_OF_SPECIFICATION.get(name)
            if kind is None or (kind, str(resource["id"])) in self.ids:
                continue
            id_ = own = str(resource["id"])
            while own in taken:
                own = f"{kind}-{own}"
            if own != id_:
                self.notes.add(f"{kind} specification {id_}", f"the id is taken; it is {own} here")
            taken.add(own)
            self.ids[kind, id_] = own

    def _renamed(self, form: Form, field: str, kind: Kind) -> None:
        if field in form:
            form[field] = self.ids.get((kind, form[field]), form[field])

    def _put(self, sections: Form, section: str, id_: str, form: Form) -> None:
        entries = sections.setdefault(section, {})
        if id_ in entries:
            self.notes.add(f"{section}: {id_}", "it comes twice (another version?); the first is taken over")
            return
        entries[id_] = form

    def _parents(self, sections: Form) -> None:
        """Products name the parent of a category, or its children, or both."""
        categories = sections.get("categories", {})
        for name, resource in self.resources:
            if name not in _CATEGORIES:
                continue
            children = resource.get("subCategory" if name == "category" else "category")
            for child in children if isinstance(children, list) else []:
                form = categories.get(str(child.get("id"))) if isinstance(child, dict) else None
                if form is not None:
                    form.setdefault("parent", str(resource["id"]))
