"""A whole cluster on Ray for a module of tests, in the placement that the test's parameter names."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.auth import Principal, generate_token, write_tokens
from gateway.client import OrderloomClient
from runtime.cluster.boot import Cluster
from runtime.cluster.options import ClusterOptions
from runtime.journal.embedded import EmbeddedServer

TARGETS = """
default:
  simulation: {latencyMs: 5}
targets:
  sim-manager:
    simulation: {failShare: 1.0}
"""


class Running:
    """A cluster under test."""

    def __init__(self, cluster: Cluster, token: str) -> None:
        self.cluster = cluster
        self.token = token
        self.url = f"http://127.0.0.1:{cluster.options.port}"

    @property
    def placement(self) -> str:
        """``pooled`` or ``dedicated``."""
        return self.cluster.options.placement

    def client(self) -> OrderloomClient:
        """A client with the operator's token."""
        return OrderloomClient(self.url, self.token)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="package", params=["pooled", "dedicated"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Server, Ray, Coordinator, two hosts, an executor and a gateway."""
    data = tmp_path_factory.mktemp(request.param)
    with asyncio.Runner() as runner:
        server = EmbeddedServer(data / "redis", shards=8)
        runner.run(server.start())
        token = generate_token()
        write_tokens(data / "tokens.json", {token: Principal("tests", "tests")})
        targets = Path(data / "targets.yaml")
        targets.write_text(TARGETS)
        options = ClusterOptions(
            data=str(data),
            journal_url=server.url,
            placement=request.param,
            hosts=2,
            shards=8,
            port=free_port(),
            dashboard_port=free_port(),
            token_file=str(data / "tokens.json"),
            targets_file=str(targets),
        )
        cluster = Cluster.start(options)
        try:
            yield Running(cluster, token)
        finally:
            cluster.stop()
            runner.run(server.stop())
