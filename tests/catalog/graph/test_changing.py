"""Modify and delete over what is installed: actions, drift, shrinking quantities, a rule that changed since."""

from typing import Any

import msgspec
import pytest

from catalog.graph.results import Drift, OrderGraph
from catalog.installed import InstalledProduct
from catalog.lines import LineRequest
from catalog.model import Catalog, TaskTemplate
from tests.catalog.graph.building import (
    catalog,
    grown,
    include,
    installed,
    integer,
    line,
    needs,
    plans,
    realized,
    requires,
    shown,
    specification,
    string,
    task,
)


def internet(condition: str = "speed >= 500", version: str = "1", extra: str = "") -> Catalog:
    """Internet with a fibre modem for the fast."""
    characteristics = (*integer("speed"), *string("note"))
    return catalog(
        specification("p", characteristics, (realized("s"),)),
        specification(
            "s", characteristics, (requires("rmodem", include(condition, "fast")), requires("rline"))
        ),
        specification("rmodem", integer("speed")),
        specification("rline", string("kind", default=extra) if extra else ()),
        version=version,
    )


def bought(made: Catalog, **values: Any) -> InstalledProduct:
    graph = grown(made, line("0", "p", characteristics=values))
    picture = installed(made, "p", graph, "0")
    return msgspec.structs.replace(
        picture, nodes=(msgspec.structs.replace(picture.nodes[0], characteristics=values), *picture.nodes[1:])
    )


def change(made: Catalog, picture: InstalledProduct, action: str = "modify", **more: Any) -> OrderGraph:
    values = more.pop("values", {})
    request = LineRequest(
        "1", action, "p", characteristics=values, product=picture.id, installed=picture, **more
    )
    return grown(made, request)


def test_only_what_changes_is_modified() -> None:
    made = internet()
    graph = change(made, bought(made, speed=100), values={"speed": 200})
    assert shown(graph) == {"p.s": "modify s"}
    assert next(iter(graph.nodes.values())).characteristics == {"speed": 200}
    assert {each.specification for each in graph.unchanged} == {"rline"}
    assert not graph.drift


def test_a_rule_that_turns_true_adds_and_one_that_turns_false_deletes_the_installed_node() -> None:
    made = internet()
    up = change(made, bought(made, speed=100), values={"speed": 500})
    assert shown(up) == {"p.s": "modify s", "p.s.rmodem": "add rmodem"}
    down = change(made, bought(made, speed=500), values={"speed": 100})
    assert shown(down) == {"p.s": "modify s", "rmodem p/0.1-1-1": "delete rmodem"}
    gone = next(node for node in down.nodes.values() if node.action == "delete")
    assert (gone.installed, gone.parents, gone.rule) == ("p/0.1-1-1", ("1.1-1",), "fast")
    assert needs(down) == {"p.s": [], "rmodem p/0.1-1-1": ["p.s"]}, (
        "what goes goes after what stays was changed"
    )


def test_nothing_to_change_is_nothing_to_do() -> None:
    made = internet()
    graph = change(made, bought(made, speed=500), values={"speed": 500})
    assert not graph.nodes and not graph.tasks
    assert len(graph.unchanged) == 3


def test_under_a_newer_catalog_only_the_change_is_applied_and_the_rest_is_drift() -> None:
    picture = bought(internet(), speed=300)
    newer = internet("speed >= 200", "2", "copper")
    graph = change(newer, picture, values={"note": "hello"})
    assert shown(graph) == {"p.s": "modify s"}
    assert next(iter(graph.nodes.values())).characteristics == {"speed": 300, "note": "hello"}
    assert graph.drift == (Drift("1", "p.s.rmodem", "rmodem", "missing"),)
    migrated = change(newer, picture, values={"note": "hello"}, migrate=True)
    assert shown(migrated) == {"p.s": "modify s", "p.s.rmodem": "add rmodem"}
    assert not migrated.drift


def test_what_todays_rules_would_not_make_stays_and_is_drift() -> None:
    picture = bought(internet(), speed=500)
    graph = change(internet("speed >= 900", "2"), picture, values={"note": "x"})
    assert shown(graph) == {"p.s": "modify s"}
    assert [each.difference for each in graph.drift] == ["surplus"]
    migrated = change(internet("speed >= 900", "2"), picture, values={"note": "x"}, migrate=True)
    assert shown(migrated)["rmodem p/0.1-1-1"] == "delete rmodem"


def test_the_disconnect_after_a_rule_changed_follows_what_is_installed() -> None:
    picture = bought(internet(), speed=500)
    newer = internet("speed >= 900", "2")
    graph = change(newer, picture, "delete")
    assert sorted(shown(graph).values()) == ["delete rline", "delete rmodem", "delete s"]
    assert needs(graph) == {
        "s p/0.1-1": [],
        "rmodem p/0.1-1-1": ["s p/0.1-1"],
        "rline p/0.1-1-2": ["s p/0.1-1"],
    }


def test_a_delete_without_a_picture_waits_for_an_operator() -> None:
    made = internet()
    graph = grown(made, line("1", "p", "delete"))
    assert not graph.nodes
    assert [each.code for each in graph.held_back["1"]] == ["installedUnknown"]


def test_nothing_is_possible_with_a_terminated_product() -> None:
    made = internet()
    picture = bought(made, speed=100)
    root = msgspec.structs.replace(picture.nodes[0], status="terminated")
    over = msgspec.structs.replace(picture, nodes=(root, *picture.nodes[1:]))
    (held,) = change(made, over, values={"speed": 5}).held_back["1"]
    assert held.code == "actionNotPossible" and "is terminated" in held.sentence


