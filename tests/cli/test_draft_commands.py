"""`orderloom draft` and `orderloom order patch`, against a gateway in this process."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from gateway import cli
from gateway.commands import drafts, orders
from gateway.settings import GatewaySettings
from tests.gateway.conftest import TOKEN, TOKENS, item, order, served_beside
from tests.gateway.test_service_ordering import service_order


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A gateway in a loop of its own."""
    with served_beside(GatewaySettings(tokens=TOKENS)) as url:
        yield url


@pytest.fixture(autouse=True)
def reached(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def gateway(data: Path) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            yield client

    for room in (drafts, orders):
        monkeypatch.setattr(room, "gateway", gateway)


def ran(*arguments: str, given: Any = None, fails: bool = False) -> str:
    result = CliRunner().invoke(cli.app, list(arguments), input=None if given is None else json.dumps(given))
    assert bool(result.exit_code) is fails, result.output
    return str(result.exception) if fails else result.output


def test_a_draft_from_its_first_save_to_its_order(tmp_path: Path) -> None:
    wrong = tmp_path / "order.json"
    wrong.write_text(json.dumps({"productOrderItem": [item("1", quantity=0)]}))
    told = ran("draft", "save", str(wrong))
    id_ = told.split()[1]
    assert "/productOrderItem/0/quantity: " in told and told.endswith("1 finding(s)\n")
    assert "/productOrderItem/0/quantity: " in ran("draft", "submit", id_, fails=True)
    patched = ran("draft", "patch", id_, "-", given={"productOrderItem": [{"id": "1", "quantity": 1}]})
    assert patched == f"draft {id_}  draft  version 2\nnothing is wrong with it\n"
    stale = ran("draft", "save", "-", "--id", id_, "--base", "1", given=order(1), fails=True)
    assert "at version 2, not 1" in stale
    assert "version 3" in ran("draft", "save", "-", "--id", id_, given=order(1))
    assert id_ in ran("draft", "list") and ran("draft", "list").endswith("1 of 1\n")
    planned = ran("draft", "dry-run", id_)
    assert planned.startswith("line 1  add  broadband-basic\n    1.1  ")
    assert "recurring monthly  " in ran("draft", "price", id_)
    assert json.loads(ran("draft", "price", id_, "--json"))["productOrder"]["orderTotalPrice"]
    assert json.loads(ran("draft", "show", id_, "--json"))["version"] == 3
    assert ran("draft", "submit", id_, "--base", "3") == f"order {id_} is inProgress\n"
    assert ran("draft", "list") == "0 of 0\n"


def test_a_draft_is_withdrawn() -> None:
    id_ = ran("draft", "save", "-", given={}).split()[1]
    assert f"draft {id_}  cancelled" in ran("draft", "withdraw", id_, "--reason", "no more")


def test_an_order_is_patched(url: str) -> None:
    later = order(7, requestedStartDate="9999-12-31T00:00:00Z")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    made = httpx.post(f"{url}{orders.ORDERS}", json=later, headers=headers).json()["id"]
    assert (
        ran("order", "patch", made, "-", given={"description": "x"})
        == f"order {made} is acknowledged, version 2\n"
    )
    assert "at version 2" in ran(
        "order", "patch", made, "-", "--base", "1", given={"description": "y"}, fails=True
    )
    shown = json.loads(ran("order", "patch", made, "-", "--json", given={"category": "B2B"}))
    assert (shown["description"], shown["category"]) == ("x", "B2B")


def test_a_service_order_is_shown_listed_and_patched(url: str) -> None:
    later = service_order(3, requestedStartDate="9999-12-31T00:00:00Z")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    made = httpx.post(f"{url}{orders.SERVICE_ORDERS}", json=later, headers=headers).json()["id"]
    assert "internet-access-service" in ran("order", "show", made)
    assert made in ran("order", "list", "--service") and made not in ran("order", "list")
    assert ran("order", "patch", made, "-", given={"description": "x"}).endswith("acknowledged, version 2\n")


def test_what_is_no_document_is_told(tmp_path: Path) -> None:
    assert "cannot be read" in ran("draft", "save", str(tmp_path / "none.json"), fails=True)
    assert "no JSON object" in ran("draft", "save", "-", given=[1], fails=True)
