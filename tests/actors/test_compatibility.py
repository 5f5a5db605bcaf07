"""Whether what an order builds fits what stands beside it: at approval, at completion, against what is installed."""

from collections.abc import Iterator
from typing import Any

import pytest

from actors.compatibility_events import LinesChecked
from actors.explanation import explanation
from actors.lifting import decode_events
from actors.messages import ApproveOrder, GiveUp, Retry
from actors.product_id import product_id
from actors.states import State
from catalog.loader import load
from catalog.store import Catalogs
from tests.actors.drawn import item
from tests.actors.installed_base import Base

SHOP = """\
catalog: {version: "1"}
offerings:
  net: {productSpecification: net}
  phone: {productSpecification: phone}
  siren: {productSpecification: siren}
  lamp: {productSpecification: lamp}
productSpecifications:
  net:
    characteristics: {speed: {valueType: integer, default: 50}}
    relationships: [{type: Realized as, target: access}]
  phone:
    characteristics: {lines: {valueType: integer, default: 1}}
    relationships: [{type: Realized as, target: voice}]
    compatibilities: [{id: needs-net, requires: net, when: net.speed >= 10 * lines}]
  siren:
    relationships: [{type: Realized as, target: alarm}]
    compatibilities: [{id: alone, excludes: lamp, message: A siren stands alone.}]
  lamp: {relationships: [{type: Realized as, target: light}]}
serviceSpecifications:
  access:
    characteristics: {speed: {valueType: integer}}
    plans: &plans
      add: [{name: build, target: network}]
      modify: [{name: change, target: network}]
      delete: [{name: remove, target: network}]
  voice: &service {plans: *plans}
  alarm: *service
  light: *service
"""
S = State
INSTALLED = "oN"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Catalogs:
    file = tmp_path_factory.mktemp("catalog") / "shop.yaml"
    file.write_text(SHOP)
    return Catalogs(load(file))


@pytest.fixture
def base(shop: Catalogs) -> Iterator[Base]:
    """A customer's net is installed."""
    made = Base(shop)
    made.order(INSTALLED, line("1", "net"))
    made.finish(INSTALLED)
    assert made.state(INSTALLED) == "completed"
    yield made


def line(key: str, offering: str, action: str = "add", *, beside: str = "", **values: Any) -> dict[str, Any]:
    """An item; ``beside`` is an installed product that it relies on, ``product`` the one that it is about."""
    product = values.pop("product", "")
    needs = values.pop("needs", ())
    made = item(key, offering, action, characteristics=values, product=product, needs=needs)
    if beside:
        related = {"relationshipType": "reliesOn", "product": {"id": beside}}
        made["product"]["productRelationship"] = [related]
    return made


def findings(base: Base, name: str) -> dict[str, tuple[str, ...]]:
    """What is told of each line."""
    told = explanation(base.group(name), base.catalogs.current)
    return {each.line: each.findings for each in told if each.findings}


def checks(base: Base, name: str) -> list[LinesChecked]:
    records = base.orders[name].records
    return [
        event for _, record in records for event in decode_events(record) if isinstance(event, LinesChecked)
    ]


def asked(base: Base, name: str) -> list[str]:
    """What approvers are told."""
    review = base.group(name).review
    return [each.sentence for each in review.findings] if review is not None else []


def test_what_fits_within_an_order_is_completed(base: Base) -> None:
    base.order("oA", line("1", "phone"), line("2", "net"))
    base.finish("oA")
    assert base.state("oA") == "completed" and not findings(base, "oA")
    (check,) = {tuple(each.findings) for each in checks(base, "oA")}
    assert check == (), "it was looked at, and nothing stood against it"


def test_lines_of_which_no_rule_speaks_are_not_looked_at() -> None:
    base = Base()
    base.order("oA", item("1", "voice-home"))
    base.finish("oA")
    assert base.state("oA") == "completed" and base.group("oA").compatibility is None


def test_a_catalog_without_policies_asks_for_approval_all_the_same(base: Base) -> None:
    base.order("oA", line("1", "phone"))
    (sentence,) = asked(base, "oA")
    assert sentence.startswith(
        "phone of line 1 requires net, and neither a line of this order nor an installed "
    )
    base.tell(
        "oA", ApproveOrder("ann", ("any",), overrides={"1:phone:needs-net": "has one of another carrier"})
    )
    base.finish("oA")
    assert base.state("oA") == "completed", "what an approver overrode holds nothing up at completion"


def test_what_does_not_come_holds_up_the_line_that_requires_it(base: Base) -> None:
    base.order("oA", line("1", "phone"), line("2", "net"))
    base.answer("oA", "failed", line="2")
    base.give_up("oA")
    assert base.lines("oA")["2"] == "failed"
    base.finish("oA")
    assert base.lines("oA")["1"] == "held" and base.state("oA") == "held"
    assert base.stated("oA").startswith("line 1 is held since") and "requires net" in base.stated("oA")
    base.tell("oA", Retry("1"))
    assert base.lines("oA")["1"] == "held", "it still does not fit"
    base.tell("oA", GiveUp("1", "net comes by another order", "ann"))
    assert base.lines("oA")["1"] == "completed" and base.state("oA") == "partial"
    ((sentence,),) = findings(base, "oA").values()
    assert sentence.endswith("; it stands all the same: net comes by another order")
    order = base.group("oA").decomposition.domain_orders["1.1"]
    assert order.state is S.COMPLETED, "nothing that was built is undone"


