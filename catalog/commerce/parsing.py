"""From located text to offerings, prices, categories and candidates.

Runs when all files are read: what an offering says of characteristics can only be read with its specification's value
types at hand.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from catalog.commerce.model import (
    PERIOD_TYPES,
    PRICE_TYPES,
    BundledOffering,
    Candidate,
    Category,
    CharacteristicUse,
    OfferingRelationship,
    PriceCondition,
    ProductOffering,
    ProductOfferingPrice,
    Term,
)
from catalog.commerce.money import decimal, money
from catalog.draft import Draft
from catalog.located import Fields, Located
from catalog.model import ACTIONS, KINDS, LIFECYCLE_STATUSES, CharacteristicSpecification
from catalog.parts.characteristics import typed_value, whole_value
from catalog.parts.validity import read_period

Types = dict[str, CharacteristicSpecification]
Entry = TypeVar("Entry")

HEADER = ("name", "version", "lifecycleStatus", "validFor", "description")
OFFERING = (
    *HEADER,
    "statusReason",
    "isSellable",
    "productSpecification",
    "bundledOfferings",
    "prices",
    "categories",
    "characteristics",
    "terms",
    "relatedOfferings",
    "serviceCandidate",
    "resourceCandidate",
    "channels",
    "marketSegments",
    "places",
    "agreements",
    "serviceLevelAgreement",
)
BUNDLED = ("minimumQuantity", "defaultQuantity", "maximumQuantity", "characteristics", "prices")
USE = ("mandatory", "default", "allowedValues", "valueFrom", "valueTo")
TERM = ("name", "duration", "description")
RELATED = ("type", "offering")
PRICE = (
    *HEADER,
    "priceType",
    "price",
    "percentage",
    "taxIncluded",
    "taxRate",
    "taxCategory",
    "period",
    "unitOfMeasure",
    "perCharacteristic",
    "characteristics",
    "actions",
    "alterations",
    "bundledPrices",
    "priority",
    "applicationDuration",
)
CONDITION = ("values", "valueFrom", "valueTo")
CONDITION_TYPES = ("integer", "number", "date")
"""Value types that a price condition may bound by a range."""
CATEGORY = (*HEADER, "kind", "parent")
CANDIDATE = (*HEADER, "specification", "categories")
CANDIDATES = {"serviceCandidates": "service", "resourceCandidates": "resource"}


def read_commerce(draft: Draft) -> None:
    """Turn what was collected of the commercial sections into values, with the draft's specifications."""
    commerce = draft.commerce
    commerce.offerings = {id_: _offering(draft, id_, at) for id_, at in draft.sections["offerings"].items()}
    for id_, offering in commerce.offerings.items():
        if offering.bundled:
            bundled = tuple(_with_presets(draft, id_, child) for child in offering.bundled)
            commerce.offerings[id_] = msgspec.structs.replace(offering, bundled=bundled)
    commerce.prices = {id_: _price(draft, id_, at) for id_, at in draft.sections["prices"].items()}
    users = _price_users(commerce.offerings.values(), commerce.prices, draft)
    for id_, entries in commerce.conditions.items():
        # Only now are the types known that a price's conditions are read with.
        conditions = _conditions(draft, id_, entries, users.get(id_, []))
        commerce.prices[id_] = msgspec.structs.replace(commerce.prices[id_], conditions=conditions)
    commerce.categories = {id_: _category(draft, id_, at) for id_, at in draft.sections["categories"].items()}
    for section, kind in CANDIDATES.items():
        for id_, at in draft.sections[section].items():
            commerce.candidates[id_] = _candidate(draft, id_, kind, at)


def types_of(draft: Draft, offering: str) -> Types:
    """The characteristics of an offering's specification by name; none without one."""
    at = draft.commerce.offerings.get(offering)
    specification = draft.specifications.get(at.product_specification) if at is not None else None
    return {each.name: each for each in specification.characteristics} if specification is not None else {}


