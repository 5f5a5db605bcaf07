"""What comes out of decomposition with rules: plain values, ready for msgpack."""

from typing import Any, Final, Literal

import msgspec

from catalog.lines import TaskPlan

Awaited = Literal["requester", "runtime", "operator"]
"""Whose move it is: the requester's to give a value, a task's or agent's of ours, or an operator's decision."""

UNKNOWN_VALUE: Final = "unknownValue"
CHOOSE_INSTANCES: Final = "chooseInstances"
RULE_FAILED: Final = "ruleFailed"
RULES_DO_NOT_SETTLE: Final = "rulesDoNotSettle"
SHARED_VALUES_DIFFER: Final = "sharedValuesDiffer"
QUANTITY_OUT_OF_RANGE: Final = "quantityOutOfRange"
VALIDATION_FAILED: Final = "validationFailed"
INSTALLED_UNKNOWN: Final = "installedUnknown"
NOT_POSSIBLE: Final = "actionNotPossible"


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


class HeldBack(msgspec.Struct, array_like=True, frozen=True):
    """A part of a line that waits, or that cannot be decided.

    `key` is stable; `parent` the key of the domain order (or the line) below which something may come, `path` the
    full path of that node. `rule` names the rule, `text` is its CEL. `missing` are full paths, all of them: whoever
    knows one gives it under that path. `deadline_ms` counts from when the wait began (0: none), then `reaction`.
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


class Contribution(msgspec.Struct, array_like=True, frozen=True):
    """What one referrer asks of a shared node: under which domain order ("": the line itself), with which values."""

    line: str
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
