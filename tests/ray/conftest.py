"""A whole cluster on Ray for all tests of a placement, in the placement that the test's parameter names."""

from collections.abc import Iterator

import pytest

from gateway.client import OrderloomClient
from runtime.cluster.boot import Cluster
from tests.ray.starting import served

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


# A process has one Ray at a time: asking for none of these ends the one there is before a test starts its own.
NO_CLUSTER = pytest.mark.parametrize(
    "running", [pytest.param(None, id="alone")], indirect=True, scope="session"
)


@pytest.fixture(scope="session", params=["pooled", "dedicated"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running | None]:
    """Server, Ray, Coordinator, two hosts, an executor and a gateway."""
    if request.param is None:
        yield None
        return
    data = tmp_path_factory.mktemp(request.param)
    targets = data / "targets.yaml"
    targets.write_text(TARGETS)
    with served(data, 8, placement=request.param, hosts=2, targets_file=str(targets)) as (options, token):
        cluster = Cluster.start(options)
        try:
            yield Running(cluster, token)
        finally:
            cluster.stop()
