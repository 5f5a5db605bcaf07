"""`orderloom bench saturate`: figures that take many runs of one system."""

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
from benchmarks.system import Layout


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("saturate")(saturate)


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
