"""`orderloom up`, `down` and `demo`: a whole system in the foreground, and its end."""

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands import running
from gateway.commands.failing import EXIT_NOT_RUNNING, EXIT_USAGE, CommandFailed
from gateway.commands.running import DATA_DEFAULT, DataOption, record_of

if TYPE_CHECKING:
    from runtime.cluster.options import ClusterOptions
    from runtime.ray_keeper import Started
    from runtime.run_record import RunRecord

PORT_DEFAULT = 8080
DASHBOARD_PORT_DEFAULT = 8265
STOP_TIMEOUT_S = 60.0
PLACEMENTS = ("pooled", "dedicated")

Told = Callable[["RunRecord", "Started"], Awaitable[None]]

PortOption = Annotated[
    int,
    typer.Option(min=0, max=65_535, help="Port of the gateway; 0 for a free one.", rich_help_panel="Places"),
]
BindOption = Annotated[
    str,
    typer.Option(help="Address the gateway listens on; `0.0.0.0` for every one.", rich_help_panel="Places"),
]
RedisOption = Annotated[
    str | None,
    typer.Option(
        help="Journal on this server (`redis://…`, `unix://…`) instead of an embedded one. It must run with "
        "`appendfsync always`, or acknowledged orders are only as durable as its setting.",
        rich_help_panel="Places",
    ),
]
ReplicasOption = Annotated[
    int,
    typer.Option(
        min=0,
        help="Acknowledge only what so many replicas of the server have on disk, too (WAITAOF).",
        rich_help_panel="Places",
    ),
]
RedisClusterOption = Annotated[
    bool, typer.Option("--redis-cluster", help="The server is a Redis Cluster.", rich_help_panel="Places")
]
RayOption = Annotated[
    str,
    typer.Option(help="Address of a running Ray; `local` starts one here.", rich_help_panel="Places"),
]
PlacementOption = Annotated[
    str,
    typer.Option(
        help="`pooled`: orders live in the hosts. `dedicated`: each in a Ray actor of its own.",
        rich_help_panel="Layout",
    ),
]
HostsOption = Annotated[
    int, typer.Option(min=1, help="Processes that hold orders.", rich_help_panel="Layout")
]
ExecutorsOption = Annotated[
    int, typer.Option(min=1, help="Processes that run tasks.", rich_help_panel="Layout")
]
GatewaysOption = Annotated[
    int, typer.Option(min=1, help="Processes that speak HTTP, on one port.", rich_help_panel="Layout")
]
ShardsOption = Annotated[
    int | None,
    typer.Option(min=1, help="Shards of new data; fixed for the life of the data.", rich_help_panel="Layout"),
]
TargetsOption = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="Settings of the targets that tasks call.", rich_help_panel="Work"
    ),
]
CatalogOption = Annotated[
    list[Path] | None,
    typer.Option(
        exists=True,
        help="Catalog file or folder, repeatable; the sample catalog unless said.",
        rich_help_panel="Work",
    ),
]
TokensOption = Annotated[
    Path | None,
    typer.Option(
        dir_okay=False,
        help="File of bearer tokens; `DATA/tokens.json` unless said, made with one token when it is missing.",
        rich_help_panel="Places",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("up")(up)
    app.command("down")(down)
    app.command("demo")(demo)


def up(
    port: PortOption = PORT_DEFAULT,
    data: DataOption = DATA_DEFAULT,
    redis_url: RedisOption = None,
    redis_cluster: RedisClusterOption = False,
    placement: PlacementOption = "pooled",
    hosts: HostsOption = 2,
    executors: ExecutorsOption = 1,
    gateways: GatewaysOption = 1,
    shards: ShardsOption = None,
    ray_address: RayOption = "local",
    bind: BindOption = "127.0.0.1",
    targets: TargetsOption = None,
    catalog: CatalogOption = None,
    token_file: TokensOption = None,
    replicas: ReplicasOption = 0,
) -> None:
    """Start a system and keep it up, in the foreground, until Ctrl-C.

    Prints one JSON line once all is up: `{"ready": true, "gateway": URL, "token": …, "dashboard": URL, "pids": {…}}`.
    Started again on the same folder it finds its orders, whatever ended it.
    """
    import msgspec

    options = _options(
        port, data, redis_url, redis_cluster, placement, hosts, executors, gateways, ray_address, bind, targets,
        catalog, token_file,
    )  # fmt: skip
    if replicas and not redis_url:
        raise CommandFailed("--replicas needs a server of yours that has them: --redis-url", EXIT_USAGE)
    _serve(msgspec.structs.replace(options, replicas=replicas), shards, _print_ready, _say)


def demo(
    count: Annotated[int, typer.Option(min=1, help="How many orders to stream.")] = 3_000,
    port: PortOption = PORT_DEFAULT,
    data: DataOption = DATA_DEFAULT,
    hosts: HostsOption = 2,
    executors: ExecutorsOption = 1,
    gateways: GatewaysOption = 1,
    placement: PlacementOption = "pooled",
    redis_url: RedisOption = None,
    stay: Annotated[
        bool, typer.Option(help="Stay up afterwards until Ctrl-C, or stop when the orders have ended.")
    ] = True,
) -> None:
    """Show it: start a system, stream realistic orders through it, print where to look, stay up until Ctrl-C."""
    from gateway.commands.demonstration import Demonstration

    options = _options(
        port,
        data,
        redis_url,
        False,
        placement,
        hosts,
        executors,
        gateways,
        "local",
        "127.0.0.1",
        None,
        None,
        None,
    )
    shown = Demonstration(count, stay)
    _serve(options, None, shown.run, shown.say)
    shown.judge()


def down(
    data: DataOption = DATA_DEFAULT,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for its end.")] = STOP_TIMEOUT_S,
) -> None:
    """Stop the system that runs on the data folder, in order, and wait until nothing of it is left."""
    record = record_of(data)
    import os

    os.kill(record.up.pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while record.up.lives():
        if time.monotonic() > deadline:
            raise CommandFailed(
                f"process {record.up.pid} has not ended within {timeout:g} s; see {data / 'log'}"
            )
        time.sleep(0.05)
    typer.echo(f"the system on {data} has stopped", err=True)


def _options(
    port: int,
    data: Path,
    redis_url: str | None,
    redis_cluster: bool,
    placement: str,
    hosts: int,
    executors: int,
    gateways: int,
    ray_address: str,
    bind: str,
    targets: Path | None,
    catalog: list[Path] | None,
    token_file: Path | None,
) -> "ClusterOptions":
    """Everything that can be wrong before anything is started, and the options of what is."""
    from runtime import run_record
    from runtime.cluster.options import ClusterOptions

    if placement not in PLACEMENTS:
        raise CommandFailed(f"--placement is {' or '.join(PLACEMENTS)}, not {placement!r}", EXIT_USAGE)
    if redis_cluster and not redis_url:
        raise CommandFailed("--redis-cluster needs the --redis-url of one of its nodes", EXIT_USAGE)
    _check_catalog(catalog)
    data = data.absolute()
    earlier = run_record.read(data)
    if earlier is not None and earlier.up.lives():
        raise CommandFailed(
            f"{data} is held by process {earlier.up.pid}, whose gateway is {earlier.url}; "
            f"stop it with: orderloom down --data {data}",
            EXIT_NOT_RUNNING,
        )
    return ClusterOptions(
        data=str(data),
        journal_url=redis_url or "",
        journal_cluster=redis_cluster,
        ray_address=ray_address,
        placement=placement,
        hosts=hosts,
        executors=executors,
        gateways=gateways,
        bind=bind,
        port=port,
        dashboard_port=DASHBOARD_PORT_DEFAULT,
        token_file=str((token_file or data / "tokens.json").absolute()),
        targets_file=str(targets.absolute()) if targets else "",
        catalog=tuple(str(path.absolute()) for path in catalog or ()),
    )


def _serve(options: "ClusterOptions", shards: int | None, ready: Told, say: Callable[[str], None]) -> None:
    import msgspec

    from runtime.errors import OrderloomError
    from runtime.journal.faults import DataInUse
    from runtime.ray_process import RayFailed
    from runtime.supervisor import Supervisor

    _prepare(Path(options.data), Path(options.token_file))

    async def run() -> None:
        await Supervisor(placed, shards=shards, say=say).run(ready)

    try:
        _end_leftovers(Path(options.data))
        placed = msgspec.structs.replace(
            options,
            port=_port(options.bind, options.port),
            dashboard_port=_free(options.dashboard_port) or _any_free(),
        )
        asyncio.run(run())
    except DataInUse as held:
        raise CommandFailed(str(held), EXIT_NOT_RUNNING) from None
    except (OrderloomError, RayFailed) as failed:
        raise CommandFailed(f"the system did not come up: {failed}") from None


def _end_leftovers(data: Path) -> None:
    """Free the ports that a killed run still holds, before they are looked at; the supervisor looks again itself."""
    from runtime import run_record
    from runtime.descendants import end

    earlier = run_record.read(data)
    if earlier is not None and not earlier.up.lives():
        end(run_record.read_processes(data))


def _prepare(data: Path, token_file: Path) -> None:
    """The folder, its log, and a token, which stays the same over restarts."""
    import structlog

    from gateway.auth import Principal, generate_token, write_tokens

    (data / "log").mkdir(parents=True, exist_ok=True)
    log = (data / "log" / "up.log").open("a", encoding="utf-8", buffering=1)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(log),
    )
    if not token_file.exists():
        token_file.parent.mkdir(parents=True, exist_ok=True)
        write_tokens(token_file, {generate_token(): Principal(name="operator", client="operator")})
    running.token_of(token_file)


def _check_catalog(paths: list[Path] | None) -> None:
    if not paths:
        return
    from catalog.loader import check

    errors = [finding for finding in check(paths) if finding.severity == "error"]
    if errors:
        raise CommandFailed("the catalog has errors:\n" + "\n".join(str(finding) for finding in errors))


def _port(bind: str, port: int) -> int:
    """The gateway's port, chosen once: it stays the same when Ray is started anew."""
    if port == 0:
        return _any_free(bind)
    if not _free(port, bind):
        raise CommandFailed(
            f"port {port} of {bind} is taken by another process; choose one with --port, or 0"
        )
    return port


def _free(port: int, bind: str = "127.0.0.1") -> int:
    """The port when it is free, else 0."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((bind, port))
        except OSError as problem:
            if port and problem.errno is not None and isinstance(problem, PermissionError):
                raise CommandFailed(
                    f"port {port} may not be used by this user; choose one with --port"
                ) from None
            return 0
        return int(one.getsockname()[1])


def _any_free(bind: str = "127.0.0.1") -> int:
    found = _free(0, bind)
    if not found:
        raise CommandFailed(f"{bind} is no address of this machine", EXIT_USAGE)
    return found


async def _print_ready(record: "RunRecord", started: "Started") -> None:
    import msgspec

    line = {
        "ready": True,
        "gateway": record.url,
        "token": running.token_of(Path(record.token_file)),
        "dashboard": started.dashboard,
        "dashboard_token": started.dashboard_token,
        "pids": {**started.pids, **record.own_pids()},
    }
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


def _say(sentence: str) -> None:
    typer.echo(f"orderloom: {sentence}", err=True)
