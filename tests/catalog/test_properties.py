"""The properties users try on their own catalogs: they find and shrink what is wrong, and leave good ones alone."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.characteristics import accepts
from catalog.commerce.order_lines import items_of
from catalog.door import check_line
from catalog.lines import LineRequest
from catalog.loader import load
from catalog.model import Catalog
from catalog.trial.generating import Drawing, orders
from catalog.trial.invariants import INVARIANTS
from gateway.commands.catalog.properties import counterexample_of
from gateway.commands.failing import CommandFailed

NOW = 1_764_000_000_000
TASK = "plans: {add: [{name: work, target: t}], delete: [{name: unwork, target: t}]}"


def broken(catalog: Catalog, name: str, **more: Any) -> tuple[str, dict[str, Any]] | None:
    found = counterexample_of(
        catalog, name, NOW, more.get("of", ()), more.get("examples", 100), more.get("seed")
    )
    return None if found is None else (found.sentence, dict(found.order))


def line(offering: str, quantity: int = 1, **values: Any) -> dict[str, Any]:
    item: dict[str, Any] = {"action": "add", "quantity": quantity, "productOffering": {"id": offering}}
    if values:
        given_ = [{"name": name, "value": value} for name, value in values.items()]
        item["product"] = {"productCharacteristic": given_}
    return item


def order(*lines: dict[str, Any]) -> dict[str, Any]:
    return {"productOrderItem": [{"id": str(number), **each} for number, each in enumerate(lines, 1)]}


@pytest.mark.parametrize("name", INVARIANTS)
def test_the_sample_holds(name: str, sample: Catalog) -> None:
    assert broken(sample, name, examples=4) is None


def test_a_count_that_the_relationship_does_not_take(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        f"""
        offerings: {{o: {{productSpecification: p}}}}
        productSpecifications:
          p:
            characteristics: {{n: {{valueType: integer, mandatory: true, valueFrom: 0, valueTo: 9}}}}
            relationships: [{{type: Realized as, target: s, quantityCharacteristic: n, maximumQuantity: 6}}]
        serviceSpecifications: {{s: {{{TASK}}}}}
        """
    )
    assert broken(catalog, "accepted") == (
        "line 1 (o): p Realized as s: n is 7, at most 6 are possible",
        order(line("o", n=7)),
    )


def test_a_bundle_that_cannot_be_ordered_by_default(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        f"""
        offerings:
          o: {{productSpecification: p, isSellable: false}}
          b: {{bundledOfferings: {{o: {{}}}}}}
        productSpecifications:
          p:
            orders: true
            characteristics: {{n: {{valueType: integer, mandatory: true}}}}
            {TASK}
        """
    )
    assert broken(catalog, "accepted") == (
        "line 1:o (o): characteristic n is mandatory",
        order(line("b")),
    )


def test_a_rule_that_fails(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        f"""
        offerings: {{o: {{productSpecification: p}}}}
        productSpecifications:
          p:
            characteristics:
              n: {{valueType: integer, mandatory: true, valueFrom: 0, valueTo: 100}}
            relationships: [{{type: Realized as, target: s, condition: 100 / n > 5}}]
        serviceSpecifications: {{s: {{{TASK}}}}}
        """
    )
    found = broken(catalog, "decomposes")
    assert found is not None and found[1] == order(line("o", n=0))
    assert "100 / n > 5" in found[0] or "division" in found[0]


def test_a_rule_on_what_no_order_can_state(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        f"""
        offerings: {{o: {{productSpecification: p}}}}
        productSpecifications:
          p: {{relationships: [{{type: Realized as, target: s}}]}}
        serviceSpecifications:
          s:
            characteristics: {{depth: {{valueType: integer}}}}
            relationships: [{{type: Realized as, target: t, condition: depth > 3}}]
            {TASK}
          t: {{{TASK}}}
        """
    )
    found = broken(catalog, "fillable")
    assert found is not None and found[1] == order(line("o"))
    assert found[0].startswith("line 1 waits for ever for ")


def test_a_rule_that_decides_what_is_not_known(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        f"""
        offerings: {{o: {{productSpecification: p}}}}
        productSpecifications:
          p:
            characteristics: {{wifi: {{valueType: boolean}}}}
            relationships: [{{type: Realized as, target: s, condition: "!has(p.wifi)"}}]
        serviceSpecifications: {{s: {{{TASK}}}}}
        """
    )
    found = broken(catalog, "grows")
    assert found == ("s of line 1 is created, and not wanted once all is known", order(line("o")))


def test_a_price_that_nobody_can_know(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        f"""
        offerings: {{o: {{productSpecification: p, prices: [a]}}}}
        prices: {{a: {{priceType: oneTime, price: 5 EUR, characteristics: {{kind: {{values: [x]}}}}}}}}
        productSpecifications:
          p: {{orders: true, characteristics: {{kind: {{configurable: false}}}}, {TASK}}}
        """
    )
    assert broken(catalog, "priced") == ("line 1: price a depends on kind", order(line("o")))


def test_words_of_rules_come_up(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        f"""
        offerings: {{o: {{productSpecification: p}}}}
        productSpecifications:
          p:
            characteristics: {{grade: {{mandatory: true}}, n: {{valueType: integer, mandatory: true}}}}
            relationships:
              - {{type: Realized as, target: s, condition: "grade == 'platinum' && 10 / (n - 4711) < 100"}}
        serviceSpecifications: {{s: {{{TASK}}}}}
        """
    )
    found = broken(catalog, "decomposes", examples=500, seed=1)
    assert found is not None and found[1] == order(line("o", grade="platinum", n=4711))


def test_seeds_draw_other_orders_and_none_the_same_ones(sample: Catalog) -> None:
    assert broken(sample, "priced", of=["tv-stream"], examples=5, seed=7) is None


def test_what_cannot_be_drawn(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        "productSpecifications: {p: {}}\nofferings: {o: {productSpecification: p, lifecycleStatus: Retired}}"
    )
    with pytest.raises(CommandFailed, match="nothing in this catalog can be ordered"):
        broken(catalog, "accepted")


KINDS = """
    offerings: {o: {productSpecification: p}}
    productSpecifications:
      p:
        characteristics:
          a: {valueType: integer, ranges: [{valueFrom: 1, valueTo: 3}, {valueFrom: 100, rangeInterval: open}]}
          b: {valueType: number, valueFrom: 0.5, valueTo: 1.5}
          c: {valueType: date, valueFrom: 2024-02-28, valueTo: 2024-03-01}
          d: {valueType: dateTime, valueTo: 2024-02-28T00:00:00+02:00}
          e: {regex: "[A-Z]{2}[0-9]{1,3}"}
          f: {valueType: object, members: {street: {mandatory: true}, number: {valueType: integer, valueFrom: 1}}}
          g: {valueType: array, minCardinality: 1, maxCardinality: 2, element: {allowedValues: [x, y]}}
          h: {valueType: boolean, maxCardinality: unbounded}
          i: {default: fixed, configurable: false}
          j: {valueType: number}
          k: {valueType: date}
          l: {valueType: array}
    """


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    file = tmp_path_factory.mktemp("kinds") / "catalog.yaml"
    file.write_text('catalog: {version: "1"}\n' + KINDS.replace("\n    ", "\n"), encoding="utf-8")
    return load(file)


@given(data=st.data())
@settings(max_examples=25)
def test_what_is_drawn_fits(data: st.DataObject, kinds: Catalog) -> None:
    drawing = Drawing(kinds)
    for characteristic in kinds.specifications["p"].characteristics:
        assert accepts(characteristic)(data.draw(drawing.value(characteristic)))
    whole, gapped = data.draw(orders(kinds, NOW))
    for each in (whole, gapped):
        for _, item, _ in items_of(each):
            given_ = item.get("product", {}).get("productCharacteristic", ())
            values = {one["name"]: one["value"] for one in given_}
            assert check_line(kinds, LineRequest("1", "add", "o", characteristics=values)) == ()
