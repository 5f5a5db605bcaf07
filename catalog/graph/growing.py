"""Growing one part of the graph from its root down: which relationships hold, how many, with which values.

One call is one pass. What a pass could not know because it stands elsewhere in the graph is read by the next one
(`catalog.graph.settling`), so a pass that comes to the same as the one before is the answer.
"""

from collections.abc import Container, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from catalog.graph.asking import Surroundings
from catalog.graph.frames import Condition, Edge, Frame, Values, frame_of
from catalog.graph.holding import held_back, together
from catalog.graph.instances import ROOTS_SHRINK, standing
from catalog.graph.nodes import (
    SHARED,
    Node,
    Part,
    Referral,
    child_key,
    child_path,
    shared_key,
    shared_text,
)
from catalog.graph.picture import Picture
from catalog.graph.results import CHOOSE_INSTANCES, QUANTITY_OUT_OF_RANGE, UNKNOWN_VALUE
from catalog.installed import InstalledNode
from catalog.lines import Awaited, LineRequest
from catalog.model import Catalog
from catalog.refusals import QuantityOutOfRange
from catalog.rules.outcome import Error, Undetermined
from catalog.rules.rule import Wait
from catalog.tree import (
    LINE_DOMAIN_ORDERS_MAX,
    counted_quantity,
    creates_own_order,
    refuse_beyond_maximum,
    root_of,
)

DEPTH_MAX: Final = 64
"""Nodes above each other in one line. Relationships may lead back to where they came from, under a condition."""


class Written(NamedTuple):
    """What mappings write into a part: values by path and name, and edges made or unmade by (path, edge)."""

    values: dict[str, Values]
    fallbacks: dict[str, Values]
    edges: dict[tuple[str, str], tuple[bool, str]]
    """Whether the edge is there, and the mapping that says so."""


