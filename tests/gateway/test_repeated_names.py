"""A name that stands twice in one object is refused, wherever it stands and however it is written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth import Principal
from gateway.door import Door
from gateway.identity import canonical
from gateway.intake import unwrapped
from gateway.repeated_names import may_repeat, repeated_names
from gateway.violations import BadRequest
from tests.gateway.conftest import order
from tests.gateway.test_door import Catalogued

DOOR = Door(Catalogued())
GOOD = json.dumps(order(1))


def refused(raw: str) -> dict[str, str]:
    order, key = unwrapped(DOOR.read(raw.encode()))
    with pytest.raises(BadRequest) as caught:
        DOOR.admit(order, Principal("ann", "shop"), key, raw=raw.encode())
    return {each.pointer: each.code for each in caught.value.violations}


@pytest.mark.parametrize(
    ("was", "becomes", "pointer"),
    [
        ('"category":', '"category": "B2B", "category":', "/category"),
        ('"category":', '"\\u0063ategory" : "B2B", "category":', "/category"),
        ('"action":', '"action": "delete", "action":', "/productOrderItem/0/action"),
        ('"category": "B2C"', '"category": "\\u003a\\u003a\\u003a", "category": "B2C"', "/category"),
    ],
)
def test_a_repeated_name_is_refused_with_its_place(was: str, becomes: str, pointer: str) -> None:
    raw = GOOD.replace(was, becomes, 1)
    assert refused(raw) == {pointer: "repeated-name"}
    assert refused(f'{{"idempotencyKey": "k:1", "productOrder": {raw}}}') == {pointer: "repeated-name"}


def test_a_repeated_key_is_refused() -> None:
    raw = f'{{"idempotencyKey": "a", "idempotencyKey": "b", "productOrder": {GOOD}}}'
    assert refused(raw) == {"/idempotencyKey": "repeated-name"}


def test_a_second_order_in_a_line_is_refused() -> None:
    assert refused(f'{{"productOrder": {GOOD}, "productOrder": {GOOD}}}') == {
        "/productOrder": "repeated-name"
    }


@pytest.mark.parametrize("text", ["a:b", "::", '\\"x\\": 1', "\\u003a", "https://x"])
def test_colons_in_texts_repeat_nothing(text: str) -> None:
    raw = GOOD.replace("12 Harbour Road", text)
    DOOR.admit(DOOR.read(raw.encode()), Principal("ann", "shop"), raw=raw.encode())


NAMES = st.sampled_from(["a", "b", ":", "\\u003a", "c:d"])


@st.composite
def written(draw: st.DrawFn) -> str:
    """JSON objects as text, names repeated or not."""
    return draw(
        st.recursive(
            st.sampled_from(["1", '":"', "[]", '"\\u003a"']),
            lambda inner: st.lists(st.tuples(NAMES, inner), max_size=4).map(
                lambda pairs: "{" + ", ".join(f'"{name}" : {value}' for name, value in pairs) + "}"
            ),
            max_leaves=12,
        )
    )


@given(written())
def test_counting_never_overlooks_one(text: str) -> None:
    raw = f'{{"x": {text}}}'.encode()
    kept: Any = canonical(json.loads(raw))
    if not may_repeat(raw, kept):
        assert list(repeated_names(raw)) == []
