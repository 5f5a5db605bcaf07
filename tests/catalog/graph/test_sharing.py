"""Nodes of one sharing key are one domain order with several referrers, in an order and with what is installed."""

from hashlib import blake2b
from typing import Any

import msgspec
import pytest

from catalog.graph.nodes import shared_key
from catalog.graph.results import Contribution, GrownNode, OrderGraph
from catalog.installed import InstalledNode, InstalledProduct, InstalledShared
from catalog.lines import LineRequest
from catalog.model import Catalog, CharacteristicSpecification
from tests.catalog.graph.building import (
    catalog,
    grown,
    held,
    include,
    integer,
    line,
    needs,
    realized,
    requires,
    shown,
    specification,
    string,
)


def triple(**speed: Any) -> Catalog:
    """Television and internet over one access per place."""
    access = (*string("place"), *integer("speed", **{"combine": "max", **speed}))
    return catalog(
        specification("ptv", access, (realized("sstream"),)),
        specification("pnet", access, (realized("snet"),)),
        specification("sstream", access, (realized("saccess"),)),
        specification("snet", access, (realized("saccess"),)),
        specification("saccess", access, (requires("rport", include("speed >= 100")),), sharing_key="place"),
        specification("rport", integer("speed")),
    )


def add(id_: str, offering: str, place: str = "H4", speed: int | None = 100, **more: Any) -> LineRequest:
    return line(id_, offering, characteristics={"place": place, "speed": speed}, **more)


def shared(graph: OrderGraph) -> list[GrownNode]:
    return [node for node in graph.nodes.values() if node.specification == "saccess"]


def test_two_lines_share_one_access() -> None:
    graph = grown(triple(), add("1", "ptv", speed=100), add("2", "pnet", speed=500))
    (access,) = shared(graph)
    assert access.referrers == ("1", "2") and access.parents == ("1.1-1", "2.1-1")
    assert access.characteristics == {"place": "H4", "speed": 500}
    assert access.key.startswith(".saccess~") and access.sharing_key == "H4" and access.shared
    assert shown(graph)["saccess<H4>.rport"] == "add rport"
    assert needs(graph) == {
        "ptv.sstream": ["saccess<H4>"],
        "pnet.snet": ["saccess<H4>"],
        "saccess<H4>": ["saccess<H4>.rport"],
        "saccess<H4>.rport": [],
    }


def test_another_place_is_another_access() -> None:
    graph = grown(triple(), add("1", "ptv"), add("2", "pnet", place="H5"))
    assert sorted(node.referrers for node in shared(graph)) == [("1",), ("2",)]


def test_the_order_of_the_lines_does_not_matter() -> None:
    lines = [add("1", "ptv"), add("2", "pnet", speed=50), add("3", "pnet", place="H5")]
    one, other = grown(triple(), *lines), grown(triple(), *reversed(lines))
    assert one.nodes == other.nodes and one.contributions == other.contributions


def test_lines_grown_later_join_what_was_grown_before() -> None:
    lines = [add("1", "ptv", speed=50), add("2", "pnet", speed=500)]
    together = grown(triple(), *lines)
    first = grown(triple(), lines[0])
    second = grown_only(triple(), lines, "2", first)
    assert {**first.nodes, **second.nodes} == together.nodes
    assert second.contributions == together.contributions


def grown_only(made: Catalog, lines: list[LineRequest], which: str, known: OrderGraph) -> OrderGraph:
    from catalog.graph.lines import grow
    from catalog.graph.settling import Order

    return grow(Order(made, {each.line: each for each in lines}, known=known.contributions), [which])


def test_values_that_must_be_equal_and_are_not_hold_all_who_share() -> None:
    graph = grown(triple(combine="equal"), add("1", "ptv", speed=100), add("2", "pnet", speed=500))
    for each in ("1", "2"):
        (failed,) = graph.held_back[each]
        assert failed.code == "sharedValuesDiffer"
        assert "1/ptv.sstream.saccess asks for 100, 2/pnet.snet.saccess asks for 500" in failed.sentence


