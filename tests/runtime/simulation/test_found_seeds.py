"""Seeds that once found a bug. Each has a small test of its own by now; here the whole world is run again."""

import pytest

from runtime.simulation.run import Verdict, run

FOUND = {
    1005218: "A held order was changed, and its review, which nobody was needed for, held it once more.",
    1010645: "Posts were repeated faster than the mailbox of a slow shard could be emptied: nothing else was done.",
    304991: "A retry with changed data came twice, the second time when its task was held anew.",
    100439: "A host that was cut off decided on a group that the shard's next owner had led on: its loop died.",
    101235: "A timer was found due and waited in a full mailbox until the clock was set back; then it was forgotten.",
    103729: "A host that had been stopped did as the one of 100439, on a group that ended with what it decided.",
}


@pytest.mark.parametrize("seed", FOUND)
def test_what_was_found_once_is_kept_now(seed: int) -> None:
    outcome = run(seed)
    assert outcome.verdict is Verdict.KEPT, f"{outcome}\n{FOUND[seed]}"
