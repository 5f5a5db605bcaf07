"""Orders that change and take away what earlier ones installed, told as stories."""

from actors.messages import ChangeOrder, GiveUp, Heading, Retry
from actors.messages_of_products import TellProduct
from actors.product_id import origin_of, product_id
from actors.states import State
from tests.actors.drawn import NOW, item, submission
from tests.actors.installed_base import PRODUCT, Base, change, delete

S = State


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


def test_a_line_that_names_no_product_knows_no_inventory() -> None:
    base = Base()
    base.order("o1", item("1", action="modify"), item("2", action="delete"))
    assert base.group("o1").reservations is None and not base.products
    base.finish("o1")
    assert base.state("o1") == "completed"


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
