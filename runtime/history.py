"""One group's records and state straight from the journal, for whoever has no owner to ask.

The reader spans archive and stream: what a snapshot or an end names is read frame by frame, what came after stands in
the shard's recovery tail.
"""

from runtime.journal.contract import Journal
from runtime.journal.frames import Record, decode_frame, unpack_positions
from runtime.kernel.kind import GroupKind
from runtime.kernel.live import Live, from_snapshot, positions_of
from runtime.port import shard_of


async def history(journal: Journal, group: str) -> list[Record]:
    """Every record of a group from its first to its last; empty when there is no such group.

    :raises runtime.errors.JournalAway: when the journal does not answer.
    """
    shard = shard_of(group, journal.shards)
    (stored,) = await journal.lookup(shard, [group])
    known: list[int] = []
    if stored.snapshot is not None:
        known = positions_of(stored.snapshot)
    elif stored.ended is not None:
        known = unpack_positions(stored.ended)
    records: dict[int, Record] = {}
    if known:
        for _, data in await journal.frames(shard, known):
            records.update(_of(group, data))
    state = await journal.state(shard)
    after = max(state.recovery, known[-1] if known else 0)
    async for _, data in journal.read(shard, after=after):
        records.update(_of(group, data))
    return [records[sequence] for sequence in sorted(records)]


def _of(group: str, data: bytes) -> dict[int, Record]:
    return {record.sequence: record for record in decode_frame(data).records if record.group == group}


async def fold(journal: Journal, kind: GroupKind, group: str) -> Live | None:
    """A group as the journal durably has it; None when there is no such group.

    :raises runtime.errors.JournalAway: when the journal does not answer.
    """
    shard = shard_of(group, journal.shards)
    (stored,) = await journal.lookup(shard, [group])
    if stored.snapshot is not None:
        live = from_snapshot(group, kind, stored.snapshot)
        state = await journal.state(shard)
        after = max(state.recovery, live.positions[-1])
        async for position, data in journal.read(shard, after=after):
            for record in _of(group, data).values():
                live.fold_record(position, record)
        return live
    live = Live(group, kind)
    for record in await history(journal, group):
        live.fold_record(0, record)
    return live if live.state is not None else None
