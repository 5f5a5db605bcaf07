"""Dispatches by the handful, and an element as a process."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.behaviour import Dispatch
from runtime.tasks.wire import DispatchEntry, encode_dispatches


def entry(
    order: str = "o1",
    *,
    task: str = "1.1:activate",
    target: str = "olt",
    generation: int = 1,
    attempt: int = 1,
    shard: int = 3,
    epoch: int = 7,
    left_ms: int = 30_000,
    priority: int | None = None,
    **characteristics: Any,
) -> DispatchEntry:
    until = time.time_ns() // 1_000_000 + left_ms
    request: dict[str, Any] = {"task": "activate", "action": "add", "characteristics": characteristics}
    if priority is not None:
        request["priority"] = priority
    return shard, epoch, order, Dispatch(task, generation, attempt, target, until, request)


def batch(*entries: DispatchEntry) -> bytes:
    return encode_dispatches(entries)


class ElementProcess:
    """``python -m runtime.tasks.element`` until it is killed."""

    def __init__(self, ledger: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "runtime.tasks.element",
                "--ledger",
                str(ledger),
                "--with-parent",
                *options,
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.ready = json.loads(line) if line else {}
        self.url: str = self.ready.get("url", "")

    def kill(self) -> None:
        self.process.kill()
        self.end()

    def end(self) -> int:
        self.process.terminate()
        code = self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture
def element() -> Iterator[Callable[..., ElementProcess]]:
    started: list[ElementProcess] = []

    def start(ledger: Path, *options: str) -> ElementProcess:
        started.append(ElementProcess(ledger, *options))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.kill()
