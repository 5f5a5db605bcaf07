"""A modify that makes more of a product, or fewer: what comes begins as the others are, what goes takes all along."""

from collections.abc import Iterable
from typing import Any

from actors.shared_id import shared_id
from actors.shared_service import Shared
from actors.states import S
from catalog.installed import InstalledNode
from catalog.store import Catalogs
from tests.actors.drawn import item
from tests.actors.installed_base import Base, change
from tests.actors.ruled import SHARED
from tests.catalog.graph.building import catalog, include, integer, realized, specification, string

LINES = Catalogs(
    catalog(
        specification(
            "pline",
            integer("sites"),
            (realized("ssite", quantity_characteristic="sites", maximum_quantity=9),),
        ),
        specification(
            "ssite", string("medium", default="fibre"), (realized("sfibre", include("medium == 'fibre'")),)
        ),
        specification("sfibre"),
    )
)


def net(quantity: int, action: str = "add", **values: Any) -> dict[str, Any]:
    product = {} if action == "add" else {"product": "p1.1"}
    return item("1", "pnet", action, characteristics=values, quantity=quantity, **product)


def nodes(base: Base, specification: str = "") -> list[InstalledNode]:
    picture = base.product("o1").picture
    assert picture is not None
    return [each for each in picture.nodes if specification in ("", each.specification)]


def access(base: Base) -> Shared:
    return base.services[shared_id("saccess", "H4")]


def refers(base: Base) -> set[str]:
    """What the product's references to the shared access stand below."""
    return {each.parent for each in nodes(base, "saccess")}


def standing(found: Iterable[InstalledNode]) -> set[str]:
    return {each.id for each in found}


def test_fewer_refer_fewer_times_and_more_refer_more_often() -> None:
    base = Base(SHARED)
    base.order("o1", net(2, place="H4", speed=500, secure=False))
    base.finish("o1")
    assert len(access(base).referrers) == 2
    for order, quantity in (("o2", 1), ("o3", 3)):
        base.order(order, net(quantity, "modify"))
        base.finish(order)
        assert base.state(order) == "completed"
        assert len(access(base).referrers) == quantity, "those that went ask for nothing any more"
        assert refers(base) == standing(nodes(base, "snet")) and len(refers(base)) == quantity
    base.order("o4", net(3, "delete"))
    base.finish("o4")
    assert base.product("o1").state is S.TERMINATED and access(base).picture is None


def test_those_go_that_the_line_names_and_the_others_keep_their_numbers() -> None:
    base = Base(SHARED)
    base.order("o1", net(3, place="H4", speed=500, secure=False))
    base.finish("o1")
    base.order("o2", {**net(2, "modify"), "remove": ["2"]})
    base.finish("o2")
    assert base.state("o2") == "completed"
    assert [each.ordinal for each in nodes(base) if not each.parent] == [1, 3]
    left = standing(nodes(base, "snet"))
    assert len(left) == len(access(base).referrers) == 2 and refers(base) == left
    base.order("o3", net(2, "modify", speed=100))
    base.finish("o3")
    assert (base.state("o3"), standing(nodes(base, "snet"))) == ("completed", left)
    base.order("o4", {**net(1, "modify"), "remove": ["2"]})
    assert base.state("o4") == "held", "what it names is gone: nothing else goes in its place"
    assert standing(nodes(base, "snet")) == left


def test_one_more_begins_as_the_others_are() -> None:
    base = Base(SHARED)
    base.order("o1", net(1, place="H4", speed=500, secure=True))
    base.finish("o1")
    base.order("o2", net(2, "modify"))
    base.finish("o2")
    assert base.state("o2") == "completed", "nothing waits for what is known of the product"
    first, second = nodes(base, "snet")
    assert first.characteristics == second.characteristics == {"place": "H4", "speed": 500, "secure": True}
    assert len(nodes(base, "rwall")) == 2


def test_what_a_modify_creates_has_its_defaults() -> None:
    base = Base(LINES)
    base.order("o1", item("1", "pline", characteristics={"sites": 1}))
    base.finish("o1")
    base.order("o2", item("1", "pline", "modify", characteristics={"sites": 2}, product="p1.1"))
    base.finish("o2")
    assert base.state("o2") == "completed", "a default is not waited for"
    assert [each.characteristics for each in nodes(base, "ssite")] == [{"medium": "fibre"}] * 2
    assert len(nodes(base, "sfibre")) == 2


def test_what_a_product_asks_of_a_shared_service_is_told_anew() -> None:
    base = Base(SHARED)
    base.order("o1", net(1, place="H4", speed=500, secure=False))
    base.finish("o1")
    base.order("o2", net(1, "modify", speed=100))
    base.finish("o2")
    assert [each.characteristics["speed"] for each in nodes(base, "saccess")] == [100]


def test_a_product_that_is_ordered_itself_stands_once_more() -> None:
    def trunk(quantity: int, action: str = "add", **more: Any) -> dict[str, Any]:
        values = {"channels": 2, "numbers": 1, "site": "H4"} if action == "add" else {}
        return item("1", "voice-business", action, characteristics=values, quantity=quantity, **more)

    base = Base()
    base.order("o1", trunk(1))
    base.finish("o1")
    base.order("o2", trunk(2, "modify", product="p1.1"))
    base.finish("o2")
    assert [each.parent for each in nodes(base, "voice-trunk")] == ["", ""]
    assert [each.parent for each in nodes(base, "trunk-service")] == ["p1.1", "p1.1:2"]


def test_one_more_that_is_completed_in_part_stands() -> None:
    base = Base(LINES)
    base.order("o1", item("1", "pline", characteristics={"sites": 1}))
    base.finish("o1")
    base.order("o2", item("1", "pline", "modify", characteristics={}, quantity=2, product="p1.1"))
    while "1.2-1.1" not in base.out("o2"):
        base.answer("o2")
    base.answer("o2", "failed")
    base.give_up("o2")
    assert base.state("o2") == "partial"
    (fibre,) = (each for each in nodes(base, "sfibre") if each.id != "p1.1.1-1-1")
    assert fibre.parent in {each.id for each in nodes(base)}, "nothing stands below nothing"


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
