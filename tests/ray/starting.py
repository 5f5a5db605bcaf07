"""Parts of a cluster that several modules of tests start in ways of their own."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.auth import Principal, generate_token, write_tokens
from runtime.cluster.options import ClusterOptions
from runtime.journal.embedded import EmbeddedServer


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(data: Path, shards: int, **options: Any) -> Iterator[tuple[ClusterOptions, str]]:
    """An embedded server on a folder; options for a cluster on it, and the operator's token."""
    with asyncio.Runner() as runner:
        server = EmbeddedServer(data / "redis", shards=shards)
        runner.run(server.start())
        token = generate_token()
        write_tokens(data / "tokens.json", {token: Principal("tests", "tests")})
        layout = ClusterOptions(
            data=str(data),
            journal_url=server.url,
            shards=shards,
            port=free_port(),
            dashboard_port=free_port(),
            token_file=str(data / "tokens.json"),
            **options,
        )
        try:
            yield layout, token
        finally:
            runner.run(server.stop())
