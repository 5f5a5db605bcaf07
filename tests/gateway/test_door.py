"""The door: what comes in, what does not, and that both readers agree."""

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.document import lines_of
from benchmarks.shapes import SHAPES, Shape, order_lines
from catalog.door import check_line
from catalog.store import sample_catalogs
from gateway.auth import Principal
from gateway.door import Door
from gateway.identity import canonical, digest_of
from gateway.tmf.order_faults import faults_of
from gateway.tmf.order_rules import keeps_rules
from gateway.tmf.product_order_form import ProductOrderCreate
from gateway.violations import BadRequest
from runtime.limits import JSON_DEPTH_MAX
from tests.gateway.conftest import item, order

SHOP = Principal("ann", "shop")


class Catalogued:
    catalogs = sample_catalogs()


DOOR = Door(Catalogued())
CATALOG = Catalogued.catalogs.current


def admit(document: dict[str, Any], principal: Principal = SHOP, key: str | None = None) -> Any:
    return DOOR.admit(DOOR.read(msgspec.json.encode(document)), principal, key)


def refused(document: dict[str, Any]) -> dict[str, str]:
    """Pointer -> code of every violation."""
    with pytest.raises(BadRequest) as caught:
        admit(document)
    assert caught.value.status == 400
    return {violation.pointer: violation.code for violation in caught.value.violations}


def test_a_good_order_becomes_a_message() -> None:
    document = order(
        7,
        requestedStartDate="2026-11-23T10:00:00+01:00",
        orderRelationship=[
            {"id": "o" + "0" * 24, "relationshipType": "dependsOn"},
            {"id": "o" + "0" * 24, "relationshipType": "dependsOn"},
            {"id": "x", "relationshipType": "replaces"},
        ],
        colour="kept as an extension",
    )
    message = admit(document).message
    assert msgspec.json.decode(message.document) == document
    assert (message.external_id, message.category, message.party) == ("test-7", "B2C", "c1")
    assert (message.client, message.by, message.keyed) == ("shop", "ann", True)
    assert message.requested_start == 1795424400000
    assert message.depends_on == ("o" + "0" * 24,)
    assert message.catalog == CATALOG.version


def test_the_door_judges_what_the_actors_will_read() -> None:
    nested = order(productOrderItem=[item("1", quantity=2, productOrderItem=[item("1.1")]), item("2")])
    requests = [line.request for line in lines_of(admit(nested).message.document)]
    assert [request.line for request in requests] == ["1", "1.1", "2"]
    assert not any(check_line(CATALOG, request) for request in requests)


def test_keys() -> None:
    other = Principal("bob", "portal")
    loose = Principal("cid", "shop", external_ids_unique=False)
    assert (
        admit(order(1)).order
        == admit(order(1, description="other body")).order
        == admit(order(1), other).order
    )
    assert (
        admit(order(1), SHOP, "k").order
        == admit(order(2), SHOP, "k").order
        != admit(order(1), other, "k").order
    )
    assert admit(order(1), loose).order != admit(order(1), loose).order
    assert not admit(order(1), loose).message.keyed
    nameless = order(1)
    del nameless["relatedParty"]
    assert admit(nameless).order != admit(nameless, other).order


def test_the_party_is_the_owner_before_the_customer() -> None:
    parties = [
        {"id": "a", "role": "agent", "@referredType": "Individual"},
        {"id": "b", "role": "Customer", "@referredType": "Individual"},
        {"id": "c", "role": "owner", "@referredType": "Individual"},
    ]
    assert admit(order(relatedParty=parties)).message.party == "c"
    assert admit(order(relatedParty=parties[:2])).message.party == "b"
    assert admit(order(relatedParty=parties[:1])).message.party == "a"


