"""Growing one part of the graph from its root down: which relationships hold, how many, with which values.

One call is one pass. What a pass could not know because it stands elsewhere in the graph is read by the next one
(`catalog.graph.settling`), so a pass that comes to the same as the one before is the answer.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from catalog.graph.asking import Surroundings
from catalog.graph.frames import Condition, Edge, Frame, Values, frame_of
from catalog.graph.nodes import (
    SHARED,
    Node,
    Part,
    Referral,
    child_key,
    child_path,
    shared_key,
)
from catalog.graph.results import (
    CHOOSE_INSTANCES,
    QUANTITY_OUT_OF_RANGE,
    RULE_FAILED,
    UNKNOWN_VALUE,
    Awaited,
    HeldBack,
)
from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.refusals import QuantityOutOfRange
from catalog.rules.outcome import Error, Undetermined
from catalog.rules.rule import Wait
from catalog.tree import LINE_DOMAIN_ORDERS_MAX, creates_own_order, quantity_of, refuse_beyond_maximum

DEPTH_MAX: Final = 64
"""Nodes above each other in one line. Relationships may lead back to where they came from, under a condition."""


class Written(NamedTuple):
    """What mappings write into a part: values by path and name, and edges made or unmade by (path, edge)."""

    values: dict[str, Values]
    fallbacks: dict[str, Values]
    edges: dict[tuple[str, str], tuple[bool, str]]
    """Whether the edge is there, and the mapping that says so."""


NOTHING_WRITTEN: Final = Written({}, {}, {})


class Stood(NamedTuple):
    """What stands installed below a node by one edge: ordinals, and which of them are idle."""

    ordinals: tuple[int, ...]
    idle: frozenset[int]
    ids: dict[str, int]


class Told(msgspec.Struct, frozen=True):
    """What was said after the order came: values by full path, outcomes of single rules, by key."""

    values: dict[str, dict[str, Any]] = {}
    """By the path of a node, then by characteristic."""
    decided: dict[str, Any] = {}


class Pass:
    """One pass over one part."""

    def __init__(
        self,
        catalog: Catalog,
        request: LineRequest,
        surroundings: Surroundings,
        told: Told,
        written: Written,
        stood: Mapping[tuple[str, str], Stood],
        at_ms: int,
    ) -> None:
        self.catalog = catalog
        self.request = request
        self.surroundings = surroundings
        self.told = told
        self.written = written
        self.stood = stood
        self.at_ms = at_ms
        self.part = Part(request.line)

    def line(self, installed: Values | None = None) -> Part:
        """All of a line; `installed` are the values of the installed product that it modifies."""
        request = self.request
        root = root_frame(self.catalog, request)
        stated = {name: value for name, value in request.characteristics.items() if value is not None}
        own = creates_own_order(root.specification)
        for number in range(1, request.quantity + 1):
            path = root.specification.id if request.quantity == 1 else f"{root.specification.id}[{number}]"
            values = root.initial()
            values.update(installed or {})
            self._write(values, path)
            for name, value in stated.items():
                if name in root.names:
                    values[name] = int(value) if type(value) is float and name in root.integers else value
            if request.quantity > 1:
                self._say(values, root.specification.id)
            self._say(values, path)
            node = Node(f"{request.line}.{number}", path, root, request.line, values, orders=own, ordinal=number)
            if own and root.sharing is not None and self._shared(None, node, root, ""):
                continue
            self._take(node)
            self._below(node)
        return self.part

    def shared(self, key: str, path: str, frame: Frame, values: Values, sharing_key: str) -> Part:
        """A shared node with all below it."""
        self._write(values, path)
        self._say(values, path)
        node = Node(key, path, frame, SHARED, values, sharing_key=sharing_key)
        self._take(node)
        self._below(node)
        return self.part

    # -- values ---------------------------------------------------------------------------------------------------

    def _write(self, values: Values, path: str) -> None:
        written = self.written.values.get(path)
        if written:
            values.update(written)
        fallbacks = self.written.fallbacks.get(path)
        if fallbacks:
            for name, value in fallbacks.items():
                values.setdefault(name, value)

    def _say(self, values: Values, path: str) -> None:
        for name, value in self.told.values.get(path, {}).items():
            if value is None:
                values.pop(name, None)
            else:
                values[name] = value

    def _take(self, node: Node) -> None:
        self.part.add(node)
        if len(self.part.nodes) > LINE_DOMAIN_ORDERS_MAX:
            refuse_beyond_maximum(len(self.part.nodes), self.part.nodes[0].specification)

    # -- structure ------------------------------------------------------------------------------------------------

    def _below(self, node: Node) -> None:
        edges = node.frame.edges
        if edges and sum(1 for _ in node.above()) > DEPTH_MAX:
            raise QuantityOutOfRange(f"{node.path} stands deeper than {DEPTH_MAX} levels")
        for edge in edges:
            valid = edge.relationship.valid_for
            if valid is not None and not valid.covers(self.at_ms):
                continue
            rule = self._included(node, edge)
            if rule is not None:
                self._instances(node, edge, rule)

    def _instances(self, node: Node, edge: Edge, rule: str) -> None:
        frame = frame_of(self.catalog, edge.target, node.frame.action, node.frame.intent)
        for ordinal in self._ordinals(node, edge, forced=rule.startswith("mapping ")):
            path = child_path(node, edge, ordinal)
            values = frame.initial()
            above = node.values
            for target, source in edge.flows:
                if source in above:
                    values[target] = above[source]
            self._write(values, path)
            self._say(values, path)
            child = Node(
                child_key(node, edge, ordinal),
                path,
                frame,
                node.line,
                values,
                parent=node,
                edge=edge,
                ordinal=ordinal,
                rule=rule,
            )
            if frame.sharing is not None and self._shared(node, child, frame, edge.id):
                continue
            self._take(child)
            self._below(child)

    def _shared(self, parent: Node | None, child: Node, frame: Frame, edge: str) -> bool:
        """Refer to the shared node instead of growing one, or wait for its key. True unless it is shared with none."""
        assert frame.sharing is not None
        above = parent or child
        outcome = self.surroundings.ask(self.part, child, frame.sharing)
        if type(outcome) is Undetermined or type(outcome) is Error:
            key = f"{child.key}|{edge}|sharing"
            self._hold(key, above, child.specification, child.relationship, "sharing key", frame.sharing.text, outcome)
            return True
        key = shared_key(child.specification, outcome)
        self.part.referrals.append(Referral(child.path, parent, child, key, outcome, child.values, child.rule))
        return True

    def _included(self, node: Node, edge: Edge) -> str | None:
        """The name of the rules by which the edge is there ("" where none was asked), None where it is not."""
        key = f"{node.key}|{edge.id}"
        if self.told.decided.get(key) is False:
            return None
        made = self.written.edges.get((node.path, edge.id))
        if made is not None:
            return f"mapping {made[1]}" if made[0] else None
        if not edge.conditions:
            return ""
        inclusions: list[str] = []
        waiting: list[tuple[Condition, Undetermined]] = []
        failed: tuple[Condition, Error] | None = None
        undecided = False
        includes = False
        for condition in edge.conditions:
            outcome = self.told.decided.get(f"{key}|{condition.rule.id}")
            if outcome is None:
                outcome = self._decide(node, condition)
            if condition.includes:
                includes = True
                if outcome is True:
                    inclusions.append(condition.rule.id)
            elif outcome is True:
                return None
            if type(outcome) is Undetermined:
                waiting.append((condition, outcome))
                undecided |= not condition.includes
            elif type(outcome) is Error:
                failed = failed or (condition, outcome)
        if inclusions or not includes:
            # One inclusion is enough; of the exclusions every one must be known not to hold.
            waiting = [each for each in waiting if not each[0].includes]
            if failed is not None and failed[0].includes:
                failed = None
        if failed is None and not waiting:
            return ", ".join(inclusions) if inclusions or not includes else None
        names = ", ".join(each.rule.id for each, _ in waiting) if failed is None else failed[0].rule.id
        text = " ; ".join(each.question.text for each, _ in waiting) if failed is None else failed[0].question.text
        outcome = failed[1] if failed is not None else _together([each for _, each in waiting])
        waits = [(f"{key}|{each.rule.id}", each.rule.wait) for each, _ in waiting if each.rule.wait is not None]
        self._hold(key, node, edge.target, edge.relationship.type, names, text, outcome, waits)
        return None

    def _decide(self, node: Node, condition: Condition) -> Any:
        outcome = self.surroundings.ask(self.part, node, condition.question)
        if type(outcome) in (bool, Undetermined, Error):
            return outcome
        return Error(f"`{condition.question.text}`: a condition must be true or false, not {outcome!r}")

    def _ordinals(self, node: Node, edge: Edge, *, forced: bool) -> tuple[int, ...]:
        """Which instances there are. The ones that stand keep their numbers; new ones go on after the highest."""
        try:
            count = quantity_of(node.frame.specification, edge.relationship, node.values)
        except QuantityOutOfRange as refusal:
            key = f"{node.key}|{edge.id}"
            self._hold(
                key, node, edge.target, edge.relationship.type, "quantity", "", Error(refusal.message),
                code=QUANTITY_OUT_OF_RANGE, awaits="requester",
            )
            return ()
        if forced and count == 0:
            count = max(1, edge.relationship.minimum_quantity)
        stood = self.stood.get((node.path, edge.id))
        if stood is None or not stood.ordinals:
            return tuple(range(1, count + 1))
        if count >= len(stood.ordinals):
            first = max(stood.ordinals) + 1
            return (*stood.ordinals, *range(first, first + count - len(stood.ordinals)))
        going = self._going(node, edge, stood, len(stood.ordinals) - count)
        return tuple(ordinal for ordinal in stood.ordinals if ordinal not in going)

    def _going(self, node: Node, edge: Edge, stood: Stood, count: int) -> frozenset[int]:
        """Which instances go when there are fewer: the ones named in the line, else by the catalog's rule, else asked."""
        path = f"{node.path}.{edge.step}.remove"
        named = self.told.values.get(f"{node.path}.{edge.step}", {}).get("remove")
        chosen = {stood.ids.get(each, each) for each in (*self.request.removed, *(named or ()))}
        going = [ordinal for ordinal in stood.ordinals if ordinal in chosen][:count]
        left = [ordinal for ordinal in reversed(stood.ordinals) if ordinal not in going]
        lacking = count - len(going)
        if lacking and edge.relationship.when_shrinking == "ask":
            self._hold(
                f"{node.key}|{edge.id}|remove", node, edge.target, edge.relationship.type, "quantity", "",
                Undetermined((path,)), code=CHOOSE_INSTANCES,
                sentence=f"{lacking} of the {len(stood.ordinals)} {edge.target} below {node.path} must go: "
                f"name them in {path}",
            )  # fmt: skip
            return frozenset(going)
        if edge.relationship.when_shrinking == "idleFirst":
            left.sort(key=lambda ordinal: ordinal not in stood.idle)
        return frozenset((*going, *left[:lacking]))

    # -- waiting --------------------------------------------------------------------------------------------------

    def _hold(
        self,
        key: str,
        node: Node,
        target: str,
        relationship: str,
        rule: str,
        text: str,
        outcome: Any,
        waits: list[tuple[str, Wait]] | None = None,
        *,
        code: str = "",
        sentence: str = "",
        awaits: Awaited | None = None,
    ) -> None:
        self.part.held[key] = held_back(
            self.part, key, node, target, relationship, rule, text, outcome, waits or [],
            code=code, sentence=sentence, awaits=awaits,
        )  # fmt: skip