@pytest.mark.parametrize(
    ("combine", "asked", "outcome"),
    [("sum", (100, 500), 600), ("max", (100, 500), 500), ("max", (100, None), 100), ("equal", (7, 7), 7)],
)
def test_combinations(combine: str, asked: tuple[int, int | None], outcome: int) -> None:
    made = triple(combine=combine)
    graph = grown(made, add("1", "ptv", speed=asked[0]), add("2", "pnet", speed=asked[1]))
    assert shared(graph)[0].characteristics["speed"] == outcome


def test_lists_are_united() -> None:
    vlans = (*string("place"), CharacteristicSpecification("vlans", "array", combine="union"))
    made = catalog(
        specification("p", vlans, (realized("s"),)), specification("s", vlans, sharing_key="place")
    )
    lines = [
        line(id_, "p", characteristics={"place": "H", "vlans": v})
        for id_, v in (("1", [2, 1]), ("2", [3, 2]))
    ]
    (node,) = grown(made, *lines).nodes.values()
    assert node.characteristics["vlans"] == [1, 2, 3]


def test_an_unknown_sharing_key_is_waited_for() -> None:
    graph = grown(triple(), line("1", "ptv", characteristics={"speed": 100}))
    assert held(graph, "1") == {"ptv.sstream > saccess": ("ptv.sstream.saccess.place",)}


def stands(made: Catalog, *referrers: tuple[str, str, int]) -> tuple[InstalledShared, ...]:
    """The installed access of H4 as these (product, place in it, speed) referrers ask for it."""
    asked = {f"{product}/{place}": {"place": "H4", "speed": speed} for product, place, speed in referrers}
    speed = max(each[2] for each in referrers)
    root = InstalledNode(
        "a1",
        "saccess",
        "service",
        characteristics={"place": "H4", "speed": speed},
        sharing_key="H4",
        referrers=asked,
    )
    port = InstalledNode("a1p", "rport", "resource", "a1", "Requires rport", characteristics={"speed": speed})
    return (InstalledShared("saccess", "H4", (root, port) if speed >= 100 else (root,)),)


def product(id_: str, root: str, service: str, speed: int) -> InstalledProduct:
    asked = {"place": "H4", "speed": speed}
    return InstalledProduct(
        id_,
        (
            InstalledNode(id_, root, "product", characteristics=asked),
            InstalledNode(
                f"{id_}s", service, "service", id_, f"Realized as {service}", characteristics=asked
            ),
            InstalledNode(
                "a1",
                "saccess",
                "service",
                f"{id_}s",
                "Realized as saccess",
                characteristics=asked,
                sharing_key="H4",
            ),
        ),
    )


TV, NET = ("tv", "ptv.sstream.saccess"), ("net", "pnet.snet.saccess")


def test_an_add_shares_with_what_is_installed() -> None:
    made = triple()
    graph = grown(made, add("1", "pnet", speed=100, product="net"), shared=stands(made, (*TV, 100)))
    assert not shared(graph), "nothing changes for the access"
    assert graph.unchanged[0].installed == "a1"
    graph = grown(made, add("1", "pnet", speed=500, product="net"), shared=stands(made, (*TV, 100)))
    (access,) = shared(graph)
    assert (access.action, access.installed, access.characteristics["speed"]) == ("modify", "a1", 500)


def test_of_television_and_internet_one_goes() -> None:
    made = triple()
    tv = line("1", "ptv", "delete", product="tv", installed=product("tv", "ptv", "sstream", 500))
    graph = grown(made, tv, shared=stands(made, (*TV, 500), (*NET, 100)))
    assert shown(graph) == {"sstream tvs": "delete sstream", "saccess<H4>": "modify saccess"}
    assert shared(graph)[0].characteristics["speed"] == 100
    kept = grown(made, tv, shared=stands(made, (*TV, 100), (*NET, 500)))
    assert shown(kept) == {"sstream tvs": "delete sstream"}, "the other asks for as much as before"


