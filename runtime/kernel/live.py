"""A group in memory: its state, its timers and outbox, and what the journal still needs to hold of it."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from actors.events import MessageAcknowledged, MessageReceived, MessageSent, TimerEnded, TimerSet
from actors.fact import Event
from actors.lifting import decode_events
from actors.messages import AnyMessage
from runtime.errors import InvariantBroken, invariant
from runtime.journal.frames import Record, pack_positions, unpack_positions
from runtime.journal.packing import packed, unpacked
from runtime.kernel.kind import GroupKind

SNAPSHOT_FORMAT = 1
"""The layout of a snapshot; a reader of older ones stands in :func:`from_snapshot`."""

_encode = msgspec.msgpack.Encoder().encode


class Mail(msgspec.Struct):
    """A group's timers and its dealings with other groups."""

    timers: dict[str, int] = {}
    sent: dict[str, int] = {}
    """Receiver -> sequence of the last message sent to it."""
    outbox: dict[str, dict[int, AnyMessage]] = {}
    """Receiver -> messages that it has not acknowledged."""
    received: dict[str, int] = {}
    """Sender -> sequence up to which everything of it is decided here."""

    def fold(self, event: Event) -> None:
        """Fold a fact that every kind of group has."""
        if isinstance(event, TimerSet):
            self.timers[event.key] = event.due
        elif isinstance(event, TimerEnded):
            self.timers.pop(event.key, None)
        elif isinstance(event, MessageSent):
            self.sent[event.to] = event.sequence
            self.outbox.setdefault(event.to, {})[event.sequence] = event.message
        elif isinstance(event, MessageReceived):
            self.received[event.sender] = event.sequence
        elif isinstance(event, MessageAcknowledged):
            waiting = self.outbox.get(event.to, {})
            waiting.pop(event.sequence, None)
            if not waiting:
                self.outbox.pop(event.to, None)


_OF_THE_KERNEL = (TimerSet, TimerEnded, MessageSent, MessageReceived, MessageAcknowledged)


class _Snapshot(msgspec.Struct, array_like=True):
    format: int
    sequence: int
    at: int
    positions: bytes
    mail: Mail
    state: msgspec.Raw


_snapshot = msgspec.msgpack.Decoder(_Snapshot).decode


class Live:
    """One group in memory. ``first`` is the oldest frame that only this memory covers (0: its snapshot covers all)."""

    __slots__ = (
        "at",
        "due",
        "first",
        "group",
        "index",
        "kind",
        "mail",
        "opened",
        "positions",
        "record_bytes",
        "sequence",
        "snapshot_bytes",
        "state",
        "used",
    )

    def __init__(self, group: str, kind: GroupKind) -> None:
        self.group = group
        self.kind = kind
        self.state: Any = None
        self.sequence = 0
        self.at = 0
        self.mail = Mail()
        self.positions: list[int] = []
        self.first = 0
        self.record_bytes = 0
        self.snapshot_bytes = 0
        self.index: tuple[int, tuple[tuple[str, str], ...]] = (0, ())
        self.due = 0
        self.opened = False
        self.used = 0

    @property
    def ended(self) -> bool:
        """Whether the group exists and nothing can happen in it any more (its outbox is delivered, too)."""
        return self.state is not None and self.kind.ended(self.state) and not self.mail.outbox

    @property
    def open(self) -> bool:
        """Whether recovery must take the group up by itself: dispatches or sends are unanswered."""
        return bool(self.mail.outbox) or (self.state is not None and self.kind.has_open_work(self.state))

    def fold_events(self, events: Sequence[Event], at: int) -> None:
        """Fold facts of one record."""
        for event in events:
            if isinstance(event, _OF_THE_KERNEL):
                self.mail.fold(event)
            else:
                self.state = self.kind.evolve(self.state, event, at)

    def fold_record(self, position: int, record: Record) -> None:
        """Fold a record read from the journal; one that was folded already is passed over.

        :raises InvariantBroken: when a record is missing before it.
        """
        if record.sequence <= self.sequence:
            return
        if record.sequence != self.sequence + 1:
            raise InvariantBroken(
                f"group {self.group}: record {record.sequence} at {position} follows record {self.sequence}"
            )
        self.fold_events(decode_events(record.events), record.at)
        self.committed_at(position, record.at, len(record.events))

    def committed_at(self, position: int, at: int, size: int) -> None:
        """Book that the group's next record stands at ``position``."""
        self.sequence += 1
        self.at = at
        if not self.positions or self.positions[-1] != position:
            self.positions.append(position)
        if not self.first:
            self.first = position
        self.record_bytes += size

    def snapshot(self) -> bytes:
        """The group as bytes to store: what a passivated group comes back from."""
        invariant(self.state is not None, "only a group that exists is snapshotted")
        data = _encode(
            _Snapshot(
                SNAPSHOT_FORMAT,
                self.sequence,
                self.at,
                pack_positions(self.positions),
                self.mail,
                msgspec.Raw(_encode(self.state)),
            )
        )
        self.snapshot_bytes = len(data)
        return packed(data)

    def encoded_state(self) -> bytes | None:
        """The state as its kind's struct in msgpack, for readers."""
        return None if self.state is None else _encode(self.state)


def from_snapshot(group: str, kind: GroupKind, data: bytes) -> Live:
    """The group as its snapshot says.

    :raises InvariantBroken: for a layout this version cannot read.
    """
    data = unpacked(data)
    stored = _snapshot(data)
    invariant(stored.format == SNAPSHOT_FORMAT, f"snapshot of {group} has format {stored.format}")
    live = Live(group, kind)
    live.sequence, live.at, live.mail = stored.sequence, stored.at, stored.mail
    live.positions = unpack_positions(stored.positions)
    live.state = _decoder(kind.State)(stored.state)
    live.snapshot_bytes = len(data)
    return live


_decoders: dict[type[Any], Callable[[bytes], Any]] = {}


def _decoder(state: type[Any]) -> Callable[[bytes], Any]:
    decoder = _decoders.get(state)
    if decoder is None:
        decoder = _decoders[state] = msgspec.msgpack.Decoder(state).decode
    return decoder


def sequence_of(data: bytes) -> int:
    """Up to which record a snapshot covers its group."""
    return _snapshot(unpacked(data)).sequence


def positions_of(data: bytes) -> list[int]:
    """In which frames the records of a snapshotted group stand."""
    return unpack_positions(_snapshot(unpacked(data)).positions)
