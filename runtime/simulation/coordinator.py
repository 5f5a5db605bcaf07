"""The Coordinator: who owns which shard, by leases in virtual time. It keeps nothing that the journal does not have."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from runtime.journal.contract import Fenced

if TYPE_CHECKING:
    from runtime.simulation.cluster import Cluster

TICK_MS = 50
ASK_TIMEOUT_MS = 3_000


class Coordinator:
    """One incarnation. What it has asked for goes on after its end, what is still on the way to a host is lost."""

    def __init__(self, cluster: "Cluster", draw: Random) -> None:
        self.epoch = cluster.disk.model.new_coordinator()
        self.gone = False
        states = cluster.disk.model.states()
        self.owners: list[tuple[str, int]] = [(state.owner, state.epoch) for state in states]
        self._heard = {
            name: cluster.schedule.now
            for name in sorted({owner for owner, _ in self.owners})
            if name in cluster.hosts and not cluster.hosts[name].dead
        }
        self._declared: set[str] = set()
        self._missed: set[tuple[int, int]] = set()
        """What hosts said once that they do not have: on its way to them, unless they say so again."""
        self._cluster = cluster
        self._draw = draw
        self._moving: dict[int, int] = {}
        """Shards on their way to an owner, with the instant at which we stop waiting for it."""
        self._tick()

    def renew(self, host: str, owned: dict[int, int]) -> bool:
        """A host says that it lives and which shards it has, with their epochs. False: it was declared gone.

        A shard that is its own by the table and not in its hands (it was released, and the Coordinator that asked for
        it ended before it could give it to another) is acquired anew, by the same host: nobody else may answer for it
        while this one's lease lasts.
        """
        if host in self._declared:
            return False
        self._heard[host] = self._cluster.schedule.now
        for shard, epoch in sorted(owned.items()):
            # It was asked for by a Coordinator that has ended since, and acquired after this one had looked.
            if epoch > self.owners[shard][1]:
                self.owners[shard] = (host, epoch)
        for shard, (owner, epoch) in enumerate(self.owners):
            if owner == host and owned.get(shard, 0) < epoch:
                if (shard, epoch) in self._missed:
                    self._take(host, shard)
                self._missed.add((shard, epoch))
        return True

    def _tick(self) -> None:
        if self.gone:
            return
        cluster = self._cluster
        for host, heard in list(self._heard.items()):
            if host not in cluster.hosts or cluster.schedule.now - heard > cluster.world.lease_ms:
                cluster.trace.note("coordinator", f"{host} is gone")
                del self._heard[host]
                self._declared.add(host)
        members = sorted(self._heard)
        for shard, (owner, _) in enumerate(self.owners):
            if owner not in self._heard and members:
                self._take(self._draw.choice(members), shard)
        cluster.schedule.after(TICK_MS, self._tick)

    def _take(self, host: str, shard: int) -> None:
        cluster = self._cluster
        if self._moving.get(shard, 0) > cluster.schedule.now:
            return
        self._moving[shard] = cluster.schedule.now + ASK_TIMEOUT_MS
        epoch = self.owners[shard][1] + 1

        def answered(refused: Fenced | None) -> None:
            if self.gone:
                return
            self._moving.pop(shard, None)
            if refused is None:
                if epoch > self.owners[shard][1]:
                    self.owners[shard] = (host, epoch)
            else:
                self.owners[shard] = ("", max(refused.epoch, self.owners[shard][1]))

        living = cluster.hosts.get(host)
        if living is None:
            return

        def acquire() -> None:
            if not self.gone:
                living.acquire(
                    shard, epoch, self.epoch, lambda refused: cluster.network.send(lambda: answered(refused))
                )

        cluster.network.send(lambda: living.run(acquire))

    def hand_over(self) -> None:
        """Move a shard from one living host to another: drained, released, acquired."""
        shard = self._draw.randrange(len(self.owners))
        owner = self.owners[shard][0]
        others = [name for name in sorted(self._heard) if name != owner]
        cluster = self._cluster
        if not others or owner not in self._heard or self._moving.get(shard, 0) > cluster.schedule.now:
            return
        cluster.trace.note("coordinator", f"moves shard {shard} away from {owner}")
        self._moving[shard] = cluster.schedule.now + ASK_TIMEOUT_MS
        to = self._draw.choice(others)

        def released() -> None:
            if not self.gone and self.owners[shard][0] == owner:
                self._moving.pop(shard, None)
                self.owners[shard] = ("", self.owners[shard][1])
                self._take(to, shard)

        giving = cluster.hosts.get(owner)
        if giving is None:
            return
        answer: Callable[[], None] = lambda: cluster.network.send(released)  # noqa: E731
        cluster.network.send(lambda: giving.run(lambda: giving.release(shard, answer)))
