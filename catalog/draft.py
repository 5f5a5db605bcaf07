"""A catalog while it is being read: its parts so far, where each stands, and all that was found wrong."""

from collections.abc import Mapping

from catalog.commerce.model import Candidate, Category, ProductOffering, ProductOfferingPrice
from catalog.located import Findings, Located
from catalog.model import Specification
from catalog.policies.draft import PolicyDraft

COMMERCIAL_SECTIONS = {
    "offerings": "offering",
    "prices": "price",
    "categories": "category",
    "serviceCandidates": "candidate",
    "resourceCandidates": "candidate",
}
"""Sections that `catalog.commerce.parsing` reads, each with what its entries are."""


class CommerceDraft:
    """What was made of the commercial sections, by id, and what can only be typed when all of it is known."""

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
        self.places: dict[tuple[str | int, ...], Located] = {}
        self.sections: dict[str, dict[str, Located]] = {section: {} for section in COMMERCIAL_SECTIONS}
        self.commerce = CommerceDraft()
        self.policies = PolicyDraft()
