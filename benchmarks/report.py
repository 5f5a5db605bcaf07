"""The report: figures of any benchmark's JSON files as one HTML page that needs no network.

Each kind of file has its section; a page shows the sections it has files for. What was measured stands in the files,
this room only shows it: it computes nothing but ratios that a figure's title names.
"""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from benchmarks.plots import Bar, Line, bars, lines, number
from benchmarks.report_changes import calls, elastic, journals
from benchmarks.report_decomposition import decomposition
from benchmarks.report_page import PAGE, STYLE, figure, latencies, table

Figures = dict[str, Any]
Files = Mapping[str, Figures]
"""Figures by the name of their file."""


class NotAReport(ValueError):
    """A file that no benchmark wrote."""


def kind_of(figures: Figures) -> str:
    """What kind of benchmark wrote this; some files do not say."""
    unsaid = "run" if "orders_per_second" in figures else "chaos" if "rounds" in figures else ""
    return str(figures.get("kind", unsaid))


def report(files: Files) -> str:
    """The page.

    :raises NotAReport: naming the file.
    """
    for name, figures in files.items():
        if kind_of(figures) not in KINDS:
            raise NotAReport(f"{name} is no figures of a benchmark: its kind is {kind_of(figures)!r}")
    sections = []
    for title, make, kinds in SECTIONS:
        of_kind = {name: figures for name, figures in files.items() if kind_of(figures) in kinds}
        if of_kind and (body := make(of_kind)):
            anchor = title.lower().replace(" ", "-")
            sections.append((anchor, title, body))
    contents = "".join(f'<a href="#{anchor}">{escape(title)}</a>' for anchor, title, _ in sections)
    body = "".join(
        f'<section id="{anchor}"><h2>{escape(title)}</h2>{text}</section>' for anchor, title, text in sections
    )
    return PAGE.format(style=STYLE, circumstances=_circumstances(files), contents=contents, body=body)


def _throughput(files: Files) -> str:
    rows = []
    for figures in files.values():
        if kind_of(figures) == "run":
            offered = f" at {number(figures['rate'])}/s" if figures.get("rate") else ""
            rows.append(Bar(f"{figures['shape']}{offered}", {"orders/s": figures["orders_per_second"]}))
        else:
            rows.append(Bar(f"{_searched(figures)} saturation", {"orders/s": figures["saturation"]}))
    return figure(bars(rows, "orders/s"), "Accepted to completed, the tail after the last order included.")


def _latency(files: Files) -> str:
    rows, cells = [], []
    for figures in files.values():
        of_run = kind_of(figures) == "run"
        point = figures if of_run else figures["half"]
        if not point or not point["accept_ms"]["p50"]:
            continue
        what = figures["shape"] if of_run else f"{_searched(figures)}, half of saturation"
        for which in ("accept", "cycle"):
            percentiles = point[f"{which}_ms"]
            if percentiles:
                p50, p99, p999 = (percentiles[each] for each in ("p50", "p99", "p999"))
                rows.append(
                    Bar(
                        f"{which}: {figures['shape']}{'' if of_run else ' half'}",
                        {"p50": p50, "to p99": max(0, p99 - p50), "to p99.9": max(0, p999 - p99)},
                        f"{number(p50)} / {number(p99)} / {number(p999)}",
                    )
                )
                cells.append((what, which, p50, p99, p999))
    if not rows:
        return ""
    return figure(
        bars(rows, "ms"), "Percentiles p50 / p99 / p99.9, from the instant an order was due."
    ) + table(("what", "latency", "p50 ms", "p99 ms", "p99.9 ms"), cells)


def _saturation(files: Files) -> str:
    out = []
    for figures in files.values():
        curve = figures["curve"]
        missed = frozenset(at for at, each in enumerate(curve) if not each["kept"])
        most = max(each["offered_per_second"] for each in curve)
        done = [(each["offered_per_second"], each["completed_per_second"]) for each in curve]
        out.append(f"<h3>{escape(_searched(figures))}</h3>")
        out.append(
            figure(
                lines(
                    [
                        Line("completed", done, missed),
                        Line("offered", [(0, 0), (most, most)], dashed=True, marked=False),
                    ],
                    "offered orders/s",
                    "completed orders/s",
                ),
                f"Saturation {number(figures['saturation'])}/s (rings: rates that were not kept), "
                f"peak {number(figures['peak'])}/s, {figures['step_seconds']:g} s a rate.",
            )
        )
        latencies = [
            Line(
                f"{which} {name}",
                [(each["offered_per_second"], each[f"{which}_ms"].get(name, 0)) for each in curve],
                missed,
            )
            for which in ("accept", "cycle")
            for name in ("p50", "p99")
        ]
        out.append(
            figure(lines(latencies, "offered orders/s", "ms", log=True), "Latencies over the offered rate.")
        )
        out.append(
            table(
                ("offered/s", "completed/s", "accept p50", "p99", "cycle p50", "p99", "CPU µs an order", ""),
                [
                    (
                        each["offered_per_second"], each["completed_per_second"],
                        each["accept_ms"]["p50"], each["accept_ms"]["p99"],
                        each["cycle_ms"].get("p50", "–"), each["cycle_ms"].get("p99", "–"),
                        sum(each["cpu_us_per_order"].values()), each["why_missed"] or "kept",
                    )
                    for each in curve
                ],
            )
        )  # fmt: skip
    return "".join(out)


