"""Product offerings and their prices: ours, and those of TMF620."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from catalog.commerce.model import ALTERATION_TYPES, PERIOD_TYPES, PRICE_TYPES
from catalog.commerce.money import canonical, money, places
from catalog.exchange.characteristics import read_characteristic, said_characteristic
from catalog.exchange.reading import (
    Attributes,
    Form,
    Notes,
    Resource,
    extended,
    named,
    restored,
    told,
    unique,
)
from catalog.exchange.specifications import read_header, said_header

Names = Mapping[str, Mapping[str, str]]
"""Names by what is named (offering, price, category, …) and id."""

VALUES: Final = "productSpecCharacteristicValue"
USES: Final = "prodSpecCharValueUse"
LISTS: Final = {
    "channels": ("channel", "ChannelRef"),
    "marketSegments": ("marketSegment", "MarketSegmentRef"),
    "places": ("place", "PlaceRef"),
    "agreements": ("agreement", "AgreementRef"),
}
SINGLES: Final = {
    "serviceCandidate": "serviceCandidate",
    "resourceCandidate": "resourceCandidate",
    "serviceLevelAgreement": "serviceLevelAgreement",
}
_PRICE_TYPES: Final = {
    **{each.lower(): each for each in PRICE_TYPES},
    **dict.fromkeys(("one time", "one-time", "onetime", "nonrecurring", "one time charge"), "oneTime"),
    **dict.fromkeys(("recurring charge", "recurringcharge", "monthly"), "recurring"),
    **dict.fromkeys(("usage charge", "usagecharge"), "usage"),
    **dict.fromkeys(("alteration", "promotion"), "discount"),
    **dict.fromkeys(("penalty", "fee"), "surcharge"),
}
_PERIODS: Final = {
    **{each: each for each in PERIOD_TYPES},
    **{f"{each}s": each for each in PERIOD_TYPES},
    **dict(zip(("daily", "weekly", "monthly", "quarterly", "yearly"), PERIOD_TYPES, strict=True)),
    "annual": "year",
}


def said_offering(id_: str, form: Form, names: Names) -> Form:
    """Our offering as TMF620 says it."""
    said = said_header(id_, form, "ProductOffering")
    bundled = form.get("bundledOfferings", {})
    said["isBundle"] = bool(bundled)
    said["isSellable"] = form.get("isSellable", True)
    said |= told({"statusReason": form.get("statusReason")})
    if "productSpecification" in form:
        said["productSpecification"] = named(form["productSpecification"], names["specification"])
    said |= told(
        {
            "bundledProductOffering": [_said_bundled(child, each, names) for child, each in bundled.items()],
            "productOfferingPrice": [named(each, names["price"]) for each in form.get("prices", [])],
            "category": [named(each, names["category"]) for each in form.get("categories", [])],
            USES: [
                said_characteristic(name, each, VALUES)
                for name, each in form.get("characteristics", {}).items()
            ],
            "productOfferingTerm": [_said_term(each) for each in form.get("terms", [])],
            "productOfferingRelationship": [
                named(each["offering"], names["offering"], relationshipType=each["type"])
                for each in form.get("relatedOfferings", [])
            ],
            **{
                ours_to: [{"id": each, "@type": type_} for each in form.get(ours, [])]
                for ours, (ours_to, type_) in LISTS.items()
            },
        }
    )
    for ours, theirs in SINGLES.items():
        if ours in form:
            said[theirs] = named(form[ours], names["candidate"])
    return extended("Offering", form, said, lambda resource: read_offering(resource, Notes()))


def read_offering(resource: Resource, notes: Notes) -> Form:
    """TMF620's offering as our YAML says it."""
    id_ = str(resource.get("id", ""))
    where = f"product offering {id_}"
    attributes = Attributes(resource, where, notes)
    form = read_header(attributes, id_)
    if attributes.get("isSellable") is False:
        form["isSellable"] = False
    bundled = {}
    for each in attributes.objects("bundledProductOffering"):
        bundled[str(each.get("id"))] = _read_bundled(each, where, notes)
    form |= told(
        {
            "statusReason": attributes.text("statusReason"),
            "productSpecification": attributes.reference("productSpecification"),
            "bundledOfferings": bundled,
            "prices": attributes.references("productOfferingPrice"),
            "categories": attributes.references("category"),
            "characteristics": {
                str(each.get("name")): _without_type(read_characteristic(each, VALUES, where, notes))
                for each in attributes.objects(USES)
            },
            "terms": [_read_term(each) for each in attributes.objects("productOfferingTerm")],
            "relatedOfferings": [
                {"type": str(each.get("relationshipType") or "related"), "offering": str(each.get("id"))}
                for each in attributes.objects("productOfferingRelationship")
            ],
            **{ours: attributes.references(theirs) for ours, (theirs, _) in LISTS.items()},
            **{ours: attributes.reference(theirs) for ours, theirs in SINGLES.items()},
        }
    )
    extension = attributes.extension()
    attributes.leave()
    return restored(form, extension)


