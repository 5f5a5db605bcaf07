"""The section of a report about decomposition: its CPU by order, by line, and under a large catalog."""

from collections.abc import Mapping
from typing import Any

from benchmarks.plots import Bar, Line, bars, lines, number
from benchmarks.report_page import figure

Files = Mapping[str, dict[str, Any]]


def decomposition(files: Files) -> str:
    """Orders and ruled lines as bars, the cost of a line over the size of its order as a curve."""
    out = []
    for figures in files.values():
        large = figures["large_catalog"]
        rows = [
            *_rows("", figures["us_per_order"]),
            *_rows("line ", figures["us_per_ruled_line"]),
            *_rows("large catalog: ", large["us_per_order"]),
            *_rows("large catalog: line ", large["us_per_ruled_line"]),
        ]
        loaded = f"{large['specifications']:,} specifications load in {large['load_cpu_s']:g} s of CPU."
        out.append(figure(bars(rows, "µs of CPU"), f"An order, or a line with rules. {loaded}"))
        sizes = figures["us_per_line_of_mega"]
        curve = [(float(size), cost) for size, cost in sizes.items()]
        out.append(
            figure(
                lines([Line("mega", curve)], "lines of the order", "µs a line"), "A line of a large order."
            )
        )
    return "".join(out)


def _rows(before: str, costs: Mapping[str, float]) -> list[Bar]:
    return [Bar(before + name, {"µs": cost}, f"{number(cost)} µs") for name, cost in costs.items()]
