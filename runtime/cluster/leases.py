"""Leases, in monotonic time: who may answer reads, and who counts as gone.

The host counts from before it sent the renewal, the Coordinator from when it heard it: so the host stops first. Ray's
signals only shorten a lease. Times are seconds of a monotonic clock and come in as values.
"""

from collections.abc import Sequence

import msgspec

from runtime.limits import LEASE_MS


class Renewal(msgspec.Struct, array_like=True, frozen=True):
    """What a Coordinator answers to a host that renews its lease."""

    coordinator: int
    member: bool
    """False: the host was declared gone, its shards are elsewhere."""
    age_s: float
    """How long ago the Coordinator last knew that there is no newer one: so much shorter is the lease it gives."""
    stale: Sequence[tuple[int, int]] = ()
    """What the host named as its own and others have by now, as (shard, epoch)."""


class HostLease:
    """A host's own view: may it answer from its memory?"""

    def __init__(self, lease_ms: int = LEASE_MS) -> None:
        self._seconds = lease_ms / 1000
        self._until = 0.0

    def renewed(self, sent_at: float) -> None:
        """The Coordinator confirmed a renewal that was sent at ``sent_at``."""
        self._until = max(self._until, sent_at + self._seconds)

    def valid(self, now: float) -> bool:
        """Whether the lease still holds."""
        return now < self._until

    def give_up(self) -> None:
        """End the lease at once."""
        self._until = 0.0


class LeaseBook:
    """The Coordinator's view: which hosts it has heard of lately."""

    def __init__(self, lease_ms: int = LEASE_MS) -> None:
        self._seconds = lease_ms / 1000
        self._heard: dict[str, float] = {}

    def hear(self, host: str, now: float) -> None:
        """The host renewed; a first renewal makes it a member."""
        self._heard[host] = now

    def forget(self, host: str) -> None:
        """The host is gone."""
        self._heard.pop(host, None)

    def __contains__(self, host: str) -> bool:
        return host in self._heard

    def members(self) -> list[str]:
        """All hosts that count as living, sorted."""
        return sorted(self._heard)

    def expired(self, now: float) -> list[str]:
        """Hosts that were silent for longer than their lease."""
        return [host for host, heard in self._heard.items() if now - heard > self._seconds]
