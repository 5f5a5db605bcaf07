"""The same key with another body: 409 names the order, where to find it, and every place that differs."""

import json
from typing import Any

import httpx
import pytest

from gateway.conflict import DIFFERENCES_MAX, differences
from runtime.journal.faults import BeforeHorizon
from tests.gateway.conftest import order
from tests.gateway.recording_runtime import RecordingRuntime
from tests.gateway.test_product_ordering import PATH

LONG = "x" * 1_000
STREAM = "/stream/v1/productOrder"
DRAFTS = "/api/v1/drafts"


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
        ({"a": 0.0}, {"a": -0.0}, {"/a": "differs"}),
        ({LONG: {"b": 1}}, {LONG: {"b": 1.0}}, {"": "differs"}),
        ({LONG: True}, {}, {"": "differs"}),
    ],
)
def test_every_place_that_differs(stands: Any, sent: Any, found: dict[str, str]) -> None:
    assert told(stands, sent) == found


def test_differences_are_bounded() -> None:
    stands = {str(number): 1 for number in range(5_000)}
    assert len(told(stands, {})) == DIFFERENCES_MAX
    long = LONG * 1_000
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
    answers = (await http.post(STREAM, content=body, headers=headers)).text.splitlines()
    by_line = {each["line"]: each for each in map(json.loads, answers)}
    assert [by_line[number]["status"] for number in (1, 2, 3, 4)] == [201, 409, 201, 409]
    error = by_line[2]["error"]
    assert (error["id"], error["href"]) == (by_line[1]["id"], by_line[1]["href"])
    assert [each["pointer"] for each in error["violations"]] == ["/description"]
    assert [each["pointer"] for each in by_line[4]["error"]["violations"]] == ["/externalId"]


def bundle(**changes: Any) -> dict[str, Any]:
    """An order of a bundle whose parts are left to its defaults."""
    line = {"id": "1", "action": "add", "productOffering": {"id": "home-triple-play"}}
    return order(1, productOrderItem=[line], **changes)


def spelled_out(runtime: RecordingRuntime, made: dict[str, Any]) -> dict[str, Any]:
    """The body of an order with all that it took by itself when it was made."""
    document: dict[str, Any] = json.loads(runtime.groups[made["id"]].order.document)
    return document


async def test_spelling_out_what_a_bundle_takes_by_itself_is_the_same_order(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    made = (await http.post(PATH, json=bundle())).json()
    whole = spelled_out(runtime, made)
    assert whole != bundle()
    again = await http.post(PATH, json=whole)
    assert (again.status_code, again.json()["id"]) == (200, made["id"])
    other = await http.post(PATH, json=whole | {"category": "B2B"})
    assert [each["pointer"] for each in other.json()["violations"]] == ["/category"]
    line = await http.post(
        STREAM, content=json.dumps(whole), headers={"Content-Type": "application/x-ndjson"}
    )
    assert (line.json()["status"], line.json()["duplicate"], line.json()["id"]) == (200, True, made["id"])


async def test_a_changed_order_is_compared_as_it_was_made(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    made = (await http.post(PATH, json=bundle())).json()
    whole = spelled_out(runtime, made)
    merge = {"Content-Type": "application/merge-patch+json", "If-Match": '"1"'}
    changed = await http.patch(f"{PATH}/{made['id']}", json={"description": "ring twice"}, headers=merge)
    assert changed.status_code == 200, changed.text
    again = await http.post(PATH, json=whole)
    assert (again.status_code, again.json()["description"]) == (200, "ring twice")
    as_it_is = await http.post(PATH, json=whole | {"description": "ring twice"})
    assert as_it_is.status_code == 409, "that is not what it was made from"
    assert [each["pointer"] for each in as_it_is.json()["violations"]] == ["/description"]


async def test_a_draft_is_compared_with_its_first_save(http: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "k"}
    saved = await http.post(DRAFTS, json=order(1), headers=key)
    place, tag = f"{DRAFTS}/{saved.json()['id']}", saved.headers["ETag"]
    assert (await http.put(place, json=order(2), headers={"If-Match": tag})).status_code == 200
    for _ in ("a draft", "an order"):
        answer = await http.post(DRAFTS, json=order(2), headers=key)
        assert answer.status_code == 409
        assert [each["pointer"] for each in answer.json()["violations"]] == ["/externalId"]
        assert (await http.post(f"{place}/submit", headers={"If-Match": '"2"'})).status_code == 200


async def test_what_went_with_old_segments_is_still_a_difference(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: Any) -> None:
        raise BeforeHorizon("frame 1 has gone")

    key = {"Idempotency-Key": "k"}
    await http.post(DRAFTS, json=order(1), headers=key)
    monkeypatch.setattr("gateway.conflict.history", gone)
    answer = await http.post(DRAFTS, json=order(2), headers=key)
    assert answer.status_code == 409
    (told,) = answer.json()["violations"]
    assert (told["pointer"], told["code"]) == ("", "differs") and "horizon" in told["message"]
