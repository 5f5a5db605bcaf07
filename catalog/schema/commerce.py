"""Offerings, prices, categories and candidates in the schema."""

from catalog.commerce.model import PERIOD_TYPES, PRICE_TYPES
from catalog.model import ACTIONS, KINDS
from catalog.schema.words import (
    Parts,
    by_id,
    count,
    flag,
    header,
    list_of,
    number,
    one_of,
    pattern,
    some_of,
    text,
    value,
    values,
    words,
)


def commercial_parts() -> Parts:
    """The commercial parts."""
    return {
        "offering": (
            {
                **header(),
                "statusReason": text("Why the lifecycle status is what it is."),
                "isSellable": flag("Whether it is sold by itself, not only in bundles; true when left out."),
                "productSpecification": text("Id of the product specification; a bundle may do without."),
                "bundledOfferings": by_id("bundled", "Offerings that this one bundles, by id."),
                "prices": words("Ids of its charges."),
                "categories": words("Ids of the categories it is in."),
                "characteristics": by_id("use", "What it narrows of its specification's characteristics."),
                "terms": list_of("term", "Commitments under which it is sold."),
                "relatedOfferings": list_of("related", "Other offerings, for storefronts."),
                "serviceCandidate": text("Id of the service candidate it sells."),
                "resourceCandidate": text("Id of the resource candidate it sells."),
                "channels": words("Sales channels."),
                "marketSegments": words("Market segments."),
                "places": words("Where it is sold."),
                "agreements": words("Agreements it belongs to."),
                "serviceLevelAgreement": text("The service level agreement it comes with."),
            },
            (),
        ),
        "bundled": (
            {
                "minimumQuantity": count("How many one bundle takes at least; 1 when left out."),
                "defaultQuantity": count("How many when the order nests nothing; 1 when left out."),
                "maximumQuantity": count("How many one bundle takes at most."),
                "characteristics": {"type": "object", "description": "Values where the order states none."},
                "prices": words("Prices in place of the offering's own; an empty list is free of charge."),
            },
            (),
        ),
        "use": (
            {
                "mandatory": flag("Whether an add must state it."),
                "default": value("The value when the order states none."),
                "allowedValues": values("The values that are offered."),
                "valueFrom": value("Lower bound, included."),
                "valueTo": value("Upper bound, included."),
            },
            (),
        ),
        "term": (
            {
                "name": text("For people."),
                "duration": pattern(r"^\d+ \S", "How long, such as 24 months."),
                "description": text("For people."),
            },
            ("name",),
        ),
        "related": (
            {
                "type": text("requires, excludes, optionalFor, exchangeableTo or any other word."),
                "offering": text("Id of the other offering."),
            },
            ("type", "offering"),
        ),
        "price": (
            {
                **header(),
                "priceType": one_of(PRICE_TYPES, "A charge (recurring, oneTime, usage), or what alters one."),
                "price": pattern(r"^\d+(\.\d+)? [A-Z]{3}$", "Amount and currency, such as 39.90 EUR."),
                "percentage": number("How much of a charge an alteration takes off or adds."),
                "taxIncluded": flag("Whether the price is with tax; false when left out."),
                "taxRate": number("Tax in percent."),
                "taxCategory": text("Name of the tax."),
                "period": pattern(rf"^\d+ ({'|'.join(PERIOD_TYPES)})$", "What a recurring charge is for."),
                "unitOfMeasure": pattern(r"^\d+(\.\d+)? \S", "What the price is for, such as 1 GB."),
                "perCharacteristic": text("A number of the offering that multiplies the price."),
                "characteristics": by_id("condition", "The values for which the price holds."),
                "actions": some_of(ACTIONS, "Line actions it is charged for."),
                "alterations": words("Ids of discounts, allowances and surcharges."),
                "bundledPrices": words("Ids of the charges that this one is made of."),
                "priority": count("Alterations are applied lowest first."),
                "applicationDuration": count("For how many charge periods an alteration holds; 0 for ever."),
            },
            ("priceType",),
        ),
        "condition": (
            {
                "values": values("One of these."),
                "valueFrom": value("Lower bound, included."),
                "valueTo": value("Upper bound, included."),
            },
            (),
        ),
        "category": (
            {
                **header(),
                "kind": one_of(KINDS, "What is in it: offerings (product), or candidates."),
                "parent": text("Id of the category it is in."),
            },
            (),
        ),
        "candidate": (
            {
                **header(),
                "specification": text("Id of the specification it makes available."),
                "categories": words("Ids of the categories it is in."),
            },
            ("specification",),
        ),
    }
