"""The judge's own books of what the journal holds: every record, folded once, beside the product's owners.

They are filled from the model journal alone and keep two promises themselves: ``one_history`` (frames and records in
order, nothing twice, time never backwards) and ``legal`` (every fact walks an arc of its machine).
"""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

import msgspec

from actors.events import (
    AnyEvent,
    DomainOrdersMoved,
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
from actors.events_of_graph import AlertsAcknowledged
from actors.fact import Event
from actors.group import OrderGroupKind
from actors.installed_product import Installed
from actors.product_id import PREFIX as PRODUCT_PREFIX
from actors.review_events import OrderApproved
from actors.shared_id import PREFIX as SHARED_PREFIX
from actors.shared_service import Shared
from actors.states import DOMAIN_ORDER_MACHINES, PRODUCT_ORDER, PRODUCT_ORDER_ITEM, TASK, Machine, State
from actors.structure import OrderGroup
from runtime.journal.frames import Record, decode_frame
from runtime.journal.model import ModelJournal
from runtime.kernel.kind import GroupKind
from runtime.kernel.live import Live

S = State
MAIL = (MessageReceived, MessageSent, MessageAcknowledged)
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
        """Up to which record a snapshot, or the list of frames its end names, covers the group."""
        self.redriven: dict[str, int] = {}
        self.given_up: dict[str, int] = {}
        self.approved: dict[str, int] = {}
        """How often each person approved the order."""
        self.acknowledged: dict[str, int] = {}
        """How often alerts of each line were acknowledged."""
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

    def __init__(self, kinds: Iterable[GroupKind], shards: int) -> None:
        self.kinds = {kind.prefix: kind for kind in kinds}
        self.groups: dict[str, Book] = {}
        self.positions = [0] * shards
        self.by_shard: list[list[str]] = [[] for _ in range(shards)]

    def kind_of(self, group: str) -> GroupKind:
        """A group's kind, from its id."""
        return self.kinds[group[:1]]

    @property
    def orders(self) -> dict[str, "Book"]:
        """The groups that are orders."""
        return {group: book for group, book in self.groups.items() if group.startswith(OrderGroupKind.prefix)}

    @property
    def products(self) -> dict[str, Installed]:
        """The groups that are installed products, as they stand."""
        return {
            group: book.live.state for group, book in self.groups.items() if group.startswith(PRODUCT_PREFIX)
        }

    @property
    def services(self) -> dict[str, Shared]:
        """The groups that are shared services, as they stand."""
        return {
            group: book.live.state for group, book in self.groups.items() if group.startswith(SHARED_PREFIX)
        }

    def advance(self, journal: ModelJournal, shard: int) -> list[tuple[Book, Record, list[Event]]]:
        """Take in what the journal has got since last time; every record that is new."""
        news: list[tuple[Book, Record, list[Event]]] = []
        for position, data in journal.read(shard, after=self.positions[shard]):
            self.positions[shard] = position
            for record in decode_frame(data).records:
                book = self.groups.get(record.group)
                if book is None:
                    book = self.groups[record.group] = Book(record.group, self.kind_of(record.group))
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
            if isinstance(event, MAIL):
                _judge_mail(live, event)
            live.fold_events([event], record.at)
            if isinstance(event, TaskRedriven):
                book.redriven[event.task] = book.redriven.get(event.task, 0) + 1
            elif isinstance(event, OrderApproved):
                book.approved[event.by] = book.approved.get(event.by, 0) + 1
            elif isinstance(event, AlertsAcknowledged):
                book.acknowledged[event.line] = book.acknowledged.get(event.line, 0) + 1
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


def arc(what: str, machine: Machine, before: State, after: State) -> None:
    """A fact that would walk an arc its machine does not have is a broken promise."""
    if not machine.may(before, after):
        raise Broken("legal", f"{what}: no arc leads from {before} to {after}")


def _judge_arc(live: Live, event: Event) -> None:
    judge = _ARCS.get(type(event))
    if judge is not None and live.state is not None:
        judge(live.group, live.state, event)


def _order_moved(name: str, group: OrderGroup, event: OrderMoved) -> None:
    arc(name, PRODUCT_ORDER, group.order.state, event.state)


def _lines_moved(name: str, group: OrderGroup, event: LinesMoved) -> None:
    for key in event.lines:
        arc(f"{name} line {key}", PRODUCT_ORDER_ITEM, group.lines[key].state, event.state)


def _domain_orders_moved(name: str, group: OrderGroup, event: DomainOrdersMoved) -> None:
    for key in event.keys:
        order = group.decomposition.domain_orders[key]
        machine = DOMAIN_ORDER_MACHINES[order.kind]
        arc(f"{name} {order.kind} order {key}", machine, order.state, event.state)


def _task_arc(name: str, group: OrderGroup, key: str, after: State) -> None:
    arc(f"{name} task {key}", TASK, group.orchestration.tasks[key].state, after)


def _tasks_dispatched(name: str, group: OrderGroup, event: TasksDispatched) -> None:
    for key in event.tasks:
        # A held or pending task was set back by its redriving; one that is out goes out again.
        if group.orchestration.tasks[key].state is not S.IN_PROGRESS:
            _task_arc(name, group, key, S.IN_PROGRESS)


def _tasks_dropped(name: str, group: OrderGroup, event: TasksDropped) -> None:
    for key in event.tasks:
        _task_arc(name, group, key, S.CANCELLED)


def _task_moves(after: State) -> Callable[[str, OrderGroup, Any], None]:
    return lambda name, group, event: _task_arc(name, group, event.task, after)


_ARCS: dict[type[Event], Callable[[str, OrderGroup, Any], None]] = {
    OrderMoved: _order_moved,
    LinesMoved: _lines_moved,
    DomainOrdersMoved: _domain_orders_moved,
    TasksDispatched: _tasks_dispatched,
    TaskCompleted: _task_moves(S.COMPLETED),
    TaskHeld: _task_moves(S.HELD),
    TaskPending: _task_moves(S.PENDING),
    TaskRedriven: _task_moves(S.IN_PROGRESS),
    TaskGivenUp: _task_moves(S.IN_PROGRESS),
    TaskFailed: _task_moves(S.FAILED),
    TasksDropped: _tasks_dropped,
}
"""Which arc a fact must be on, by its type."""
