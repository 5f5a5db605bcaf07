"""`orderloom ingest`: orders in from a Redis stream, into the system that runs on the data folder."""

import asyncio
import logging
import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.failing import CommandFailed
from gateway.commands.running import DATA_DEFAULT, DataOption, record_of, token_of

if TYPE_CHECKING:
    from gateway.redis_intake import IntakeCounts
    from runtime.run_record import RunRecord


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("ingest")(ingest)


def ingest(
    redis_stream: Annotated[str, typer.Option(metavar="KEY", help="The stream to read.")],
    group: Annotated[
        str, typer.Option(help="The consumer group; made at the stream's start when it is new.")
    ],
    redis_url: Annotated[
        str | None, typer.Option(help="Server of the stream; the journal's own unless said.")
    ] = None,
    consumer: Annotated[
        str | None, typer.Option(help="Name of this consumer in the group; host and process unless said.")
    ] = None,
    data: DataOption = DATA_DEFAULT,
) -> None:
    """Take orders from a Redis stream until Ctrl-C; an entry is acknowledged once its order is on disk.

    An entry's field `order` holds a TMF622 order as JSON, an optional field `idempotencyKey` its key. What can never
    become an order goes to `KEY:refused`, with the reason.
    """
    record = record_of(data)
    if not record.ray_address:
        raise CommandFailed(f"the system on {data} is starting; look into {data / 'log'}")
    url = redis_url or record.options.journal_url
    name = consumer or f"{socket.gethostname()}-{os.getpid()}"
    counts = asyncio.run(_run(record, url, redis_stream, group, name))
    typer.echo(
        f"{counts.accepted} accepted, {counts.duplicates} already known, {counts.refused} refused", err=True
    )


async def _run(record: "RunRecord", url: str, stream: str, group: str, consumer: str) -> "IntakeCounts":
    if record.options.ray_address == "local":
        # A Ray that was started here asks for its token; joined by an address, it must be told to show it.
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    import ray
    import redis.asyncio as redis

    from gateway.auth import read_tokens
    from gateway.redis_intake import RedisIntake
    from runtime.cluster.boot import namespace_of
    from runtime.cluster.router import Router

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    options = record.options
    tokens = Path(record.token_file)
    principal = read_tokens(tokens)[token_of(tokens)]
    ray.init(
        address=record.ray_address,
        namespace=namespace_of(options.data),
        logging_level=logging.ERROR,
        log_to_driver=False,
    )
    # After Ray's start, which brings a handler of its own.
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    router = await Router.connect(consumer, options)
    client = redis.Redis.from_url(url)
    intake = RedisIntake(client, router, principal, stream=stream, group=group, consumer=consumer)
    typer.echo(f"reading {stream} as {consumer} of {group}; Ctrl-C stops", err=True)
    try:
        await intake.run(stop)
    finally:
        await client.aclose()
        await router.close()
        ray.shutdown()
    return intake.counts
