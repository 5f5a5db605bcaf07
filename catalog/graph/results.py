"""What comes out of decomposition with rules: plain values, ready for msgpack."""

from typing import Any, Final

import msgspec

from catalog.lines import HeldBack, TaskPlan

UNKNOWN_VALUE: Final = "unknownValue"
CHOOSE_INSTANCES: Final = "chooseInstances"
RULE_FAILED: Final = "ruleFailed"
RULES_DO_NOT_SETTLE: Final = "rulesDoNotSettle"
SHARED_VALUES_DIFFER: Final = "sharedValuesDiffer"
QUANTITY_OUT_OF_RANGE: Final = "quantityOutOfRange"
VALIDATION_FAILED: Final = "validationFailed"
INSTALLED_UNKNOWN: Final = "installedUnknown"
NOT_POSSIBLE: Final = "actionNotPossible"
PLAN_CYCLE: Final = "planCycle"


class GrownNode(msgspec.Struct, array_like=True, frozen=True):
    """One product, service or resource order of the graph.

    `key` derives from the place in the tree (or from the sharing key), so it is the same whatever was known first.
    `parents` are the keys of the domain orders above it, empty directly under a line; only a shared node has several.
    `edge` names the relationship (`catalog.installed.InstalledNode`), `relationship` its type alone or `Ordered`.
    `path` is for people and addresses the node's values: `sdwan-network.sdwan-site[2].customer-edge`.
    `referrers` are the lines that want it. `rule` names the rules that included it. `installed` is the inventory id of
    what is modified or deleted, "" for what is new.
    """

    key: str
    kind: str
    specification: str
    parents: tuple[str, ...]
    relationship: str
    ordinal: int
    action: str
    characteristics: dict[str, Any]
    path: str
    edge: str
    referrers: tuple[str, ...]
    rule: str = ""
    sharing_key: str = ""
    installed: str = ""
    shared: bool = False
    """Whether it is a shared node or stands below one."""


class Contribution(msgspec.Struct, array_like=True, frozen=True):
    """What one referrer asks of a shared node.

    `owner` is its line or, where a shared node refers to another, the key of that; "" for an installed product.
    `parent` is the domain order above, "" for the line itself.
    """

    owner: str
    parent: str
    values: dict[str, Any]


class Drift(msgspec.Struct, array_like=True, frozen=True):
    """Where an installed node is not what today's catalog would make of it: reported, never applied unasked.

    `difference` is `values`, `missing` (today's rules would create it) or `surplus` (they would not).
    """

    line: str
    path: str
    specification: str
    difference: str
    installed: Any = None
    wanted: Any = None


class Unchanged(msgspec.Struct, array_like=True, frozen=True):
    """An installed node that the line leaves as it is; it gets no domain order."""

    line: str
    path: str
    specification: str
    installed: str


class OrderGraph(msgspec.Struct, frozen=True):
    """What lines of one order were decomposed into, together.

    `nodes` has parents before children, `tasks` needed before needing. `contributions` are, per shared node, those of
    all its referrers in this order.
    """

    nodes: dict[str, GrownNode]
    tasks: tuple[TaskPlan, ...]
    held_back: dict[str, tuple[HeldBack, ...]]
    contributions: dict[str, dict[str, Contribution]] = {}
    drift: tuple[Drift, ...] = ()
    unchanged: tuple[Unchanged, ...] = ()
    shared: dict[str, tuple[str, str]] = {}
    """(specification, sharing key as text) of each shared node that the lines refer to, by its key."""
