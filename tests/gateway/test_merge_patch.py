"""Merge patches of orders: RFC 7386 everywhere but in item arrays, which are merged by id."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tmf.merge_patch import merged
from gateway.tmf.order_delta import delta_of
from gateway.tmf.shapes import PRODUCT

ITEMS = "productOrderItem"

# The examples of RFC 7386, appendix A, whose targets are objects and whose patches are, too.
RFC_7386: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "after"), RFC_7386)
def test_what_is_no_item_follows_the_rfc(
    target: dict[str, Any], patch: dict[str, Any], after: dict[str, Any]
) -> None:
    kept = copy.deepcopy((target, patch))
    assert merged(target, patch, ITEMS) == (after, [])
    assert (target, patch) == kept, "nothing is changed in place"


def test_items_are_merged_by_id_at_every_depth_and_omitted_ones_stay() -> None:
    order = {ITEMS: [{"id": "1", "quantity": 1, ITEMS: [{"id": "1a", "x": 1}, {"id": "1b"}]}, {"id": "2"}]}
    patch = {
        ITEMS: [{"id": "3", "action": "add"}, {"id": "1", "quantity": None, ITEMS: [{"id": "1a", "x": 2}]}]
    }
    after, faults = merged(order, patch, ITEMS)
    assert not faults
    assert after == {
        ITEMS: [
            {"id": "1", ITEMS: [{"id": "1a", "x": 2}, {"id": "1b"}]},
            {"id": "2"},
            {"id": "3", "action": "add"},
        ]
    }


def test_an_array_of_that_name_inside_of_a_product_is_no_item_array() -> None:
    order = {ITEMS: [{"id": "1", "product": {ITEMS: [{"id": "x"}]}}]}
    after, faults = merged(order, {ITEMS: [{"id": "1", "product": {ITEMS: [{"id": "y"}]}}]}, ITEMS)
    assert (after, faults) == ({ITEMS: [{"id": "1", "product": {ITEMS: [{"id": "y"}]}}]}, [])


@pytest.mark.parametrize(
    ("patch", "pointer", "code"),
    [
        ({ITEMS: None}, f"/{ITEMS}", "line-removed"),
        ({ITEMS: [{"id": "1", ITEMS: None}]}, f"/{ITEMS}/0/{ITEMS}", "line-removed"),
        ({ITEMS: {"id": "1"}}, f"/{ITEMS}", "wrong-type"),
        ({ITEMS: ["1"]}, f"/{ITEMS}/0", "wrong-type"),
        ({ITEMS: [{"quantity": 2}]}, f"/{ITEMS}/0/id", "missing"),
        ({ITEMS: [{"id": "1"}, {"id": "1"}]}, f"/{ITEMS}/1/id", "not-unique"),
    ],
)
def test_what_cannot_be_merged_is_named(patch: dict[str, Any], pointer: str, code: str) -> None:
    _, faults = merged({ITEMS: [{"id": "1"}]}, patch, ITEMS)
    assert [(fault.pointer, fault.code) for fault in faults] == [(pointer, code)]


QUANTITIES = st.sampled_from([{}, {"quantity": 1}, {"quantity": 2}])


def items(prefix: str, depth: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Some of three items, each with items of its own down to a depth."""
    nested = items(prefix + "1", depth - 1) if depth > 1 else st.just([])
    one = st.tuples(QUANTITIES, nested).map(
        lambda drawn: {**drawn[0], **({ITEMS: drawn[1]} if drawn[1] else {})}
    )
    some = st.lists(st.none() | one, min_size=3, max_size=3)
    return some.map(
        lambda drawn: [{"id": f"{prefix}{n}", **each} for n, each in enumerate(drawn) if each is not None]
    )


ORDERS = st.fixed_dictionaries({ITEMS: items("", 3)}, optional={"note": st.text(max_size=2)})


@given(ORDERS, ORDERS)
def test_no_line_is_ever_lost_and_a_patch_twice_is_a_patch_once(
    order: dict[str, Any], patch: dict[str, Any]
) -> None:
    after, faults = merged(order, patch, ITEMS)
    assert not faults
    assert _paths(order) <= _paths(after) == _paths(order) | _paths(patch)
    assert merged(after, patch, ITEMS) == (after, [])
    assert merged(after, {}, ITEMS) == (after, [])


def _paths(parent: dict[str, Any], above: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    own = {(*above, item["id"]) for item in parent.get(ITEMS, ())}
    return own.union(*(_paths(item, (*above, item["id"])) for item in parent.get(ITEMS, ())))


def line(values: dict[str, Any], **more: Any) -> dict[str, Any]:
    named = [{"name": name, "value": value} for name, value in values.items()]
    return {"id": "1", "action": "add", "product": {"productCharacteristic": named}, **more}


def delta(before: dict[str, Any], after: dict[str, Any], **more: Any) -> Any:
    return delta_of(
        {ITEMS: [before]}, {ITEMS: [after], **more}, PRODUCT, lambda order: str(order.get("party", ""))
    )


def test_what_was_unknown_is_given_and_what_was_known_is_changed() -> None:
    found = delta(
        line({"speed": None, "site": "a", "wifi": 1}), line({"speed": 100, "site": "b", "colour": 2})
    )
    assert found.given == {"1": {"speed": 100, "colour": 2}}
    assert found.changed == {"1": {"site": "b", "wifi": None}}
    assert not found.fixed and not found.free
    assert not delta(line({"speed": None}), line({})).given, "absent and null both are not known yet"


def test_notes_and_contacts_are_free_and_everything_else_is_not() -> None:
    same = line({})
    contact = [{"id": "c", "role": "contact"}]
    assert delta(same, same, note=[{"text": "x"}], description="y", relatedParty=contact).free
    assert delta(same, same, relatedParty=contact, party="other").fixed == ("/party", "/relatedParty")
    assert delta(same, line({}, quantity=2)).fixed == (f"/{ITEMS}/0/quantity",)
    assert delta(same, same, priority="1").fixed == ("/priority",)
    assert delta(same, same).pointers == ()
