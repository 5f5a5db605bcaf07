"""The facts about compatibility: what an order asks of products beside it, and what its lines were found to be.

Rules as in ``actors/events.py``.
"""

from actors.customer_products import CustomerProducts
from actors.fact import Event
from actors.review_events import Incompatibility
from actors.states import State
from catalog.installed import InstalledProduct


class LinesWatched(Event, frozen=True, tag="compatible"):
    """Lines were taken up that state or meet a compatibility: they are checked before they are completed."""

    lines: tuple[str, ...]


class CustomerSearched(Event, frozen=True, tag="customerSearched"):
    """What was found of the customer's products when the order came in, or came to be another one."""

    customer: CustomerProducts


class ProductsLookedFor(Event, frozen=True, tag="lookedFor"):
    """The order wants to see installed products: those that it names, and what its customer has besides.

    ``again``: work has begun, and these are all of them; otherwise it may be those alone that it names.
    """

    products: tuple[str, ...]
    again: bool = False


class ProductSeen(Event, frozen=True, tag="productSeen"):
    """Such a product as it stands; ``state`` is None where there is none, and ``picture`` then, too.

    While it is being made ``state`` is pendingActive, and the picture shows what it is to be and what is built of it.
    """

    product: str
    state: State | None
    picture: InstalledProduct | None


class CheckDue(Event, frozen=True, tag="checkDue"):
    """The work of these lines is done; they are checked once the products beside them have been seen."""

    lines: tuple[str, ...]


class LinesChecked(Event, frozen=True, tag="checked"):
    """What these lines were found to be: nothing but ``findings`` stands against them.

    A line that adds and has any is held until someone decides; of others it is only told. What an approver overrode is
    told, too, and holds up nothing.
    """

    lines: tuple[str, ...]
    findings: tuple[Incompatibility, ...]
    overridden: tuple[Incompatibility, ...] = ()


class FindingsAccepted(Event, frozen=True, tag="findingsAccepted"):
    """Somebody decided that what a line has built stands in spite of what was found; ``by`` says who."""

    line: str
    by: str
    reason: str


CompatibilityEvent = (
    LinesWatched
    | CustomerSearched
    | ProductsLookedFor
    | ProductSeen
    | CheckDue
    | LinesChecked
    | FindingsAccepted
)
