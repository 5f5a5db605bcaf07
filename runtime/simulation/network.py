"""Messages between hosts, clients and targets: late, lost, doubled, out of order."""

from collections.abc import Callable
from random import Random

from runtime.simulation.faults import Storm
from runtime.simulation.schedule import Schedule

DELAY_FACTOR = 100


class Network:
    """Carries calls. Nobody learns whether one arrived, unless an answer comes back the same way."""

    def __init__(self, schedule: Schedule, storm: Storm, draw: Random, latency_ms: int) -> None:
        self._schedule = schedule
        self._storm = storm
        self._draw = draw
        self._latency = latency_ms

    def send(self, call: Callable[[], None]) -> None:
        """Let ``call`` happen at the receiver, once, never, or twice."""
        faults = self._storm.faults
        if self._storm.strikes(faults.lost):
            return
        self._schedule.after(self._delay(), call)
        if self._storm.strikes(faults.doubled):
            self._schedule.after(self._delay(), call)

    def _delay(self) -> int:
        latency = self._draw.randint(0, self._latency)
        if self._storm.strikes(self._storm.faults.delayed):
            latency += self._draw.randint(0, self._latency * DELAY_FACTOR)
        return latency
