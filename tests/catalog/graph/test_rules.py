"""Inclusion and exclusion, known, unknown and empty, quantities with rules."""

import pytest

from catalog.decompose import decompose
from catalog.model import Catalog
from catalog.refusals import QuantityOutOfRange
from catalog.rules.rule import Wait
from tests.catalog.graph.building import (
    boolean,
    catalog,
    exclude,
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
    told,
)


def test_a_rule_decides_on_known_values() -> None:
    made = catalog(
        specification(
            "p",
            integer("speed"),
            (realized("s1", include("speed > 100")), realized("s2", exclude("speed > 100"))),
        ),
        specification("s1", integer("speed")),
        specification("s2"),
    )
    assert shown(grown(made, line("1", "p", characteristics={"speed": 500}))) == {"p.s1": "add s1"}
    assert shown(grown(made, line("1", "p", characteristics={"speed": 100}))) == {"p.s2": "add s2"}
    graph = grown(made, line("1", "p", characteristics={"speed": 500}))
    (node,) = graph.nodes.values()
    assert (node.key, node.rule, node.characteristics, node.parents) == ("1.1-1", "when", {"speed": 500}, ())
    assert [task.key for task in graph.tasks] == ["1.1-1.1"]


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ({"a": True}, "there"),
        ({"b": True}, "there"),  # `true || unknown`, in either order
        ({"a": False}, "waits"),
        ({}, "waits"),
        ({"a": None}, "waits"),
        ({"a": False, "b": False}, "none"),
    ],
)
def test_a_or_b_with_one_unknown(values: dict[str, bool | None], outcome: str) -> None:
    made = catalog(
        specification("p", boolean("a", "b"), (realized("s", include("a || b")),)), specification("s")
    )
    graph = grown(made, line("1", "p", characteristics=values))
    assert bool(graph.nodes) is (outcome == "there")
    assert bool(graph.held_back["1"]) is (outcome == "waits")


@pytest.mark.parametrize(("values", "waits"), [({}, True), ({"note": None}, True), ({"note": ""}, False)])
def test_null_is_absent_and_empty_is_a_value(values: dict[str, str | None], waits: bool) -> None:
    made = catalog(
        specification("p", string("note"), (realized("s", include("note == ''")),)), specification("s")
    )
    graph = grown(made, line("1", "p", characteristics=values))
    if waits:
        assert held(graph, "1") == {"p > s": ("p.note",)}
    else:
        assert shown(graph) == {"p.s": "add s"}


def test_a_default_never_staggers() -> None:
    made = catalog(
        specification("p", integer("speed", default=50), (realized("s", include("speed < 100")),)),
        specification("s"),
    )
    assert shown(grown(made, line("1", "p"))) == {"p.s": "add s"}


def test_all_that_is_missing_is_named_with_its_full_path() -> None:
    made = catalog(
        specification("p", (), (realized("s", default_quantity=2, maximum_quantity=2),)),
        specification(
            "s", string("model", "colour"), (requires("r", include("model == 'x' && colour == 'red'")),)
        ),
        specification("r"),
    )
    graph = grown(made, line("1", "p"))
    assert held(graph, "1") == {
        "p.s[1] > r": ("p.s[1].colour", "p.s[1].model"),
        "p.s[2] > r": ("p.s[2].colour", "p.s[2].model"),
    }
    one = grown(made, line("1", "p"), told=told("1", {"p.s[1].model": "x", "p.s[1].colour": "red"}))
    assert held(one, "1").keys() == {"p.s[2] > r"}
    assert "p.s[1].r" in shown(one)
    assert needs(one)["p.s[1]"] == ["p.s[1].r"]


def test_the_rest_goes_on_while_a_part_waits() -> None:
    made = catalog(
        specification("p", string("x"), (realized("s1"), realized("s2", include("x == 'y'")))),
        specification("s1"),
        specification("s2"),
    )
    graph = grown(made, line("1", "p"))
    assert shown(graph) == {"p.s1": "add s1"}
    (waiting,) = graph.held_back["1"]
    assert (waiting.code, waiting.awaits, waiting.parent, waiting.text) == (
        "unknownValue",
        "requester",
        "1",
        "x == 'y'",
    )


def test_an_error_is_fallout_with_rule_and_value_never_a_wait() -> None:
    made = catalog(
        specification("p", string("x"), (realized("s", include("int(x) > 3", "numeric")),)),
        specification("s"),
    )
    graph = grown(made, line("1", "p", characteristics={"x": "abc"}))
    (failed,) = graph.held_back["1"]
    assert (failed.code, failed.awaits, failed.rule) == ("ruleFailed", "operator", "numeric")
    assert "abc" in failed.sentence
    assert not grown(
        made, line("1", "p", characteristics={"x": "abc"}), told=told("1", **{"1.1|Realized as s": False})
    ).held_back["1"]


def test_a_wait_has_its_deadline_and_reaction() -> None:
    wait = Wait(86_400_000, "default", default=True)
    made = catalog(
        specification("p", string("x"), (realized("s", include("x == 'y'", wait=wait)),)), specification("s")
    )
    (waiting,) = grown(made, line("1", "p")).held_back["1"]
    assert (waiting.deadline_ms, waiting.reaction, waiting.default) == (
        86_400_000,
        "default",
        ["1.1|Realized as s|when", True],
    )
    key, value = waiting.default
    graph = grown(made, line("1", "p"), told=told("1", **{key: value}))
    assert shown(graph) == {"p.s": "add s"} and not graph.held_back["1"]


def test_a_rule_counts_for_its_actions_only() -> None:
    made = catalog(
        specification("p", (), (realized("s", include("false", actions=("add",))),)), specification("s")
    )
    assert not grown(made, line("1", "p")).nodes
    assert shown(grown(made, line("1", "p", "modify"))) == {"p.s": "modify s"}


def test_line_and_order_can_be_read() -> None:
    made = catalog(
        specification("p", (), (realized("s", include("line.quantity > 1 && order.category == 'B2B'")),)),
        specification("s"),
    )
    assert len(grown(made, line("1", "p", quantity=3), about={"category": "B2B"}).nodes) == 3
    assert not grown(made, line("1", "p", quantity=1), about={"category": "B2B"}).nodes
    assert held(grown(made, line("1", "p", quantity=2)), "1") == {
        "p[1] > s": ("order.category",),
        "p[2] > s": ("order.category",),
    }


def test_below_the_minimum_the_line_is_refused_with_the_relationship_named() -> None:
    made = catalog(
        specification("p", boolean("x"), (realized("s", include("x"), mandatory=True, minimum_quantity=1),)),
        specification("s"),
    )
    with pytest.raises(QuantityOutOfRange, match="p Realized as s: the rules leave none"):
        decompose(made, line("1", "p", characteristics={"x": False}))


def test_quantity_from_a_characteristic_with_rules_below(sites: Catalog) -> None:
    graph = grown(sites, line("1", "p", characteristics={"sites": 3}))
    assert [node.path for node in graph.nodes.values()] == ["p.s[1]", "p.s[2]", "p.s[3]"]
    more = grown(sites, line("1", "p", characteristics={"sites": 4}))
    assert graph.nodes.keys() < more.nodes.keys()


@pytest.fixture
def sites() -> Catalog:
    return catalog(
        specification(
            "p", integer("sites"), (realized("s", quantity_characteristic="sites", maximum_quantity=9),)
        ),
        specification("s", string("model"), (requires("r", include("model == 'x'")),)),
        specification("r"),
    )
