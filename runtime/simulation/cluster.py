"""All processes of a simulated world together: hosts that come and go, the Coordinator, routing, and their fates."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING

from runtime.kernel.kind import GroupKind
from runtime.kernel.words import Answer, Outgoing
from runtime.port import shard_of
from runtime.simulation.coordinator import Coordinator
from runtime.simulation.disk import Disk
from runtime.simulation.element import Element
from runtime.simulation.faults import Storm
from runtime.simulation.judge import Judge
from runtime.simulation.network import Network
from runtime.simulation.schedule import Schedule
from runtime.simulation.trace import Trace
from runtime.simulation.world import World

if TYPE_CHECKING:
    from runtime.simulation.host import Host

STOP_MAX_LEASES = 3
CLOCK_STEP_MAX_MS = 60_000
RESTART_MAX_MS = 300


class Cluster:
    """What a host can reach, and what can reach a host."""

    def __init__(
        self,
        world: World,
        kinds: Sequence[GroupKind],
        schedule: Schedule,
        storm: Storm,
        trace: Trace,
        judge: Judge,
        draw: Random,
    ) -> None:
        self.world = world
        self.kinds = kinds
        self.schedule = schedule
        self.storm = storm
        self.trace = trace
        self.judge = judge
        self.draw = draw
        self.network = Network(schedule, storm, Random(draw.random()), world.latency_ms)
        self.disk = Disk(world, schedule, storm, Random(draw.random()), trace, judge)
        self.element = Element(world, schedule, self.network, Random(draw.random()), trace, judge)
        self.hosts: dict[str, Host] = {}
        self._numbers = 0
        self._make_host: Callable[[str], Host] | None = None
        self.coordinator: Coordinator

    def begin(self, make_host: Callable[[str], "Host"]) -> None:
        """Start everything, and the faults that come by themselves."""
        self._make_host = make_host
        self.coordinator = Coordinator(self, Random(self.draw.random()))
        for _ in range(self.world.hosts):
            self._more()
        faults = self.world.faults
        self.storm.every(faults.crash_per_s, lambda: self._some(lambda host: host.crash("at random")))
        self.storm.every(faults.stop_per_s, lambda: self._some(self._stop))
        self.storm.every(faults.cut_per_s, lambda: self._some(self._cut))
        self.storm.every(faults.clock_step_per_s, lambda: self._some(self._step_clock))
        self.storm.every(faults.journal_away_per_s, self.disk.go_away)
        self.storm.every(faults.hand_over_per_s, self._hand_over)
        self.storm.every(faults.coordinator_per_s, self._new_coordinator)

    def calm(self) -> None:
        """Lift every fault: who was stopped wakes, who was cut is heard, clocks are right."""
        self.trace.note("world", "calm")
        self.storm.calm()
        self.disk.come_back()
        self.element.merciful = True
        for host in list(self.hosts.values()):
            host.cut = False
            host.clock_ms = 0
            host.wake()

    # -- routing --------------------------------------------------------------------------------------------------

    def route(self, shard: int) -> tuple["Host | None", int]:
        """A shard's owner and epoch as far as a caller knows: the table may be behind."""
        owner, epoch = self.coordinator.owners[shard]
        return self.hosts.get(owner), epoch

    def renew(self, host: "Host", answer: Callable[[bool], None]) -> None:
        """A host's renewal on its way to whoever is the Coordinator when it arrives."""
        owned = {shard: owner.epoch for shard, owner in host.kernel.shards.items()}

        def heard() -> None:
            member = self.coordinator.renew(host.name, owned)
            self.network.send(lambda: answer(member))

        self.network.send(heard)

    def post(self, out: Outgoing, answer: Callable[[Answer], None]) -> None:
        """A message from one group's outbox to another group, wherever that lives."""
        shard = shard_of(out.to, self.world.shards)
        host, epoch = self.route(shard)
        if host is not None:
            self.network.send(
                lambda: host.run(
                    lambda: host.take_post(
                        out, shard, epoch, lambda answered: self.network.send(lambda: answer(answered))
                    )
                )
            )

    # -- coming and going -----------------------------------------------------------------------------------------

    def _more(self) -> None:
        assert self._make_host is not None
        self._numbers += 1
        name = f"host {self._numbers}"
        self.trace.note(name, "starts")
        self.hosts[name] = self._make_host(name)

    def replace(self, host: "Host") -> None:
        """A host has ended; another one starts a little later, under a name of its own."""
        del self.hosts[host.name]
        self.schedule.after(self.draw.randint(1, RESTART_MAX_MS), self._more)

    def _some(self, strike: Callable[["Host"], None]) -> None:
        if self.hosts:
            strike(self.draw.choice(list(self.hosts.values())))

    def _stop(self, host: "Host") -> None:
        host.stop()
        self.schedule.after(self.draw.randint(1, STOP_MAX_LEASES * self.world.lease_ms), host.wake)

    def _cut(self, host: "Host") -> None:
        self.trace.note(host.name, "no longer reaches the Coordinator")
        host.cut = True

        def mend() -> None:
            host.cut = False

        self.schedule.after(self.draw.randint(1, STOP_MAX_LEASES * self.world.lease_ms), mend)

    def _step_clock(self, host: "Host") -> None:
        host.clock_ms = self.draw.randint(-CLOCK_STEP_MAX_MS, CLOCK_STEP_MAX_MS)
        self.trace.note(host.name, f"its clock is off by {host.clock_ms} ms")

    def _hand_over(self) -> None:
        self.coordinator.hand_over()

    def _new_coordinator(self) -> None:
        self.trace.note("coordinator", "ends, another takes over")
        self.coordinator.gone = True
        self.coordinator = Coordinator(self, Random(self.draw.random()))