def test_what_is_lost_after_a_line_has_ended_is_told_of_it(base: Base) -> None:
    base.order("oA", line("1", "phone"), line("2", "net"))
    base.answer("oA", line="1")
    assert base.lines("oA")["1"] == "completed" and not findings(base, "oA")
    base.answer("oA", "failed")
    base.give_up("oA")
    assert base.state("oA") == "partial" and base.lines("oA")["1"] == "completed"
    assert list(findings(base, "oA")) == ["1"]


def test_what_excludes_each_other_is_found_at_completion(base: Base) -> None:
    base.order("oA", line("1", "siren"), line("2", "lamp"))
    assert asked(base, "oA") == ["A siren stands alone."]
    base.orders.pop("oA")
    base.order("oB", line("1", "siren"))
    base.order("oC", line("1", "lamp"))
    base.finish("oB")
    base.finish("oC")
    assert (base.state("oB"), base.state("oC")) == ("completed", "completed")


@pytest.mark.parametrize("way", ["reliesOn", "noChange"])
def test_an_installed_product_that_the_order_names_counts(base: Base, way: str) -> None:
    net = product_id(INSTALLED, "1")
    if way == "reliesOn":
        base.order("oA", line("1", "phone", beside=net))
    else:
        base.order("oA", line("1", "phone"), line("2", "net", "noChange", product=net))
    assert base.state("oA") == "inProgress" and not asked(base, "oA"), "nobody has to be asked"
    base.finish("oA")
    assert base.state("oA") == "completed" and not findings(base, "oA")
    assert net in base.products, "it was asked how it stands"
    assert base.products[net].holder is None and not base.products[net].lookers


def test_what_is_installed_may_be_too_little(base: Base) -> None:
    base.order("oA", line("1", "phone", lines=6, beside=product_id(INSTALLED, "1")))
    (sentence,) = asked(base, "oA")
    assert "requires net" in sentence


def test_the_review_waits_for_the_product_to_show_itself(base: Base) -> None:
    net = product_id(INSTALLED, "1")
    base.order("oA", line("1", "phone", beside=net), quiet=False)
    assert f"waits since 2027-01-15T08:00:00.000Z for installed product {net}" in base.stated("oA")
    base.deliver()
    assert base.state("oA") == "inProgress"


@pytest.mark.parametrize("named", ["pnever.1", "what is this?", "p0000.7"])
def test_a_product_that_nobody_made_is_no_help(base: Base, named: str) -> None:
    base.order("oA", line("1", "phone", beside=named))
    assert len(asked(base, "oA")) == 1
    base.order("oB", line("1", "phone", beside=named))
    assert len(asked(base, "oB")) == 1, "it is the same for who asks later"


def test_a_product_that_is_still_being_made_is_not_there_yet(base: Base) -> None:
    base.order("oM", line("1", "net"))
    base.order("oA", line("1", "phone", beside=product_id("oM", "1")))
    assert len(asked(base, "oA")) == 1


def test_what_went_meanwhile_is_missed_at_completion(base: Base) -> None:
    net = product_id(INSTALLED, "1")
    base.order("oA", line("1", "phone", beside=net))
    base.order("oD", line("1", "net", "delete", product=net))
    base.answer("oA")
    assert base.lines("oA")[
        "1"
    ] == "held" and "which is being removed: it would become invalid" in base.stated("oA")
    base.finish("oD")
    base.tell("oA", Retry("1"))
    base.deliver()
    assert base.lines("oA")["1"] == "held" and "which is being removed" not in base.stated("oA")
    base.tell("oA", GiveUp("1"))
    assert base.state("oA") == "completed"


def test_a_change_that_does_not_fit_is_told_and_holds_up_nothing(base: Base) -> None:
    net = product_id(INSTALLED, "1")
    base.order("oA", line("1", "phone", beside=net))
    base.finish("oA")
    more = line("1", "phone", "modify", product=product_id("oA", "1"), lines=9)
    base.order("oB", more, line("2", "net", "modify", product=net, speed=500))
    assert not asked(base, "oB"), "together they fit"
    base.answer("oB", "failed", line="2")
    base.give_up("oB")
    base.finish("oB")
    assert base.lines("oB") == {"1": "completed", "2": "failed"} and list(findings(base, "oB")) == ["1"]


def test_a_modify_is_checked_over_the_picture_of_its_product(base: Base) -> None:
    net = product_id(INSTALLED, "1")
    base.order("oA", line("1", "phone", beside=net))
    base.finish("oA")
    fewer = line("1", "phone", "modify", product=product_id("oA", "1"), lines=5)
    base.order("oB", fewer, line("2", "net", "modify", product=net, speed=500))
    base.answer("oB", "failed", line="2")
    base.give_up("oB")
    base.finish("oB")
    assert base.state("oB") == "partial" and not findings(base, "oB"), (
        "the net that stands is enough for five"
    )
