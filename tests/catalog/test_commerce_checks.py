"""Offerings, prices, bundles, categories and candidates: each mistake has its code, its line and a fix."""

import ast
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.commerce.model import ProductOfferingPrice
from catalog.commerce.money import canonical, decimal, money, rounded
from catalog.findings import Finding
from catalog.model import Catalog
from catalog.store import SAMPLES

PRODUCT = (
    "\nproductSpecifications:"
    " {p: {characteristics: {speed: {valueType: integer, valueFrom: 1, valueTo: 100}, name: {}}}}"
)
OFFERED = "offerings: {o: {productSpecification: p, prices: [a]}}" + PRODUCT
MONTHLY = "priceType: recurring, period: 1 month, price: 1 EUR"
BUNDLE = "productSpecifications: {p: {}}\nofferings:\n  o: {productSpecification: p}\n  b: "

CASES = {
    "unknown-field": "prices: {a: {amount: 1}}",
    "missing-field": "offerings: {o: {name: O}}",
    "unknown-lifecycle-status": "categories: {c: {lifecycleStatus: Alive}}",
    "unknown-price-type": "prices: {a: {priceType: sometimes}}",
    "unknown-action": "prices: {a: {priceType: oneTime, price: 1 EUR, actions: [buy]}}",
    "unknown-kind": "categories: {c: {kind: party}}",
    "bad-quantity": "offerings: {o: {productSpecification: p, terms: [{name: t, duration: long}]}}" + PRODUCT,
    "bad-money": "prices: {a: {priceType: oneTime, price: 12}}",
    "bad-number": "prices: {a: {priceType: discount, percentage: ten}}",
    "bad-period": "prices: {a: {priceType: recurring, period: monthly, price: 1 EUR}}",
    "unknown-reference": "offerings: {o: {productSpecification: p, prices: [nothing]}}" + PRODUCT,
    "wrong-kind": """
        offerings: {o: {productSpecification: s}}
        serviceSpecifications: {s: {plans: {add: [{name: work, target: system}]}}}
        """,
    "plan-never-runs": """
        offerings: {o: {productSpecification: p}}
        productSpecifications: {p: {plans: {add: [{name: work, target: system}]}}}
        """,
    "reserved-id": "offerings: {o: {bundledOfferings: {x: {}}}}\nserviceSpecifications: {'bundle:o': {}}",
    "unknown-characteristic": "offerings: {o: {productSpecification: p, characteristics: {c: {}}}}" + PRODUCT,
    "value-of-wrong-type": (
        "offerings: {o: {productSpecification: p, characteristics: {speed: {default: fast}}}}" + PRODUCT
    ),
    "not-narrower": (
        "offerings: {o: {productSpecification: p, characteristics: {speed: {allowedValues: [500]}}}}"
        + PRODUCT
    ),
    "default-not-allowed": (
        "offerings: {o: {productSpecification: p, characteristics: {speed: {valueTo: 50, default: 60}}}}"
        + PRODUCT
    ),
    "never-sold": "offerings: {o: {productSpecification: p, isSellable: false}}" + PRODUCT,
    "wrong-price-type": f"prices: {{a: {{{MONTHLY}, alterations: [b]}}, b: {{{MONTHLY}}}}}\n{OFFERED}",
    "quantity-order": BUNDLE + "{bundledOfferings: {o: {minimumQuantity: 3, maximumQuantity: 2}}}",
    "bundled-not-orderable": """
        productSpecifications: {p: {}}
        offerings:
          o: {productSpecification: p, lifecycleStatus: Retired}
          b: {bundledOfferings: {o: {}}}
        """,
    "bundle-too-large": """
        productSpecifications: {p: {}}
        offerings:
          b: {bundledOfferings: {c: {}}}
          c: {bundledOfferings: {d: {}}}
          d: {bundledOfferings: {e: {}}}
          e: {bundledOfferings: {f: {}}}
          f: {bundledOfferings: {o: {}}}
          o: {productSpecification: p}
        """,
    "commerce-cycle": "categories: {a: {parent: b}, b: {parent: a}}",
    "currency-mismatch": f"""
        prices:
          a: {{{MONTHLY}, alterations: [b]}}
          b: {{priceType: discount, price: 1 USD}}
        """,
    "facet-not-applicable": (
        "prices: {a: {priceType: oneTime, price: 1 EUR, characteristics: {name: {valueFrom: b}}}}\n" + OFFERED
    ),
    "price-shape": "prices: {a: {priceType: recurring, price: 1 EUR}}",
    "unused-price": f"prices: {{a: {{{MONTHLY}}}}}",
}
WARNINGS = {"unused-price", "never-sold"}


@pytest.mark.parametrize("code", CASES)
def test_each_mistake_is_found(code: str, check_text: Callable[[str], list[Finding]]) -> None:
    found = [finding for finding in check_text(CASES[code]) if finding.code == code]
    assert found, f"{code} was not found"
    assert all(finding.fix and finding.message and finding.line > 1 for finding in found)
    assert {finding.severity for finding in found} == {"warning" if code in WARNINGS else "error"}


