"""`orderloom plan`: what a system for a given load would need."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.planning import MEASURED, BeyondTheModel, Plan, Wish, read_measured
from benchmarks.planning import plan as planned

plan = typer.Typer(help="Plan a system for a load.")


@plan.callback(invoke_without_command=True)
def plan_a_system(
    orders_per_second: Annotated[float, typer.Option(min=0.1, help="Orders per second to carry.")],
    cycle_seconds: Annotated[
        float, typer.Option(min=0, help="How long an order lives on average.")
    ] = Wish.cycle_s,
    kept_hours: Annotated[
        float, typer.Option(min=0, help="How long an ended order stays in Redis.")
    ] = Wish.kept_hours,
    cores_per_node: Annotated[int, typer.Option(min=1)] = Wish.cores_per_node,
    spare_hosts: Annotated[int, typer.Option(min=0, help="Hosts that may be lost.")] = Wish.spare_hosts,
    measured: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="Measured costs to plan with.")
    ] = MEASURED,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """Print hosts, shards, memory, Redis nodes and network for a load, and what the figures assume."""
    wish = Wish(orders_per_second, cycle_seconds, kept_hours, cores_per_node, spare_hosts)
    try:
        made = planned(wish, read_measured(measured))
    except (BeyondTheModel, msgspec.MsgspecError) as error:
        raise typer.BadParameter(str(error)) from None
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(made)).decode())
    else:
        show(made, Console(highlight=False))


def show(made: Plan, console: Console) -> None:
    """The plan as tables."""
    table = Table.grid(padding=(0, 3))
    table.add_column()
    table.add_column(justify="right")
    for name in ("hosts", "gateways", "executors", "redis_nodes", "shards", "nodes", "cores", "live_orders"):
        table.add_row(name.replace("_", " "), f"{getattr(made, name):,}")
    for name, size in made.memory_bytes.items():
        table.add_row(f"memory, {name}", f"{size / 1e9:,.1f} GB")
    for name, size in made.network_bytes_per_second.items():
        table.add_row(f"network, {name}", f"{size / 1e6:,.1f} MB/s")
    table.add_row("journal", f"{made.journal_bytes_per_day / 1e9:,.1f} GB a day")
    table.add_row("bottleneck", made.bottleneck)
    console.print(table)
    console.print("\nassuming:")
    for each in made.assumptions:
        console.print(f"- {each}", markup=False, soft_wrap=True)
