"""Lists, objects, ranges and fixed values: what a characteristic of any TMF value type takes."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.characteristics import accepts, faults
from catalog.decompose import LineRequest
from catalog.door import check_line
from catalog.model import Catalog, CharacteristicSpecification, ValueRange
from catalog.rules.outcome import NOT_APPLICABLE

Load = Callable[[str], Catalog]

SITE = CharacteristicSpecification(
    "site",
    "object",
    members=(
        CharacteristicSpecification("city", "string", mandatory=True),
        CharacteristicSpecification("floor", "integer", value_from=0, value_to=99),
        CharacteristicSpecification("tags", "string", allowed_values=("a", "b"), max_cardinality=2),
    ),
)
SITES = CharacteristicSpecification("sites", "array", min_cardinality=1, max_cardinality=3, element=SITE)
PORTS = CharacteristicSpecification(
    "ports",
    "integer",
    min_cardinality=1,
    max_cardinality=None,
    allowed_values=(80,),
    ranges=(ValueRange(8000, 8999),),
)
SPEED = CharacteristicSpecification(
    "speed",
    "number",
    allowed_values=(5,),
    ranges=(
        ValueRange(10, 20, "closedBottom"),
        ValueRange(30, None, "open"),
        ValueRange(None, 1, "closedTop"),
    ),
    unit_of_measure="Mbit/s",
)
WINDOW = CharacteristicSpecification(
    "window", "dateTime", value_from="2026-01-01T00:00:00+01:00", value_to="2026-12-31T23:00:00Z"
)
FIXED = CharacteristicSpecification("vlan", "integer", configurable=False, default=7)
SET = CharacteristicSpecification("mac", "string", configurable=False)


@pytest.mark.parametrize(
    "characteristic, value, codes",
    [
        (SITE, {"city": "Ulm"}, []),
        (SITE, {"city": "Ulm", "floor": 3, "tags": ["a", "b"]}, []),
        (SITE, {"city": "Ulm", "floor": None}, []),
        (SITE, {}, ["missing-member"]),
        (SITE, {"city": None}, ["missing-member"]),
        (SITE, {"city": 3, "floor": 100}, ["wrong-type", "above-maximum"]),
        (SITE, {"city": "Ulm", "flor": 1}, ["unknown-member"]),
        (SITE, {"city": "Ulm", "tags": ["a", "c"]}, ["value-not-allowed"]),
        (SITE, {"city": "Ulm", "tags": ["a", "b", "a"]}, ["too-many-values"]),
        (SITE, {"city": "Ulm", "tags": "a"}, ["wrong-type"]),
        (SITE, ["Ulm"], ["wrong-type"]),
        (SITES, [{"city": "Ulm"}], []),
        (SITES, [], ["too-few-values"]),
        (SITES, [{"city": "Ulm"}] * 4, ["too-many-values"]),
        (SITES, [{"city": "Ulm"}, {"floor": -1}], ["below-minimum", "missing-member"]),
        (SITES, {"city": "Ulm"}, ["wrong-type"]),
        (PORTS, [80, 8000, 8999], []),
        (PORTS, [81, 9000], ["value-not-allowed", "value-not-allowed"]),
        (PORTS, [], ["too-few-values"]),
        (PORTS, 80, ["wrong-type"]),
        (PORTS, ["80"], ["wrong-type"]),
        (SPEED, 5, []),
        (SPEED, 10, []),
        (SPEED, 20, ["value-not-allowed"]),
        (SPEED, 30, ["value-not-allowed"]),
        (SPEED, 30.5, []),
        (SPEED, 1, []),
        (SPEED, -7, []),
        (WINDOW, "2025-12-31T23:30:00Z", []),
        (WINDOW, "2025-12-31T22:30:00Z", ["below-minimum"]),
        (WINDOW, "2027-01-01T00:30:00+02:00", []),
        (WINDOW, "2027-01-01T00:30:00+01:00", ["above-maximum"]),
        (FIXED, 7, []),
        (FIXED, 8, ["not-configurable"]),
        (SET, "aa", ["not-configurable"]),
        (SITE, NOT_APPLICABLE, []),
        (CharacteristicSpecification("c", "string", mandatory=True), NOT_APPLICABLE, ["not-applicable"]),
        (CharacteristicSpecification("c", "array", min_cardinality=1), [], ["too-few-values"]),
    ],
)
def test_what_fits_and_what_does_not(
    characteristic: CharacteristicSpecification, value: Any, codes: list[str]
) -> None:
    assert [code for code, _ in faults(characteristic, value)] == codes
    if value != NOT_APPLICABLE:
        assert accepts(characteristic)(value) == (not codes)


@given(
    st.sampled_from([SITE, SITES, PORTS, SPEED, WINDOW, FIXED]),
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9_000) | st.text(max_size=3) | st.floats(),
        lambda below: (
            st.lists(below, max_size=3)
            | st.dictionaries(st.sampled_from(["city", "floor", "tags", "x"]), below, max_size=3)
        ),
        max_leaves=6,
    ),
)
def test_the_fast_check_agrees_with_the_sentences(
    characteristic: CharacteristicSpecification, value: Any
) -> None:
    assert accepts(characteristic)(value) == (not faults(characteristic, value))


def test_sentences_name_the_place() -> None:
    found = faults(SITES, [{"city": "Ulm"}, {"city": "Bonn", "floor": 120, "tags": ["c"]}])
    assert [sentence for _, sentence in found] == [
        "sites[1].floor 120 is above 99",
        "sites[1].tags[0] 'c' is not offered; choose one of a, b",
    ]
    (found_,) = faults(SPEED, 25)
    assert found_[1] == "speed 25 is not offered; choose one of 5, from 10 below 20, above 30, to 1 Mbit/s"


CATALOG = """
    offerings: {o: {productSpecification: p}}
    productSpecifications:
      p:
        validFor: {startDateTime: 2026-01-01T00:00:00Z}
        characteristics:
          sites:
            valueType: array
            minCardinality: 1
            maxCardinality: 3
            element:
              valueType: object
              members:
                city: {valueType: string, mandatory: true}
                since: {valueType: date, valueTo: 2026-12-31}
          tags: {maxCardinality: unbounded, default: [a]}
          speed: {valueType: integer, ranges: [{valueFrom: 1, valueTo: 9, rangeInterval: closedBottom}]}
          size: {valueType: integer, minCardinality: 1}
          vlan: {valueType: integer, configurable: false, mandatory: true, default: 7}
          mac: {configurable: false, mandatory: true}
        mappings: [{set: "'aa'", to: mac}]
    """


def test_they_are_written_in_yaml(load_text: Load) -> None:
    named = {each.name: each for each in load_text(CATALOG).specifications["p"].characteristics}
    element = named["sites"].element
    assert element is not None and [member.name for member in element.members] == ["city", "since"]
    assert (named["sites"].min_cardinality, named["sites"].max_cardinality) == (1, 3)
    assert (named["tags"].max_cardinality, named["tags"].default) == (None, ["a"])
    assert named["speed"].ranges == (ValueRange(1, 9, "closedBottom"),)
    assert named["size"].mandatory and named["size"].min_cardinality == 0
    assert not named["vlan"].configurable and named["vlan"].default == 7


@pytest.mark.parametrize(
    "values, found",
    [
        ({"size": 1}, []),
        ({"size": 1, "sites": [{"city": "Ulm", "since": "2026-01-01"}], "tags": []}, []),
        ({"size": 1, "speed": NOT_APPLICABLE}, []),
        ({}, [("missing-characteristic", "size")]),
        ({"size": NOT_APPLICABLE}, [("not-applicable", "size")]),
        ({"size": 1, "sites": []}, [("too-few-values", "sites")]),
        ({"size": 1, "sites": [{"city": "Ulm", "since": "2027-01-01"}]}, [("above-maximum", "sites")]),
        ({"size": 1, "speed": 9}, [("value-not-allowed", "speed")]),
        ({"size": 1, "vlan": 8, "mac": "bb"}, [("not-configurable", "vlan"), ("not-configurable", "mac")]),
    ],
)
def test_the_door_looks_inside(values: dict[str, Any], found: list[tuple[str, str]], load_text: Load) -> None:
    request = LineRequest("1", "add", "o", characteristics=values)
    violations = check_line(load_text(CATALOG), request)
    assert [(each.code, each.characteristic) for each in violations] == found


def test_a_specification_is_ordered_while_it_is_valid(load_text: Load) -> None:
    catalog = load_text(CATALOG)
    start = catalog.specifications["p"].valid_for
    assert start is not None and start.start_ms is not None
    request = LineRequest("1", "add", "o", characteristics={"size": 1})
    assert check_line(catalog, request, at=start.start_ms) == ()
    (violation,) = check_line(catalog, request, at=start.start_ms - 1)
    assert (violation.code, violation.pointer) == ("not-valid-now", "/productOffering/id")
    assert check_line(catalog, LineRequest("1", "delete", "o"), at=start.start_ms - 1) == ()