def _cpu(files: Files) -> str:
    """Each file on a scale of its own: an order of thousands of lines would hide all others."""
    order = ("host", "gateway", "executor", "server", "generator", "coordinator", "ray", "up")
    out = []
    for figures in files.values():
        if kind_of(figures) == "run":
            points = [(str(figures["shape"]), figures["cpu_us_per_order"])]
        else:
            points = [
                (f"{number(each['offered_per_second'])}/s", each["cpu_us_per_order"])
                for each in figures["curve"]
            ]
        rows = [Bar(label, _sorted(cpu, order)) for label, cpu in points if cpu]
        if rows:
            by = f" by {figures['by']}" if figures.get("by") else ""
            told = f"{escape(figures['shape'])}{by}: by process, the load generator included."
            out.append(figure(bars(rows, "CPU µs an order"), told))
    return "".join(out)


def _memory(files: Files) -> str:
    rows, charts = [], []
    for figures in files.values():
        for state, word in (("in_memory", "in memory"), ("passivated", "passivated")):
            each = figures[state]
            rows.append(
                Bar(
                    f"{figures['orders']:,} {word}",
                    {
                        "hosts": each["hosts_bytes_per_order"] / 1000,
                        "server": each["server_bytes_per_order"] / 1000,
                    },
                    f"{number(each['bytes_per_order'] / 1000)} ({each['groups_in_memory']:,} groups)",
                )
            )
        sampled = [
            Line(name, [(each["live"], each[key] / 1e6) for each in figures["samples"]], marked=False)
            for name, key in (("hosts", "hosts_rss"), ("server", "server_used"))
        ]
        charts.append(figure(lines(sampled, "live orders", "MB"), "Memory while the system was filled."))
    return figure(
        bars(rows, "kB an order"), "Growth of hosts and journal server for each live order."
    ) + "".join(charts)


def _recovery(files: Files) -> str:
    out, rows = [], []
    for figures in files.values():
        if kind_of(figures) == "recovery":
            times = figures["recovery"]["probes_s"]
            share = [(0.0, 0.0), *((at, 100 * (n + 1) / len(times)) for n, at in enumerate(times))]
            label = f"{figures['orders']:,} live orders"
            out.append(
                figure(
                    lines(
                        [Line(label, share, marked=False, steps=True)],
                        "seconds after kill -9",
                        "% of probes answered",
                    ),
                    f"{figures['shards_lost']} shards lost; all work again after "
                    f"{figures['recovery']['all_s']} s.",
                )
            )
        else:
            for state, word in (("cold", "cold"), ("server_up", "server up")):
                if (seconds := figures[state]["first_order_accepted_s"]) is not None:
                    rows.append(Bar(f"{figures['orders']:,} orders, {word}", {"s": seconds}))
    if rows:
        out.append(figure(bars(rows, "seconds"), "Start until the first new order was accepted."))
    return "".join(out)


def _soak(files: Files) -> str:
    out = []
    for figures in files.values():
        seen = figures["windows"]
        minutes = [each["at_s"] / 60 for each in seen]
        for names, unit, scale in (
            (("accept_p50_ms", "accept_p99_ms", "cycle_p50_ms", "cycle_p99_ms"), "ms", 1.0),
            (("hosts_rss", "processes_rss", "server_used"), "MB", 1e-6),
        ):
            drawn = [
                Line(
                    name.replace("_ms", "").replace("_", " "),
                    [(at, each[name] * scale) for at, each in zip(minutes, seen, strict=True)],
                    marked=False,
                )
                for name in names
            ]
            out.append(
                figure(lines(drawn, "minutes", unit), f"{figures['shape']} at {number(figures['rate'])}/s.")
            )
        rows = [
            (
                name,
                line["mean"],
                f"{line['per_hour']:+,}",
                line["standard_error"],
                "yes" if line["beyond_noise"] else "no",
            )
            for name, line in figures["slopes"].items()
        ]
        out.append(table(("figure", "mean", "an hour", "standard error", "grows beyond noise"), rows))
    return "".join(out)


