"""CEL with a third outcome: against a reference for the logic, against `cel` where all is known, and case by case."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.rules.expression import expression
from catalog.rules.outcome import NOT_APPLICABLE, Error, Undetermined
from catalog.rules.syntax import ExpressionSyntaxError

NAMES = ("a", "b", "c.d", "e")
WRONG = "1 / 0 == 1"

Tree = Any


def trees() -> st.SearchStrategy[Tree]:
    leaves = st.sampled_from([*NAMES, "true", "false", WRONG])
    return st.recursive(
        leaves,
        lambda below: st.one_of(
            st.tuples(st.just("!"), below),
            st.tuples(st.sampled_from(["&&", "||"]), below, below),
            st.tuples(st.just("?"), below, below, below),
        ),
        max_leaves=8,
    )


def written(tree: Tree) -> str:
    match tree:
        case str():
            return tree
        case ("!", below):
            return f"!({written(below)})"
        case ("?", condition, then, otherwise):
            return f"(({written(condition)}) ? ({written(then)}) : ({written(otherwise)}))"
        case (sign, left, right):
            return f"(({written(left)}) {sign} ({written(right)}))"
    raise AssertionError(tree)


def reference(tree: Tree, known: dict[str, bool]) -> Any:
    """Kleene's logic, errors below unknown in absorption, by a walk of its own: True, False, "unknown" or "error"."""
    if tree == WRONG:
        return "error"
    if isinstance(tree, str):
        return {"true": True, "false": False}.get(tree, known.get(tree, "unknown"))
    if tree[0] == "!":
        below = reference(tree[1], known)
        return not below if isinstance(below, bool) else below
    if tree[0] == "?":
        condition = reference(tree[1], known)
        if isinstance(condition, bool):
            return reference(tree[2 if condition else 3], known)
        return condition
    absorber = tree[0] == "||"
    sides = [reference(tree[1], known), reference(tree[2], known)]
    for outcome in (absorber, "unknown", "error"):
        if any(side is outcome if isinstance(outcome, bool) else side == outcome for side in sides):
            return outcome
    return not absorber


def context_of(known: dict[str, bool]) -> dict[str, Any]:
    context: dict[str, Any] = {name: value for name, value in known.items() if name != "c.d"}
    return {**context, "c": {"d": known.get("c.d")}}


KNOWN = st.dictionaries(st.sampled_from(NAMES), st.booleans())


@given(trees(), KNOWN)
def test_the_logic_is_the_reference(tree: Tree, known: dict[str, bool]) -> None:
    outcome = expression(written(tree)).evaluate(context_of(known))
    expected = reference(tree, known)
    if expected == "unknown":
        assert isinstance(outcome, Undetermined)
        assert not set(outcome.missing) & known.keys()
        assert set(outcome.missing) <= set(expression(written(tree)).references)
    elif expected == "error":
        assert isinstance(outcome, Error)
    else:
        assert outcome is expected


@given(trees(), KNOWN)
def test_what_is_determined_stays_so_whatever_comes(tree: Tree, known: dict[str, bool]) -> None:
    compiled = expression(written(tree))
    outcome = compiled.evaluate(context_of(known))
    unknown = [name for name in NAMES if name not in known]
    for values in product([True, False], repeat=len(unknown)):
        full = compiled.evaluate(context_of({**known, **dict(zip(unknown, values, strict=True))}))
        assert not isinstance(full, Undetermined)
        if isinstance(outcome, Undetermined):
            continue
        assert full == outcome


@given(trees(), KNOWN, st.booleans())
def test_what_is_missing_is_enough(tree: Tree, known: dict[str, bool], value: bool) -> None:
    compiled = expression(written(tree))
    outcome = compiled.evaluate(context_of(known))
    if isinstance(outcome, Undetermined):
        answered = {**known, **dict.fromkeys(outcome.missing, value)}
        assert not isinstance(compiled.evaluate(context_of(answered)), Undetermined)


VALUES = st.one_of(st.integers(-100, 100), st.sampled_from(["", "a", "ab", "fibre"]), st.booleans())
COMPARISONS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


