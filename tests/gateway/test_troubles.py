"""What stands in the way of an order is told at the line it happened to: a note in TMF622, a message in TMF641."""

from gateway.tmf.product_order import error_notes, product_order
from tests.actors.test_deadlock import crossed, finish


def test_a_line_in_a_circle_of_orders_names_the_circle() -> None:
    world = crossed()
    finish(world, "o1", "o2")
    group = world.group("o2")
    sentence = "deadlock: item 1: order o2 waits for o1, which waits for o2, for services that they share"
    shown = product_order(group, "http://here/o2", world.now)
    assert (shown["state"], shown["productOrderItem"][0]["state"]) == ("held", "held")
    assert [note["text"] for note in shown["note"]] == [sentence]
    assert not error_notes(world.group("o1")), "which only waits behind the other one"
