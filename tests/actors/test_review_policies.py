"""What the policies of a catalog decide about an order: its price, what it fits beside, how urgent it is."""

import pytest

from actors.messages import (
    AddDetails,
    ApproveOrder,
)
from actors.review_events import ApprovalAsked, OrderApproved
from catalog.loader import load
from catalog.store import Catalogs
from tests.actors.drawn import item
from tests.actors.reviewing import DESK, SALES, S, done, events, group, refused, review, watching

SHOP = """\
catalog: {version: "1"}
offerings:
  office: {productSpecification: office, prices: [rent]}
  small-office: {productSpecification: office}
  phone: {productSpecification: phone}
  all-in: {bundledOfferings: {small-office: {}, phone: {}}}
prices:
  rent: {priceType: recurring, period: 1 month, price: 900.00 EUR}
productSpecifications:
  office: {relationships: [{type: Realized as, target: wire}]}
  phone:
    relationships: [{type: Realized as, target: wire}]
    compatibilities: [{id: needs-office, requires: office}]
serviceSpecifications:
  wire: {plans: {add: [{name: build, target: network}], delete: [{name: remove, target: network}]}}
policies:
  approval:
    dear: {when: order.price.recurring > 100.0, group: sales-desk}
  compatibility: {group: order-desk}
  priority:
    factors:
      specification: {weight: 50, rank: 20, rows: [{specification: [phone], rank: 90}]}
    lanes: {high: {bands: [Critical]}}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Catalogs:
    """A catalog with prices, a compatibility and a priority policy."""
    file = tmp_path_factory.mktemp("catalog") / "shop.yaml"
    file.write_text(SHOP)
    return Catalogs(load(file))


def test_a_price_is_computed_overridden_beside_it_and_part_of_the_yes(shop: Catalogs) -> None:
    watched = watching(item("1", "office", characteristics={}), catalogs=shop)
    (asked,) = events(watched, ApprovalAsked)
    assert asked.price["totals"][0]["charged"]["duty_free"] == "900.00"
    assert asked.needs[0].reason == "", "known, and above the bound"
    done(watched, AddDetails({"1": {"price": {"rent": "450.50"}}}, "bob", "a good customer"))
    (charge,) = events(watched, ApprovalAsked)[1].price["lines"][0]["charges"]
    assert charge["charged"]["duty_free"] == "450.50" and charge["computed"]["duty_free"] == "900.00"
    assert charge["override"][3:5] == ["bob", "a good customer"]
    assert done(watched, ApproveOrder("ann", SALES)) is S.IN_PROGRESS
    (yes,) = events(watched, OrderApproved)
    assert (yes.by, yes.price["totals"][0]["charged"]["duty_free"]) == ("ann", "450.50")


def test_an_override_can_make_an_approval_needless(shop: Catalogs) -> None:
    watched = watching(item("1", "office", characteristics={}), catalogs=shop)
    assert refused(watched, AddDetails({"1": {"price": {"rent": "cheap"}}}, "bob")) == "badValue"
    done(watched, AddDetails({"1": {"price": {"rent": "99.00"}}}, "bob", "trial"))
    assert group(watched).order.state is S.IN_PROGRESS


def test_incompatibility_blocks_approval_until_somebody_overrides_it(shop: Catalogs) -> None:
    watched = watching(item("1", "phone", characteristics={}), catalogs=shop)
    (finding,) = review(watched).findings
    assert (finding.id, finding.line) == ("1:phone:needs-office", "1")
    assert refused(watched, ApproveOrder("ann", DESK)) == "incompatible"
    assert refused(watched, ApproveOrder("ann", DESK, overrides={"2:x": "why"})) == "unknownFinding"
    overrides = {finding.id: "installed as product 4711"}
    assert done(watched, ApproveOrder("ann", DESK, overrides=overrides)) is S.IN_PROGRESS
    assert events(watched, OrderApproved)[0].overrides == overrides


def test_what_is_compatible_within_an_order_asks_nobody(shop: Catalogs) -> None:
    lines = [
        item(key, offering, characteristics={}) for key, offering in (("1", "phone"), ("2", "small-office"))
    ]
    assert group(watching(*lines, catalogs=shop)).order.state is S.IN_PROGRESS
    bundle = item("9", "all-in", characteristics={}, nested=lines)
    assert group(watching(bundle, catalogs=shop)).order.state is S.IN_PROGRESS
    lines = [item("1", "phone", characteristics={})]
    removed = [lines[0], item("2", "small-office", "delete", characteristics={})]
    (finding,) = review(watching(*removed, catalogs=shop)).findings
    assert "would become invalid" in finding.sentence


def test_priority_reaches_every_task(shop: Catalogs) -> None:
    watched = watching(
        item("1", "small-office", characteristics={}), item("2", "phone", characteristics={}), catalogs=shop
    )
    urgency = group(watched).urgency
    assert urgency is not None
    assert (urgency.priority, urgency.lines, urgency.lane) == (90, {"1": 20, "2": 90}, "high")
    (task,) = (key for key in group(watched).orchestration.tasks if key.startswith("2"))
    assert watched.kind.dispatch(group(watched), task).request["priority"] == 90
    assert watched.kind.dispatch(group(watched), task).request["lane"] == "high"
