"""`orderloom bench`: the commands of this floor, added to the CLI by the entry point group `orderloom.commands`.

Exit codes: 0 done, 1 a measured run in which an accepted order did not complete, 2 wrong usage, 3 the system or the
generator did not start.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.progress import Progress
from rich.text import Text

from benchmarks.budget import Budget
from benchmarks.run import GeneratorFailed, Options, run
from benchmarks.shapes import SHAPES, Shape, order_lines
from benchmarks.system import Layout, NotStarted
from runtime.limits import SHARDS_DEFAULT, STREAM_UNANSWERED_LINES_MAX

bench = typer.Typer(help="Load shapes and measured runs.", no_args_is_help=True)

EXIT_INCOMPLETE = 1
EXIT_NOT_STARTED = 3

ShapeArgument = Annotated[str, typer.Argument(metavar="SHAPE", help=f"One of {', '.join(SHAPES)}.")]


@bench.command("orders")
def print_orders(
    shape: ShapeArgument,
    count: Annotated[int, typer.Option(min=0, help="How many orders.")],
    seed: Annotated[
        int, typer.Option(help="The same seed gives the same orders, external ids included.")
    ] = 0,
) -> None:
    """Print TMF622 orders as NDJSON, ready for `POST /stream/v1/productOrder`."""
    lines = order_lines(_shape(shape), count, seed)
    try:
        for line in lines:
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # the reader (head, say) has enough
        sys.stderr.close()
        raise typer.Exit(0) from None


@bench.command("run")
def measured_run(
    shape: ShapeArgument,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to send; the tail comes on top.")],
    json_file: Annotated[Path, typer.Option("--json", dir_okay=False, help="Where to write the figures.")],
    rate: Annotated[
        float | None, typer.Option(min=0.1, help="Orders per second; without it as fast as answers come.")
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Seed of the orders; their external ids are new in every run.")
    ] = 0,
    connections: Annotated[int, typer.Option(min=1, help="Streams to send over.")] = 2,
    unanswered: Annotated[
        int, typer.Option(min=1, help="Unanswered orders each stream may have.")
    ] = STREAM_UNANSWERED_LINES_MAX,
    placement: Annotated[str, typer.Option(help="pooled or dedicated.")] = "pooled",
    hosts: Annotated[int, typer.Option(min=1)] = 1,
    executors: Annotated[int, typer.Option(min=1)] = 1,
    gateways: Annotated[int, typer.Option(min=1)] = 1,
    shards: Annotated[int | None, typer.Option(min=1, help="Shards of the system's data.")] = None,
    redis_url: Annotated[str | None, typer.Option(help="A server to use instead of an embedded one.")] = None,
) -> None:
    """Start a system, load it, wait until every accepted order has ended, stop it, and write the figures."""
    options = Options(
        shape=_shape(shape),
        seconds=seconds,
        rate=rate,
        seed=seed,
        connections=connections,
        unanswered=unanswered,
        layout=Layout(placement, hosts, executors, gateways, redis_url, shards),
    )
    console = Console(stderr=True)
    try:
        figures = _run_with_display(options, console)
    except (NotStarted, GeneratorFailed) as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(EXIT_NOT_STARTED) from None
    json_file.parent.mkdir(parents=True, exist_ok=True)
    json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    console.print(summary(figures), markup=False)
    if figures["completed"] < figures["accepted"]:
        raise typer.Exit(EXIT_INCOMPLETE)


@bench.command("budget")
def budget(
    shape: ShapeArgument = "b6",
    orders: Annotated[int, typer.Option(min=1)] = 6_400,
    batch: Annotated[int, typer.Option(min=1, help="Orders that are on their way together.")] = 128,
    shards: Annotated[int, typer.Option(min=1)] = SHARDS_DEFAULT,
    json_file: Annotated[Path | None, typer.Option("--json", dir_okay=False)] = None,
) -> None:
    """Where the CPU of an order goes, stage by stage, in one process without Ray, sockets and server."""
    console = Console(stderr=True)
    measured = Budget(_shape(shape), orders, batch, shards)
    with Progress(console=console, transient=True) as shown:
        task = shown.add_task("orders", total=orders)
        figures = measured.run(lambda done: shown.update(task, completed=done))
    for stage, cost in figures["us_per_order"].items():
        console.print(f"{stage:26}{cost:8.1f} µs an order", highlight=False)
    console.print(f"{'all':26}{figures['us_per_order_total']:8.1f}", highlight=False)
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def summary(figures: dict[str, Any]) -> str:
    """One run in one line."""
    accept, cycle = figures["accept_ms"], figures["cycle_ms"]
    return (
        f"{figures['shape']}: {figures['completed']:,} of {figures['accepted']:,} accepted orders completed, "
        f"{figures['orders_per_second']:,}/s, accept p50 {accept['p50']} p99 {accept['p99']} ms, "
        f"cycle p50 {cycle.get('p50', '?')} p99 {cycle.get('p99', '?')} ms, fsync {figures['fsync']}"
    )


def _run_with_display(options: Options, console: Console) -> dict[str, Any]:
    console.print(f"starting a system for {options.shape}, {options.seconds:g} s", style="dim")
    if not console.is_terminal:
        return run(options)
    with Live(Text("starting"), console=console, transient=True, refresh_per_second=4) as live:
        return run(options, lambda figures: live.update(_shown(figures)))


def _shown(figures: dict[str, Any]) -> Text:
    names = ("sent", "accepted", "in_progress", "completed", "held", "failed")
    return Text("   ".join(f"{name.replace('_', ' ')} {figures.get(name, 0):,}" for name in names))


def _shape(given: str) -> Shape:
    for shape in SHAPES:
        if shape == given:
            return shape
    raise typer.BadParameter(f"there is no shape {given!r}; there are {', '.join(SHAPES)}")
