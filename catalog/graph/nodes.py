"""The graph while it grows: nodes, and what a line or a shared part looks like from inside."""

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec

from catalog.graph.frames import Edge, Frame, Values
from catalog.installed import InstalledNode
from catalog.lines import HeldBack
from catalog.tree import ORDERED

_UNFIT: Final = re.compile(r"[^A-Za-z0-9_-]")

SHARED: Final = ""
"""The line of what is shared: no order item has an empty id."""


SHARED_DIGEST_LENGTH: Final = 12
"""Hexadecimal digits after the `~` in the key of a shared node."""


class Node:
    """One instance of a specification in the graph.

    `alone` says that it has a domain order of its own (a product that is only sold has none). `path` names it in the
    tree it grew in; a shared node is the root of a tree of its own.
    """

    __slots__ = (
        "edge",
        "frame",
        "installed",
        "key",
        "line",
        "orders",
        "ordinal",
        "parent",
        "path",
        "rule",
        "sharing_key",
        "values",
    )

    def __init__(
        self,
        key: str,
        path: str,
        frame: Frame,
        line: str,
        values: Values,
        *,
        parent: "Node | None" = None,
        edge: Edge | None = None,
        ordinal: int = 1,
        orders: bool = True,
        rule: str = "",
        sharing_key: str = "",
        installed: InstalledNode | None = None,
    ) -> None:
        self.key = key
        self.path = path
        self.frame = frame
        self.line = line
        self.values = values
        self.parent = parent
        self.edge = edge
        self.ordinal = ordinal
        self.orders = orders
        self.rule = rule
        self.sharing_key = sharing_key
        self.installed = installed

    @property
    def specification(self) -> str:
        """Of what it is an instance."""
        return self.frame.specification.id

    @property
    def relationship(self) -> str:
        """The type of the relationship that made it."""
        return self.edge.relationship.type if self.edge is not None else ORDERED

    def above(self) -> "Iterator[Node]":
        """Itself and all above it in its tree, the nearest first."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

    def domain_order(self) -> str:
        """The key of the nearest domain order at or above it; "" where that is the line itself."""
        return next((node.key for node in self.above() if node.orders), "")


class Referral(NamedTuple):
    """A place in a line (or in another shared part) where a shared node stands: below which node, and what is asked."""

    place: str
    """Its path in the tree that refers."""
    parent: Node | None
    """None where the line itself orders it."""
    child: Node
    """The node as it would be if it were not shared."""
    shared: str
    """The key of the shared node."""
    sharing_key: Any
    values: Values
    rule: str


class Part:
    """One tree of the graph with what came of growing it: all of a line, or a shared node with all below it."""

    __slots__ = (
        "by_specification", "held", "line", "nodes", "reads", "referrals", "roots", "unmapped", "unmet",
    )  # fmt: skip

    def __init__(self, line: str) -> None:
        self.line = line
        self.roots: list[Node] = []
        self.nodes: list[Node] = []
        self.referrals: list[Referral] = []
        self.held: dict[str, HeldBack] = {}
        self.unmapped: dict[str, HeldBack] = {}
        """Mappings that wait, or that failed."""
        self.by_specification: dict[str, list[Node]] = {}
        self.unmet = ""
        """What the line says of its instances and cannot be done: then nothing of it is."""
        self.reads = False
        """Whether a rule read what lies elsewhere in the tree, so that one pass from the top cannot have settled it."""

    def add(self, node: Node) -> None:
        """Take in a node; parents come before their children."""
        self.nodes.append(node)
        self.by_specification.setdefault(node.specification, []).append(node)
        if node.parent is None:
            self.roots.append(node)

    def same(self, other: "Part | None") -> bool:
        """Whether another pass came to the same."""
        return (
            other is not None
            and self.held == other.held
            and self.unmapped == other.unmapped
            and [(node.key, node.values, node.rule) for node in self.nodes]
            == [(node.key, node.values, node.rule) for node in other.nodes]
            and [(each.place, each.shared, each.values) for each in self.referrals]
            == [(each.place, each.shared, each.values) for each in other.referrals]
        )


def child_key(parent: Node, edge: Edge, ordinal: int) -> str:
    """The key of a child: the places of the relationships on the way, with the ordinal where it is not the first."""
    own = f"{parent.key}-{edge.position}"
    return own if ordinal == 1 else f"{own}:{ordinal}"


def child_path(parent: Node, edge: Edge, ordinal: int) -> str:
    """The path of a child, for people."""
    own = f"{parent.path}.{edge.step}"
    return f"{own}[{ordinal}]" if edge.plural else own


def shared_text(value: Any) -> str:
    """A sharing key as text, which is what it is by: the same value, the same text."""
    return value if isinstance(value, str) else msgspec.json.encode(value, order="deterministic").decode()


def shared_key(specification: str, value: Any) -> str:
    """The key of a shared node, by the text of its sharing key: the same in every line and whatever came first."""
    content = msgspec.json.encode([specification, value], order="deterministic")
    return f".{_UNFIT.sub('_', specification)}~{blake2b(content, digest_size=SHARED_DIGEST_LENGTH // 2).hexdigest()}"


def shared_path(specification: str, value: Any) -> str:
    """The path of a shared node, for people."""
    return f"{specification}<{shared_text(value)}>"