@given(trees(), st.fixed_dictionaries({name: st.booleans() for name in NAMES}))
def test_where_all_is_known_it_is_cel(tree: Tree, known: dict[str, bool]) -> None:
    assert_as_cel(written(tree), context_of(known))


@given(VALUES, VALUES, COMPARISONS)
def test_comparisons_are_those_of_cel(left: Any, right: Any, sign: str) -> None:
    assert_as_cel(f"x {sign} y.z", {"x": left, "y": {"z": right}})


@given(st.lists(st.integers(-9, 9), max_size=5), st.integers(-9, 9))
def test_macros_are_those_of_cel(numbers: list[int], limit: int) -> None:
    for text in (
        "l.all(x, x > n)",
        "l.exists(x, x == n)",
        "l.exists_one(x, x == n)",
        "l.filter(x, x > n)",
        "l.map(x, x * n)",
        "l.map(x, x > n, x + 1)",
        "n in l",
        "size(l) > n && l[0] == n",
        "l + [n] == [n] + l",
        "l.map(x, l.filter(y, y > x).size()) == []",
    ):
        assert_as_cel(text, {"l": numbers, "n": limit})


@pytest.mark.parametrize(
    "text",
    [
        "1 + 2 * 3 - 4 == 3",
        "-(-5) == 5 && --5 == 5 && -2 * -3 == 6",
        "7 % 3 == 1 && -7 % 3 == -1 && 7 % -3 == 1",
        "8 / 2 == 4",
        "'a' + \"b\" + '''c''' + r'\\d' == 'abc\\\\d'",
        "'\\u00e9\\x41\\101\\n\\t\\'' != ''",
        "'abc'.contains('b') && 'abc'.startsWith('a') && 'abc'.endsWith('c') && 'abc'.matches('^a.c$')",
        "{'a': 1, 'b': [2]}.b[0] == 2 && 'a' in {'a': 1}",
        "[1, 'a', true] == [1, 'a', true] && [1] != ['1']",
        "timestamp('2026-01-01T10:00:00Z') - timestamp('2026-01-01T08:30:00Z') == duration('1h30m')",
        "timestamp('2026-03-04T05:06:07.089Z').getMonth() == 2",
        "timestamp('2026-03-04T05:06:07Z').getDate() == 4",
        "timestamp('2026-03-04T05:06:07Z').getDayOfMonth() == 3",
        "timestamp('2026-03-04T05:06:07Z').getDayOfWeek() == 3",
        "timestamp('2026-03-04T05:06:07Z').getDayOfYear() == 62",
        "timestamp('2026-03-04T05:06:07Z').getHours() * 100 + timestamp('2026-03-04T05:06:07Z').getMinutes() == 506",
        "int('42') == 42 && string(42) == '42' && double('1.5') == 1.5",
        "true ? 'x' == 'x' : 1 / 0 == 1",
        "1 < 2 == true",
        "0x1F == 31 && 1e3 == 1000.0 && .5 < 1.0",
        "!true || !!true // a comment",
        "has({'a': 1}.a) && !has({'a': 1}.b)",
    ],
)
def test_the_language_is_that_of_cel(text: str) -> None:
    assert expression(text).evaluate({}) is True
    assert_as_cel(text, {})


def assert_as_cel(text: str, context: dict[str, Any]) -> None:
    outcome = expression(text).evaluate(context)
    try:
        expected = cel.evaluate(text, context)
    except (RuntimeError, TypeError, ValueError, ArithmeticError, KeyError, IndexError):
        assert isinstance(outcome, Error), text
    else:
        assert outcome == expected and type(outcome) is type(expected), text


