"""What stands at a customer, as decomposition reads it: an installed product's picture with its nodes.

A *node* is one product, service or resource that a domain order brought into being. It keeps the version of the
specification it was made from and the rule that made it: a later catalog does not change what stands. A picture is
immutable and has a version; the installed base (``actors/installed_product.py``) makes a new one for every change.
"""

from collections.abc import Iterable
from typing import Any, Protocol

import msgspec

Path = tuple[tuple[str, int], ...]
"""The way from the product to a node: specification and ordinal at every step."""


class InstalledNode(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One installed product, service or resource below an installed product.

    ``key`` is unique in its product and never changes; ``parent`` is a node's key, None directly under the product.
    ``ordinal`` counts siblings of one specification from 1. ``version`` is the specification's, ``catalog`` the
    catalog's version it was made with, ``rule`` what made it. ``sharing`` is the id of the shared installed service it
    stands for, empty where the node is the product's own.
    """

    key: str
    kind: str
    specification: str
    parent: str | None
    relationship: str
    ordinal: int
    characteristics: dict[str, Any]
    version: str = ""
    catalog: str = ""
    rule: str = ""
    sharing: str = ""


class InstalledPicture(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An installed product at one version: parents stand before children in ``nodes``."""

    product: str
    version: int
    offering: str
    specification: str
    quantity: int
    characteristics: dict[str, Any]
    nodes: tuple[InstalledNode, ...]
    specification_version: str = ""
    catalog: str = ""


class Placed(Protocol):
    """Whatever stands in a tree below a line or a product: a plan's domain order, an installed node."""

    @property
    def key(self) -> str:
        """Its name in the tree."""

    @property
    def specification(self) -> str:
        """What it is."""

    @property
    def parent(self) -> str | None:
        """The key of what it stands below; None or empty at the top."""

    @property
    def ordinal(self) -> int:
        """Which of its siblings of one specification it is."""


def paths(tree: Iterable[Placed]) -> dict[str, Path]:
    """The way to each of these by key; parents stand before children."""
    found: dict[str, Path] = {}
    for each in tree:
        above = found[each.parent] if each.parent else ()
        found[each.key] = (*above, (each.specification, each.ordinal))
    return found
