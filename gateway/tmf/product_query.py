"""Query parameters of TMF637 lists: every fault at once.

Source: TMF637 v4.0 (fields, offset, limit). Products are found by the party that ordered them: they belong to orders.
"""

from typing import Final

import msgspec
from starlette.datastructures import QueryParams

from actors.states import INSTALLED_PRODUCT
from gateway.tmf.order_query import count, read_fields
from gateway.tmf.product import status_text
from gateway.violations import BadRequest, Violation
from runtime.limits import LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX

PARTY: Final = "relatedParty.id"
_KNOWN: Final = (PARTY, "status", "fields", "offset", "limit")
_STATUSES: Final = frozenset(status_text(state).strip() for state in INSTALLED_PRODUCT.states)


class ProductQuery(msgspec.Struct, frozen=True):
    """A list request; an empty ``status`` is any."""

    party: str
    status: str
    offset: int
    limit: int
    fields: frozenset[str] | None


def read_query(parameters: QueryParams) -> ProductQuery:
    """Read the parameters of a list.

    :raises BadRequest: with every parameter that is missing, unknown, doubled or cannot be read.
    """
    faults: list[Violation] = []
    given: dict[str, str] = {}
    for name, value in parameters.multi_items():
        if name not in _KNOWN:
            faults.append(
                Violation(f"?{name}", "unknown-filter", f"products are filtered by {PARTY}, status")
            )
        elif name in given:
            faults.append(
                Violation(f"?{name}", "not-unique", "is given twice; several filters combine with AND")
            )
        given.setdefault(name, value)
    if not given.get(PARTY):
        faults.append(Violation(f"?{PARTY}", "missing", "products are listed by the party that ordered them"))
    status = given.get("status", "").strip()
    if status and status not in _STATUSES:
        message = f"{status!r} is none of {', '.join(sorted(_STATUSES))}"
        faults.append(Violation("?status", "value-not-allowed", message))
    query = ProductQuery(
        given.get(PARTY, ""),
        status,
        count(given, "offset", 0, None, faults),
        count(given, "limit", LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX, faults),
        read_fields(parameters),
    )
    if faults:
        raise BadRequest("invalidQuery", "the query cannot be answered", faults)
    return query
