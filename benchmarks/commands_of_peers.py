"""`orderloom bench peers`: Orderloom beside other designs, in one run."""

from typing import Annotated, Any

import typer

from benchmarks.comparison import compared
from benchmarks.console import (
    ExecutorsOption,
    GatewaysOption,
    HostsOption,
    JsonOption,
    progress,
    stderr,
    write,
)
from benchmarks.peers.process import PEERS
from benchmarks.run import Options
from benchmarks.system import Layout


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("peers")(peers)


def peers(
    json_file: JsonOption,
    seconds: Annotated[float, typer.Option(min=1, help="How long to load each.")] = 20.0,
    only: Annotated[
        list[str] | None, typer.Option(help=f"Peers to run, repeatable: {', '.join(PEERS)}. All unless said.")
    ] = None,
    limit_hosts: Annotated[
        list[int] | None,
        typer.Option(min=0, help="Hosts of the bare pipeline, repeatable; 1 and 2 unless said, 0 for none."),
    ] = None,
    hosts: HostsOption = 1,
    executors: ExecutorsOption = 1,
    gateways: GatewaysOption = 1,
) -> None:
    """Do the same b6 work with Orderloom, the bare pipeline and each peer, and give the ratios."""
    for name in only or ():
        if name not in PEERS:
            raise typer.BadParameter(f"there is no peer {name!r}; there are {', '.join(PEERS)}")
    options = Options(
        "b6", seconds=seconds, layout=Layout(hosts=hosts, executors=executors, gateways=gateways)
    )
    with progress(f"peers, {seconds:g} s each") as say:
        figures = compared(
            options, only or tuple(PEERS), [each for each in limit_hosts or (1, 2) if each], say
        )
    write(json_file, figures)
    console = stderr()
    for line in summary(figures):
        console.print(line, markup=False, soft_wrap=True)


def summary(figures: dict[str, Any]) -> list[str]:
    """One line for each."""
    lines = []
    for name, each in figures["peers"].items():
        if "skipped" in each:
            lines.append(f"{name}: skipped: {each['skipped']}")
        else:
            lines.append(
                f"{name}: {each['orders_per_second']:,} orders/s, Orderloom does {each['ratio']:,} times that"
            )
    if figures["share_of_limit"] is not None:
        lines.append(f"share of the bare pipeline's best: {figures['share_of_limit']}")
    return lines
