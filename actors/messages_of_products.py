"""The messages between orders and what is installed: products, and services that several of them share."""

from typing import Any

import msgspec

from actors.message import Message
from actors.states import State
from catalog.installed import InstalledNode, InstalledProduct, InstalledShared


class ReserveProduct(Message, frozen=True, tag="reserve"):
    """From an order: this line, which modifies or deletes the product, wants it for itself from now to its end."""

    order: str
    line: str
    action: str
    """``modify``, ``delete``, or ``hold``: a part of the product that the line is about."""


class ProductChange(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a line that has ended did to an installed product: the nodes that stand now, and those that went."""

    nodes: tuple[InstalledNode, ...] = ()
    """New or changed ones as they are now, parents before children."""
    gone: tuple[str, ...] = ()
    quantity: int = 0
    """The product's quantity now; 0: as it was."""
    ended: bool = False
    """Whether the product as a whole has gone."""


class ReleaseProduct(Message, frozen=True, tag="release"):
    """From an order: the line has ended, or no longer wants the product.

    ``state`` is the line's end (empty: it has not begun), ``change`` what the line did to the product, None where it
    did nothing.
    """

    order: str
    line: str
    state: State | None = None
    change: ProductChange | None = None


class TellProduct(Message, frozen=True, tag="tellProduct"):
    """From an installed product: what has the order done to bring it into being? Told again when its line has ended."""

    product: str


class ProductTold(Message, frozen=True, tag="productTold"):
    """From the order that makes or made it: where the product stands, and what is made of it so far.

    ``state`` is None when that order has no line that makes it.
    """

    order: str
    state: State | None
    picture: InstalledProduct | None = None
    offering: str = ""
    quantity: int = 1
    party: str = ""
    since: int = 0
    """When its line went where it stands, in ms since 1970 UTC."""


class ProductReserved(Message, frozen=True, tag="reserved"):
    """From an installed product: the line has it. ``picture`` is how it stands, the rest what was bought."""

    line: str
    product: str
    picture: InstalledProduct
    offering: str
    quantity: int = 1


class ProductBusy(Message, frozen=True, tag="busy"):
    """From an installed product: the line waits for it, directly behind this line of this order."""

    line: str
    product: str
    order: str
    ahead: str


class ProductRefused(Message, frozen=True, tag="productRefused"):
    """From an installed product: the line does not get it, and why."""

    line: str
    product: str
    code: str
    reason: str


class LookAtProduct(Message, frozen=True, tag="lookAtProduct"):
    """From an order that is compared with the product: how does it stand now?"""

    order: str


class ProductShown(Message, frozen=True, tag="productShown"):
    """From an installed product: how it stands.

    ``state`` is None where nobody ever made it. While it is being made (pendingActive) the picture shows what it is to
    be, and what is built of it.
    """

    product: str
    state: State | None
    picture: InstalledProduct | None = None


class ReserveShared(Message, frozen=True, tag="reserveShared"):
    """From an order: lines of it refer to this shared service, or leave it; it wants it for itself till they end.

    ``specification`` and ``sharing_key`` say what it is, so that it can come into being. ``pressing``: lines at work
    wait for it, so that it comes before those that have not begun; said again where it was asked for otherwise.
    """

    order: str
    specification: str
    sharing_key: str
    pressing: bool = False


class SharedChange(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a line that has ended did to a shared service.

    ``referrers`` are those that refer to it now, each with what it asks; ``left`` those that do so no more.
    """

    nodes: tuple[InstalledNode, ...] = ()
    gone: tuple[str, ...] = ()
    referrers: dict[str, dict[str, Any]] = {}
    left: tuple[str, ...] = ()


class FoldShared(Message, frozen=True, tag="foldShared"):
    """From an order: a line of it has ended; with ``release`` no other line of it needs the shared service now."""

    order: str
    line: str
    action: str
    change: SharedChange | None = None
    release: bool = False


class SharedReserved(Message, frozen=True, tag="sharedReserved"):
    """From a shared service: the order has it. ``picture`` is how it stands; None: nothing stands."""

    shared: str
    picture: InstalledShared | None


class SharedBusy(Message, frozen=True, tag="sharedBusy"):
    """From a shared service: the order waits for it, directly behind this one."""

    shared: str
    order: str


class SharedPressed(Message, frozen=True, tag="sharedPressed"):
    """From a shared service to the order that has it: an order at work waits for it.

    ``orders`` are those that wait for each other on the way, the first one that began to; who finds itself among them
    stands in a circle.
    """

    shared: str
    orders: tuple[str, ...]


class PressShared(Message, frozen=True, tag="pressShared"):
    """From an order that waits for a shared service, and was pressed for another one: pass it on to who has it."""

    order: str
    orders: tuple[str, ...]


ProductMessage = (
    ReserveProduct
    | ReleaseProduct
    | TellProduct
    | ProductTold
    | ProductReserved
    | ProductBusy
    | ProductRefused
    | LookAtProduct
    | ProductShown
    | ReserveShared
    | FoldShared
    | SharedReserved
    | SharedBusy
    | SharedPressed
    | PressShared
)
