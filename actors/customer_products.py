"""What the customer of an order has, as it was found when the order came in."""

import msgspec


class CustomerProducts(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Installed products of an order's customer that it may have to do with, besides those that it names.

    They are looked for outside, by the inventory, and told with the order: what it is compared with rests on no later
    search.
    """

    products: tuple[str, ...] = ()
    found: int = 0
    """How many there are; more than ``products`` where there are too many to look at."""
    orders_unread: int = 0
    """Orders of the customer that were not searched, because there are too many, or too much in those before them."""
    products_unread: int = 0
    """Products of the orders that were searched of which nobody has looked up whether they stand."""

    @property
    def unseen(self) -> str:
        """What was not looked at, as a sentence; empty: nothing."""
        said = []
        if self.found > len(self.products):
            said.append(
                f"only {len(self.products)} of the {self.found} installed products of the customer that may matter "
                "were looked at"
            )
        if self.products_unread:
            products = (
                "product of its orders was" if self.products_unread == 1 else "products of its orders were"
            )
            said.append(f"{self.products_unread} more {products} not looked up")
        if self.orders_unread:
            orders = "order of the customer was" if self.orders_unread == 1 else "orders of the customer were"
            said.append(f"{self.orders_unread} {orders} not searched for products")
        return ", and ".join(said)


NOTHING_LOOKED_FOR = CustomerProducts()
"""No compatibility of the order's lines looks further than the order names."""
