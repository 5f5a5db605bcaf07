"""The NDJSON stream and its traps, over real connections."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import websockets

from gateway.line_splitter import LineSplitter, TooLong
from gateway.settings import GatewaySettings
from runtime.errors import Busy, JournalAway
from tests.gateway.conftest import TOKEN, TOKENS, Served, order
from tests.gateway.recording_runtime import RecordingRuntime

PATH = "/stream/v1/productOrder"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/x-ndjson"}


def line(number: int, **changes: Any) -> bytes:
    return json.dumps(order(number, **changes)).encode() + b"\n"


class Lines:
    """A request body that a test feeds by hand."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    def send(self, data: bytes) -> None:
        self._queue.put_nowait(data)

    def end(self) -> None:
        self._queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (data := await self._queue.get()) is not None:
            yield data


async def next_answer(response: aiohttp.ClientResponse) -> dict[str, Any]:
    return dict(json.loads(await asyncio.wait_for(response.content.readline(), 5)))


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers=HEADERS) as opened:
        yield opened


async def all_answers(
    session: aiohttp.ClientSession, served: Served, body: bytes
) -> dict[int, dict[str, Any]]:
    async with session.post(served.url + PATH, data=body) as response:
        assert response.status == 200
        answers = [json.loads(each) for each in (await response.read()).splitlines()]
    assert len({answer["line"] for answer in answers}) == len(answers)
    return {answer["line"]: answer for answer in answers}


async def test_each_line_is_answered_before_the_next_is_sent(
    served: Served, session: aiohttp.ClientSession
) -> None:
    lines = Lines()
    lines.send(line(1))
    async with session.post(served.url + PATH, data=lines) as response:
        for number in range(1, 21):
            answer = await next_answer(response)
            assert (answer["line"], answer["status"], answer["state"]) == (number, 201, "acknowledged")
            assert answer["href"].endswith(answer["id"])
            lines.send(line(number + 1))
        lines.end()
        assert (await next_answer(response))["line"] == 21
        assert await response.read() == b""


@pytest.mark.parametrize("size", [1, 7, 1_000, 1_000_000])
async def test_no_line_is_missing_however_it_is_cut(
    served: Served, session: aiohttp.ClientSession, size: int
) -> None:
    body = b"".join(line(number) for number in range(40)) + line(40).strip()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    if size == 1:
        body = body[-2_000:]
        body = body[body.index(b"\n") + 1 :]
    async with session.post(served.url + PATH, data=pieces()) as response:
        answers = [json.loads(each) for each in (await response.read()).splitlines()]
    assert sorted(answer["line"] for answer in answers) == list(range(1, body.count(b"\n") + 2))
    assert {answer["status"] for answer in answers} == {201}


async def test_bad_lines_are_answered_one_by_one(served: Served, session: aiohttp.ClientSession) -> None:
    body = b"\n".join(
        [
            line(1).strip(),
            b"nonsense",
            b"",
            b"  \r",
            b'{"productOrderItem": []}',
            b'{"productOrder": 3, "idempotencyKey": 4, "more": 5}',
            json.dumps({"productOrder": order(2), "idempotencyKey": ""}).encode(),
            line(1).strip(),
            line(1, description="another body").strip(),
            json.dumps({"productOrder": order(1), "idempotencyKey": "k"}).encode() + b"\r",
        ]
    )
    answers = await all_answers(session, served, body)
    assert {number: answer["status"] for number, answer in answers.items()} == {
        1: 201,
        2: 400,
        5: 400,
        6: 400,
        7: 400,
        8: 200,
        9: 409,
        10: 201,
    }
    assert answers[8] == {**answers[1], "line": 8, "status": 200, "duplicate": True, "state": "inProgress"}
    assert answers[9]["error"]["id"] == answers[1]["id"]
    assert answers[5]["error"]["violations"][0]["pointer"] == "/productOrderItem"
    assert {each["pointer"] for each in answers[6]["error"]["violations"]} == {
        "/productOrder",
        "/idempotencyKey",
        "/more",
    }
    assert answers[10]["id"] != answers[1]["id"]


@pytest.fixture
async def narrow(runtime: RecordingRuntime) -> AsyncIterator[Served]:
    settings = GatewaySettings(
        tokens=TOKENS, line_bytes_max=2_000, body_bytes_max=2_000, unanswered_lines_max=16
    )
    async with Served(runtime, settings) as running:
        yield running


async def test_an_oversize_line_is_refused_and_skipped(
    narrow: Served, session: aiohttp.ClientSession
) -> None:
    body = line(1) + b"x" * 300_000 + b"\n" + line(3) + b"y" * 2_001
    answers = await all_answers(session, narrow, body)
    assert {number: answer["status"] for number, answer in answers.items()} == {
        1: 201,
        2: 413,
        3: 201,
        4: 413,
    }


async def test_busy_and_away_are_answers_of_a_line(
    served: Served, runtime: RecordingRuntime, session: aiohttp.ClientSession
) -> None:
    for problem, status in ((Busy("full"), 429), (JournalAway("away"), 503)):
        runtime.fail = problem
        answers = await all_answers(session, served, line(1))
        assert answers[1]["status"] == status
        assert answers[1]["retryAfter"] == 1
        assert answers[1]["error"]["code"] == problem.code
    runtime.fail, runtime.room = None, False
    assert (await all_answers(session, served, line(1)))[1]["error"]["code"] == "diskFull"
    assert runtime.messages == []


