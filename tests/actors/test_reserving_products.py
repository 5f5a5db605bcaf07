"""Lines that want an installed product: one at a time has it, and who waits says for whom."""

from actors.messages import GiveUp, RefusedReply
from actors.states import State
from actors.waiting import OPERATOR, OTHER_ORDER, waits_for
from tests.actors.drawn import item
from tests.actors.installed_base import PRODUCT, Base, change, delete

S = State


def test_orders_on_one_product_wait_for_each_other_first_come_first_served() -> None:
    base = Base()
    base.order("o1", item("1"))
    base.finish("o1")
    for order in ("o2", "o3", "o4"):
        base.order(order, change())
    assert base.state("o3") == "acknowledged" and base.lines("o3") == {"1": "acknowledged"}
    report = waits_for(base.group("o4"), base.now)
    assert report.stated is not None and (report.stated.kind, report.stated.at) == (OTHER_ORDER, "o3")
    assert base.stated("o3").endswith(f"for installed product {PRODUCT}, behind line 1 of order o2")
    base.finish("o2")
    assert base.state("o3") == "inProgress" and base.state("o4") == "acknowledged"
    base.finish("o3")
    base.finish("o4")
    product = base.product("o1")
    assert product.picture is not None and product.picture.version == 4 and not product.queue


def test_a_line_that_waits_can_be_given_up_and_those_behind_it_move_up() -> None:
    base = Base()
    base.order("o1", item("1"))
    base.finish("o1")
    for order in ("o2", "o3", "o4"):
        base.order(order, change())
    base.tell("o3", GiveUp("1", "another day"))
    base.deliver()
    assert base.state("o3") == "cancelled"
    line = base.group("o3").lines["1"]
    assert (line.code, line.reason) == ("givenUp", "given up: another day")
    assert [each.order for each in base.product("o1").queue] == ["o4"]
    assert base.stated("o4").endswith("behind line 1 of order o2")
    base.finish("o2")
    base.finish("o4")
    assert base.state("o4") == "completed" and base.product("o1").holder is None


def test_a_line_at_work_is_not_given_up_as_one_that_waits() -> None:
    base = Base()
    base.order("o1", item("1"))
    base.finish("o1")
    base.order("o2", change())
    reply = base.tell("o2", GiveUp("1", "no")).reply
    assert isinstance(reply, RefusedReply) and reply.code == "lineNotHeld"


def test_an_order_waits_for_a_product_that_is_still_being_made() -> None:
    base = Base()
    base.order("o1", item("1"), item("2"))
    base.order("o2", change())
    assert base.product("o1").state is S.PENDING_ACTIVE
    assert base.stated("o2").endswith("behind line 1 of order o1")
    base.finish("o1", line="1")
    assert base.state("o1") == "inProgress" and base.product("o1").state is S.ACTIVE
    assert base.state("o2") == "inProgress"
    base.finish("o2")
    assert base.state("o2") == "completed"


def test_other_lines_do_not_wait_for_the_one_that_waits_for_a_product() -> None:
    base = Base()
    base.order("o1", item("1"))
    base.order("o2", change("1"), item("2"), item("3", needs=["1"]))
    assert base.lines("o2") == {"1": "acknowledged", "2": "inProgress", "3": "acknowledged"}
    base.finish("o2", line="2")
    assert base.state("o2") == "inProgress", "what waits for a product can move"
    stated = waits_for(base.group("o2"), base.now).stated
    assert stated is not None and stated.kind == OTHER_ORDER
    base.finish("o1")
    base.finish("o2")
    assert base.state("o2") == "completed"


def test_a_line_reserves_when_it_starts_not_when_it_is_accepted() -> None:
    base = Base()
    base.order("o1", item("1"))
    base.finish("o1")
    base.order("o2", item("1"), delete("2", needs=["1"]))
    assert not base.products
    base.order("o3", change())
    assert base.state("o3") == "inProgress"
    base.finish("o2", line="1")
    assert base.stated("o2").endswith("behind line 1 of order o3")
    base.finish("o3")
    base.finish("o2")
    assert base.product("o1").state is S.TERMINATED


def test_a_line_whose_need_is_met_in_the_turn_that_takes_it_up_asks_once() -> None:
    base = Base()
    base.order("o1", item("1"))
    base.finish("o1")
    base.order("o2", item("1", action="noChange"), change("2", needs=["1"]))
    base.finish("o2")
    assert base.state("o2") == "completed" and base.product("o1").holder is None


def test_two_lines_of_one_order_take_turns() -> None:
    base = Base()
    base.order("o1", item("1"))
    base.finish("o1")
    base.order("o2", change("1"), change("2"))
    assert base.lines("o2") == {"1": "inProgress", "2": "acknowledged"}
    base.finish("o2")
    assert base.state("o2") == "completed"
    product = base.product("o1")
    assert product.picture is not None and product.picture.version == 3


def test_several_products_are_reserved_in_the_order_of_their_ids_and_given_back_as_they_were() -> None:
    base = Base()
    base.order("o1", item("1"), item("2"), item("3"))
    base.finish("o1")
    whole = change(product="p1.3")
    whole["product"]["product"] = [{"id": "p1.2"}, {"id": "p1.1"}]
    base.order("o2", change(product="p1.2"))
    base.order("o3", whole)
    assert base.product("o1", "1").holder is not None and "p1.3" not in base.products
    assert base.stated("o3").endswith("for installed product p1.2, behind line 1 of order o2")
    base.finish("o2")
    base.finish("o3")
    assert base.state("o3") == "completed"
    versions = {}
    for line in ("1", "2", "3"):
        product = base.product("o1", line)
        assert product.holder is None and product.picture is not None
        versions[line] = product.picture.version
    assert versions == {"1": 1, "2": 2, "3": 2}


def test_a_refusal_gives_back_what_the_line_had_of_others() -> None:
    base = Base()
    base.order("o1", item("1"), item("2"))
    base.finish("o1")
    base.order("o2", delete(product="p1.2"))
    both = change()
    both["product"]["product"] = [{"id": "p1.2"}]
    base.order("o3", both)
    assert base.state("o3") == "held"
    base.order("o4", change())
    assert base.state("o4") == "inProgress"


def test_a_held_line_says_who_can_decide() -> None:
    base = Base()
    base.order("o1", change(product="p9.9"))
    stated = waits_for(base.group("o1"), base.now).stated
    assert stated is not None and (stated.kind, stated.at) == (OPERATOR, "1")
