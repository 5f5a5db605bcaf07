"""Services that several products share, in one order and over many: they stand while somebody refers to them."""

from typing import Any

from actors.messages import GiveUp, GiveValues
from actors.product_id import product_id
from actors.shared_id import shared_id
from actors.shared_service import Shared
from actors.states import State
from tests.actors.drawn import item
from tests.actors.installed_base import Base
from tests.actors.ruled import SHARED

S = State
ACCESS = shared_id("saccess", "H4")


def add(id_: str, offering: str = "ptv", speed: int = 100, place: str | None = "H4", **more: Any) -> Any:
    secure = {"secure": False} if offering == "pnet" else {}
    return item(id_, offering, characteristics={"place": place, "speed": speed, **secure}, **more)


def delete(id_: str, product: str, offering: str = "ptv", **more: Any) -> Any:
    return item(id_, offering, "delete", characteristics={}, product=product, **more)


def base() -> Base:
    return Base(SHARED)


def access(world: Base) -> Shared:
    return world.services[ACCESS]


def actions(world: Base, order: str) -> dict[str, str]:
    """What an order does, by specification."""
    orders = world.group(order).decomposition.domain_orders.values()
    return {each.specification: each.action for each in orders}


def referrers(world: Base) -> set[str]:
    return {name.partition("/")[0] for name in access(world).referrers}


def test_the_first_product_builds_what_is_shared_and_the_last_takes_it_away() -> None:
    world = base()
    world.order("o1", add("1"))
    world.finish("o1")
    assert world.state("o1") == "completed"
    assert access(world).picture is not None and referrers(world) == {"p1.1"}
    world.order("o2", add("1", "pnet"))
    assert actions(world, "o2") == {"snet": "add"}, "the access stands already"
    world.finish("o2")
    assert referrers(world) == {"p1.1", "p2.1"}
    world.order("o3", delete("1", "p1.1"))
    assert actions(world, "o3") == {"sstream": "delete"}
    world.finish("o3")
    assert world.state("o3") == "completed" and referrers(world) == {"p2.1"}
    world.order("o4", delete("1", "p2.1", "pnet"))
    assert actions(world, "o4")["saccess"] == "delete"
    world.finish("o4")
    assert world.state("o4") == "completed"
    assert access(world).picture is None and world.product("o2").state is S.TERMINATED
    world.order("o5", add("1"))
    assert actions(world, "o5")["saccess"] == "add", "and is built anew"
    world.finish("o5")
    assert referrers(world) == {"p5.1"}


def test_lines_of_one_order_share_and_so_do_their_products() -> None:
    world = base()
    world.order("o1", add("1"), add("2", "pnet", 500))
    world.finish("o1")
    assert referrers(world) == {"p1.1", "p1.2"}
    assert access(world).picture is not None
    assert access(world).picture.nodes[0].characteristics["speed"] == 500
    world.order("o2", delete("1", "p1.2", "pnet"))
    assert actions(world, "o2")["saccess"] == "modify", "the other needs less"
    world.finish("o2")
    assert (
        access(world).picture is not None and access(world).picture.nodes[0].characteristics["speed"] == 100
    )
    world.order("o3", delete("1", "p1.1"))
    world.finish("o3")
    assert access(world).picture is None


def test_both_go_in_one_order() -> None:
    world = base()
    world.order("o1", add("1"), add("2", "pnet"))
    world.finish("o1")
    world.order("o2", delete("1", "p1.1"), delete("2", "p1.2", "pnet"))
    world.finish("o2")
    assert world.state("o2") == "completed" and access(world).picture is None


def test_one_goes_and_then_the_other_in_one_order() -> None:
    world = base()
    world.order("o1", add("1"), add("2", "pnet"))
    world.finish("o1")
    world.order("o2", delete("1", "p1.1"), delete("2", "p1.2", "pnet", needs=["1"]))
    world.finish("o2")
    assert world.state("o2") == "completed" and access(world).picture is None


def test_what_failed_below_a_line_that_has_ended_stays_below_it() -> None:
    world = base()
    world.order("o1", add("1"), add("2", speed=50))
    world.finish("o1")
    world.order("o2", delete("1", "p1.1"), add("2", speed=50))
    (modify,) = world.out("o2")
    world.answer("o2", "failed")
    world.tell("o2", GiveUp(modify, "broken"))
    world.deliver()
    orders = world.group("o2").decomposition.domain_orders
    stream, shared = orders["2.1-1"], orders[modify.rpartition(".")[0]]
    assert (stream.state, stream.children) == (S.FAILED, (shared.key,))
    assert shared.referrers == ("1", "2"), "the other line came to it when the first one had ended"


