"""A judge for each promise, with books of its own: it sees what leaves a kernel and what the journal holds."""

from typing import Any

import msgspec

from actors.alerts import ALERT
from actors.astray import ATTRIBUTE, STRAIGHT
from actors.behaviour import Dispatch
from actors.events import TaskCompleted
from actors.fact import Event
from actors.message import Message
from actors.messages import (
    Accepted,
    AcknowledgeAlerts,
    AnnotateOrder,
    ApproveOrder,
    ChangeOrder,
    Done,
    GiveUp,
    KeyConflict,
    Retry,
    SaveDraft,
    StartDraft,
    SubmitOrder,
)
from actors.states import FINAL
from actors.structure import OrderGroup
from runtime.journal import index
from runtime.journal.contract import Commit, Committed, Fenced, Verdict
from runtime.journal.frames import Record, unpack_positions
from runtime.journal.model import ModelJournal
from runtime.kernel.live import from_snapshot, sequence_of
from runtime.kernel.words import Answer, Outgoing, Taken, View
from runtime.simulation.asks import Ask
from runtime.simulation.books import Book, Books, Broken

Key = tuple[str, str, int]
_encode = msgspec.msgpack.Encoder().encode


class SingleOwner:
    """``single_owner``: only the latest owner of a shard writes, one epoch has one owner, epochs rise."""

    def __init__(self, shards: int) -> None:
        self.owners: list[tuple[int, str]] = [(0, "")] * shards

    def acquired(self, owner: str, shard: int, epoch: int) -> None:
        """A shard was taken over."""
        before, name = self.owners[shard]
        if epoch < before or (epoch == before and owner != name):
            raise Broken("single_owner", f"shard {shard} went from {name} ({before}) to {owner} ({epoch})")
        self.owners[shard] = (epoch, owner)

    def wrote(self, owner: str, commit: Commit) -> None:
        """A commit was taken."""
        if (commit.epoch, owner) != self.owners[commit.shard]:
            epoch, name = self.owners[commit.shard]
            raise Broken(
                "single_owner",
                f"shard {commit.shard} belongs to {name} ({epoch}), {owner} wrote under {commit.epoch}",
            )


class NothingBeforeCommit:
    """``nothing_before_commit``: all that leaves a kernel rests on records that are in the journal by then."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.approved: dict[tuple[str, str], set[str]] = {}
        """Keys of each person's approvals of each order that were acknowledged: one that comes twice is one."""
        self.done: dict[tuple[str, str, type], set[str]] = {}
        """Keys of the decisions on a target that were answered as done: one that comes twice is recorded once."""

    def answered(self, ask: Ask, answer: Answer) -> None:
        """An answer leaves a host."""
        book = self.books.groups.get(ask.group)
        if isinstance(answer, Accepted | KeyConflict):
            if book is None:
                raise Broken("nothing_before_commit", f"{ask!r} was answered {answer!r} and is in no journal")
        elif isinstance(answer, View):
            if answer.state is not None and (book is None or not book.version_of(answer.state)):
                raise Broken("nothing_before_commit", f"{ask!r} shows what is (not yet) in the journal")
        elif isinstance(answer, Done) and isinstance(ask.message, ApproveOrder):
            self._approved(ask, ask.message, book)
        elif isinstance(answer, Done) and isinstance(ask.message, Retry | GiveUp | AcknowledgeAlerts):
            self._decided(ask, ask.message, book)

    def _approved(self, ask: Ask, message: ApproveOrder, book: Book | None) -> None:
        by, keys = message.by, self.approved.setdefault((ask.group, message.by), set())
        keys.add(message.key)
        if book is None or book.approved.get(by, 0) < len(keys):
            raise Broken(
                "nothing_before_commit",
                f"{ask!r} by {by} was acknowledged {len(keys)} times, recorded less often",
            )

    def _decided(self, ask: Ask, message: Retry | GiveUp | AcknowledgeAlerts, book: Book | None) -> None:
        if book is None:
            raise Broken("nothing_before_commit", f"{ask!r} was done to a group that is in no journal")
        if isinstance(message, AcknowledgeAlerts):
            counted = book.acknowledged
        elif message.target in book.state.orchestration.tasks:
            counted = book.redriven if isinstance(message, Retry) else book.given_up
        else:
            return
        done = self.done.setdefault((ask.group, message.target, type(message)), set())
        done.add(message.key)
        if counted.get(message.target, 0) < len(done):
            raise Broken(
                "nothing_before_commit", f"{ask!r}: {len(done)} were answered done, fewer are recorded"
            )

    def dispatched(self, group: str, dispatch: Dispatch) -> None:
        """A task leaves a host."""
        book = self.books.groups.get(group)
        task = book.state.orchestration.tasks.get(dispatch.task) if book is not None else None
        if task is None or (dispatch.generation, dispatch.attempt) > (task.generation, task.attempt):
            raise Broken(
                "nothing_before_commit",
                f"{group} {dispatch.task}/{dispatch.generation} attempt {dispatch.attempt} went out unrecorded",
            )

    def sent(self, out: Outgoing) -> None:
        """A message to another group leaves a host."""
        book = self.books.groups.get(out.sender)
        if book is None or book.live.mail.sent.get(out.to, 0) < out.sequence:
            raise Broken(
                "nothing_before_commit", f"{out.sender} -> {out.to} {out.sequence} went out unrecorded"
            )

    def taken(self, out: Outgoing, answer: Answer) -> None:
        """A receiver tells a sender's outbox that it may forget."""
        if isinstance(answer, Taken) and answer.taken:
            book = self.books.groups.get(out.to)
            if book is None or book.live.mail.received.get(out.sender, 0) < out.sequence:
                raise Broken(
                    "nothing_before_commit", f"{out.to} took {out.sequence} of {out.sender} unrecorded"
                )