def held_back(
    part: Part,
    key: str,
    node: Node,
    target: str,
    relationship: str,
    rule: str,
    text: str,
    outcome: Undetermined | Error,
    waits: list[tuple[str, Wait]],
    *,
    code: str = "",
    sentence: str = "",
    awaits: Awaited | None = None,
) -> HeldBack:
    """What waits at a node, or cannot be decided there."""
    if type(outcome) is Error:
        missing: tuple[str, ...] = ()
        code = code or RULE_FAILED
        sentence = sentence or (
            f"{node.path} {relationship} {target}: rule {rule} cannot be evaluated: {outcome.sentence}"
            if code == RULE_FAILED
            else f"{node.path} {relationship} {target}: {outcome.sentence}"
        )
        awaits = awaits or "operator"
    else:
        missing = tuple(sorted(outcome.missing))
        code = code or UNKNOWN_VALUE
        sentence = sentence or (
            f"{node.path} {relationship} {target} waits by rule {rule} for {', '.join(missing)}"
        )
        awaits = awaits or "requester"
    due = min(waits, key=lambda each: each[1].deadline_ms, default=None)
    return HeldBack(
        key,
        node.domain_order() or part.line,
        node.path,
        relationship,
        target,
        rule,
        text,
        missing,
        code,
        sentence,
        awaits,
        "",
        due[1].deadline_ms if due is not None else 0,
        due[1].reaction if due is not None else "",
        [due[0], due[1].default] if due is not None and due[1].reaction == "default" else None,
    )


def _together(outcomes: list[Undetermined]) -> Undetermined:
    return Undetermined(tuple(dict.fromkeys(path for each in outcomes for path in each.missing)))
