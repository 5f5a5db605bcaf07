"""What goes into decomposition and what comes out: plain values, ready for msgpack."""

from typing import Any

import msgspec


class LineRequest(msgspec.Struct, frozen=True):
    """One order line to decompose or to check at the door.

    Names a product offering, or (service and resource orders captured directly, TMF641 and TMF652) a
    specification. `characteristics` holds what the line states; None counts as not known. `first_ordinal` is
    the number the first domain order of this call gets in its key. `products` are the installed products a
    modify or delete names, the one it is about first.
    """

    line: str
    action: str
    offering: str | None = None
    specification: str | None = None
    quantity: int = 1
    characteristics: dict[str, Any] = {}
    first_ordinal: int = 1
    products: tuple[str, ...] = ()


class DomainOrderPlan(msgspec.Struct, array_like=True, frozen=True):
    """One product, service or resource order to create below a line.

    `key` is the line's id and a number counting up over the line; `parent` is the key of the parent domain
    order, None directly under the line. `relationship` is Bundles, Realized as or Requires, or Ordered for
    the order of the very specification the line names. `ordinal` counts siblings of one specification from 1.
    """

    key: str
    kind: str
    specification: str
    parent: str | None
    relationship: str
    ordinal: int
    action: str
    characteristics: dict[str, Any]


class TaskPlan(msgspec.Struct, array_like=True, frozen=True):
    """One task of a line's plan; `needs` are the keys of tasks, anywhere in the line, to be completed first.

    `key` is the domain order's key and the task's place in its plan; times are milliseconds.
    """

    key: str
    name: str
    domain_order: str
    target: str
    needs: tuple[str, ...]
    duration_ms: int
    timeout_ms: int
    point_of_no_return: bool = False


class Reason(msgspec.Struct, frozen=True):
    """Why a relationship did or did not create domain orders.

    `parent` is the key of the domain order (or the line) whose specification `source` holds the relationship;
    `rule` is a stable code, `inputs` what the rule read, `domain_orders` the keys it created, `sentence` all
    of it for people.
    """

    parent: str
    source: str
    relationship: str
    target: str
    created: bool
    rule: str
    inputs: dict[str, Any]
    domain_orders: tuple[str, ...]
    sentence: str


class LineDecomposition(msgspec.Struct, frozen=True):
    """The domain orders (parents before children) and tasks (needed before needing) of one line.

    `reasons` stays empty here so that the hot path does not pay for it; `catalog.decompose.explain` computes
    them.
    """

    line: str
    domain_orders: tuple[DomainOrderPlan, ...]
    tasks: tuple[TaskPlan, ...]
    reasons: tuple[Reason, ...] = ()