class Acknowledged:
    """``acknowledged``: one order for one key, the same answer for ever, another body refused, no change lost."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.orders: dict[str, tuple[bytes, int]] = {}

    def answered(self, ask: Ask, answer: Answer) -> None:
        """An answer reaches a client."""
        if isinstance(ask.message, SaveDraft | ChangeOrder | AnnotateOrder):
            self._changed(ask, ask.message, answer)
        if not isinstance(ask.message, SubmitOrder | StartDraft):
            return
        known = self.orders.get(ask.group)
        if isinstance(answer, Accepted):
            if answer.order != ask.group:
                raise Broken("acknowledged", f"{ask!r} was accepted as {answer.order}")
            # A draft gets its order date when it is submitted.
            date = 0 if isinstance(ask.message, StartDraft) else answer.order_date
            if known is None:
                self.orders[ask.group] = (ask.message.digest, date)
            elif known != (ask.message.digest, date):
                raise Broken("acknowledged", f"{ask!r} was accepted as another order than before")
        elif isinstance(answer, KeyConflict):
            if known is not None and known[0] == ask.message.digest:
                raise Broken("acknowledged", f"{ask!r} was accepted before and is now a conflict")
            stored = self.books.groups[ask.group].state.order.digest
            if stored == ask.message.digest:
                raise Broken("acknowledged", f"{ask!r} conflicts with itself")

    def _changed(self, ask: Ask, message: SaveDraft | ChangeOrder | AnnotateOrder, answer: Answer) -> None:
        if not isinstance(answer, Done):
            return
        order = self.books.groups[ask.group].state.order
        if order.version <= message.base:
            raise Broken("acknowledged", f"{ask!r} was done, and the order is at version {order.version}")
        if order.version == message.base + 1 and order.document != message.document:
            raise Broken("acknowledged", f"{ask!r} was done, and the order says something else")


class Reads:
    """``reads``: a read shows what was acknowledged before it was asked, and never less than an earlier read."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.seen: dict[str, int] = {}

    def asked(self, ask: Ask) -> None:
        """A client asks."""
        ask.unread_from = self.seen.get(ask.group, 0)

    def left(self, ask: Ask, answer: Answer, current: bool) -> None:
        """An answer leaves a host; ``current``: one that owns the shard in the journal, too."""
        if isinstance(answer, Accepted | Done):
            ask.rests_on = self.books.groups[ask.group].live.sequence if current else 1

    def answered(self, ask: Ask, answer: Answer) -> None:
        """An answer reaches a client."""
        seen = ask.rests_on
        if isinstance(answer, View):
            book = self.books.groups.get(ask.group)
            seen = book.version_of(answer.state) if book is not None and answer.state is not None else 0
            if answer.state is not None and not seen:
                raise Broken("replay", f"{ask!r} shows a state that folding the journal never gives")
            if seen < ask.unread_from:
                raise Broken(
                    "reads", f"{ask!r} shows record {seen}, record {ask.unread_from} was known before"
                )
        self.seen[ask.group] = max(self.seen.get(ask.group, 0), seen)


