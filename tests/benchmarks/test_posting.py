"""Single POSTs keep the rate, the connections, and the due times of orders that found no poster free."""

from benchmarks.generator import Load, generate
from tests.benchmarks.conftest import StreamServer


def load(server: StreamServer, **settings: float) -> Load:
    chosen = {"seconds": 1.0, "rate": 200.0, "connections": 8, **settings}
    return Load(server.url, "mobile", salt="p-", token="secret", by="post", **chosen)  # type: ignore[arg-type]


async def test_each_order_is_posted_once_over_connections_that_stay(stream_server: StreamServer) -> None:
    result = await generate(load(stream_server))
    assert result["accepted"] == result["sent"] == result["offered"] == len(stream_server.orders) == 200
    assert {each["externalId"] for each in stream_server.orders} == {f"p-mobile-0-{n}" for n in range(200)}
    assert stream_server.tokens == {"Bearer secret"}
    assert 1 <= len(stream_server.peers) <= 8
    assert result["undecided"] == 0


async def test_what_waits_for_a_free_poster_keeps_its_due_time(stream_server: StreamServer) -> None:
    """Two posters at 100 ms each carry 20 orders/s; at 200/s offered the wait grows, and is told."""
    stream_server.delay = 0.1
    result = await generate(load(stream_server, connections=2))
    assert result["sent"] < 40
    assert result["accept_ms"]["p99"] > 500


async def test_without_a_rate_answers_pace(stream_server: StreamServer) -> None:
    stream_server.delay = 0.05
    result = await generate(Load(stream_server.url, "mobile", seconds=0.5, connections=4, by="post"))
    assert result["offered"] is None
    assert 8 <= result["accepted"] <= 4 * 11


async def test_refusals_have_no_latency_and_broken_connections_leave_orders_undecided(
    stream_server: StreamServer,
) -> None:
    stream_server.answering = lambda number, order: (
        None if number % 10 == 0 else {"status": 429 if number % 2 else 201}
    )
    result = await generate(load(stream_server, seconds=0.5))
    assert result["statuses"]["429"] == 50
    assert result["undecided"] == len(result["broken"]) * 2 == 10
    assert result["accepted"] == 40
