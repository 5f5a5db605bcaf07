"""What would become of a draft, and what it would cost: over the current catalog, touching and promising nothing.

Lines with findings are left out, and so are those below which there are findings.
"""

from typing import Any

import msgspec

from actors.document import lines_of
from catalog.commerce.bundles import completed
from catalog.decompose import decompose, explain
from catalog.model import Catalog
from gateway.identity import canonical
from gateway.tmf.order_prices import lay_computed_prices
from gateway.violations import Violation

ITEMS = "productOrderItem"


def dry_run(order: dict[str, Any], findings: tuple[Violation, ...], catalog: Catalog) -> list[dict[str, Any]]:
    """The domain orders and tasks of each line, with the reason for each."""
    lines = []
    for line in lines_of(canonical(_servable(order, findings, catalog))):
        request = line.request
        result = decompose(catalog, request)
        lines.append(
            {
                "id": request.line,
                "action": request.action,
                "productOffering": request.offering,
                "dependsOn": line.needs,
                "domainOrders": [_named(each) for each in result.domain_orders],
                "tasks": [_named(each) for each in result.tasks],
                "reasons": [_named(each) for each in explain(catalog, request)],
            }
        )
    return lines


def priced(
    order: dict[str, Any], findings: tuple[Violation, ...], catalog: Catalog, at: int
) -> dict[str, Any]:
    """The order with what it would cost if it were ordered ``at`` (ms since 1970 UTC)."""
    shown = _servable(order, findings, catalog)
    lay_computed_prices(shown, catalog, at)
    return shown


def _servable(order: dict[str, Any], findings: tuple[Violation, ...], catalog: Catalog) -> dict[str, Any]:
    """The order without the items in which something is wrong, and with what its bundles take by default."""
    items = order.get(ITEMS)
    wrong = {
        finding.pointer.split("/")[2] for finding in findings if finding.pointer.startswith(f"/{ITEMS}/")
    }
    # A finding on the array as a whole leaves nothing of it that can be trusted.
    whole = any(finding.pointer in ("", f"/{ITEMS}") for finding in findings)
    good = [] if whole or not isinstance(items, list) else items
    kept = [item for index, item in enumerate(good) if str(index) not in wrong]
    after, unfit = completed(catalog, {**order, ITEMS: kept})
    return {**order, ITEMS: []} if unfit else after


def _named(part: Any) -> dict[str, Any]:
    return {_camel(name): value for name, value in msgspec.structs.asdict(part).items()}


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(each.title() for each in tail)