def _without_type(form: Form) -> Form:
    """A use says nothing of types and cardinalities: they are the specification's."""
    kept = ("mandatory", "default", "allowedValues", "valueFrom", "valueTo")
    return {name: value for name, value in form.items() if name in kept}


def _said_bundled(child: str, form: Form, names: Names) -> Form:
    option = {
        "numberRelOfferLowerLimit": form.get("minimumQuantity"),
        "numberRelOfferDefault": form.get("defaultQuantity"),
        "numberRelOfferUpperLimit": form.get("maximumQuantity"),
    }
    said = named(child, names["offering"], bundledProductOfferingOption=_known(option))
    return extended("BundledOffering", form, said, lambda entry: _read_bundled(entry, "", Notes()))


def _read_bundled(entry: Resource, where: str, notes: Notes) -> Form:
    attributes = Attributes(entry, where, notes)
    option = attributes.get("bundledProductOfferingOption")
    stated = option if isinstance(option, dict) else {}
    form = {
        "minimumQuantity": stated.get("numberRelOfferLowerLimit"),
        "defaultQuantity": stated.get("numberRelOfferDefault"),
        "maximumQuantity": stated.get("numberRelOfferUpperLimit"),
    }
    return restored(_known(form), attributes.extension())


def _known(form: Form) -> Form:
    return {name: value for name, value in form.items() if value is not None}


def _said_term(form: Form) -> Form:
    said = told({"name": form.get("name"), "description": form.get("description")})
    if "duration" in form:
        amount, _, units = form["duration"].partition(" ")
        said["duration"] = {"amount": int(amount), "units": units}
    return said


def _read_term(entry: Resource) -> Form:
    form = told({"name": entry.get("name") or "term"})
    duration = entry.get("duration")
    if isinstance(duration, dict) and duration.get("amount") is not None and duration.get("units"):
        form["duration"] = f"{duration['amount']} {duration['units']}"
    return form | told({"description": entry.get("description")})


def said_price(id_: str, form: Form, names: Names, types: Mapping[str, str]) -> Form:
    """Our price as TMF620 says it; `types` are the price types of all prices by id."""
    said = said_header(id_, form, "ProductOfferingPrice")
    said["priceType"] = form["priceType"]
    said["isBundle"] = "bundledPrices" in form
    if "price" in form:
        amount = money(form["price"])
        said["price"] = {"unit": amount.currency, "value": float(amount.amount)}
    if "percentage" in form:
        said["percentage"] = float(form["percentage"])
    if "period" in form:
        length, _, unit = form["period"].partition(" ")
        said |= {"recurringChargePeriodType": unit, "recurringChargePeriodLength": int(length)}
    if "unitOfMeasure" in form:
        number, _, unit = form["unitOfMeasure"].partition(" ")
        said["unitOfMeasure"] = {"amount": float(number), "units": unit}
    tax = _known({"taxCategory": form.get("taxCategory"), "taxRate": _float(form.get("taxRate"))})
    said |= told(
        {
            "tax": [tax] if tax else [],
            "popRelationship": [
                named(each, names["price"], relationshipType=types.get(each, "discount"))
                for each in form.get("alterations", [])
            ],
            "bundledPopRelationship": [named(each, names["price"]) for each in form.get("bundledPrices", [])],
            USES: [_said_condition(name, each) for name, each in form.get("characteristics", {}).items()],
        }
    )
    return extended("Price", form, said, lambda resource: read_price(resource, Notes()))


