"""The process between ``up`` and Ray: starts the cluster, watches it, and ends all of it with ``up``.

A process of its own, because Ray ends the process it was started from when its control service is lost, and because
somebody must clear up when ``up`` is killed. Run as ``python -m runtime.ray_keeper FD module:class``:

- the first line of standard input holds the :class:`ClusterOptions` as JSON, as far as Ray itself needs them: it is
  started at once; the second line holds them whole, once the journal's server answers, and all the rest is started;
  a line ``stop`` asks for an orderly stop; the end of input without it means that ``up`` is gone, and everything below
  ends at once (all that counts is in the journal);
- on the descriptor ``FD`` it says, one JSON line each, that the cluster is up, or why it is not, or is no longer.
"""

import contextlib
import importlib
import os
import queue
import sys
import threading
from typing import Any, BinaryIO, Final, Protocol

import msgspec
import psutil

from runtime.cluster.options import ClusterOptions
from runtime.descendants import become_subreaper, end_below_us, reap_orphans
from runtime.journal.lock import Process

LOOK_S: Final = 0.25
"""How often Ray's own servers are looked at."""
HEALTH_S: Final = 2.0
UNHEALTHY_TIMES: Final = 2
"""How often in a row the cluster must fail before it is given up; one answer may be late on a loaded machine."""
STOP_S: Final = 15.0
RAY_SERVERS: Final = ("gcs_server", "raylet")
"""Without one of these a local Ray cannot be mended from inside."""


class Started(msgspec.Struct, tag="started"):
    """The gateway answers. ``pids`` are by role; ``dashboard_token`` is Ray's; a ``remark`` is for the operator."""

    dashboard: str
    dashboard_token: str
    ray_address: str
    pids: dict[str, Any]
    remark: str = ""


class Failed(msgspec.Struct, tag="failed"):
    """The cluster did not come up."""

    reason: str


class Lost(msgspec.Struct, tag="lost"):
    """The cluster was up and is beyond mending."""

    reason: str


Said = Started | Failed | Lost


class Cluster(Protocol):
    """What is kept; :class:`runtime.cluster.boot.Cluster`. Methods block."""

    dashboard: str
    dashboard_token: str

    def populate(self, options: ClusterOptions) -> None:
        """Start everything in it."""

    def status(self) -> dict[str, Any]:
        """Processes by role under ``pids``."""

    def healthy(self) -> str:
        """Empty, or a sentence on what is broken."""

    def stop(self) -> None:
        """End it."""


class Keeper:
    """One cluster from start to end."""

    def __init__(self, options: ClusterOptions, orders: BinaryIO, said: BinaryIO) -> None:
        self.options = options
        self._orders = orders
        self._said = said
        self._inbox: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._whole: queue.SimpleQueue[ClusterOptions] = queue.SimpleQueue()
        self._up = False
        self._stopping = False
        self._end = threading.Event()

    def run(self, boot: str) -> int:
        """Keep the cluster until it is lost or to be stopped; gives the exit code."""
        threading.Thread(target=self._listen, daemon=True, name="orders").start()
        try:
            module, _, name = boot.partition(":")
            kind: Any = getattr(importlib.import_module(module), name)
            # In the main thread: Ray's processes are told to die with the thread that started them.
            cluster: Cluster = kind.join(self.options)
            cluster.populate(self._whole.get())
            status = cluster.status()
        except Exception as problem:
            return self._give_up(Failed(f"{type(problem).__name__}: {problem}"))
        servers = _ray_servers() if self.options.ray_address == "local" else {}
        self._up = True
        pids, remark = status.get("pids", {}), status.get("start_catalog", "")
        self._say(Started(cluster.dashboard, cluster.dashboard_token, _ray_address(), pids, remark))
        health = threading.Thread(target=self._examine, args=(cluster,), daemon=True, name="health")
        health.start()
        while True:
            order = ""
            with contextlib.suppress(queue.Empty):
                order = self._inbox.get(timeout=LOOK_S)
            if order == "stop":
                return self._stop(cluster, health)
            reap_orphans()
            gone = [name for name, process in servers.items() if not process.lives()]
            if order or gone:
                return self._give_up(Lost(order or f"its {gone[0]} has ended"))

    def _listen(self) -> None:
        for line in self._orders:
            if line.strip() == b"stop":
                if not self._up:
                    _force()
                self._stopping = True
                self._inbox.put("stop")
            else:
                self._whole.put(msgspec.json.decode(line, type=ClusterOptions))
        if not self._stopping:
            end_below_us()
            os._exit(1)

    def _examine(self, cluster: Cluster) -> None:
        failures = 0
        while not self._end.wait(HEALTH_S):
            reason = cluster.healthy()
            failures = failures + 1 if reason else 0
            if failures >= UNHEALTHY_TIMES:
                self._inbox.put(reason)
                return

    def _give_up(self, why: Failed | Lost) -> int:
        """Say why, end what is below, and leave without Ray's own farewell: it would wait for what is gone."""
        self._say(why)
        end_below_us()
        os._exit(1)

    def _stop(self, cluster: Cluster, health: threading.Thread) -> int:
        """In order, and by force when that takes longer than ``STOP_S``."""
        timer = threading.Timer(STOP_S, _force)
        timer.daemon = True
        timer.start()
        self._end.set()
        # A question under way when Ray is shut down would start another one.
        health.join()
        with contextlib.suppress(Exception):
            cluster.stop()
        end_below_us()
        os._exit(0)

    def _say(self, what: Said) -> None:
        with contextlib.suppress(OSError):
            self._said.write(msgspec.json.encode(what) + b"\n")
            self._said.flush()


def _force() -> None:
    end_below_us()
    os._exit(0)


def _ray_servers() -> dict[str, Process]:
    found = {}
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if child.name() in RAY_SERVERS:
                found[child.name()] = Process(child.pid, child.create_time())
    return found


def _ray_address() -> str:
    """Where the running Ray is joined, empty without one."""
    ray: Any = sys.modules.get("ray")
    return str(ray.get_runtime_context().gcs_address) if ray is not None and ray.is_initialized() else ""


def main() -> None:
    """The process."""
    become_subreaper()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # A call that comes after Ray's end must fail, not start a Ray of its own.
    os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"
    options = msgspec.json.decode(sys.stdin.buffer.readline(), type=ClusterOptions)
    with os.fdopen(int(sys.argv[1]), "wb") as said:
        sys.exit(Keeper(options, sys.stdin.buffer, said).run(sys.argv[2]))


if __name__ == "__main__":
    main()
