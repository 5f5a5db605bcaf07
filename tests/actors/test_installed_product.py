"""Orders that change and take away what earlier ones installed, told as stories."""

from itertools import count
from typing import Any

from actors.messages import ChangeOrder, GiveUp, Heading, RefusedReply, Retry
from actors.messages_of_products import TellProduct
from actors.product_id import origin_of, product_id
from actors.states import State
from actors.waiting import OPERATOR, OTHER_ORDER, waits_for
from tests.actors.drawn import NOW, item, submission
from tests.actors.installed_base import Base

S = State
PRODUCT = product_id("o1", "1")


SPEEDS = count(200)


def change(line: str = "1", product: str = PRODUCT, **more: Any) -> dict[str, Any]:
    """A line that asks for another speed than ever before."""
    more.setdefault("characteristics", {"speed": next(SPEEDS)})
    return item(line, action="modify", product=product, **more)


def delete(line: str = "1", product: str = PRODUCT, **more: Any) -> dict[str, Any]:
    return item(line, action="delete", product=product, characteristics={}, **more)


def test_an_id_says_which_order_and_line_made_a_product() -> None:
    for line in ("1", "line_1-b", "a b/c.d", "~", "ä€😀", "1.2"):
        made = product_id("o123abc", line)
        assert origin_of(made) == ("o123abc", line)
        assert made.isascii() and "/" not in made
    assert product_id("o1", "2") == "p1.2"
    for other in (
        "",
        "p",
        "p1",
        "p1.",
        "o1.2",
        "p.1",
        "product-7",
        "p1.ä",
        "p1.~zz~",
        "p1.~fffffff~",
        "p1.~110000~",
    ):
        assert origin_of(other) is None


def test_an_order_that_makes_a_product_tells_nobody() -> None:
    base = Base()
    base.order("o1", item("1"))
    base.finish("o1")
    assert base.state("o1") == "completed"
    assert not base.products and base.group("o1").reservations is None


def test_a_modify_gets_the_picture_and_leaves_what_it_did() -> None:
    base = Base()
    base.order("o1", item("1", characteristics={"speed": 100}))
    base.finish("o1")
    base.order("o2", change(characteristics={"speed": 250}))
    product = base.product("o1")
    assert product.holder is not None and (product.holder.order, product.holder.line) == ("o2", "1")
    assert product.state is S.ACTIVE and product.picture is not None
    assert product.picture.nodes[0].characteristics["speed"] == 100
    base.finish("o2")
    assert base.state("o2") == "completed"
    product = base.product("o1")
    assert product.holder is None and product.picture is not None
    assert product.picture.version == 2 and product.picture.nodes[0].characteristics["speed"] == 250
    assert [(cause.order, cause.action) for cause in product.causes] == [("o1", "add"), ("o2", "modify")]
    nodes = product.picture.nodes[1:]
    assert nodes and all(node.version and node.catalog and node.edge for node in nodes)


def test_a_delete_terminates_and_what_comes_later_is_refused_until_someone_decides() -> None:
    base = Base()
    base.order("o1", item("1"))
    base.finish("o1")
    base.order("o2", delete())
    assert base.product("o1").state is S.PENDING_TERMINATE
    base.order("o3", delete())
    assert base.lines("o3") == {"1": "held"} and base.state("o3") == "held"
    assert f"product {PRODUCT} is being terminated by line 1 of order o2" in base.stated("o3")
    base.finish("o2")
    product = base.product("o1")
    assert product.state is S.TERMINATED and base.state("o2") == "completed"
    assert product.picture is not None and len(product.picture.nodes) == 1
    base.tell("o3", Retry("1"))
    base.deliver()
    assert f"product {PRODUCT} was terminated by order o2" in base.stated("o3")
    base.tell("o3", GiveUp("1", "it is gone"))
    base.deliver()
    assert base.state("o3") == "cancelled"


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


def test_a_product_that_was_never_made_is_refused() -> None:
    base = Base()
    base.order("o1", item("1"))
    base.order("o2", change())
    base.answer("o1", "failed")
    base.give_up("o1")
    assert base.state("o1") == "failed"
    assert "never came to be" in base.stated("o2")
    assert base.product("o1").state is S.CANCELLED


def test_a_product_that_stands_only_in_part_can_be_taken_away_but_not_changed() -> None:
    base = Base()
    base.order("o1", item("1", "fibre-internet"))
    base.answer("o1")
    while not any(task.state is S.HELD for task in base.group("o1").orchestration.tasks.values()):
        assert base.answer("o1", "failed")
    base.give_up("o1")
    assert base.state("o1") == "partial"
    base.order("o2", change(offering="fibre-internet"))
    assert "was made only in part" in base.stated("o2")
    assert base.product("o1").state is S.ABORTED
    base.order("o3", delete(offering="fibre-internet"))
    base.finish("o3")
    assert base.product("o1").state is S.TERMINATED


