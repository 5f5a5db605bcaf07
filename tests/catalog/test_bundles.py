"""What ordering a bundle means: its lines, their numbers, and what it takes by default."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.commerce.bundles import completed, needs_care
from catalog.decompose import LineRequest, decompose, explain
from catalog.door import check_line, sells_by_date
from catalog.model import Catalog

Item = dict[str, Any]


def item(id_: str, offering: str, action: str = "add", quantity: int = 1, **fields: Any) -> Item:
    return {
        "id": id_,
        "action": action,
        "quantity": quantity,
        "productOffering": {"id": offering},
        **fields,
    }


def bundle(*nested: Item, quantity: int = 1, action: str = "add", **fields: Any) -> Item:
    return item("1", "home-triple-play", action, quantity, productOrderItem=list(nested), **fields)


def lines(catalog: Catalog, *items: Item) -> dict[str, tuple[str, int]]:
    """Id -> (offering, quantity) of the items nested in the first, for an order that fits."""
    order, unfit = completed(catalog, {"productOrderItem": list(items)})
    assert unfit == ()
    first = order["productOrderItem"][0]
    return {
        each["id"]: (each["productOffering"]["id"], each["quantity"]) for each in first["productOrderItem"]
    }


def unfit(catalog: Catalog, *items: Item) -> list[tuple[str, str]]:
    return [(each.pointer, each.code) for each in completed(catalog, {"productOrderItem": list(items)})[1]]


def test_a_bundle_that_nests_nothing_takes_its_defaults(sample: Catalog) -> None:
    assert lines(sample, bundle()) == {
        "1:fibre-internet": ("fibre-internet", 1),
        "1:tv-premium": ("tv-premium", 1),
        "1:voice-home": ("voice-home", 1),
    }
    assert [quantity for _, quantity in lines(sample, bundle(quantity=3)).values()] == [3, 3, 3]


def test_one_that_nests_something_has_said_what_it_takes(sample: Catalog) -> None:
    assert lines(sample, bundle(item("1.1", "voice-home", quantity=2))) == {
        "1.1": ("voice-home", 2),
        "1:fibre-internet": ("fibre-internet", 1),
    }


def test_the_bundles_values_go_where_the_order_states_none(sample: Catalog) -> None:
    stated = item(
        "1.1",
        "fibre-internet",
        product={"productCharacteristic": [{"name": "speed", "value": 2000}]},
    )
    for nested, speed in (((), 500), ((stated,), 2000), ((item("1.1", "fibre-internet"),), 500)):
        order, _ = completed(sample, {"productOrderItem": [bundle(*copy.deepcopy(nested))]})
        (fibre,) = [
            each
            for each in order["productOrderItem"][0]["productOrderItem"]
            if each["productOffering"]["id"] == "fibre-internet"
        ]
        assert fibre["product"]["productCharacteristic"] == [{"name": "speed", "value": speed}]


def test_related_items_are_the_bundles_too(sample: Catalog) -> None:
    related = item(
        "2",
        "fibre-internet",
        productOrderItemRelationship=[{"id": "1", "relationshipType": "bundledBy"}],
    )
    assert lines(sample, bundle(), related) == {}, "the requester said what it takes"
    other_way = bundle(productOrderItemRelationship=[{"id": "2", "relationshipType": "bundles"}])
    assert lines(sample, other_way, item("2", "fibre-internet")) == {}


def test_what_does_not_fit(sample: Catalog) -> None:
    nested = [item("1.1", "voice-home", quantity=3), item("1.2", "mobile-postpaid")]
    assert unfit(sample, bundle(*nested)) == [
        ("/productOrderItem/0/productOrderItem/1/productOffering/id", "not-in-bundle"),
        ("/productOrderItem/0/productOrderItem", "bundle-quantity"),
    ]
    assert unfit(sample, bundle(item("1.1", "fibre-internet", quantity=2), quantity=3)) == [
        ("/productOrderItem/0/productOrderItem", "bundle-quantity")
    ]


@pytest.mark.parametrize("action", ["modify", "delete", "noChange"])
def test_an_installed_bundle_is_neither_completed_nor_counted(action: str, sample: Catalog) -> None:
    assert lines(sample, bundle(action=action)) == {}
    assert lines(sample, bundle(item("1.1", "voice-home", "delete"), action=action)) == {
        "1.1": ("voice-home", 1)
    }


def test_bundles_in_bundles_and_what_is_sold_in_bundles_only(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        """
        productSpecifications: {p: {characteristics: {size: {valueType: integer, mandatory: true}}}}
        offerings:
          whole: {bundledOfferings: {half: {minimumQuantity: 2, defaultQuantity: 2, maximumQuantity: 2}}}
          half: {bundledOfferings: {part: {characteristics: {size: 4}}, extra: {defaultQuantity: 0}}}
          part: {productSpecification: p, isSellable: false}
          extra: {productSpecification: p}
        """
    )
    assert needs_care(catalog) == {"whole", "half", "part"}
    order, found = completed(catalog, {"productOrderItem": [item("1", "whole")]})
    assert found == ()
    (half,) = order["productOrderItem"][0]["productOrderItem"]
    (part,) = half["productOrderItem"]
    assert (half["id"], half["quantity"]) == ("1:half", 2)
    assert (part["id"], part["quantity"]) == ("1:half:part", 2)
    assert part["product"] == {"productCharacteristic": [{"name": "size", "value": 4}]}
    assert unfit(catalog, item("1", "part")) == [("/productOrderItem/0/productOffering/id", "not-sellable")]
    assert unfit(catalog, item("1", "part", "delete")) == []
    nested = item("1", "extra", productOrderItem=[item("2", "part")])
    assert unfit(catalog, nested) == [
        ("/productOrderItem/0/productOrderItem/0/productOffering/id", "not-sellable")
    ]


def test_ids_that_are_taken_stay_with_who_has_them(sample: Catalog) -> None:
    order, _ = completed(
        sample, {"productOrderItem": [bundle(), item("1:fibre-internet", "broadband-basic")]}
    )
    nested = [each["id"] for each in order["productOrderItem"][0]["productOrderItem"]]
    assert nested == ["1:fibre-internet:2", "1:tv-premium", "1:voice-home"]


def test_a_bundle_of_its_own_has_no_work(sample: Catalog) -> None:
    request = LineRequest("1", "add", "home-triple-play")
    assert check_line(sample, request) == ()
    decomposed = decompose(sample, request)
    assert (decomposed.domain_orders, decomposed.tasks) == ((), ())
    (reason,) = explain(sample, request)
    assert not reason.created and reason.rule == "product-without-order"


def test_an_offering_may_narrow_its_specification(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        """
        productSpecifications:
          p:
            orders: true
            characteristics: {speed: {valueType: integer, allowedValues: [50, 100, 200]}}
            plans: {add: [{name: work, target: system}]}
        offerings:
          any: {productSpecification: p}
          slow: {productSpecification: p, characteristics: {speed: {allowedValues: [50], default: 50}}}
          told: {productSpecification: p, characteristics: {speed: {mandatory: true}}}
        """
    )

    def ordered(offering: str, **values: Any) -> LineRequest:
        return LineRequest("1", "add", offering, characteristics=values)

    assert [check_line(catalog, ordered(each, speed=100)) == () for each in ("any", "slow", "told")] == [
        True,
        False,
        True,
    ]
    assert [each.code for each in check_line(catalog, ordered("told"))] == ["missing-characteristic"]
    values = [decompose(catalog, ordered(each)).domain_orders[0].characteristics for each in ("any", "slow")]
    assert values == [{}, {"speed": 50}]


NEW_YEAR_2025 = 1_735_686_000_000


@pytest.mark.parametrize("action", ["add", "modify", "delete"])
def test_an_offering_is_ordered_while_it_is_valid(action: str, sample: Catalog) -> None:
    assert sells_by_date(sample)
    request = LineRequest("1", action, "home-triple-play")
    assert check_line(sample, request, at=NEW_YEAR_2025) == ()
    found = check_line(sample, request, at=NEW_YEAR_2025 - 1)
    assert [each.code for each in found] == (["not-valid-now"] if action == "add" else [])
    if found:
        assert found[0].message == (
            "offering home-triple-play is offered from 2024-12-31T23:00:00Z, not at 2024-12-31T22:59:59.999Z"
        )


def test_the_end_of_a_validity_is_no_part_of_it(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        """
        productSpecifications: {p: {}}
        offerings: {o: {productSpecification: p, validFor: {endDateTime: 1970-01-01T00:00:01Z}}}
        """
    )
    request = LineRequest("1", "add", "o")
    assert [bool(check_line(catalog, request, at=at)) for at in (0, 999, 1_000)] == [False, False, True]


@given(
    st.lists(st.tuples(st.sampled_from(["fibre-internet", "tv-premium", "voice-home"]), st.integers(1, 4))),
    st.integers(1, 3),
)
def test_an_order_that_is_completed_fits_and_stays_as_it_is(
    sample: Catalog, nested: list[tuple[str, int]], quantity: int
) -> None:
    items = [item(f"1.{number}", offering, "add", count) for number, (offering, count) in enumerate(nested)]
    sent = {"productOrderItem": [bundle(*items, quantity=quantity)]}
    before = copy.deepcopy(sent)
    order, found = completed(sample, sent)
    assert sent == before, "the order that came is not touched"
    if not found:
        assert completed(sample, order) == (order, ())
        counts = {"fibre-internet": 0, "tv-premium": 0, "voice-home": 0}
        for each in order["productOrderItem"][0]["productOrderItem"]:
            counts[each["productOffering"]["id"]] += each["quantity"]
        assert quantity <= counts["fibre-internet"]
        assert counts["voice-home"] <= 2 * quantity and counts["tv-premium"] <= 3 * quantity