def read_price(resource: Resource, notes: Notes) -> Form:
    """TMF620's price as our YAML says it."""
    id_ = str(resource.get("id", ""))
    where = f"product offering price {id_}"
    attributes = Attributes(resource, where, notes)
    form = read_header(attributes, id_)
    stated = attributes.text("priceType") or "recurring"
    price_type = _PRICE_TYPES.get(stated.lower())
    if price_type is None:
        notes.add(where, f"price type {stated!r} is not known")
    form["priceType"] = price_type or stated
    price, percentage = attributes.get("price"), attributes.get("percentage")
    if isinstance(price, dict) and price.get("value") is not None:
        currency = str(price.get("unit") or "EUR")
        amount = Decimal(str(price["value"]))
        if amount < 0 and form["priceType"] in ALTERATION_TYPES:
            amount = -amount  # products write discounts below zero, TM Forum only positive numbers
        form["price"] = f"{canonical(amount, places(currency)):f} {currency}"
    if percentage not in (None, 0, 0.0) or (percentage is not None and "price" not in form):
        form["percentage"] = _decimal(abs(Decimal(str(percentage))))
    form |= _read_period(attributes, notes)
    unit = attributes.get("unitOfMeasure")
    if isinstance(unit, dict) and unit.get("units"):
        form["unitOfMeasure"] = f"{_decimal(Decimal(str(unit.get('amount') or 1)))} {unit['units']}"
    taxes = attributes.objects("tax")
    if taxes:
        rate, category = taxes[0].get("taxRate"), taxes[0].get("taxCategory")
        form |= told(
            {"taxRate": _decimal(Decimal(str(rate))) if rate is not None else None, "taxCategory": category}
        )
        if len(taxes) > 1:
            notes.add(where, "it has several taxes; the first is taken over")
    conditions = {}
    for each in attributes.objects(USES):
        condition = _read_condition(each, where, notes)
        if condition:
            conditions[str(each.get("name"))] = condition
    form |= told(
        {
            "alterations": unique(attributes.references("popRelationship")),
            "bundledPrices": unique(attributes.references("bundledPopRelationship")),
            "characteristics": conditions,
        }
    )
    extension = attributes.extension()
    attributes.leave()
    return restored(form, extension)


def _read_period(attributes: Attributes, notes: Notes) -> Form:
    stated = attributes.text("recurringChargePeriodType")
    length = attributes.get("recurringChargePeriodLength") or 1
    if stated is None:
        return {}
    period = _PERIODS.get(stated.lower())
    if period is None:
        notes.add(attributes.where, f"recurring charge period {stated!r} is not known")
    return {"period": f"{length} {period or stated}"}


def _said_condition(name: str, form: Form) -> Form:
    values: list[Form] = [{"value": each, "isDefault": False} for each in form.get("values", [])]
    ends: Form = {end: form[end] for end in ("valueFrom", "valueTo") if end in form}
    if ends and all(type(end) is int for end in ends.values()):
        values.append({**ends, "rangeInterval": "closed"})
    said = {"name": name, VALUES: values}
    return extended("PriceCondition", form, said, lambda entry: _read_condition(entry, "", Notes()))


def _read_condition(entry: Resource, where: str, notes: Notes) -> Form:
    attributes = Attributes(entry, where, notes)
    form: Form = {}
    for each in attributes.objects(VALUES):
        if each.get("value") is not None:
            form.setdefault("values", []).append(each["value"])
        for end in ("valueFrom", "valueTo"):
            if each.get(end) not in (None, ""):
                form[end] = each[end]
    return restored(form, attributes.extension())


def _float(number: Any) -> float | None:
    return None if number is None else float(number)


def _decimal(number: Decimal) -> str:
    return f"{canonical(number, 0):f}"
