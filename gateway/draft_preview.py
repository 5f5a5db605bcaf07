"""What would become of an order, and what it would cost: over the catalog and what is installed, promising nothing.

Of a draft, lines with findings are left out, and so are those below which there are findings.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from actors.document import lines_of
from actors.installed_product import Installed
from actors.situation import surroundings
from catalog.commerce.bundles import completed
from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.trial.dry_run import TrialLine, TrialOrder, TrialTask
from catalog.trial.dry_run import dry_run as trial
from catalog.validity import instant_text
from gateway.camel_case import named
from gateway.tmf.order_prices import lay_computed_prices
from gateway.violations import Violation

ITEMS = "productOrderItem"


class Preview(msgspec.Struct, frozen=True):
    """The lines of an order as they would become, and when its work would end, in ms since 1970 UTC."""

    lines: tuple[dict[str, Any], ...]
    end: int


def dry_run(
    document: bytes,
    catalog: Catalog,
    standing: Mapping[str, Installed],
    *,
    id_: str,
    at: int,
    start: int,
) -> Preview:
    """The domain orders and tasks of each line, with the reason for each and what of it waits for unknown values.

    The order (its id is ``id_``, it came in ``at``) is grown as a whole, begun at ``start``: what lines share is shown
    with each of them, under the same key, and names all its ``referrers``. ``standing`` are the installed products
    that its lines name, as they are now.
    """
    requests, about = surroundings(document, id_)
    lines = [
        TrialLine(_over(requests[line.request.line], standing), line.parent, line.needs)
        for line in lines_of(document)
    ]
    run = trial(catalog, lines, at, start, about=about)
    orders = {each.key: each for each in run.domain_orders}
    shown = []
    for line, result in zip(lines, run.lines, strict=True):
        id_ = result.line
        own = {key for key, each in orders.items() if id_ in each.referrers}
        shown.append(
            {
                "id": id_,
                "action": result.action,
                "productOffering": line.request.offering,
                "dependsOn": line.needs,
                "start": instant_text(result.start),
                "end": instant_text(result.end),
                "domainOrders": [_order(orders[key]) for key in orders if key in own],
                "tasks": [_task(task) for task in run.tasks if task.domain_order in own],
                "reasons": [named(each) for each in run.reasons if each.parent == id_ or each.parent in own],
                "heldBack": [named(each) for each in result.held_back],
            }
        )
    return Preview(tuple(shown), run.end)


def _over(request: LineRequest, standing: Mapping[str, Installed]) -> LineRequest:
    """A line over the product that it changes or ends, as if it had it now; a product that nobody knows is one."""
    if not request.products:
        return request
    product = standing.get(request.products[0])
    return msgspec.structs.replace(
        request,
        quantity=request.quantity or (product.quantity if product is not None else 1),
        installed=product.picture if product is not None else None,
    )


def _order(made: TrialOrder) -> dict[str, Any]:
    return {**named(made), "parent": made.parents[0] if made.parents else None}


def _task(task: TrialTask) -> dict[str, Any]:
    shown = {**named(task), "durationMs": task.end - task.start}
    return {**shown, "start": instant_text(task.start), "end": instant_text(task.end)}


def priced(
    order: dict[str, Any], findings: tuple[Violation, ...], catalog: Catalog, at: int
) -> dict[str, Any]:
    """The order with what it would cost if it were ordered ``at`` (ms since 1970 UTC)."""
    shown = servable(order, findings, catalog)
    lay_computed_prices(shown, catalog, at)
    return shown


def readable(order: dict[str, Any], findings: tuple[Violation, ...]) -> dict[str, Any]:
    """The order without its own attributes in which something is wrong: nobody can read what has not its form."""
    wrong = {finding.pointer.split("/")[1] for finding in findings if finding.pointer.startswith("/")}
    return {name: value for name, value in order.items() if name not in wrong or name == ITEMS}


def of_items_alone(findings: tuple[Violation, ...]) -> bool:
    """Whether the order is sound apart from items that are left out."""
    return all(finding.pointer.startswith(f"/{ITEMS}/") for finding in findings)


def servable(order: dict[str, Any], findings: tuple[Violation, ...], catalog: Catalog) -> dict[str, Any]:
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
