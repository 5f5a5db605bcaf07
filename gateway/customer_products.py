"""What the customer of an order has, looked for when the order comes in: for compatibilities that want it known.

Nothing is looked for unless a line has to do with such a compatibility, and then only what may have to do with one,
too. What is found goes with the message that brings the order in, so that what it is compared with is settled then.
Orders that come in at the same moment may not find each other.
"""

from typing import Final, TypeVar

import msgspec

from actors.captured import order_facts
from actors.customer_products import NOTHING_LOOKED_FOR, CustomerProducts
from actors.document import request_of
from actors.messages import ChangeOrder, SubmitDraft, SubmitOrder
from actors.order_id import captured_as, tenant_tag_of, tenanted
from actors.product_id import product_id
from actors.states import S
from actors.structure import OrderGroup
from catalog.model import Catalog
from catalog.policies.horizontal import holds_any
from catalog.refusals import CatalogRefusal
from catalog.tree import root_of
from gateway.installed_reads import READ_AT_ONCE, installed_products
from runtime.journal.listing import list_orders
from runtime.port import Runtime

CUSTOMER_PRODUCTS_MAX: Final = 200
"""Installed products of its customer that one order is compared with, the oldest first."""
CUSTOMER_ORDERS_MAX: Final = 1_000
"""Orders of one customer that are searched for them, the oldest first."""
CUSTOMER_PRODUCTS_READ_MAX: Final = 1_000
"""Products that are looked up for it, the oldest first: orders may have thousands of lines, and many may be gone."""
_GONE: Final = frozenset({S.CANCELLED, S.TERMINATED})

Entering = TypeVar("Entering", SubmitOrder, SubmitDraft, ChangeOrder)


async def with_customer(runtime: Runtime, order: str, message: Entering) -> Entering:
    """The message with what its customer has; asked only under a catalog that is ``customer_wide``.

    :raises runtime.errors.Unavailable: nobody can tell at the moment.
    """
    catalog = runtime.catalogs.get(message.catalog)
    found = await customer_products(runtime, order, message.document, catalog)
    return msgspec.structs.replace(message, customer=found) if found != NOTHING_LOOKED_FOR else message


async def customer_products(
    runtime: Runtime, order: str, document: bytes, catalog: Catalog
) -> CustomerProducts:
    """The products of the customer of an order that it may have to do with, of its tenant and kind.

    :param document: the order, well formed; whoever it belongs to is the customer.
    """
    if not catalog.customer_wide:
        return NOTHING_LOOKED_FOR
    facts = order_facts(document, catalog)
    if not facts.customer or not any(
        holds_any(catalog, line.specification, wide=True) for line in facts.lines if line.action != "noChange"
    ):
        return NOTHING_LOOKED_FOR
    kind, tag = captured_as(order), tenant_tag_of(order)
    filters = {tenanted(tag, "relatedParty.id", kind): facts.customer}
    page = await list_orders(runtime.journal, filters, limit=CUSTOMER_ORDERS_MAX)
    names = [name for _, name in page.entries]
    products: list[str] = []
    searched = 0
    while searched < len(names) and len(products) < CUSTOMER_PRODUCTS_READ_MAX:
        together = names[searched : searched + READ_AT_ONCE]
        for group in await runtime.read(together):
            if group is not None and group.order.id != order:
                products += _concerned(group, catalog)
        searched += len(together)
    looked_up = products[:CUSTOMER_PRODUCTS_READ_MAX]
    standing: list[str] = []
    for start in range(0, len(looked_up), READ_AT_ONCE):
        read = await installed_products(runtime, looked_up[start : start + READ_AT_ONCE])
        standing += [each.id for each in read if each is not None and each.state not in _GONE]
    return CustomerProducts(
        tuple(standing[:CUSTOMER_PRODUCTS_MAX]),
        len(standing),
        max(0, page.total - searched),
        len(products) - len(looked_up),
    )


def _concerned(group: OrderGroup, catalog: Catalog) -> list[str]:
    """The products that an order makes or made and that may have to do with a compatibility."""
    return [
        product_id(group.order.id, line.id)
        for line in group.lines.values()
        if line.action == "add" and line.state not in _GONE and _may_matter(group, line.id, catalog)
    ]


def _may_matter(group: OrderGroup, line: str, catalog: Catalog) -> bool:
    request = request_of(group.order.document, line)
    try:
        root = root_of(catalog, request.offering, request.specification)
    except CatalogRefusal:
        return True  # sold under another catalog: what it is made of is for the order to see
    return holds_any(catalog, root.id, wide=True)
