"""Attribute mappings: down, up, sideways, and to a fixpoint."""

from catalog.rules.rule import AttributeMapping
from tests.catalog.graph.building import (
    boolean,
    catalog,
    copies,
    grown,
    held,
    include,
    integer,
    line,
    plans,
    realized,
    requires,
    shown,
    specification,
    string,
    task,
    told,
)


def values(graph, path):  # type: ignore[no-untyped-def]
    return next(node.characteristics for node in graph.nodes.values() if node.path == path)


def test_up_down_and_sideways() -> None:
    made = catalog(
        specification("p", string("site"), (realized("s1"), realized("s2"))),
        specification("s1", string("port", "line_"), (requires("r1"),)),
        specification("s2", string("port"), mappings=(copies("m1", "s1.port", "s2", "port"),)),
        specification(
            "r1",
            string("free", default="7"),
            mappings=(copies("m2", "free", "s1", "port"), copies("m3", "p.site", "s1", "line_")),
        ),
    )
    graph = grown(made, line("1", "p", characteristics={"site": "Harbour 4"}))
    assert values(graph, "p.s1") == {"port": "7", "line_": "Harbour 4"}
    assert values(graph, "p.s2") == {"port": "7"}


def test_a_rule_reads_what_a_mapping_brings_and_more_comes_of_it() -> None:
    made = catalog(
        specification("p", (), (realized("s1"), realized("s2", include("s1.kind == 'fibre'")))),
        specification("s1", string("kind"), (requires("r1"),)),
        specification(
            "s2", string("kind"), mappings=(copies("m", "s1.kind + '!'", "s2", "kind", action="set"),)
        ),
        specification("r1", string("kind", default="fibre"), mappings=(copies("m", "kind", "s1", "kind"),)),
    )
    assert values(grown(made, line("1", "p")), "p.s2") == {"kind": "fibre!"}


def test_the_nearest_of_several_is_meant() -> None:
    made = catalog(
        specification("p", (), (realized("s", default_quantity=2, maximum_quantity=2),)),
        specification("s", string("model", "circuit"), (requires("r1"), requires("r2"))),
        specification("r1", string("model"), mappings=(copies("m", "model", "r2", "model"),)),
        specification("r2", string("model")),
    )
    graph = grown(made, line("1", "p"), told=told("1", {"p.s[1].model": "x", "p.s[2].model": "y"}))
    assert values(graph, "p.s[1].r2") == {"model": "x"}
    assert values(graph, "p.s[2].r2") == {"model": "y"}


def test_one_of_several_cannot_be_meant() -> None:
    made = catalog(
        specification(
            "p",
            (),
            (
                realized("s", default_quantity=2, maximum_quantity=2),
                realized("s2", include("s.model == 'x'")),
            ),
        ),
        specification("s", string("model", default="x")),
        specification("s2"),
    )
    (failed,) = grown(made, line("1", "p")).held_back["1"]
    assert failed.code == "ruleFailed" and "several places: p.s[1], p.s[2]" in failed.sentence


def test_the_greatest_precedence_writes_and_a_default_only_what_nobody_wrote() -> None:
    made = catalog(
        specification(
            "p",
            string("x", default="low"),
            (realized("s"),),
            mappings=(
                copies("a", "'a'", "s", "model", action="set"),
                copies("b", "'b'", "s", "model", action="set", precedence=5),
                copies("c", "'c'", "s", "model", action="default", precedence=9),
                copies("d", "'d'", "s", "colour", action="default"),
            ),
        ),
        specification("s", string("model", "colour")),
    )
    assert values(grown(made, line("1", "p")), "p.s") == {"model": "b", "colour": "d"}


def test_a_mapping_includes_and_excludes() -> None:
    def when(action: str) -> AttributeMapping:
        return AttributeMapping("m", action, "r", condition="x")  # type: ignore[arg-type]

    parts = (specification("s", (), (requires("r", default_quantity=0),)), specification("r"))
    made = catalog(specification("p", boolean("x"), (realized("s"),), mappings=(when("include"),)), *parts)
    assert "p.s.r" in shown(grown(made, line("1", "p", characteristics={"x": True})))
    assert "p.s.r" not in shown(grown(made, line("1", "p", characteristics={"x": False})))
    made = catalog(
        specification("p", boolean("x"), (realized("s"),), mappings=(when("exclude"),)),
        specification("s", (), (requires("r"),)),
        specification("r"),
    )
    assert "p.s.r" not in shown(grown(made, line("1", "p", characteristics={"x": True})))
    assert "p.s.r" in shown(grown(made, line("1", "p", characteristics={"x": False})))
    assert held(grown(made, line("1", "p")), "1") == {"p > r": ("p.x",)}


def test_a_validation_refuses_with_its_message() -> None:
    check = AttributeMapping("m", "validate", "s", value="speed <= s.limit", message="too fast for the line")
    made = catalog(
        specification("p", integer("speed"), (realized("s"),), mappings=(check,)),
        specification("s", integer("limit", default=100)),
    )
    (failed,) = grown(made, line("1", "p", characteristics={"speed": 500})).held_back["1"]
    assert (failed.code, failed.sentence) == ("validationFailed", "p validate s: too fast for the line")
    assert not grown(made, line("1", "p", characteristics={"speed": 50})).held_back["1"]


def test_what_is_not_known_does_not_flow_and_only_who_needs_it_waits() -> None:
    made = catalog(
        specification(
            "p",
            string("note", "model"),
            (realized("s"), realized("s2", include("s.model == 'x'"))),
            mappings=(copies("a", "note", "s", "note"), copies("b", "model", "s", "model")),
        ),
        specification("s", string("note", "model")),
        specification("s2"),
    )
    assert held(grown(made, line("1", "p")), "1") == {"p > s2": ("p.s.model",)}
    needy = catalog(
        specification("p", string("note"), (realized("s"),), mappings=(copies("a", "note", "s", "model"),)),
        specification("s", string("model", mandatory=True)),
    )
    assert held(grown(needy, line("1", "p")), "1") == {"p > s": ("p.note",)}


def test_rules_that_do_not_settle_are_fallout() -> None:
    made = catalog(
        specification("p", (), (realized("s"),)),
        specification("s", integer("n", default=1), mappings=(copies("m", "n + 1", "s", "n", action="set"),)),
    )
    (failed,) = grown(made, line("1", "p")).held_back["1"]
    assert failed.code == "rulesDoNotSettle" and "p.s.n" in failed.sentence


def test_what_a_task_of_ours_brings_is_not_the_requesters_to_give() -> None:
    made = catalog(
        specification("p", string("circuit"), (realized("s1"), realized("s2", include("circuit == 'c1'")))),
        specification(
            "s1",
            string("circuit"),
            plans={"add": (task("build", gives=(("id", "circuit"),)),)},
            mappings=(copies("m", "circuit", "p", "circuit"),),
        ),
        specification("s2", plans=plans("add")),
    )
    (waiting,) = grown(made, line("1", "p")).held_back["1"]
    assert (waiting.missing, waiting.awaits, waiting.by) == (("p.circuit",), "runtime", "task build of s1")
    graph = grown(made, line("1", "p"), told=told("1", {"p.s1.circuit": "c1"}))
    assert shown(graph).keys() == {"p.s1", "p.s2"}
