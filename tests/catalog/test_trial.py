"""Dry runs and comparisons: what would become of orders, and what another catalog version would make of them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from catalog.decompose import decompose
from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.refusals import UnknownOffering
from catalog.trial.comparing import Difference, compared
from catalog.trial.dry_run import DryRun, TrialLine, dry_run

NOW = 1_764_000_000_000


def line(
    id_: str, offering: str, action: str = "add", *, needs: tuple[str, ...] = (), **values: Any
) -> TrialLine:
    quantity = values.pop("quantity", 1)
    return TrialLine(LineRequest(id_, action, offering, None, quantity, values), needs=needs)


def ran(catalog: Catalog, *lines: TrialLine) -> DryRun:
    return dry_run(catalog, lines, NOW, NOW)


def test_a_dry_run_is_what_decomposition_makes(sample: Catalog) -> None:
    one = line("1", "fibre-internet", speed=500)
    run = ran(sample, one)
    made = decompose(sample, one.request)
    assert [order.key for order in run.domain_orders] == [order.key for order in made.domain_orders]
    assert [(task.key, task.needs) for task in run.tasks] == [(task.key, task.needs) for task in made.tasks]
    assert [order.path for order in run.domain_orders] == [
        "fibre-internet-service",
        "fibre-internet-service/fibre-access-service",
        "fibre-internet-service/fibre-access-service/optical-termination",
        "fibre-internet-service/public-ip-address",
        "fibre-internet-service/home-gateway",
    ]
    assert run.price.totals[0].charged.duty_free == Decimal("39.90")
    assert {reason.target for reason in run.reasons} >= {"home-gateway", "fibre-access-service"}


def test_tasks_begin_as_soon_as_they_can(sample: Catalog) -> None:
    run = ran(
        sample, line("1", "broadband-basic", speed=100), line("2", "broadband-basic", needs=("1",), speed=50)
    )
    ends = {task.key: task.end for task in run.tasks}
    for task in run.tasks:
        assert task.start >= max((ends[need] for need in task.needs), default=NOW)
    first, second = run.lines
    assert (first.start, second.start, run.end) == (NOW, first.end, second.end)
    assert [task.start >= first.end for task in run.tasks if task.key.startswith("2")] == [True, True]
    assert first.end == NOW + 70, "30 ms for the port, then 40 ms for the service"


def test_a_line_ends_with_what_is_nested_in_it(sample: Catalog) -> None:
    child = TrialLine(LineRequest("2", "add", "broadband-basic", characteristics={"speed": 50}), parent="1")
    run = ran(sample, line("1", "home-triple-play"), child, line("3", "tv-stream", needs=("1",)))
    bundle, nested, after = run.lines
    assert bundle.end == nested.end == after.start


SHARED = """
    offerings:
      net: {productSpecification: net}
      tv: {productSpecification: tv}
    productSpecifications:
      net:
        characteristics: {site: {}, fast: {valueType: boolean}}
        relationships:
          - {type: Realized as, target: access}
          - {type: Realized as, target: boost, condition: fast}
      tv:
        characteristics: {site: {}}
        relationships: [{type: Realized as, target: access}]
    serviceSpecifications:
      access:
        sharingKey: site
        characteristics: {site: {}}
        plans: {add: [{name: dig, target: crew, duration: PT1H}], delete: [{name: fill, target: crew}]}
      boost:
        plans: {add: [{name: boost, target: core}], delete: [{name: calm, target: core}]}
    """


def test_what_lines_share_is_there_once(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(SHARED)
    run = ran(
        catalog, line("1", "net", site="A", fast=True), line("2", "tv", site="A"), line("3", "tv", site="B")
    )
    shared = [order for order in run.domain_orders if order.specification == "access"]
    assert sorted(order.referrers for order in shared) == [("1", "2"), ("3",)]
    assert len([task for task in run.tasks if task.name == "dig"]) == 2
    assert run.end == NOW + 3_600_000
    assert run.lines[1].end == NOW + 3_600_000, "a line ends with what it shares"


def test_what_waits_is_told(load_text: Callable[[str], Catalog]) -> None:
    run = ran(load_text(SHARED), line("1", "net", site="A"))
    (held,) = run.lines[0].held_back
    assert held.target == "boost" and held.missing == ("net.fast",)


def test_an_order_that_cannot_be_served(sample: Catalog) -> None:
    with pytest.raises(UnknownOffering):
        ran(sample, line("1", "nothing"))


def test_nothing_ordered_is_nothing_done(sample: Catalog) -> None:
    run = ran(sample)
    assert (run.start, run.end, run.tasks, run.price.totals) == (NOW, NOW, (), ())


def changes(before: str, after: str, load_text: Callable[[str], Catalog], *lines: TrialLine) -> list[str]:
    one, other = (ran(load_text(text), *lines) for text in (before, after))
    assert compared(one, one) == ()
    return [str(each) for each in compared(one, other)]


def test_each_kind_of_difference(load_text: Callable[[str], Catalog]) -> None:
    order = line("1", "net", site="A", fast=True)
    assert changes(SHARED, SHARED.replace("condition: fast", "condition: '!fast'"), load_text, order) == [
        "removed domainOrder 1: boost",
        "removed task 1: boost: boost",
    ]
    assert changes(SHARED.replace("condition: fast", "condition: '!fast'"), SHARED, load_text, order) == [
        "added domainOrder 1: boost",
        "added task 1: boost: boost",
    ]
    assert changes(SHARED, SHARED.replace("duration: PT1H", "duration: PT2H"), load_text, order) == [
        "changed task access{A}: dig: durationMs: 3600000 -> 7200000; timeoutMs: 36000000 -> 72000000",
        "changed order plan: durationMs: 3600000 -> 7200000",
    ]
    more = SHARED.replace(
        "boost:\n        plans", "boost:\n        characteristics: {site: {}}\n        plans"
    )
    assert changes(SHARED, more, load_text, order) == [
        'changed domainOrder 1: boost: characteristics: {} -> {"site":"A"}'
    ]
    waiting = SHARED.replace("condition: fast", "condition: fast || slow").replace(
        "fast: {valueType: boolean}}", "fast: {valueType: boolean}, slow: {valueType: boolean}}"
    )
    (told, *_) = changes(SHARED, waiting, load_text, line("1", "net", site="A", fast=False))
    assert told.startswith("changed line 1: heldBack: [] -> ")
    assert '"missing":["net.slow"]' in told


def test_prices_are_compared(load_text: Callable[[str], Catalog]) -> None:
    before = SHARED.replace(
        "net: {productSpecification: net}", "net: {productSpecification: net, prices: [a]}"
    )
    before = f"\n    prices: {{a: {{priceType: oneTime, price: 5 EUR}}}}{before}"
    after = before.replace("5 EUR", "5 EUR, characteristics: {fast: {values: [true]}}")
    order = line("1", "net", site="A", fast=True)
    assert changes(before, after, load_text, order) == []
    assert changes(SHARED, before, load_text, order) == ["added price 1: a"]
    (told,) = [
        each for each in changes(before, after, load_text, line("1", "net", site="A")) if "price" in each
    ]
    assert '"5.00" -> null' in told and 'missing: null -> ["fast"]' in told
    assert changes(before, before.replace("5 EUR", "6 USD"), load_text, order) == [
        'changed price 1: a: dutyFree: "5.00" -> "6.00"; currency: "EUR" -> "USD"; regular: "5.00" -> "6.00"'
    ]


def test_the_order_of_lines_is_no_difference(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(SHARED)
    lines = [line("1", "net", site="A", fast=True), line("2", "tv", site="A"), line("3", "tv", site="B")]
    assert compared(ran(catalog, *lines), ran(catalog, *reversed(lines))) == ()


def test_a_difference_reads_well() -> None:
    assert str(Difference("added", "task", "t")) == "added task t"
