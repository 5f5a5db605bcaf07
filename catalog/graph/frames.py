"""Specifications compiled for decomposition with rules: once per catalog version, whatever lines they stand in."""

from copy import deepcopy
from typing import Any

from catalog.model import ORDERING_TYPES, Catalog, Relationship, Specification
from catalog.rules.expression import Expression
from catalog.rules.rule import WRITING_ACTIONS, AttributeMapping, Rule
from catalog.rules.vocabulary import SCOPES, rule_expression
from catalog.tree import default_values, flows_of

Values = dict[str, Any]


class Question:
    """An expression of a specification, with what must be looked up to answer it.

    `elsewhere` are the other specifications that it reads, `scopes` says whether it reads the line or the order.
    """

    __slots__ = ("elsewhere", "expression", "holder", "scopes", "text")

    def __init__(self, holder: str, expression: Expression) -> None:
        self.holder = holder
        self.expression = expression
        self.text = expression.text
        firsts = dict.fromkeys(path[0] for path in expression.paths)
        self.elsewhere = tuple(each for each in firsts if each != holder and each not in SCOPES)
        self.scopes = any(each in SCOPES for each in firsts)


class Condition:
    """An inclusion or exclusion, compiled."""

    __slots__ = ("includes", "question", "rule")

    def __init__(self, rule: Rule, question: Question) -> None:
        self.rule = rule
        self.question = question
        self.includes = rule.effect == "include"


class Edge:
    """A relationship that creates domain orders, compiled for one action.

    `id` is its type and target, numbered where the source has several of them, `step` the same for paths. `plural`
    says that it can have several instances, so that paths number them.
    """

    __slots__ = ("conditions", "flows", "id", "plural", "position", "relationship", "step", "target")

    def __init__(self, source: "Frame", relationship: Relationship, position: int, number: int) -> None:
        many = f"#{number}" if number > 1 else ""
        self.relationship = relationship
        self.position = position
        self.target = relationship.target
        self.id = f"{relationship.type} {relationship.target}{many}"
        self.step = f"{relationship.target}{many}"
        self.plural = relationship.quantity_characteristic is not None or relationship.default_quantity > 1
        self.flows = flows_of(source.specification, relationship, source.catalog.specifications[self.target])
        self.conditions = tuple(
            Condition(rule, source.question(rule.condition))
            for rule in relationship.rules
            if rule.applies_to(source.action, source.intent)
        )


class Mapping:
    """An attribute mapping, compiled.

    `needed`: its target must have a value, or its wait says what to write in the end, so that not knowing it is a
    wait. Else what is not known does not flow yet, and only who reads the target waits.
    """

    __slots__ = ("condition", "mapping", "needed", "value", "writes")

    def __init__(self, holder: "Frame", mapping: AttributeMapping) -> None:
        self.mapping = mapping
        self.condition = holder.question(mapping.condition) if mapping.condition is not None else None
        self.value = holder.question(mapping.value) if mapping.value is not None else None
        self.writes = mapping.action in WRITING_ACTIONS
        target = holder.catalog.specifications[mapping.target]
        self.needed = (mapping.wait is not None and mapping.wait.reaction == "default") or any(
            each.mandatory for each in target.characteristics if each.name == mapping.target_characteristic
        )


class Frame:
    """One specification for one action and intent."""

    __slots__ = (
        "action",
        "catalog",
        "combinations",
        "defaults",
        "edges",
        "fresh_defaults",
        "integers",
        "intent",
        "mappings",
        "names",
        "sharing",
        "specification",
    )

    def __init__(
        self, catalog: Catalog, specification: Specification, action: str, intent: str | None
    ) -> None:
        self.catalog = catalog
        self.specification = specification
        self.action = action
        self.intent = intent
        self.defaults = default_values(specification)
        self.fresh_defaults = any(isinstance(value, dict | list) for value in self.defaults.values())
        self.names = frozenset(each.name for each in specification.characteristics)
        self.integers = frozenset(
            each.name for each in specification.characteristics if each.value_type == "integer"
        )
        self.combinations = {each.name: each.combine for each in specification.characteristics}
        self.sharing = (
            self.question(specification.sharing_key) if specification.sharing_key is not None else None
        )
        self.edges = self._edges()
        self.mappings = tuple(
            Mapping(self, mapping) for mapping in specification.mappings if mapping.applies_to(action, intent)
        )

    def question(self, text: str) -> Question:
        """An expression that stands in this specification."""
        return Question(self.specification.id, rule_expression(self.catalog, self.specification.id, text))

    def initial(self) -> Values:
        """The defaults, in a dict of their own."""
        return deepcopy(self.defaults) if self.fresh_defaults else self.defaults.copy()

    def _edges(self) -> tuple[Edge, ...]:
        edges = []
        numbers: dict[tuple[str, str], int] = {}
        for position, relationship in enumerate(self.specification.relationships, start=1):
            if relationship.type not in ORDERING_TYPES:
                continue
            same = relationship.type, relationship.target
            numbers[same] = numbers.get(same, 0) + 1
            edges.append(Edge(self, relationship, position, numbers[same]))
        return tuple(edges)


def frame_of(catalog: Catalog, specification: str, action: str, intent: str | None) -> Frame:
    """The compiled specification, made at most once per catalog version, action and intent."""
    key = ("frame", specification, action, intent)
    frame: Frame | None = catalog.compiled.get(key)
    if frame is None:
        frame = Frame(catalog, catalog.specifications[specification], action, intent)
        catalog.compiled[key] = frame
    return frame