def _chaos(files: Files) -> str:
    out = []
    for figures in files.values():
        rows = [
            Bar(
                f"{each['at_s']:.0f} s: {each['fault']}",
                {"orders are taken again": each["acknowledged_again_s"] or 0.0, "whole again": _after(each)},
                number(each["whole_again_s"]) if each["whole_again_s"] is not None else "never",
            )
            for each in figures["rounds"]
        ]
        found = [
            f"{question} {sentence}" for question, said in figures["verdict"].items() for sentence in said
        ]
        orders = ", ".join(f"{count:,} {name}" for name, count in figures["orders"].items())
        out.append(figure(bars(rows, "seconds after the fault"), f"{orders}. Seed {figures['seed']}."))
        out.append(f"<p>Verdict: {escape('; '.join(found) or 'nothing was lost')}.</p>")
    return "".join(out)


def _after(harm: Figures) -> float:
    """From orders being taken again to everything being there."""
    return max(0.0, (harm["whole_again_s"] or 0.0) - (harm["acknowledged_again_s"] or 0.0))


def _peers(files: Files) -> str:
    out = []
    for figures in files.values():
        peers = figures["peers"]
        ran = {name: each for name, each in peers.items() if "orders_per_second" in each}
        rows = [Bar(name, {"orders/s": each["orders_per_second"]}) for name, each in ran.items()]
        out.append(
            figure(
                bars(rows, "orders/s, logarithmic", log=True), "The same b6 work, side by side in one run."
            )
        )
        out.append(
            table(
                ("peer", "orders/s", "accept p50 ms", "p99", "cycle p50 ms", "p99", "Orderloom does", "durable"),
                [
                    (
                        name, each["orders_per_second"],
                        *latencies(each),
                        f"{number(each['ratio'])} ×" if each.get("ratio") else "–", each["durable"],
                    )
                    if "orders_per_second" in each
                    else (name, "–", "–", "–", "–", "–", "–", each["skipped"])
                    for name, each in peers.items()
                ],
            )
        )  # fmt: skip
    return "".join(out)


def _scaling(files: Files) -> str:
    out = []
    for figures in files.values():
        for name, title, x in (
            ("hosts", "Throughput by number of hosts", "hosts"),
            ("live", "Throughput beside live orders", "live orders"),
            ("journal", "Throughput over a full journal", "orders in the journal"),
        ):
            if rows := figures.get(name):
                line = Line("completed", [(each["at"], each["orders_per_second"]) for each in rows])
                out.append(figure(lines([line], x, "orders/s"), title + "."))
    return "".join(out)


Section = Callable[[Files], str]
SECTIONS: tuple[tuple[str, Section, frozenset[str]], ...] = (
    ("Throughput", _throughput, frozenset({"run", "saturation"})),
    ("Latency percentiles", _latency, frozenset({"run", "saturation"})),
    ("Saturation", _saturation, frozenset({"saturation"})),
    ("CPU by process", _cpu, frozenset({"run", "saturation"})),
    ("Memory of an order", _memory, frozenset({"memory"})),
    ("Recovery", _recovery, frozenset({"recovery", "restart"})),
    ("Chaos", _chaos, frozenset({"chaos"})),
    ("Steady load", _soak, frozenset({"soak"})),
    ("Peers", _peers, frozenset({"peers"})),
    ("Scaling", _scaling, frozenset({"scaling"})),
    ("Scaling under load", elastic, frozenset({"elastic"})),
    ("Places of the journal", journals, frozenset({"journals"})),
    ("Calls between processes", calls, frozenset({"calls"})),
    ("Decomposition", decomposition, frozenset({"decompose"})),
)
KINDS = frozenset().union(*(kinds for _, _, kinds in SECTIONS))


def _searched(figures: Figures) -> str:
    return f"{figures['shape']} by {figures['by']}"


def _sorted(cpu: Figures, order: Sequence[str]) -> dict[str, float]:
    known = {name: float(cpu[name]) for name in order if name in cpu}
    return {**known, **{name: float(value) for name, value in cpu.items() if name not in known}}


def _circumstances(files: Files) -> str:
    rows = []
    for name, figures in files.items():
        on = figures.get("machine", {})
        memory = f"{on['memory_bytes'] / 2**30:.0f} GiB" if "memory_bytes" in on else "–"
        rows.append(
            (
                name, kind_of(figures), figures.get("shape", "–"), figures.get("measured_at", "–"),
                str(on.get("cores", "–")), memory, on.get("python", "–"), str(figures.get("load_average_before", "–")),
                figures.get("fsync", "–"),
            )
        )  # fmt: skip
    heads = ("file", "kind", "shape", "measured", "cores", "memory", "Python", "load before", "fsync")
    return table(heads, rows)
