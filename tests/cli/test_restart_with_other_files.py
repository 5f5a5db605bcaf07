"""A system that is started again with other catalog files: its orders keep their versions, whatever the files say."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.shapes import orders
from gateway.client import OrderloomClient
from tests.cli.conftest import COMMAND, ROOT
from tests.ray.test_publishing import TASK, graph, sample_files

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(400)]

LATER_S = 25.0
"""An order that is accepted by one system begins this much later, in the next one."""
Work = Callable[[OrderloomClient], Awaitable[Any]]


class System:
    """`orderloom up` on a folder with catalog files, started again and again."""

    def __init__(self, folder: Path) -> None:
        self.data, self.catalog = folder / "data", folder / "catalog"

    def write(self, version: str, task: str) -> None:
        self.catalog.mkdir(exist_ok=True)
        for file in sample_files(version, task):
            (self.catalog / file["name"]).write_text(file["text"], encoding="utf-8")

    def up(self, work: Work | None = None) -> tuple[int, str, Any]:
        """Run it for as long as ``work`` takes: exit code, what it said, and what came of the work."""
        command = [*COMMAND, "up", "--data", str(self.data), "--port", "0", "--hosts", "1"]
        process = subprocess.Popen(
            [*command, "--catalog", str(self.catalog)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        line, result = process.stdout.readline(), None
        try:
            if line and work is not None:
                ready = json.loads(line)
                result = asyncio.run(_with_client(ready["gateway"], ready["token"], work))
        finally:
            process.terminate()
            _, said = process.communicate(timeout=90)
        return process.returncode, said, result

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [*COMMAND, "catalog", *arguments, "--data", str(self.data)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


async def _with_client(url: str, token: str, work: Work) -> Any:
    async with OrderloomClient(url, token) as client:
        return await work(client)


async def submitted_for_later(client: OrderloomClient) -> str:
    date = (datetime.now(UTC) + timedelta(seconds=LATER_S)).isoformat()
    order = next(orders("b6", 1, salt="waits-"))
    return str((await client.submit({**order, "requestedStartDate": date}))["id"])


def with_another(waiting: str) -> Work:
    """The order that waited and one that comes in now, each with its version and its task, once they have ended."""

    async def work(client: OrderloomClient) -> list[tuple[str, set[str]]]:
        answer = await client.submit(next(orders("b6", 1, salt=f"beside-{client.url}-")))
        found = []
        for order in (waiting, answer["id"]):
            assert (await client.wait_completed(order, timeout_s=90))["state"] == "completed"
            kept, tasks = await graph(client, order)
            found.append((kept, {task for task in tasks if task.startswith(TASK)}))
        return found

    return work


def test_orders_keep_their_version_over_a_restart_with_other_files(tmp_path: Path) -> None:
    system = System(tmp_path)
    system.write("one", TASK)
    _, _, waiting = system.up(submitted_for_later)
    system.write("two", f"{TASK}-anew")
    _, _, (kept, new) = system.up(with_another(waiting))
    assert kept == ("one", {TASK}) and new == ("two", {f"{TASK}-anew"})
    # Another content under a version that orders are pinned to is refused, before anything runs.
    system.write("two", f"{TASK}-otherwise")
    code, said, _ = system.up()
    assert code == 1 and "catalog version two is published with digest" in said
    assert "give the changed catalog a version of its own" in said
    # Known files do not take the catalog back, and somebody is told so. Going back is said.
    system.write("one", TASK)

    async def go_back(client: OrderloomClient) -> list[Any]:
        before = await with_another(waiting)(client)
        told = await asyncio.to_thread(system.command, "publish", str(system.catalog))
        return [
            before,
            told,
            await asyncio.to_thread(system.command, "versions"),
            await with_another(waiting)(client),
        ]

    _, said, (before, told, versions, after) = system.up(go_back)
    assert "two stays current" in said
    assert before == [("one", {TASK}), ("two", {f"{TASK}-anew"})]
    assert "version one is current again" in told
    assert [line[:5] for line in versions.splitlines()] == ["* one", "  two"]
    assert after == [("one", {TASK}), ("two", {f"{TASK}-anew"})], (
        "the same order, sent again, is the same order"
    )
