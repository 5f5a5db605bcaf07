"""The judge's own books of what the journal holds: every record, folded once, beside the product's owners.

They are filled from the model journal alone and keep two promises themselves: ``one_history`` (frames and records in
order, nothing twice, time never backwards) and ``legal`` (every fact walks an arc of its machine).
"""

from hashlib import blake2b

import msgspec

from actors.events import (
    AnyEvent,
    DomainOrdersMoved,
    Event,
    LinesMoved,
    MessageAcknowledged,
    MessageReceived,
    MessageSent,
    OrderMoved,
    TaskCompleted,
    TaskFailed,
    TaskGivenUp,
    TaskHeld,
    TaskPending,
    TaskRedriven,
    TasksDispatched,
    TasksDropped,
)
from actors.states import DOMAIN_ORDER_MACHINES, PRODUCT_ORDER, PRODUCT_ORDER_ITEM, TASK, Machine, State
from actors.structure import OrderGroup
from runtime.journal.frames import Record, decode_frame
from runtime.journal.model import ModelJournal
from runtime.kernel.kind import GroupKind
from runtime.kernel.live import Live

S = State
_events = msgspec.msgpack.Decoder(list[AnyEvent]).decode


class Broken(Exception):
    """A promise of the runtime that did not hold."""

    def __init__(self, promise: str, sentence: str) -> None:
        super().__init__(f"{promise}: {sentence}")
        self.promise = promise
        self.sentence = sentence


def digest(data: bytes | None) -> bytes:
    """Short enough to keep one for each version of each group."""
    return blake2b(data or b"", digest_size=8).digest()


class Book:
    """One group as the journal alone makes it."""

    def __init__(self, group: str, kind: GroupKind) -> None:
        self.live = Live(group, kind)
        self.versions: list[bytes] = []
        """Digest of the state after each record, the first at 0."""
        self.places: list[int] = []
        """The frame each record stands in."""
        self.snapshot = 0
        """Up to which record a snapshot covers the group."""
        self.closed = False
        """Whether the journal was told that the group has ended."""
        self.redriven: dict[str, int] = {}
        self.given_up: dict[str, int] = {}
        self.entries: frozenset[bytes] = frozenset()

    @property
    def state(self) -> OrderGroup:
        """The order group; only for one that has a record."""
        state: OrderGroup = self.live.state
        return state

    def version_of(self, state: bytes) -> int:
        """The last record after which the state was this; 0 when it never was."""
        wanted = digest(state)
        for place in range(len(self.versions) - 1, -1, -1):
            if self.versions[place] == wanted:
                return place + 1
        return 0


class Books:
    """All groups, kept up to date frame by frame."""

    def __init__(self, kind: GroupKind, shards: int) -> None:
        self.kind = kind
        self.groups: dict[str, Book] = {}
        self.positions = [0] * shards
        self.by_shard: list[list[str]] = [[] for _ in range(shards)]

    def advance(self, journal: ModelJournal, shard: int) -> list[tuple[Book, Record, list[Event]]]:
        """Take in what the journal has got since last time; every record that is new."""
        news: list[tuple[Book, Record, list[Event]]] = []
        for position, data in journal.read(shard, after=self.positions[shard]):
            self.positions[shard] = position
            for record in decode_frame(data).records:
                book = self.groups.get(record.group)
                if book is None:
                    book = self.groups[record.group] = Book(record.group, self.kind)
                    self.by_shard[shard].append(record.group)
                events = _events(record.events)
                self._fold(book, position, record, events)
                news.append((book, record, list(events)))
        return news

    @staticmethod
    def _fold(book: Book, position: int, record: Record, events: list[AnyEvent]) -> None:
        live = book.live
        if record.sequence != live.sequence + 1:
            raise Broken(
                "one_history",
                f"{record.group}: record {record.sequence} in frame {position} follows record {live.sequence}",
            )
        if record.at < live.at:
            raise Broken(
                "one_history", f"{record.group}: record {record.sequence} is dated before the one before"
            )
        if not events:
            raise Broken("one_history", f"{record.group}: record {record.sequence} says nothing")
        for event in events:
            _judge_arc(live, event)
            _judge_mail(live, event)
            live.fold_events([event], record.at)
            if isinstance(event, TaskRedriven):
                book.redriven[event.task] = book.redriven.get(event.task, 0) + 1
            elif isinstance(event, TaskGivenUp):
                book.given_up[event.task] = book.given_up.get(event.task, 0) + 1
        live.committed_at(position, record.at, 1)
        book.versions.append(digest(live.encoded_state()))
        book.places.append(position)


def _judge_mail(live: Live, event: Event) -> None:
    if isinstance(event, MessageReceived):
        if event.sequence <= live.mail.received.get(event.sender, 0):
            raise Broken(
                "one_history", f"{live.group} decided message {event.sequence} of {event.sender} again"
            )
    elif isinstance(event, MessageSent):
        if event.sequence != live.mail.sent.get(event.to, 0) + 1:
            raise Broken(
                "one_history", f"{live.group} sent message {event.sequence} to {event.to} out of order"
            )
    elif isinstance(event, MessageAcknowledged) and event.sequence not in live.mail.outbox.get(event.to, {}):
        raise Broken("one_history", f"{live.group}: message {event.sequence} to {event.to} was never out")


def _arc(what: str, machine: Machine, before: State, after: State) -> None:
    if not machine.may(before, after):
        raise Broken("legal", f"{what}: no arc leads from {before} to {after}")


def _judge_arc(live: Live, event: Event) -> None:
    group: OrderGroup | None = live.state
    if group is None:
        return
    if isinstance(event, OrderMoved):
        _arc(live.group, PRODUCT_ORDER, group.order.state, event.state)
    elif isinstance(event, LinesMoved):
        for key in event.lines:
            _arc(f"{live.group} line {key}", PRODUCT_ORDER_ITEM, group.lines[key].state, event.state)
    elif isinstance(event, DomainOrdersMoved):
        for key in event.keys:
            order = group.decomposition.domain_orders[key]
            _arc(
                f"{live.group} {order.kind} order {key}",
                DOMAIN_ORDER_MACHINES[order.kind],
                order.state,
                event.state,
            )
    else:
        _judge_task(live.group, group, event)


def _judge_task(name: str, group: OrderGroup, event: Event) -> None:
    tasks = group.orchestration.tasks

    def moves(key: str, after: State) -> None:
        _arc(f"{name} task {key}", TASK, tasks[key].state, after)

    if isinstance(event, TasksDispatched):
        for key in event.tasks:
            # A held or pending task was set back by its redriving; one that is out goes out again.
            if tasks[key].state is not S.IN_PROGRESS:
                moves(key, S.IN_PROGRESS)
    elif isinstance(event, TaskCompleted):
        moves(event.task, S.COMPLETED)
    elif isinstance(event, TaskHeld):
        moves(event.task, S.HELD)
    elif isinstance(event, TaskPending):
        moves(event.task, S.PENDING)
    elif isinstance(event, TaskRedriven | TaskGivenUp):
        moves(event.task, S.IN_PROGRESS)
    elif isinstance(event, TaskFailed):
        moves(event.task, S.FAILED)
    elif isinstance(event, TasksDropped):
        for key in event.tasks:
            moves(key, S.CANCELLED)
