"""The sections of a report about systems that change under load, or differ in where their journal is."""

from collections.abc import Mapping
from html import escape
from typing import Any

from benchmarks.plots import Bar, Line, bars, lines, number
from benchmarks.report_page import figure, latencies, table

Files = Mapping[str, dict[str, Any]]


def elastic(files: Files) -> str:
    """Throughput and waits over time, with each step of scaling."""
    out = []
    for figures in files.values():
        timeline, rate = figures["timeline"], figures["rate"]
        end = timeline[-1]["at_s"] if timeline else 0.0
        accepted = [(point["at_s"], point["accepted_per_second"]) for point in timeline]
        waits = [(point["at_s"], point["longest_wait_ms"]) for point in timeline]
        steps = [
            Line(step["step"], [(step["at_s"], 0), (step["at_s"], rate)], dashed=True, marked=False)
            for step in figures["steps"]
        ]
        offered = Line("offered", [(0, rate), (end, rate)], dashed=True, marked=False)
        out.append(
            figure(
                lines([Line("accepted", accepted, marked=False), offered, *steps], "seconds", "orders/s"),
                f"{figures['shape']} at {number(rate)}/s while the system is scaled.",
            )
        )
        out.append(
            figure(
                lines([Line("longest wait", waits, marked=False)], "seconds", "ms"),
                "The longest that an order accepted in that half second had waited since it was due.",
            )
        )
        rows = [
            (
                step["step"], step["at_s"], "–" if step["moved_s"] is None else step["moved_s"],
                100 * step["lowest_share_of_rate"], step["longest_wait_ms"],
            )
            for step in figures["steps"]
        ]  # fmt: skip
        out.append(
            table(("step", "at s", "in place after s", "lowest % of the rate", "longest wait ms"), rows)
        )
        out.append(
            f"<p>{figures['accepted']:,} accepted, {figures['undecided']:,} undecided, "
            f"{figures['left_in_progress']:,} not ended.</p>"
        )
    return "".join(out)


def journals(files: Files) -> str:
    """The same load with its journal in different places."""
    out = []
    for figures in files.values():
        places = figures["journals"]
        rows = [
            Bar(
                name,
                {"orders/s": each["orders_per_second"]},
                f"{number(each['orders_per_second'])} ({each['ratio']} ×)",
            )
            for name, each in places.items()
        ]
        out.append(
            figure(bars(rows, "orders/s"), f"{escape(figures['shape'])}, {figures['seconds']:g} s each.")
        )
        heads = (
            "journal",
            "servers",
            "orders/s",
            "accept p50 ms",
            "p99",
            "cycle p50",
            "p99",
            "server CPU µs an order",
        )
        out.append(
            table(
                heads,
                [
                    (
                        name, each["servers"], each["orders_per_second"],
                        *latencies(each),
                        each["cpu_us_per_order"].get("server", "–"),
                    )
                    for name, each in places.items()
                ],
            )
        )  # fmt: skip
    return "".join(out)


def calls(files: Files) -> str:
    """What a call between two processes costs them, through Ray and over a channel."""
    out = []
    for figures in files.values():
        measured = [(way, each) for way, all_rates in figures["calls"].items() for each in all_rates]
        rows = [
            Bar(
                f"{way}, {each['rate']:g}/s",
                {"caller": each["caller_us"], "callee": each["callee_us"]},
                f"{number(each['caller_us'] + each['callee_us'])} µs",
            )
            for way, each in measured
        ]
        out.append(figure(bars(rows, "µs of CPU a call"), "Both processes, by way and rate."))
        latency = [
            (way, each["rate"], each["latency_ms"]["p50"], each["latency_ms"]["p99"])
            for way, each in measured
        ]
        out.append(table(("way", "calls/s", "p50 ms", "p99 ms"), latency))
    return "".join(out)
