"""What must hold between offerings, bundles, prices, categories and candidates, and the specifications behind them."""

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from typing import Any

import msgspec

from catalog.characteristics import faults
from catalog.commerce.model import (
    ALTERATION_TYPES,
    CHARGE_TYPES,
    BundledOffering,
    CharacteristicUse,
    ProductOffering,
    ProductOfferingPrice,
)
from catalog.commerce.parsing import types_of
from catalog.commerce.roots import BUNDLE_PREFIX, narrowed
from catalog.draft import Draft
from catalog.graphs import cycle_in
from catalog.located import Located, nearest
from catalog.model import ORDERABLE_STATUSES

BUNDLE_DEPTH_MAX = 5
"""Offerings inside offerings: more levels than any catalog sells, fewer than an order may nest."""
BUNDLE_DEFAULTS_MAX = 1_000
"""Lines that one bundle may grow to from its defaults."""


def check_commerce(draft: Draft) -> None:
    """Add to the draft's findings all that is wrong between well-formed commercial parts."""
    for offering in draft.commerce.offerings.values():
        _check_specification(draft, offering)
        _check_uses(draft, offering)
        _check_references(draft, offering)
        for child in offering.bundled:
            _check_bundled(draft, offering, child)
    if _check_cycles(draft, "offering", _bundles(draft), "bundles contain each other"):
        _check_bundle_sizes(draft)
    used = {price for offering in draft.commerce.offerings.values() for price in _stated_prices(offering)}
    for price in draft.commerce.prices.values():
        used.update(price.alterations, price.bundled)
    for price in draft.commerce.prices.values():
        _check_price(draft, price)
        if price.id not in used:
            at = draft.places[("price", price.id)]
            message = f"price {price.id} is named by no offering and no other price"
            draft.findings.report(
                at, "unused-price", message, "name it in an offering's prices, or remove it", "warning"
            )
    composites = {price.id: price.bundled for price in draft.commerce.prices.values()}
    _check_cycles(draft, "price", composites, "prices contain each other")
    _check_categories(draft)
    _check_candidates(draft)


def _check_specification(draft: Draft, offering: ProductOffering) -> None:
    identifier = offering.product_specification
    if not identifier:
        if BUNDLE_PREFIX + offering.id in draft.specifications:
            message = f"{BUNDLE_PREFIX}{offering.id} is kept for the bundle {offering.id}"
            at = draft.places[("specification", BUNDLE_PREFIX + offering.id)]
            draft.findings.report(at, "reserved-id", message, "give the specification another id")
        return
    at = draft.places[("offering", offering.id)]
    specification = draft.specifications.get(identifier)
    if specification is None:
        fix = f"define it or name another{nearest(identifier, draft.specifications)}"
        message = f"offering {offering.id}: there is no specification {identifier!r}"
        draft.findings.report(at, "unknown-reference", message, fix)
    elif specification.kind != "product":
        message = f"offering {offering.id}: {identifier} is a {specification.kind} specification"
        fix = "name a product specification that is Realized as it"
        draft.findings.report(at, "wrong-kind", message, fix)
    elif specification.plans and not specification.orders:
        message = f"offering {offering.id}: {identifier} has plans, but no product order is created for it"
        fix = f"add `orders: true` to {identifier} or move its tasks to a service"
        draft.findings.report(at, "plan-never-runs", message, fix)


def _check_uses(draft: Draft, offering: ProductOffering) -> None:
    types = types_of(draft, offering.id)
    for use in offering.characteristics:
        at = draft.places[("use", offering.id, use.name)]
        what = f"offering {offering.id}: characteristic {use.name}"
        declared = types.get(use.name)
        if declared is None:
            message = f"{what}: its specification has no such characteristic"
            fix = f"name one of {', '.join(types) or 'none'}{nearest(use.name, types)}"
            draft.findings.report(at, "unknown-characteristic", message, fix)
            continue
        one = msgspec.structs.replace(declared, configurable=True, min_cardinality=0, max_cardinality=1)
        for value in (*use.allowed_values, use.value_from, use.value_to):
            if value is not None:
                for _, sentence in faults(one, value):
                    fix = "an offering narrows what the specification allows; widen it there"
                    draft.findings.report(at, "not-narrower", f"{what}: {sentence}", fix)
        _check_default(draft, at, what, use, narrowed(declared, use))


