"""The names that a rule of a catalog may use, what each is read from, and of what type it is.

A rule belongs to a specification, its *holder*. In it a bare name is a characteristic of the holder (`this.speed` is
the same), a specification's id before a name (`site.speed`) a characteristic of that specification in the line's
hierarchy, `line` and `order` are what the tables below say. A name that CEL could not hold is written with `_` for each
character outside letters, digits and `_`, or in back quotes: `internet_service.speed`, `` `internet-service`.speed ``.

Full paths, as contexts and findings have them, begin with a specification's id, `line` or `order`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from msgspec import UNSET

from catalog.model import Catalog, CharacteristicSpecification, Specification
from catalog.rules.evaluation import Reading
from catalog.rules.expression import Expression, expression
from catalog.rules.values import timestamp

LINE: Mapping[str, str] = {
    "id": "string",
    "action": "string",
    "intent": "string",
    "quantity": "number",
    "offering": "string",
    "specification": "string",
    "product": "string",
    "place": "map",
}
"""`line.…`: the order item. `intent` is move, suspend or resume where the action is modify; `product` the id of the
installed product; `place` maps a role to the id of the place with that role."""

ORDER: Mapping[str, str] = {
    "id": "string",
    "externalId": "string",
    "category": "string",
    "description": "string",
    "priority": "string",
    "channel": "string",
    "requestedStartDate": "timestamp",
    "requestedCompletionDate": "timestamp",
    "customer": "string",
    "party": "map",
}
"""`order.…`: the order. `customer` is the id of the related party with the role Customer, `party` maps a role to the id
of the party with it, `channel` is the id of the first channel."""

SCOPES: Mapping[str, Mapping[str, str]] = {"line": LINE, "order": ORDER}
THIS = "this"
Part = TypeVar("Part")

_OUTSIDE_NAMES = re.compile(r"[^A-Za-z0-9_]")
_TYPES = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "date": "timestamp",
    "dateTime": "timestamp",
    "object": "map",
    "array": "list",
}


class UnknownName(ValueError):
    """A path that names nothing; `near` holds the names that could have been meant there."""

    def __init__(self, sentence: str, word: str, near: Iterable[str]) -> None:
        super().__init__(sentence)
        self.word = word
        self.near = tuple(near)


def spelled(name: str) -> str:
    """A name of the catalog as CEL can hold it."""
    return _OUTSIDE_NAMES.sub("_", name)


class Vocabulary:
    """The names for rules of one holder among the specifications of a catalog."""

    __slots__ = ("_characteristics", "_specifications", "holder")

    def __init__(self, holder: Specification, names: "SpecificationNames") -> None:
        self.holder = holder
        self._specifications = names
        self._characteristics = names.characteristics(holder)

    def resolve(self, path: tuple[str, ...]) -> Reading:
        """How a path as written is read; raises UnknownName."""
        characteristic, full = self._found(path)
        if characteristic is None:
            convert = timestamp if SCOPES[full[0]].get(full[1]) == "timestamp" else None
            return Reading(full, convert)
        default = characteristic.default if len(full) == 2 else UNSET
        return Reading(full, _converter(characteristic), default)

    def type_of(self, path: tuple[str, ...]) -> str:
        """The type of a path as written: string, number, boolean, timestamp, list, map or any."""
        characteristic, full = self._found(path)
        if characteristic is not None:
            return type_of(characteristic)
        scope = SCOPES[full[0]]
        return scope[full[1]] if len(full) == 2 else "string" if len(full) == 3 else "any"

    def written(self, identifier: str) -> str:
        """How a rule writes a specification's id: as CEL can hold it where that is clear, else in back quotes."""
        spelling = spelled(identifier)
        return spelling if spelling in self._specifications else f"`{identifier}`"

    def _found(self, path: tuple[str, ...]) -> tuple[CharacteristicSpecification | None, tuple[str, ...]]:
        first, rest = path[0], path[1:]
        own = self._characteristics
        if first in own and not (rest and not _has_fields(own[first])):
            return self._member(own[first], rest, (self.holder.id, own[first].name))
        if not rest:
            raise UnknownName(f"{self.holder.id} has no characteristic {first!r}", first, own)
        if first in SCOPES:
            if rest[0] not in SCOPES[first]:
                raise UnknownName(f"there is no {first}.{rest[0]}", rest[0], SCOPES[first])
            return None, path
        owner = self.holder if first == THIS else self._specifications.get(first)
        if owner is None:
            raise UnknownName(
                f"{first!r} is neither a characteristic of {self.holder.id} nor a specification",
                first,
                (*own, *self._specifications, *SCOPES),
            )
        declared = self._specifications.characteristics(owner)
        if rest[0] not in declared:
            raise UnknownName(f"{owner.id} has no characteristic {rest[0]!r}", rest[0], declared)
        return self._member(declared[rest[0]], rest[1:], (owner.id, declared[rest[0]].name))

    @staticmethod
    def _member(
        characteristic: CharacteristicSpecification, fields: tuple[str, ...], full: tuple[str, ...]
    ) -> tuple[CharacteristicSpecification, tuple[str, ...]]:
        for field in fields:
            if not characteristic.members:
                if not _has_fields(characteristic):
                    message = f"{'.'.join(full)} is of type {type_of(characteristic)} and has no fields"
                    raise UnknownName(message, field, ())
                return CharacteristicSpecification(field, "object"), (*full, *fields[len(full) - 2 :])
            members = {spelled(each.name): each for each in characteristic.members}
            member = members.get(spelled(field))
            if member is None:
                raise UnknownName(f"{'.'.join(full)} has no member {field!r}", field, members)
            characteristic, full = member, (*full, member.name)
        return characteristic, full


