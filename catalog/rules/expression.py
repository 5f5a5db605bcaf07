"""A CEL text compiled once: the paths it reads, and its outcome for what is known.

A value that is absent or null is not known; a text, list or map that is empty is a value. An outcome is undetermined if
and only if it depends on what is not known: `true || unknown` is true and `unknown && false` is false, in any order.
"""

from typing import Any

from catalog.rules import syntax
from catalog.rules.evaluation import Reading, Resolve, UnknownFunction, compiled
from catalog.rules.logic import Context, Evaluate
from catalog.rules.outcome import Error, Undetermined
from catalog.rules.syntax import ExpressionSyntaxError
from catalog.rules.values import shown


class Expression:
    """A compiled CEL text; make one with `expression`, or with `catalog.rules.vocabulary` for a rule of a catalog.

    `paths` holds the full paths it reads in the order of the text, as tuples of names, `references` the same as dotted
    texts. `warnings` are sentences about what the author may not have meant. Evaluation is pure and keeps nothing, so
    that one expression serves all orders.
    """

    __slots__ = ("_evaluate", "node", "paths", "readings", "references", "text", "warnings")

    def __init__(self, text: str, node: syntax.Node, resolve: Resolve) -> None:
        self.text = text
        self.node = node
        self._evaluate: Evaluate
        self._evaluate, self.readings = compiled(node, resolve)
        self.paths = tuple(reading.path for reading in self.readings)
        self.references = tuple(".".join(path) for path in self.paths)
        self.warnings = tuple(_warnings(node))

    def evaluate(self, context: Context) -> Any:
        """The value of the expression for a context of nested mappings, or else Undetermined, or Error.

        The context may leave out what is not known, or hold None for it.
        """
        outcome = self._evaluate(context, {})
        if type(outcome) is Error:
            return Error(f"`{self.text}`: {outcome.sentence}")
        return outcome

    def decide(self, context: Context) -> bool | Undetermined | Error:
        """Like `evaluate` for a condition: a value other than true or false is an Error."""
        outcome = self.evaluate(context)
        if type(outcome) in (bool, Undetermined, Error):
            return outcome  # type: ignore[no-any-return]
        return Error(f"`{self.text}`: a condition must be true or false, not {shown(outcome)}")

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def expression(text: str, resolve: Resolve = Reading) -> Expression:
    """The expression that a text is; raises ExpressionSyntaxError with the column, the function or the name at fault.

    Without `resolve` its paths are read from the context as they are written.
    """
    node = syntax.parse(text)
    try:
        return Expression(text, node, resolve)
    except UnknownFunction as error:
        raise ExpressionSyntaxError(str(error)) from None


def _warnings(node: syntax.Node) -> list[str]:
    found = []
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, syntax.Has):
            found.append("has() turns waiting for a value into deciding without it")
        if isinstance(each, syntax.Literal) and each.value is None:
            found.append("null is never known, so nothing compares with it; leave the comparison out")
        waiting.extend(syntax.children(each))
    return found
