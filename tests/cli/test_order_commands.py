"""`orderloom order`: which part of an order a decision is for, and how an order is shown."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from gateway.commands import orders
from gateway.commands.explaining import print_explanation
from gateway.commands.failing import CommandFailed
from gateway.commands.orders import _path_of, _print_order

GRAPH = {"catalog": "1", "lines": [{"id": "1"}], "tasks": [{"key": "1.2.1", "state": "held"}]}


def answering(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=GRAPH)


@pytest.fixture
def client() -> httpx.Client:
    return httpx.Client(base_url="http://gateway", transport=httpx.MockTransport(answering))


@pytest.mark.parametrize(
    ("target", "path"),
    [("1.2.1", "/task/1.2.1"), ("1", "/line/1"), ("order", ""), ("o1", "")],
)
def test_a_target_is_a_task_a_line_or_the_order_itself(client: httpx.Client, target: str, path: str) -> None:
    assert _path_of(client, "o1", target) == f"/api/v1/order/o1{path}"


def test_an_unknown_target_is_told_what_there_is(client: httpx.Client) -> None:
    with pytest.raises(CommandFailed, match=r"no line or task '9'; it has 1, 1\.2\.1"):
        _path_of(client, "o1", "9")


def test_long_sentences_stay_beside_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    sentence = "task 1.2.1 is held since noon: " + "no free port [in] Harbour Road, " * 6
    shown: dict[str, Any] = {
        "id": "o1",
        "state": "held",
        "waitsFor": [{"sentence": sentence}],
        "note": [{"text": sentence}],
        "productOrderItem": [{"id": "1", "action": "add", "state": "held"}],
    }
    _print_order(shown, GRAPH)
    lines = capsys.readouterr().out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("waits for"))
    told = lines[start:][: next(n for n, line in enumerate(lines[start:]) if line.startswith("note"))]
    assert len(told) > 1
    assert all(line.startswith(" " * 16) for line in told[1:])
    assert " ".join(line[16:].strip() for line in told) == sentence.strip()


def test_an_explanation_marks_what_came_of_each_relationship(capsys: pytest.CaptureFixture[str]) -> None:
    def reason(outcome: str, **more: Any) -> dict[str, Any]:
        return {
            "sentence": f"it is {outcome}",
            "outcome": outcome,
            "created": outcome == "created",
            "inputs": {},
            "missing": [],
            "domainOrders": [],
            **more,
        }

    line = {
        "line": "1",
        "sentence": "",
        "reasons": [
            reason("created", inputs={"p.speed": 5}, domainOrders=["1.1-1"]),
            reason("notCreated"),
            reason("waits", missing=["p.model"]),
        ],
        "drift": [
            {"path": "p.s.speed", "difference": "values", "installed": 1, "wanted": 2},
            {"path": "p.t", "difference": "missing"},
        ],
        "unchanged": [],
        "findings": ["a does not go with b"],
    }
    shared = {"line": "", "sentence": "later", "reasons": [], "drift": [], "unchanged": [], "findings": []}
    print_explanation({"id": "o1", "state": "pending", "catalog": "1", "lines": [line, shared]})
    assert [each.strip() for each in capsys.readouterr().out.splitlines()] == [
        "order o1  pending  catalog 1",
        "line 1",
        "+ it is created",
        "p.speed = 5",
        "domain orders 1.1-1",
        "- it is notCreated",
        "? it is waits",
        "p.model is missing",
        "~ p.s.speed: installed is 1, today it would be 2",
        "~ p.t: today's catalog would create it",
        "! a does not go with b",
        "shared",
        "later",
    ]


def _answered(monkeypatch: pytest.MonkeyPatch, answering: Callable[[httpx.Request], httpx.Response]) -> None:
    @contextmanager
    def gateway(data: Path) -> Iterator[httpx.Client]:
        with httpx.Client(base_url="http://gateway", transport=httpx.MockTransport(answering)) as client:
            yield client

    monkeypatch.setattr(orders, "gateway", gateway)


def test_a_list_asks_for_what_was_made_of_an_order(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[httpx.URL] = []

    def listing(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, json=[], headers={"X-Total-Count": "0"})

    _answered(monkeypatch, listing)
    for options in (["--of", "o1", "--state", "held"], ["--service"], []):
        assert CliRunner().invoke(orders.app, ["list", *options]).exit_code == 0
    made, captured, ordered = asked
    assert made.path == captured.path == orders.SERVICE_ORDERS and ordered.path == orders.ORDERS
    assert dict(made.params) == {
        "state": "held",
        "orderRelationship.id": "o1",
        "limit": "20",
        "offset": "0",
    }
    assert "orderRelationship.id" not in captured.params


@pytest.mark.parametrize("as_json", [False, True])
def test_a_list_tells_how_it_goes_on(monkeypatch: pytest.MonkeyPatch, as_json: bool) -> None:
    asked: list[httpx.URL] = []

    def listing(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        path = f"{orders.SERVICE_ORDERS}?offset=1&limit=1"
        links = (
            f'<{path}>; rel="self"' if "after" in request.url.params else f'<{path}&after=a-b_1>; rel="next"'
        )
        shown = {"id": "o1", "state": "held", "orderDate": "2026-11-24T00:00:00.000Z"}
        return httpx.Response(200, json=[shown], headers={"Link": links})

    _answered(monkeypatch, listing)
    arguments = ["list", "--service", "--limit", "1", *(["--json"] if as_json else [])]
    first = CliRunner().invoke(orders.app, arguments)
    last = CliRunner().invoke(orders.app, [*arguments, "--after", "a-b_1"])
    assert (first.exit_code, last.exit_code) == (0, 0)
    hint = "there are more: --after a-b_1"
    assert (hint in first.stdout, hint in first.stderr) == (not as_json, as_json)
    assert "there are more" not in last.output and asked[1].params["after"] == "a-b_1"
    assert ("1 shown" in first.stdout) != as_json
