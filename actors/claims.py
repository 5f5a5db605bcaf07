"""What an order group keeps about installed products: what its lines claim, and who wants to know what they make."""

import msgspec

from catalog.installed import InstalledProduct


class Claim(msgspec.Struct):
    """One line's claim on installed products, from the moment the line is taken up."""

    line: str
    action: str
    products: tuple[str, ...]
    """In the order of their ids: whoever wants several asks for them in one order, so that no two wait for each
    other."""
    subject: str
    """The one of them that the line is about."""
    since: int
    asked: bool = False
    """Whether the line waits for one of them, or for its decomposition."""
    had: tuple[str, ...] = ()
    """Those that it has."""
    picture: InstalledProduct | None = None
    """How the subject stood when the line got it."""
    offering: str = ""
    """What the subject was bought as, and how often."""
    quantity: int = 1
    ahead: tuple[str, str] | None = None
    """(order, line) directly ahead at the product that was asked for, where one is."""
    ended: bool = False

    @property
    def wanted(self) -> str:
        """The product to be asked for next; empty when it has all."""
        return self.products[len(self.had)] if len(self.had) < len(self.products) else ""


class Reservations(msgspec.Struct):
    """What the reservation actor holds; an order that has nothing to do with what is installed has none."""

    claims: dict[str, Claim] = {}
    """By line."""
    watched: tuple[str, ...] = ()
    """Lines whose product wants to know how they end."""