def test_an_order_waits_for_the_one_that_is_at_the_shared_service() -> None:
    world = base()
    world.order("o1", add("1"))
    world.order("o2", add("1", "pnet"))
    assert world.state("o2") == "acknowledged"
    assert world.stated("o2").endswith("for shared saccess <H4>, behind order o1")
    world.finish("o1")
    assert world.state("o2") == "inProgress"
    world.finish("o2")
    assert referrers(world) == {"p1.1", "p2.1"}


def test_a_line_that_fails_does_not_refer() -> None:
    world = base()
    world.order("o1", add("1", "pnet"))
    world.answer("o1", "failed")
    world.give_up("o1")
    assert world.state("o1") == "failed" and access(world).picture is None
    world.order("o2", add("1"))
    assert actions(world, "o2")["saccess"] == "add"


def test_a_product_in_part_refers_and_its_delete_takes_the_access_along() -> None:
    world = base()
    world.order("o1", add("1", "pnet"))
    while not any(key.startswith("1.") for key in world.out("o1")):
        world.answer("o1")
    world.answer("o1", "failed")
    world.give_up("o1")
    assert world.state("o1") == "partial" and referrers(world) == {"p1.1"}
    world.order("o2", delete("1", "p1.1", "pnet"))
    world.finish("o2")
    assert world.state("o2") == "completed" and access(world).picture is None


def test_a_failed_delete_keeps_the_referrer() -> None:
    world = base()
    world.order("o1", add("1", "pnet"))
    world.finish("o1")
    world.order("o2", delete("1", "p1.1", "pnet"))
    world.answer("o2", "failed")
    world.give_up("o2")
    assert world.product("o1").state is S.ACTIVE and referrers(world) == {"p1.1"}
    world.order("o3", delete("1", "p1.1", "pnet"))
    world.finish("o3")
    assert access(world).picture is None and world.product("o1").state is S.TERMINATED


def test_a_place_that_becomes_known_later_is_reserved_then() -> None:
    world = base()
    world.order("o1", add("1"))
    world.finish("o1")
    world.order("o2", add("1", "pnet", place=None))
    assert set(actions(world, "o2")) == {"snet"}, "nobody knows which access"
    world.tell("o2", GiveValues("1", {"place": "H4"}))
    world.deliver()
    assert world.state("o2") == "inProgress" and actions(world, "o2") == {"snet": "add"}
    world.finish("o2")
    assert referrers(world) == {"p1.1", "p2.1"}


def test_a_line_that_is_given_up_while_it_waits_leaves_the_queue() -> None:
    world = base()
    world.order("o1", add("1"))
    world.order("o2", delete("1", "p9.9"), add("2", "pnet", needs=["1"]))
    assert access(world).queue == ()
    world.tell("o2", GiveUp("1", "no"))
    world.deliver()
    world.tell("o2", GiveUp("2", "no"))
    world.deliver()
    assert world.state("o2") == "cancelled" and access(world).queue == ()
    world.finish("o1")
    assert access(world).holder == "" and referrers(world) == {product_id("o1", "1")}


def test_tenants_share_nothing_with_each_other() -> None:
    world = base()
    north = "o" + "1" * 24 + "north000"
    for order in ("o1", north):
        world.order(order, add("1"))
        world.finish(order)
        assert actions(world, order)["saccess"] == "add"
    assert set(world.services) == {ACCESS, shared_id("saccess", "H4", "north000")}


def test_what_is_ordered_twice_in_one_line_stands_twice() -> None:
    world = base()
    world.order("o1", add("1", quantity=2))
    world.finish("o1")
    world.order("o2", item("1", "ptv", "modify", characteristics={"speed": 100}, product="p1.1", quantity=2))
    assert world.state("o2") == "completed" and not actions(world, "o2"), "nothing differs"
    picture = world.product("o1").picture
    assert picture is not None
    places = [(node.specification, node.parent) for node in picture.nodes if node.parent]
    assert places == [
        ("sstream", "p1.1"),
        ("sstream", "p1.1:2"),
        ("saccess", "p1.1.1-1"),
        ("saccess", "p1.1.2-1"),
    ], "each time it was ordered has what it grew, and refers for itself"
    world.order("o3", delete("1", "p1.1"))
    world.finish("o3")
    assert world.state("o3") == "completed" and access(world).picture is None