class Replay:
    """``replay``: snapshots are what the journal folds to, and together with the tail nothing is out of reach."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self._recovery: dict[int, int] = {}

    def committed(self, journal: ModelJournal, commit: Commit) -> None:
        """A commit was answered, whatever the verdict."""
        for group, _ in commit.snapshots:
            (stored,) = journal.lookup(commit.shard, [group])
            if stored.snapshot is not None:
                self._snapshot(group, stored.snapshot)
        for group, _ in commit.ended:
            self._ended(journal, commit.shard, group)
        recovery = journal.state(commit.shard).recovery
        # Where recovery begins as before, only a snapshot can have put something out of its reach.
        moved = recovery > self._recovery.get(commit.shard, 0)
        self._recovery[commit.shard] = recovery
        for group in self.books.by_shard[commit.shard] if moved else [group for group, _ in commit.snapshots]:
            self._within_reach(group, recovery)

    def _within_reach(self, group: str, recovery: int) -> None:
        book = self.books.groups.get(group)
        if book is None:
            return
        covered = book.snapshot
        if covered < len(book.places) and book.places[covered] <= recovery:
            raise Broken(
                "replay",
                f"{group}: recovery begins after {recovery}, "
                f"its record {covered + 1} stands at {book.places[covered]} and in no snapshot",
            )

    def acquired(self, journal: ModelJournal, shard: int) -> None:
        """A new owner begins with what the journal has, whatever became of the commits of the one before."""
        for stored in journal.lookup(shard, journal.snapshotted(shard)):
            if stored.snapshot is not None:
                self._not_ahead(stored.group, sequence_of(stored.snapshot))

    def _not_ahead(self, group: str, sequence: int) -> None:
        book = self.books.groups.get(group)
        if book is None or sequence > book.live.sequence:
            raise Broken("replay", f"{group}: its snapshot is ahead of the journal, at record {sequence}")

    def _snapshot(self, group: str, data: bytes) -> None:
        live = from_snapshot(group, self.books.kind_of(group), data)
        self._not_ahead(group, live.sequence)
        book = self.books.groups[group]
        if live.sequence == book.live.sequence:
            same = (live.at, live.encoded_state(), _encode(live.mail)) == (
                book.live.at,
                book.live.encoded_state(),
                _encode(book.live.mail),
            )
            if not same or live.positions != sorted(set(book.places)):
                raise Broken("replay", f"{group}: its snapshot is not what the journal folds to")
        book.snapshot = live.sequence

    def _ended(self, journal: ModelJournal, shard: int, group: str) -> None:
        (stored,) = journal.lookup(shard, [group])
        book = self.books.groups.get(group)
        if stored.ended is None or book is None or not book.live.ended:
            return
        if unpack_positions(stored.ended) != sorted(set(book.places)):
            raise Broken("replay", f"{group}: it ended, and its frames are not those its end names")
        book.snapshot = len(book.places)


class Index:
    """``index``: lists, due timers and open work say what the states say."""

    def __init__(self, books: Books) -> None:
        self.books = books

    def committed(
        self, journal: ModelJournal, shard: int, news: list[tuple[Book, Record, list[Event]]]
    ) -> None:
        """New records stand in a shard."""
        touched = {book.live.group: book for book, _, _ in news}
        if not touched:
            return
        opened = set(journal.open_groups(shard))
        due = dict(journal.due(shard))
        for group, book in touched.items():
            date, attributes = book.live.kind.index(book.state)
            if isinstance(book.state, OrderGroup):
                _judge_alerts(group, book.state, attributes)
            entries = frozenset(index.entry(name, value, date, group) for name, value in attributes)
            if not all(journal.index_has(shard, entry) for entry in entries):
                raise Broken("index", f"{group}: a list would miss it")
            if any(journal.index_has(shard, entry) for entry in book.entries - entries):
                raise Broken("index", f"{group}: a list would find it by what it no longer is")
            if isinstance(book.state, OrderGroup) and _told_astray(attributes) != _astray(book.state):
                raise Broken("index", f"{group}: a list by state would miss its service orders")
            book.entries = entries
            if (group in opened) is not book.live.open:
                raise Broken(
                    "index", f"{group}: open work {book.live.open}, the index says {group in opened}"
                )
            earliest = min(book.live.mail.timers.values(), default=0)
            if book.live.ended:
                if group in due:
                    raise Broken("index", f"{group}: it has ended and would still be woken")
            elif earliest and due.get(group, earliest + 1) > earliest:
                raise Broken("index", f"{group}: it would be woken too late")


def _told_astray(attributes: tuple[tuple[str, str], ...]) -> set[str]:
    return {value for name, value in attributes if name.endswith(ATTRIBUTE)}


def _astray(group: OrderGroup) -> set[str]:
    made = group.decomposition.domain_orders.values()
    return {str(each.state) for each in made if each.kind == "service" and each.state not in STRAIGHT}


def _judge_alerts(group: str, state: OrderGroup, attributes: tuple[tuple[str, str], ...]) -> None:
    """Whether people find the order by its alerts if and only if a deadline of somebody's value has passed."""
    graph = state.decomposition.graph
    overdue = state.order.state not in FINAL and any(
        each.times and each.part.reaction in ("remind", "escalate")
        for held in (graph.held.values() if graph is not None else ())
        for each in held
    )
    if overdue != any(name == ALERT for name, _ in attributes):
        raise Broken("index", f"{group}: an overdue value {overdue}, and lists say otherwise")


