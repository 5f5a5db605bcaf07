"""Whether any policy may concern an order: one look-up for each line, so that other orders pay nothing."""

from collections.abc import Iterable

from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.policies.compatibility import holds_any
from catalog.policies.conditions import may_hold
from catalog.refusals import CatalogRefusal
from catalog.tree import root_of


def concerned(catalog: Catalog, lines: Iterable[LineRequest]) -> bool:
    """Whether policies must be evaluated for an order of these lines; cheap, and never false where one would hold."""
    policies = catalog.policies
    if policies is None:
        return False
    if policies.priority is not None:
        return True
    known: dict[tuple[str | None, str | None, str], bool] = catalog.compiled.setdefault("concerned", {})
    for request in lines:
        asked = (request.offering, request.specification, request.action)
        answer = known.get(asked)
        if answer is None:
            answer = known[asked] = _asked(catalog, request)
        if answer:
            return True
    return False


def _asked(catalog: Catalog, request: LineRequest) -> bool:
    policies = catalog.policies
    assert policies is not None
    try:
        specification = root_of(catalog, request.offering, request.specification).id
    except CatalogRefusal:
        return False
    rows = [each.conditions for each in policies.enrichment]
    rows += [each.conditions for each in policies.approval]
    offering = request.offering or ""
    if any(may_hold(conditions, offering, specification, request.action) for conditions in rows):
        return True
    return holds_any(catalog, specification)
