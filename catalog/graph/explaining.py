"""Why rules made what they made, and why they made nothing else: relationship by relationship.

Beside decomposition, never inside it: the settled graph is walked, and each rule asked once more what it says there.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from catalog.graph.asking import Surroundings
from catalog.graph.frames import Edge
from catalog.graph.lines import put_together
from catalog.graph.nodes import Node, Part
from catalog.graph.results import RULE_FAILED, Drift, OrderGraph, Unchanged
from catalog.graph.settled import Settled
from catalog.graph.settling import Order
from catalog.lines import HeldBack, Reason
from catalog.model import Relationship
from catalog.tree import ORDERED


class Explained(msgspec.Struct, frozen=True):
    """What can be said of some lines: reasons by line (under "" for what is shared), and what was left alone."""

    reasons: dict[str, tuple[Reason, ...]]
    drift: tuple[Drift, ...]
    unchanged: tuple[Unchanged, ...]


def reasons(order: Order, lines: Iterable[str]) -> dict[str, tuple[Reason, ...]]:
    """For each relationship met, what came of it and why: by line, and under "" for what is shared."""
    return explained(order, lines).reasons


def explained(order: Order, lines: Iterable[str]) -> Explained:
    """The reasons, and what of the installed products drifted or stays as it is."""
    lines = tuple(lines)
    settled = Settled(order, lines)
    graph = put_together(settled)
    found: dict[str, list[Reason]] = {line: [] for line in lines}
    for part in settled.wish.parts.values():
        walk = _Walk(settled, graph, part)
        found.setdefault(part.line, []).extend(walk.reasons())
    for line in settled.deleting:
        found[line] = [
            Reason(
                line,
                node.specification,
                node.relationship,
                node.specification,
                True,
                "installed",
                {"installed": node.installed, "rule": node.rule},
                (node.key,),
                f"{node.path}: it is installed, and a delete follows what is installed, never the rules",
                "created",
            )
            for node in graph.nodes.values()
            if line in node.referrers and node.action == "delete"
        ]
    for line, held in graph.held_back.items():
        found[line] += [_held(each) for each in held if not _met(each, found[line], found.get("", []))]
    said = {line: tuple(each) for line, each in found.items()}
    return Explained(said, graph.drift, graph.unchanged)


class _Walk:
    def __init__(self, settled: Settled, graph: OrderGraph, part: Part) -> None:
        self.settled = settled
        self.surroundings: Surroundings = settled.wish.surroundings
        self.part = part
        self.nodes = graph.nodes
        self.children: dict[tuple[str, str], list[Node]] = {}
        for node in part.nodes:
            if node.parent is not None and node.edge is not None:
                self.children.setdefault((node.parent.key, node.edge.id), []).append(node)
        self.referred: dict[tuple[str, str], list[str]] = {}
        for each in part.referrals:
            if each.parent is not None and each.child.edge is not None:
                self.referred.setdefault((each.parent.key, each.child.edge.id), []).append(each.shared)

    def reasons(self) -> list[Reason]:
        found = [self._root(node) for node in self.part.roots]
        for node in self.part.nodes:
            by_position = {edge.position: edge for edge in node.frame.edges}
            for position, relationship in enumerate(node.frame.specification.relationships, start=1):
                edge = by_position.get(position)
                found.append(self._structure(node, relationship) if edge is None else self._edge(node, edge))
        return found

    def _root(self, node: Node) -> Reason:
        parent = self.part.line or node.key
        kind = node.frame.specification.kind
        if not node.orders:
            sentence = (
                f"{node.specification} is sold, not worked on: "
                "it has no `orders: true`, so only what is below it is created"
            )
            return Reason(
                parent, node.specification, ORDERED, node.specification, False,
                "product-without-order", {}, (), sentence, "notCreated",
            )  # fmt: skip
        if node.sharing_key:
            made = self.nodes.get(node.key)
            lines = ", ".join(made.referrers) if made is not None else ""
            sentence = f"{node.path}: shared by its key {node.sharing_key!r}, for line(s) {lines}"
            rule, inputs = "sharing-key", {"sharingKey": node.sharing_key}
        else:
            sentence = f"the line names {node.specification} itself: a {kind} order for it"
            rule, inputs = "line-specification", {}
        keys = (node.key,) if node.key in self.nodes else ()
        outcome = "created" if keys else "unchanged"
        return Reason(
            parent,
            node.specification,
            ORDERED,
            node.specification,
            bool(keys),
            rule,
            inputs,
            keys,
            sentence,
            outcome,
        )

    @staticmethod
    def _structure(node: Node, relationship: Relationship) -> Reason:
        sentence = (
            f"{node.path} {relationship.type} {relationship.target}: "
            "Composed of describes structure and creates no domain order"
        )
        return Reason(
            node.key, node.specification, relationship.type, relationship.target, False,
            "composed-of", {}, (), sentence, "notCreated",
        )  # fmt: skip

    def _edge(self, node: Node, edge: Edge) -> Reason:
        relationship = edge.relationship
        parent = node.domain_order() or self.part.line
        name = f"{node.path} {relationship.type} {relationship.target}"
        held = self.part.held.get(f"{node.key}|{edge.id}")
        if held is not None:
            return _held(held, self._inputs(node, edge))
        there = self.children.get((node.key, edge.id), [])
        keys = [each.key for each in there if each.key in self.nodes]
        shared = self.referred.get((node.key, edge.id), [])
        keys += [key for key in shared if key in self.nodes]
        count = len(there) + len(shared)
        rule, inputs, why = self._why(node, edge, count, there)
        outcome = "created" if keys else "unchanged" if count else "notCreated"
        actions = sorted({self.nodes[key].action for key in keys})
        done = f"; {len(keys)} domain order(s) to {' and '.join(actions)}" if keys else ""
        stands = "; it stands and stays as it is" if outcome == "unchanged" else ""
        return Reason(
            parent, node.specification, relationship.type, relationship.target, bool(keys),
            rule, inputs, tuple(keys), f"{name}: {why}{done}{stands}", outcome,
        )  # fmt: skip

    def _why(self, node: Node, edge: Edge, count: int, there: list[Node]) -> tuple[str, dict[str, Any], str]:
        relationship = edge.relationship
        inputs = self._inputs(node, edge)
        written = self.settled.wish.written.get(self.part.line or self.part.roots[0].key)
        made = written.edges.get((node.path, edge.id)) if written is not None else None
        if made is not None:
            return made[1], inputs, f"mapping {made[1]} says that it is {'there' if made[0] else 'not there'}"
        decided = self.settled.order.told.get(self.part.line)
        if decided is not None and decided.decided.get(f"{node.key}|{edge.id}") is False:
            return "decided", inputs, "somebody decided that it is left out"
        quantity = relationship.quantity_characteristic
        if quantity is not None and node.values.get(quantity) is not None:
            inputs[f"{node.path}.{quantity}"] = node.values[quantity]
        if count:
            rule = there[0].rule if there else ""
            if rule:
                return rule, inputs, f"rule {rule} holds"
            if quantity is not None:
                return "quantity-characteristic", inputs, f"{quantity} is {count}"
            said = "no exclusion holds" if edge.conditions else f"the default quantity is {count}"
            return ("exclusions" if edge.conditions else "default-quantity"), inputs, said
        holding = [each for each in edge.conditions if self._outcome(node, edge, each) is True]
        against = [each.rule.id for each in holding if not each.includes]
        if against:
            return against[0], inputs, f"exclusion {against[0]} holds: {self._text(edge, against[0])}"
        lacking = [each.rule.id for each in edge.conditions if each.includes]
        if lacking and not holding:
            names = ", ".join(f"{each} ({self._text(edge, each)})" for each in lacking)
            return lacking[0], inputs, f"no inclusion holds: {names}"
        valid = relationship.valid_for
        if valid is not None and not valid.covers(self.settled.order.at_ms):
            return "valid-for", inputs, "the relationship is not valid at the order's date"
        return "default-quantity", inputs, "the quantity is 0, so none is created"

    def _outcome(self, node: Node, edge: Edge, condition: Any) -> Any:
        told = self.settled.order.told.get(self.part.line)
        key = f"{node.key}|{edge.id}|{condition.rule.id}"
        if told is not None and key in told.decided:
            return told.decided[key]
        return self.surroundings.ask(self.part, node, condition.question)

    def _inputs(self, node: Node, edge: Edge) -> dict[str, Any]:
        inputs: dict[str, Any] = {}
        for condition in edge.conditions:
            inputs.update(self.surroundings.inputs(self.part, node, condition.question))
        return inputs

    @staticmethod
    def _text(edge: Edge, rule: str) -> str:
        return next(f"`{each.question.text}`" for each in edge.conditions if each.rule.id == rule)


def _held(held: HeldBack, inputs: dict[str, Any] | None = None) -> Reason:
    return Reason(
        held.parent,
        held.path,
        held.relationship,
        held.target,
        False,
        held.rule or held.code,
        inputs or {},
        (),
        held.sentence,
        "failed" if held.code == RULE_FAILED or not held.missing else "waits",
        held.missing,
    )


def _met(held: HeldBack, *found: list[Reason]) -> bool:
    return any(reason.sentence == held.sentence for each in found for reason in each)
