"""What orders cost: exact amounts, conditions, alterations, composites, bundles, overrides, and what is unknown."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.commerce.charges import Amount, LinePrice, OrderPrice, PricedLine, PriceOverride
from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.pricing import price_order
from catalog.refusals import UnknownOffering

NOW = 1_764_000_000_000


def line(
    offering: str | None,
    action: str = "add",
    quantity: int = 1,
    id_: str = "1",
    parent: str = "",
    **values: Any,
) -> PricedLine:
    specification = None if offering else "internet-access-service"
    return PricedLine(LineRequest(id_, action, offering, specification, quantity, values), parent)


def priced(catalog: Catalog, each: PricedLine, *overrides: PriceOverride, at: int = NOW) -> LinePrice:
    (found,) = price_order(catalog, [each], at, overrides).lines
    return found


def amounts(found: LinePrice | OrderPrice) -> dict[str, tuple[str | None, str | None]]:
    """Total without and with tax by price type."""
    return {
        total.price_type: tuple(
            None if side is None else str(side)
            for side in (total.charged.duty_free, total.charged.tax_included)
        )  # type: ignore[misc]
        for total in found.totals
    }


PRICES = """
    productSpecifications:
      p:
        characteristics:
          speed: {valueType: integer}
          term: {valueType: integer, default: 12}
          sites: {valueType: integer}
    offerings: {o: {productSpecification: p, prices: [PRICES]}}
    prices:
    """


@pytest.fixture
def shop(load_text: Callable[[str], Catalog]) -> Callable[..., Catalog]:
    def loaded(*named: str, **prices: str) -> Catalog:
        text = PRICES.replace("[PRICES]", f"[{', '.join(named or prices)}]")
        return load_text(text + "".join(f"  {id_}: {{{price}}}\n    " for id_, price in prices.items()))

    return loaded


def test_a_line_costs_what_its_offering_asks(sample: Catalog) -> None:
    found = priced(sample, line("fibre-internet", speed=500))
    assert amounts(found) == {"recurring": ("39.90", "47.48"), "oneTime": ("69.00", "82.11")}
    assert [charge.quantity for charge in found.charges] == [1, 1]
    assert amounts(priced(sample, line("fibre-internet", quantity=3, speed=500))) == {
        "recurring": ("119.70", "142.44"),
        "oneTime": ("207.00", "246.33"),
    }


def test_conditions_choose_charges_and_alterations(sample: Catalog) -> None:
    assert amounts(priced(sample, line("fibre-internet", speed=1000)))["recurring"] == ("59.90", "71.28")
    slow, fast = (priced(sample, line("broadband-basic", speed=speed)) for speed in (100, 1000))
    assert [charge.price for charge in slow.charges] == ["broadband-monthly"]
    assert [charge.price for charge in fast.charges] == ["broadband-monthly", "broadband-gigabit"]


def test_alterations_for_a_time_leave_the_regular_price(sample: Catalog) -> None:
    (charge,) = priced(sample, line("broadband-basic", speed=100)).charges
    assert charge.listed == charge.regular == Amount(Decimal("29.90"), Decimal("35.58"))
    assert charge.charged == Amount(Decimal("14.95"), Decimal("17.79"))
    (alteration,) = charge.alterations
    assert (alteration.amount, alteration.application_duration) == (Decimal("-14.95"), 6)


@pytest.mark.parametrize(
    "action, types",
    [
        ("add", {"recurring", "oneTime"}),
        ("modify", {"recurring"}),
        ("delete", set()),
        ("noChange", set()),
    ],
)
def test_charges_are_for_some_actions(action: str, types: set[str], sample: Catalog) -> None:
    assert amounts(priced(sample, line("fibre-internet", action, speed=500))).keys() == types


def test_a_fee_may_be_for_ending(shop: Callable[..., Catalog]) -> None:
    catalog = shop(a="priceType: oneTime, price: 50 EUR, actions: [delete]")
    assert amounts(priced(catalog, line("o", "delete"))) == {"oneTime": ("50.00", None)}
    assert amounts(priced(catalog, line("o"))) == {}


def test_per_characteristic_and_composites(sample: Catalog) -> None:
    found = priced(sample, line("sdwan-network", siteCount=12))
    assert [(charge.price, charge.quantity) for charge in found.charges] == [
        ("sdwan-hub-fee", 1),
        ("sdwan-site-fee", 12),
        ("sdwan-setup", 1),
    ]
    assert amounts(found) == {"recurring": ("2340.00", None), "oneTime": ("2500.00", None)}


@pytest.mark.parametrize("sites, packs", [(1, 1), (10, 1), (11, 2), (0, 0)])
def test_started_units_count(sites: int, packs: int, shop: Callable[..., Catalog]) -> None:
    catalog = shop(a="priceType: oneTime, price: 5 EUR, unitOfMeasure: 10 sites, perCharacteristic: sites")
    (charge,) = priced(catalog, line("o", sites=sites)).charges
    assert charge.quantity == packs and charge.charged.duty_free == 5 * packs


def test_usage_is_a_rate_and_in_no_total(sample: Catalog) -> None:
    found = priced(sample, line("mobile-postpaid", quantity=7))
    (charge,) = found.charges
    assert (charge.unit_amount, charge.unit, charge.quantity) == (1, "MB", 1)
    assert charge.charged == Amount(Decimal("0.003782"), Decimal("0.0045"))
    assert found.totals == ()


def test_tax_is_told_where_a_rate_tells_it(shop: Callable[..., Catalog]) -> None:
    catalog = shop(
        a="priceType: oneTime, price: 119 EUR, taxIncluded: true, taxRate: 19",
        b="priceType: oneTime, price: 5 EUR, taxIncluded: true",
    )
    found = priced(catalog, line("o"))
    assert [charge.charged for charge in found.charges] == [
        Amount(Decimal("100.00"), Decimal("119.00")),
        Amount(None, Decimal("5.00")),
    ]
    assert amounts(found) == {"oneTime": (None, "124.00")}, "without tax nobody can say"


def test_currencies_and_periods_are_not_mixed(shop: Callable[..., Catalog]) -> None:
    catalog = shop(
        a="priceType: recurring, period: 1 month, price: 1 EUR",
        b="priceType: recurring, period: 1 year, price: 2 EUR",
        c="priceType: recurring, period: 1 month, price: 4 USD",
    )
    totals = priced(catalog, line("o")).totals
    assert [(each.currency, each.period_type, each.charged.duty_free) for each in totals] == [
        ("EUR", "month", 1),
        ("EUR", "year", 2),
        ("USD", "month", 4),
    ]


def test_alterations_go_by_priority_and_never_below_zero(shop: Callable[..., Catalog]) -> None:
    catalog = shop(
        "a",
        a="priceType: oneTime, price: 100 EUR, alterations: [late, ten, more]",
        ten="priceType: discount, percentage: 10, priority: 1",
        more="priceType: surcharge, price: 30 EUR, priority: 2",
        late="priceType: allowance, price: 500 EUR, priority: 3",
    )
    (charge,) = priced(catalog, line("o", quantity=2)).charges
    assert [(each.price, str(each.amount)) for each in charge.alterations] == [
        ("ten", "-10.00"),
        ("more", "30.00"),
        ("late", "-120.00"),
    ]
    assert charge.charged.duty_free == 0 and charge.listed.duty_free == 200


def test_prices_and_alterations_have_their_time(shop: Callable[..., Catalog]) -> None:
    catalog = shop(
        "a",
        "b",
        a="priceType: oneTime, price: 10 EUR, alterations: [old, gone]",
        b="priceType: oneTime, price: 5 EUR, validFor: {endDateTime: 2020-01-01T00:00:00Z}",
        old="priceType: discount, percentage: 50, validFor: {endDateTime: 2020-01-01T00:00:00Z}",
        gone="priceType: discount, percentage: 50, lifecycleStatus: Retired",
    )
    assert amounts(priced(catalog, line("o"))) == {"oneTime": ("10.00", None)}
    assert amounts(priced(catalog, line("o"), at=0)) == {"oneTime": ("10.00", None)}, "5 and half of 10"


def test_what_is_not_known_yet_leaves_a_price_open(shop: Callable[..., Catalog]) -> None:
    catalog = shop(
        "a",
        "b",
        "c",
        "d",
        a="priceType: oneTime, price: 1 EUR, characteristics: {speed: {valueTo: 10}, term: {values: [12]}}",
        b="priceType: oneTime, price: 2 EUR, perCharacteristic: sites, alterations: [x]",
        c="priceType: oneTime, price: 4 EUR, characteristics: {speed: {values: [1]}, term: {values: [24]}}",
        d="priceType: oneTime, price: 8 EUR, characteristics: {term: {values: [12]}}",
        x="priceType: discount, percentage: 5, characteristics: {speed: {values: [1]}}",
    )
    order = price_order(catalog, [line("o", sites=None)], NOW)
    (found,) = order.lines
    assert [(each.price, each.missing) for each in found.undetermined] == [
        ("a", ("speed",)),
        ("b", ("sites", "speed")),
    ]
    assert not order.complete and amounts(found) == {"oneTime": ("8.00", None)}
    whole = price_order(catalog, [line("o", sites=3, speed=1)], NOW)
    assert whole.complete and amounts(whole) == {"oneTime": ("14.70", None)}


def test_a_modify_is_priced_with_what_is_installed(sample: Catalog) -> None:
    request = LineRequest("1", "modify", "broadband-basic", None, 1, {"contention": "business"})
    open_price = priced(sample, PricedLine(request))
    assert [each.missing for each in open_price.undetermined] == [("speed",)]
    known = priced(sample, PricedLine(request, installed={"speed": 1000}))
    assert [charge.price for charge in known.charges] == ["broadband-monthly", "broadband-gigabit"]


def test_in_a_bundle_the_bundles_prices_hold(sample: Catalog) -> None:
    order = price_order(
        sample,
        [
            line("home-triple-play"),
            line("fibre-internet", id_="2", parent="1", speed=500),
            line("tv-premium", id_="3", parent="1"),
            line("voice-home", id_="4", parent="1"),
            line("voice-home", id_="5"),
        ],
        NOW,
    )
    assert [[charge.price for charge in each.charges] for each in order.lines] == [
        ["triple-play-activation"],
        ["fibre-in-bundle"],
        ["tv-monthly"],
        [],
        ["voice-monthly"],
    ]
    assert amounts(order) == {"oneTime": ("49.00", "58.31"), "recurring": ("59.70", "71.04")}


def test_an_override_stands_beside_what_was_computed(sample: Catalog) -> None:
    override = PriceOverride("1", "fibre-monthly", Decimal("30.00"), "ann", "a good customer", NOW)
    other = PriceOverride("1", "no-such-price", Decimal("1"), "ann", "a mistake")
    found = priced(sample, line("fibre-internet", quantity=2, speed=1000), override, other)
    monthly, activation = found.charges
    assert monthly.override == override and monthly.charged == Amount(Decimal("60.00"), Decimal("71.40"))
    assert monthly.computed == Amount(Decimal("119.80"), Decimal("142.56"))
    assert activation.override is None and activation.computed is None
    assert amounts(found)["recurring"] == ("60.00", "71.40")
    assert found.unused_overrides == (other,)


def test_lines_without_an_offering_or_with_an_unknown_one(sample: Catalog) -> None:
    assert priced(sample, line(None)).charges == ()
    with pytest.raises(UnknownOffering):
        priced(sample, line("nothing"))


money = st.decimals("0", "9999", places=2).map(lambda amount: f"{amount} EUR")


@given(
    st.lists(
        st.tuples(money, st.sampled_from(["", ", taxRate: 19", ", taxRate: 8.1, taxIncluded: true"])),
        max_size=4,
    ),
    st.lists(st.integers(1, 50), min_size=1, max_size=4),
)
def test_totals_are_the_sums_of_what_is_shown(
    tmp_path_factory: pytest.TempPathFactory, prices: list[tuple[str, str]], quantities: list[int]
) -> None:
    from catalog.loader import load

    text = 'catalog: {version: "1"}\nproductSpecifications: {p: {}}\n'
    names = [f"a{number}" for number in range(len(prices))]
    text += f"offerings: {{o: {{productSpecification: p, prices: [{', '.join(names)}]}}}}\nprices:\n  z: "
    text += "{priceType: discount, percentage: 1}\n"
    for name, (price, tax) in zip(names, prices, strict=True):
        text += f"  {name}: {{priceType: oneTime, price: {price}{tax}, alterations: [z]}}\n"
    file = tmp_path_factory.mktemp("catalog") / "catalog.yaml"
    file.write_text(text, encoding="utf-8")
    catalog = load(file)
    lines = [line("o", quantity=quantity, id_=str(number)) for number, quantity in enumerate(quantities)]
    order = price_order(catalog, lines, NOW)
    assert order == price_order(catalog, lines, NOW)
    charges = [charge for each in order.lines for charge in each.charges]
    for charge in charges:
        for amount in (charge.listed, charge.charged):
            for side in (amount.duty_free, amount.tax_included):
                assert side is None or (side >= 0 and side == round(side, 2)), "whole coins"
        if charge.tax_rate is not None:
            assert charge.charged.tax_included is not None and charge.charged.duty_free is not None
            assert charge.charged.tax_included >= charge.charged.duty_free
    for total in order.totals:
        known = [each.charged.duty_free for each in charges]
        if None not in known:
            assert total.charged.duty_free == sum(each for each in known if each is not None)
    by_line = [total for each in order.lines for total in each.totals]
    if order.totals and order.totals[0].charged.duty_free is not None:
        assert order.totals[0].charged.duty_free == sum(total.charged.duty_free or 0 for total in by_line)
