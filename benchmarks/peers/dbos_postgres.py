"""DBOS on PostgreSQL: the same workflows as on SQLite, on a server made for the run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.peers.dbos_workflows import Workflows, kept_in
from benchmarks.peers.postgres import server


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Workflows]:
    """DBOS on a PostgreSQL server of its own."""
    async with server(folder) as url, kept_in(url) as peer:
        yield peer
