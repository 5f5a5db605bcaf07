"""The harm that is done to a system: each fault does one thing to one kind of process, and says what it did."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from redis.asyncio import Redis

from benchmarks.chaos_system import SERVER, System, kill
from runtime.limits import LEASE_MS

SLOW_S: Final = 4.0
SLOW_EACH_MS: Final = 200
SILENT_S: Final = 3.0
"""How long a server is stopped: longer than requests wait for it, shorter than anyone gives up."""


class Done(msgspec.Struct):
    """What was done: a sentence, and the processes that must not be part of the system any more."""

    what: str
    gone: list[int] = []


Fault = Callable[[System, random.Random], Awaitable[Done]]


def _dies(kind: str, singular: str) -> Fault:
    async def fault(system: System, chance: random.Random) -> Done:
        name, pid = chance.choice(sorted((await system.pids())[kind].items()))
        kill([pid])
        return Done(f"killed {singular} {name} (pid {pid})", [pid])

    return fault


def _hangs(kind: str, singular: str) -> Fault:
    async def fault(system: System, chance: random.Random) -> Done:
        name, pid = chance.choice(sorted((await system.pids())[kind].items()))
        kill([pid], signal.SIGSTOP)
        # It wakes long after it was replaced, if it is still there.
        asyncio.get_running_loop().call_later(LEASE_MS / 1_000 * 4, kill, [pid], signal.SIGCONT)
        return Done(f"stopped {singular} {name} (pid {pid})", [pid])

    return fault


async def _coordinator_dies(system: System, _: random.Random) -> Done:
    pid = (await system.pids())["coordinator"]
    kill([pid])
    return Done(f"killed the Coordinator (pid {pid})", [pid])


async def _coordinator_hangs(system: System, chance: random.Random) -> Done:
    pid = (await system.pids())["coordinator"]
    kill([pid], signal.SIGSTOP)
    seconds = chance.uniform(1.0, LEASE_MS / 1_000 * 1.5)
    await asyncio.sleep(seconds)
    kill([pid], signal.SIGCONT)
    return Done(f"stopped the Coordinator (pid {pid}) for {seconds:.1f} s")


async def _server_dies(system: System, _: random.Random) -> Done:
    pids = system.named(SERVER)
    kill(pids)
    return Done(f"killed the journal's server (pid {pids})")


async def _server_hangs(system: System, _: random.Random) -> Done:
    pids = system.named(SERVER)
    kill(pids, signal.SIGSTOP)
    await asyncio.sleep(SILENT_S)
    kill(pids, signal.SIGCONT)
    return Done(f"stopped the journal's server (pid {pids}) for {SILENT_S:g} s")


async def _server_is_slow(system: System, _: random.Random) -> Done:
    client: Any = Redis.from_url(system.journal_url)
    async with client:
        for _times in range(int(SLOW_S * 1_000 / SLOW_EACH_MS)):
            await client.execute_command("CLIENT", "PAUSE", SLOW_EACH_MS - 20, "ALL")
            await asyncio.sleep(SLOW_EACH_MS / 1_000)
    return Done(f"let the journal's server answer once in {SLOW_EACH_MS} ms, for {SLOW_S:g} s")


async def _ray_dies(system: System, _: random.Random) -> Done:
    gone = [pid for kind in ("hosts", "gateways") for pid in (await system.pids())[kind].values()]
    pids = system.named("raylet")
    kill(pids)
    return Done(f"killed Ray's raylet (pid {pids})", gone)


async def _everything_dies(system: System, chance: random.Random) -> Done:
    port = system.port
    everything = [process.pid for process in system.everything()]
    kill(everything)
    await system.gone()
    await asyncio.sleep(chance.uniform(0.0, 1.0))
    await system.start(port)
    return Done(f"killed all {len(everything)} processes at once and started `up` again", everything)


async def _scaled(system: System, chance: random.Random) -> Done:
    wanted = dict((await system.status())["wanted"])
    asked = {"hosts": 3 if wanted["hosts"] < 3 else 2, "executors": 2 if wanted["executors"] < 2 else 1}
    await system.scale(**asked)
    return Done(f"scaled from {wanted} to {asked}")


FAULTS: Final[dict[str, Fault]] = {
    "host dies": _dies("hosts", "host"),
    "executor dies": _dies("executors", "executor"),
    "gateway dies": _dies("gateways", "gateway replica"),
    "coordinator dies": _coordinator_dies,
    "server dies": _server_dies,
    "ray dies": _ray_dies,
    "all die": _everything_dies,
    "host hangs": _hangs("hosts", "host"),
    "executor hangs": _hangs("executors", "executor"),
    "gateway hangs": _hangs("gateways", "gateway replica"),
    "coordinator hangs": _coordinator_hangs,
    "server hangs": _server_hangs,
    "server is slow": _server_is_slow,
    "scale": _scaled,
}
"""By name, in the order in which a report lists them."""
