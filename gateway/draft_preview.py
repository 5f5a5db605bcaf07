"""What would become of a draft: a dry run over the current catalog, which touches nothing and promises nothing."""

from typing import Any

import msgspec

from actors.document import lines_of
from catalog.decompose import decompose, explain
from catalog.door import check_line
from catalog.model import Catalog
from gateway.tmf.order_faults import fits_form


def dry_run(document: bytes, catalog: Catalog) -> list[dict[str, Any]]:
    """The domain orders and tasks of each line that can be served as it stands, with the reason for each.

    Lines with findings are left out; a document whose form is wrong has no lines at all.
    """
    if not fits_form(document):
        return []
    lines = []
    for line in lines_of(document):
        request = line.request
        if check_line(catalog, request, "product"):
            continue
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


def _named(part: Any) -> dict[str, Any]:
    return {_camel(name): value for name, value in msgspec.structs.asdict(part).items()}


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(each.title() for each in tail)
