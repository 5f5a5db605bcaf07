"""The same key with another body: 409 names the order, where to find it, and every place that differs."""

import json
from typing import Any

import httpx
import pytest

from gateway.conflict import DIFFERENCES_MAX, differences
from tests.gateway.conftest import order
from tests.gateway.recording_runtime import RecordingRuntime
from tests.gateway.test_product_ordering import PATH


def told(stands: Any, sent: Any) -> dict[str, str]:
    return {each.pointer: each.code for each in differences(stands, sent)}


def test_the_same_is_no_difference() -> None:
    assert told(order(1), order(1)) == {}


@pytest.mark.parametrize(
    ("stands", "sent", "found"),
    [
        ({"a": 1}, {"a": 2}, {"/a": "differs"}),
        ({"a": 1}, {"a": True}, {"/a": "differs"}),
        ({"a": 1}, {"a": 1.0}, {"/a": "differs"}),
        ({"a": 1}, {}, {"/a": "left-out"}),
        ({}, {"a/b": 1}, {"/a~1b": "added"}),
        ({"a": [1, 2]}, {"a": [1, 3, 4]}, {"/a/1": "differs", "/a/2": "added"}),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}]}, {"/a/1": "left-out"}),
        ({"a": {"b": {"c": None}}}, {"a": {"b": []}}, {"/a/b": "differs"}),
    ],
)
def test_every_place_that_differs(stands: Any, sent: Any, found: dict[str, str]) -> None:
    assert told(stands, sent) == found


def test_differences_are_bounded() -> None:
    stands = {str(number): 1 for number in range(5_000)}
    assert len(told(stands, {})) == DIFFERENCES_MAX
    long = "x" * 1_000_000
    assert told({long: [1, 2]}, {long: [3, 4]}) == {"": "differs"}


async def test_a_post_is_told_where_the_bodies_differ(http: httpx.AsyncClient) -> None:
    made = (await http.post(PATH, json=order(1, note=[{"text": "ring twice"}]))).json()
    other = order(1, description="more", note=[{"text": "ring once"}], category="B2B")
    answer = await http.post(PATH, json=other)
    error = answer.json()
    assert answer.status_code == 409
    assert (error["code"], error["id"], error["href"]) == ("keyConflict", made["id"], made["href"])
    assert {each["pointer"]: each["code"] for each in error["violations"]} == {
        "/category": "differs",
        "/description": "added",
        "/note/0/text": "differs",
    }
    assert "ring twice" not in answer.text, "the answer names places, not what another client wrote"


async def test_a_line_is_told_too(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    wrapped = {"idempotencyKey": "k", "productOrder": order(2)}
    lines = [order(1), order(1, description="more"), wrapped, {**wrapped, "productOrder": order(3)}]
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    headers = {"Content-Type": "application/x-ndjson"}
    answers = (await http.post("/stream/v1/productOrder", content=body, headers=headers)).text.splitlines()
    by_line = {each["line"]: each for each in map(json.loads, answers)}
    assert [by_line[number]["status"] for number in (1, 2, 3, 4)] == [201, 409, 201, 409]
    error = by_line[2]["error"]
    assert (error["id"], error["href"]) == (by_line[1]["id"], by_line[1]["href"])
    assert [each["pointer"] for each in error["violations"]] == ["/description"]
    assert [each["pointer"] for each in by_line[4]["error"]["violations"]] == ["/externalId"]
