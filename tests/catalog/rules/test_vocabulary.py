"""Names in rules: what they are read from, how they may be written, and what is known by default."""

from collections.abc import Callable
from typing import Any

import pytest

from catalog.model import Catalog
from catalog.rules.outcome import Error, Undetermined
from catalog.rules.vocabulary import rule_expression

CATALOG = """
    offerings: {o: {productSpecification: p}}
    productSpecifications:
      p:
        characteristics:
          speed: {valueType: integer}
          tier: {default: basic}
          started: {valueType: date}
          windows: {valueType: dateTime, maxCardinality: unbounded}
          days: {valueType: array, element: {valueType: date}}
          access-line: {valueType: string}
          site:
            valueType: object
            members: {city: {}, opened: {valueType: date}, geo: {valueType: object}}
        relationships: [{type: Realized as, target: access-line}]
    serviceSpecifications:
      access-line: {characteristics: {port-id: {}, town: {}}}
    """


@pytest.fixture
def catalog(load_text: Callable[[str], Catalog]) -> Catalog:
    return load_text(CATALOG)


@pytest.mark.parametrize(
    "text, reference",
    [
        ("speed > 1", "p.speed"),
        ("this.speed > 1", "p.speed"),
        ("p.speed > 1", "p.speed"),
        ("access_line.port_id == 'x'", "access-line.port-id"),
        ("`access-line`.`port-id` == 'x'", "access-line.port-id"),
        ("access_line == 'x'", "p.access-line"),
        ("access_line.town == 'x'", "access-line.town"),
        ("site.city == 'x'", "p.site.city"),
        ("site['city'] == 'x'", "p.site.city"),
        ("site.geo.lat > 1", "p.site.geo.lat"),
        ("line.place.installation == 'x'", "line.place.installation"),
        ("order.priority == '1'", "order.priority"),
    ],
)
def test_paths_are_full(text: str, reference: str, catalog: Catalog) -> None:
    compiled = rule_expression(catalog, "p", text)
    assert compiled.references == (reference,)
    assert compiled is rule_expression(catalog, "p", text)


@pytest.mark.parametrize(
    "text, values, expected",
    [
        ("tier == 'basic'", {}, True),
        ("tier == 'basic'", {"tier": "gold"}, False),
        ("tier == 'basic'", {"tier": None}, True),
        ("started > timestamp('2026-01-01')", {"started": "2026-01-02"}, True),
        ("started > timestamp('2026-01-01')", {}, Undetermined(("p.started",))),
        ("site.opened < started", {"site": {"opened": "2025-01-01"}, "started": "2025-01-02"}, True),
        ("site.opened < started", {"site": {}, "started": "2025-01-02"}, Undetermined(("p.site.opened",))),
        ("windows.all(w, w > started)", {"windows": ["2025-01-02T10:00:00Z"], "started": "2025-01-01"}, True),
        ("days.exists(d, d == started)", {"days": [None, "2025-01-01"], "started": "2025-01-01"}, True),
        ("speed == 5.0", {"speed": 5}, True),
        ("speed / 2 == 2.5", {"speed": 5}, True),
    ],
)
def test_types_and_defaults_are_bound(
    text: str, values: dict[str, Any], expected: Any, catalog: Catalog
) -> None:
    assert rule_expression(catalog, "p", text).evaluate({"p": values}) == expected


@pytest.mark.parametrize(
    "values", [{"started": "soon"}, {"windows": "soon"}, {"windows": ["2025-01-02"], "days": [1]}]
)
def test_values_of_another_type_are_errors(values: dict[str, Any], catalog: Catalog) -> None:
    text = "size(windows) > 9 || size(days) > 9 || started > timestamp('2030-01-01')"
    known = {"started": "2025-01-01", "windows": [], "days": []}
    outcome = rule_expression(catalog, "p", text).evaluate({"p": {**known, **values}})
    assert isinstance(outcome, Error)
