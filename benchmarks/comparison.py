"""The peers' comparison: Orderloom, the bare pipeline and the peers do the same `b6` work, one after the other.

All run in one call on one machine, so that ratios hold for that machine in that state. ``ratio`` is how many times as
many orders a second Orderloom completed; ``share_of_limit`` what it did of the bare pipeline's best.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from benchmarks.machine import circumstances
from benchmarks.peers.process import PEERS
from benchmarks.run import Options, measure, measure_at

FIELDS = ("orders_per_second", "accepted", "completed", "failed", "accept_ms", "cycle_ms", "cpu_us_per_order")
OURS = "Orderloom"
PEER_EXTRA_S = 240.0
"""For a peer's start, its tail and its end."""

Say = Callable[[str], None]


def compared(options: Options, peers: Sequence[str], limit_hosts: Sequence[int], say: Say) -> dict[str, Any]:
    """Run Orderloom, the bare pipeline with each number of hosts, and the peers.

    :raises benchmarks.system.NotStarted: Orderloom did not come up.
    :raises benchmarks.run.GeneratorFailed: the load could not be sent.
    """
    return asyncio.run(_compared(options, peers, limit_hosts, say))


async def _compared(
    options: Options, peers: Sequence[str], limit_hosts: Sequence[int], say: Say
) -> dict[str, Any]:
    found = circumstances()
    say(f"{OURS}: starting")
    ours = await measure(options, _telling(OURS, say))
    measured: dict[str, Any] = {OURS: {**fields(ours), "durable": f"each transition, fsync {ours['fsync']}"}}
    for hosts in limit_hosts:
        name = f"bare pipeline, {hosts} host" + ("s" if hosts > 1 else "")
        say(f"{name}: starting")
        measured[name] = {
            **fields(await _limit(hosts, options, _telling(name, say))),
            "durable": "each transition, fsync always",
        }
    for each in peers:
        say(f"{PEERS[each].name}: starting")
        measured[PEERS[each].name] = await _peer(each, options.seconds, say)
    return {
        "kind": "peers",
        "shape": options.shape,
        "seconds": options.seconds,
        "fsync": ours["fsync"],
        **judged(measured),
        "layout": ours["layout"],
        **found,
    }


def fields(figures: dict[str, Any]) -> dict[str, Any]:
    """What is told of each of them."""
    return {name: figures[name] for name in FIELDS}


def judged(measured: dict[str, Any]) -> dict[str, Any]:
    """The same with the ratios, and Orderloom's share of the bare pipeline's best."""
    ours = measured[OURS]["orders_per_second"]
    peers = {
        name: {**each, "ratio": round(ours / each["orders_per_second"], 2)}
        if each.get("orders_per_second")
        else each
        for name, each in measured.items()
    }
    best = max(
        (each["orders_per_second"] for name, each in measured.items() if name.startswith("bare pipeline")),
        default=0.0,
    )
    return {
        "peers": peers,
        "limit_best": best or None,
        "share_of_limit": round(ours / best, 3) if best else None,
    }


async def _limit(hosts: int, options: Options, progress: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    from benchmarks.limit import UNANSWERED, pipeline

    async with pipeline(hosts) as system:
        return await measure_at(system, replace(options, rate=None, unanswered=UNANSWERED), progress)


async def _peer(peer: str, seconds: float, say: Say) -> dict[str, Any]:
    """Run one peer's process; gives its figures, or why there are none."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.peers.process", peer, f"--seconds={seconds}"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**22,
    )
    said = asyncio.ensure_future(_last(process.stderr))
    told: dict[str, Any] = {}
    try:
        async with asyncio.timeout(seconds + PEER_EXTRA_S):
            while process.stdout is not None and (line := await process.stdout.readline()):
                told = _read(line) or told
                if counted := told.get("progress"):
                    say(
                        f"{PEERS[peer].name}: accepted {counted['accepted']:,}   completed {counted['completed']:,}"
                    )
            await process.wait()
    except TimeoutError:
        return {"skipped": f"it did not end within {seconds + PEER_EXTRA_S:.0f} s"}
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    why = await said
    if "absent" in told:
        return {"skipped": told["absent"]}
    if "result" not in told:
        return {"skipped": f"it failed: {why}"}
    result = told["result"]
    if not result["completed"]:
        return {"skipped": f"no order completed: {result['why_failed'] or 'too little time'}"}
    return {**fields(result), "at_a_time": result["at_a_time"], "durable": PEERS[peer].durable}


async def _last(stream: asyncio.StreamReader | None) -> str:
    """The last line of a stream, read to its end so that nobody waits for room in it."""
    last = b""
    while stream is not None and (line := await stream.readline()):
        last = line.strip() or last
    return last.decode(errors="replace")[-300:]


def _read(line: bytes) -> dict[str, Any]:
    """A JSON object; nothing for what a peer's libraries print."""
    try:
        told = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _telling(name: str, say: Say) -> Callable[[dict[str, Any]], None]:
    return lambda counted: say(
        f"{name}: accepted {counted['accepted']:,}   completed {counted['completed']:,}"
    )
