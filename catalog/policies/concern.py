"""Whether any policy may concern an order: one look-up for each line, so that other orders pay next to nothing."""

from collections.abc import Iterable
from typing import Any

from catalog.lines import LineRequest
from catalog.model import ACTIONS, Catalog
from catalog.policies.conditions import may_hold
from catalog.policies.horizontal import holds_any
from catalog.policies.model import Conditions


class Concern(dict[Any, bool]):
    """Offering (or else specification) of a line -> whether a policy may hold for it, whatever its action.

    Never false where one would hold. Found out once for each version.
    """

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self.everything = catalog.policies is not None and catalog.policies.priority is not None
        self._catalog = catalog

    def __missing__(self, name: Any) -> bool:
        offering = self._catalog.offerings.get(name)
        found = name in self._catalog.specifications and self._asked("", name)
        if offering is not None:
            found = found or self._asked(name, offering.product_specification)
        self[name] = found
        return found

    def _asked(self, offering: str, specification: str) -> bool:
        policies = self._catalog.policies
        rows: list[Conditions] = []
        if policies is not None:
            rows = [rule.conditions for rule in policies.enrichment]
            rows += [rule.conditions for rule in policies.approval]
        # A bundled offering may have no specification of its own.
        return (specification != "" and holds_any(self._catalog, specification)) or any(
            may_hold(conditions, offering, specification, action) for conditions in rows for action in ACTIONS
        )


def concerned(catalog: Catalog, requests: Iterable[LineRequest]) -> bool:
    """Whether policies and compatibilities must be looked at for an order of these lines."""
    if not catalog.reviewed:
        return False
    concern: Concern | None = catalog.compiled.get("concern")
    if concern is None:
        concern = catalog.compiled["concern"] = Concern(catalog)
    if concern.everything:
        return True
    return True in [concern[request.offering or request.specification] for request in requests]
