"""Installed products as they durably are: from their own actors, or from the orders that made them.

A product that no later order has named has no actor yet (``actors/installed_product.py``); what there is to know of it
stands in its order.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

from actors.installed_product import Installed
from actors.inventory import seen
from actors.order_id import captured_as, tenant_tag_of
from actors.product_id import origin_of
from catalog.model import Kind
from gateway.identity import is_order_id
from runtime.port import Runtime

READ_AT_ONCE: Final = 100
"""Products, or orders that made products, in one question to the runtime."""


def can_be(product: str, kind: Kind, tag: str) -> bool:
    """Whether this can be the id of something that orders of this kind and of this tenant installed."""
    origin = origin_of(product)
    return (
        origin is not None
        and is_order_id(origin[0])
        and captured_as(origin[0]) == kind
        and tenant_tag_of(origin[0]) == tag
    )


async def installed_products(runtime: Runtime, products: Sequence[str]) -> list[Installed | None]:
    """Products by their ids, None where there is none.

    :raises runtime.errors.Unavailable: nobody can tell at the moment.
    """
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


class Reads(Protocol):
    """Looks up what lines are about."""

    async def standing(self, products: Iterable[str], kind: Kind, tag: str) -> dict[str, Installed]:
        """Those of these installed products that there are.

        :param kind: the kind of order that asks, and that made them.
        :param tag: of the tenant that asks; what others have is not there.
        :raises runtime.errors.Unavailable: nobody can tell at the moment.
        """


def references(found: Mapping[str, Installed], kind: Kind) -> dict[str, str]:
    """The offerings of installed products (of services: their specifications), of those that are known."""
    told = {product: _reference(each, kind) for product, each in found.items()}
    return {product: reference for product, reference in told.items() if reference}


class OneRequest:
    """What is read for one request is read once: all that it says of a product is of the same moment."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._known: dict[str, Installed | None] = {}

    async def standing(self, products: Iterable[str], kind: Kind, tag: str) -> dict[str, Installed]:
        """As :meth:`Reads.standing`."""
        wanted = dict.fromkeys(products)
        if new := [product for product in wanted if product not in self._known]:
            found = await self._reads.standing(new, kind, tag)
            self._known |= {product: found.get(product) for product in new}
        return {product: each for product in wanted if (each := self._known[product]) is not None}


class InstalledReads:
    """The :class:`Reads` of all requests. Whatever is asked for in one round of the loop is read together."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._wanted: dict[str, None] = {}
        self._next: asyncio.Task[dict[str, Installed]] | None = None

    async def standing(self, products: Iterable[str], kind: Kind, tag: str) -> dict[str, Installed]:
        """As :meth:`Reads.standing`."""
        own = [product for product in products if can_be(product, kind, tag)]
        if not own:
            return {}
        if self._next is None:
            self._next = asyncio.create_task(self._read())
        self._wanted.update(dict.fromkeys(own))
        # Whoever goes away while it is read leaves it to the others.
        found = await asyncio.shield(self._next)
        return {product: found[product] for product in own if product in found}

    async def _read(self) -> dict[str, Installed]:
        wanted, self._wanted, self._next = list(self._wanted), {}, None
        found: dict[str, Installed] = {}
        for start in range(0, len(wanted), READ_AT_ONCE):
            products = wanted[start : start + READ_AT_ONCE]
            read = await installed_products(self._runtime, products)
            found |= {each.id: each for each in read if each is not None}
        return found


def _reference(product: Installed, kind: Kind) -> str:
    if kind == "product":
        return product.offering
    return product.picture.nodes[0].specification if product.picture is not None else ""
