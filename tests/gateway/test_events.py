"""Events out: what is told, to whom, and that coming back misses and repeats nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx
import pytest

from actors.messages import Retry
from gateway.event_hub import Batch, EventHub
from gateway.event_position import EventPosition, event_id, head_of, read_event_id
from gateway.settings import GatewaySettings
from gateway.violations import BadRequest
from runtime.errors import JournalAway
from tests.gateway.conftest import TOKEN, TOKENS, Served, order
from tests.gateway.recording_runtime import SHARDS, RecordingRuntime
from tests.gateway.test_product_ordering import PATH

EVENTS = "/stream/v1/events"


class Told:
    """One server-sent event."""

    def __init__(self, fields: dict[str, str]) -> None:
        self.id = fields.get("id", "")
        self.type = fields.get("event", "")
        self.body: dict[str, Any] = json.loads(fields["data"]) if "data" in fields else {}


class Listener:
    """The events of one connection."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()
        self.last = ""

    async def next(self) -> Told:
        while True:
            told = await asyncio.wait_for(self._block(), 5)
            if told.body:
                return told

    async def _block(self) -> Told:
        fields: dict[str, str] = {}
        async for line in self._lines:
            if not line:
                break
            name, _, value = line.partition(": ")
            fields[name] = value
        self.last = fields.get("id", self.last)
        return Told(fields)

    async def take(self, count: int) -> list[Told]:
        return [await self.next() for _ in range(count)]


@asynccontextmanager
async def listening(
    http: httpx.AsyncClient, query: dict[str, str] | None = None, last: str = ""
) -> AsyncIterator[Listener]:
    headers = {"Last-Event-ID": last} if last else {}
    async with http.stream("GET", EVENTS, params=query or {}, headers=headers) as response:
        assert response.status_code == 200
        yield Listener(response)


