"""Trees of CEL compiled to functions of a context, three-valued: a value, Undetermined, or Error.

`&&`, `||`, `all` and `exists` absorb in any order: what decides the outcome decides it, whatever else is unknown or
wrong. Everywhere else an operand in error makes an error, then an unknown one makes it undetermined: an outcome is
undetermined if and only if it depends on what is not known.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec import UNSET

from catalog.rules import syntax
from catalog.rules.logic import (
    Context,
    Evaluate,
    Label,
    Variables,
    absorbed,
    applied,
    merged,
    signal_of,
)
from catalog.rules.macros import PLACE, over
from catalog.rules.outcome import Error, Undetermined, is_not_applicable
from catalog.rules.values import FUNCTIONS, NUMBERS, at_index, matched, shown

_PLAIN = frozenset((str, *NUMBERS))
_PLAIN_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "_==_": operator.eq,
    "_!=_": operator.ne,
    "_<_": operator.lt,
    "_<=_": operator.le,
    "_>_": operator.gt,
    "_>=_": operator.ge,
}


class Reading(NamedTuple):
    """How a path is read: where it stands in the context, what makes its value one of CEL's, what stands for none."""

    path: tuple[str, ...]
    convert: Callable[[Any], Any] | None = None
    default: Any = UNSET


Resolve = Callable[[tuple[str, ...]], Reading]


class UnknownFunction(ValueError):
    """A call of what CEL does not have, or with the wrong number of arguments."""


def compiled(node: syntax.Node, resolve: Resolve) -> tuple[Evaluate, tuple[Reading, ...]]:
    """The function that evaluates a tree, and every path that it reads, in the order of the text.

    `resolve` says how each path as written is read, and raises what its caller understands for one that cannot be.
    Raises UnknownFunction.
    """
    compiler = _Compiler(resolve)
    evaluate = compiler.compile(node, frozenset())
    return evaluate, tuple(compiler.readings.values())


def path_of(node: syntax.Node, variables: frozenset[str] = frozenset()) -> tuple[str, ...] | None:
    """The path that a chain of selections spells, None when it does not begin with a name of the context."""
    fields: list[str] = []
    while isinstance(node, syntax.Select):
        fields.append(node.field)
        node = node.operand
    if not isinstance(node, syntax.Name) or node.name in variables:
        return None
    return (node.name, *reversed(fields))


class _Compiler:
    def __init__(self, resolve: Resolve) -> None:
        self.resolve = resolve
        self.readings: dict[tuple[str, ...], Reading] = {}

    def compile(self, node: syntax.Node, variables: frozenset[str]) -> Evaluate:
        path = path_of(node, variables)
        if path is not None:
            return self.reference(path)
        match node:
            case syntax.Literal(value):
                return lambda context, values: value
            case syntax.Name(name):
                return lambda context, values: values[name]
            case syntax.Select(operand, field):
                label = self.label(node, variables)
                return _selected(self.compile(operand, variables), field, label)
            case syntax.Index(operand, key):
                label = self.label(node, variables)
                return _indexed(self.compile(operand, variables), self.compile(key, variables), label)
            case syntax.Has():
                return self.has(node, variables)
            case syntax.Call("matches", arguments):
                return self.matches(arguments, variables)
            case syntax.Call(function, arguments):
                return self.call(function, tuple(self.compile(each, variables) for each in arguments))
            case syntax.Macro():
                return self.macro(node, variables)
            case syntax.Sequence(items):
                parts = tuple(self.compile(each, variables) for each in items)
                return _strict(lambda *values: list(values), parts)
            case syntax.Mapping(entries):
                parts = tuple(self.compile(each, variables) for entry in entries for each in entry)
                return _strict(lambda *values: dict(zip(values[::2], values[1::2], strict=True)), parts)

    def reference(self, path: tuple[str, ...]) -> Evaluate:
        reading = self.resolve(path)
        self.readings.setdefault(reading.path, reading)
        return _reading(reading)

    def call(self, function: str, arguments: tuple[Evaluate, ...]) -> Evaluate:
        if function in ("_&&_", "_||_"):
            return _absorbing(function == "_||_", function.strip("_"), arguments)
        if function == "_?_:_":
            return _ternary(*arguments)
        if function == "!_":
            return _not(arguments[0])
        if function not in FUNCTIONS:
            raise UnknownFunction(f"there is no function {function}")
        count, apply = FUNCTIONS[function]
        if len(arguments) != count:
            raise UnknownFunction(f"{function} takes {count} argument(s), not {len(arguments)}")
        if function in _PLAIN_COMPARISONS:
            return _compared(function, apply, *arguments)
        return _strict(apply, arguments)

    def matches(self, arguments: tuple[syntax.Node, ...], variables: frozenset[str]) -> Evaluate:
        """Patterns are the catalog's: one that came with an order could keep a host busy for ever."""
        if len(arguments) != 2 or not isinstance(arguments[1], syntax.Literal):
            raise UnknownFunction("matches takes one pattern, written out as a text")
        pattern = arguments[1].value
        try:
            found = re.compile(pattern).search
        except (re.error, TypeError) as error:
            raise UnknownFunction(f"matches: {pattern!r} is no regular expression: {error}") from None
        return _strict(lambda text: matched(found, text), (self.compile(arguments[0], variables),))

    def has(self, node: syntax.Has, variables: frozenset[str]) -> Evaluate:
        selected = self.compile(syntax.Select(node.operand, node.field), variables)

        def has(context: Context, values: Variables) -> Any:
            value = selected(context, values)
            if type(value) is Undetermined:
                return False
            return value if type(value) is Error else not is_not_applicable(value)

        return has

    def macro(self, node: syntax.Macro, variables: frozenset[str]) -> Evaluate:
        operand = self.compile(node.operand, variables)
        within = variables | {node.variable}
        body = self.compile(node.body, within)
        kept = self.compile(node.filter, within) if node.filter is not None else None
        label = self.label(node.operand, variables)
        return over(node.macro, operand, node.variable, body, kept, label)

    def label(self, node: syntax.Node, variables: frozenset[str]) -> Label:
        """What a place inside a value is called when it turns out to be unknown."""
        path = path_of(node, variables)
        if path is not None:
            full = ".".join(self.resolve(path).path)
            return lambda context, values: full
        match node:
            case syntax.Name(name):
                return lambda context, values: str(values[PLACE + name])
            case syntax.Select(operand, field):
                above = self.label(operand, variables)
                return lambda context, values: f"{above(context, values)}.{field}"
            case syntax.Index(operand, index):
                above = self.label(operand, variables)
                key = self.compile(index, variables)
                return lambda context, values: f"{above(context, values)}[{key(context, values)}]"
            case _:
                return lambda context, values: "a computed value"


