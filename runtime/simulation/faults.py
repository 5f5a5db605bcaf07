"""The fault model. What stands here is survived; what is excluded is listed, too.

Survived, each at any moment between two steps of a host:

- **crash**: a host loses its memory, also while a commit is in flight and with half of a turn's answers sent; it comes
  back under a new incarnation or another host takes its shards.
- **stop**: a host stands still (SIGSTOP) and wakes later with everything it had in hand. It may have been declared gone
  meanwhile: it answers nothing from memory before it has renewed its lease.
- **cut**: a host goes on serving clients but does not reach the Coordinator: a stale owner once its lease is over.
- **commit lost**, **reply lost**: no verdict, without or with the write. **commit doubled**: a request reaches the
  journal once more, much later, perhaps under the next owner.
- **slow disk**, **journal away**: commits and reads wait, or fail for a while.
- messages **lost**, **doubled**, **delayed** (and so reordered): requests and their answers, posts between groups,
  dispatches and the answers of targets.
- **clock step**: the wall clock of one host jumps, forth or back. Leases and time-outs do not read it.
- **hand-over**: a shard moves between living hosts: drained, released, acquired. **Coordinator restart**: a new one
  under a new epoch, while assignments of the old one are still on their way.
- **faulty decision**: a behaviour raises in the midst of its fold; nothing of that group's turn may stay.

Excluded: acknowledged frames lost or changed by the journal itself (a promoted replica behind our position is told by
the expected position, ``docs/decisions``), a monotonic clock that runs at another speed on one host, and targets that
do not recognise the key of an effect they applied.

The true records are the model journal's; every fault is an overlay above it, so that :meth:`Storm.calm` can lift it.
"""

from collections.abc import Callable
from random import Random

from runtime.simulation.schedule import Schedule
from runtime.simulation.world import Faults


class Storm:
    """The faults while they last."""

    def __init__(self, faults: Faults, draw: Random, schedule: Schedule) -> None:
        self.faults = faults
        self.raging = True
        self._draw = draw
        self._schedule = schedule

    def strikes(self, chance: float) -> bool:
        """Whether a fault of this likelihood happens on this occasion."""
        return self.raging and chance > 0 and self._draw.random() < chance

    def every(self, per_second: float, strike: Callable[[], None]) -> None:
        """Let something happen so often in a virtual second, at irregular instants, while the storm lasts."""
        if per_second <= 0:
            return

        def again() -> None:
            if self.raging:
                strike()
                self.every(per_second, strike)

        self._schedule.after(1 + int(self._draw.expovariate(per_second) * 1_000), again)

    def calm(self) -> None:
        """No more faults; what they broke stays broken until the system has mended it."""
        self.raging = False
