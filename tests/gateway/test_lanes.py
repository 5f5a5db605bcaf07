"""Caps on lanes: one client's flood does not fill the lane of the others."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from actors.group import OrderGroupKind
from catalog.loader import load
from catalog.store import Catalogs
from gateway.auth import Principal
from gateway.settings import GatewaySettings
from tests.gateway.conftest import Served, item
from tests.gateway.recording_runtime import RecordingRuntime
from tests.gateway.test_product_ordering import PATH

SHOP = """\
catalog: {version: "1"}
offerings: {office: {productSpecification: office}}
productSpecifications: {office: {relationships: [{type: Realized as, target: access}]}}
serviceSpecifications: {access: {plans: {add: [{name: build, target: network}]}}}
policies:
  priority:
    factors: {urgency: {weight: 1}}
    lanes: {high: {bands: [Critical], capPerHour: 2, above: {batch: refuse, "*": downgrade}}}
"""


@pytest.fixture
def runtime(tmp_path: Path) -> RecordingRuntime:
    file = tmp_path / "catalog.yaml"
    file.write_text(SHOP)
    made = RecordingRuntime()
    made.catalogs = Catalogs(load(file))
    made.kind = OrderGroupKind(made.catalogs)
    return made


@pytest.fixture
def settings() -> GatewaySettings:
    tokens = {"shop-token": Principal("ann", "shop"), "batch-token": Principal("bob", "batch")}
    return GatewaySettings(tokens=tokens, heartbeat_s=0.2)


@pytest.fixture
async def http(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.url, timeout=10) as client:
        yield client


async def post(http: httpx.AsyncClient, client: str, number: int, priority: str = "0") -> httpx.Response:
    line = item("1", productOffering={"id": "office"}, product={})
    body: dict[str, Any] = {
        "externalId": f"{client}-{number}",
        "priority": priority,
        "productOrderItem": [line],
    }
    return await http.post(PATH, json=body, headers={"Authorization": f"Bearer {client}-token"})


def lanes(runtime: RecordingRuntime) -> list[str]:
    return [group.urgency.lane for group in runtime.groups.values() if group.urgency is not None]


async def test_above_the_cap_an_order_takes_the_default_lane(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    answers = [await post(http, "shop", number) for number in range(3)]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert lanes(runtime) == ["high", "high", "default"]
    assert answers[2].json()["priority"] == "0", "as urgent as before, on another lane"
    assert (await post(http, "batch", 0)).status_code == 201
    assert lanes(runtime)[-1] == "high", "every client has a cap of its own"


async def test_a_client_that_is_refused_is_told_to_come_back(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    for number in range(2):
        assert (await post(http, "batch", number)).status_code == 201
    refused = await post(http, "batch", 2)
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 0
    assert "lane high" in refused.json()["reason"]
    assert (await post(http, "batch", 1)).status_code == 200, "what is there is there"
    assert (await post(http, "batch", 3, priority="4")).status_code == 201, "the default lane has no cap"
    assert lanes(runtime) == ["high", "high", "default"]