def test_every_violation_is_in_one_answer() -> None:
    bad = order(
        id="mine",
        state="completed",
        requestedStartDate="2026-11-23",
        priority="9",
        note=[{"author": "x"}],
        relatedParty=[{"id": "c1"}],
        productOrderItem=[
            item("1", productOffering={"id": "no-such-offering"}, state="held"),
            item("1", quantity=0),
            item("a/b~c", action="destroy"),
            {"action": "add", "productOffering": {}},
            item("4", productOrderItemRelationship=[{"id": "9", "relationshipType": "bundles"}]),
            item(
                "5",
                product={
                    "productCharacteristic": [{"name": "speed", "value": "x"}, {"name": "colour", "value": 1}]
                },
            ),
            item("6", productOrderItem=[item("7", product={"productCharacteristic": []})]),
        ],
    )
    assert refused(bad) == {
        "/id": "server-set",
        "/state": "server-set",
        "/requestedStartDate": "date-time",
        "/priority": "value-not-allowed",
        "/note/0/text": "missing",
        "/relatedParty/0/@referredType": "missing",
        "/productOrderItem/0/productOffering/id": "unknown-offering",
        "/productOrderItem/0/state": "server-set",
        "/productOrderItem/1/id": "not-unique",
        "/productOrderItem/1/quantity": "below-minimum",
        "/productOrderItem/2/action": "value-not-allowed",
        "/productOrderItem/3/id": "missing",
        "/productOrderItem/3/productOffering/id": "missing",
        "/productOrderItem/4/productOrderItemRelationship/0/id": "unknown-item",
        "/productOrderItem/5/product/productCharacteristic/0": "wrong-type",
        "/productOrderItem/5/product/productCharacteristic/1": "unknown-characteristic",
        "/productOrderItem/6/productOrderItem/0/product/productCharacteristic": "missing-characteristic",
    }


def depends(other: str) -> dict[str, Any]:
    return {"productOrderItemRelationship": [{"id": other, "relationshipType": "dependsOn"}]}


@pytest.mark.parametrize(
    ("items", "stuck"),
    [
        ([item("1", **depends("1"))], {"/productOrderItem/0"}),
        (
            [item("1", **depends("2")), item("2", **depends("1"))],
            {"/productOrderItem/0", "/productOrderItem/1"},
        ),
        (
            [item("1", productOrderItem=[item("2", **depends("1"))])],
            {"/productOrderItem/0", "/productOrderItem/0/productOrderItem/0"},
        ),
    ],
)
def test_circles_are_refused(items: list[dict[str, Any]], stuck: set[str]) -> None:
    assert refused(order(productOrderItem=items)) == dict.fromkeys(stuck, "circle")


def test_relationships_that_do_not_wait_make_no_circle() -> None:
    def related(other: str, kind: str) -> dict[str, Any]:
        return {"productOrderItemRelationship": [{"id": other, "relationshipType": kind}]}

    admit(
        order(productOrderItem=[item("1", **related("2", "bundles")), item("2", **related("1", "bundledBy"))])
    )


def test_dates_in_the_wrong_order() -> None:
    dates = {
        "requestedStartDate": "2026-02-02T00:00:00Z",
        "requestedCompletionDate": "2026-02-01T23:00:00-00:30",
    }
    assert refused(order(**dates)) == {"/requestedStartDate": "after-completion"}


