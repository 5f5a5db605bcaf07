"""Policies and bundles: a bundle's line is of no specification, and what it bundles stands side by side."""

from collections.abc import Callable

from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.policies.compatibility import compatibility_findings
from catalog.policies.concern import concerned
from catalog.policies.facts import LineFacts, OrderFacts
from catalog.policies.horizontal import holds_any

TEXT = """
    offerings:
      net: {productSpecification: net}
      phone: {productSpecification: phone}
      both: {bundledOfferings: {net: {minimumQuantity: 0}, phone: {}}}
    productSpecifications:
      net: {orders: true, plans: &work {add: [{name: a, target: t}], delete: [{name: d, target: t}]}}
      phone:
        orders: true
        plans: *work
        compatibilities: [{requires: net, message: a phone needs a net}]
    """


def facts(*offerings: str) -> OrderFacts:
    bundle = LineFacts("1", "add", "both", "bundle:both")
    return OrderFacts(
        (bundle, *(LineFacts(f"1:{each}", "add", each, each, parent="1") for each in offerings))
    )


def test_what_a_bundle_takes_is_compatible_with_each_other(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(TEXT)
    assert compatibility_findings(catalog, facts("net", "phone")) == ()
    (found,) = compatibility_findings(catalog, facts("phone"))
    assert found.line == "1:phone"


def test_a_bundles_line_concerns_no_policy_by_itself(sample: Catalog) -> None:
    assert not concerned(sample, [LineRequest("1", "add", "home-triple-play")])
    assert not holds_any(sample, "")
