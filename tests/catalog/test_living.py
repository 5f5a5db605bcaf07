"""Products that are ordered, modified and deleted in a trial: what stands after each, and what is found wrong."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.trial import living
from catalog.trial.living import left_over, unsteady
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
    assert unsteady(catalog, lines, NOW) == "" and left_over(catalog, lines, NOW) == ""


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
    sentence = left_over(load_text(SHARED), [request("1", "tv"), request("2", "net", speed=9)], NOW)
    assert sentence == "line 2: when it is deleted, shared access <A> stands, and nobody refers to it"


def test_a_modify_that_does_it_again_is_found(
    load_text: Callable[[str], Catalog], monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetting(catalog: Catalog, standing: Any, name: str, *arguments: Any) -> Carried:
        done = carried_out(catalog, standing, name, *arguments)
        return done._replace(after=standing) if name == "2" else done

    monkeypatch.setattr(living, "carried_out", forgetting)
    lines = [request("1", "net", speed=100), request("2", "net", speed=20)]
    assert unsteady(load_text(SHARED), lines, NOW).startswith(
        "line 1: a modify a second time the same orders "
    )


def found_product(found: tuple[str, dict[str, Any]]) -> Any:
    """The product of the one item of a counterexample: which value and place it has does not matter."""
    (item,) = found[1]["productOrderItem"]
    return item["product"]
