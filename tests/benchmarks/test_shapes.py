"""The standard loads are what the design says they are, and the catalog's door takes every one of them."""

import json
import os
from itertools import islice
from pathlib import Path

import jsonschema
import pytest

from actors.situation import surroundings
from benchmarks.shapes import LINES, SHAPES, Shape, order_lines, orders
from catalog.decompose import plain
from catalog.door import check_line
from catalog.graph.lines import grow
from catalog.graph.settling import Order
from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.store import sample_catalogs
from gateway.identity import canonical

COUNTS = {"mobile": 300, "b6": 100, "triple-play": 200, "office": 100, "sdwan-200": 2, "mega-5000": 1}
LINES_ORDERS_TASKS = {
    "mobile": (1, 3, 3),
    "b6": (3, 6, 6),
    "triple-play": (3, 12, 15),
    "office": (2, 4, 5),
    "sdwan-200": (200, 600, 800),
    "mega-5000": (5_000, 10_000, 10_000),
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return sample_catalogs().current


def decomposed(catalog: Catalog, requests: list[LineRequest]) -> tuple[int, int, int]:
    """Lines, domain orders and tasks of an order."""
    parts = [plain(catalog, each) for each in requests]
    made = [part for part in parts if part is not None]
    orders_, tasks = sum(len(p.domain_orders) for p in made), sum(len(p.tasks) for p in made)
    if len(made) < len(parts):
        ruled = {each.line: each for each, part in zip(requests, parts, strict=True) if part is None}
        graph = grow(Order(catalog, ruled), ruled)
        orders_, tasks = orders_ + len(graph.nodes), tasks + len(graph.tasks)
    return len(parts), orders_, tasks


@pytest.mark.parametrize("shape", SHAPES)
def test_every_order_passes_the_door_and_has_the_shape(shape: Shape, catalog: Catalog) -> None:
    for order in orders(shape, COUNTS[shape], seed=3):
        requests = [*surroundings(canonical(order), "o1")[0].values()]
        assert [violation for each in requests for violation in check_line(catalog, each, "product")] == []
        found = decomposed(catalog, requests)
        assert found == LINES_ORDERS_TASKS[shape]
        assert found[0] == LINES[shape]


@pytest.mark.parametrize("shape", SHAPES)
def test_item_ids_are_unique_within_an_order(shape: Shape) -> None:
    for order in orders(shape, 1):
        ids = [item["id"] for item in order["productOrderItem"]]
        assert len(set(ids)) == len(ids)


def test_names_of_offerings_are_the_catalogs(catalog: Catalog) -> None:
    for shape in SHAPES:
        for order in orders(shape, 1):
            for item in order["productOrderItem"]:
                assert (
                    item["productOffering"]["name"] == catalog.offerings[item["productOffering"]["id"]].name
                )


@pytest.mark.parametrize("shape", ["mobile", "b6", "triple-play", "office", "sdwan-200"])
def test_a_seed_gives_the_same_orders_however_many_are_asked_for(shape: Shape) -> None:
    assert list(order_lines(shape, 3, seed=7)) == list(islice(order_lines(shape, 5, seed=7), 3))
    assert list(order_lines(shape, 3, seed=7)) != list(order_lines(shape, 3, seed=8))


def test_orders_differ_from_each_other_and_salt_changes_the_external_id_only() -> None:
    plain, salted = list(orders("b6", 50, seed=1)), list(orders("b6", 50, seed=1, salt="run9-"))
    assert len({json.dumps(order["productOrderItem"]) for order in plain}) == 50
    assert [order.pop("externalId") for order in salted] == [f"run9-b6-1-{n}" for n in range(50)]
    assert [order.pop("externalId") for order in plain] == [f"b6-1-{n}" for n in range(50)]
    assert plain == salted


def test_lines_are_the_orders_as_ndjson() -> None:
    lines = list(order_lines("triple-play", 4, seed=2))
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    assert [json.loads(line) for line in lines] == list(orders("triple-play", 4, seed=2))


def test_an_unknown_shape_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="there are mobile, b6"):
        next(orders("b7", 1))  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", ["mobile", "b6", "triple-play", "office", "sdwan-200"])
def test_orders_are_tmf622_v4(shape: Shape) -> None:
    folder = os.environ.get("ORDERLOOM_TMF_SPECS")
    if not folder:
        pytest.skip("ORDERLOOM_TMF_SPECS names no folder with the TM Forum specifications")
    swagger = json.loads(next(Path(folder).glob("v4/TMF622*.json")).read_text())
    schema = {"$ref": "#/definitions/ProductOrder_Create", "definitions": swagger["definitions"]}
    validator = jsonschema.Draft4Validator(schema)
    for order in orders(shape, 5):
        # The specification writes `Any` as an object; its own examples hold plain values.
        for item in order["productOrderItem"]:
            for characteristic in item["product"]["productCharacteristic"]:
                characteristic["value"] = {}
        assert [error.message for error in validator.iter_errors(order)] == []
