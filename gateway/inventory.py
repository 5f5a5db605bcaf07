"""Installed products as they durably are: from their own actors, or from the orders that made them.

A product that no later order has named has no actor yet (``actors/installed_product.py``); what there is to know of it
stands in its order.
"""

from collections.abc import Sequence
from typing import Final

from actors.installed_product import Installed
from actors.inventory import seen
from actors.order_id import tenant_tag_of
from actors.product_id import origin_of, product_id
from gateway.auth import Principal
from gateway.context import Gateway, is_product_id
from gateway.identity import tag_of
from gateway.tmf.ordering import filters_of
from gateway.tmf.shapes import PRODUCT
from runtime.errors import NotFound
from runtime.journal.listing import list_orders

PARTY_ORDERS_MAX: Final = 1_000
"""Orders of one party that are looked through for its products, the oldest first."""
READ_AT_ONCE: Final = 100


async def installed_product(gateway: Gateway, product: str, principal: Principal) -> Installed:
    """One product.

    :raises NotFound: there is none, or none of the principal's tenant.
    :raises Unavailable: nobody can tell at the moment.
    """
    origin = origin_of(product) if is_product_id(product) else None
    if origin is not None and tenant_tag_of(origin[0]) == tag_of(principal.tenant):
        (found,) = await installed_products(gateway, [product])
        if found is not None:
            return found
    raise NotFound(f"there is no installed product {product[:64]!r}")


async def installed_products(gateway: Gateway, products: Sequence[str]) -> list[Installed | None]:
    """Products by their ids, None where there is none."""
    runtime = gateway.runtime
    actors = await runtime.read_products(products)
    # One that nobody has named, or that has not heard the end of its order, knows less than that order.
    origins = {
        product: origin_of(product) or ("", "")
        for product, actor in zip(products, actors, strict=True)
        if actor is None or actor.asked or not actor.known
    }
    orders = list(dict.fromkeys(order for order, _ in origins.values()))
    groups = dict(zip(orders, await runtime.read(orders) if orders else [], strict=True))
    found: list[Installed | None] = []
    for product, actor in zip(products, actors, strict=True):
        if product not in origins:
            found.append(actor)
            continue
        order, line = origins[product]
        group = groups[order]
        made = seen(group, line, runtime.catalogs) if group is not None else None
        if made is not None and actor is not None:
            made.queue = actor.queue
        found.append(made)
    return found


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
            found += [each for each in await installed_products(gateway, products) if each is not None]
    return found
