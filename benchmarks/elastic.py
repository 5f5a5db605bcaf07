"""Scaling while orders flow: how far throughput dips and how long orders wait, at each step.

The load goes on at one rate from the first step to the last. The generator tells twice a second how many orders were
accepted and the longest that one of them had waited, counted from when it was due: that is the timeline. A step's *dip*
is the lowest rate of acceptance over a second, from when the step was asked for until ``STEP_S`` later, as a share of
the load's rate; *moved* is when the table named a host for every shard, and as many as were asked for.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import httpx

from benchmarks.generator import Load
from benchmarks.machine import circumstances, machine
from benchmarks.run import STATUS_PATH, Watch, salt, send
from benchmarks.shapes import Shape
from benchmarks.system import Layout, System, running

SCALE_PATH: Final = "/api/v1/scale"
STEP_S: Final = 20.0
"""From one step to the next."""
MOVED_S: Final = 15.0
LOOK_S: Final = 0.1
END_S: Final = 60.0
STEPS: Final[tuple[dict[str, int], ...]] = (
    {"hosts": 2},
    {"executors": 2},
    {"gateways": 2},
    {"hosts": 3},
    {"hosts": 1, "executors": 1, "gateways": 1},
)

Say = Callable[[str], None]
Point = dict[str, float]


@dataclass(frozen=True)
class Elastic:
    """What to measure: ``rate`` in orders/s, ``steps`` in turn, from a system with one of each."""

    shape: Shape
    rate: float
    steps: Sequence[dict[str, int]] = STEPS
    step_s: float = STEP_S


def scaled(options: Elastic, say: Say) -> dict[str, Any]:
    """Measure, in a system made for it.

    :raises benchmarks.system.NotStarted: the system did not come up.
    :raises benchmarks.run.GeneratorFailed: the load could not be sent.
    """
    return asyncio.run(_scaled(options, say))


async def _scaled(options: Elastic, say: Say) -> dict[str, Any]:
    found = circumstances()
    async with running(Layout()) as system:
        authorization = {"Authorization": f"Bearer {system.token}"}
        async with httpx.AsyncClient(base_url=system.url, headers=authorization, timeout=30) as http:
            watch = Watch(http)
            await watch.start()
            timeline: list[Point] = []
            began = time.monotonic()

            def seen(told: dict[str, Any]) -> None:
                timeline.append(_point(told, time.monotonic() - began, timeline))
                say(f"{told['accepted']:,} accepted")

            sending = asyncio.create_task(send(_load(options, system), watch, lambda _: None, seen))
            steps = await _steps(options, http, began, say)
            sent = await sending
            left = await _left(http)
    return {
        "kind": "elastic",
        "shape": options.shape,
        "rate": options.rate,
        "accepted": sent["accepted"],
        "sent": sent["sent"],
        "statuses": sent["statuses"],
        "undecided": sent["undecided"],
        "left_in_progress": left,
        "accept_ms": sent["accept_ms"],
        "steps": [step | dipped(timeline, step["at_s"], options.step_s, options.rate) for step in steps],
        "timeline": timeline,
        "machine": machine(),
        **found,
    }


def dipped(timeline: Sequence[Point], at: float, seconds: float, rate: float) -> dict[str, float]:
    """The lowest acceptance over a second from ``at`` on, as a share of the rate, and the longest wait, in ms."""
    during = [point for point in timeline if at <= point["at_s"] < at + seconds]
    pairs = [
        (first["accepted_per_second"] + second["accepted_per_second"]) / 2
        for first, second in pairwise(during)
    ]
    return {
        "lowest_share_of_rate": round(min(pairs, default=0.0) / rate, 3),
        "longest_wait_ms": max((point["longest_wait_ms"] for point in during), default=0.0),
    }


def _point(told: dict[str, Any], at: float, before: Sequence[Point]) -> Point:
    since = at - before[-1]["at_s"] if before else at
    accepted = told["accepted"] - (before[-1]["accepted"] if before else 0)
    return {
        "at_s": round(at, 2),
        "accepted": told["accepted"],
        "accepted_per_second": round(accepted / since, 1) if since > 0 else 0.0,
        "longest_wait_ms": told["longest_ms"],
    }


async def _steps(options: Elastic, http: httpx.AsyncClient, began: float, say: Say) -> list[dict[str, Any]]:
    steps = []
    for number, step in enumerate(options.steps, 1):
        await asyncio.sleep(max(0.0, began + number * options.step_s - time.monotonic()))
        said = ", ".join(f"{name} to {count}" for name, count in step.items())
        say(f"scaling {said}")
        asked = time.monotonic()
        answer = await http.post(SCALE_PATH, json=step)
        answer.raise_for_status()
        steps.append(
            {"step": said, "at_s": round(asked - began, 2), "moved_s": await _moved(http, step, asked)}
        )
    return steps


async def _moved(http: httpx.AsyncClient, step: dict[str, int], asked: float) -> float | None:
    """Seconds until what was asked for is there and every shard has a host; None: not within ``MOVED_S``."""
    while time.monotonic() - asked < MOVED_S:
        with suppress(httpx.HTTPError):
            status = (await http.get(STATUS_PATH)).json()
            owners = {shard["owner"] for shard in status["shards"]}
            there = {name: len(status["pids"][name]) for name in step}
            if there == step and step.get("hosts", len(owners)) == len(owners) and "" not in owners:
                return round(time.monotonic() - asked, 2)
        await asyncio.sleep(LOOK_S)
    return None


async def _left(http: httpx.AsyncClient) -> int:
    """Accepted orders that have not ended, after waiting for them; hosts that went took their counters along."""
    until = time.monotonic() + END_S
    while True:
        with suppress(httpx.HTTPError):
            live = int((await http.get(STATUS_PATH)).json()["live"])
            if not live or time.monotonic() > until:
                return live
        await asyncio.sleep(LOOK_S)


def _load(options: Elastic, system: System) -> Load:
    seconds = options.step_s * (len(options.steps) + 1)
    return Load(system.url, options.shape, seconds, options.rate, salt=salt(), token=system.token)
