"""`orderloom bench elastic`, `journals` and `calls`: scaling under load, other servers, other ways to call."""

from typing import Annotated

import typer

from benchmarks.calls import BODY_BYTES, RATES, calls_compared
from benchmarks.console import (
    EXIT_INCOMPLETE,
    HostsOption,
    JsonOption,
    ShapeArgument,
    progress,
    shape_named,
    stderr,
    write,
)
from benchmarks.elastic import STEP_S, Elastic, scaled
from benchmarks.journals import compared
from benchmarks.run import Options
from benchmarks.system import Layout


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("elastic")(elastic)
    app.command("journals")(journals)
    app.command("calls")(calls)


def elastic(
    rate: Annotated[float, typer.Option(min=0.1, help="Orders per second, all the time.")],
    json_file: JsonOption,
    shape: ShapeArgument = "b6",
    step: Annotated[float, typer.Option(min=2, help="Seconds from one step to the next.")] = STEP_S,
) -> None:
    """Scale hosts, executors and gateways while orders flow: how far throughput dips, how long orders wait."""
    with progress(f"{shape} at {rate:g}/s while the system is scaled") as say:
        figures = scaled(Elastic(shape_named(shape), rate, step_s=step), say)
    write(json_file, figures)
    for each in figures["steps"]:
        moved = (
            f"in place after {each['moved_s']} s" if each["moved_s"] is not None else "not in place in time"
        )
        stderr().print(
            f"{each['step']}: {moved}, lowest {each['lowest_share_of_rate']:.0%} of the rate, longest wait "
            f"{each['longest_wait_ms']:,.0f} ms",
            markup=False,
            soft_wrap=True,
        )
    stderr().print(
        f"{figures['accepted']:,} accepted, {figures['undecided']:,} undecided, "
        f"{figures['left_in_progress']:,} not ended",
        markup=False,
    )
    if figures["left_in_progress"]:
        raise typer.Exit(EXIT_INCOMPLETE)


def journals(
    json_file: JsonOption,
    shape: ShapeArgument = "b6",
    seconds: Annotated[float, typer.Option(min=1, help="How long to load each.")] = 15.0,
    rate: Annotated[
        float | None, typer.Option(min=0.1, help="Orders per second; without it as fast as answers come.")
    ] = None,
    hosts: HostsOption = 2,
) -> None:
    """Compare one server, a Redis Cluster of three, and a server with a replica (WAITAOF 1 1) under the same load."""
    options = Options(shape_named(shape), seconds, rate, layout=Layout(hosts=hosts))
    with progress(f"{shape} with its journal in three places, {seconds:g} s each") as say:
        figures = compared(options, say)
    write(json_file, figures)
    for name, each in figures["journals"].items():
        stderr().print(
            f"{name}: {each['orders_per_second']:,} orders/s ({each['ratio']} times one server), accept p50 "
            f"{each['accept_ms']['p50']} p99 {each['accept_ms']['p99']} ms",
            markup=False,
            soft_wrap=True,
        )
    if any(each["completed"] < each["accepted"] for each in figures["journals"].values()):
        raise typer.Exit(EXIT_INCOMPLETE)


def calls(
    json_file: JsonOption,
    seconds: Annotated[float, typer.Option(min=0.5, help="How long to call at each rate.")] = 4.0,
    body: Annotated[int, typer.Option(min=0, help="Bytes of a call and of its answer.")] = BODY_BYTES,
) -> None:
    """Compare a call between two processes through Ray with one over a channel: CPU of both, and latency."""
    with progress(f"calls of {body:,} bytes, {seconds:g} s at each rate") as say:
        figures = calls_compared(RATES, seconds, body, say)
    write(json_file, figures)
    for way, measured in figures["calls"].items():
        for each in measured:
            stderr().print(
                f"{way} at {each['rate']:g}/s: caller {each['caller_us']:,} us, callee {each['callee_us']:,} us, "
                f"p50 {each['latency_ms']['p50']} p99 {each['latency_ms']['p99']} ms",
                markup=False,
                soft_wrap=True,
            )
