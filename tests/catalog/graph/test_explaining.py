"""What explain says of lines with rules: for what is created and for what is not."""

from catalog.decompose import explain
from catalog.graph.explaining import reasons
from catalog.graph.settling import Order
from catalog.lines import Reason
from tests.catalog.graph.building import (
    boolean,
    catalog,
    exclude,
    include,
    integer,
    line,
    realized,
    requires,
    specification,
    string,
)

MADE = catalog(
    specification(
        "p",
        (*integer("speed"), *boolean("backup"), *string("model")),
        (
            realized("s1", include("speed >= 100", "fast"), include("backup", "safe")),
            realized("s2", exclude("speed >= 100", "slow-only")),
            realized("s3", include("model == 'x'", "modelled")),
            realized("s4"),
        ),
    ),
    specification("s1", integer("speed"), (requires("r", include("p.backup || p.model == 'y'", "spare")),)),
    specification("s2"),
    specification("s3"),
    specification("s4", string("place"), sharing_key="'all'"),
    specification("r"),
)


def explained(**values: object) -> dict[str, Reason]:
    request = line("1", "p", characteristics=values)
    return {
        f"{each.source} > {each.target}": each
        for each in explain(MADE, request)
        if each.relationship != "Ordered"
    }


def test_created_not_created_and_waiting_with_rule_inputs_and_all_that_is_missing() -> None:
    found = explained(speed=100)
    assert found["p > s1"] == Reason(
        "1", "p", "Realized as", "s1", True, "fast", {"p.speed": 100}, ("1.1-1",),
        "p Realized as s1: rule fast holds; 1 domain order(s) to add", "created",
    )  # fmt: skip
    none = found["p > s2"]
    assert (none.outcome, none.rule, none.inputs, none.domain_orders) == (
        "notCreated",
        "slow-only",
        {"p.speed": 100},
        (),
    )
    assert none.sentence == "p Realized as s2: exclusion slow-only holds: `speed >= 100`"
    waits = found["p > s3"]
    assert (waits.outcome, waits.rule, waits.missing) == ("waits", "modelled", ("p.model",))
    assert found["p.s1 > r"].missing == ("p.backup", "p.model")
    assert found["p > s4"].domain_orders[0].startswith(".s4~")


def test_no_inclusion_names_those_that_could() -> None:
    found = explained(speed=50, backup=False)
    assert found["p > s1"].sentence == (
        "p Realized as s1: no inclusion holds: fast (`speed >= 100`), safe (`backup`)"
    )
    assert found["p > s1"].inputs == {"p.speed": 50, "p.backup": False}


def test_what_is_shared_says_who_refers_to_it() -> None:
    lines = {id_: line(id_, "p", characteristics={"speed": 50, "backup": False}) for id_ in ("1", "2")}
    (shared,) = [each for each in reasons(Order(MADE, lines), lines)[""] if each.rule == "sharing-key"]
    assert shared.sentence == "s4<all>: shared by its key 'all', for line(s) 1, 2"
