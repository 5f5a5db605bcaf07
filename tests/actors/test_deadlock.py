"""Orders that want several shared services: none waits for ever for one that waits for it."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.messages import GiveUp, GiveValues, Retry, TaskResult
from actors.product_id import product_id
from actors.shared_id import shared_id
from actors.states import FINAL, State
from actors.waiting import waits_for
from tests.actors.drawn import item
from tests.actors.installed_base import Base
from tests.actors.ruled import SPANS

S = State
PLACES = ("H4", "H5")
STEPS_MAX = 3_000


def link(id_: str, left: str | None, right: str | None, **more: Any) -> Any:
    return item(id_, "plink", characteristics={"left": left, "right": right}, **more)


def hub(side: str, place: str = "H4") -> str:
    return shared_id(f"s{side}", place)


def base() -> Base:
    return Base(SPANS)


def finish(world: Base, *orders: str) -> None:
    while any(world.answer(name) for name in orders):
        pass


def test_lines_that_go_together_give_way_to_an_order_that_came_before_them() -> None:
    world = base()
    world.order("o1", link("1", "H4", None))
    # The first line could have its right end at once, but goes together with the second.
    world.order("o2", link("1", "H4", "H5"), link("2", "H4", "H4"))
    world.order("o3", link("1", "H5", "H5"))
    assert world.out("o3"), "nobody has what is to the right of where o2 waits"
    assert world.stated("o2").endswith("behind order o1")
    world.tell("o1", GiveValues("1", {"right": "H4"}))
    world.deliver()
    finish(world, "o1", "o2", "o3")
    assert [world.state(name) for name in ("o1", "o2", "o3")] == ["completed"] * 3


def test_a_line_that_waits_for_another_one_keeps_nothing_from_others() -> None:
    world = base()
    world.order("o1", link("1", None, "H4"), link("2", "H4", None, needs=["1"]))
    world.order("o2", link("1", "H4", None), link("2", None, "H4", needs=["1"]))
    finish(world, "o1", "o2")
    for name, line, end in (
        ("o1", "1", "left"),
        ("o2", "1", "right"),
        ("o1", "2", "right"),
        ("o2", "2", "left"),
    ):
        world.tell(name, GiveValues(line, {end: "H5"}))
        world.deliver()
        finish(world, "o1", "o2")
    assert world.state("o1") == world.state("o2") == "completed"


def test_who_is_at_work_comes_before_who_has_not_begun() -> None:
    world = base()
    world.order("o1", link("1", None, "H4"))
    assert world.services[hub("right")].holder == "o1"
    world.order("o2", link("1", "H4", "H4"))
    assert world.services[hub("left")].holder == "o2", "it waits for the right one, and has the left one"
    world.order("o3", link("1", "H4", "H5"))
    world.tell("o1", GiveValues("1", {"left": "H4"}))
    world.deliver()
    assert world.services[hub("left")].holder == "o1" and world.services[hub("left")].queue == ("o3", "o2")
    finish(world, "o1", "o2", "o3")
    assert [world.state(name) for name in ("o1", "o2", "o3")] == ["completed"] * 3


def crossed(*more: Any) -> Base:
    """Two orders at work, each of which learns late that it needs what the other one has."""
    world = base()
    world.order("o1", link("1", "H4", None))
    world.order("o2", link("1", None, "H4"), *more)
    world.tell("o1", GiveValues("1", {"right": "H4"}))
    world.tell("o2", GiveValues("1", {"left": "H4"}))
    world.deliver()
    return world


def test_a_circle_of_orders_at_work_is_told_and_decided() -> None:
    world = crossed()
    finish(world, "o1", "o2")
    assert (world.lines("o1"), world.lines("o2")) == ({"1": "inProgress"}, {"1": "held"}), "one of them"
    assert "o2 waits for o1, which waits for o2" in world.stated("o2")
    assert world.stated("o1").endswith("behind order o2")
    assert (world.state("o1"), world.state("o2")) == ("inProgress", "held"), "nothing else of o2 can move"
    world.tell("o2", GiveUp("1", "no"))
    world.deliver()
    finish(world, "o1", "o2")
    assert world.state("o1") == "completed" and world.state("o2") == "partial"
    assert all(not service.holder and not service.queue for service in world.services.values())


def test_an_order_of_which_another_line_can_move_is_not_held() -> None:
    world = crossed(link("2", "H5", None))
    finish(world, "o1", "o2")
    assert world.lines("o2") == {"1": "held", "2": "pending"} and world.state("o2") == "pending"
    world.tell("o2", GiveValues("2", {"right": "H5"}))
    assert world.lines("o2")["1"] == "held" and world.state("o2") == "inProgress"
    world.deliver()
    finish(world, "o1", "o2")
    assert (world.lines("o2"), world.state("o2")) == ({"1": "held", "2": "completed"}, "held")


def test_a_circle_that_stands_is_found_again_by_who_tries_again() -> None:
    world = crossed()
    world.tell("o2", Retry("1"))
    assert world.state("o2") == "inProgress", "until the circle is found again"
    world.deliver()
    finish(world, "o1", "o2")
    assert world.state("o2") == "held"
    assert "o2 waits for o1, which waits for o2" in world.stated("o2")
    world.tell("o1", GiveUp("1", "no"))
    world.deliver()
    finish(world, "o1", "o2")
    assert world.state("o2") == "completed" and world.state("o1") == "partial"


@st.composite
def lines(draw: st.DrawFn, made: list[str], order: int) -> list[dict[str, Any]]:
    drawn: list[dict[str, Any]] = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        needs = [str(draw(st.integers(1, number - 1)))] if number > 1 and draw(st.booleans()) else []
        left, right = (draw(st.sampled_from([*PLACES, None])) for _ in range(2))
        if made and draw(st.integers(0, 3)) == 0:
            product = draw(st.sampled_from(made))
            drawn.append(
                item(str(number), "plink", "delete", characteristics={}, product=product, needs=needs)
            )
        else:
            drawn.append(link(str(number), left, right, needs=needs))
    made += [product_id(f"o{order}", each["id"]) for each in drawn if each["action"] == "add"]
    return drawn


@settings(max_examples=60)
@given(st.data())
def test_orders_that_claim_overlapping_sets_in_any_interleaving_all_end(data: st.DataObject) -> None:
    world = base()
    made: list[str] = []
    orders = [f"o{number}" for number in range(1, data.draw(st.integers(2, 5), label="orders") + 1)]
    for number, name in enumerate(orders, 1):
        world.order(name, *data.draw(lines(made, number)), quiet=False)
        for _ in range(data.draw(st.integers(0, 8))):
            step(world, data, orders[:number])
    for _ in range(STEPS_MAX):
        if not step(world, data, orders):
            break
    else:
        raise AssertionError("no end")
    for name in orders:
        assert world.group(name).order.state in FINAL, (name, world.stated(name))
    for id_, service in world.services.items():
        assert not service.holder and not service.queue, (id_, service)


def step(world: Base, data: st.DataObject, orders: list[str]) -> bool:
    """One message, one answer, one value or one decision; nobody decides about what only waits for another order."""
    ways: list[tuple[str, ...]] = [("post", *way) for way in sorted(world.post)]
    for name in orders:
        group = world.group(name)
        tasks = group.orchestration.tasks
        ways += [("answer", name, key) for key, task in tasks.items() if task.state is S.IN_PROGRESS]
        ways += [("decide", name, key) for key, task in tasks.items() if task.state is S.HELD]
        graph = group.decomposition.graph
        for line in group.lines.values():
            held = graph.held.get(line.id, ()) if graph is not None else ()
            missing = {path for each in held if each.part.awaits == "requester" for path in each.part.missing}
            ways += [("say", name, f"{line.id} {path}") for path in sorted(missing)]
            if line.state is S.HELD and (line.gate is S.HELD or line.points is not None):
                ways.append(("decide", name, line.id))
    if not ways:
        return False
    kind, name, other = data.draw(st.sampled_from(ways))
    if kind == "post":
        world.deliver_one((name, other))
    elif kind == "answer":
        outcome = data.draw(st.sampled_from(["completed"] * 5 + ["failed"]))
        generation = world.group(name).orchestration.tasks[other].generation
        world.tell(name, TaskResult(other, generation, outcome, code="E"))
    elif kind == "say":
        line, _, path = other.partition(" ")
        world.tell(name, GiveValues(line, {path: data.draw(st.sampled_from(PLACES))}))
    else:
        world.tell(name, Retry(other) if data.draw(st.integers(0, 3)) == 3 else GiveUp(other, "no"))
    return True


@settings(max_examples=40)
@given(st.data())
def test_who_waits_can_always_be_given_up(data: st.DataObject) -> None:
    """Whoever waits behind another order leaves the queue when somebody decides so, and the others go on."""
    world = base()
    orders = [f"o{number}" for number in range(1, 4)]
    for number, name in enumerate(orders, 1):
        world.order(name, *data.draw(lines([], number)), quiet=False)
        for _ in range(data.draw(st.integers(0, 8))):
            step(world, data, orders[:number])
    world.deliver()
    name = data.draw(st.sampled_from(orders))
    waiting = [
        reason
        for reason in waits_for(world.group(name), world.now).reasons
        if reason.kind == "other order" and world.group(name).order.state not in FINAL
    ]
    if waiting:
        growing = world.group(name).reservations
        assert growing is not None
        for line in growing.growing:
            world.tell(name, GiveUp(line, "no"))
            world.deliver()
        assert all(name not in service.queue for service in world.services.values())
    for _ in range(STEPS_MAX):
        if not step(world, data, orders):
            break
    assert all(world.group(each).order.state in FINAL for each in orders)
