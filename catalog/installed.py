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

    With a `sharing_key` it stands for a shared node: `characteristics` are what this product asked of it, what it has
    and what hangs below it stands in the picture of the shared node itself (`InstalledShared`).
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
    status: str = "active"


class InstalledProduct(msgspec.Struct, array_like=True, frozen=True):
    """The picture of one installed product: its nodes, the product itself first, parents before children.

    `version` counts the changes of the picture, so that a stale one is known.
    """

    id: str
    nodes: tuple[InstalledNode, ...]
    version: int = 0


class InstalledShared(msgspec.Struct, array_like=True, frozen=True):
    """The picture of one shared service or resource with all below it, itself first.

    `referrers` holds what each referrer asks of it, by the id of the referring product and the place in it
    (`product/path`).
    """

    id: str
    specification: str
    sharing_key: str
    nodes: tuple[InstalledNode, ...]
    referrers: dict[str, dict[str, Any]] = {}
    version: int = 0
