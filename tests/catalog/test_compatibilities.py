"""Compatibilities as tables: what an order makes invalid of what is installed, and how far each rule looks."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from catalog.installed import InstalledNode, InstalledProduct
from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.policies.compatibility import compatibility_findings
from catalog.policies.facts import LineFacts, OrderFacts
from catalog.policies.horizontal import holds_any
from catalog.policies.sides import Side, installed_sides

TEXT = """
    offerings:
      net: {productSpecification: net}
      tv: {productSpecification: tv}
      siren: {productSpecification: siren}
      lamp: {productSpecification: lamp}
      far: {productSpecification: far}
      local: {productSpecification: local}
    productSpecifications:
      net:
        characteristics: {speed: {valueType: integer}, colour: {}}
        relationships: [{type: Realized as, target: access}]
      tv:
        characteristics: {channels: {valueType: integer}}
        relationships: [{type: Realized as, target: stream}]
        compatibilities: [{id: needs-net, requires: net, when: net.speed >= channels}]
      siren:
        relationships: [{type: Realized as, target: alarm}]
        compatibilities: [{id: dark, excludes: lamp, when: lamp.lumen > 100, message: A siren wants the dark.}]
      lamp:
        characteristics: {lumen: {valueType: integer}}
        relationships: [{type: Realized as, target: light}]
      far:
        relationships: [{type: Realized as, target: alarm}]
        compatibilities: [{id: apart, excludes: net, beside: customer}]
      local:
        relationships: [{type: Realized as, target: alarm}]
        compatibilities: [{id: here, requires: net, when: net.colour == line.place.installation}]
    serviceSpecifications:
      access: &service
        characteristics: {speed: {valueType: integer}}
        plans: {add: [{name: a, target: t}], modify: [{name: m, target: t}], delete: [{name: d, target: t}]}
      stream: *service
      alarm: *service
      light: *service
    """


@pytest.fixture
def catalog(load_text: Callable[[str], Catalog]) -> Catalog:
    return load_text(TEXT)


def picture(id_: str, specification: str, **values: Any) -> InstalledProduct:
    return InstalledProduct(id_, (InstalledNode(id_, specification, "product", characteristics=values),))


def standing(*pictures: InstalledProduct, **more: bool) -> list[Side]:
    return [side for each in pictures for side in installed_sides(each, **more)]


def change(line: str, action: str, product: InstalledProduct, **values: Any) -> tuple[LineFacts, LineRequest]:
    """A line that changes a product that was seen."""
    name = product.nodes[0].specification
    facts = LineFacts(line, action, name, name, characteristics=values)
    request = LineRequest(
        line,
        action,
        name,
        characteristics=values,
        product=product.id,
        installed=product,
        products=(product.id,),
    )
    return facts, request


def add(line: str, name: str, **values: Any) -> tuple[LineFacts, None]:
    return LineFacts(line, "add", name, name, characteristics=values), None


def found(
    catalog: Catalog, *lines: tuple[LineFacts, LineRequest | None], beside: Iterable[Side] = ()
) -> dict[str, str]:
    order = OrderFacts(tuple(facts for facts, _ in lines), customer="c1")
    over = {facts.line: request for facts, request in lines if request is not None}
    return {each.id: each.sentence for each in compatibility_findings(catalog, order, beside, over)}


NET, SLOW, SECOND = (
    picture("pN", "net", speed=50),
    picture("pS", "net", speed=10),
    picture("p2", "net", speed=60),
)
TV, SIREN = picture("pT", "tv", channels=40), picture("pA", "siren")
DIM, BRIGHT = picture("pL", "lamp", lumen=50), picture("pL", "lamp", lumen=500)
LOST = "1:pT:tv:needs-net"
LIT = "1:pA:siren:dark"


def test_what_a_delete_takes_away_is_missed_by_what_is_installed(catalog: Catalog) -> None:
    assert found(catalog, change("1", "delete", NET), beside=standing(TV)) == {
        LOST: "tv of installed product pT requires net, which line 1 removes: it would become invalid"
    }


def test_what_a_modify_makes_too_little_is_missed_as_well(catalog: Catalog) -> None:
    assert found(catalog, change("1", "modify", NET, speed=20), beside=standing(TV)) == {
        LOST: "tv of installed product pT requires net, and what line 1 leaves of it does not fit: "
        "it would become invalid"
    }


def test_what_a_modify_turns_into_something_excluded_is_told_with_the_catalogs_words(
    catalog: Catalog,
) -> None:
    told = found(catalog, change("1", "modify", DIM, lumen=200), beside=standing(SIREN))
    assert told == {
        LIT: "siren of installed product pA would become invalid by line 1: A siren wants the dark."
    }


def test_an_add_brings_what_something_installed_excludes(catalog: Catalog) -> None:
    assert list(found(catalog, add("1", "lamp", lumen=200), beside=standing(SIREN))) == [LIT]
    assert not found(catalog, add("1", "lamp", lumen=50), beside=standing(SIREN))


@pytest.mark.parametrize(
    "lines, beside",
    [
        pytest.param([change("1", "delete", SLOW)], [TV], id="it was too slow before the order"),
        pytest.param([change("1", "modify", SLOW, speed=5)], [TV], id="it was too slow and gets slower"),
        pytest.param([change("1", "modify", BRIGHT, lumen=900)], [SIREN], id="it was too bright"),
        pytest.param(
            [add("1", "lamp", lumen=900)],
            [SIREN, picture("pX", "lamp", lumen=900)],
            id="another is too bright",
        ),
        pytest.param([change("1", "delete", NET)], [TV, SECOND], id="another net stays"),
        pytest.param([change("1", "delete", NET), add("2", "net", speed=80)], [TV], id="another net comes"),
        pytest.param([change("1", "modify", NET, speed=80)], [TV], id="it gets better"),
        pytest.param(
            [change("1", "modify", NET, colour="red")], [TV], id="it stays as it is where it matters"
        ),
        pytest.param([change("1", "delete", BRIGHT)], [SIREN], id="what was in the way goes"),
        pytest.param([change("1", "delete", NET), change("2", "delete", TV)], [], id="they leave together"),
        pytest.param([change("1", "delete", SIREN)], [TV, BRIGHT], id="it has nothing to do with them"),
        pytest.param([add("1", "net", speed=5)], [TV], id="a net that does not help takes nothing away"),
    ],
)
def test_nothing_gets_worse(
    catalog: Catalog,
    lines: list[tuple[LineFacts, LineRequest | None]],
    beside: list[InstalledProduct],
) -> None:
    assert not found(catalog, *lines, beside=standing(*beside))


def test_who_leaves_by_another_order_is_not_spoken_for(catalog: Catalog) -> None:
    assert not found(catalog, change("1", "delete", NET), beside=standing(TV, leaving=True))
    leaving = standing(SECOND, leaving=True)
    assert list(found(catalog, change("1", "delete", NET), beside=[*standing(TV), *leaving])) == [LOST]


def test_each_line_that_takes_away_something_that_helped_is_told(catalog: Catalog) -> None:
    both = (change("1", "delete", NET), change("2", "delete", SECOND))
    assert list(found(catalog, *both, beside=standing(TV))) == [LOST, "2:pT:tv:needs-net"]
    one = (change("1", "delete", NET), change("2", "delete", SLOW))
    assert list(found(catalog, *one, beside=standing(TV))) == [LOST], "the slow one never helped"


def test_a_hierarchy_is_compared_with_other_hierarchies_only(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        TEXT.replace("requires: net, when: net.speed >= channels", "requires: stream")
        .replace("excludes: lamp, when: lamp.lumen > 100", "excludes: alarm")
        .replace(", message: A siren wants the dark.", "")
    )
    tv = InstalledProduct(
        "pT",
        (
            InstalledNode("pT", "tv", "product"),
            InstalledNode("pT.1", "stream", "service", "pT", "Realized as stream"),
        ),
    )
    siren = InstalledProduct(
        "pA",
        (
            InstalledNode("pA", "siren", "product"),
            InstalledNode("pA.1", "alarm", "service", "pA", "Realized as alarm"),
        ),
    )
    assert not found(catalog, change("1", "delete", NET), beside=standing(tv, siren))
    assert not found(catalog, change("1", "delete", siren)), "nor is what leaves with its own"


def test_what_is_not_known_after_an_order_and_was_before_is_told(catalog: Catalog) -> None:
    told = found(catalog, change("1", "modify", NET, speed=None), beside=standing(TV))
    assert told == {
        LOST: "tv of installed product pT requires net: not known whether line 1 leaves it valid: net.speed"
    }
    told = found(catalog, add("1", "lamp"), beside=standing(SIREN))
    assert told == {
        LIT: "siren of installed product pA excludes lamp: not known whether line 1 leaves it valid: lamp.lumen"
    }


def test_what_was_not_known_before_is_told_only_when_it_is_lost(catalog: Catalog) -> None:
    unknown = picture("pN", "net")
    assert not found(catalog, change("1", "modify", unknown, colour="red"), beside=standing(TV))
    assert list(found(catalog, change("1", "modify", unknown, speed=5), beside=standing(TV))) == [LOST]
    assert list(found(catalog, change("1", "delete", unknown), beside=standing(TV))) == [LOST]
    unseen = LineFacts("1", "delete", "net", "net"), None
    assert list(found(catalog, unseen, beside=standing(TV))) == [LOST], "the line names no product"


def test_what_a_rule_reads_of_a_line_is_never_known_of_what_is_installed(catalog: Catalog) -> None:
    local = standing(picture("pH", "local"))
    red = picture("pN", "net", colour="red")
    assert not found(catalog, change("1", "modify", red, colour="blue"), beside=local)
    (sentence,) = found(catalog, change("1", "delete", red), beside=local).values()
    assert (
        sentence
        == "local of installed product pH requires net, which line 1 removes: it would become invalid"
    )


def test_the_sentence_says_that_what_is_installed_has_no_line(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(TEXT.replace("lamp.lumen > 100", "lamp.lumen > line.quantity"))
    (sentence,) = found(catalog, add("1", "lamp", lumen=7), beside=standing(SIREN)).values()
    assert sentence.endswith(
        "whether line 1 leaves it valid: line.quantity (it is installed, and of no line of this order)"
    )


def test_a_condition_that_cannot_be_evaluated_is_told_with_the_reason(
    load_text: Callable[[str], Catalog],
) -> None:
    catalog = load_text(TEXT.replace("lamp.lumen > 100", "100 / lamp.lumen > 1"))
    (sentence,) = found(catalog, add("1", "lamp", lumen=0), beside=standing(SIREN)).values()
    assert sentence.startswith(
        "siren of installed product pA: compatibility dark with line 1: `100 / lamp.lumen"
    )


def test_what_another_order_is_building_is_in_the_way_and_no_help(catalog: Catalog) -> None:
    told = found(catalog, add("1", "tv", channels=10), beside=standing(NET, coming=True))
    assert list(told) == ["1:tv:needs-net"]
    coming = standing(BRIGHT, coming=True)
    assert found(catalog, add("1", "siren"), beside=coming) == {"1:siren:dark": "A siren wants the dark."}
    told = found(catalog, add("1", "lamp", lumen=200), beside=standing(SIREN, coming=True))
    assert told == {
        LIT: "siren of product pA (another order is to bring it) would become invalid by line 1: "
        "A siren wants the dark."
    }
    assert not found(catalog, change("1", "delete", NET), beside=standing(TV, coming=True)), (
        "what an unfinished product requires is asked by its own order"
    )


def test_a_rule_looks_as_far_as_it_says(catalog: Catalog) -> None:
    others = standing(NET, named=False)
    assert list(found(catalog, add("1", "tv", channels=10), beside=others)) == ["1:tv:needs-net"]
    assert found(catalog, add("1", "far"), beside=others) == {
        "1:far:apart": "far of line 1 cannot stand beside net of installed product pN"
    }
    assert not found(catalog, change("1", "delete", NET), beside=standing(TV, named=False))
    far = standing(picture("pF", "far"), named=False)
    assert found(catalog, add("1", "net", speed=9), beside=far) == {
        "1:pF:far:apart": "far of installed product pF cannot stand beside net of line 1: it would become invalid"
    }


def test_lines_know_whether_a_compatibility_looks_further_than_the_order(catalog: Catalog) -> None:
    assert catalog.customer_wide
    assert [name for name in catalog.offerings if holds_any(catalog, name, wide=True)] == ["far", "net"]
    assert all(holds_any(catalog, name) for name in catalog.offerings)


def test_a_catalog_in_which_none_does_says_so_at_once(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(TEXT.replace(", beside: customer", ""))
    assert catalog.horizontal and not catalog.customer_wide