class _Header:
    """The fields that every part has."""

    def __init__(self, draft: Draft, id_: str, what: str, at: Located, known: tuple[str, ...]) -> None:
        self.draft = draft
        self.what = what
        self.fields = Fields(draft.findings, at, what, known)
        self.common: dict[str, Any] = {
            "id": id_,
            "name": self.fields.text("name", id_),
            "version": self.fields.text("version", "1.0"),
            "lifecycle_status": self.fields.choice(
                "lifecycleStatus", LIFECYCLE_STATUSES, "Active", "unknown-lifecycle-status"
            ),
            "description": self.fields.text("description"),
            "valid_for": read_period(draft.findings, what, self.fields),
        }

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(word.text for word in self.fields.texts(name))

    def read(self, name: str, read: Callable[[str], Entry], code: str, example: str) -> Entry | None:
        """A text that `read` understands; None when absent, or after a finding."""
        text = self.fields.text(name)
        if not text:
            return None
        try:
            return read(text)
        except ValueError as error:
            fix = f"write `{name}: {example}`"
            self.draft.findings.report(self.fields.place(name), code, f"{self.what}: {name}: {error}", fix)
            return None


def _offering(draft: Draft, id_: str, at: Located) -> ProductOffering:
    header = _Header(draft, id_, f"offering {id_}", at, OFFERING)
    fields = header.fields
    bundled = tuple(
        _bundled(draft, id_, child, place) for child, place in fields.entries("bundledOfferings").items()
    )
    specification = fields.text("productSpecification")
    if not specification and not bundled:
        message = f"offering {id_} has neither a productSpecification nor bundledOfferings"
        fix = "add `productSpecification: the id of a product specification`"
        draft.findings.report(at, "missing-field", message, fix)
    known = draft.specifications.get(specification)
    types = {each.name: each for each in known.characteristics} if known is not None else {}
    return ProductOffering(
        **header.common,
        product_specification=specification,
        status_reason=fields.text("statusReason"),
        is_sellable=fields.flag("isSellable") if fields.has("isSellable") else True,
        bundled=bundled,
        prices=header.words("prices"),
        categories=header.words("categories"),
        characteristics=tuple(
            _use(draft, id_, name, place, types.get(name))
            for name, place in fields.entries("characteristics").items()
        ),
        terms=tuple(_term(draft, id_, place) for place in fields.items("terms")),
        relationships=tuple(_related(draft, id_, place) for place in fields.items("relatedOfferings")),
        service_candidate=fields.text("serviceCandidate"),
        resource_candidate=fields.text("resourceCandidate"),
        channels=header.words("channels"),
        market_segments=header.words("marketSegments"),
        places=header.words("places"),
        agreements=header.words("agreements"),
        service_level_agreement=fields.text("serviceLevelAgreement"),
    )


def _bundled(draft: Draft, owner: str, child: str, at: Located) -> BundledOffering:
    fields = Fields(draft.findings, at, f"offering {owner}: bundled {child}", BUNDLED)
    draft.places[("bundled", owner, child)] = at
    if presets := fields.entries("characteristics"):
        draft.commerce.presets[owner, child] = presets
    minimum = fields.count("minimumQuantity")
    default = fields.count("defaultQuantity")
    minimum = (1 if default is None else min(1, default)) if minimum is None else minimum
    return BundledOffering(
        offering=child,
        minimum_quantity=minimum,
        default_quantity=max(1, minimum) if default is None else default,
        maximum_quantity=fields.count("maximumQuantity"),
        prices=tuple(word.text for word in fields.texts("prices")) if fields.has("prices") else None,
    )


