"""Settings of targets: read from a file, wrong ones refused with the place."""

from pathlib import Path

import pytest

from runtime.tasks.handlers import Deliver
from runtime.tasks.http_transport import HttpTransport
from runtime.tasks.simulated import SimulatedElement, Simulation
from runtime.tasks.targets import Targets, TargetsUnreadable, read_targets
from runtime.tasks.transport import Request
from runtime.tasks.world import World

SETTINGS = """
default: {simulation: {latencyMs: 5}}
targets:
  olt-controller:
    kind: http
    url: http://127.0.0.1:9001/api
    path: /ont
    headers: {Authorization: Bearer secret}
    states: {DONE: completed, QUEUED: wait}
    concurrency: 16
    rate: {perSecond: 200, burst: 20}
    breaker: {failures: 3, openS: 5}
    retry: {retries: 4}
  hlr: {handler: "runtime.tasks.handlers:Deliver"}
"""


def test_settings_are_read_from_yaml(tmp_path: Path) -> None:
    file = tmp_path / "targets.yaml"
    file.write_text(SETTINGS)
    targets = read_targets(file)
    olt = targets.named("olt-controller")
    assert isinstance(olt.transport, HttpTransport)
    assert (olt.transport.origin, olt.transport.base) == ("http://127.0.0.1:9001", "/api")
    assert olt.transport.headers == {"Authorization": "Bearer secret"}
    assert (olt.gate.concurrency, olt.retries, olt.timeout_s) == (16, 4, 30)
    assert isinstance(olt.handler, Deliver)
    assert olt.handler.states == {"DONE": "completed", "QUEUED": "wait"}
    assert "secret" not in repr(targets.settings)
    other = targets.named("anything")
    assert isinstance(other.transport, SimulatedElement)
    assert other is targets.named("anything")
    assert targets.named("hlr").handler is Deliver


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("targets: {olt: {kind: http}}", "targets.olt: .*needs a url"),
        ("targets: {olt: {url: 'http://127.0.0.1'}}", "write kind: http"),
        ("targets: {olt: {sped: 1}}", "targets.olt.sped: Extra"),
        ("targets: {olt: {handler: nobody}}", "no handler is registered as 'nobody'"),
        ("targets: {olt: {rate: {perSecond: 0}}}", "targets.olt.rate.perSecond: .*greater than 0"),
        ("targets: {olt: {states: {DONE: maybe}}}", "targets.olt.states.DONE"),
        ("targets: [", "flow"),
        ("- olt", "dictionary"),
    ],
)
def test_wrong_settings_are_refused_with_the_place(tmp_path: Path, settings: str, said: str) -> None:
    file = tmp_path / "targets.yaml"
    file.write_text(settings)
    with pytest.raises(TargetsUnreadable, match=said):
        read_targets(file)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(TargetsUnreadable, match="nowhere"):
        read_targets(tmp_path / "nowhere.yaml")


def test_unnamed_targets_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.tasks.targets.UNNAMED_TARGETS_MAX", 3)
    targets = Targets()
    for number in range(10):
        targets.named(f"t{number}")
    assert [target.name for target in targets.made] == ["t7", "t8", "t9"]


def test_shares_are_drawn_by_the_seed_and_a_retry_succeeds() -> None:
    def answers(seed: int, element: SimulatedElement | None = None) -> list[int]:
        simulation = Simulation(fail_share=0.3, seed=seed)
        element = element or SimulatedElement("olt", simulation, World())
        statuses = []
        for number in range(300):
            answer = element(Request("POST", "/tasks", {}, f"o{number}/1/1", 1, 1))
            statuses.append(getattr(answer, "status", 0))
        return statuses

    assert answers(1) == answers(1) != answers(2)
    assert 60 < answers(1).count(422) < 120
    again = SimulatedElement("olt", Simulation(fail_share=0.3, seed=1), World())
    answers(1, again)
    assert set(answers(1, again)) == {200}
