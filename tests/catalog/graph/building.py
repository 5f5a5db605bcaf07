"""Small catalogs with rules, written as values."""

from typing import Any

from catalog.graph.growing import Told
from catalog.graph.lines import grow
from catalog.graph.results import OrderGraph
from catalog.graph.settling import Order
from catalog.installed import InstalledNode, InstalledProduct
from catalog.lines import LineRequest
from catalog.model import (
    Catalog,
    CharacteristicSpecification,
    Kind,
    ProductOffering,
    Relationship,
    Specification,
    TaskTemplate,
    catalog_of,
)
from catalog.rules.rule import AttributeMapping, Rule, Wait

KINDS: dict[str, Kind] = {"p": "product", "s": "service", "r": "resource"}


def string(*names: str, **more: Any) -> tuple[CharacteristicSpecification, ...]:
    return tuple(CharacteristicSpecification(name, "string", **more) for name in names)


def integer(*names: str, **more: Any) -> tuple[CharacteristicSpecification, ...]:
    return tuple(CharacteristicSpecification(name, "integer", **more) for name in names)


def boolean(*names: str, **more: Any) -> tuple[CharacteristicSpecification, ...]:
    return tuple(CharacteristicSpecification(name, "boolean", **more) for name in names)


def task(name: str, **more: Any) -> TaskTemplate:
    return TaskTemplate(name, "target", 1_000, 30_000, **more)


def plans(*actions: str) -> dict[str, tuple[TaskTemplate, ...]]:
    return {action: (task(action),) for action in actions or ("add", "modify", "delete")}


def specification(
    id_: str,
    characteristics: tuple[CharacteristicSpecification, ...] = (),
    relationships: tuple[Relationship, ...] = (),
    **more: Any,
) -> Specification:
    """Its kind is the first letter of its id; but for products it has a task for every action."""
    kind = KINDS[id_[0]]
    more.setdefault("plans", {} if kind == "product" else plans())
    return Specification(id_, kind, id_, characteristics=characteristics, relationships=relationships, **more)


def realized(target: str, *rules: Rule, **more: Any) -> Relationship:
    return Relationship("Realized as", target, rules=rules, **more)


def requires(target: str, *rules: Rule, **more: Any) -> Relationship:
    return Relationship("Requires", target, rules=rules, **more)


def include(condition: str, id_: str = "when", wait: Wait | None = None, **more: Any) -> Rule:
    return Rule(id_, "include", condition, wait=wait, **more)


def exclude(condition: str, id_: str = "unless", wait: Wait | None = None, **more: Any) -> Rule:
    return Rule(id_, "exclude", condition, wait=wait, **more)


def copies(id_: str, value: str, target: str, name: str, **more: Any) -> AttributeMapping:
    return AttributeMapping(id_, more.pop("action", "copy"), target, name, value, **more)


def catalog(*specifications: Specification, version: str = "1") -> Catalog:
    """A catalog in which every product specification is sold under its own name."""
    offerings = tuple(
        ProductOffering(each.id, each.id, each.id) for each in specifications if each.kind == "product"
    )
    return catalog_of("test", version, offerings, specifications)


def line(id_: str, offering: str, action: str = "add", **more: Any) -> LineRequest:
    return LineRequest(id_, action, offering, **more)


def grown(made: Catalog, *lines: LineRequest, told: dict[str, Told] | None = None, **more: Any) -> OrderGraph:
    return grow(Order(made, {each.line: each for each in lines}, told or {}, **more), [x.line for x in lines])


def told(line_: str, values: dict[str, Any] | None = None, **decided: Any) -> dict[str, Told]:
    by_path: dict[str, dict[str, Any]] = {}
    for path, value in (values or {}).items():
        place, _, name = path.rpartition(".")
        by_path.setdefault(place, {})[name] = value
    return {line_: Told(by_path, decided)}


def shown(graph: OrderGraph) -> dict[str, str]:
    """Action and specification of every domain order by its path."""
    return {node.path: f"{node.action} {node.specification}" for node in graph.nodes.values()}


def held(graph: OrderGraph, line_: str) -> dict[str, tuple[str, ...]]:
    """What is missing, by the path and target that wait."""
    return {f"{each.path} > {each.target}": each.missing for each in graph.held_back[line_]}


def needs(graph: OrderGraph) -> dict[str, list[str]]:
    """The paths whose work a domain order's tasks wait for."""
    return {
        graph.nodes[each.domain_order].path: [
            graph.nodes[next(t.domain_order for t in graph.tasks if t.key == need)].path
            for need in each.needs
        ]
        for each in graph.tasks
    }


def installed(made: Catalog, product: str, graph: OrderGraph, line_: str) -> InstalledProduct:
    """The picture of what one line built, shared nodes by what the line asks of them."""
    root = made.specifications[made.offerings[product].product_specification]
    ids = {node.key: f"{product}/{node.key}" for node in graph.nodes.values()}
    nodes = [InstalledNode(product, root.id, root.kind, version=root.version, catalog=made.version)]
    for node in graph.nodes.values():
        if line_ not in node.referrers or node.shared:
            continue
        above = next((ids[each] for each in node.parents), product)
        nodes.append(
            InstalledNode(
                ids[node.key],
                node.specification,
                node.kind,
                above,
                node.edge,
                node.ordinal,
                node.characteristics,
                catalog=made.version,
                rule=node.rule,
            )
        )
    return InstalledProduct(product, tuple(nodes))
