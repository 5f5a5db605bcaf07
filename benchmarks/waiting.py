"""Systems full of orders that wait: what memory, recovery and restart are measured with.

An order is *live* while it has not ended. Two ways to keep it so: ``information``, the elements ask for information
and nobody gives it, so that the order waits in its host and nowhere else; ``answers``, the elements take a day to
answer, so that every task also waits in an executor (which bounds how many it keeps).
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal, get_args

import httpx

from benchmarks.generator import Bodies, Load
from benchmarks.run import STATUS_PATH, GeneratorFailed, Watch, salt, send
from benchmarks.shapes import Shape
from benchmarks.system import System

Waits = Literal["information", "answers"]
WAITS: tuple[Waits, ...] = get_args(Waits)
DAY_S = 86_400
LOAD_SECONDS_MAX = 7_200.0
SETTLED_STILL_S = 60.0
LOOK_S = 1.0
SHAPE: Shape = "b6"
B6_TARGETS = ("access-node-controller",)
"""Where the first tasks of a `b6` order go in the sample catalog, and none of a `mobile` order."""

Say = Callable[[str], None]

_TARGETS: dict[Waits, dict[str, Any]] = {
    "information": {"default": {"simulation": {"pendingShare": 1.0}}},
    "answers": {"default": {"timeoutS": DAY_S, "simulation": {"latencyMs": DAY_S * 1_000}}},
}


def targets_file(folder: Path, waits: Waits) -> str:
    """Write the settings under which no task ever completes; gives the file's name."""
    file = folder / f"targets-{waits}.yaml"
    file.write_text(json.dumps(_TARGETS[waits]), encoding="utf-8")
    return str(file)


def beside_file(folder: Path) -> str:
    """Write settings under which `b6` orders wait for information and `mobile` ones flow; gives the file's name."""
    file = folder / "targets-beside.yaml"
    waits = {"simulation": {"pendingShare": 1.0}}
    file.write_text(json.dumps({"targets": dict.fromkeys(B6_TARGETS, waits)}), encoding="utf-8")
    return str(file)


class Observed:
    """A running system's status, tolerant of moments in which it cannot answer."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def status(self) -> dict[str, Any]:
        """The status as it is now; asked again until it is answered whole."""
        while True:
            try:
                answer = await self.http.get(STATUS_PATH)
                if answer.status_code == httpx.codes.OK:
                    told: dict[str, Any] = answer.json()
                    return told
            except httpx.HTTPError:
                pass
            await asyncio.sleep(LOOK_S / 4)

    async def groups(self) -> int:
        """Order groups in the hosts' memory."""
        return groups_in_memory(await self.status())


def groups_in_memory(status: dict[str, Any]) -> int:
    """Order groups in the hosts' memory, as a status tells."""
    return sum(int(said.get("groups", 0)) for said in status.get("hosts", {}).values())


@asynccontextmanager
async def observed(system: System) -> AsyncIterator[Observed]:
    """Watch a system with its own token."""
    authorization = {"Authorization": f"Bearer {system.token}"}
    async with httpx.AsyncClient(base_url=system.url, headers=authorization, timeout=30) as http:
        yield Observed(http)


class Orders:
    """The orders that a system was filled with, to be named again later."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self._bodies = Bodies(load)

    def body(self, number: int) -> bytes:
        """Order ``number`` again, byte for byte."""
        return self._bodies.line(number)


async def fill(
    system: System, seen: Observed, count: int, say: Say, *, connections: int = 2, look: Any = None
) -> Orders:
    """Send ``count`` `b6` orders as fast as they are taken, and wait until all are accepted.

    :param look: called with each status that is read on the way.
    :raises GeneratorFailed: fewer were accepted.
    """
    load = Load(
        url=system.url,
        shape=SHAPE,
        seconds=LOAD_SECONDS_MAX,
        connections=connections,
        salt=salt(),
        token=system.token,
        count=count,
    )

    def progress(counted: dict[str, Any]) -> None:
        say(f"filling: {counted['accepted']:,} of {count:,} accepted")
        if look is not None:
            look(watch.now)

    watch = Watch(seen.http)
    await watch.start()
    result = await send(load, watch, progress)
    if result["accepted"] < count:
        raise GeneratorFailed(
            f"{result['accepted']:,} of {count:,} orders were accepted: {result['statuses']}"
        )
    return Orders(load)


async def until(
    seen: Observed, name: str, enough: Callable[[dict[str, Any]], bool], say: Say
) -> dict[str, Any]:
    """Wait for a status that is ``enough``; gives up when nothing has changed for a while, and gives the last one."""
    before, still_since = "", time.monotonic()
    while True:
        status = await seen.status()
        now = f"{name}: live {status.get('live', 0):,}, groups in memory {groups_in_memory(status):,}"
        say(now)
        if now != before:
            before, still_since = now, time.monotonic()
        if enough(status) or time.monotonic() - still_since > SETTLED_STILL_S + LOOK_S * 30:
            return status
        await asyncio.sleep(LOOK_S)
