"""The door finds every violation, with its place, and lets good lines through."""

from typing import Any

import pytest

from catalog.decompose import LineRequest
from catalog.door import Violation, check_line
from catalog.model import Catalog, Kind
from catalog.tree import LINE_DOMAIN_ORDERS_MAX

PRODUCT = "/product/productCharacteristic"


def line(
    offering: str | None = "broadband-basic", action: str = "add", quantity: Any = 1, **values: Any
) -> LineRequest:
    return LineRequest("1", action, offering, None, quantity, values)


def found(
    catalog: Catalog, request: LineRequest, captured_as: Kind | None = None
) -> list[tuple[str, str, str | None]]:
    violations = check_line(catalog, request, captured_as)
    assert all(violation.message for violation in violations)
    return [(each.pointer, each.code, each.characteristic) for each in violations]


@pytest.mark.parametrize(
    "request_, violations",
    [
        (line(speed=100, site="Main Street 1"), []),
        (line(speed=100.0), []),
        (line(speed=100, site=None), []),
        (line(action="modify", contention="business"), []),
        (line(action="noChange"), []),
        (line(), [(PRODUCT, "missing-characteristic", "speed")]),
        (line(speed=None), [(PRODUCT, "missing-characteristic", "speed")]),
        (line(speed=70), [(PRODUCT, "value-not-allowed", "speed")]),
        (line(speed="100"), [(PRODUCT, "wrong-type", "speed")]),
        (line(speed=True), [(PRODUCT, "wrong-type", "speed")]),
        (line(speed=[100]), [(PRODUCT, "wrong-type", "speed")]),
        (line(speed=50, colour="red"), [(PRODUCT, "unknown-characteristic", "colour")]),
        (line(speed=50, colour=None), [(PRODUCT, "unknown-characteristic", "colour")]),
        (line(speed=50, startDate="tomorrow"), [(PRODUCT, "wrong-type", "startDate")]),
        (line(speed=50, quantity=0), [("/quantity", "quantity-out-of-range", None)]),
        (line(speed=50, quantity=1.5), [("/quantity", "quantity-out-of-range", None)]),
        (line(speed=50, quantity=LINE_DOMAIN_ORDERS_MAX // 2), []),
        (line(speed=50, quantity=LINE_DOMAIN_ORDERS_MAX), [("/quantity", "quantity-out-of-range", None)]),
        (line("nothing"), [("/productOffering/id", "unknown-offering", None)]),
        (line(None), [("/productOffering", "nothing-ordered", None)]),
        (line(action="move"), [("/action", "unknown-action", None)]),
        (line("dsl-classic", speed=50), [("/productOffering/id", "not-orderable", None)]),
        (line("dsl-classic", action="delete"), []),
        (line("managed-firewall", action="modify"), [("/productOffering/id", "not-orderable", None)]),
        (line("voice-home", number="0301234"), [(PRODUCT, "pattern-mismatch", "number")]),
        (line("mobile-postpaid", dataAllowance=501), [(PRODUCT, "above-maximum", "dataAllowance")]),
        (line("mobile-postpaid", dataAllowance=-1), [(PRODUCT, "below-minimum", "dataAllowance")]),
        (line("sdwan-network", siteCount=12), []),
        (line("sdwan-network", siteCount=1001), [(PRODUCT, "above-maximum", "siteCount")]),
        (line("sdwan-network", siteCount=1000, quantity=9), [("/quantity", "quantity-out-of-range", None)]),
    ],
)
def test_lines_at_the_door(
    request_: LineRequest, violations: list[tuple[str, str, str | None]], sample: Catalog
) -> None:
    assert found(sample, request_) == violations
    assert found(sample, request_) == violations, "the compiled door says the same"


def test_all_violations_come_at_once(sample: Catalog) -> None:
    request = line("dsl-classic", speed=70, colour="red", quantity=0)
    assert [code for _, code, _ in found(sample, request)] == [
        "not-orderable",
        "value-not-allowed",
        "unknown-characteristic",
        "quantity-out-of-range",
    ]


def test_messages_say_what_to_choose(sample: Catalog) -> None:
    assert check_line(sample, line(speed=70)) == (
        Violation(
            PRODUCT,
            "value-not-allowed",
            "speed 70 is not offered; choose one of 50, 100, 250, 1000 Mbit/s",
            "speed",
        ),
    )


def test_a_count_may_break_the_relationship_alone(sample: Catalog) -> None:
    request = LineRequest("1", "add", None, "iot-connectivity-service", 1, {"devices": 5001})
    pointer = "/service/serviceCharacteristic"
    assert found(sample, request) == [(pointer, "quantity-out-of-range", "devices")]


@pytest.mark.parametrize(
    "specification, captured_as, violations",
    [
        ("internet-access-service", None, []),
        ("internet-access-service", "service", []),
        ("access-port", "resource", []),
        ("access-port", "service", [("/service/serviceSpecification/id", "wrong-kind", None)]),
        ("nothing", "service", [("/service/serviceSpecification/id", "unknown-specification", None)]),
        ("nothing", "resource", [("/resource/resourceSpecification/id", "unknown-specification", None)]),
        ("nothing", None, [("/product/productSpecification/id", "unknown-specification", None)]),
        (None, "service", [("/service/serviceSpecification/id", "nothing-ordered", None)]),
    ],
)
def test_service_and_resource_orders_at_the_door(
    specification: str | None,
    captured_as: Kind | None,
    violations: list[tuple[str, str, str | None]],
    sample: Catalog,
) -> None:
    values = {"downstreamSpeed": 50} if specification == "internet-access-service" else {}
    request = LineRequest("1", "add", None, specification, 1, values)
    assert found(sample, request, captured_as) == violations


def test_an_offering_and_its_specification_must_agree(sample: Catalog) -> None:
    good = LineRequest("1", "add", "tv-premium", "television-premium")
    bad = LineRequest("1", "add", "tv-premium", "voice-line")
    assert found(sample, good) == []
    assert found(sample, bad) == [("/product/productSpecification/id", "specification-mismatch", None)]
