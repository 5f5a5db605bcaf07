"""Types of CEL trees, as far as they are known before any order is: what an author mixed up, in sentences."""

from collections.abc import Callable
from typing import NamedTuple

from catalog.rules import syntax
from catalog.rules.evaluation import path_of

ANY = "any"
WORDS = {
    "string": "text",
    "number": "a number",
    "boolean": "true or false",
    "timestamp": "a timestamp",
    "duration": "a duration",
    "list": "a list",
    "map": "a map",
    "null": "null",
    ANY: "anything",
}

TypeOf = Callable[[tuple[str, ...]], str]


class Signature(NamedTuple):
    """Which types a function takes, argument by argument, and what it gives."""

    takes: tuple[frozenset[str], ...]
    gives: str


def _signature(takes: str, gives: str) -> Signature:
    return Signature(tuple(frozenset(each.split("|")) for each in takes.split()), gives)


_TIME_PART = _signature("timestamp", "number")
_SIGNATURES: dict[str, Signature] = {
    "_*_": _signature("number number", "number"),
    "_/_": _signature("number number", "number"),
    "_%_": _signature("number number", "number"),
    "-_": _signature("number|duration", ANY),
    "!_": _signature("boolean", "boolean"),
    "_in_": _signature("any list|map", "boolean"),
    "size": _signature("string|list|map", "number"),
    "contains": _signature("string string", "boolean"),
    "startsWith": _signature("string string", "boolean"),
    "endsWith": _signature("string string", "boolean"),
    "matches": _signature("string string", "boolean"),
    "int": _signature("number|string|timestamp", "number"),
    "double": _signature("number|string", "number"),
    "string": _signature("number|string|boolean|timestamp|duration", "string"),
    "bool": _signature("boolean|string", "boolean"),
    "timestamp": _signature("string|timestamp", "timestamp"),
    "duration": _signature("string|duration", "duration"),
    **{
        f"get{part}": _TIME_PART
        for part in (
            "FullYear",
            "Month",
            "Date",
            "DayOfMonth",
            "DayOfWeek",
            "DayOfYear",
            "Hours",
            "Minutes",
            "Seconds",
            "Milliseconds",
        )
    },
}
_SUMS = {
    ("_+_", "number", "number"): "number",
    ("_+_", "string", "string"): "string",
    ("_+_", "list", "list"): "list",
    ("_+_", "timestamp", "duration"): "timestamp",
    ("_+_", "duration", "timestamp"): "timestamp",
    ("_+_", "duration", "duration"): "duration",
    ("_-_", "number", "number"): "number",
    ("_-_", "timestamp", "timestamp"): "duration",
    ("_-_", "timestamp", "duration"): "timestamp",
    ("_-_", "duration", "duration"): "duration",
}
_ORDERED = frozenset({"number", "string", "timestamp", "duration", "boolean"})


def type_of_expression(node: syntax.Node, type_of: TypeOf) -> tuple[str, tuple[str, ...]]:
    """The type of a tree whose paths have the types that `type_of` says, and a sentence for each mistake in it."""
    inference = _Inference(type_of)
    return inference.type(node, {}), tuple(dict.fromkeys(inference.mistakes))


class _Inference:
    def __init__(self, type_of: TypeOf) -> None:
        self.type_of = type_of
        self.mistakes: list[str] = []

    def type(self, node: syntax.Node, variables: dict[str, str]) -> str:
        path = path_of(node, frozenset(variables))
        if path is not None:
            return self.type_of(path)
        match node:
            case syntax.Literal(value):
                return _type_of_literal(value)
            case syntax.Name(name):
                return variables[name]
            case syntax.Select(operand, field):
                self.expect(self.type(operand, variables), frozenset({"map"}), f".{field}")
                return ANY
            case syntax.Index(operand, key):
                self.expect(self.type(operand, variables), frozenset({"list", "map"}), "[]")
                self.type(key, variables)
                return ANY
            case syntax.Has(operand, field):
                self.type(syntax.Select(operand, field), variables)
                return "boolean"
            case syntax.Macro():
                return self.macro(node, variables)
            case syntax.Call(function, arguments):
                return self.call(function, [self.type(each, variables) for each in arguments])
            case syntax.Sequence(items):
                for each in items:
                    self.type(each, variables)
                return "list"
            case syntax.Mapping(entries):
                for key, value in entries:
                    self.type(key, variables)
                    self.type(value, variables)
                return "map"

    def macro(self, node: syntax.Macro, variables: dict[str, str]) -> str:
        self.expect(self.type(node.operand, variables), frozenset({"list", "map"}), node.macro)
        within = {**variables, node.variable: ANY}
        if node.filter is not None:
            self.expect(self.type(node.filter, within), frozenset({"boolean"}), node.macro)
        body = self.type(node.body, within)
        if node.macro != "map":
            self.expect(body, frozenset({"boolean"}), node.macro)
        return "list" if node.macro in ("map", "filter") else "boolean"

    def call(self, function: str, types: list[str]) -> str:
        sign = function.strip("_")
        if function in ("_&&_", "_||_"):
            for each in types:
                self.expect(each, frozenset({"boolean"}), sign)
            return "boolean"
        if function == "_?_:_":
            self.expect(types[0], frozenset({"boolean"}), "?:")
            return types[1] if types[1] == types[2] else ANY
        if function in ("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"):
            return self.comparison(sign, types)
        if function in ("_+_", "_-_"):
            return self.sum(function, sign, types)
        signature = _SIGNATURES[function]
        for met, wanted in zip(types, signature.takes, strict=True):
            self.expect(met, wanted, sign)
        return types[0] if function == "-_" else signature.gives

    def comparison(self, sign: str, types: list[str]) -> str:
        left, right = types
        if sign not in ("==", "!="):
            for each in types:
                self.expect(each, _ORDERED, sign)
        if left != right and not {ANY, "null"} & set(types) and {left, right} <= _ORDERED | {"list", "map"}:
            outcome = {"==": "it is never true", "!=": "it is always true"}.get(sign, "it is an error")
            self.mistakes.append(f"{sign} compares {WORDS[left]} with {WORDS[right]}: {outcome}")
        return "boolean"

    def sum(self, function: str, sign: str, types: list[str]) -> str:
        left, right = types
        if ANY in types:
            return ANY
        found = _SUMS.get((function, left, right))
        if found is None:
            self.mistakes.append(f"{sign} cannot take {WORDS[left]} and {WORDS[right]}")
        return found or ANY

    def expect(self, met: str, wanted: frozenset[str], where: str) -> None:
        if met != ANY and met not in wanted and ANY not in wanted:
            choices = " or ".join(WORDS[each] for each in sorted(wanted))
            self.mistakes.append(f"{where} wants {choices}, not {WORDS[met]}")


def _type_of_literal(value: object) -> str:
    if value is None:
        return "null"
    if type(value) is bool:
        return "boolean"
    return "string" if type(value) is str else "number"
