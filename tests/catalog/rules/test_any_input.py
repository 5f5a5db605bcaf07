"""Whatever text an author writes and whatever values an order brings: there is an outcome, never an exception."""

from datetime import UTC
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from catalog.rules.expression import expression
from catalog.rules.outcome import NOT_APPLICABLE, Error, Undetermined
from catalog.rules.syntax import ExpressionSyntaxError

WORDS = st.sampled_from(
    "a b c . , ( ) [ ] { } : ? ! - + * / % < > <= >= == != && || in true false null 0 1 2.5 'x' '' has size "
    "all exists map filter string int timestamp duration ' \" ` \\ contains(  .matches('x')".split(" ")
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.just(NOT_APPLICABLE)
    | st.datetimes(timezones=st.just(UTC)),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from("abc"), below, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=20),
    st.dictionaries(st.sampled_from("abc"), ANYTHING),
)
def test_any_text_is_an_expression_or_is_refused(text: str, context: dict[str, Any]) -> None:
    try:
        compiled = expression(text)
    except ExpressionSyntaxError as refused:
        assert str(refused)
    else:
        compiled.evaluate(context)
        assert type(compiled.decide(context)) in (bool, Undetermined, Error)


OPERATIONS = (
    "a + b", "a - b", "a * b", "a / b", "a % b", "-a", "!a", "a == b", "a != b", "a < b", "a >= b", "a in b", "a[b]",
    "a.c", "a ? b : c", "a && b", "a || b", "size(a)", "a.contains(b)", "a.matches('x')", "int(a)", "double(a)",
    "string(a)", "bool(a)", "timestamp(a)", "duration(a)", "a.getMonth()", "a.all(x, x == b)", "a.map(x, x + b)",
    "a.filter(x, x in b)", "a.exists_one(x, x.c)", "has(a.c)", "[a, b] == c", "{a: b} == c",
)  # fmt: skip


@given(st.sampled_from(OPERATIONS), st.dictionaries(st.sampled_from("abc"), ANYTHING))
def test_no_values_break_an_operation(text: str, context: dict[str, Any]) -> None:
    outcome = expression(text).evaluate(context)
    if isinstance(outcome, Undetermined):
        assert outcome.missing
    if isinstance(outcome, Error):
        assert outcome.sentence