async def test_reading_stops_at_the_bound_and_goes_on(
    narrow: Served, runtime: RecordingRuntime, session: aiohttp.ClientSession
) -> None:
    runtime.gate.clear()
    lines = Lines()
    lines.send(b"".join(line(number) for number in range(500)))
    lines.end()
    async with session.post(narrow.url + PATH, data=lines) as response:
        while runtime.waiting < 16:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert runtime.waiting == 16
        runtime.gate.set()
        answers = [json.loads(each) for each in (await response.read()).splitlines()]
    assert sorted(answer["line"] for answer in answers) == list(range(1, 501))
    assert runtime.waiting_max == 16


async def raw_request(served: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    # A tiny window, so that a client that does not read is felt soon.
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1_024)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    writer.write((head + "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n").encode())
    return reader, writer


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def test_a_client_that_never_reads_stalls_only_itself(
    narrow: Served, runtime: RecordingRuntime, session: aiohttp.ClientSession
) -> None:
    reader, writer = await raw_request(narrow)
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    sent = 0
    refused = b"?" * 1_000 + b"\n"  # a cheap line with a long answer
    with pytest.raises(TimeoutError):
        while sent < 200_000_000:
            writer.write(chunked(refused * 50))
            sent += 50
            await asyncio.wait_for(writer.drain(), 1.5)
    assert sent < 200_000  # lines: what sockets and buffers on both sides hold
    assert (await all_answers(session, narrow, line(1)))[1]["status"] == 201  # others go on
    writer.transport.abort()
    await asyncio.sleep(0.1)


async def test_half_a_line_of_a_client_that_left_is_no_order(
    narrow: Served, runtime: RecordingRuntime
) -> None:
    reader, writer = await raw_request(narrow)
    writer.write(chunked(line(1)) + chunked(line(2).strip()))
    await reader.readuntil(b"acknowledged")
    writer.transport.abort()
    await asyncio.sleep(0.2)
    assert len(runtime.messages) == 1
    assert len(asyncio.all_tasks()) < 20


async def test_other_media_types_and_tokens_are_refused(
    served: Served, session: aiohttp.ClientSession
) -> None:
    async with session.post(
        served.url + PATH, data=line(1), headers={"Content-Type": "application/xml"}
    ) as response:
        assert response.status == 415
    async with session.post(
        served.url + PATH, data=line(1), headers={"Authorization": "Bearer no"}
    ) as response:
        assert response.status == 401
        assert "invalid_token" in response.headers["WWW-Authenticate"]


def socket_url(served: Served, query: str = "") -> str:
    return f"ws://127.0.0.1:{served.port}{PATH}/ws{query}"


async def test_the_socket_says_the_same(served: Served) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with websockets.connect(socket_url(served), additional_headers=headers) as socket:
        for number in range(1, 11):
            await socket.send(line(number).decode())
            answer = json.loads(await asyncio.wait_for(socket.recv(), 5))
            assert (answer["line"], answer["status"]) == (number, 201)
        await socket.send(line(1) + b"nonsense\n" + line(11).strip())
        answers: dict[int, int] = {}
        while len(answers) < 3:
            for each in str(await asyncio.wait_for(socket.recv(), 5)).splitlines():
                answers[json.loads(each)["line"]] = json.loads(each)["status"]
        assert answers == {11: 200, 12: 400, 13: 201}


async def test_the_socket_takes_a_token_from_the_query_and_no_wrong_one(served: Served) -> None:
    async with websockets.connect(socket_url(served, f"?access_token={TOKEN}")) as socket:
        await socket.send(line(1).decode())
        assert json.loads(await socket.recv())["status"] == 201
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(socket_url(served, "?access_token=wrong"))
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body or b"")["code"] == "unauthorized"


async def test_the_socket_is_bounded_too(narrow: Served, runtime: RecordingRuntime) -> None:
    runtime.gate.clear()
    async with websockets.connect(socket_url(narrow, f"?access_token={TOKEN}")) as socket:
        sending = asyncio.create_task(send_all(socket, [line(number).decode() for number in range(200)]))
        await asyncio.sleep(0.2)
        assert runtime.waiting == 16
        await socket.send("z" * 3_000)
        runtime.gate.set()
        answers: list[dict[str, Any]] = []
        while len(answers) < 201:
            answers += [
                json.loads(each) for each in str(await asyncio.wait_for(socket.recv(), 5)).splitlines()
            ]
        await sending
    assert sorted(answer["status"] for answer in answers) == [201] * 200 + [413]
    assert runtime.waiting_max == 16


async def send_all(socket: Any, messages: list[str]) -> None:
    for message in messages:
        await socket.send(message)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_lines_do_not_depend_on_the_edges_of_chunks(size: int) -> None:
    body = b"one\n\ntwo\r\n" + b"x" * 11 + b"\n" + b"y" * 10 + b"\nlast"
    splitter = LineSplitter(10)
    found = [entry for at in range(0, len(body), size) for entry in splitter.feed(body[at : at + size])]
    found += splitter.finish()
    assert found == [(1, b"one"), (3, b"two\r"), (4, TooLong(10)), (5, b"y" * 10), (6, b"last")]
