"""What stands at the customer's, as decomposition reads it: an installed product with its services and resources.

A picture is a value: whoever keeps the inventory makes it, and the same picture gives the same decomposition.
"""

from typing import Any

import msgspec


class InstalledNode(msgspec.Struct, array_like=True, frozen=True):
    """One product, service or resource that is installed.

    `id` is its inventory id, `parent` that of the node above it ("" at the root of the picture). `edge` is the
    relationship that made it: its type and target, with `#2` and so on where a specification has several of them
    (`Requires customer-edge`), "" at the root. `ordinal` is its number among those of one edge below one parent; it
    stays for life. `version` is the version of its specification and `catalog` that of the catalog it was decomposed
    with; `rule` names the rules that included it, "" where none was asked.

    In the picture of a product a node with a `sharing_key` only refers to the shared one: its characteristics are what
    this product asks of it, and nothing hangs below. In the picture of the shared node itself they are what all ask
    together, and `referrers` holds what each asks, by the referring product and the place in it (`product/path`).
    """

    id: str
    specification: str
    kind: str
    parent: str = ""
    edge: str = ""
    ordinal: int = 1
    characteristics: dict[str, Any] = {}
    version: str = "1.0"
    catalog: str = ""
    rule: str = ""
    sharing_key: str = ""
    referrers: dict[str, dict[str, Any]] = {}
    status: str = "active"


class InstalledProduct(msgspec.Struct, array_like=True, frozen=True):
    """The picture of one installed product: its nodes, parents before children, the product itself first.

    `version` counts the changes of the picture, so that a stale one is known.
    """

    id: str
    nodes: tuple[InstalledNode, ...]
    version: int = 0


class InstalledShared(msgspec.Struct, array_like=True, frozen=True):
    """The picture of one shared service or resource and all below it, itself first."""

    specification: str
    sharing_key: str
    nodes: tuple[InstalledNode, ...]
    version: int = 0
