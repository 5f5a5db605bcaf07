"""Installed products as they are asked for: one by its id, or those of a party."""

from typing import Final

from actors.installed_product import Installed
from actors.product_id import product_id
from gateway.auth import Principal
from gateway.context import Gateway
from gateway.identity import tag_of
from gateway.installed_reads import READ_AT_ONCE, can_be, installed_products
from gateway.tmf.ordering import filters_of
from gateway.tmf.shapes import PRODUCT
from runtime.errors import NotFound
from runtime.journal.listing import list_orders

PARTY_ORDERS_MAX: Final = 1_000
"""Orders of one party that are looked through for its products, the oldest first."""


async def installed_product(gateway: Gateway, product: str, principal: Principal) -> Installed:
    """One product.

    :raises NotFound: there is none, or none of the principal's tenant.
    :raises Unavailable: nobody can tell at the moment.
    """
    if can_be(product, PRODUCT.kind, tag_of(principal.tenant)):
        (found,) = await installed_products(gateway.runtime, [product])
        if found is not None:
            return found
    raise NotFound(f"there is no installed product {product[:64]!r}")


async def products_of_party(gateway: Gateway, party: str, principal: Principal) -> list[Installed]:
    """Every product that the orders of a party made or make, in the order of those."""
    journal, runtime = gateway.runtime.journal, gateway.runtime
    filters = filters_of({"relatedParty.id": party}, principal, PRODUCT)
    page = await list_orders(journal, filters, limit=PARTY_ORDERS_MAX)
    names = [order for _, order in page.entries]
    found: list[Installed] = []
    for start in range(0, len(names), READ_AT_ONCE):
        groups = await runtime.read(names[start : start + READ_AT_ONCE])
        products = [
            product_id(group.order.id, line.id)
            for group in groups
            if group is not None
            for line in group.lines.values()
            if line.action == "add"
        ]
        if products:
            found += [each for each in await installed_products(runtime, products) if each is not None]
    return found