async def test_an_order_tells_its_life(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    async with listening(http, {"from": "start"}) as listener:
        made = (await http.post(PATH, json=order(1))).json()
        created, started = await listener.take(2)
        assert (created.type, created.body["event"]["productOrder"]) == ("ProductOrderCreateEvent", made)
        assert started.type == started.body["eventType"] == "ProductOrderStateChangeEvent"
        assert started.body["event"]["productOrder"] == {
            "id": made["id"],
            "href": made["href"],
            "state": "inProgress",
        }
        runtime.answer(made["id"], "failed", "noPort", "none is free")
        trouble, held = sorted(await listener.take(2), key=lambda told: told.type)
        assert held.body["event"]["productOrder"]["state"] == "held"
        assert trouble.type == "ProductOrderAttributeValueChangeEvent"
        assert trouble.body["fieldPath"] == "note"
        assert "noPort" in trouble.body["event"]["productOrder"]["note"][0]["text"]
        (task,) = [
            key for key, each in runtime.groups[made["id"]].orchestration.tasks.items() if each.message
        ]
        runtime.handle(made["id"], Retry(task))
        runtime.answer(made["id"], "pending", "whichDay", "a day must be chosen")
        told = await listener.take(3)
        (asked,) = [each for each in told if each.type == "ProductOrderInformationRequiredEvent"]
        assert asked.body["fieldPath"] == '$.productOrderItem[?(@.id=="1")]'


async def test_coming_back_after_any_event_misses_and_repeats_nothing(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    made = [(await http.post(PATH, json=order(number))).json()["id"] for number in range(6)]
    for id_ in made:
        runtime.complete(id_)
    count = 18
    async with listening(http, {"from": "start"}) as listener:
        whole = await listener.take(count)
    assert len({told.body["eventId"] for told in whole}) == count
    assert sorted(told.body["event"]["productOrder"]["state"] for told in whole) == sorted(
        ["acknowledged", "inProgress", "completed"] * 6
    )
    for at in range(count - 1):
        async with listening(http, last=whole[at].id) as listener:
            rest = await listener.take(count - at - 1)
            assert {told.body["eventId"] for told in rest} == {t.body["eventId"] for t in whole[at + 1 :]}


async def test_a_reader_that_comes_back_after_each_event_misses_and_repeats_nothing(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    """A place within a frame is kept though another shard's frames have come meanwhile."""
    seen: list[str] = []
    last = ""
    for number in range(20):
        await http.post(PATH, json=order(number))
        async with listening(http, {} if last else {"from": "start"}, last) as listener:
            told = await listener.next()
            seen.append(told.body["eventId"])
            last = told.id
    while len(seen) < 40:
        async with listening(http, {}, last) as listener:
            told = await listener.next()
            seen.append(told.body["eventId"])
            last = told.id
    assert len(set(seen)) == 40


async def test_who_comes_from_a_gateway_that_was_further_gets_nothing_twice(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    hub = EventHub(runtime, GatewaySettings(tokens={}))
    ids = [(await http.post(PATH, json=order(number))).json()["id"] for number in range(3)]
    place = EventPosition(await hub.positions())
    hub._edge = [0] * SHARDS
    comes = asyncio.Event()

    async def late() -> None:
        await comes.wait()
        await hub._follow()

    hub._following = asyncio.create_task(late())
    async with aclosing(hub.subscribe(place)) as items:
        coming = asyncio.ensure_future(anext(items))
        await asyncio.sleep(0.05)
        comes.set()
        fresh = (await http.post(PATH, json=order(99))).json()["id"]
        item = await coming
    assert isinstance(item, Batch)
    assert {notice.order for notice in item.notices} == {fresh}
    assert fresh not in ids
    await hub.close()


async def test_live_and_past_join_without_a_seam(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    """Orders arrive while listeners catch up, break off at random places and come back."""

    async def arrive() -> None:
        for number in range(150):
            await http.post(PATH, json=order(number))
            if number % 10 == 0:
                await asyncio.sleep(0.005)

    async def listen(stride: int) -> list[str]:
        seen: list[str] = []
        last = ""
        while len(seen) < 300:
            query = {} if last else {"from": "start"}
            async with listening(http, query, last) as listener:
                for _ in range(min(stride, 300 - len(seen))):
                    told = await listener.next()
                    seen.append(told.body["eventId"])
                    last = told.id
        return seen

    *heard, _ = await asyncio.gather(listen(7), listen(64), listen(300), arrive())
    expected = set(heard[2])
    assert len(expected) == 300
    for seen in heard:
        assert len(seen) == 300
        assert set(seen) == expected


async def test_filters_and_heartbeats(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    async with listening(http, {"state": "completed"}) as listener:
        first = (await http.post(PATH, json=order(1))).json()["id"]
        await asyncio.sleep(0.5)
        runtime.complete(first)
        told = await listener.next()
        assert (told.body["id"], told.body["event"]["productOrder"]["state"]) == (first, "completed")
        await asyncio.wait_for(listener._block(), 5)
        resumed = listener.last
    assert resumed != told.id  # a heartbeat moved the place on
    second = (await http.post(PATH, json=order(2))).json()["id"]
    async with listening(http, {"id": second, "eventType": "ProductOrderCreateEvent"}, resumed) as listener:
        assert (await listener.next()).body["id"] == second


async def test_only_what_comes_from_now_on(http: httpx.AsyncClient) -> None:
    await http.post(PATH, json=order(1))
    async with listening(http) as listener:
        made = (await http.post(PATH, json=order(2))).json()
        assert (await listener.next()).body["id"] == made["id"]


async def test_the_journal_away_is_waited_for(
    http: httpx.AsyncClient, runtime: RecordingRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.event_hub.RETRY_S", 0.05)
    follow = runtime.journal.follow
    async with listening(http, {"from": "start"}) as listener:
        await http.post(PATH, json=order(1))
        await listener.take(2)

        async def away(positions: dict[int, int], *, block_ms: int) -> list[tuple[int, int, bytes]]:
            raise JournalAway("gone")

        monkeypatch.setattr(runtime.journal, "follow", away)
        await http.post(PATH, json=order(2))
        await asyncio.sleep(0.3)
        monkeypatch.setattr(runtime.journal, "follow", follow)
        assert [told.type for told in await listener.take(2)] == [
            "ProductOrderCreateEvent",
            "ProductOrderStateChangeEvent",
        ]


async def test_a_slow_subscriber_is_told_and_closed(runtime: RecordingRuntime) -> None:
    settings = GatewaySettings(tokens=TOKENS, subscriber_frames_max=5)
    hub = EventHub(runtime, settings)
    async with Served(runtime, settings) as served:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(base_url=served.url, headers=headers) as http:
            events = hub.subscribe(EventPosition(await hub.positions()))
            first = asyncio.create_task(anext(events))
            await asyncio.sleep(0.05)
            for number in range(20):
                await http.post(PATH, json=order(number))
            await first
            await asyncio.sleep(0.2)
            assert [type(item).__name__ async for item in events] == ["Closed"]
    await hub.close()


@pytest.mark.parametrize("last", ["x", "AAAA.0.0", "!!.0.0", "AAAAAAAAAAA.8.0", "f39_f39_f38.0.0", "A.0.-1"])
async def test_a_foreign_event_id_is_refused(http: httpx.AsyncClient, last: str) -> None:
    answer = await http.get(EVENTS, headers={"Last-Event-ID": last})
    assert (answer.status_code, answer.json()["code"]) == (400, "badEventId")


async def test_who_may_listen(served: Served) -> None:
    async with httpx.AsyncClient(base_url=served.url) as stranger:
        assert (await stranger.get(EVENTS)).status_code == 401
        assert (
            await stranger.get(EVENTS, params={"eventType": "x", "access_token": TOKEN})
        ).status_code == 400
        async with stranger.stream("GET", EVENTS, params={"access_token": TOKEN}) as response:
            assert response.headers["content-type"].startswith("text/event-stream")


def test_positions_survive_their_text() -> None:
    for positions in ((0, 0, 0), (1, 127, 128), (2**40, 300, 16_384)):
        place = EventPosition(positions, 2, 17)
        assert read_event_id(event_id(head_of(positions), 2, 17), 3) == place
    with pytest.raises(BadRequest):
        read_event_id(event_id(head_of((1, 2)), 0, 0), 3)