def test_each_code_in_the_source_has_a_case() -> None:
    calls = [
        node
        for room in ("parsing", "checks")
        for node in ast.walk(ast.parse((SAMPLES.parent / f"commerce/{room}.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    place = {"report": 1, "choice": 3, "read": 2}
    reported = {
        argument.value
        for call in calls
        if call.func.attr in place and len(call.args) > place[call.func.attr]
        for argument in [call.args[place[call.func.attr]]]
        if isinstance(argument, ast.Constant)
    }
    assert reported - {"unknown-service-type"} <= CASES.keys()
    assert CASES.keys() - reported == {"unknown-field", "value-of-wrong-type"}, "these are told elsewhere"


@pytest.mark.parametrize(
    "price",
    [
        "{priceType: recurring, period: 1 month}",
        "{priceType: oneTime, price: 1 EUR, percentage: 5}",
        "{priceType: oneTime, price: 1 EUR, period: 1 month}",
        "{priceType: usage, price: 1 EUR}",
        "{priceType: discount}",
        "{priceType: discount, percentage: 5, price: 1 EUR}",
        "{priceType: discount, percentage: 101}",
        "{priceType: discount, percentage: 1, alterations: [a]}",
        "{priceType: oneTime, price: 1 EUR, applicationDuration: 3}",
        "{priceType: oneTime, price: 1 EUR, bundledPrices: [a]}",
        "{priceType: oneTime, alterations: [a], bundledPrices: [a]}",
    ],
)
def test_prices_that_make_no_sense(price: str, check_text: Callable[[str], list[Finding]]) -> None:
    assert "price-shape" in {finding.code for finding in check_text(f"prices: {{a: {price}}}")}


def test_a_price_is_judged_with_each_offering_that_has_it(
    check_text: Callable[[str], list[Finding]],
) -> None:
    text = f"""\
        prices:
          a:
            {MONTHLY.replace(", ", chr(10) + "            ")}
            characteristics:
              colour: {{values: [red]}}
          b:
            {MONTHLY.replace(", ", chr(10) + "            ")}
            perCharacteristic: name
        offerings: {{o: {{productSpecification: p, prices: [a, b]}}}}
        productSpecifications: {{p: {{characteristics: {{name: {{}}}}}}}}
        """
    found = [(each.line, each.code) for each in check_text(text) if each.severity == "error"]
    assert found == [(8, "unknown-characteristic"), (9, "unknown-characteristic")]


def test_values_are_read_as_their_characteristic_is_typed(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        """
        offerings:
          o: {productSpecification: p, prices: [a], characteristics: {code: {allowedValues: [007]}}}
          b: {bundledOfferings: {o: {characteristics: {code: 007, speed: 5}}}}
        prices:
          a:
            priceType: oneTime
            price: 10 JPY
            characteristics: {code: {values: [007, 008]}, speed: {valueFrom: 5}}
        productSpecifications: {p: {characteristics: {code: {}, speed: {valueType: number}}}}
        """
    )
    code, speed = catalog.commerce.prices["a"].conditions
    assert (code.values, speed.value_from) == (("007", "008"), 5)
    assert catalog.offerings["b"].bundled[0].characteristics == {"code": "007", "speed": 5}
    assert catalog.offerings["o"].characteristics[0].allowed_values == ("007",)


def test_the_whole_commerce_is_part_of_the_digest(load_text: Callable[[str], Catalog]) -> None:
    texts = [
        f"{BUNDLE}{{bundledOfferings: {{o: {{}}}}}}\n{rest}"
        for rest in (
            "",
            "categories: {c: {}}",
            "prices: {a: {priceType: oneTime, price: 1 EUR}}",
            "prices: {a: {priceType: oneTime, price: 1.01 EUR}}",
        )
    ]
    digests = [load_text(text).digest for text in texts]
    assert len(set(digests)) == len(digests)
    spelled = load_text(texts[2].replace("1 EUR", "1.00 EUR"))
    assert spelled.digest == digests[2], "1 EUR and 1.00 EUR are the same price"


@pytest.mark.parametrize(
    "text, amount",
    [
        ("39.9 EUR", "39.90"),
        ("5 JPY", "5"),
        ("0.00450 EUR", "0.0045"),
        ("1.5 KWD", "1.500"),
        ("0 EUR", "0.00"),
    ],
)
def test_money_is_kept_in_one_writing(text: str, amount: str) -> None:
    assert str(money(text).amount) == amount


@pytest.mark.parametrize(
    "text", ["39,90 EUR", "EUR 1", "1EUR", "-1 EUR", "1e3 EUR", "1 eur", "٣ EUR", "1 EUR "]
)
def test_what_is_no_money(text: str) -> None:
    with pytest.raises(ValueError, match="is no amount"):
        money(text)


def test_coins_are_rounded_half_up() -> None:
    assert [str(rounded(Decimal(text), "EUR")) for text in ("0.005", "0.015", "0.0049")] == [
        "0.01",
        "0.02",
        "0.00",
    ]
    assert str(rounded(Decimal("0.5"), "JPY")) == "1"


@given(st.decimals(0, 10**9, places=4))
def test_the_one_writing_is_the_same_number(amount: Decimal) -> None:
    written = canonical(amount, 2)
    assert written == amount
    assert canonical(written, 2).as_tuple() == written.as_tuple()
    assert decimal(f"{amount:f}") == amount


def test_a_price_is_a_value() -> None:
    assert ProductOfferingPrice("a", "A", "oneTime") == ProductOfferingPrice("a", "A", "oneTime")
