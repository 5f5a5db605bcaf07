"""The client against a real gateway that breaks off, is busy, and refuses."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from gateway.client import OrderloomClient, OrderloomRefusal
from runtime.errors import Busy, JournalAway
from tests.gateway.conftest import TOKEN, Served, order
from tests.gateway.recording_runtime import RecordingRuntime


@pytest.fixture
async def client(served: Served) -> AsyncIterator[OrderloomClient]:
    async with OrderloomClient(served.url, TOKEN) as opened:
        yield opened


async def test_one_order(client: OrderloomClient, runtime: RecordingRuntime) -> None:
    made = await client.submit(order(1))
    assert (await client.submit(order(1)))["id"] == made["id"]
    assert (await client.get(made["id"], fields=["state"])) == {"id": made["id"], "state": "inProgress"}
    with pytest.raises(TimeoutError, match="is inProgress"):
        await client.wait_completed(made["id"], timeout_s=0.2)
    runtime.complete(made["id"])
    assert (await client.wait_completed(made["id"]))["state"] == "completed"
    page = await client.list(state="completed")
    assert (page.total, page.orders[0]["id"]) == (1, made["id"])
    nameless = order(2)
    del nameless["externalId"]
    assert (await client.submit(nameless))["id"] != (await client.submit(nameless))["id"]
    keys = [(await client.submit(nameless, idempotency_key="k"))["id"] for _ in range(2)]
    assert keys[0] == keys[1]


async def test_refusals_carry_the_violations(client: OrderloomClient) -> None:
    with pytest.raises(OrderloomRefusal) as caught:
        await client.submit({"externalId": "x"})
    assert caught.value.status == 400
    assert caught.value.error["violations"][0]["pointer"] == "/productOrderItem"


async def test_submit_waits_while_the_gateway_is_away(
    client: OrderloomClient, runtime: RecordingRuntime
) -> None:
    runtime.fail = JournalAway("away")

    async def back() -> None:
        await asyncio.sleep(0.3)
        runtime.fail = None

    made, _ = await asyncio.gather(client.submit(order(1)), back())
    assert made["state"] == "acknowledged"
    runtime.fail = Busy("full")
    with pytest.raises(OrderloomRefusal, match="429 busy"):
        await client.submit(order(2), timeout_s=0.5)


async def test_who_waits_for_an_end_waits_while_the_gateway_is_away(
    client: OrderloomClient, runtime: RecordingRuntime
) -> None:
    made = await client.submit(order(1))
    waiting = asyncio.create_task(client.wait_completed(made["id"], timeout_s=10))
    runtime.fail = JournalAway("away")
    await asyncio.sleep(0.3)
    assert not waiting.done()
    runtime.fail = None
    runtime.complete(made["id"])
    assert (await waiting)["state"] == "completed"
    async with OrderloomClient("http://127.0.0.1:9", TOKEN) as nobody:
        with pytest.raises(aiohttp.ClientError):
            await nobody.wait_completed(made["id"], timeout_s=0.5)


async def test_a_stream_answers_every_order_once(client: OrderloomClient, runtime: RecordingRuntime) -> None:
    bad: dict[str, Any] = {"externalId": "bad"}
    orders = [
        *(order(number) for number in range(300)),
        bad,
        {"productOrder": order(1), "idempotencyKey": "k"},
    ]
    answers = [answer async for answer in client.stream(orders, unanswered_max=50)]
    assert len(answers) == 302
    assert sorted(answer.status for answer in answers) == [201] * 301 + [400]
    assert {id(answer.order) for answer in answers} == {id(each) for each in orders}
    assert runtime.waiting_max <= 50
    (refused,) = [answer for answer in answers if answer.error]
    assert refused.order is bad


async def test_an_endless_stream_is_read_while_it_is_written(client: OrderloomClient) -> None:
    answered = asyncio.Semaphore(0)

    async def one_at_a_time() -> AsyncIterator[dict[str, Any]]:
        for number in range(10):
            yield order(number)
            await asyncio.wait_for(answered.acquire(), 5)

    async for answer in client.stream(one_at_a_time()):
        assert answer.status == 201
        answered.release()


async def test_a_broken_stream_makes_every_order_once(served: Served, runtime: RecordingRuntime) -> None:
    total = 400
    orders: list[dict[str, Any]] = [order(number) for number in range(total)]
    for each in orders[::2]:
        del each["externalId"]  # these get keys from the client

    async with OrderloomClient(served.url, TOKEN) as client:
        answers = []

        async def slowly() -> AsyncIterator[dict[str, Any]]:
            for number, each in enumerate(orders):
                if number % 20 == 0:
                    await asyncio.sleep(0.02)
                yield each

        async def cut() -> None:
            for _ in range(3):
                await asyncio.sleep(0.15)
                for connection in list(served.server.server_state.connections):
                    connection.transport.abort()

        cutting = asyncio.create_task(cut())
        async for answer in client.stream(slowly(), unanswered_max=64):
            answers.append(answer)
        await cutting
    assert len(answers) == total
    assert {answer.status for answer in answers} <= {200, 201}
    assert len({answer.id for answer in answers}) == len(runtime.groups) == total


async def test_busy_lines_are_sent_again_when_asked(
    client: OrderloomClient, runtime: RecordingRuntime
) -> None:
    runtime.fail = Busy("full")

    async def back() -> None:
        await asyncio.sleep(0.3)
        runtime.fail = None

    async def all_of_them() -> list[int]:
        return [answer.status async for answer in client.stream([order(n) for n in range(5)])]

    statuses, _ = await asyncio.gather(all_of_them(), back())
    assert statuses == [201] * 5


async def test_a_wrong_token_ends_the_stream(served: Served) -> None:
    async with OrderloomClient(served.url, "wrong") as client:
        with pytest.raises(OrderloomRefusal, match="401"):
            async for _ in client.stream([order(1)]):
                pytest.fail("no answer was due")


async def test_what_the_callers_iterator_raises_comes_out(client: OrderloomClient) -> None:
    async def broken() -> AsyncIterator[dict[str, Any]]:
        yield order(1)
        raise LookupError("the source is dry")

    answers = []
    with pytest.raises(LookupError, match="dry"):
        async for answer in client.stream(broken()):
            answers.append(answer.status)
    assert answers == [201]