NOTHING_WRITTEN: Final = Written({}, {}, {})


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
        picture: Picture,
        at_ms: int,
        known: Container[str] = (),
    ) -> None:
        self.catalog = catalog
        self.request = request
        self.surroundings = surroundings
        self.told = told
        self.written = written
        self.picture = picture
        self.at_ms = at_ms
        self.known = known
        """The keys of shared nodes that the order has by now."""
        self.part = Part(request.line)
        self.gone: list[str | int] = []
        """Numbers and ids of the installed instances that go because there are to be fewer."""

    def line(self) -> Part:
        """All of a line."""
        request = self.request
        root = root_frame(self.catalog, request)
        stated = {name: value for name, value in request.characteristics.items() if value is not None}
        own = creates_own_order(root.specification)
        stood = dict(sorted(self.picture.roots.items()))
        numbers = standing(stood, request.quantity, request.removed, ROOTS_SHRINK).numbers
        self._gone(stood, numbers)
        for number in numbers:
            alone = request.quantity == number == 1
            path = root.specification.id if alone else f"{root.specification.id}[{number}]"
            installed = self.picture.root(number)
            # One more of what is installed begins as the others are.
            values = self._begun(root, installed or self.picture.first_root())
            self._write(values, path)
            for name, value in stated.items():
                if name in root.names:
                    values[name] = int(value) if type(value) is float and name in root.integers else value
            if not alone:
                self._say(values, root.specification.id)
            self._say(values, path)
            node = Node(
                f"{request.line}.{number}",
                path,
                root,
                request.line,
                values,
                orders=own,
                ordinal=number,
                installed=installed,
            )
            if own and root.sharing is not None and self._shared(None, node, root, ""):
                continue
            self._take(node)
            self._below(node)
        self.part.unmet = self._unmet()
        return self.part

    def shared(self, key: str, path: str, frame: Frame, values: Values, sharing_key: str) -> Part:
        """A shared node with all below it."""
        self._write(values, path)
        self._say(values, path)
        installed = self.picture.root(1)
        node = Node(key, path, frame, SHARED, values, sharing_key=sharing_key, installed=installed)
        self._take(node)
        self._below(node)
        return self.part

    # -- values ---------------------------------------------------------------------------------------------------

    def _begun(self, frame: Frame, installed: InstalledNode | None) -> Values:
        """What stands, or the defaults of what is new; a change of what nobody knows has neither."""
        if installed is not None:
            return dict(installed.characteristics)
        return frame.initial() if frame.action == "add" or self.picture.nodes else {}

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
            elif edge.relationship.minimum_quantity:
                self._below_minimum(node, edge)

    def _below_minimum(self, node: Node, edge: Edge) -> None:
        """None are there by the rules, where some must be."""
        key, relationship = f"{node.key}|{edge.id}", edge.relationship
        if key not in self.part.held and key not in self.told.decided:
            missing = Error(f"the rules leave none, at least {relationship.minimum_quantity} are needed")
            self._hold(
                key, node, edge.target, relationship.type, "quantity", "", missing,
                code=QUANTITY_OUT_OF_RANGE, awaits="requester",
            )  # fmt: skip

    def _instances(self, node: Node, edge: Edge, rule: str) -> None:
        frame = frame_of(self.catalog, edge.target, node.frame.action, node.frame.intent)
        for ordinal in self._ordinals(node, edge, forced=rule.startswith("mapping ")):
            path = child_path(node, edge, ordinal)
            installed = self.picture.child(node.installed, edge.id, ordinal)
            values = self._begun(frame, installed)
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
                installed=installed,
            )
            if frame.sharing is not None and self._shared(node, child, frame, edge.id):
                continue
            self._take(child)
            self._below(child)

    def _shared(self, parent: Node | None, child: Node, frame: Frame, edge: str) -> bool:
        """Refer to the shared node instead of growing one, or wait for its key. True unless it is shared with none."""
        assert frame.sharing is not None
        above = parent or child
        held = f"{child.key}|{edge}|sharing"
        outcome = self.surroundings.ask(self.part, child, frame.sharing)
        if type(outcome) is Undetermined or type(outcome) is Error:
            if self.told.decided.get(held) is not False:
                wait = frame.specification.wait
                self._hold(
                    held,
                    above,
                    child.specification,
                    child.relationship,
                    "sharing key",
                    frame.sharing.text,
                    outcome,
                    [(held, wait)] if wait is not None else [],
                )
            return True
        key = shared_key(child.specification, shared_text(outcome))
        if self.known and type(outcome) is not str:
            # An order that grew before it went by text named it by its value.
            former = shared_key(child.specification, outcome)
            key = former if former in self.known else key
        self.part.referrals.append(
            Referral(child.path, parent, child, key, outcome, child.values, child.rule)
        )
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
        return self._ruled(node, edge, key)

    def _ruled(self, node: Node, edge: Edge, key: str) -> str | None:
        """There if one inclusion holds (or there is none) and no exclusion does, whatever else is unknown or wrong."""
        holding: list[str] = []
        open_ones: list[tuple[Condition, Undetermined | Error]] = []
        for condition in edge.conditions:
            outcome = self.told.decided.get(f"{key}|{condition.rule.id}")
            if outcome is None:
                outcome = self._decide(node, condition)
            if outcome is True and not condition.includes:
                return None
            if outcome is True:
                holding.append(condition.rule.id)
            elif outcome is not False:
                open_ones.append((condition, outcome))
        inclusive = any(condition.includes for condition in edge.conditions)
        if holding or not inclusive:
            open_ones = [each for each in open_ones if not each[0].includes]
        elif not any(condition.includes for condition, _ in open_ones):
            return None
        if not open_ones:
            return ", ".join(holding)
        failed = [each for each in open_ones if isinstance(each[1], Error)]
        open_ones = failed[:1] or open_ones
        unknown = [outcome for _, outcome in open_ones if isinstance(outcome, Undetermined)]
        self._hold(
            key,
            node,
            edge.target,
            edge.relationship.type,
            ", ".join(condition.rule.id for condition, _ in open_ones),
            " ; ".join(condition.question.text for condition, _ in open_ones),
            failed[0][1] if failed else together(unknown),
            [
                (f"{key}|{each.rule.id}", each.rule.wait)
                for each, _ in open_ones
                if each.rule.wait is not None
            ],
        )
        return None

    def _decide(self, node: Node, condition: Condition) -> Any:
        outcome = self.surroundings.ask(self.part, node, condition.question)
        if type(outcome) in (bool, Undetermined, Error):
            return outcome
        return Error(f"`{condition.question.text}`: a condition must be true or false, not {outcome!r}")

    def _ordinals(self, node: Node, edge: Edge, *, forced: bool) -> tuple[int, ...]:
        """Which instances there are. The ones that stand keep their numbers; new ones go on after the highest."""
        try:
            count = edge.relationship.default_quantity
            if edge.relationship.quantity_characteristic is not None:
                count = counted_quantity(node.frame.specification, edge.relationship, node.values)
        except QuantityOutOfRange as refusal:
            key = f"{node.key}|{edge.id}"
            self._hold(
                key,
                node,
                edge.target,
                edge.relationship.type,
                "quantity",
                "",
                Error(refusal.message),
                code=QUANTITY_OUT_OF_RANGE,
                awaits="requester",
            )
            return ()
        if forced and count == 0:
            count = max(1, edge.relationship.minimum_quantity)
        return self._standing(node, edge, count)

    def _standing(self, node: Node, edge: Edge, count: int) -> tuple[int, ...]:
        """So many of them: of those too many the line names who goes, else the catalog's rule, else a person."""
        stood = self.picture.below(node.installed, edge.id)
        path = f"{node.path}.{edge.step}"
        named = (*self.request.removed, *(self.told.values.get(path, {}).get("remove") or ()))
        found = standing(stood, count, named, edge.relationship.when_shrinking)
        self._gone(stood, found.numbers)
        if found.unnamed and self.told.decided.get(f"{node.key}|{edge.id}|remove") is not False:
            self._hold(
                f"{node.key}|{edge.id}|remove", node, edge.target, edge.relationship.type, "quantity", "",
                Undetermined((f"{path}.remove",)), code=CHOOSE_INSTANCES,
                sentence=f"{found.unnamed} of the {len(stood)} {edge.target} below {node.path} must go: "
                f"name them in {path}.remove",
            )  # fmt: skip
        return found.numbers

    def _gone(self, stood: Mapping[int, InstalledNode], numbers: tuple[int, ...]) -> None:
        self.gone += [name for n, each in stood.items() if n not in numbers for name in (n, each.id)]

    def _unmet(self) -> str:
        """What the line names to go must be among what goes: nothing else is taken in its place."""
        left = ", ".join(str(each) for each in self.request.removed if each not in self.gone)
        if not left or any(held.code == UNKNOWN_VALUE for held in self.part.held.values()):
            return ""
        return f"the line names {left} to go, which is not among what its change takes away"

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


def root_frame(catalog: Catalog, request: LineRequest) -> Frame:
    """Where a line begins; raises what `catalog.tree.root_of` raises."""
    root = root_of(catalog, request.offering, request.specification)
    if root is catalog.specifications.get(root.id):
        return frame_of(catalog, root.id, request.action, request.intent)
    # An offering that narrows its specification starts from a root of its own.
    key = ("frame", id(root), request.action, request.intent)
    frame: Frame | None = catalog.compiled.get(key)
    if frame is None:
        frame = catalog.compiled[key] = Frame(catalog, root, request.action, request.intent)
    return frame
