"""How a Ray is started: what others do to a port meanwhile ends nothing."""

from typing import Any

import pytest
import ray

from runtime.cluster import boot
from runtime.cluster.options import ClusterOptions

TAKEN = "Failed to find a valid port for dashboard after 0 retries: [Errno 98] address already in use"


class Rays:
    """``ray.init`` as often as it is told to fail."""

    def __init__(self, *problems: str) -> None:
        self.problems = list(problems)
        self.ports: list[int] = []
        self.shutdowns = 0

    def init(self, **settings: Any) -> str:
        self.ports.append(settings["dashboard_port"])
        if self.problems:
            raise RuntimeError(self.problems.pop(0))
        return "started"

    def shutdown(self) -> None:
        self.shutdowns += 1


def _rays(monkeypatch: pytest.MonkeyPatch, *problems: str) -> Rays:
    rays = Rays(*problems)
    monkeypatch.setattr(ray, "init", rays.init)
    monkeypatch.setattr(ray, "shutdown", rays.shutdown)
    return rays


OPTIONS = ClusterOptions(data="somewhere", journal_url="")


def test_a_dashboard_port_that_was_taken_meanwhile_is_chosen_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    rays = _rays(monkeypatch, TAKEN)
    assert boot._init(OPTIONS) == "started"
    assert len(set(rays.ports)) == 2
    assert rays.shutdowns == 1


@pytest.mark.parametrize("problems", [(TAKEN, TAKEN), ("no memory",)])
def test_any_other_problem_is_told(monkeypatch: pytest.MonkeyPatch, problems: tuple[str, ...]) -> None:
    rays = _rays(monkeypatch, *problems)
    with pytest.raises(RuntimeError, match=problems[-1].split(":")[0]):
        boot._init(OPTIONS)
    assert len(rays.ports) == len(problems)
