"""Whatever orders meet at installed products, in whatever order their messages come: every one gets its turn once."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.messages import GiveUp, Retry, TaskResult
from actors.product_id import product_id
from actors.states import FINAL, State
from tests.actors.drawn import item
from tests.actors.installed_base import Base

S = State
STEPS_MAX = 2_000


@st.composite
def lines(draw: st.DrawFn, order: int) -> list[dict[str, Any]]:
    """One to three lines that make products, change or take away those of this and earlier orders."""
    drawn = []
    for line in range(1, draw(st.integers(1, 3)) + 1):
        action = draw(st.sampled_from(["add", "modify", "modify", "delete"] if order > 1 else ["add"]))
        product = ""
        if action != "add":
            product = product_id(f"o{draw(st.integers(1, order))}", draw(st.sampled_from(["1", "2", "9"])))
        needs = [str(line - 1)] if line > 1 and draw(st.booleans()) else []
        speed = {"speed": draw(st.integers(100, 105))}
        each = item(str(line), action=action, product=product, needs=needs, characteristics=speed)
        if product and draw(st.integers(0, 3)) == 0:
            each["product"]["product"] = [{"id": product_id("o1", draw(st.sampled_from(["1", "2"])))}]
        drawn.append(each)
    return drawn


@settings(max_examples=60)
@given(st.data())
def test_any_orders_on_installed_products_come_to_an_end(data: st.DataObject) -> None:
    base = Base()
    orders = [f"o{number}" for number in range(1, data.draw(st.integers(2, 5)) + 1)]
    for number, name in enumerate(orders, start=1):
        base.order(name, *data.draw(lines(number)), quiet=False)
        for _ in range(data.draw(st.integers(0, 6))):
            _step(base, data, orders[:number])
    for _ in range(STEPS_MAX):
        if not _step(base, data, orders):
            break
    else:
        raise AssertionError("no end")
    _judge(base, orders)
    for name in orders:
        for line in list(base.group(name).lines.values()):
            if line.state not in FINAL:
                base.tell(name, GiveUp(line.id, "it waits for itself"))
        while _step(base, data, orders):
            pass
    for name in orders:
        assert base.group(name).order.state in FINAL, base.stated(name)
    for product in base.products.values():
        assert product.holder is None and not product.queue


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
        ways += [("decide", name, line.id) for line in group.lines.values() if line.gate is S.HELD]
    if not ways:
        return False
    kind, name, other = data.draw(st.sampled_from(ways))
    if kind == "post":
        base.deliver_one((name, other))
    elif kind == "answer":
        outcome = data.draw(st.sampled_from(["completed", "completed", "completed", "failed"]))
        generation = base.group(name).orchestration.tasks[other].generation
        base.tell(name, TaskResult(other, generation, outcome, code="E"))
    else:
        # Mostly given up: what is retried may come back for ever.
        base.tell(name, GiveUp(other, "no") if data.draw(st.integers(0, 4)) else Retry(other))
    return True


def _judge(base: Base, orders: list[str]) -> None:
    """Nothing is left to do: whoever has not ended waits for a product whose own maker waits for him."""
    ended = {name for name in orders if base.group(name).order.state in FINAL}
    for name, product in base.products.items():
        if product.holder is not None:
            assert base.group(product.holder.order).lines[product.holder.line].state not in FINAL
        for waiting in product.queue:
            assert waiting.order not in ended
        folds = [fold for product_name, fold in base.folds if product_name == name]
        assert len({(fold.order, fold.line, fold.version) for fold in folds}) == len(folds)
        deleted = any(
            line.state is S.COMPLETED and line.action == "delete" and claim.subject == name
            for order in orders
            if (reservations := base.group(order).reservations) is not None
            for claim in reservations.claims.values()
            for line in [base.group(order).lines[claim.line]]
        )
        assert deleted == (product.state is S.TERMINATED)
    for name in set(orders) - ended:
        reservations = base.group(name).reservations
        assert reservations is not None
        asking = [claim for claim in reservations.claims.values() if claim.asked]
        assert asking and all(claim.ahead is not None for claim in asking)