def _reading(reading: Reading) -> Evaluate:
    path, convert, default = reading
    first, rest = path[0], path[1:]
    missing = Undetermined((".".join(path),)) if default is UNSET else default

    def read(context: Context, values: Variables) -> Any:
        value = context.get(first)
        for field in rest:
            if value is None:
                break
            if type(value) is not dict and not isinstance(value, Mapping):
                return Error(f"{'.'.join(path)} cannot be read: above it stands {shown(value)}")
            if is_not_applicable(value):
                return value
            value = value.get(field)
        if value is None:
            value = missing
        if convert is None or type(value) is Undetermined or is_not_applicable(value):
            return value
        try:
            return convert(value)
        except ValueError as error:
            return Error(f"{'.'.join(path)}: {error}")

    return read


def _selected(operand: Evaluate, field: str, label: Label) -> Evaluate:
    def select(context: Context, values: Variables) -> Any:
        value = operand(context, values)
        if type(value) in (Undetermined, Error) or is_not_applicable(value):
            return value
        if not isinstance(value, Mapping):
            return Error(f"{shown(value)} has no field {field}")
        value = value.get(field)
        return Undetermined((label(context, values),)) if value is None else value

    return select


def _indexed(operand: Evaluate, key: Evaluate, label: Label) -> Evaluate:
    def index(context: Context, values: Variables) -> Any:
        container, at = operand(context, values), key(context, values)
        signal = signal_of((container, at))
        if signal is not None:
            return signal
        if is_not_applicable(container):
            return container
        if isinstance(container, Mapping):
            value = container.get(at) if isinstance(at, str) else None
        else:
            try:
                value = at_index(container, at)
            except ValueError as error:
                return Error(str(error))
        return Undetermined((label(context, values),)) if value is None else value

    return index


def _strict(apply: Callable[..., Any], arguments: tuple[Evaluate, ...]) -> Evaluate:
    def call(context: Context, values: Variables) -> Any:
        return applied(apply, tuple([argument(context, values) for argument in arguments]))

    return call


def _compared(function: str, apply: Callable[..., Any], left: Evaluate, right: Evaluate) -> Evaluate:
    """A comparison; two texts or two numbers of one type take the short way."""
    plain = _PLAIN_COMPARISONS[function]

    def compare(context: Context, values: Variables) -> Any:
        first, second = left(context, values), right(context, values)
        if type(first) is type(second) and type(first) in _PLAIN:
            return plain(first, second)
        return applied(apply, (first, second))

    return compare


def _absorbing(absorber: bool, sign: str, arguments: tuple[Evaluate, ...]) -> Evaluate:
    def absorb(context: Context, values: Variables) -> Any:
        operands = []
        for argument in arguments:
            value = argument(context, values)
            if value is absorber:
                return absorber
            if type(value) is not bool:
                operands.append(value)
        return absorbed(absorber, sign, operands) if operands else not absorber

    return absorb


def _not(operand: Evaluate) -> Evaluate:
    def invert(context: Context, values: Variables) -> Any:
        value = operand(context, values)
        if type(value) is bool:
            return not value
        if type(value) in (Undetermined, Error):
            return value
        return Error(f"! wants true or false, not {shown(value)}")

    return invert


def _ternary(condition: Evaluate, then: Evaluate, otherwise: Evaluate) -> Evaluate:
    def choose(context: Context, values: Variables) -> Any:
        value = condition(context, values)
        if value is True:
            return then(context, values)
        if value is False:
            return otherwise(context, values)
        if type(value) is Undetermined:
            # Whoever is asked for what is missing is asked once: for the branches' values, too.
            outcomes = (value, then(context, values), otherwise(context, values))
            return merged([each for each in outcomes if type(each) is Undetermined])
        return value if type(value) is Error else Error(f"?: wants true or false, not {shown(value)}")

    return choose
