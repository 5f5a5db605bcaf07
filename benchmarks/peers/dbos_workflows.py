"""DBOS: an order is a workflow, its lines are child workflows, a task is a step; kept in SQLite or PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.peers.driving import Absent
from benchmarks.peers.work import KINDS, completed, element, lines_of
from benchmarks.shapes import Order

GET_IT = "pip install dbos"

_ends: dict[str, "asyncio.Future[Any]"] = {}
"""The ends that are waited for: told by the workflow itself, because DBOS would be asked once a second."""


async def _task(kind: str, order: str, line: dict[str, Any]) -> dict[str, str]:
    return element(kind, order, line)


class Workflows:
    """The peer while it runs."""

    def __init__(self, dbos: Any) -> None:
        self.dbos = dbos
        self.order = workflow_of(dbos)

    async def accept(self, key: str, order: Order) -> "asyncio.Future[Any]":
        """See :class:`benchmarks.peers.driving.Running`. The workflow's id is the order's key, as for idempotency."""
        from dbos import SetWorkflowID

        ending = _ends[key] = asyncio.get_running_loop().create_future()
        with SetWorkflowID(key):
            await self.dbos.start_workflow_async(self.order, order)
        return ending


def workflow_of(dbos: Any) -> Any:
    """The workflow of an order, registered with DBOS: before it is launched, and as functions."""

    async def line_run(order: str, line: dict[str, Any]) -> dict[str, Any]:
        done = {kind: await dbos.run_step_async(None, _task, kind, order, line) for kind in KINDS}
        return {**line, "done": done}

    line = dbos.workflow(name="line")(line_run)

    async def order_run(order: Order) -> dict[str, Any]:
        key = order["externalId"]
        started = [await dbos.start_workflow_async(line, key, each) for each in lines_of(order)]
        end = completed(key, [await each.get_result() for each in started])
        if (waiting := _ends.pop(key, None)) is not None and not waiting.done():
            waiting.set_result(end)
        return end

    return dbos.workflow(name="order")(order_run)


@asynccontextmanager
async def kept_in(database_url: str) -> AsyncIterator[Workflows]:
    """DBOS on a database.

    :raises Absent: DBOS is not installed.
    """
    try:
        from dbos import DBOS
    except ImportError:
        raise Absent(f"DBOS is not installed: {GET_IT}") from None
    DBOS(
        config={
            "name": "orderloom-peer",
            "system_database_url": database_url,
            "log_level": "ERROR",
            "enable_otlp": False,
        }
    )
    peer = Workflows(DBOS)
    DBOS.launch()
    try:
        yield peer
    finally:
        DBOS.destroy()


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Workflows]:
    """DBOS on SQLite."""
    async with kept_in(f"sqlite:///{folder / 'dbos.sqlite'}") as peer:
        yield peer
