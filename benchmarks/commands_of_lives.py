"""`orderloom bench memory`, `recovery` and `restart`: what many live orders cost, and how soon they are back."""

from typing import Annotated

import typer

from benchmarks import memory as memory_room
from benchmarks import recovery as recovery_room
from benchmarks import restart as restart_room
from benchmarks.console import (
    EXIT_INCOMPLETE,
    ExecutorsOption,
    HostsOption,
    JsonOption,
    progress,
    stderr,
    write,
)
from benchmarks.restart import ENDED, Ended
from benchmarks.system import Layout
from benchmarks.waiting import WAITS, Waits

WaitsOption = Annotated[
    str,
    typer.Option(
        help="What live orders wait for: information (they wait in their host only), or answers (of elements that "
        "take a day: every task also waits in an executor)."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("memory")(memory)
    app.command("recovery")(recovery)
    app.command("restart")(restart)


def memory(
    json_file: JsonOption,
    orders: Annotated[int, typer.Option(min=1, help="How many live b6 orders.")] = 200_000,
    waits: WaitsOption = "information",
    hosts: HostsOption = 1,
    executors: ExecutorsOption = 1,
) -> None:
    """Measure memory per live order, hosts and Redis together: with all groups in memory, and passivated."""
    with progress(f"memory of {orders:,} live orders") as say:
        figures = memory_room.measured(orders, _waits(waits), Layout(hosts=hosts, executors=executors), say)
    write(json_file, figures)
    full, idle = figures["in_memory"], figures["passivated"]
    stderr().print(
        f"{full['bytes_per_order']:,} bytes an order with {full['groups_in_memory']:,} of {full['live']:,} groups in "
        f"memory, {idle['bytes_per_order']:,} with {idle['groups_in_memory']:,}",
        markup=False,
        soft_wrap=True,
    )


def recovery(
    json_file: JsonOption,
    orders: Annotated[int, typer.Option(min=1, help="How many live b6 orders.")] = 100_000,
    passivated: Annotated[
        bool, typer.Option("--passivated", help="Kill only when all groups have left memory.")
    ] = False,
    waits: WaitsOption = "information",
    hosts: HostsOption = 2,
    executors: ExecutorsOption = 1,
) -> None:
    """Kill a host with -9 and measure how long it takes until all its shards take messages again."""
    with progress(f"recovery with {orders:,} live orders") as say:
        figures = recovery_room.measured(
            orders, _waits(waits), Layout(hosts=hosts, executors=executors), passivated, say
        )
    write(json_file, figures)
    times, kept = figures["recovery"], figures["live_after"] >= figures["live_before"]
    stderr().print(
        f"{figures['shards_lost']} shards lost: first working after {times['first_s']} s, half after "
        f"{times['median_s']} s, all after {times['all_s']} s; live orders {figures['live_before']:,} before, "
        f"{figures['live_after']:,} after, probes included",
        markup=False,
        soft_wrap=True,
    )
    if times["never"] or not kept:
        raise typer.Exit(EXIT_INCOMPLETE)


def restart(
    json_file: JsonOption,
    orders: Annotated[int, typer.Option(min=1, help="How many b6 orders the journal has.")] = 1_000_000,
    live: Annotated[int, typer.Option(min=0, help="How many of them have not ended.")] = 100_000,
    ended: Annotated[
        str, typer.Option(help="How the system ends before: stopped in order, or killed at once.")
    ] = "stopped",
    waits: WaitsOption = "information",
    hosts: HostsOption = 1,
    executors: ExecutorsOption = 1,
) -> None:
    """Start again over a full journal: cold, and with the server up, until the first new order is accepted."""
    if live > orders:
        raise typer.BadParameter(f"of {orders:,} orders {live:,} cannot be live")
    with progress(f"start with {orders:,} orders, {live:,} live") as say:
        figures = restart_room.measured(
            orders, live, _ended(ended), _waits(waits), Layout(hosts=hosts, executors=executors), say
        )
    write(json_file, figures)
    cold, warm = figures["cold"], figures["server_up"]
    stderr().print(
        f"first new order accepted after {cold['first_order_accepted_s']} s cold, "
        f"{warm['first_order_accepted_s']} s with the server up (which loads in {warm['server_loading_s']} s)",
        markup=False,
        soft_wrap=True,
    )
    if not (cold["all_live_found"] and warm["all_live_found"]):
        raise typer.Exit(EXIT_INCOMPLETE)


def _waits(given: str) -> Waits:
    for each in WAITS:
        if each == given:
            return each
    raise typer.BadParameter(f"live orders wait for {' or '.join(WAITS)}, not for {given!r}")


def _ended(given: str) -> Ended:
    for each in ENDED:
        if each == given:
            return each
    raise typer.BadParameter(f"a system is {' or '.join(ENDED)}, not {given!r}")
