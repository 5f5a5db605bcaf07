"""What completed domain orders make of a shared service, as `catalog.folding` does for products."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from catalog.folding import Built, Nodes, nodes_after
from catalog.installed import InstalledNode, InstalledShared
from catalog.model import Catalog


def shared_nodes(
    catalog: Catalog,
    stood: InstalledShared | None,
    built: Iterable[Built],
    shared: str,
    sharing_key: str,
    key: str,
    origin: str,
) -> tuple[Nodes, tuple[str, ...]]:
    """(nodes as they are now, ids of those that went) of what was done to a shared service and below it.

    :param shared: its inventory id; what is new below it has ids that begin with it and `origin`.
    :param key: the key of its domain order.
    """
    standing = {node.id: node for node in stood.nodes} if stood is not None else {}
    nodes: list[InstalledNode] = []
    gone: list[str] = []
    names: dict[str, str] = {}
    for order in built:
        made = shared if order.key == key else f"{shared}.{origin}{order.key[len(key) :]}"
        names[order.key] = id_ = order.installed or made
        if not order.stands or order.action == "noChange":
            continue
        if order.action == "delete":
            gone.append(id_)
        elif id_ in standing:
            values = {**standing[id_].characteristics, **order.characteristics}
            nodes.append(msgspec.structs.replace(standing[id_], characteristics=values))
        else:
            above = "" if id_ == shared else names.get(order.parent, shared)
            nodes.append(
                InstalledNode(
                    id_,
                    order.specification,
                    order.kind,
                    above,
                    order.edge if above else "",
                    order.ordinal if above else 1,
                    order.characteristics,
                    catalog.specifications[order.specification].version,
                    catalog.version,
                    order.rule,
                    "" if above else sharing_key,
                )
            )
    return tuple(nodes), tuple(gone)


def shared_after(
    before: InstalledShared,
    shared: str,
    nodes: Iterable[InstalledNode],
    gone: Iterable[str],
    referrers: Mapping[str, dict[str, Any]],
    left: Collection[str],
    version: int,
) -> InstalledShared | None:
    """The picture after a change, `before` without nodes where nothing stood; None when nothing of it stands any more.

    :param referrers: those that refer to it now, each with what it asks; `left` do so no more.
    """
    after = [*nodes_after(before.nodes, nodes, gone)]
    if shared not in {node.id for node in after}:
        return None
    known = before.nodes[0].referrers if before.nodes else {}
    kept = {name: values for name, values in known.items() if name not in left}
    after[0] = msgspec.structs.replace(after[0], referrers={**kept, **referrers})
    return InstalledShared(before.specification, before.sharing_key, tuple(after), version)