def test_the_last_one_takes_the_access_with_it() -> None:
    made = triple()
    tv = line("1", "ptv", "delete", product="tv", installed=product("tv", "ptv", "sstream", 500))
    graph = grown(made, tv, shared=stands(made, (*TV, 500)))
    assert sorted(shown(graph).values()) == ["delete rport", "delete saccess", "delete sstream"]


def test_one_goes_while_another_comes() -> None:
    made = triple()
    tv = line("1", "ptv", "delete", product="tv", installed=product("tv", "ptv", "sstream", 500))
    graph = grown(made, tv, add("2", "pnet", speed=500, product="new"), shared=stands(made, (*TV, 500)))
    assert shown(graph) == {"pnet.snet": "add snet", "sstream tvs": "delete sstream"}


def test_both_go_in_one_order() -> None:
    made = triple()
    lines = [
        line("1", "ptv", "delete", product="tv", installed=product("tv", "ptv", "sstream", 500)),
        line("2", "pnet", "delete", product="net", installed=product("net", "pnet", "snet", 100)),
    ]
    graph = grown(made, *lines, shared=stands(made, (*TV, 500), (*NET, 100)))
    (access,) = shared(graph)
    assert access.action == "delete" and access.referrers == ("1", "2")


def test_siblings_wait_for_a_shared_node_and_it_for_them_by_after() -> None:
    made = catalog(
        specification("p", string("place"), (realized("saccess"), realized("sbeside", after=("saccess",)))),
        specification("saccess", string("place"), sharing_key="place"),
        specification("sbeside", string("place")),
    )
    graph = grown(made, line("1", "p", characteristics={"place": "H4"}))
    (access,) = shared(graph)
    (beside,) = (key for key, node in graph.nodes.items() if node.specification == "sbeside")
    by_order = {task.domain_order: task for task in graph.tasks}
    assert by_order[beside].needs == (by_order[access.key].key,)


def vlan() -> Catalog:
    number = integer("vlan")
    return catalog(
        specification("pnet", number, (realized("svlan"),)),
        specification("svlan", number, sharing_key="vlan"),
    )


def test_a_key_that_is_no_text_goes_by_its_text_when_it_comes_and_when_it_goes() -> None:
    built = grown(vlan(), line("1", "pnet", characteristics={"vlan": 5}))
    (node,) = built.nodes.values()
    assert node.sharing_key == "5" and node.key == shared_key("svlan", "5")
    reference = InstalledNode("n1", "svlan", "service", "p1", "Realized as svlan", sharing_key="5")
    product = InstalledProduct("p1", (InstalledNode("p1", "pnet", "product"), reference))
    root = InstalledNode(
        "n1",
        "svlan",
        "service",
        sharing_key="5",
        characteristics={"vlan": 5},
        referrers={"p1/pnet.svlan": {}},
    )
    request = line("1", "pnet", "delete", product="p1", installed=product)
    gone = grown(vlan(), request, shared=(InstalledShared("svlan", "5", (root,)),))
    assert {(each.specification, each.action) for each in gone.nodes.values()} == {("svlan", "delete")}
    assert list(gone.nodes) == [f"{node.key}-i1"]


def test_an_order_keeps_the_key_it_has_given_by_value() -> None:
    former = shared_key_by_value("svlan", 5)
    known = {former: {"1/pnet.svlan": Contribution("1", "", {"vlan": 5})}}
    graph = grown(vlan(), line("1", "pnet", characteristics={"vlan": 5}), known=known)
    assert list(graph.nodes) == [former] and graph.shared == {former: ("svlan", "5")}


def shared_key_by_value(specification_: str, value: Any) -> str:
    content = msgspec.json.encode([specification_, value])
    return f".{specification_}~{blake2b(content, digest_size=6).hexdigest()}"
