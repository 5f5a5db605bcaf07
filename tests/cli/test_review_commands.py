"""`orderloom task` and what `orderloom order` says about orders in review, against a gateway in this process."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from gateway import cli
from gateway.commands import reviews, tasks
from gateway.commands.failing import CommandFailed
from gateway.commands.tasks import values_of
from gateway.settings import GatewaySettings
from tests.gateway.conftest import served_beside
from tests.gateway.test_product_ordering import PATH
from tests.gateway.test_review_api import PEOPLE, complete, security

SPEAKER = {"who": "ops"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A gateway in a loop of its own."""
    with served_beside(GatewaySettings(tokens=PEOPLE)) as url:
        yield url


def headers(who: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {who}-token"}


@pytest.fixture(autouse=True)
def reached(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def gateway(data: Path) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=url, headers=headers(SPEAKER["who"])) as client:
            yield client

    for room in (reviews, tasks):
        monkeypatch.setattr(room, "gateway", gateway)


def ran(who: str, *arguments: str, fails: bool = False) -> str:
    SPEAKER["who"] = who
    result = CliRunner().invoke(cli.app, list(arguments))
    assert bool(result.exit_code) is fails, result.output
    return str(result.exception) if fails else result.output


def ordered(url: str, name: str, line: dict[str, object]) -> str:
    body = {"externalId": name, "productOrderItem": [line]}
    answer = httpx.post(f"{url}{PATH}", json=body, headers=headers("sue"))
    return str(answer.json()["id"])


def test_tasks_from_the_list_to_the_approval(url: str) -> None:
    order = ordered(url, "from-list", security())
    listed = ran("ann", "task", "list", "--order", order)
    assert order in listed and "Delivery location" in listed
    (first, _) = json.loads(ran("ann", "task", "list", "--order", order, "--json"))
    assert (first["key"], first["state"], first["group"]) == ("w1", "open", "order-desk")
    assert ran("ann", "task", "claim", order, "w1") == f"task w1 of order {order} is claimed by ann\n"
    assert "claimed" in ran("ann", "task", "list", "--assignee", "ann")
    assert "given back" not in ran("ann", "task", "return", order, "w1", "--reason", "not mine")
    assert "still lacks" in ran("ann", "task", "complete", order, "w1", fails=True)
    place = '1:place.installation={"id": "p1"}'
    done = ran("ann", "task", "complete", order, "w1", "--value", "1:site=12 Harbour Road", "--value", place)
    assert done == f"task w1 of order {order} is completed by ann\n"
    contact = '1:contact.technical={"id": "c9", "@referredType": "Individual"}'
    assert "review approval" in ran("ann", "order", "details", order, "--value", contact)
    shown = ran("bob", "order", "review", order)
    assert "Large site: 2 of sales-desk; nobody yet" in shown and "at p1: line 1" in shown
    assert "price       recurring monthly  1592.0 EUR" in shown
    assert json.loads(ran("bob", "order", "review", order, "--json"))["version"] == 3
    assert "at version 3, not 1" in ran("bob", "order", "approve", order, "--version", "1", fails=True)
    ran("bob", "order", "approve", order, "--note", "fine")
    assert ran("cid", "order", "approve", order) == f"order {order} is inProgress, its review cleared\n"


def test_orders_go_back_and_end(url: str) -> None:
    order = ordered(url, "goes-back", complete())
    assert "review enrichment" in ran("bob", "order", "return", order, "--reason", "really 800?")
    assert "rejected" in ran("cid", "order", "reject", order, "--reason", "no")
    assert "is rejected" in ran("cid", "order", "reject", order, "--reason", "no", fails=True)


def test_values_are_json_or_else_text() -> None:
    assert values_of(["1:users=7", "1:site=a=b", '2:place.x={"id": "p"}']) == {
        "1": {"users": 7, "site": "a=b"},
        "2": {"place.x": {"id": "p"}},
    }


@pytest.mark.parametrize("given", ["site=x", "1:site", ":site=x", "1:=x"])
def test_a_value_names_its_line_and_field(given: str) -> None:
    with pytest.raises(CommandFailed, match="LINE:FIELD=VALUE"):
        values_of([given])


def test_an_override_names_its_finding_and_why() -> None:
    assert "FINDING=REASON" in ran("ops", "order", "approve", "o1", "--override", "1:phone:x", fails=True)
