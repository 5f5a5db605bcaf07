"""The kernel's closed set of inputs and outputs. Everything the kernel cannot see is told to it in these words.

Instants are milliseconds since 1970 UTC and come in as values. A ``token`` is whatever the shell needs to find the
asker again; the kernel only hands it back.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from actors.behaviour import Dispatch
from actors.messages import AnyMessage, AnyReply
from runtime.journal.contract import Commit, Verdict

Token = Any


class Acquired(msgspec.Struct, frozen=True):
    """The shard is ours under ``epoch``. ``tail`` are the frames after its recovery position, in order."""

    shard: int
    epoch: int
    position: int
    tail: Sequence[tuple[int, bytes]] = ()
    due: Sequence[tuple[str, int]] = ()
    open: Sequence[str] = ()


class Released(msgspec.Struct, frozen=True):
    """Give the shard up: whatever is in its mailbox is told so; a commit under way has been answered before."""

    shard: int


class Deliver(msgspec.Struct, frozen=True, gc=False):
    """A message for a group. ``epoch`` is the shard's as the sender knows it; ``by`` who caused it."""

    shard: int
    epoch: int
    group: str
    message: AnyMessage
    token: Token
    by: str = ""


class Read(msgspec.Struct, frozen=True, gc=False):
    """What is the group's durable state? Answered with :class:`View`."""

    shard: int
    epoch: int
    group: str
    token: Token


class Post(msgspec.Struct, frozen=True, gc=False):
    """A message from another group's outbox; ``sequence`` counts the messages from that group to this one.

    ``after``: the sender has no earlier message out but those above it. What it could not deliver while there was no
    such group is not waited for.
    """

    shard: int
    epoch: int
    group: str
    sender: str
    sequence: int
    message: AnyMessage
    token: Token
    after: int = 0


class Posted(msgspec.Struct, frozen=True, gc=False):
    """The receiver has taken (or can never take) what our group sent: the outbox may forget it."""

    shard: int
    epoch: int
    group: str
    to: str
    sequence: int
    taken: bool = True


class Loaded(msgspec.Struct, frozen=True):
    """What the journal has of a group: its snapshot and the frames that were asked for or that its end names."""

    shard: int
    epoch: int
    group: str
    snapshot: bytes | None = None
    frames: Sequence[tuple[int, bytes]] = ()
    fault: str = ""
    """Why it cannot be read (damaged, or before the retention horizon)."""


class CommitAnswered(msgspec.Struct, frozen=True):
    """The journal's verdict on the commit under way of a shard."""

    shard: int
    epoch: int
    verdict: Verdict


Input = Acquired | Released | Deliver | Read | Post | Posted | Loaded | CommitAnswered


class View(msgspec.Struct, array_like=True, frozen=True, tag="view", gc=False):
    """A group's state, encoded as msgpack of its kind's struct; None when there is no such group."""

    state: bytes | None


class WrongOwner(msgspec.Struct, array_like=True, frozen=True, tag="wrongOwner", gc=False):
    """The shard is not here (any more) under that epoch. Nothing is promised; ask the owner."""

    shard: int


class TooBusy(msgspec.Struct, array_like=True, frozen=True, tag="tooBusy", gc=False):
    """The mailbox is full; nothing was taken."""

    shard: int


class NotNow(msgspec.Struct, array_like=True, frozen=True, tag="notNow", gc=False):
    """The journal has not answered for a while: nothing is promised, repeat later. Said by the shell, never by a
    kernel: a message that is in a mailbox already is decided all the same once the journal is back."""

    shard: int


class Taken(msgspec.Struct, array_like=True, frozen=True, tag="taken", gc=False):
    """To a sender's outbox: up to ``sequence`` everything is decided here. ``taken`` False: it can never be."""

    sequence: int
    taken: bool = True


class Faulted(msgspec.Struct, array_like=True, frozen=True, tag="faulted", gc=False):
    """Our fault: the decision failed. Nothing was recorded; the group was set aside to be read again."""

    group: str


Answer = AnyReply | View | WrongOwner | TooBusy | NotNow | Taken | Faulted


class Lookup(msgspec.Struct, frozen=True):
    """Read this group from the journal and answer with :class:`Loaded`; ``positions`` are frames wanted besides.

    ``catalog``: bring this catalog version first, the group is pinned to it; if there is none, that is its fault.
    """

    shard: int
    epoch: int
    group: str
    positions: Sequence[int] = ()
    catalog: str = ""


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """A committed message to another group, to be delivered as :class:`Post` until :class:`Posted` comes back."""

    shard: int
    epoch: int
    sender: str
    sequence: int
    to: str
    message: AnyMessage
    after: int = 0
    """Up to which sequence all the sender's messages to this receiver are settled, see :class:`Post`."""


class Outputs(msgspec.Struct):
    """What the shell is to do after a step, in any order: nothing in here rests on what is not durable."""

    commits: list[Commit] = []
    lookups: list[Lookup] = []
    answers: list[tuple[Token, Answer]] = []
    dispatches: list[tuple[int, int, str, Dispatch]] = []
    """(shard, epoch, group, dispatch)"""
    outgoing: list[Outgoing] = []
    lost: list[int] = []
    """Shards that another owner has: they are gone from this kernel."""
    records: int = 0
    """How many records became durable."""
    events: int = 0
    """How many facts they hold."""
    faults: list[tuple[str, str]] = []
    """(group, what went wrong) of decisions that failed: a bug of ours, for the log and the on-call operator."""
    ended: list[tuple[str, str, int, int]] = []
    """(group, final state, created at, ended at) for the metrics."""
