"""The simulator finds what it is meant to find: known bugs, planted one at a time, within a stated number of seeds."""

import re
from pathlib import Path

import pytest

from runtime.simulation.run import Outcome, Verdict, run
from tests.runtime.simulation.planted import BUGS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "simulator.md"


def first_failure(seeds: range) -> Outcome | None:
    return next((outcome for seed in seeds if (outcome := run(seed)).verdict is not Verdict.KEPT), None)


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found_by_the_right_promise(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS[name]
    with monkeypatch.context() as patch:
        bug.plant(patch)
        found = first_failure(range(bug.within))
    assert found is not None, f"{name} was not found in {bug.within} seeds"
    assert found.promise == bug.promise, found
    assert run(found.seed).verdict is Verdict.KEPT, "without the bug the same seed keeps every promise"


def test_the_page_states_what_is_found_and_within_how_many_seeds() -> None:
    rows = re.findall(r"^\| ([^|]+) \| `(\w+)` \| (\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [(name, promise, int(within)) for name, promise, within in rows] == [
        (name, bug.promise, bug.within) for name, bug in BUGS.items()
    ]