def test_numbers_beyond_64_bits() -> None:
    assert refused(order(weight=[{"a": 2**64}])) == {"/weight/0/a": "number-out-of-range"}
    admit(order(weight=2**64 - 1, phone="123456789012345678901234567890"))


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"nonsense", b"[]", b'"x"', b"3", b"\xff\xfe", b'{"a":NaN}', b'{"a":1e999}']
)
def test_what_is_no_object(raw: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        DOOR.read(raw)
    assert caught.value.violations[0].pointer == ""


@pytest.mark.parametrize("levels", [JSON_DEPTH_MAX + 1, 100_000])
def test_depth_is_bounded(levels: int) -> None:
    with pytest.raises(BadRequest, match="levels deep"):
        DOOR.read(b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}")
    fits = JSON_DEPTH_MAX - 1
    DOOR.read(b'{"a":' + b"[" * fits + b"]" * fits + b"}")


def test_a_hostile_order_is_refused_before_it_costs_much() -> None:
    raw = b'{"productOrderItem":[' + b"{}," * 1_000_000 + b"{}]}"
    with pytest.raises(BadRequest) as caught:
        DOOR.admit(DOOR.read(raw), SHOP)
    (violation,) = caught.value.violations
    assert violation.pointer == "/productOrderItem/0"
    with pytest.raises(BadRequest, match="more than 1000 violations"):
        admit(order(productOrderItem=[item("1") for _ in range(2_000)]))


def test_quoted_values_are_cut() -> None:
    characteristics = [{"name": "speed", "value": "x" * 10_000}]
    with pytest.raises(BadRequest) as caught:
        admit(order(productOrderItem=[item("1", product={"productCharacteristic": characteristics})]))
    assert len(caught.value.violations[0].message) == 400


# Documents that are nearly right: a good order with some places replaced, removed or added.
PIECES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", "1", "2", "add", "noChange", "delete", "dependsOn", "broadband-basic", "mobile-postpaid"]
    ),
    st.sampled_from(
        ["2026-11-23T09:00:00Z", "2026-11-24T09:00:00+02:00", "2026-11-23", "2026-11-23T09:00:00"]
    ),
    st.text(max_size=3),
    st.just([]),
    st.just({}),
    st.just([{"id": "1", "relationshipType": "dependsOn"}]),
    st.just([{"name": "speed", "value": 50}]),
    st.just({"id": "broadband-basic"}),
    st.builds(lambda id_: [item(id_)], st.sampled_from("123")),
)
NAMES = st.sampled_from(
    [
        "id href state orderDate completionDate requestedStartDate requestedCompletionDate externalId category",
        "priority note action quantity product productOffering productOrderItem productOrderItemRelationship",
        "relatedParty productCharacteristic productSpecification place value name orderRelationship",
        "agreement extension",
    ]
).flatmap(lambda names: st.sampled_from(names.split()))


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a document."""
    found: list[tuple[Any, Any]] = []
    ways = [value]
    while ways:
        container = ways.pop()
        keys = list(container) if isinstance(container, dict) else range(len(container))
        for key in keys:
            found.append((container, key))
            if isinstance(container[key], dict | list):
                ways.append(container[key])
    return found


@st.composite
def nearly_right(draw: st.DrawFn) -> dict[str, Any]:
    document = order(productOrderItem=[item("1", quantity=1), item("2", productOrderItem=[item("3")])])
    for _ in range(draw(st.integers(0, 4))):
        spots = places(document)
        if not spots:
            break
        container, key = spots[draw(st.integers(0, len(spots) - 1))]
        change = draw(st.sampled_from(["replace", "remove", "add"]))
        if change == "replace":
            container[key] = copy.deepcopy(draw(PIECES))
        elif change == "remove":
            del container[key]
        elif isinstance(container, dict):
            container[draw(NAMES)] = copy.deepcopy(draw(PIECES))
    return document


@given(nearly_right())
def test_both_readers_accept_the_same_orders(document: dict[str, Any]) -> None:
    raw = msgspec.json.encode(document)
    faults = faults_of(document, raw, CATALOG)
    try:
        form = msgspec.convert(msgspec.json.decode(raw), ProductOrderCreate)
    except msgspec.ValidationError:
        accepted = False
    else:
        accepted = keeps_rules(form, CATALOG)
    assert accepted == (not faults), faults
    if accepted:
        for line in lines_of(msgspec.json.encode(document)):
            assert not check_line(CATALOG, line.request)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_standard_loads_come_in(shape: Shape) -> None:
    for line in order_lines(shape, 1 if shape == "mega-5000" else 20):
        DOOR.admit(DOOR.read(line), SHOP)


def test_bundles_are_completed_and_checked_at_the_door() -> None:
    bundle = {"id": "1", "action": "add", "productOffering": {"id": "home-triple-play"}}
    sent = order(1, productOrderItem=[bundle])
    before = copy.deepcopy(sent)
    message = admit(sent).message
    assert sent == before
    requests = [line.request for line in lines_of(message.document)]
    assert [request.line for request in requests] == [
        "1",
        "1:fibre-internet",
        "1:tv-premium",
        "1:voice-home",
    ]
    assert not any(check_line(CATALOG, request) for request in requests)
    assert message.digest == digest_of(canonical(sent)), "a repetition is known by what was sent"

    nested = {"id": "1.1", "action": "add", "quantity": 3, "productOffering": {"id": "voice-home"}}
    assert refused(order(1, productOrderItem=[{**bundle, "productOrderItem": [nested]}])) == {
        "/productOrderItem/0/productOrderItem": "bundle-quantity"
    }


def test_what_a_bundle_takes_is_checked_like_what_was_sent() -> None:
    bundle = {"id": "1" * 250, "action": "add", "productOffering": {"id": "home-triple-play"}}
    with pytest.raises(BadRequest):
        admit(order(1, productOrderItem=[bundle]))


def test_an_offering_is_taken_while_it_is_valid() -> None:
    early = Door(Catalogued(), clock=lambda: 0)
    document = order(
        1, productOrderItem=[{"id": "1", "action": "add", "productOffering": {"id": "home-triple-play"}}]
    )
    with pytest.raises(BadRequest) as caught:
        early.admit(document, SHOP)
    assert [each.code for each in caught.value.violations] == ["not-valid-now"]
    admit(document)