@pytest.mark.parametrize(
    "text, context, missing",
    [
        ("a || b", {}, ("a", "b")),
        ("a || b", {"a": None, "b": False}, ("a",)),
        ("a || (b && c.d)", {"b": False}, ("a",)),
        ("site.address.city == 'x'", {"site": {}}, ("site.address.city",)),
        ("a ? b : c.d", {}, ("a", "b", "c.d")),
        ("a ? b : c.d", {"a": False}, ("c.d",)),
        ("size(a) + b > 3", {}, ("a", "b")),
        ("a == null", {}, ("a",)),
        ("l.exists(x, x.b == 2)", {"l": [{"b": 1}, {}]}, ("l[1].b",)),
        ("l.all(x, x > 2)", {"l": [3, None]}, ("l[1]",)),
        ("l.all(x, x.m.all(y, y.z))", {"l": [{"m": [{}]}]}, ("l[0].m[0].z",)),
        ("m[k] == 1", {"m": {}, "k": "x"}, ("m[x]",)),
        ("l[0].b == 1", {"l": [{}]}, ("l[0].b",)),
        (WRONG + " || a", {}, ("a",)),
    ],
)
def test_undetermined_says_all_that_is_missing(
    text: str, context: dict[str, Any], missing: tuple[str, ...]
) -> None:
    assert expression(text).evaluate(context) == Undetermined(missing)


@pytest.mark.parametrize(
    "text, context, expected",
    [
        ("true || a", {}, True),
        ("a || true", {}, True),
        ("a && false", {}, False),
        ("l.exists(x, x.b == 1)", {"l": [{}, {"b": 1}]}, True),
        ("l.all(x, x.b == 1)", {"l": [{}, {"b": 2}]}, False),
        ("a == ''", {"a": ""}, True),
        ("size(a) == 0", {"a": []}, True),
        ("has(a.b)", {"a": {}}, False),
        ("has(a.b)", {}, False),
        ("has(a.b)", {"a": {"b": ""}}, True),
        ("has(a.b)", {"a": {"b": NOT_APPLICABLE}}, False),
    ],
)
def test_known_unknown_and_empty(text: str, context: dict[str, Any], expected: bool) -> None:
    assert expression(text).evaluate(context) is expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("1 == 1.0 && 1 < 1.5 && 1 + 1.5 == 2.5", True),
        ("5 / 2", 2.5),
        ("6 / 3", 2),
        ("5.0 % 2", 1),
        ("true == 1", False),
        ("[true] == [1]", False),
        ("1 in [1.0, 2.0]", True),
        ("[10, 20][1.0]", 20),
        ("size('h\u00e9')", 2),
        ("string(2.0)", "2"),
        ("string(true)", "true"),
        ("bool('false')", False),
        ("int(2.9)", 2),
    ],
)
def test_numbers_are_of_one_kind(text: str, expected: Any) -> None:
    outcome = expression(text).evaluate({})
    assert outcome == expected and type(outcome) is type(expected)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a == b", False),
        ("a != b", True),
        ("a == a", True),
        ("a < b", False),
        ("b >= a", False),
        ("a.field == b", False),
        ("a || true", True),
    ],
)
def test_what_does_not_apply_is_known(text: str, expected: bool) -> None:
    assert expression(text).evaluate({"a": NOT_APPLICABLE, "b": 1}) is expected


@pytest.mark.parametrize(
    "text, context, said",
    [
        ("a / 0 > 1", {"a": 3}, "number 3 is divided by zero"),
        ("1 / 0 == a", {}, "divided by zero"),
        ("a + 1 == 2", {"a": "x"}, "text 'x' + number 1 cannot be added"),
        ("a < 1", {"a": "x"}, "text 'x' < number 1 compares different kinds"),
        ("a.b.c == 1", {"a": {"b": 3}}, "a.b.c cannot be read: above it stands number 3"),
        ("a && b", {"a": 1, "b": True}, "&& wants true or false, not number 1"),
        ("!a", {"a": "x"}, "! wants true or false"),
        ("a ? 1 : 2", {"a": 1}, "?: wants true or false"),
        ("l[3] == 1", {"l": [1]}, "index 3 is outside a list of 1"),
        ("l['x'] == 1", {"l": [1]}, "cannot be read"),
        ("l.filter(x, x)", {"l": [1]}, "filter wants true or false"),
        ("l.map(x, x, x)", {"l": [1]}, "map wants true or false"),
        ("l.all(x, x)", {"l": [1]}, "all wants true or false"),
        ("a.all(x, x)", {"a": 1}, "all wants a list or a map"),
        ("a.matches('x')", {"a": 1}, "matches wants a text, not number 1"),
        ("timestamp(a) > timestamp('2026-01-01')", {"a": "soon"}, "neither a date nor a dateTime"),
        ("duration(a) > duration('1s')", {"a": "long"}, "duration wants a text like"),
        ("int(a) == 1", {"a": "x"}, "int cannot make"),
        ("a.size() == 1", {"a": NOT_APPLICABLE}, "size wants"),
        ("9e307 * 100 > 1", {}, "no finite number"),
    ],
)
def test_other_errors_are_no_wait(text: str, context: dict[str, Any], said: str) -> None:
    outcome = expression(text).evaluate(context)
    assert isinstance(outcome, Error)
    assert said in outcome.sentence and f"`{text}`" in outcome.sentence


