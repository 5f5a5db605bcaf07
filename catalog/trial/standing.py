"""What stands after trial orders: each is carried out completely, and folded as real orders are."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from catalog.decompose import plain
from catalog.folding import (
    Built,
    Referring,
    as_built,
    changed_picture,
    first_picture,
    nodes_after,
    ordinal_of,
)
from catalog.folding_shared import shared_after, shared_nodes
from catalog.graph.growing import Told
from catalog.graph.lines import grow
from catalog.graph.nodes import SHARED_DIGEST_LENGTH, shared_key
from catalog.graph.results import GrownNode, OrderGraph
from catalog.graph.settling import Order
from catalog.installed import InstalledProduct, InstalledShared
from catalog.lines import DomainOrderPlan, HeldBack, LineRequest
from catalog.model import Catalog


class Standing(NamedTuple):
    """What is installed: products by id, shared services by the key of their domain orders."""

    products: dict[str, InstalledProduct]
    shared: dict[str, InstalledShared]


NOTHING = Standing({}, {})
NOTHING_TOLD: Mapping[str, Told] = {}


class Carried(NamedTuple):
    """What an order did, and what stands after it; where something waits for values nothing is carried out."""

    nodes: tuple[GrownNode, ...]
    """The domain orders of lines that grew: with rules, or over what is installed."""
    held: dict[str, tuple[HeldBack, ...]]
    """By line, of those that wait for something."""
    after: Standing


def carried_out(
    catalog: Catalog,
    standing: Standing,
    name: str,
    requests: Sequence[LineRequest],
    at: int,
    told: Mapping[str, Told] = NOTHING_TOLD,
) -> Carried:
    """Carry out an order of these lines; each names its product, and one that changes it gets its picture here.

    `told` is what was said since the order came, by line ("" for what is shared). Raises what decomposition raises
    (`CatalogRefusal`).
    """
    plans: dict[str, tuple[DomainOrderPlan, ...]] = {}
    ruled: dict[str, LineRequest] = {}
    for each in requests:
        made = plain(catalog, each)
        if made is None:
            ruled[each.line] = each
        else:
            plans[each.line] = made.domain_orders
    order = Order(catalog, ruled, told=told, shared=tuple(standing.shared.values()), at_ms=at)
    graph = grow(order, ruled) if ruled else OrderGraph({}, (), {})
    held = {line: waiting for line, waiting in graph.held_back.items() if waiting}
    if held:
        return Carried(tuple(graph.nodes.values()), held, standing)
    products = dict(standing.products)
    left: dict[str, None] = {}
    for request in requests:
        plan, growing = plans.get(request.line, ()), graph.nodes.values()
        own = [as_built(each, each.parent or "", None, stands=True) for each in plan]
        own += [_grown(each) for each in growing if _line(each.key) == request.line]
        referring = list(_referring(graph, request.line))
        before = request.installed
        if before is None:
            products[request.product] = first_picture(catalog, request, request.product, own, referring)
            continue
        kept = {shared_key(each.specification, each.sharing_key) for each in referring}
        gone = [
            node.id
            for node in before.nodes
            if node.sharing_key and shared_key(node.specification, node.sharing_key) not in kept
        ]
        for node in before.nodes:
            if node.id in gone:
                left[shared_key(node.specification, node.sharing_key)] = None
        if request.action == "delete":
            del products[request.product]
            continue
        origin = f"{request.product}/{name}"
        change = changed_picture(catalog, request, before, origin, own, referring, gone, completed=True)
        if change is not None:
            nodes = nodes_after(before.nodes, change.nodes, change.gone)
            products[request.product] = InstalledProduct(before.id, nodes, before.version + 1)
    changed = {request.product for request in requests if request.installed is not None}
    shared = _shared(catalog, standing.shared, graph, changed, left, name)
    return Carried(tuple(graph.nodes.values()), {}, Standing(products, shared))


def _shared(
    catalog: Catalog,
    before: dict[str, InstalledShared],
    graph: OrderGraph,
    changed: Collection[str],
    left: Iterable[str],
    name: str,
) -> dict[str, InstalledShared]:
    """The shared services after the order: what was done to each, and who refers to it.

    `changed` are products whose lines say anew where they refer, `left` services that one of them has left.
    """
    after = dict(before)
    for key in dict.fromkeys((*graph.shared, *left)):
        stood = before.get(key)
        if stood is not None:
            specification, sharing_key = stood.specification, stood.sharing_key
        elif key in graph.shared:
            specification, sharing_key = graph.shared[key]
        else:
            continue
        done = [_grown(each) for each in graph.nodes.values() if each.shared and _root(each.key) == key]
        nodes, gone = shared_nodes(catalog, stood, done, key, sharing_key, key, name)
        referrers = {
            place: each.values
            for place, each in graph.contributions.get(key, {}).items()
            if each.owner and not each.owner.startswith(".")
        }
        known = stood.nodes[0].referrers if stood is not None else {}
        going = {place for place in known if place.partition("/")[0] in changed and place not in referrers}
        version = stood.version + 1 if stood is not None else 1
        empty = InstalledShared(specification, sharing_key, ())
        made = shared_after(stood or empty, key, nodes, gone, referrers, going, version)
        if made is None:
            after.pop(key, None)
        else:
            after[key] = made
    return after


def _referring(graph: OrderGraph, line: str) -> Iterable[Referring]:
    for key, asked in graph.contributions.items():
        for name, each in asked.items():
            if each.owner == line:
                specification, sharing_key = graph.shared[key]
                yield Referring(
                    name, each.parent, each.values, key, specification, sharing_key, ordinal_of(name)
                )


def _grown(node: GrownNode) -> Built:
    return as_built(node, node.parents[0] if node.parents else "", node, stands=True)


def _line(key: str) -> str:
    return key.rpartition(".")[0]


def _root(key: str) -> str:
    """The key of the shared node that a domain order is, or stands below."""
    return key[: key.index("~") + SHARED_DIGEST_LENGTH + 1]