def test_a_line_that_is_changed_away_before_it_began_makes_nothing() -> None:
    base = Base()
    base.order("o1", item("1"), item("2"), requested_start=NOW + 1_000)
    base.order("o2", change(product="p1.2"))
    assert base.product("o1", "2").state is S.PENDING_ACTIVE
    made = submission([item("1")])
    base.tell(
        "o1",
        ChangeOrder(
            1,
            made.document,
            made.digest,
            made.catalog,
            Heading(requested_start=NOW + 1_000),
            ("/productOrderItem/1",),
        ),
    )
    base.deliver()
    assert "there is no installed product p1.2" in base.stated("o2")


def test_a_product_that_nobody_made_is_unknown() -> None:
    base = Base()
    base.order("o1", item("1"), item("2", action="modify"))
    base.finish("o1")
    for number, unknown in enumerate(("p9.1", "p1.2", "p1.7", "somewhere-else"), start=2):
        order = f"o{number}"
        base.order(order, change(product=unknown))
        assert base.state(order) == "held"
        assert "there is no installed product" in base.stated(order) and unknown in base.stated(order)
    base.order("o9", item("1"))
    base.finish("o9")
    base.tell("o2", Retry("1"))
    base.deliver()
    assert base.state("o2") == "inProgress", "its order has come in since then"


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


def test_a_terminating_order_that_is_given_up_leaves_the_product_as_it_was() -> None:
    base = Base()
    base.order("o1", item("1"))
    base.finish("o1")
    base.order("o2", delete())
    base.answer("o2", "failed")
    base.give_up("o2")
    assert base.state("o2") == "failed" and base.product("o1").state is S.ACTIVE
    base.order("o3", change())
    assert base.state("o3") == "inProgress"


def test_a_draft_makes_nothing_yet() -> None:
    base = Base()
    base.order("o1", item("1"), draft=True)
    base.order("o2", change())
    assert "there is no installed product p1.1" in base.stated("o2")


def test_a_change_that_changes_nothing_is_completed_at_once() -> None:
    base = Base()
    base.order("o1", item("1", characteristics={"speed": 100}))
    base.finish("o1")
    base.order("o2", change(characteristics={"speed": 100}))
    assert base.state("o2") == "completed" and base.product("o1").holder is None


def test_a_delete_follows_what_is_installed_whatever_the_line_says() -> None:
    base = Base()
    base.order("o1", item("1", "fibre-internet"))
    base.finish("o1")
    base.order("o2", delete(offering="broadband-basic"))
    made, gone = base.group("o1").decomposition, base.group("o2").decomposition
    assert sorted(o.specification for o in gone.domain_orders.values()) == sorted(
        o.specification for o in made.domain_orders.values()
    )
    assert {order.action for order in gone.domain_orders.values()} == {"delete"}
    base.finish("o2")
    assert base.product("o1").state is S.TERMINATED


def test_a_modify_of_something_else_is_refused_and_gives_the_product_back() -> None:
    base = Base()
    base.order("o1", item("1", "fibre-internet"))
    base.finish("o1")
    base.order("o2", change(offering="broadband-basic"))
    assert base.state("o2") == "held" and "is of specification" in base.stated("o2")
    assert base.product("o1").holder is None


def test_a_quantity_stays_as_it_is_unless_the_line_says_otherwise() -> None:
    base = Base()
    base.order("o1", item("1", quantity=3))
    base.finish("o1")
    modify = change()
    del modify["quantity"]
    base.order("o2", modify)
    base.finish("o2")
    product = base.product("o1")
    assert product.quantity == 3 and product.picture is not None
    assert [node.ordinal for node in product.picture.nodes if not node.parent] == [1, 2, 3]
    assert {node.action for node in base.group("o2").decomposition.domain_orders.values()} == {"modify"}
    for order, quantity in (("o3", 2), ("o4", 4)):
        base.order(order, change(quantity=quantity))
        base.finish(order)
        product = base.product("o1")
        assert product.quantity == quantity and product.picture is not None
        roots = [node.id for node in product.picture.nodes if not node.parent]
        below = [
            node.parent
            for node in product.picture.nodes
            if node.edge.startswith("Realized as") and node.parent.startswith("p1.1")
        ]
        assert roots == below == ["p1.1", *(f"p1.1:{number}" for number in range(2, quantity + 1))]


def test_a_line_that_names_no_product_knows_no_inventory() -> None:
    base = Base()
    base.order("o1", item("1", action="modify"), item("2", action="delete"))
    assert base.group("o1").reservations is None and not base.products
    base.finish("o1")
    assert base.state("o1") == "completed"


def test_a_held_line_says_who_can_decide() -> None:
    base = Base()
    base.order("o1", change(product="p9.9"))
    stated = waits_for(base.group("o1"), base.now).stated
    assert stated is not None and (stated.kind, stated.at) == (OPERATOR, "1")


def test_an_order_that_is_heard_of_late_makes_its_product_known() -> None:
    base = Base()
    base.order("o2", change())
    assert not base.product("o1").known
    base.order("o1", item("1"))
    base.finish("o1")
    base.tell(
        "p1.1",
        base.orders["o1"].kind.reservation.decide(base.group("o1"), TellProduct("p1.1"), NOW).sends[0][1],
    )
    assert base.product("o1").known and base.product("o1").state is S.ACTIVE
    base.tell("o2", Retry("1"))
    base.deliver()
    assert base.state("o2") == "inProgress"