def _check_default(draft: Draft, at: Located, what: str, use: CharacteristicUse, result: Any) -> None:
    if result.default is msgspec.UNSET:
        return
    # What may not be configured is fixed by its default, which is measured by the rest.
    for _, sentence in faults(msgspec.structs.replace(result, configurable=True), result.default):
        fix = "give the offering a default that it allows itself"
        draft.findings.report(at, "default-not-allowed", f"{what}: default: {sentence}", fix)


def _check_references(draft: Draft, offering: ProductOffering) -> None:
    commerce, at, what = draft.commerce, draft.places[("offering", offering.id)], f"offering {offering.id}"
    types = types_of(draft, offering.id)
    for price in offering.prices:
        _check_price_use(draft, at, what, price, types)
    for id_ in offering.categories:
        category = commerce.categories.get(id_)
        if category is None:
            _unknown(draft, at, what, "category", id_, commerce.categories)
        elif category.kind != "product":
            _wrong_category(draft, at, what, id_, category.kind, "product")
    for kind, id_ in (("service", offering.service_candidate), ("resource", offering.resource_candidate)):
        candidates = {each.id: each for each in commerce.candidates.values() if each.kind == kind}
        if id_ and id_ not in candidates:
            _unknown(draft, at, what, f"{kind} candidate", id_, candidates)
    for related in offering.relationships:
        if related.offering and related.offering not in commerce.offerings:
            place = draft.places[("related", offering.id, related.offering)]
            _unknown(draft, place, what, "offering", related.offering, commerce.offerings)
    if not offering.is_sellable and not any(
        child.offering == offering.id for other in commerce.offerings.values() for child in other.bundled
    ):
        message = f"{what} is not sellable by itself, and no bundle has it"
        fix = "name it in bundledOfferings of another, or remove `isSellable: false`"
        draft.findings.report(at, "never-sold", message, fix, "warning")


def _check_price_use(draft: Draft, at: Located, what: str, id_: str, types: Mapping[str, Any]) -> None:
    """A charge (or composite) that an offering names, with all it leads to."""
    prices = draft.commerce.prices
    price = prices.get(id_)
    if price is None:
        _unknown(draft, at, what, "price", id_, prices)
        return
    if price.price_type in ALTERATION_TYPES:
        message = f"{what}: {id_} is a {price.price_type}: it alters charges and is none"
        draft.findings.report(at, "wrong-price-type", message, f"name {id_} in the alterations of a charge")
    met: set[str] = set()
    waiting = [id_]
    while waiting:
        found = prices.get(waiting.pop())
        if found is None or found.id in met:
            continue
        met.add(found.id)
        waiting += [*found.alterations, *found.bundled]
        for condition in found.conditions:
            if condition.characteristic not in types:
                place = draft.places[("condition", found.id, condition.characteristic)]
                message = f"price {found.id}: {what} has no characteristic {condition.characteristic!r}"
                fix = f"name one of {', '.join(types) or 'none'}{nearest(condition.characteristic, types)}"
                draft.findings.report(place, "unknown-characteristic", message, fix)
        name = found.per_characteristic
        if name and (name not in types or types[name].value_type not in ("integer", "number")):
            message = f"price {found.id}: {what} has no number {name!r} to multiply by"
            fix = f"name an integer or number{nearest(name, types)}"
            draft.findings.report(draft.places[("price", found.id)], "unknown-characteristic", message, fix)