def _with_presets(draft: Draft, owner: str, child: BundledOffering) -> BundledOffering:
    """With the values that the bundle orders it with, read as the child's specification types them."""
    types = types_of(draft, child.offering)
    values = {}
    for name, at in draft.commerce.presets.get((owner, child.offering), {}).items():
        # An unknown characteristic is reported by the checks; its values are of no type.
        value = at.plain()
        if name in types:
            what = f"offering {owner}: bundled {child.offering}: {name}"
            value = whole_value(draft.findings, what, types[name], at)
        if value is not None:
            values[name] = value
    return msgspec.structs.replace(child, characteristics=values)


def _use(
    draft: Draft, owner: str, name: str, at: Located, declared: CharacteristicSpecification | None
) -> CharacteristicUse:
    what = f"offering {owner}: characteristic {name}"
    fields = Fields(draft.findings, at, what, USE)
    draft.places[("use", owner, name)] = at

    def value(place: Located) -> Any:
        # An unknown characteristic is reported by the checks; its values are of no type.
        if declared is None:
            return place.plain()
        return typed_value(draft.findings, what, declared.value_type, place)

    default = None
    if fields.has("default"):
        at = fields.place("default")
        default = at.plain() if declared is None else whole_value(draft.findings, what, declared, at)
    return CharacteristicUse(
        name=name,
        mandatory=fields.flag("mandatory"),
        default=msgspec.UNSET if default is None else default,
        allowed_values=_values(fields, "allowedValues", value),
        value_from=value(fields.place("valueFrom")) if fields.has("valueFrom") else None,
        value_to=value(fields.place("valueTo")) if fields.has("valueTo") else None,
    )


def _values(fields: Fields, name: str, value: Callable[[Located], Any]) -> tuple[Any, ...]:
    read = (value(place) for place in fields.items(name))
    return tuple(each for each in read if each is not None)


def _term(draft: Draft, owner: str, at: Located) -> Term:
    what = f"offering {owner}: a term"
    fields = Fields(draft.findings, at, what, TERM)
    amount, units = 0, ""
    if fields.has("duration"):
        number, _, units = fields.text("duration").partition(" ")
        if number.isascii() and number.isdigit() and units:
            amount = int(number)
        else:
            message = f"{what}: duration {fields.text('duration')!r} is no number with a unit"
            draft.findings.report(
                fields.place("duration"), "bad-quantity", message, "write `duration: 24 months`"
            )
    return Term(fields.required_text("name", "24 months"), amount, units, fields.text("description"))


def _related(draft: Draft, owner: str, at: Located) -> OfferingRelationship:
    fields = Fields(draft.findings, at, f"offering {owner}: a related offering", RELATED)
    related = OfferingRelationship(
        fields.required_text("type", "optionalFor"), fields.required_text("offering", "the id of an offering")
    )
    draft.places.setdefault(("related", owner, related.offering), at)
    return related


def _price(draft: Draft, id_: str, at: Located) -> ProductOfferingPrice:
    header = _Header(draft, id_, f"price {id_}", at, PRICE)
    fields = header.fields
    price_type = fields.choice("priceType", PRICE_TYPES, "", "unknown-price-type")
    period = header.read("period", _period, "bad-period", "1 month")
    if conditions := fields.entries("characteristics"):
        draft.commerce.conditions[id_] = conditions
    unit = header.read("unitOfMeasure", _quantity, "bad-quantity", "1 GB")
    for action in fields.texts("actions"):
        if action.text not in ACTIONS:
            message = f"price {id_}: there is no action {action.text!r}"
            draft.findings.report(action, "unknown-action", message, f"use some of {', '.join(ACTIONS)}")
    return ProductOfferingPrice(
        **header.common,
        price_type=price_type,
        price=header.read("price", money, "bad-money", "39.90 EUR"),
        percentage=header.read("percentage", decimal, "bad-number", "10"),
        tax_included=fields.flag("taxIncluded"),
        tax_rate=header.read("taxRate", decimal, "bad-number", "19"),
        tax_category=fields.text("taxCategory"),
        period_length=period[0] if period else 0,
        period_type=period[1] if period else "",
        unit_amount=unit[0] if unit else None,
        unit=unit[1] if unit else "",
        per_characteristic=fields.text("perCharacteristic"),
        actions=header.words("actions"),
        alterations=header.words("alterations"),
        bundled=header.words("bundledPrices"),
        priority=fields.count("priority") or 0,
        application_duration=fields.count("applicationDuration") or 0,
    )


