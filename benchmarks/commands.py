"""`orderloom bench`: the commands of this floor, added to the CLI by the entry point group `orderloom.commands`.

Exit codes: 0 done, 1 a measured run in which an accepted order did not complete, 2 wrong usage, 3 the system or the
generator did not start.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks import (
    commands_of_changes,
    commands_of_files,
    commands_of_lives,
    commands_of_peers,
    commands_of_searches,
)
from benchmarks.budget import Budget
from benchmarks.chaos_command import chaos_run
from benchmarks.console import (
    EXIT_INCOMPLETE,
    ExecutorsOption,
    GatewaysOption,
    HostsOption,
    JsonOption,
    ShapeArgument,
    progress,
    shape_named,
    shown,
    stderr,
    write,
)
from benchmarks.decomposing import measured
from benchmarks.run import Options, run
from benchmarks.shapes import order_lines
from benchmarks.system import Layout
from runtime.limits import SHARDS_DEFAULT, STREAM_UNANSWERED_LINES_MAX

bench = typer.Typer(help="Load shapes and measured runs.", no_args_is_help=True, add_completion=False)
bench.command("chaos")(chaos_run)


@bench.command("orders")
def print_orders(
    shape: ShapeArgument,
    count: Annotated[int, typer.Option(min=0, help="How many orders.")],
    seed: Annotated[
        int, typer.Option(help="The same seed gives the same orders, external ids included.")
    ] = 0,
) -> None:
    """Print TMF622 orders as NDJSON, ready for `POST /stream/v1/productOrder`."""
    lines = order_lines(shape_named(shape), count, seed)
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
    json_file: JsonOption,
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
    hosts: HostsOption = 1,
    executors: ExecutorsOption = 1,
    gateways: GatewaysOption = 1,
    shards: Annotated[int | None, typer.Option(min=1, help="Shards of the system's data.")] = None,
    redis_url: Annotated[str | None, typer.Option(help="A server to use instead of an embedded one.")] = None,
) -> None:
    """Start a system, load it, wait until every accepted order has ended, stop it, and write the figures."""
    options = Options(
        shape=shape_named(shape),
        seconds=seconds,
        rate=rate,
        seed=seed,
        connections=connections,
        unanswered=unanswered,
        layout=Layout(placement, hosts, executors, gateways, redis_url, shards),
    )
    with progress(f"starting a system for {options.shape}, {options.seconds:g} s") as say:
        figures = run(options, lambda counted: say(shown(counted)))
    write(json_file, figures)
    stderr().print(summary(figures), markup=False, soft_wrap=True)
    if figures["completed"] < figures["accepted"] or figures["hosts_replaced"]:
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
    measured = Budget(shape_named(shape), orders, batch, shards)
    with progress(f"{orders:,} orders of {shape}") as say:
        figures = measured.run(lambda done: say(f"{done:,} orders"))
    for stage, cost in figures["us_per_order"].items():
        stderr().print(f"{stage:26}{cost:8.1f} µs an order")
    stderr().print(f"{'all':26}{figures['us_per_order_total']:8.1f}")
    if json_file is not None:
        write(json_file, figures)


@bench.command("decompose")
def decomposing(
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to measure each figure.")] = 1.0,
    json_file: Annotated[Path | None, typer.Option("--json", dir_okay=False)] = None,
) -> None:
    """What decomposition costs: standard orders, lines with rules, large orders, a catalog of 10,000 specifications."""
    with progress("loading the sample catalog") as say:
        figures = measured(seconds, say)
    large = figures["large_catalog"]
    rows = {
        **{f"order {shape}": cost for shape, cost in figures["us_per_order"].items()},
        **{f"line of {count}": cost for count, cost in figures["us_per_line_of_mega"].items()},
        **{f"line {name}": cost for name, cost in figures["us_per_ruled_line"].items()},
        **{f"{name} line of a catalog": cost for name, cost in figures["us_to_compile"].items()},
        "order triple-play, large catalog": large["us_per_order"]["triple-play"],
        **{f"line {name}, large catalog": cost for name, cost in large["us_per_ruled_line"].items()},
    }
    for name, cost in rows.items():
        stderr().print(f"{name:56}{cost:9.1f} µs", markup=False)
    stderr().print(
        f"{large['specifications']:,} specifications loaded in {large['load_cpu_s']} s of CPU", markup=False
    )
    if json_file is not None:
        write(json_file, figures)


def summary(figures: dict[str, Any]) -> str:
    """One run in one line."""
    accept, cycle = figures["accept_ms"], figures["cycle_ms"]
    if figures["hosts_replaced"]:
        return (
            f"{figures['shape']}: a host was replaced during the run, and what it had counted is lost: these figures "
            "are none. Is the machine busy with other work?"
        )
    return (
        f"{figures['shape']}: {figures['completed']:,} of {figures['accepted']:,} accepted orders completed, "
        f"{figures['orders_per_second']:,}/s, accept p50 {accept['p50']} p99 {accept['p99']} ms, "
        f"cycle p50 {cycle.get('p50', '?')} p99 {cycle.get('p99', '?')} ms, fsync {figures['fsync']}"
    )


commands_of_searches.add_to(bench)
commands_of_changes.add_to(bench)
commands_of_lives.add_to(bench)
commands_of_peers.add_to(bench)
commands_of_files.add_to(bench)
