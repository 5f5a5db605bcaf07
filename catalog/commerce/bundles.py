"""What it means to order a bundle: which items belong to it, whether they fit it, and what it takes by default.

A bundle is an order item of its own with the items of its offerings nested in it (TMF622 `productOrderItem`) or
related to it (`bundles` from it, `bundledBy` to it). Each is a line like any other: decomposed, priced and rolled up
into the bundle's line. An `add` that nests nothing takes what the bundle takes by default; one that nests something
has said what it takes, and only what the bundle cannot go without is added. What is added is written into the order
at the door, so that it stands in the order's document as if it had been sent.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from catalog.commerce.model import BundledOffering, ProductOffering
from catalog.commerce.order_lines import ITEMS, Item, bundle_parents, items_of
from catalog.door import Violation
from catalog.model import Catalog


def needs_care(catalog: Catalog) -> frozenset[str]:
    """The offerings with which an order must go through `completed`: bundles, and those sold in bundles only."""
    found: frozenset[str] | None = catalog.compiled.get("bundles")
    if found is None:
        offerings = catalog.offerings.values()
        found = frozenset(each.id for each in offerings if each.bundled or not each.is_sellable)
        catalog.compiled["bundles"] = found
    return found


def completed(catalog: Catalog, order: dict[str, Any]) -> tuple[dict[str, Any], tuple[Violation, ...]]:
    """The order (TMF622 JSON of good form) with what its bundles take by default, and all that does not fit them.

    The order is not changed in place; pointers are those of the order as it came.
    """
    order = deepcopy(order)
    return order, tuple(_Completion(catalog, order).violations())


class _Completion:
    def __init__(self, catalog: Catalog, order: dict[str, Any]) -> None:
        self.catalog = catalog
        self.places: dict[str, str] = {}
        self.items: dict[str, Item] = {}
        self.parents = bundle_parents(order)
        for pointer, item, _ in items_of(order):
            self.places[item["id"]] = pointer
            self.items[item["id"]] = item

    def violations(self) -> Iterator[Violation]:
        """Completes bundles, outer ones first, and tells what does not fit."""
        for id_ in list(self.items):
            item = self.items[id_]
            offering = self.catalog.offerings[item["productOffering"]["id"]]
            if (
                not offering.is_sellable
                and item["action"] == "add"
                and not self._is_in_bundle(id_, offering.id)
            ):
                message = f"offering {offering.id} is sold inside a bundle only"
                yield Violation(self._offering_pointer(id_), "not-sellable", message)
            if offering.bundled:
                yield from self._bundle(id_, item, offering)

    def _is_in_bundle(self, id_: str, offering: str) -> bool:
        parent = self.items.get(self.parents.get(id_, ""))
        if parent is None:
            return False
        above = self.catalog.offerings[parent["productOffering"]["id"]]
        return any(child.offering == offering for child in above.bundled)

    def _bundle(self, id_: str, item: Item, offering: ProductOffering) -> Iterator[Violation]:
        options = {child.offering: child for child in offering.bundled}
        counts = dict.fromkeys(options, 0)
        stated = False
        for child, parent in self.parents.items():
            if parent != id_ or child not in self.items:
                continue
            stated = True
            nested = self.items[child]
            named = nested["productOffering"]["id"]
            if named not in options:
                message = f"bundle {offering.id} has no offering {named}; it has {', '.join(options)}"
                yield Violation(self._offering_pointer(child), "not-in-bundle", message)
            elif nested["action"] != "delete":
                counts[named] += nested.get("quantity", 1)
                if nested["action"] == "add":
                    _preset(nested, options[named])
        if item["action"] != "add":
            return  # what is installed of a bundle is counted where it is installed
        bundles = item.get("quantity", 1)
        for option in options.values():
            count = counts[option.offering]
            low = option.minimum_quantity * bundles
            high = None if option.maximum_quantity is None else option.maximum_quantity * bundles
            wanted = option.default_quantity * bundles if low or not stated else 0
            if count == 0 and wanted:
                self._add(id_, item, option, wanted)
            elif count < low or (high is not None and count > high):
                bounds = f"at least {low}" if count < low else f"at most {high}"
                message = f"{bundles} of bundle {offering.id} take {bounds} of {option.offering}, not {count}"
                yield Violation(f"{self.places[id_]}/{ITEMS}", "bundle-quantity", message)

    def _add(self, parent: str, item: Item, option: BundledOffering, quantity: int) -> None:
        offering = self.catalog.offerings[option.offering]
        id_ = self._free_id(f"{parent}:{offering.id}")
        nested: Item = {
            "id": id_,
            "action": "add",
            "quantity": quantity,
            "productOffering": {"id": offering.id, "name": offering.name},
        }
        _preset(nested, option)
        item.setdefault(ITEMS, []).append(nested)
        # What is wrong with it is told where the bundle stands: that is what the order came with.
        self.places[id_], self.items[id_], self.parents[id_] = self.places[parent], nested, parent
        if offering.bundled:
            for _ in self._bundle(id_, nested, offering):
                raise AssertionError("the defaults of a bundle fit it: its catalog was checked")

    def _free_id(self, wanted: str) -> str:
        id_, number = wanted, 2
        while id_ in self.items:
            id_, number = f"{wanted}:{number}", number + 1
        return id_

    def _offering_pointer(self, id_: str) -> str:
        return f"{self.places[id_]}/productOffering/id"


def _preset(item: Item, option: BundledOffering) -> None:
    """Give the item the bundle's values where it states none."""
    if not option.characteristics:
        return
    product = item.setdefault("product", {})
    stated = product.setdefault("productCharacteristic", [])
    names = {each["name"] for each in stated}
    stated.extend(
        {"name": name, "value": deepcopy(value)}
        for name, value in option.characteristics.items()
        if name not in names
    )