def test_dates_are_timestamps() -> None:
    context = {"at": datetime(2026, 5, 1, tzinfo=UTC), "for_": timedelta(hours=2)}
    assert expression("at > timestamp('2026-04-30') && for_ < duration('3h')").evaluate(context) is True
    assert expression("string(at + for_)").evaluate(context) == "2026-05-01T02:00:00Z"


def test_a_condition_is_true_or_false() -> None:
    assert expression("a > 1").decide({"a": 2}) is True
    assert expression("a > 1").decide({}) == Undetermined(("a",))
    outcome = expression("a + 1").decide({"a": 2})
    assert outcome == Error("`a + 1`: a condition must be true or false, not number 3")


def test_references_are_full_paths_in_order_each_once() -> None:
    text = "b.c > 1 && (a || b.c < 9) && l.exists(x, x.y == a) && m['n'].o == 1 && has(p.q) && `x-y`.z"
    assert expression(text).references == ("b.c", "a", "l", "m.n.o", "p.q", "x-y.z")


def test_has_and_null_are_warned_of() -> None:
    assert expression("a > 1").warnings == ()
    (has,) = expression("has(a.b) || c").warnings
    assert "deciding" in has
    (null,) = expression("a == null").warnings
    assert "never known" in null


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "a value was expected, not the end"),
        ("1 +", "column 4"),
        ("a b", "an operator or the end was expected, not 'b'"),
        ("a = 1", "'=' begins nothing"),
        ("(a", "')' was expected"),
        ("f(a)", "there is no function f"),
        ("size(a, b)", "size takes 1 argument(s), not 2"),
        ("has(a)", "has() takes one path"),
        ("l.all(x)", "all takes a name and an expression"),
        ("l.all(1, x)", "all begins with the name"),
        ("for", "reserved word"),
        ("a.matches(b)", "matches takes one pattern, written out"),
        ("a.matches('[')", "no regular expression"),
        ("a.matches(1)", "no regular expression"),
        ("'\\q'", "no escape"),
        ("'\\ud800'", "no character"),
        ("a.1", "an operator or the end was expected"),
        ("{'a' 1}", "':' was expected"),
        ("[1, 2", "']' was expected"),
        ("(" * 41 + "1" + ")" * 41, "nested deeper"),
        ("+".join("1" * 200), "chained deeper"),
        ("'" + "x" * 4_000 + "'", "at most 4000 characters"),
    ],
)
def test_what_is_no_expression_is_refused(text: str, said: str) -> None:
    with pytest.raises(ExpressionSyntaxError) as refused:
        expression(text)
    assert said in str(refused.value)


def test_long_chains_of_conditions_are_flat() -> None:
    assert expression(" || ".join(["a"] * 800)).evaluate({"a": False}) is False


def test_lists_within_lists_come_to_an_end() -> None:
    many = list(range(400))
    outcome = expression("l.all(x, l.exists(y, l.exists(z, x + y + z < 0)))").evaluate({"l": many})
    assert isinstance(outcome, Error) and "more than 100000 elements" in outcome.sentence
    assert expression("l.all(x, l.exists(y, x == y))").evaluate({"l": many[:300]}) is True
