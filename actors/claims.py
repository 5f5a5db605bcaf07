"""What an order group keeps about installed products: what its lines claim, and who wants to know what they make."""

import msgspec

from catalog.installed import InstalledProduct, InstalledShared


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


class SharedClaim(msgspec.Struct):
    """An order's claim on a shared service, for those of its lines that refer to it."""

    specification: str
    sharing_key: str
    key: str
    """The key of its domain order in this order."""
    since: int
    lines: tuple[str, ...] = ()
    """Lines that have it, or for which it was asked."""
    asked: bool = False
    granted: bool = False
    picture: InstalledShared | None = None
    """How it stood when the order got it; None: nothing stood."""
    ahead: str = ""
    """The order directly ahead, where one is."""
    later: tuple[str, ...] = ()
    """Lines that need it and have not come to it yet."""
    afresh: tuple[str, ...] = ()
    """Those of all these lines whose products refer to it already, and may leave it.

    They have it apart from those that join it: whether somebody who joins will stay is known when his line has ended.
    """
    begun: bool = True
    """Whether lines have grown with it, so that it is given back at their end and not before."""
    pressing: bool = False
    """Whether it was asked for as one that lines at work wait for."""

    @property
    def waited_for(self) -> bool:
        """Whether the order has asked for it and not got it."""
        return self.asked and not self.granted

    @property
    def joined(self) -> bool:
        """Whether the order has it for lines that join it."""
        return not any(line in self.afresh for line in self.lines)

    def take(self, line: str) -> bool:
        """Whether a line may come to it now, beside those that have it."""
        if not self.lines:
            return True
        if line in self.afresh:
            return not self.joined and not self.granted
        return self.joined


class Reservations(msgspec.Struct):
    """What the reservation actor holds; an order that has nothing to do with what is installed has none."""

    claims: dict[str, Claim] = {}
    """By line."""
    watched: tuple[str, ...] = ()
    """Lines whose product wants to know how they end."""
    shared: dict[str, SharedClaim] = {}
    """By the id of the shared service: those that the order has or asks for."""
    references: dict[str, tuple[str, str, str]] = {}
    """(id, specification, sharing key) of every shared service that lines refer or referred to, by the key of its
    domain order."""
    growing: tuple[str, ...] = ()
    """Lines that grow once the order has all shared services they refer to."""
