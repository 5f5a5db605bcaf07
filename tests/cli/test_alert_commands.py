"""`orderloom alert` against a gateway in this process, whose deadlines pass in an instant."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from gateway import cli
from gateway.commands import alerts
from gateway.settings import GatewaySettings
from tests.gateway.conftest import served_beside
from tests.gateway.test_alerts_api import PEOPLE, network, waiting_catalogs
from tests.gateway.test_product_ordering import PATH


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A gateway in a loop of its own."""
    with served_beside(GatewaySettings(tokens=PEOPLE), waiting_catalogs()) as url:
        yield url


@pytest.fixture(autouse=True)
def reached(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def gateway(data: Path) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer ann-token"}) as client:
            yield client

    monkeypatch.setattr(alerts, "gateway", gateway)


def ran(*arguments: str, fails: bool = False) -> str:
    result = CliRunner().invoke(cli.app, ["alert", *arguments])
    assert bool(result.exit_code) is fails, result.output
    return str(result.exception) if fails else result.output


def listed(*arguments: str) -> list[dict[str, Any]]:
    return list(json.loads(ran("list", "--json", *arguments)))


def test_an_alert_is_listed_and_acknowledged(url: str) -> None:
    sue = {"Authorization": "Bearer sue-token"}
    order = httpx.post(f"{url}{PATH}", json=network(), headers=sue).json()["id"]
    end = time.monotonic() + 10
    while len(listed()) < 2:
        assert time.monotonic() < end
        time.sleep(0.05)
    told = ran("list", "--group", "order-desk")
    assert (
        f"{order}  line 1  since 20" in told
        and "Z  reminded " in told
        and "  with order-desk  network Realized as router waits" in told
    )
    assert told.endswith("of 1 orders\n")
    assert "  escalated " in ran("list", "--order", order)
    (reminder,) = [each for each in listed("--order", order) if each["reaction"] == "remind"]
    said = ran("acknowledge", order, "1", "--alert", reminder["key"])
    assert "acknowledged by ann at 20" in said and said.count("\n") == 2, "the line's alerts as they stand"
    assert [each["key"] for each in listed("--acknowledged")] == [reminder["key"]]
    assert [each["reaction"] for each in listed("--open")] == ["escalate"]
    both = json.loads(ran("acknowledge", order, "1", "--json"))
    assert {each["acknowledgedBy"] for each in both} == {"ann"}, "the desk may speak for what went up from it"
    assert "was acknowledged by ann" in ran("acknowledge", order, "1", fails=True)
    assert ran("list", "--open") == "of 0 orders\n"
