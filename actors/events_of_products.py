"""The facts about installed products and shared services: what an order claims of them, and what became of each."""

from typing import Any

import msgspec

from actors.fact import Event
from actors.states import State
from catalog.installed import InstalledNode, InstalledProduct, InstalledShared


class SharedReference(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A shared service with the lines of an order that refer to it; ``key`` is that of its domain order there."""

    shared: str
    specification: str
    sharing_key: str
    key: str
    lines: tuple[str, ...]
    afresh: tuple[str, ...] = ()
    """Those of them whose product refers to it already, and may leave it: they need to see how it stands now."""


class ProductsClaimed(Event, frozen=True, tag="claims"):
    """A line was taken up that is about installed products: it waits until it has them, one after the other."""

    line: str
    action: str
    products: tuple[str, ...]
    subject: str
    """The one of them that the line is about."""


class ClaimAsked(Event, frozen=True, tag="claimAsked"):
    """The line asks for the next of its products; what held it before holds it no more."""

    line: str
    product: str


class ClaimWaits(Event, frozen=True, tag="claimWaits"):
    """Another order's line is ahead at the product that was asked for."""

    line: str
    order: str
    ahead: str


class ClaimGranted(Event, frozen=True, tag="claimGranted"):
    """The line has this product, as the picture shows it."""

    line: str
    product: str
    picture: InstalledProduct
    offering: str
    quantity: int = 1


class ClaimRefused(Event, frozen=True, tag="claimRefused"):
    """The line does not get a product: fallout that waits for an operator. What it had of others is given back."""

    line: str
    product: str
    code: str
    reason: str


class ClaimEnded(Event, frozen=True, tag="claimEnded"):
    """The line has ended and gives its products back."""

    line: str


class SharedNeeded(Event, frozen=True, tag="sharedNeeded"):
    """Lines refer to shared services, each with the lines that do.

    ``waiting`` are those that grow only once the order has them all.
    """

    shared: tuple[SharedReference, ...]
    waiting: tuple[str, ...]


class SharedClaimed(Event, frozen=True, tag="sharedClaimed"):
    """Lines come to a shared service: the order asks for it, or has it already.

    ``pressing``: lines at work wait for it, the same ones as before where none are named.
    """

    shared: str
    lines: tuple[str, ...]
    pressing: bool = False


class SharedAhead(Event, frozen=True, tag="sharedAhead"):
    """Another order is ahead at the shared service that was asked for."""

    shared: str
    order: str


class SharedGranted(Event, frozen=True, tag="sharedGranted"):
    """The order has this shared service, as the picture shows it (None: nothing stands)."""

    shared: str
    picture: InstalledShared | None


class SharedYielded(Event, frozen=True, tag="sharedYielded"):
    """The order gave back a shared service that no line had begun with, and comes to it again."""

    shared: str


class SharedReady(Event, frozen=True, tag="sharedReady"):
    """The order has all shared services that these lines waited for."""

    lines: tuple[str, ...]


class SharedLeft(Event, frozen=True, tag="sharedLeft"):
    """A line that has ended needs these shared services no more; those ``released`` the order has given back."""

    line: str
    shared: tuple[str, ...]
    released: tuple[str, ...]


class OriginWatched(Event, frozen=True, tag="originWatched"):
    """The product that a line makes wants to know when that line has ended."""

    line: str


class OriginTold(Event, frozen=True, tag="originTold"):
    """It was told."""

    line: str


class SharedNamed(Event, frozen=True, tag="sharedNamed"):
    """A shared service was named for the first time."""

    shared: str
    specification: str
    sharing_key: str


class SharedWanted(Event, frozen=True, tag="sharedWanted"):
    """An order waits for the shared service behind those before it; a ``pressing`` one behind those that press."""

    order: str
    pressing: bool = False


class SharedHeld(Event, frozen=True, tag="sharedHeld"):
    """An order has the shared service for its lines alone."""

    order: str


class SharedFree(Event, frozen=True, tag="sharedFree"):
    """An order has the shared service no more, or no longer waits for it."""

    order: str


class SharedFolded(Event, frozen=True, tag="sharedFolded"):
    """What a line did to the shared service; its picture has this version now."""

    order: str
    line: str
    action: str
    version: int
    nodes: tuple[InstalledNode, ...]
    gone: tuple[str, ...]
    referrers: dict[str, dict[str, Any]]
    left: tuple[str, ...]


class OriginAsked(Event, frozen=True, tag="originAsked"):
    """An installed product was named for the first time, and asks the order that makes or made it."""

    product: str
    order: str
    line: str


class ProductUnknown(Event, frozen=True, tag="productUnknown"):
    """No such order, or no line in it, ever made this product."""


class ProductLearned(Event, frozen=True, tag="productLearned"):
    """How the product's own order made it; ``since`` is when its line ended, in ms since 1970 UTC."""

    picture: InstalledProduct
    offering: str
    quantity: int
    party: str
    since: int


class ProductMoved(Event, frozen=True, tag="product"):
    """The product walked one arc."""

    state: State


class ProductWanted(Event, frozen=True, tag="productWanted"):
    """A line waits for the product, behind those that came before."""

    order: str
    line: str
    action: str


class ProductHeld(Event, frozen=True, tag="productHeld"):
    """A line has the product for itself."""

    order: str
    line: str
    action: str


class ProductFree(Event, frozen=True, tag="productFree"):
    """A line has the product no more, or no longer waits for it."""

    order: str
    line: str


class ProductLooked(Event, frozen=True, tag="productLooked"):
    """An order wants to see the product, and is answered once it is known how it stands."""

    order: str


class ProductLookersTold(Event, frozen=True, tag="lookersTold"):
    """All orders that wanted to see it were answered."""


class ProductFolded(Event, frozen=True, tag="productFolded"):
    """What a line did to the product; its picture has this version now."""

    order: str
    line: str
    action: str
    version: int
    nodes: tuple[InstalledNode, ...]
    gone: tuple[str, ...]
    quantity: int


ClaimEvent = (
    ProductsClaimed
    | ClaimAsked
    | ClaimWaits
    | ClaimGranted
    | ClaimRefused
    | ClaimEnded
    | OriginWatched
    | OriginTold
    | SharedNeeded
    | SharedClaimed
    | SharedAhead
    | SharedGranted
    | SharedYielded
    | SharedReady
    | SharedLeft
)
"""What an order keeps of its dealings with them."""

ProductEvent = (
    OriginAsked
    | ProductUnknown
    | ProductLearned
    | ProductMoved
    | ProductWanted
    | ProductHeld
    | ProductFree
    | ProductFolded
    | ProductLooked
    | ProductLookersTold
)

SharedEvent = SharedNamed | SharedWanted | SharedHeld | SharedFree | SharedFolded