def sites(when_shrinking: str) -> Catalog:
    return catalog(
        specification(
            "p",
            integer("sites"),
            (
                realized(
                    "s",
                    quantity_characteristic="sites",
                    maximum_quantity=9,
                    when_shrinking=when_shrinking,
                ),
            ),
        ),
        specification("s", (), (requires("r", include("true")),)),
        specification("r"),
    )


def with_status(picture: InstalledProduct, ordinal: int, status: str) -> InstalledProduct:
    nodes = tuple(
        msgspec.structs.replace(node, status=status)
        if (node.specification, node.ordinal) == ("s", ordinal)
        else node
        for node in picture.nodes
    )
    return msgspec.structs.replace(picture, nodes=nodes)


def going(graph: OrderGraph) -> set[str]:
    return {node.installed for node in graph.nodes.values() if node.action == "delete"}


def test_more_of_them_leaves_the_others_untouched() -> None:
    made = sites("newest")
    graph = change(made, bought(made, sites=3), values={"sites": 5})
    assert shown(graph) == {
        "p.s[4]": "add s",
        "p.s[4].r": "add r",
        "p.s[5]": "add s",
        "p.s[5].r": "add r",
    }


def test_when_the_number_shrinks_the_newest_go() -> None:
    made = sites("newest")
    graph = change(made, bought(made, sites=3), values={"sites": 1})
    assert going(graph) == {"p/0.1-1:2", "p/0.1-1:2-1", "p/0.1-1:3", "p/0.1-1:3-1"}


def test_idle_ones_go_first() -> None:
    made = sites("idleFirst")
    picture = with_status(bought(made, sites=3), 1, "idle")
    assert going(change(made, picture, values={"sites": 2})) == {"p/0.1-1", "p/0.1-1-1"}


def test_those_that_the_line_names_go_and_the_others_keep_their_numbers() -> None:
    made = sites("ask")
    picture = bought(made, sites=3)
    assert going(change(made, picture, values={"sites": 2}, removed=(2,))) == {"p/0.1-1:2", "p/0.1-1:2-1"}
    left = msgspec.structs.replace(
        picture, nodes=tuple(node for node in picture.nodes if "1:2" not in node.id)
    )
    left = msgspec.structs.replace(
        left, nodes=(msgspec.structs.replace(left.nodes[0], characteristics={"sites": 2}), *left.nodes[1:])
    )
    assert shown(change(made, left, values={"sites": 3})).keys() == {"p.s[4]", "p.s[4].r"}


@pytest.mark.parametrize("named", [7, "p/0.1-1:7"])
def test_what_the_line_names_goes_or_nothing_does(named: int | str) -> None:
    made = sites("newest")
    graph = change(made, bought(made, sites=3), values={"sites": 2}, removed=(2, named))
    (held,) = graph.held_back["1"]
    assert (held.code, held.awaits) == ("actionNotPossible", "operator")
    assert f"names {named} to go" in held.sentence and not graph.nodes


def test_more_than_go_cannot_be_named() -> None:
    made = sites("newest")
    graph = change(made, bought(made, sites=3), values={"sites": 2}, removed=(1, 3))
    assert "names 3 to go" in graph.held_back["1"][0].sentence


def test_of_a_product_ordered_several_times_those_go_that_the_line_names() -> None:
    made = sites("newest")
    one = bought(made, sites=1)
    nodes = [
        msgspec.structs.replace(
            node,
            id=f"{node.id}#{number}",
            parent=f"{node.parent}#{number}" if node.parent else "",
            ordinal=node.ordinal if node.parent else number,
        )
        for number in (1, 2, 3)
        for node in one.nodes
    ]
    thrice = msgspec.structs.replace(one, nodes=tuple(nodes))
    gone = going(change(made, thrice, quantity=2, removed=(1,)))
    assert gone and all(each.endswith("#1") for each in gone)
    assert all(each.endswith("#3") for each in going(change(made, thrice, quantity=2)))
    left = msgspec.structs.replace(one, nodes=tuple(each for each in nodes if not each.id.endswith("#1")))
    assert change(made, left, quantity=2).nodes == {}
    assert shown(change(made, left, quantity=3)).keys() == {"p[4].s[1]", "p[4].s[1].r"}


def test_otherwise_a_person_is_asked() -> None:
    made = sites("ask")
    graph = change(made, bought(made, sites=3), values={"sites": 2})
    assert not graph.nodes
    (asked,) = graph.held_back["1"]
    assert (asked.code, asked.missing) == ("chooseInstances", ("p.s.remove",))


@pytest.mark.parametrize("action", ["modify", "delete"])
def test_order_among_siblings_holds_both_ways(action: str) -> None:
    both: dict[str, tuple[TaskTemplate, ...]] = {**plans(), "modify": (task("change"),)}
    made = catalog(
        specification("p", integer("n"), (realized("s1", include("true")), realized("s2", after=("s1",)))),
        specification("s1", integer("n"), plans=both),
        specification("s2", integer("n"), plans=both),
    )
    graph = change(made, bought(made, n=1), action, values={"n": 2} if action == "modify" else {})
    first, second = ("s1", "s2") if action == "modify" else ("s2", "s1")
    waits = {graph.nodes[each.domain_order].specification: bool(each.needs) for each in graph.tasks}
    assert waits == {first: False, second: True}
