"""What an order makes invalid of what is installed, and what its customer has besides: at approval, at completion."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from actors.compatibility_events import CustomerSearched, ProductsLookedFor
from actors.customer_products import CustomerProducts
from actors.lifting import decode_events
from actors.messages import AnyMessage, ApproveOrder, ChangeOrder, GiveUp, Heading
from actors.product_id import product_id
from catalog.loader import load
from catalog.store import Catalogs
from tests.actors.drawn import submission
from tests.actors.installed_base import Base
from tests.actors.test_compatibility import SHOP, asked, findings, line

WIDE = SHOP.replace("requires: net,", "requires: net, beside: customer,").replace(
    "excludes: lamp,", "excludes: lamp, beside: customer,"
)
NET, PHONE, SIREN, LAMP = (product_id(name, "1") for name in ("oN", "oP", "oS", "oL"))
INVALID = f"phone of installed product {PHONE} requires net, which line 1 removes: it would become invalid"
FINDING = f"1:{PHONE}:phone:needs-net"


def catalogs_of(text: str, tmp_path_factory: pytest.TempPathFactory) -> Catalogs:
    file = tmp_path_factory.mktemp("catalog") / "shop.yaml"
    file.write_text(text)
    return Catalogs(load(file))


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Catalogs:
    return catalogs_of(SHOP, tmp_path_factory)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Catalogs:
    return catalogs_of(WIDE, tmp_path_factory)


def furnished(catalogs: Catalogs) -> Base:
    """A customer has a net, and a phone that needs it."""
    base = Base(catalogs)
    base.order("oN", line("1", "net"))
    base.finish("oN")
    base.order("oP", line("1", "phone", beside=NET))
    base.finish("oP")
    assert (base.state("oN"), base.state("oP")) == ("completed", "completed")
    return base


@pytest.fixture
def base(narrow: Catalogs) -> Iterator[Base]:
    yield furnished(narrow)


@pytest.fixture
def home(wide: Catalogs) -> Iterator[Base]:
    """The same, where compatibilities look among all that the customer has."""
    yield furnished(wide)


def deletes(product: str = NET, offering: str = "net", *, beside: str = "") -> dict[str, Any]:
    return line("1", offering, "delete", product=product, beside=beside)


def has(*products: str, found: int = 0, orders_unread: int = 0) -> CustomerProducts:
    return CustomerProducts(products, found or len(products), orders_unread)


def approve(base: Base, name: str, *overridden: str) -> None:
    base.tell(name, ApproveOrder("ann", ("any",), overrides=dict.fromkeys(overridden, "he knows")))
    base.deliver()


def test_what_a_delete_makes_invalid_blocks_and_is_told_once_it_is_gone(base: Base) -> None:
    base.order("oD", deletes(beside=PHONE))
    assert asked(base, "oD") == [INVALID]
    approve(base, "oD", FINDING)
    base.finish("oD")
    assert base.state("oD") == "completed", "what does not add is never held by it"
    assert findings(base, "oD") == {"1": (f"{INVALID}; it was approved all the same: he knows",)}


def test_a_modify_that_leaves_too_little_is_told_and_held_by_nothing(base: Base) -> None:
    slower = line("1", "net", "modify", product=NET, speed=5, beside=PHONE)
    base.order("oM", slower)
    (sentence,) = asked(base, "oM")
    assert sentence.startswith(
        f"phone of installed product {PHONE} requires net, and what line 1 leaves of it"
    )
    approve(base, "oM", FINDING)
    base.finish("oM")
    assert base.state("oM") == "completed" and list(findings(base, "oM")) == ["1"]


def test_a_modify_that_leaves_enough_needs_nobodys_yes(base: Base) -> None:
    base.order("oM", line("1", "net", "modify", product=NET, speed=10, beside=PHONE))
    assert base.state("oM") == "inProgress" and not asked(base, "oM")
    base.finish("oM")
    assert base.state("oM") == "completed" and not findings(base, "oM")


def test_what_was_broken_before_is_no_finding_of_this_order(base: Base) -> None:
    base.order("oM", line("1", "net", "modify", product=NET, speed=5, beside=PHONE))
    approve(base, "oM", FINDING)
    base.finish("oM")
    base.order("oD", deletes(beside=PHONE))
    assert base.state("oD") == "inProgress" and not asked(base, "oD")
    base.finish("oD")
    assert base.state("oD") == "completed" and not findings(base, "oD")


@pytest.mark.parametrize("action", ["delete", "modify"])
def test_what_is_gone_is_not_taken_away_again(base: Base, action: str) -> None:
    base.order("oD", deletes())
    base.finish("oD")
    assert base.state("oD") == "completed"
    base.order("oE", line("1", "net", action, product=NET, beside=PHONE))
    assert not asked(base, "oE") and base.lines("oE") == {"1": "held"}, "it is refused its product"


def test_what_leaves_together_misses_nothing(base: Base) -> None:
    base.order("oD", deletes(), line("2", "phone", "delete", product=PHONE))
    assert not asked(base, "oD")
    base.finish("oD")
    assert base.state("oD") == "completed" and not findings(base, "oD")


def test_what_was_to_leave_with_it_and_stays_is_told(base: Base) -> None:
    base.order("oD", deletes(), line("2", "phone", "delete", product=PHONE))
    base.answer("oD", line="1")
    assert base.lines("oD")["1"] == "completed" and not findings(base, "oD")
    base.answer("oD", "failed", line="2")
    base.give_up("oD")
    assert base.lines("oD") == {"1": "completed", "2": "failed"} and findings(base, "oD") == {"1": (INVALID,)}


def test_a_line_whose_work_is_yet_to_come_is_taken_over_what_it_changes(base: Base) -> None:
    """The phone is compared while the net still waits for another line: its speed stays as it is installed."""
    colour = line("3", "net", "modify", product=NET, needs=("2",))
    base.order("oA", line("1", "phone", lines=5), line("2", "lamp"), colour, line("4", "lamp", beside=PHONE))
    assert not asked(base, "oA")
    base.answer("oA", line="1")
    assert base.lines("oA")["1"] == "completed" and base.lines("oA")["3"] == "acknowledged"
    base.finish("oA")
    assert base.state("oA") == "completed" and not findings(base, "oA")


def test_a_delete_that_is_not_done_makes_nothing_invalid(base: Base) -> None:
    base.order("oD", deletes(beside=PHONE))
    approve(base, "oD", FINDING)
    base.answer("oD", "failed")
    base.give_up("oD")
    assert base.lines("oD") == {"1": "failed"} and not findings(base, "oD")


def test_an_order_does_not_look_further_than_its_rules_say(base: Base) -> None:
    base.order("oD", deletes(), customer=has(PHONE))
    assert not asked(base, "oD"), "the rule is of the order, whatever was found"


def test_the_customers_products_are_looked_at_as_if_they_were_named(home: Base) -> None:
    home.order("oD", deletes(), customer=has(NET, PHONE))
    assert asked(home, "oD") == [INVALID]
    approve(home, "oD", FINDING)
    home.finish("oD")
    assert home.state("oD") == "completed"
    assert findings(home, "oD") == {"1": (f"{INVALID}; it was approved all the same: he knows",)}


def test_what_the_customer_has_is_enough(home: Base) -> None:
    home.order("oA", line("1", "phone", lines=5), customer=has(NET, PHONE))
    assert home.state("oA") == "inProgress" and not asked(home, "oA")
    home.finish("oA")
    assert home.state("oA") == "completed" and not findings(home, "oA")
    alone = home.order("oB", line("1", "phone"))
    assert alone.compatibility is not None and len(asked(home, "oB")) == 1, "nobody told of any"


def test_what_the_customer_has_may_be_in_the_way(home: Base) -> None:
    home.order("oL", line("1", "lamp"))
    home.finish("oL")
    home.order("oS", line("1", "siren"), customer=has(LAMP))
    assert asked(home, "oS") == ["A siren stands alone."]
    approve(home, "oS", "1:siren:alone")
    home.finish("oS")
    home.order("oL2", line("1", "lamp"), customer=has(LAMP, SIREN))
    assert not asked(home, "oL2"), "the siren did not stand alone before"


@pytest.mark.parametrize("first", ["oL", "oS"])
def test_of_two_orders_that_meet_the_later_one_tells(home: Base, first: str) -> None:
    """Whichever is done first; the earlier knows of no other, the later knows what the earlier is to bring."""
    home.order("oL", line("1", "lamp"))
    home.order("oS", line("1", "siren"), customer=has(LAMP))
    assert asked(home, "oS") == ["A siren stands alone."]
    if first == "oS":
        approve(home, "oS", "1:siren:alone")
        home.finish("oS")
        assert home.state("oS") == "completed" and list(findings(home, "oS")) == ["1"]
    home.finish("oL")
    assert home.state("oL") == "completed" and not findings(home, "oL")


def test_what_came_after_the_order_was_accepted_holds_its_line(home: Base) -> None:
    home.order("oS", line("1", "siren"))
    assert home.state("oS") == "inProgress"
    home.order("oL", line("1", "lamp"), customer=has(SIREN))
    assert asked(home, "oL") == [
        f"siren of product {SIREN} (another order is to bring it) would become invalid by line 1: "
        "A siren stands alone."
    ]
    home.finish("oS")
    assert home.state("oS") == "completed", "what it is compared with was settled when it came in"


def test_an_add_that_makes_something_invalid_by_then_is_held(home: Base) -> None:
    home.order("oS", line("1", "siren"))
    home.finish("oS")
    home.order("oD", deletes(SIREN, "siren"))
    home.order("oL", line("1", "lamp"), customer=has(SIREN))
    assert not asked(home, "oL"), "the siren is being removed"
    home.answer("oD", "failed")
    home.give_up("oD")
    home.finish("oL")
    assert home.lines("oL") == {"1": "held"}
    assert f"siren of installed product {SIREN} would become invalid by line 1" in home.stated("oL")
    home.tell("oL", GiveUp("1", "it is only a night light", "ann"))
    assert home.state("oL") == "completed"


def test_lines_that_end_one_after_the_other_ask_now_and_then(home: Base) -> None:
    lines = [line(str(number), "phone") for number in range(1, 5)]
    home.order("oA", *lines, customer=has(NET))
    asked_for = [[NET]]
    for number, later in (("1", 0), ("2", 9_999), ("3", 1), ("4", 0)):
        home.now += later
        home.answer("oA", line=number)
        if number in "13":
            asked_for.append([NET])
        assert home.lines("oA")[number] == "completed"
        assert [[each] for each in looked_at(home, "oA")] == asked_for


def test_not_all_was_looked_at_and_that_is_said(home: Base) -> None:
    home.order("oD", deletes(), customer=has(NET, found=350, orders_unread=7))
    assert asked(home, "oD") == [
        "line 1: only 1 of the 350 installed products of the customer that may matter were looked at, and 7 orders of "
        "the customer were not searched for products: whether it fits the others is not known"
    ]
    approve(home, "oD", "1:customer")
    home.finish("oD")
    assert home.state("oD") == "completed" and len(findings(home, "oD")["1"]) == 1


def test_asking_for_what_it_names_makes_what_the_customer_has_no_fresher(home: Base) -> None:
    """A large order ends line by line; its customer's products are looked at every ten seconds all the same."""
    home.order("oL", line("1", "lamp"))
    home.finish("oL")
    phones = [line(str(number), "phone", beside=NET) for number in range(1, 5)]
    home.order("oB", *phones, customer=has(LAMP))
    for number in range(1, 5):
        home.finish("oB", line=str(number))
        home.now += 6_000
    assert home.state("oB") == "completed"
    assert looked_at(home, "oB").count(NET) == 1 + 4
    assert looked_at(home, "oB").count(LAMP) == 1 + 2, "at the first line, and at the third, 12 s later"


