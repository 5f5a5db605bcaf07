"""Values and durations: what fits, what does not, and that the fast and the slow check agree."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.characteristics import accepts, faults, fits_type
from catalog.durations import milliseconds
from catalog.model import VALUE_TYPES, CharacteristicSpecification

FITTING: dict[str, list[Any]] = {
    "string": ["", "x"],
    "integer": [0, -3, 5.0],
    "number": [1, 1.5],
    "boolean": [True, False],
    "date": ["2025-02-28"],
    "dateTime": ["2025-02-28T10:00:00Z", "2025-02-28T10:00:00.5+02:00"],
    "object": [{}],
    "array": [[]],
}
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=3) | st.just([])


@pytest.mark.parametrize("value_type", VALUE_TYPES)
def test_each_type_takes_its_values_and_no_others(value_type: Any) -> None:
    assert all(fits_type(value_type, value) for value in FITTING[value_type])
    strangers = [
        None,
        "2025-2-30",
        "2025-02-30",
        "20250228",
        "2025-W09-1",
        "2025-02-28T10:00:00",
        1.5,
        True,
        {},
        [],
    ]
    taken = [value for value in strangers if fits_type(value_type, value)]
    expected = {
        "string": [value for value in strangers if type(value) is str],
        "number": [1.5],
        "boolean": [True],
        "object": [{}],
        "array": [[]],
    }
    assert taken == expected.get(value_type, [])


CHARACTERISTICS = [
    CharacteristicSpecification("c", "integer", allowed_values=(1, 2, 3)),
    CharacteristicSpecification("c", "integer", value_from=-1, value_to=2),
    CharacteristicSpecification("c", "integer", allowed_values=(1, 2, 3), value_to=2),
    CharacteristicSpecification("c", "number", value_from=0.5),
    CharacteristicSpecification("c", "number", allowed_values=(1, 2.5)),
    CharacteristicSpecification("c", "string", regex="[a-z]+"),
    CharacteristicSpecification("c", "string", allowed_values=("a", "bb"), regex="[a-z]"),
    CharacteristicSpecification("c", "boolean", allowed_values=(True,)),
    CharacteristicSpecification("c", "array", allowed_values=([], [1])),
    CharacteristicSpecification("c", "date", value_from="2025-01-01"),
]


@given(
    st.sampled_from(CHARACTERISTICS), SCALARS | st.sampled_from(["a", "bb", "2024-12-31", "2025-01-01", [1]])
)
def test_the_fast_check_agrees_with_the_sentences(
    characteristic: CharacteristicSpecification, value: Any
) -> None:
    assert accepts(characteristic)(value) == (not faults(characteristic, value))


def test_every_fault_is_named() -> None:
    bounded = CharacteristicSpecification(
        "speed", "integer", value_from=1, value_to=9, unit_of_measure="Mbit/s"
    )
    assert faults(bounded, 0) == (("below-minimum", "speed 0 is below 1 Mbit/s"),)
    assert faults(bounded, 10)[0][0] == "above-maximum"
    assert faults(bounded, "9") == (("wrong-type", "speed must be an integer, not '9'"),)
    listed = CharacteristicSpecification("size", "string", allowed_values=("s", "m"), regex="[a-z]")
    assert [code for code, _ in faults(listed, "XL")] == ["value-not-allowed", "pattern-mismatch"]


@pytest.mark.parametrize(
    "written, expected",
    [(0, 0), (1_500, 1_500), ("PT0.04S", 40), ("PT1M30S", 90_000), ("P1DT2H", 93_600_000), ("PT1.5S", 1_500)],
)
def test_durations(written: int | str, expected: int) -> None:
    assert milliseconds(written) == expected


@pytest.mark.parametrize("written", ["", "P", "PT", "P1DT", "P1M", "P1Y", "5 min", -1, True, 1.5, None])
def test_what_is_no_duration(written: Any) -> None:
    with pytest.raises(ValueError, match=r"duration|negative"):
        milliseconds(written)