def _check_bundled(draft: Draft, offering: ProductOffering, child: BundledOffering) -> None:
    offerings = draft.commerce.offerings
    at = draft.places[("bundled", offering.id, child.offering)]
    what = f"offering {offering.id}: bundled {child.offering}"
    low, default, high = child.minimum_quantity, child.default_quantity, child.maximum_quantity
    if default < low or (high is not None and (default > high or high == 0)):
        bounds = f"minimum {low}, default {default}, maximum {'none' if high is None else high}"
        message = f"{what}: quantities must rise: {bounds}"
        draft.findings.report(at, "quantity-order", message, "make minimum <= default <= maximum")
    target = offerings.get(child.offering)
    if target is None:
        _unknown(draft, at, what, "offering", child.offering, offerings)
        return
    sold = offering.lifecycle_status in ORDERABLE_STATUSES
    if low and sold and target.lifecycle_status not in ORDERABLE_STATUSES:
        message = f"{what} is {target.lifecycle_status}, and the bundle cannot go without it"
        fix = "retire the bundle too, or let it go without by `minimumQuantity: 0, defaultQuantity: 0`"
        draft.findings.report(at, "bundled-not-orderable", message, fix)
    types = types_of(draft, child.offering)
    for name, value in child.characteristics.items():
        if name not in types:
            message = f"{what}: there is no characteristic {name!r}"
            fix = f"name one of {', '.join(types) or 'none'}{nearest(name, types)}"
            draft.findings.report(at, "unknown-characteristic", message, fix)
            continue
        for _, sentence in faults(types[name], value):
            fix = "give a value that an order could state"
            draft.findings.report(at, "default-not-allowed", f"{what}: {sentence}", fix)
    for price in child.prices or ():
        _check_price_use(draft, at, what, price, types)


def _bundles(draft: Draft) -> dict[str, list[str]]:
    offerings = draft.commerce.offerings
    return {
        each.id: [child.offering for child in each.bundled if child.offering in offerings]
        for each in offerings.values()
    }


def _check_bundle_sizes(draft: Draft) -> None:
    graph = _bundles(draft)
    lines: dict[str, int] = {}
    depths: dict[str, int] = {}
    for id_ in TopologicalSorter(graph).static_order():
        offering = draft.commerce.offerings[id_]
        lines[id_] = 1 + sum(
            lines.get(child.offering, 1) for child in offering.bundled if child.default_quantity
        )
        depths[id_] = 1 + max((depths[child] for child in graph[id_]), default=0)
        if lines[id_] > BUNDLE_DEFAULTS_MAX or depths[id_] > BUNDLE_DEPTH_MAX:
            message = (
                f"offering {id_}: one bundle would be more than {BUNDLE_DEFAULTS_MAX} lines, "
                f"or bundles in bundles more than {BUNDLE_DEPTH_MAX} deep"
            )
            draft.findings.report(
                draft.places[("offering", id_)], "bundle-too-large", message, "split the bundle"
            )
            lines[id_] = depths[id_] = 0  # reported where it begins


def _check_price(draft: Draft, price: ProductOfferingPrice) -> None:
    prices, at, what = draft.commerce.prices, draft.places[("price", price.id)], f"price {price.id}"
    for alteration in price.alterations:
        found = prices.get(alteration)
        if found is None:
            _unknown(draft, at, what, "price", alteration, prices)
        elif found.price_type not in ALTERATION_TYPES:
            message = f"{what}: {alteration} is {found.price_type}: it alters nothing"
            fix = f"make its priceType one of {', '.join(ALTERATION_TYPES)}"
            draft.findings.report(at, "wrong-price-type", message, fix)
        elif (
            found.price is not None
            and price.price is not None
            and found.price.currency != price.price.currency
        ):
            message = f"{what} is in {price.price.currency}, {alteration} in {found.price.currency}"
            draft.findings.report(at, "currency-mismatch", message, "give both one currency")
    for part in price.bundled:
        found = prices.get(part)
        if found is None:
            _unknown(draft, at, what, "price", part, prices)
        elif found.price_type in ALTERATION_TYPES:
            message = f"{what}: {part} is a {found.price_type}, no part of a price"
            draft.findings.report(at, "wrong-price-type", message, "name it in the alterations of a charge")
    for broken, message, fix in _broken_shapes(price):
        if broken:
            draft.findings.report(at, "price-shape", f"{what}: {message}", fix)


