"""CEL text to a tree: the grammar of the Common Expression Language, without messages, bytes and unsigned numbers.

Numbers are one kind here, so `1u` is the number 1. A name in back quotes may hold any character (CEL's escaped
identifiers): `` `internet-service`.speed ``.
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple

TEXT_MAX = 4_000
NESTING_MAX = 40
DEPTH_MAX = 100

RESERVED = frozenset(
    "as break const continue else for function if import let loop package namespace return var void while".split()
)
MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})


class ExpressionSyntaxError(ValueError):
    """A text that is no CEL; the sentence says what was met where (columns count from 1)."""


class Literal(NamedTuple):
    """A constant: text, number, true, false or null."""

    value: Any


class Name(NamedTuple):
    """A name that stands alone."""

    name: str


class Select(NamedTuple):
    """`operand.field`, or `operand["field"]` with a text that stands there."""

    operand: Any
    field: str


class Index(NamedTuple):
    """`operand[key]` with a computed key."""

    operand: Any
    key: Any


class Call(NamedTuple):
    """A function, a method (its operand is the first argument) or an operator (`_+_`, `!_`, `_?_:_` and the like)."""

    function: str
    arguments: tuple[Any, ...]


class Has(NamedTuple):
    """`has(operand.field)`."""

    operand: Any
    field: str


class Macro(NamedTuple):
    """`operand.all(variable, body)` and its kin; `filter` is the condition of a three-part `map`."""

    macro: str
    operand: Any
    variable: str
    body: Any
    filter: Any = None


class Sequence(NamedTuple):
    """A list written out."""

    items: tuple[Any, ...]


class Mapping(NamedTuple):
    """A map written out."""

    entries: tuple[tuple[Any, Any], ...]


Node = Literal | Name | Select | Index | Call | Has | Macro | Sequence | Mapping

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+|//[^\n]*)
  | (?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:\d+\.\d+|\.\d+|\d+)(?:[eE][+-]?\d+)?[uU]?)
  | (?P<text>[rR]?(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"))
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<quoted>`[^`\n]+`)
  | (?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%!<>?:.,()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|.)", re.DOTALL)
_ESCAPES = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True)) | {sign: sign for sign in "\\'\"`?"}
_LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"==", "!=", "<", "<=", ">", ">=", "in"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
)


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


@lru_cache(maxsize=4_096)
def parse(text: str) -> Node:
    """The tree of an expression; raises ExpressionSyntaxError."""
    if len(text) > TEXT_MAX:
        raise ExpressionSyntaxError(f"an expression has at most {TEXT_MAX} characters, this one {len(text)}")
    parser = _Parser(_tokens(text))
    node = parser.expression()
    parser.expect_end()
    if _depth(node) > DEPTH_MAX:
        raise ExpressionSyntaxError(f"operators are chained deeper than {DEPTH_MAX}; split it up")
    return node


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below a node."""
    match node:
        case Select(operand, _) | Has(operand, _):
            return (operand,)
        case Index(operand, key):
            return (operand, key)
        case Call(_, arguments) | Sequence(arguments):
            return arguments
        case Macro():
            return tuple(each for each in (node.operand, node.filter, node.body) if each is not None)
        case Mapping(entries):
            return tuple(each for entry in entries for each in entry)
        case _:
            return ()


def _depth(node: Node) -> int:
    depth, level = 0, [node]
    while level:
        depth += 1
        level = [below for each in level for below in children(each)]
    return depth


def _negated(function: str, node: Node, count: int) -> Node:
    if function == "-_" and isinstance(node, Literal) and type(node.value) in (int, float) and count % 2:
        return Literal(-node.value)
    # Two negations are not none: the operand must still be of the right type.
    for _ in range(2 - count % 2):
        node = Call(function, (node,))
    return node


def _tokens(text: str) -> list[_Token]:
    tokens = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionSyntaxError(f"column {at + 1}: {text[at]!r} begins nothing that CEL knows")
        kind = match.lastgroup
        assert kind is not None
        if kind != "blank":
            tokens.append(_Token(kind, match[0], at + 1))
        at = match.end()
    tokens.append(_Token("end", "", len(text) + 1))
    return tokens


