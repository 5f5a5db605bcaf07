"""One peer in a process of its own, so that no two share an interpreter, a Ray or a thread pool.

::

    python -m benchmarks.peers.process restate --seconds 20

Prints JSON lines: ``{"progress": {…}}`` now and then, then ``{"result": {…}}`` or ``{"absent": "why"}``.
"""

import argparse
import asyncio
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchmarks.peers.driving import Absent, drive
from benchmarks.run import salt


class Peer(NamedTuple):
    """Where a peer's room is, how many orders at a time it does best with, and what it keeps on disk."""

    name: str
    room: str
    at_a_time: int
    durable: str


PEERS = {
    "ray": Peer("Ray actor an order and a line", "ray_actors", 2, "nothing"),
    "dbos-sqlite": Peer("DBOS, SQLite", "dbos_workflows", 32, "each step, SQLite's defaults"),
    "dbos-postgres": Peer("DBOS, PostgreSQL", "dbos_postgres", 32, "each step, fsync on commit"),
    "restate": Peer("Restate, Python SDK", "restate_services", 32, "each step, its own log"),
}


async def run(peer: Peer, seconds: float) -> dict[str, Any]:
    """Start it, load it, stop it."""
    room = import_module(f"benchmarks.peers.{peer.room}")
    with tempfile.TemporaryDirectory(prefix="orderloom-peer-") as folder:
        try:
            async with room.running(Path(folder)) as running:
                figures = await drive(
                    running,
                    seconds,
                    peer.at_a_time,
                    salt(),
                    lambda counted: _say({"progress": counted}),
                )
        except Absent as absent:
            return {"absent": str(absent)}
    return {"result": figures}


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.process", description="one peer")
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--seconds", type=float, required=True)
    asked = parser.parse_args()
    _say(asyncio.run(run(PEERS[asked.peer], asked.seconds)))


if __name__ == "__main__":
    main()
