"""The simulated cluster keeps every promise, in hundreds of worlds; and a seed is a bug report that can be replayed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.kernel.kernel import Kernel
from runtime.simulation import run as run_room
from runtime.simulation.run import EXIT_CODES, Outcome, Report, Verdict, replay, run
from runtime.simulation.world import draw_world
from tests.runtime.simulation.planted import BUGS

ROOT = Path(__file__).resolve().parents[3]


def failures(seeds: range, *, replay_always: bool = False) -> list[str]:
    outcomes = (run(seed, replay_always=replay_always) for seed in seeds)
    return [str(outcome) for outcome in outcomes if outcome.verdict is not Verdict.KEPT]


@pytest.mark.parametrize("first", range(0, 240, 30))
def test_every_promise_is_kept(first: int) -> None:
    assert failures(range(first, first + 30)) == []


@pytest.mark.parametrize("first", range(0, 30, 10))
def test_every_promise_is_kept_when_groups_are_replayed_after_every_message(first: int) -> None:
    assert failures(range(first, first + 10), replay_always=True) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(10_000, 12_000, 1_000))
def test_every_promise_is_kept_in_thousands_of_worlds(first: int) -> None:
    assert failures(range(first, first + 1_000)) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_promise_is_kept_in_hundreds_of_worlds_that_always_replay() -> None:
    assert failures(range(20_000, 20_250), replay_always=True) == []


# -- determinism --------------------------------------------------------------------------------------------------


def test_a_seed_gives_the_same_run_in_every_process() -> None:
    seeds = range(40, 46)
    script = f"from runtime.simulation.run import run\nfor seed in {seeds!r}: print(run(seed).digest)"
    here = [run(seed).digest for seed in seeds]
    for hash_seed in ("1", "4711"):
        elsewhere = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert elsewhere.stdout.split() == here
    assert len(set(here)) == len(here), "and another seed another"


def test_every_group_leaves_memory_where_everything_is_replayed() -> None:
    world = draw_world(7, replay_always=True)
    assert world.replay_always
    assert (world.bounds.groups, world.bounds.turn_messages) == (0, 1)
    assert run(7, replay_always=True).digest != run(7).digest


def test_worlds_differ_in_everything_that_is_drawn() -> None:
    worlds = [draw_world(seed) for seed in range(200)]
    for field in (
        "hosts",
        "shards",
        "orders",
        "storm_ms",
        "lease_ms",
        "bounds",
        "replay_always",
        "operator_ms",
    ):
        assert len({repr(getattr(world, field)) for world in worlds}) > 1, field
    for fault in worlds[0].faults.__struct_fields__:
        with_it = sum(getattr(world.faults, fault) > 0 for world in worlds)
        assert 0 < with_it < len(worlds), f"{fault} strikes in some worlds, and not in all"


# -- what is told -------------------------------------------------------------------------------------------------


def test_a_replay_shows_the_world_its_steps_and_the_outcome() -> None:
    lines: list[str] = []
    outcome = replay(3, lines.append)
    assert lines[0].startswith("seed 3: ") and "faults: " in lines[0]
    assert lines[-1] == str(outcome)
    steps = lines[1:-1]
    assert len(steps) > 50
    assert any(" ms  host 1 " in line for line in steps)
    assert outcome == run(3), "to watch a run changes nothing"


def test_a_replay_of_a_failure_ends_with_the_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS["reply before commit"].plant(monkeypatch)
    lines: list[str] = []
    outcome = replay(0, lines.append)
    assert outcome.verdict is Verdict.BROKEN
    assert "judge" in lines[-2] and outcome.sentence in lines[-2]
    assert "seed 0: broken promise: nothing_before_commit: " in lines[-1]


def test_what_does_not_go_on_is_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_room, "CALM_MAX_MS", 2_000)
    monkeypatch.setattr(Kernel, "next_due", lambda self: None)
    outcome = next(o for seed in range(200) if (o := run(seed)).verdict is not Verdict.KEPT)
    assert (outcome.verdict, outcome.promise) == (Verdict.STUCK, "liveness")


def test_a_fault_of_the_simulator_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a slip")

    monkeypatch.setattr(run_room.Simulation, "storm", broken)
    outcome = run(0)
    assert (outcome.verdict, outcome.promise, outcome.sentence) == (
        Verdict.CRASHED,
        "ZeroDivisionError",
        "a slip",
    )
    with pytest.raises(ZeroDivisionError):
        replay(0, lambda line: None)


def test_a_report_sums_up_and_its_exit_code_is_the_worst() -> None:
    def outcome(verdict: Verdict, digest: str = "d") -> Outcome:
        return Outcome(1, verdict, "", "", "", digest, steps=2, virtual_ms=3, orders=4, completed=4)

    report = Report()
    assert report.exit_code == 0
    codes = []
    for verdict in (Verdict.KEPT, Verdict.STUCK, Verdict.BROKEN, Verdict.STUCK, Verdict.CRASHED):
        report.add(outcome(verdict))
        codes.append(report.exit_code)
    assert codes == [0, 3, 1, 1, 4]
    assert (report.seeds, report.steps, report.virtual_ms, report.orders, len(report.failures)) == (
        5,
        10,
        15,
        20,
        4,
    )
    assert len(set(EXIT_CODES.values())) == len(Verdict)
    one, other = Report(), Report()
    one.add(outcome(Verdict.KEPT, "a"))
    other.add(outcome(Verdict.KEPT, "b"))
    assert one.digest != other.digest