class _Parser:
    """Recursive descent, one method for each level that needs its own."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > NESTING_MAX:
            raise ExpressionSyntaxError(f"nested deeper than {NESTING_MAX} levels")
        node = self.binary(0)
        if self.taken("?"):
            then = self.binary(0)
            self.expect(":")
            node = Call("_?_:_", (node, then, self.expression()))
        self.depth -= 1
        return node

    def binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self.unary()
        node = self.binary(level + 1)
        while (sign := self.tokens[self.at].text) in _LEVELS[level] and self.operator():
            self.at += 1
            right = self.binary(level + 1)
            if sign in ("&&", "||") and isinstance(node, Call) and node.function == f"_{sign}_":
                # Both are associative: one call with many arguments keeps a long chain flat.
                node = Call(node.function, (*node.arguments, right))
            else:
                node = Call(f"_{sign}_", (node, right))
        return node

    def operator(self) -> bool:
        token = self.tokens[self.at]
        return token.kind == "sign" or (token.kind == "name" and token.text == "in")

    def unary(self) -> Node:
        for sign in ("!", "-"):
            count = 0
            while self.taken(sign):
                count += 1
            if count:
                return _negated(f"{sign}_", self.member(), count)
        return self.member()

    def member(self) -> Node:
        node = self.primary()
        while True:
            if self.taken("."):
                name = self.name()
                node = self.method(node, name) if self.taken("(") else Select(node, name)
            elif self.taken("["):
                key = self.expression()
                self.expect("]")
                if isinstance(key, Literal) and isinstance(key.value, str):
                    node = Select(node, key.value)
                else:
                    node = Index(node, key)
            else:
                return node

    def method(self, operand: Node, name: str) -> Node:
        start = self.tokens[self.at - 1].column
        arguments = self.arguments(")")
        if name not in MACROS:
            return Call(name, (operand, *arguments))
        if not (len(arguments) == 2 or (name == "map" and len(arguments) == 3)):
            raise ExpressionSyntaxError(f"column {start}: {name} takes a name and an expression")
        if not isinstance(arguments[0], Name):
            raise ExpressionSyntaxError(f"column {start}: {name} begins with the name of the element")
        kept = arguments[1] if len(arguments) == 3 else None
        return Macro(name, operand, arguments[0].name, arguments[-1], kept)

    def primary(self) -> Node:
        token = self.tokens[self.at]
        self.at += 1
        if token.kind == "number":
            return Literal(_number(token))
        if token.kind == "text":
            return Literal(_text(token))
        if token.kind == "quoted":
            return Name(token.text[1:-1])
        if token.kind == "name":
            return self.named(token)
        if token.text == "(":
            node = self.expression()
            self.expect(")")
            return node
        if token.text == "[":
            return Sequence(self.arguments("]"))
        if token.text == "{":
            return self.mapping()
        self.at -= 1
        raise self.unexpected("a value")

    def named(self, token: _Token) -> Node:
        if token.text in ("true", "false", "null"):
            return Literal({"true": True, "false": False, "null": None}[token.text])
        if token.text in RESERVED or token.text == "in":
            raise ExpressionSyntaxError(f"column {token.column}: {token.text!r} is a reserved word")
        if not self.taken("("):
            return Name(token.text)
        arguments = self.arguments(")")
        if token.text != "has":
            return Call(token.text, arguments)
        if len(arguments) != 1 or not isinstance(arguments[0], Select):
            raise ExpressionSyntaxError(f"column {token.column}: has() takes one path like a.b")
        return Has(arguments[0].operand, arguments[0].field)

    def mapping(self) -> Node:
        entries = []
        while not self.taken("}"):
            key = self.expression()
            self.expect(":")
            entries.append((key, self.expression()))
            if not self.taken(","):
                self.expect("}")
                break
        return Mapping(tuple(entries))

    def arguments(self, closing: str) -> tuple[Node, ...]:
        found = []
        while not self.taken(closing):
            found.append(self.expression())
            if not self.taken(","):
                self.expect(closing)
                break
        return tuple(found)

    def name(self) -> str:
        token = self.tokens[self.at]
        if token.kind not in ("name", "quoted"):
            raise self.unexpected("a name")
        self.at += 1
        return token.text.strip("`")

    def taken(self, sign: str) -> bool:
        token = self.tokens[self.at]
        if token.kind == "sign" and token.text == sign:
            self.at += 1
            return True
        return False

    def expect(self, sign: str) -> None:
        if not self.taken(sign):
            raise self.unexpected(repr(sign))

    def expect_end(self) -> None:
        if self.tokens[self.at].kind != "end":
            raise self.unexpected("an operator or the end")

    def unexpected(self, wanted: str) -> ExpressionSyntaxError:
        token = self.tokens[self.at]
        met = "the end" if token.kind == "end" else repr(token.text)
        return ExpressionSyntaxError(f"column {token.column}: {wanted} was expected, not {met}")


def _number(token: _Token) -> int | float:
    text = token.text
    if text[:2] in ("0x", "0X"):
        return int(text.rstrip("uU"), 16)
    text = text.rstrip("uU")
    return int(text) if text.isdigit() else float(text)


def _text(token: _Token) -> str:
    text = token.text
    raw = text[0] in "rR"
    if raw:
        text = text[1:]
    quotes = 3 if text[:3] in ("'''", '"""') else 1
    text = text[quotes:-quotes]
    return text if raw else _ESCAPE.sub(lambda match: _unescaped(match[1], token), text)


def _unescaped(code: str, token: _Token) -> str:
    if len(code) == 1:
        if code not in _ESCAPES:
            raise ExpressionSyntaxError(f"column {token.column}: \\{code} is no escape that CEL knows")
        return _ESCAPES[code]
    number = int(code[1:], 16) if code[0] in "xuU" else int(code, 8)
    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        raise ExpressionSyntaxError(f"column {token.column}: \\{code} is no character")
    return chr(number)