class Effects:
    """``effects``: one request for one key, one effect for one key, and no completion without its effect."""

    def __init__(self) -> None:
        self.requests: dict[Key, dict[str, Any]] = {}
        self.applied_by: dict[Key, dict[str, Any]] = {}
        self.changes: dict[tuple[str, str], int] = {}

    def asked(self, group: str, message: Message | None) -> None:
        """An operator may ask for a new generation of a task."""
        if isinstance(message, Retry) and message.changes:
            key = (group, message.target)
            self.changes[key] = self.changes.get(key, 0) + 1

    def dispatched(self, group: str, dispatch: Dispatch) -> None:
        """A task leaves a host."""
        key = (group, dispatch.task, dispatch.generation)
        if self.requests.setdefault(key, dispatch.request) != dispatch.request:
            raise Broken("effects", f"{key} asks for something else than before")

    def applied(self, key: Key, request: dict[str, Any], output: dict[str, Any]) -> None:
        """The element's ledger has a new line."""
        if key in self.applied_by:
            raise Broken("effects", f"{key} was applied twice")
        if key[2] > 1 + self.changes.get(key[:2], 0):
            raise Broken("effects", f"{key} was applied, and nobody asked for that generation")
        self.applied_by[key] = output

    def recorded(self, news: list[tuple[Book, Record, list[Event]]]) -> None:
        """New records stand in the journal."""
        for book, record, events in news:
            for event in events:
                if isinstance(event, TaskCompleted):
                    generation = book.state.orchestration.tasks[event.task].generation
                    key = (record.group, event.task, generation)
                    if self.applied_by.get(key) != event.output:
                        raise Broken(
                            "effects", f"{key} is completed, and no such effect stands in the ledger"
                        )


def wrote(verdict: Verdict) -> bool:
    """Whether a journal says that a commit is in it."""
    return isinstance(verdict, Committed) and not isinstance(verdict, Fenced)
