"""The specification that an order line of an offering starts from: its own, narrowed, or a bundle's empty one."""

from msgspec import UNSET, structs

from catalog.commerce.model import CharacteristicUse, ProductOffering
from catalog.model import Catalog, CharacteristicSpecification, Specification

BUNDLE_PREFIX = "bundle:"
"""Begins the id of the specification that a bundle without one of its own decomposes as."""


def root_specification(catalog: Catalog, offering: ProductOffering) -> Specification:
    """What a line of this offering is of; made once per catalog version, so that it can be told by identity."""
    if offering.product_specification and not offering.characteristics:
        return catalog.specifications[offering.product_specification]
    root: Specification | None = catalog.compiled.get(("root", offering.id))
    if root is None:
        root = catalog.compiled[("root", offering.id)] = _root(catalog, offering)
    return root


def narrowed(declared: CharacteristicSpecification, use: CharacteristicUse) -> CharacteristicSpecification:
    """The characteristic as the offering narrows it."""
    return structs.replace(
        declared,
        mandatory=declared.mandatory or use.mandatory,
        default=declared.default if use.default is UNSET else use.default,
        allowed_values=use.allowed_values or declared.allowed_values,
        value_from=declared.value_from if use.value_from is None else use.value_from,
        value_to=declared.value_to if use.value_to is None else use.value_to,
    )


def _root(catalog: Catalog, offering: ProductOffering) -> Specification:
    if not offering.product_specification:
        return Specification(BUNDLE_PREFIX + offering.id, "product", offering.name)
    specification = catalog.specifications[offering.product_specification]
    uses = {use.name: use for use in offering.characteristics}
    return structs.replace(
        specification,
        characteristics=tuple(
            narrowed(each, uses[each.name]) if each.name in uses else each
            for each in specification.characteristics
        ),
    )