class SpecificationNames(Mapping[str, Specification]):
    """Specifications by the name a rule may call them, with their characteristics, looked up once for all rules."""

    def __init__(self, specifications: Mapping[str, Specification]) -> None:
        self._named: dict[str, Specification] = {}
        self._characteristics: dict[str, dict[str, CharacteristicSpecification]] = {}
        _spell(self._named, specifications)

    def __getitem__(self, name: str) -> Specification:
        return self._named[name]

    def __iter__(self) -> Any:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    def characteristics(self, specification: Specification) -> dict[str, CharacteristicSpecification]:
        """Those of a specification by each name they may be called."""
        found = self._characteristics.get(specification.id)
        if found is None:
            found = self._characteristics[specification.id] = {}
            _spell(found, {each.name: each for each in specification.characteristics})
        return found


def _spell(names: dict[str, Part], parts: Mapping[str, Part]) -> None:
    """Enter parts by their names and by how CEL can hold these; a spelling of several is the name of none."""
    spellings: dict[str, list[Part]] = {}
    for name, part in parts.items():
        spellings.setdefault(spelled(name), []).append(part)
    names.update((spelling, found[0]) for spelling, found in spellings.items() if len(found) == 1)
    names.update(parts)


def type_of(characteristic: CharacteristicSpecification) -> str:
    """The type of a characteristic's value in rules."""
    if characteristic.max_cardinality != 1:
        return "list"
    return _TYPES[characteristic.value_type]


def rule_expression(catalog: Catalog, holder: str, text: str) -> Expression:
    """A rule's text of a loaded catalog, compiled at most once per version and holder."""
    key = ("expression", holder, text)
    found: Expression | None = catalog.compiled.get(key)
    if found is None:
        names = names_of(catalog)
        found = expression(text, Vocabulary(catalog.specifications[holder], names).resolve)
        catalog.compiled[key] = found
    return found


def names_of(catalog: Catalog) -> "SpecificationNames":
    """The names that rules of a catalog may begin with, gathered once per version."""
    names: SpecificationNames | None = catalog.compiled.get(("names",))
    if names is None:
        names = catalog.compiled[("names",)] = SpecificationNames(catalog.specifications)
    return names


def _has_fields(characteristic: CharacteristicSpecification) -> bool:
    return type_of(characteristic) == "map"


def _converter(characteristic: CharacteristicSpecification) -> Any:
    if characteristic.value_type == "array":
        dated = (
            characteristic.element is not None and _TYPES[characteristic.element.value_type] == "timestamp"
        )
        return _timestamps if dated else None
    if _TYPES[characteristic.value_type] != "timestamp":
        return None
    return timestamp if characteristic.max_cardinality == 1 else _timestamps


def _timestamps(values: Any) -> list[Any]:
    if not isinstance(values, list):
        raise ValueError(f"{values!r} is no list")
    return [timestamp(value) if value is not None else None for value in values]
