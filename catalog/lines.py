"""What goes into decomposition and what comes out: plain values, ready for msgpack."""

from typing import Any, Literal

import msgspec

from catalog.installed import InstalledProduct

Awaited = Literal["requester", "runtime", "operator"]
"""Whose move it is: the requester's to give a value, a task's or agent's of ours, or an operator's decision."""


class LineRequest(msgspec.Struct, frozen=True):
    """One order line to decompose or to check at the door.

    Names a product offering, or (service and resource orders captured directly, TMF641 and TMF652) a
    specification. `characteristics` holds what the line states; None counts as not known. `first_ordinal` is
    the number the first domain order of this call gets in its key.

    What follows is read where rules are: `intent` is move, suspend or resume of a modify, `product` the id of the
    installed product (of an add: the one it will have), `place` maps a role to a place's id. `installed` is the
    picture of the product that a modify or delete is about. `removed` names instances (ids or ordinals) that go when
    a quantity gets smaller. `migrate` takes today's catalog over for all of the product, not only for what changes.

    `products` are the installed products that a modify or delete names, the one it is about first: the line reserves
    them before it is decomposed. Its quantity is 0 until then where it states none: it stays as it is installed.
    """

    line: str
    action: str
    offering: str | None = None
    specification: str | None = None
    quantity: int = 1
    characteristics: dict[str, Any] = {}
    first_ordinal: int = 1
    intent: str | None = None
    product: str = ""
    place: dict[str, str] = {}
    installed: InstalledProduct | None = None
    removed: tuple[str | int, ...] = ()
    migrate: bool = False
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


class HeldBack(msgspec.Struct, array_like=True, frozen=True):
    """A part of a line that waits, or that cannot be decided.

    `key` is stable; `parent` the key of the domain order (or the line) below which something may come, `path` the
    full path of that node. `rule` names the rule, `text` is its CEL. `missing` are full paths, all of them: whoever
    knows one gives it under that path. `deadline_ms` counts from when the wait began (0: none), then `reaction`; whom
    that tells are `group` and `escalate_to` (`catalog.rules.rule.Wait`).
    """

    key: str
    parent: str
    path: str
    relationship: str
    target: str
    rule: str
    text: str
    missing: tuple[str, ...]
    code: str
    sentence: str
    awaits: Awaited = "requester"
    by: str = ""
    """Who of ours brings the value: the path of the domain order and the name of its task."""
    deadline_ms: int = 0
    reaction: str = ""
    default: Any = None
    group: str = ""
    escalate_to: tuple[str, ...] = ()


class Reason(msgspec.Struct, frozen=True):
    """Why a relationship did or did not create domain orders.

    `parent` is the key of the domain order (or the line) whose specification `source` holds the relationship;
    `rule` is a stable code (where rules decide: their names), `inputs` what the rule read, `domain_orders` the
    keys it created, `sentence` all of it for people. `outcome` is `created`, `unchanged` (it stands already),
    `notCreated`, `waits` (for the `missing` values) or `failed`; inputs and what is missing go by full paths.
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
    outcome: str = ""
    missing: tuple[str, ...] = ()


class LineDecomposition(msgspec.Struct, frozen=True):
    """The domain orders (parents before children) and tasks (needed before needing) of one line.

    `reasons` stays empty here so that the hot path does not pay for it; `catalog.decompose.explain` computes
    them. Where there are rules, `held_back` is what still waits, and `sharing` the sharing key of each shared domain
    order, which then has its key from it.
    """

    line: str
    domain_orders: tuple[DomainOrderPlan, ...]
    tasks: tuple[TaskPlan, ...]
    reasons: tuple[Reason, ...] = ()
    held_back: tuple[HeldBack, ...] = ()
    sharing: dict[str, str] = {}
