"""`orderloom bench saturate`, `soak` and `scaling`: figures that take many runs of one system."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from benchmarks.console import (
    EXIT_INCOMPLETE,
    ExecutorsOption,
    GatewaysOption,
    HostsOption,
    JsonOption,
    ShapeArgument,
    progress,
    shape_named,
    stderr,
    write,
)
from benchmarks.generator import WAYS, Way
from benchmarks.run import Options
from benchmarks.saturation import POST_CONNECTIONS, search
from benchmarks.scaling import Growth, grown
from benchmarks.soak import soak as soaked
from benchmarks.system import Layout


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("saturate")(saturate)
    app.command("soak")(soak)
    app.command("scaling")(scaling)


def saturate(
    shape: ShapeArgument,
    json_file: JsonOption,
    by: Annotated[str, typer.Option(help="stream, or post: one order a request.")] = "stream",
    step: Annotated[float, typer.Option(min=1, help="Seconds of load at each rate.")] = 20.0,
    first: Annotated[
        float | None, typer.Option("--from", min=0.1, help="The first rate, orders per second.")
    ] = None,
    connections: Annotated[
        int | None, typer.Option(min=1, help="Connections to send over; 2 for stream, 64 for post.")
    ] = None,
    hosts: HostsOption = 1,
    executors: ExecutorsOption = 1,
    gateways: GatewaysOption = 1,
) -> None:
    """Find the highest rate a system keeps, and measure it at half of that."""
    way = _way(by)
    options = Options(
        shape=shape_named(shape),
        seconds=step,
        connections=connections or (POST_CONNECTIONS if way == "post" else Options.connections),
        layout=Layout(hosts=hosts, executors=executors, gateways=gateways),
        by=way,
    )
    with progress(f"saturation of {shape} by {way}, {step:g} s a rate") as say:
        figures = search(options, first, say)
    write(json_file, figures)
    stderr().print(summary(figures), markup=False, soft_wrap=True)
    if not figures["saturation"]:
        raise typer.Exit(EXIT_INCOMPLETE)


def soak(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long to load.")],
    json_file: JsonOption,
    shape: Annotated[str, typer.Option(help="Load shape.")] = "b6",
    rate: Annotated[float, typer.Option(min=0.1, help="Orders per second, all the time.")] = 500.0,
    window: Annotated[float, typer.Option(min=1, help="Seconds between two readings.")] = 60.0,
    hosts: HostsOption = 1,
    executors: ExecutorsOption = 1,
    gateways: GatewaysOption = 1,
) -> None:
    """Load a system steadily and tell whether its memory or its latencies grow, with the slopes."""
    options = Options(
        shape=shape_named(shape),
        seconds=window,
        rate=rate,
        layout=Layout(hosts=hosts, executors=executors, gateways=gateways),
    )
    with progress(f"{minutes:g} minutes of {shape} at {rate:g}/s") as say:
        figures = soaked(options, max(1, round(minutes * 60 / window)), say)
    write(json_file, figures)
    console = stderr()
    console.print(f"{figures['completed']:,} of {figures['accepted']:,} accepted orders completed")
    for name, line in figures["slopes"].items():
        console.print(
            f"{name}: mean {line['mean']:,}, {line['per_hour']:+,} an hour (standard error {line['standard_error']:,})"
            + (", beyond noise" if line["beyond_noise"] else ""),
            markup=False,
            soft_wrap=True,
        )
    if not figures["slopes"]:
        console.print("too few windows for slopes: load for longer, or choose shorter ones with --window")
    if not figures["all_completed"]:
        raise typer.Exit(EXIT_INCOMPLETE)


def scaling(
    json_file: JsonOption,
    seconds: Annotated[float, typer.Option(min=1, help="How long to load each point.")] = Growth.seconds,
    hosts: Annotated[
        list[int] | None,
        typer.Option(min=0, help="Numbers of hosts, repeatable; 1, 2, 4 unless said, 0 for none."),
    ] = None,
    live: Annotated[
        list[int] | None,
        typer.Option(min=0, help="Live orders, repeatable; 1 k to 200 k unless said, 0 for none."),
    ] = None,
    journal: Annotated[
        list[int] | None,
        typer.Option(min=0, help="Orders in the journal, repeatable; 10 k to 1 M unless said, 0 for none."),
    ] = None,
    share: Annotated[float, typer.Option(min=0.05, help="Cores that each host is held to.")] = Growth.share,
) -> None:
    """Measure throughput as the work grows: by hosts, beside live orders, over a full journal."""
    growth = Growth(
        hosts=_points(hosts, Growth.hosts),
        live=_points(live, Growth.live),
        journal=_points(journal, Growth.journal),
        seconds=seconds,
        share=share,
    )
    with progress("scaling") as say:
        figures = grown(growth, say)
    write(json_file, figures)
    console = stderr()
    for row in ("hosts", "live", "journal"):
        for point in figures[row]:
            console.print(f"{row} {point['at']:,}: {point['orders_per_second']:,} {point['shape']} orders/s")
    if figures["hosts_skipped"]:
        console.print(f"hosts: skipped: {figures['hosts_skipped']}", markup=False, soft_wrap=True)


def _points(given: list[int] | None, otherwise: Sequence[int]) -> list[int]:
    return [each for each in (otherwise if given is None else given) if each]


def summary(figures: dict[str, Any]) -> str:
    """A search in one line."""
    said = f"{figures['shape']} by {figures['by']}: saturation {figures['saturation']:,}/s, peak {figures['peak']:,}/s"
    if (half := figures["half"]) is None:
        return said + ", no rate was kept"
    accept, cycle = half["accept_ms"], half["cycle_ms"]
    return (
        f"{said}; at half: accept p50 {accept['p50']} p99 {accept['p99']} ms, "
        f"cycle p50 {cycle.get('p50', '?')} p99 {cycle.get('p99', '?')} ms"
    )


def _way(given: str) -> Way:
    for way in WAYS:
        if way == given:
            return way
    raise typer.BadParameter(f"orders are sent by {' or '.join(WAYS)}, not by {given!r}")
