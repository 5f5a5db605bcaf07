"""Products that are ordered, modified and deleted in a trial: what stands after each, and what is found wrong."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from catalog.lines import LineRequest
from catalog.model import Catalog, CharacteristicSpecification
from catalog.trial import living
from catalog.trial.choosing import SIMPLEST, Choices
from catalog.trial.living import (
    IN_THE_ORDER,
    LATER,
    Life,
    Lines,
    Seen,
    left_over,
    touched,
    unsteady,
    unwanted,
)
from catalog.trial.standing import NOTHING, Carried, carried_out
from tests.catalog.test_properties import broken, line, order

NOW = 1_764_000_000_000
SHARED = """
    offerings: {net: {productSpecification: net}, tv: {productSpecification: tv}}
    productSpecifications:
      net:
        characteristics: {speed: {valueType: integer, mandatory: true}}
        relationships: [{type: Realized as, target: access}, {type: Realized as, target: boost, condition: speed > 50}]
      tv:
        characteristics: {speed: {valueType: integer, default: 30}}
        relationships: [{type: Realized as, target: access}, {type: Realized as, target: stream}]
    serviceSpecifications:
      access:
        sharingKey: line.place.site
        characteristics: {speed: {valueType: integer, combine: sum}}
        plans: &plans
          add: [{name: work, target: t}]
          modify: [{name: rework, target: t}]
          delete: [{name: unwork, target: t}]
      boost: {plans: *plans}
      stream: {plans: *plans}
    """


def request(id_: str, offering: str, quantity: int = 1, **values: Any) -> LineRequest:
    site = {"site": "A"}
    return LineRequest(id_, "add", offering, None, quantity, values, product=f"p.{id_}", place=site)


class Scripted:
    """Choices that a test makes: what is not said is chosen as simply as can be."""

    def __init__(
        self,
        among: Sequence[Any] = (),
        values: Mapping[str, Any] | None = None,
        changes: Sequence[tuple[int, dict[str, Any]]] = (),
    ) -> None:
        self._among = list(among)
        self._values = values or {}
        self._changes = list(changes)

    def among(self, options: Sequence[Any]) -> Any:
        chosen = next((each for each in self._among if each in options), options[0])
        if chosen in self._among:
            self._among.remove(chosen)
        return chosen

    def value(self, characteristic: CharacteristicSpecification) -> Any:
        return self._values.get(characteristic.name, UNSET)

    def change(self, offering: str) -> tuple[int, dict[str, Any]]:
        return self._changes.pop(0) if self._changes else (1, {})


def seen(
    look: Callable[..., Seen], catalog: Catalog, lines: Sequence[LineRequest], choices: Choices = SIMPLEST
) -> str:
    return look(catalog, Lines(lines, lines), NOW, choices).sentence


def test_what_lines_build_stands_with_who_refers_to_it(load_text: Callable[[str], Catalog]) -> None:
    lines = [request("1", "net", speed=100), request("2", "tv", 2)]
    after = carried_out(load_text(SHARED), NOTHING, "1", lines, NOW).after
    (access,) = after.shared.values()
    assert access.nodes[0].characteristics == {"speed": 160} and len(access.nodes[0].referrers) == 3
    edges = [(node.specification, node.parent) for node in after.products["p.2"].nodes]
    assert edges[:2] == [("tv", ""), ("tv", "")]
    for root in ("p.2", "p.2:2"):
        below = [specification for specification, parent in edges if parent == root]
        assert sorted(below) == ["access", "stream"], "each time it was ordered has what it grew"


def test_a_modify_does_what_differs_and_a_delete_all_that_stands(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(SHARED)
    first = carried_out(
        catalog, NOTHING, "1", [request("1", "net", speed=100), request("2", "tv")], NOW
    ).after
    change = msgspec.structs.replace(
        request("1", "net", speed=20), action="modify", installed=first.products["p.1"]
    )
    slower = carried_out(catalog, first, "2", [change], NOW)
    assert {(each.specification, each.action) for each in slower.nodes} == {
        ("access", "modify"),
        ("boost", "delete"),
    }
    last = slower.after
    for id_, shared in (("1", 1), ("2", 0)):
        picture = last.products[f"p.{id_}"]
        delete = LineRequest(
            id_, "delete", "tv" if id_ == "2" else "net", product=picture.id, installed=picture
        )
        last = carried_out(catalog, last, "3", [delete], NOW).after
        assert len(last.shared) == shared
    assert last == NOTHING


def test_what_waits_is_not_carried_out(load_text: Callable[[str], Catalog]) -> None:
    done = carried_out(load_text(SHARED), NOTHING, "1", [request("1", "net")], NOW)
    assert done.held["1"][0].missing == ("net.speed",) and done.after == NOTHING


def test_the_shared_catalog_holds(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(SHARED)
    assert broken(catalog, "steady") is None and broken(catalog, "removable") is None
    lines = [request("1", "net", speed=100), request("2", "net", speed=20), request("3", "tv", 3)]
    changes = Scripted(changes=[(2, {"speed": 20}), (1, {"speed": 100}), (1, {}), (3, {})])
    for look in (unsteady, left_over, touched):
        assert seen(look, catalog, lines, changes) == seen(look, catalog, lines) == ""


WAITING = """
    offerings: {wan: {productSpecification: wan}}
    productSpecifications:
      wan:
        characteristics:
          sites: {valueType: integer, default: 3, valueFrom: 1, valueTo: 9}
          reports: {valueType: boolean}
        relationships:
          - {type: Realized as, target: site, quantityCharacteristic: sites, maximumQuantity: 9}
          - {type: Realized as, target: reporting, condition: reports}
    serviceSpecifications:
      site:
        characteristics: {medium: {allowedValues: [fibre, radio]}, power: {default: mains}}
        relationships: [{type: Realized as, target: fibre, condition: medium == 'fibre'}]
        plans: &plans
          add: [{name: work, target: t}]
          modify: [{name: rework, target: t}]
          delete: [{name: unwork, target: t}]
      reporting: {plans: *plans}
      fibre: {plans: *plans}
    """


def lived(catalog: Catalog, gapped: LineRequest, whole: LineRequest, choices: Choices) -> Life:
    life = Life(catalog, NOW, choices)
    for _ in life.lived(Lines([whole], [gapped])):
        pass
    return life


def counts(life: Life) -> dict[str, int]:
    (product,) = life.standing.products.values()
    return dict(Counter(node.specification for node in product.nodes))


def test_values_come_while_an_order_waits_for_them(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(WAITING)
    choices = Scripted([IN_THE_ORDER], {"medium": "fibre"}, [(1, {"sites": 3})])
    life = lived(catalog, request("1", "wan"), request("1", "wan", reports=True), choices)
    assert counts(life) == {"wan": 1, "site": 3, "reporting": 1, "fibre": 3}
    said = {name: value for step in life.then for name, value in step.get("values", {}).items()}
    assert said == {"wan.reports": True, **{f"wan.site[{number}].medium": "fibre" for number in (1, 2, 3)}}


def test_what_waited_in_vain_is_ordered_by_a_modify(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(WAITING)
    choices = Scripted([LATER], {"medium": "fibre"}, [(1, {"sites": 3})])
    life = Life(catalog, NOW, choices)
    looks = life.lived(Lines([request("1", "wan", reports=True)], [request("1", "wan")]))
    next(looks)
    assert counts(life) == {"wan": 1, "site": 3}, "what waits is decided without"
    next(looks)
    assert counts(life) == {"wan": 1, "site": 3, "reporting": 1, "fibre": 3}


@pytest.mark.parametrize(("chosen", "left"), [((), [1]), ((1, 2), [3])])
def test_which_of_several_go_is_chosen(
    load_text: Callable[[str], Catalog], chosen: tuple[int, ...], left: list[int]
) -> None:
    catalog = load_text(WAITING)
    whole = request("1", "wan", reports=False)
    choices = Scripted([IN_THE_ORDER, *chosen], {"medium": "radio"}, [(1, {"sites": 1})])
    life = lived(catalog, whole, whole, choices)
    (product,) = life.standing.products.values()
    assert [node.ordinal for node in product.nodes if node.specification == "site"] == left
    assert life.then[-1]["values"] == {"wan.site.remove": [*chosen] or [3, 2]}


@pytest.mark.parametrize("name", ["steady", "counted", "removable", "grows"])
def test_the_waiting_catalog_holds(load_text: Callable[[str], Catalog], name: str) -> None:
    assert broken(load_text(WAITING), name) is None


def test_a_rule_that_takes_back_what_was_built_is_found(load_text: Callable[[str], Catalog]) -> None:
    text = WAITING.replace("condition: medium == 'fibre'", 'condition: "!has(site.medium)"')
    text = text.replace("fibre: {plans", "mast: {plans").replace("target: fibre", "target: mast")
    waits = "relationships: [{type: Realized as, target: dish, condition: medium == 'radio'}, "
    text = text.replace(
        "relationships: [{type: Realized as, target: mast", waits + "{type: Realized as, target: mast"
    )
    catalog = load_text(text + "  dish: {plans: *plans}\n")
    choices = Scripted([IN_THE_ORDER], {"medium": "fibre"})
    whole = request("1", "wan", reports=False, sites=1)
    found = unwanted(catalog, Lines([whole], [whole]), NOW, choices)
    assert found.sentence == "line 1: wan.site[1].mast is created, and not wanted once more is known"
    assert found.gapped and found.then == ({"line": "1", "values": {"wan.site[1].medium": "fibre"}},)


def test_a_change_of_one_that_stays_is_found(
    load_text: Callable[[str], Catalog], monkeypatch: pytest.MonkeyPatch
) -> None:
    def restless(*arguments: Any) -> Carried:
        done = carried_out(*arguments)
        nodes = [msgspec.structs.replace(each, action="modify") for each in done.nodes]
        return done._replace(nodes=tuple(nodes))

    monkeypatch.setattr(living, "carried_out", restless)
    sentence = seen(touched, load_text(SHARED), [request("1", "tv")])
    assert sentence == "line 1: quantity 2 instead of 1 orders modify of tv[2].stream"


def test_a_delete_that_forgets_something_is_found(
    load_text: Callable[[str], Catalog], monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = load_text(SHARED)

    def forgetful(*arguments: Any) -> Carried:
        done = carried_out(*arguments)
        return done._replace(nodes=tuple(each for each in done.nodes if each.specification != "stream"))

    monkeypatch.setattr(living, "carried_out", forgetful)
    found = broken(catalog, "removable", of=["tv"])
    assert found is not None and found[1] == order({**line("tv", speed=0), "product": found_product(found)})
    assert found[0].startswith("line 1: a delete takes [] away")


def test_a_shared_service_that_outlives_its_last_product_is_found(
    load_text: Callable[[str], Catalog], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lingering(catalog: Catalog, standing: Any, *arguments: Any) -> Carried:
        done = carried_out(catalog, standing, *arguments)
        return done._replace(after=done.after._replace(shared={**standing.shared, **done.after.shared}))

    monkeypatch.setattr(living, "carried_out", lingering)
    sentence = seen(left_over, load_text(SHARED), [request("1", "tv"), request("2", "net", speed=9)])
    assert sentence == "line 2: when it is deleted, shared access <A> stands, and nobody refers to it"


def test_a_modify_that_does_it_again_is_found(
    load_text: Callable[[str], Catalog], monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetting(catalog: Catalog, standing: Any, name: str, *arguments: Any) -> Carried:
        done = carried_out(catalog, standing, name, *arguments)
        return done if name == "1" else done._replace(after=standing)

    monkeypatch.setattr(living, "carried_out", forgetting)
    lines = Lines(*[[request("1", "net", speed=100)]] * 2)
    found = unsteady(load_text(SHARED), lines, NOW, Scripted(changes=[(1, {"speed": 20})]))
    assert found.sentence.startswith("line 1: a modify to what it is orders ")
    speed = [{"name": "speed", "value": 20}]
    assert found.then == (
        {"id": "1", "action": "modify", "quantity": 1, "product": {"productCharacteristic": speed}},
    )


def found_product(found: tuple[str, dict[str, Any]]) -> Any:
    """The product of the one item of a counterexample: which value and place it has does not matter."""
    (item,) = found[1]["productOrderItem"]
    return item["product"]
