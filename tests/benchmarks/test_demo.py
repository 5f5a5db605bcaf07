"""The demonstration sends a stable mix, counts every order, and shows itself on a terminal and in a log."""

import io
from collections import Counter

import pytest
from rich.console import Console

from benchmarks import demo
from benchmarks.demo import MIX, mix, stream_demo
from benchmarks.demo_display import DemoSummary, progress_line, progress_panel
from tests.benchmarks.conftest import StreamServer


def text(terminal: bool = False) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, force_terminal=terminal, width=120), out


def test_the_mix_is_mostly_mobile_and_the_same_for_a_seed() -> None:
    mixed = list(mix(2_000, seed=1, salt="x-"))
    assert mixed == list(mix(2_000, seed=1, salt="x-"))
    found = Counter(order["externalId"].removeprefix("x-").rsplit("-", 2)[0] for order in mixed)
    assert set(found) == set(MIX)
    assert found["mobile"] > found["triple-play"] > found["b6"] > found["sdwan-200"]
    assert len({order["externalId"] for order in mixed}) == len(mixed)


async def test_a_demonstration_ends_with_every_order_completed(stream_server: StreamServer) -> None:
    stream_server.completes_after = 0.3
    console, out = text()
    summary = await stream_demo(stream_server.url, "t", 300, console)
    assert summary.all_completed
    assert summary.sent == summary.accepted == summary.completed == 300 == len(stream_server.orders)
    assert summary.seconds >= 0.3
    assert summary.orders_per_second == pytest.approx(300 / summary.seconds)
    assert set(summary.accept_ms) == set(summary.cycle_ms) == {"p50", "p99", "p999"}
    assert "orders/s" in out.getvalue()
    assert stream_server.unanswered_max <= demo.UNANSWERED_MAX


async def test_refused_orders_are_told(stream_server: StreamServer) -> None:
    stream_server.answering = lambda number, order: (
        {"line": number, "status": 201, "id": "o"}
        if number % 10
        else {"line": number, "status": 400, "error": {"code": "invalidOrder", "reason": "no"}}
    )
    stream_server.counts = lambda answer: answer["status"] == 201
    console, out = text()
    summary = await stream_demo(stream_server.url, "t", 100, console)
    assert (summary.sent, summary.accepted, summary.refused, summary.completed) == (100, 90, 10, 90)
    assert not summary.all_completed
    assert "refused" in out.getvalue()


async def test_orders_that_never_end_do_not_hold_the_demonstration(
    stream_server: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "TAIL_STILL_S", 0.5)
    stream_server.completes_after = 60.0
    console, out = text()
    summary = await stream_demo(stream_server.url, "t", 20, console)
    assert (summary.accepted, summary.completed, summary.in_progress) == (20, 0, 20)
    assert "in progress" in out.getvalue()


async def test_a_terminal_gets_a_live_panel(stream_server: StreamServer) -> None:
    stream_server.completes_after = 0.4
    console, out = text(terminal=True)
    await stream_demo(stream_server.url, "t", 50, console)
    assert "orders through the stream" in out.getvalue()


def test_panel_and_line_say_the_figures() -> None:
    summary = DemoSummary(
        sent=1_500,
        accepted=1_400,
        completed=1_200,
        failed=3,
        in_progress=197,
        seconds=2.0,
        accept_ms={"p50": 4.2, "p99": 18.0},
    )
    console, out = text()
    console.print(progress_panel(summary, 3_000))
    console.print(progress_line(summary, 3_000))
    shown = out.getvalue()
    for figure in (
        "1,400 / 3,000",
        "1,200 / 3,000",
        "197",
        "600 orders/s",
        "p50 4 ms",
        "p99 18 ms",
        "accepted 1400/3000",
    ):
        assert figure in shown