@pytest.mark.parametrize("strange", ["what is this?", "p0000.7", "oN", f"{'p' + 'x' * 24}other.1"])
def test_no_product_of_nobody_or_of_another_tenant_is_looked_at(home: Base, strange: str) -> None:
    home.order("oD", deletes(), customer=has(strange))
    assert not asked(home, "oD")
    looked = looked_at(home, "oD")
    assert (strange in looked) is (strange == "p0000.7"), "one of its own tenant may be asked for"


def test_what_nobody_looked_up_is_told_with_the_rest() -> None:
    assert not has(NET).unseen
    assert (
        CustomerProducts((NET,), 1, products_unread=1).unseen
        == "1 more product of its orders was not looked up"
    )
    assert CustomerProducts((NET,), 2, 1, 5).unseen == (
        "only 1 of the 2 installed products of the customer that may matter were looked at, and 5 more products of its "
        "orders were not looked up, and 1 order of the customer was not searched for products"
    )


def test_a_change_of_the_order_brings_what_was_found_for_it(home: Base) -> None:
    """From one customer's order to another's: what the first has is in nobody's way any more."""
    home.order("oL", line("1", "lamp"))
    home.finish("oL")
    home.order("oS", line("1", "siren"), customer=has(LAMP))
    assert len(asked(home, "oS")) == 1
    other = submission([line("1", "siren")], home.catalogs)
    changed = ChangeOrder(
        1, other.document, b"digest of a patch", other.catalog, Heading(party="c2"), ("/relatedParty",)
    )
    home.tell("oS", changed)
    home.deliver()
    assert home.state("oS") == "inProgress" and searched(home, "oS") == [has(LAMP), has()]


def test_the_message_that_brings_it_in_carries_what_was_found() -> None:
    made = submission([line("1", "siren")], customer=has(LAMP, found=3))
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=AnyMessage)
    assert again == made


def looked_at(base: Base, name: str) -> list[str]:
    return [
        product
        for each in events(base, name)
        if isinstance(each, ProductsLookedFor)
        for product in each.products
    ]


def searched(base: Base, name: str) -> list[CustomerProducts]:
    return [each.customer for each in events(base, name) if isinstance(each, CustomerSearched)]


def events(base: Base, name: str) -> list[Any]:
    return [event for _, record in base.orders[name].records for event in decode_events(record)]
