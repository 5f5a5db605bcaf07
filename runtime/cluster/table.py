"""The shard table: who owns which shard under which epoch, and how shards are spread over hosts. Pure."""

from collections.abc import Iterable, Sequence

import msgspec


class Owner(msgspec.Struct, array_like=True, frozen=True):
    """A shard's owner; an empty host: nobody has it at the moment."""

    host: str
    epoch: int


class Table(msgspec.Struct, frozen=True):
    """What gateways and hosts route by. ``version`` grows with every change under one ``coordinator`` epoch."""

    coordinator: int
    version: int
    owners: tuple[Owner, ...]
    executors: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    stopped: dict[int, str] = {}
    """Shards that nobody may own, with the sentence on why."""
    catalog: int = 0
    """How many catalogs were published so far: who has heard of fewer looks at the store."""


def spread(owners: Sequence[str], hosts: Iterable[str]) -> list[str]:
    """The owner that each shard should have: as even as possible, moving as few shards as possible.

    :param owners: present owner by shard, "" or a host that is gone where there is none.
    :param hosts: the living hosts; sorted here, so that every reader of the same facts agrees.
    """
    living = sorted(hosts)
    if not living:
        return [""] * len(owners)
    held = {host: [shard for shard, owner in enumerate(owners) if owner == host] for host in living}
    share, rest = divmod(len(owners), len(living))
    # Those that hold most keep the larger shares, so that fewer shards move.
    by_load = sorted(living, key=lambda host: (-len(held[host]), host))
    quota = {host: share + (place < rest) for place, host in enumerate(by_load)}
    wanted = [""] * len(owners)
    for host in living:
        for shard in held[host][: quota[host]]:
            wanted[shard] = host
    room = [host for host in living for _ in range(quota[host] - min(len(held[host]), quota[host]))]
    for shard, owner in enumerate(wanted):
        if not owner:
            wanted[shard] = room.pop(0)
    return wanted