def _period(text: str) -> tuple[int, str]:
    number, _, unit = text.partition(" ")
    if not (number.isascii() and number.isdigit() and int(number)) or unit not in PERIOD_TYPES:
        raise ValueError(f"{text!r} is no number of {', '.join(PERIOD_TYPES)}")
    return int(number), unit


def _quantity(text: str) -> tuple[Decimal, str]:
    number, _, unit = text.partition(" ")
    amount = decimal(number)
    if not unit or not amount:
        raise ValueError(f"{text!r} is no number above 0 with a unit")
    return amount, unit


def _price_users(
    offerings: Iterable[ProductOffering], prices: dict[str, ProductOfferingPrice], draft: Draft
) -> dict[str, list[Types]]:
    """For each price the characteristics of every offering that uses it, over alterations and composites too."""
    users: dict[str, list[Types]] = {}
    for offering in offerings:
        waiting = [(price, types_of(draft, offering.id)) for price in offering.prices]
        for child in offering.bundled:
            waiting += [(price, types_of(draft, child.offering)) for price in child.prices or ()]
        met: set[str] = set()
        while waiting:
            id_, types = waiting.pop()
            price = prices.get(id_)
            if price is None or id_ in met:
                continue
            met.add(id_)
            users.setdefault(id_, []).append(types)
            waiting += [(below, types) for below in (*price.alterations, *price.bundled)]
    return users


def _conditions(
    draft: Draft, owner: str, entries: Mapping[str, Located], users: list[Types]
) -> tuple[PriceCondition, ...]:
    found = []
    for name, place in entries.items():
        draft.places[("condition", owner, name)] = place
        what = f"price {owner}: characteristic {name}"
        declared = next((types[name] for types in users if name in types), None)
        stated = Fields(draft.findings, place, what, CONDITION)

        def value(
            place: Located, declared: CharacteristicSpecification | None = declared, what: str = what
        ) -> Any:
            if declared is None:
                return place.plain()
            return typed_value(draft.findings, what, declared.value_type, place)

        bounded = stated.has("valueFrom") or stated.has("valueTo")
        if declared is not None and bounded and declared.value_type not in CONDITION_TYPES:
            message = f"{what}: a {declared.value_type} has no range here"
            draft.findings.report(place, "facet-not-applicable", message, "name its values")
            continue
        condition = PriceCondition(
            name,
            _values(stated, "values", value),
            value(stated.place("valueFrom")) if stated.has("valueFrom") else None,
            value(stated.place("valueTo")) if stated.has("valueTo") else None,
        )
        if condition == PriceCondition(name):
            message = f"{what}: it says for which values, by values, valueFrom or valueTo"
            draft.findings.report(place, "missing-field", message, "add `values: [...]`")
        else:
            found.append(condition)
    return tuple(found)


def _category(draft: Draft, id_: str, at: Located) -> Category:
    header = _Header(draft, id_, f"category {id_}", at, CATEGORY)
    return Category(
        **header.common,
        kind=header.fields.choice("kind", KINDS, "product", "unknown-kind"),
        parent=header.fields.text("parent"),
    )


def _candidate(draft: Draft, id_: str, kind: str, at: Located) -> Candidate:
    header = _Header(draft, id_, f"{kind} candidate {id_}", at, CANDIDATE)
    return Candidate(
        **header.common,
        kind=kind,
        specification=header.fields.required_text("specification", f"the id of a {kind} specification"),
        categories=header.words("categories"),
    )
