"""Over random adds, deletes and give-ups a service lives if and only if a live product refers to it."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.inventory import seen
from actors.messages import GiveUp, Retry, TaskResult
from actors.product_id import origin_of, product_id
from actors.shared_id import shared_id
from actors.states import FINAL, State
from tests.actors.drawn import item
from tests.actors.installed_base import Base
from tests.actors.ruled import SHARED

S = State
PLACES = ("H4", "H5")
STEPS_MAX = 2_000
LIVE = frozenset({S.ACTIVE, S.ABORTED, S.PENDING_TERMINATE})


@st.composite
def lines(draw: st.DrawFn, order: int, made: dict[str, str]) -> list[dict[str, Any]]:
    """One to three lines that make products at few places, or take earlier ones away, or change their speed."""
    drawn: list[dict[str, Any]] = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        needs = [str(draw(st.integers(1, number - 1)))] if number > 1 and draw(st.booleans()) else []
        action = draw(st.sampled_from(["add", "add", "delete", "delete", "modify"] if made else ["add"]))
        speed = draw(st.sampled_from([50, 100, 500]))
        if action == "add":
            offering = draw(st.sampled_from(["ptv", "pnet"]))
            values: dict[str, Any] = {"place": draw(st.sampled_from(PLACES)), "speed": speed}
            if offering == "pnet":
                values["secure"] = draw(st.booleans())
            drawn.append(item(str(number), offering, characteristics=values, needs=needs))
            continue
        product = draw(st.sampled_from(sorted(made)))
        values = {"speed": speed} if action == "modify" else {}
        drawn.append(
            item(str(number), made[product], action, characteristics=values, product=product, needs=needs)
        )
    for each in drawn:
        if each["action"] == "add":
            made[product_id(f"o{order}", each["id"])] = each["productOffering"]["id"]
    return drawn


@settings(max_examples=50)
@given(st.data())
def test_a_service_lives_if_and_only_if_a_live_product_refers_to_it(data: st.DataObject) -> None:
    base = Base(SHARED)
    made: dict[str, str] = {}
    orders: list[str] = []
    lively = data.draw(st.booleans(), label="orders come while others are under way")
    for number in range(1, data.draw(st.integers(2, 5), label="orders") + 1):
        name = f"o{number}"
        orders.append(name)
        base.order(name, *data.draw(lines(number, made)), quiet=False)
        for _ in range(data.draw(st.integers(0, 12)) if lively else STEPS_MAX):
            if not _step(base, data, orders):
                break
    for _ in range(STEPS_MAX):
        if not _step(base, data, orders):
            break
    else:
        raise AssertionError("no end")
    for name in orders:
        assert base.group(name).order.state in FINAL, base.stated(name)
    _judge(base, made)


def _step(base: Base, data: st.DataObject, orders: list[str]) -> bool:
    """One message delivered, one task answered, or one decision; False when nothing is left to do."""
    ways: list[tuple[str, ...]] = [("post", *way) for way in sorted(base.post)]
    for name in orders:
        group = base.group(name)
        for key, task in group.orchestration.tasks.items():
            if task.state is S.IN_PROGRESS:
                ways.append(("answer", name, key))
            elif task.state is S.HELD:
                ways.append(("decide", name, key))
        ways += [
            ("decide", name, line.id)
            for line in group.lines.values()
            if line.state is S.HELD and (line.gate is S.HELD or line.points is not None)
        ]
    if not ways:
        return False
    kind, name, other = data.draw(st.sampled_from(ways))
    if kind == "post":
        base.deliver_one((name, other))
    elif kind == "answer":
        outcome = data.draw(st.sampled_from(["completed", "completed", "completed", "completed", "failed"]))
        generation = base.group(name).orchestration.tasks[other].generation
        base.tell(name, TaskResult(other, generation, outcome, code="E"))
    else:
        base.tell(name, GiveUp(other, "no") if data.draw(st.integers(0, 4)) else Retry(other))
    return True


def _judge(base: Base, made: dict[str, str]) -> None:
    referring: dict[str, set[str]] = {shared_id("saccess", place): set() for place in PLACES}
    for id_ in made:
        order, line = origin_of(id_) or ("", "")
        product = base.products.get(id_)
        if product is None or not product.known:
            product = seen(base.group(order), line, SHARED)
        assert product is not None
        if product.state in LIVE and product.picture is not None:
            for node in product.picture.nodes:
                if node.sharing_key:
                    referring[shared_id(node.specification, node.sharing_key)].add(id_)
    for id_, products in referring.items():
        service = base.services.get(id_)
        referrers = {name.partition("/")[0] for name in service.referrers} if service is not None else set()
        lives = service is not None and service.picture is not None
        assert lives == bool(products), (id_, products, service)
        assert referrers == products, (id_, service)
        assert service is None or (not service.holder and not service.queue)
