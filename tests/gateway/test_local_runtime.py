"""The gateway over the real kernel: orders stream in and come out completed, and the events tell so."""

import asyncio
import json

import httpx

from catalog.store import sample_catalogs
from gateway.client import OrderloomClient
from gateway.settings import GatewaySettings
from runtime.journal.model import ModelJournal
from runtime.local import LocalRuntime
from tests.gateway.conftest import TOKEN, TOKENS, Served, order
from tests.gateway.recording_runtime import WaitingJournal

ORDERS = 100


async def test_orders_stream_through(settings: GatewaySettings) -> None:
    journal = WaitingJournal(ModelJournal(8))
    async with (
        LocalRuntime(journal, sample_catalogs()) as runtime,
        Served(runtime, settings) as served,
        OrderloomClient(served.url, TOKEN) as client,
        httpx.AsyncClient(base_url=served.url, headers={"Authorization": f"Bearer {TOKEN}"}) as http,
    ):
        completed = asyncio.create_task(completions(served.url))
        answers = [answer async for answer in client.stream([order(number) for number in range(ORDERS)])]
        assert {answer.status for answer in answers} == {201}
        shown = await client.wait_completed(answers[0].id, timeout_s=10)
        assert shown["productOrderItem"][0]["state"] == "completed"
        assert await asyncio.wait_for(completed, 20) == {answer.id for answer in answers}
        page = await client.list(state="completed", limit=5)
        assert (page.total, len(page.orders)) == (ORDERS, 5)
        assert (await client.list()).total == ORDERS
        again = [answer async for answer in client.stream([order(number) for number in range(ORDERS)])]
        assert {(answer.status, answer.duplicate) for answer in again} == {(200, True)}
        records = (await http.get(f"/api/v1/order/{answers[0].id}/journal")).json()
        told = [event for record in records for event in record["events"] if event["event"] == "order"]
        assert told[-1]["state"] == "completed"
        assert records[0]["by"] == TOKENS[TOKEN].name, "the kernel writes down who asked"


async def completions(url: str) -> set[str]:
    """The ids of the first orders that the events say are completed."""
    found: set[str] = set()
    query = {"from": "start", "state": "completed", "access_token": TOKEN}
    async with (
        httpx.AsyncClient(base_url=url, timeout=20) as http,
        http.stream("GET", "/stream/v1/events", params=query) as response,
    ):
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                found.add(json.loads(line[6:])["id"])
            if len(found) == ORDERS:
                break
    return found
