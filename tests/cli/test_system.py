"""A whole system by its commands: one start, questions, kills, the same orders after each, and nothing left over."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import redis

from runtime.descendants import below
from runtime.journal.lock import Process
from runtime.run_record import RunRecord, read
from tests.cli.conftest import COMMAND, ROOT

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]


class Up:
    """`orderloom up` as a process; the ready line it printed."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [*COMMAND, "up", "--data", str(data), "--port", "0", "--hosts", "1"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())

    @property
    def record(self) -> RunRecord:
        record = read(self.data)
        assert record is not None
        return record

    def everything(self) -> list[Process]:
        return below(self.process.pid)

    def kill(self) -> list[Process]:
        """As a power cut for `up` alone: what it had started is given back."""
        started = self.everything()
        self.process.kill()
        self.process.wait()
        return started


def asked(data: Path, *arguments: str) -> Any:
    told = subprocess.run(
        [*COMMAND, *arguments, "--data", str(data), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(told.stdout)


def wait(condition: Callable[[], object], seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.1)


def test_a_system_from_start_to_end(tmp_path: Path) -> None:
    data = tmp_path / "data"
    up = Up(data)
    try:
        assert up.ready["ready"] is True
        assert {"coordinator", "hosts", "executors", "gateways", "up", "server"} <= set(up.ready["pids"])
        lines = subprocess.run(
            [*COMMAND, "bench", "orders", "mobile", "--count", "20"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        answered = httpx.post(
            up.ready["gateway"] + "/stream/v1/productOrder",
            content=lines,
            headers={"Authorization": f"Bearer {up.ready['token']}", "Content-Type": "application/x-ndjson"},
            trust_env=False,
        )
        ids = {json.loads(line)["id"] for line in answered.text.splitlines()}
        assert len(ids) == 20

        def completed() -> bool:
            return {
                order["id"] for order in asked(data, "order", "list", "--state", "completed", "--limit", "99")
            } == ids

        wait(completed)
        one = sorted(ids)[0]
        assert asked(data, "order", "show", one)["state"] == "completed"
        facts = [
            event["event"] for record in asked(data, "order", "journal", one) for event in record["events"]
        ]
        assert facts[0] == "submitted"
        status = asked(data, "status")
        assert status["pids"]["up"] == up.process.pid and status["completed"] == 20

        # Orders that come in over a Redis stream join them.
        with redis.Redis.from_url(up.record.options.journal_url) as client:
            client.xadd("shop:orders", {"order": lines.splitlines()[0].replace(b"mobile-0-0", b"streamed")})
        ingest = [*COMMAND, "ingest", "--redis-stream", "shop:orders", "--group", "us", "--data", str(data)]
        feeding = subprocess.Popen(ingest, cwd=ROOT)
        wait(lambda: asked(data, "order", "list", "--external-id", "streamed", "--state", "completed"))
        feeding.send_signal(signal.SIGINT)
        assert feeding.wait(20) == 0
        ids.add(asked(data, "order", "list", "--external-id", "streamed")[0]["id"])

        # Ray is lost: all of it comes back on the same data, under the same address.
        keeper = up.record.ray
        assert keeper is not None
        (raylet,) = [child for child in psutil.Process(keeper.pid).children() if child.name() == "raylet"]
        raylet.kill()
        wait(lambda: up.record.ready and up.record.ray not in (None, keeper))
        assert completed()

        # `up` is killed: nothing of it stays, and the next one finds everything.
        left = up.kill()
        wait(lambda: not any(process.lives() for process in left), 15)
        token = up.ready["token"]
        up = Up(data)
        assert up.ready["token"] == token
        assert completed()

        left = up.everything()
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(40) == 0
        assert [process for process in left if process.lives()] == []
        assert not (data / "run.json").exists()
    finally:
        if up.process.poll() is None:
            os.kill(up.process.pid, signal.SIGTERM)
            up.process.wait(60)
