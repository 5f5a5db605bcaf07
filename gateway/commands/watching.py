"""`orderloom status`, `scale` and `autoscale`: what runs, what flows, and how much of it there should be."""

from typing import Annotated, Any

import typer

from gateway.commands.failing import EXIT_USAGE, CommandFailed
from gateway.commands.running import (
    DATA_DEFAULT,
    DataOption,
    JsonOption,
    answer,
    gateway,
    print_json,
    record_of,
)

COUNTERS = ("accepted", "in_progress", "completed", "failed", "held", "transitions", "commits")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("status")(status)
    app.command("scale")(scale)
    app.command("autoscale")(autoscale)


def status(data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Show processes, shards and counters as they are now."""
    record = record_of(data)
    with gateway(data) as client:
        told: dict[str, Any] = answer(client.get("/api/v1/status"))
    # The record is read again: a server or a Ray that was started anew has another pid.
    told["pids"] = {**told.get("pids", {}), **record_of(data).own_pids()}
    told = {"gateway": record.url, "dashboard": record.dashboard, "started": record.started, **told}
    if as_json:
        print_json(told)
    else:
        _show(told)


def _show(told: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"gateway   {told['gateway']} (since {told['started']})")
    console.print(f"dashboard {told['dashboard'] or '-'}")
    console.print(f"catalog   {told.get('catalog', '-')}", markup=False)
    cycle = told.get("cycle_ms", {})
    counters = Table.grid(padding=(0, 2))
    counters.add_column()
    counters.add_column(justify="right")
    for name in COUNTERS:
        counters.add_row(name.replace("_", " "), f"{told[name]:,}" if name in told else "-")
    for name in ("p50", "p99", "p999"):
        counters.add_row(f"cycle {name} ms", str(cycle.get(name, "-")))
    console.print(counters)
    shards = _shards_by_owner(told.get("shards", []))
    processes = Table("process", "pid", "shards", "catalog")
    hosts = told.get("hosts", {})
    for role, pid in _flat(told["pids"]):
        catalog = escape(hosts.get(role, {}).get("catalog", ""))
        processes.add_row(role, str(pid), str(shards.get(role, "")), catalog)
    console.print(processes)
    if shards.get(""):
        console.print(f"{shards['']} shards have no owner at the moment", style="yellow")
    for shard in told.get("shards", []):
        if "stopped" in shard:
            console.print(f"stopped: {shard['stopped']}", style="red", markup=False)


def _shards_by_owner(shards: Any) -> dict[str, int]:
    counted: dict[str, int] = {}
    for shard in shards if isinstance(shards, list) else []:
        owner = str(shard.get("owner") or "")
        counted[owner] = counted.get(owner, 0) + 1
    return counted


def _flat(pids: dict[str, Any]) -> list[tuple[str, int]]:
    rows: list[tuple[str, int]] = []
    for role, value in pids.items():
        rows += list(value.items()) if isinstance(value, dict) else [(role, value)]
    return rows


def scale(
    hosts: Annotated[int | None, typer.Option(min=1, help="How many hosts there should be.")] = None,
    executors: Annotated[int | None, typer.Option(min=1, help="How many executors.")] = None,
    gateways: Annotated[int | None, typer.Option(min=1, help="How many gateway replicas.")] = None,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Ask for other numbers of processes; what is left out stays as it is. Shards move while orders flow."""
    asked = {"hosts": hosts, "executors": executors, "gateways": gateways}
    wanted = {kind: number for kind, number in asked.items() if number is not None}
    if not wanted:
        raise CommandFailed("say what to scale: --hosts, --executors or --gateways", EXIT_USAGE)
    with gateway(data) as client:
        now = answer(client.post("/api/v1/scale", json=wanted))
    if as_json:
        print_json(now)
    else:
        typer.echo("wanted: " + ", ".join(f"{number} {kind}" for kind, number in now.items()))


def autoscale(
    mode: Annotated[
        str,
        typer.Argument(help="`off`; `dry-run`: say in log and status what would be done; `on`: do it."),
    ],
    hosts: Annotated[tuple[int, int], typer.Option(min=1, help="At least and at most so many.")] = (1, 8),
    executors: Annotated[tuple[int, int], typer.Option(min=1, help="At least and at most so many.")] = (1, 8),
    waiting_per_host: Annotated[
        int, typer.Option(min=1, help="More hosts beyond so many waiting messages each.")
    ] = 500,
    cycle_p99_ms: Annotated[int, typer.Option(min=1, help="More hosts beyond this cycle time.")] = 2_000,
    out_per_executor: Annotated[
        int, typer.Option(min=1, help="More executors beyond so many tasks each.")
    ] = 2_000,
    cool_down_s: Annotated[
        float, typer.Option(min=0, help="After a change nothing changes for so long.")
    ] = 60.0,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Let the numbers of hosts and executors follow the load, or say what that would do."""
    from runtime.cluster.autoscale import MODES

    if mode not in MODES:
        raise CommandFailed(f"the mode is {', '.join(MODES)}, not {mode!r}", EXIT_USAGE)
    targets = {
        "hosts": list(hosts),
        "executors": list(executors),
        "waiting_per_host": waiting_per_host,
        "cycle_p99_ms": cycle_p99_ms,
        "out_per_executor": out_per_executor,
        "cool_down_s": cool_down_s,
    }
    with gateway(data) as client:
        now = answer(client.post("/api/v1/autoscale", json={"mode": mode, "targets": targets}))
    if as_json:
        print_json(now)
    else:
        typer.echo(f"autoscale: {now['mode']}")
