"""Start and stop a cluster of ours on Ray: for ``up``, tests and benchmarks."""

import hashlib
import logging
import os
import socket
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import ray
import structlog
from ray.exceptions import GetTimeoutError, RayError

from runtime.cluster.coordinator import Coordinator
from runtime.cluster.fleet import CONCURRENT_CALLS
from runtime.cluster.names import COORDINATOR, find
from runtime.cluster.options import ClusterOptions

__all__ = ["Cluster", "ClusterOptions"]
log = structlog.get_logger()
START_TIMEOUT_S = 120.0
PORT_TAKEN = "valid port for dashboard"
"""In Ray's words when it cannot have the port it was given."""
COORDINATOR_PATIENCE_S = 10.0
"""How long a Coordinator may hang before it is ended, for Ray to start it again."""
OBJECT_STORE_BYTES = 256 * 1024 * 1024
"""Batches are small and go inline; Ray's default would take a third of the machine's memory."""
HEALTH = {
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 500,
    "health_check_failure_threshold": 3,
    "health_check_initial_delay_ms": 0,
}
"""Ray's own liveness settings where we start it: a lost node shows in 2.5 s instead of 16 s."""


def namespace_of(data: str) -> str:
    """One Ray namespace per data folder, so that systems beside each other never meet."""
    return "orderloom-" + hashlib.blake2b(str(Path(data).resolve()).encode(), digest_size=6).hexdigest()


class CatalogRefused(Exception):
    """The system cannot start with the catalog that it was given."""


class Cluster:
    """A running cluster, as the process that started it sees it. Methods block."""

    def __init__(self, options: ClusterOptions, context: Any) -> None:
        self.options = options
        self._context = context
        self.dashboard = f"http://{context.dashboard_url}" if context.dashboard_url else ""
        self.dashboard_token = _dashboard_token()

    @staticmethod
    def start(options: ClusterOptions) -> "Cluster":
        """Start (or join) Ray, and in it the Coordinator, which starts all the rest.

        :raises TimeoutError: when not every shard had an owner and every gateway an answer in time.
        """
        cluster = Cluster.join(options)
        cluster.populate(options)
        return cluster

    @staticmethod
    def join(options: ClusterOptions) -> "Cluster":
        """Start (or join) Ray alone; where the journal is need not be known yet."""
        return Cluster(options, _init(options))

    def populate(self, options: ClusterOptions) -> None:
        """Start the Coordinator, which starts all the rest; returns when all of it works.

        :raises TimeoutError: when not every shard had an owner and every gateway an answer in time.
        :raises CatalogRefused: it cannot start with the catalog of the options.
        """
        if not options.run:
            options = msgspec.structs.replace(options, run=uuid4().hex)
        self.options = options
        coordinator = find(COORDINATOR)
        if coordinator is None:
            actor: Any = ray.remote(Coordinator)
            coordinator = actor.options(
                name=COORDINATOR,
                lifetime="detached",
                num_cpus=0,
                max_restarts=-1,
                max_concurrency=CONCURRENT_CALLS,
            ).remote(options)
        self._coordinator = coordinator
        deadline = time.monotonic() + START_TIMEOUT_S
        while not ray.get(coordinator.complete.remote(), timeout=START_TIMEOUT_S):
            if refusal := ray.get(coordinator.refusal.remote(), timeout=START_TIMEOUT_S):
                raise CatalogRefused(refusal)
            if time.monotonic() > deadline:
                why = ray.get(coordinator.last_failure.remote(), timeout=START_TIMEOUT_S)
                sentence = f"the cluster was not complete after {START_TIMEOUT_S:.0f} s"
                raise TimeoutError(f"{sentence}: {why}" if why else sentence)
            time.sleep(0.05)

    _coordinator: Any = None

    def status(self) -> dict[str, Any]:
        """Processes, shards and counters as they are now; see ``runtime/cluster/report.py``."""
        status: dict[str, Any] = ray.get(self._coordinator.status.remote(), timeout=10)
        return status

    def healthy(self) -> str:
        """Empty, or what is broken and cannot be mended from inside Ray."""
        try:
            try:
                newer = ray.get(self._coordinator.pulse.remote(), timeout=COORDINATOR_PATIENCE_S)
                if newer:
                    return f"Coordinator {newer} has taken over the journal: does another system run on it?"
            except GetTimeoutError:
                log.warning("coordinator hangs, it is started again")
                ray.kill(self._coordinator, no_restart=False)
                ray.get(self._coordinator.pulse.remote(), timeout=30)
        except (RayError, TimeoutError, ConnectionError) as lost:
            return f"Ray does not answer: {type(lost).__name__}"
        return ""

    def stop(self) -> None:
        """End Ray if it was started here; on a foreign Ray end our actors."""
        if self.options.ray_address != "local":
            for name in _our_actors(self._coordinator):
                if (handle := find(name)) is not None:
                    ray.kill(handle, no_restart=True)
        ray.shutdown()


def _init(options: ClusterOptions) -> Any:
    """Start Ray here, or join it. A dashboard's port that somebody took since it was looked at is chosen anew."""
    settings: dict[str, Any] = {}
    if options.ray_address == "local":
        settings = {
            "dashboard_host": "127.0.0.1",
            "dashboard_port": _free_port(options.dashboard_port),
            "include_dashboard": True,
            "_system_config": HEALTH,
            "num_cpus": max(4, os.cpu_count() or 1),
            "object_store_memory": OBJECT_STORE_BYTES,
        }
    where: dict[str, Any] = {
        "address": options.ray_address,
        "namespace": namespace_of(options.data),
        "logging_level": logging.ERROR,
        "log_to_driver": False,
    }
    try:
        return ray.init(**where, **settings)
    except Exception as problem:
        if not settings or PORT_TAKEN not in str(problem):
            raise
        log.warning("the dashboard's port was taken meanwhile", port=settings["dashboard_port"])
        ray.shutdown()
        return ray.init(**where, **{**settings, "dashboard_port": _free_port(0)})


def _free_port(wished: int) -> int:
    """The wished port, or another when something listens there: Ray gives up instead of looking on."""
    for port in (wished, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return wished


def _our_actors(coordinator: Any) -> list[str]:
    try:
        pids = ray.get(coordinator.status.remote(), timeout=10)["pids"]
    except (RayError, TimeoutError):
        return [COORDINATOR]
    return [COORDINATOR, *pids["gateways"], *pids["hosts"], *pids["executors"]]


def _dashboard_token() -> str:
    """Where the dashboard's sign-in token is found (Ray switches token authentication on by itself)."""
    told = os.environ.get("RAY_AUTH_TOKEN")
    if told:
        return told
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH", Path.home() / ".ray" / "auth_token"))
    return path.read_text().strip() if path.is_file() else ""