def _broken_shapes(price: ProductOfferingPrice) -> Iterable[tuple[bool, str, str]]:
    charge, alteration = price.price_type in CHARGE_TYPES, price.price_type in ALTERATION_TYPES
    both = (price.price is None) == (price.percentage is None)
    yield (
        charge and not price.bundled and price.price is None,
        "a charge has an amount",
        "add `price: 39.90 EUR`",
    )
    yield charge and price.percentage is not None, "percentage is for alterations", "remove it"
    yield (
        bool(price.bundled) and price.price is not None,
        "a composite is the sum of its bundledPrices and has no price of its own",
        "remove price, or make it a price of its own among them",
    )
    yield (
        bool(price.bundled) and bool(price.alterations),
        "a composite is altered part by part",
        "move alterations to its parts",
    )
    yield alteration and both, "an alteration has either a percentage or a price", "keep one of the two"
    yield (
        price.price_type in ("discount", "allowance") and (price.percentage or 0) > 100,
        "more than all of it cannot be taken off",
        "write a percentage up to 100",
    )
    yield (
        price.price_type == "recurring" and not price.bundled and not price.period_type,
        "what recurs has a period",
        "add `period: 1 month`",
    )
    yield (
        price.price_type == "usage" and not price.bundled and not price.unit,
        "usage is charged by a unit",
        "add `unitOfMeasure: 1 GB`",
    )
    yield (
        price.price_type == "oneTime" and bool(price.period_type),
        "what is charged once has no period",
        "remove period",
    )
    yield alteration and bool(price.alterations), "an alteration is not altered", "name it at the charge"
    yield (
        not alteration and bool(price.application_duration),
        "applicationDuration is for alterations",
        "remove it",
    )


def _check_categories(draft: Draft) -> None:
    categories = draft.commerce.categories
    for category in categories.values():
        at, what = draft.places[("category", category.id)], f"category {category.id}"
        parent = categories.get(category.parent)
        if category.parent and parent is None:
            _unknown(draft, at, what, "category", category.parent, categories)
        elif parent is not None and parent.kind != category.kind:
            _wrong_category(draft, at, what, parent.id, parent.kind, category.kind)
    parents = {each.id: [each.parent] if each.parent in categories else [] for each in categories.values()}
    _check_cycles(draft, "category", parents, "categories contain each other")


def _check_candidates(draft: Draft) -> None:
    for candidate in draft.commerce.candidates.values():
        at, what = draft.places[("candidate", candidate.id)], f"{candidate.kind} candidate {candidate.id}"
        specification = draft.specifications.get(candidate.specification)
        if specification is None:
            if candidate.specification:
                known = {each.id for each in draft.specifications.values() if each.kind == candidate.kind}
                _unknown(draft, at, what, "specification", candidate.specification, known)
        elif specification.kind != candidate.kind:
            message = f"{what}: {specification.id} is a {specification.kind} specification"
            draft.findings.report(at, "wrong-kind", message, f"name a {candidate.kind} specification")
        for id_ in candidate.categories:
            category = draft.commerce.categories.get(id_)
            if category is None:
                _unknown(draft, at, what, "category", id_, draft.commerce.categories)
            elif category.kind != candidate.kind:
                _wrong_category(draft, at, what, id_, category.kind, candidate.kind)


def _check_cycles(draft: Draft, what: str, graph: Mapping[str, Iterable[str]], sentence: str) -> bool:
    """Report one circle; True when there is none."""
    known = {id_: [each for each in targets if each in graph] for id_, targets in graph.items()}
    circle = cycle_in(known)
    if circle:
        at = draft.places[(what, circle[0])]
        fix = f"take {circle[1]} out of {circle[0]}"
        draft.findings.report(at, "commerce-cycle", f"{sentence}: {' -> '.join(circle)}", fix)
    return not circle


def _stated_prices(offering: ProductOffering) -> Iterable[str]:
    yield from offering.prices
    for child in offering.bundled:
        yield from child.prices or ()


def _unknown(draft: Draft, at: Located, owner: str, what: str, id_: str, known: Iterable[str]) -> None:
    fix = f"define it or name another{nearest(id_, known)}"
    draft.findings.report(at, "unknown-reference", f"{owner}: there is no {what} {id_!r}", fix)


def _wrong_category(draft: Draft, at: Located, owner: str, id_: str, kind: str, wanted: str) -> None:
    message = f"{owner}: {id_} is a category of {kind}s"
    draft.findings.report(at, "wrong-kind", message, f"name a category with `kind: {wanted}`")
