"""A small kind of group and a shell without a loop: one kernel over the model journal, moved by hand."""

from collections.abc import Sequence
from typing import Any

import msgspec

from actors.behaviour import Decision, Dispatch, refused
from actors.events import OrderMoved, TaskCompleted, TasksDispatched, WaiterAdded
from actors.fact import Event
from actors.message import Message
from actors.messages import OrderEnded, Retry, TaskResult, TimerFired, Undeliverable
from actors.states import State
from runtime.journal.contract import Commit, Fenced, InDoubt, ShardState, Verdict
from runtime.journal.frames import decode_frame, unpack_positions
from runtime.journal.model import ModelJournal
from runtime.kernel.bounds import Bounds
from runtime.kernel.kernel import Kernel
from runtime.kernel.live import Live
from runtime.kernel.shard import Shard
from runtime.kernel.words import (
    Acquired,
    Answer,
    CommitAnswered,
    Deliver,
    Input,
    Loaded,
    Lookup,
    Outputs,
    Post,
    Posted,
    Read,
    View,
)

NOW = 1_700_000_000_000


class Notes(msgspec.Struct):
    """The state of a small group: what it was told, what it has out, and whether it is over."""

    heard: list[str] = []
    out: list[str] = []
    over: bool = False


class SmallKind:
    """A group that does as it is told: ``note X``, ``send GROUP X``, ``timer KEY DUE``, ``task KEY``, ``end``,
    ``nothing``, ``break`` (raises with its state half folded)."""

    prefix = "g"
    State = Notes
    counts = True

    def handle(self, group: str, state: Notes | None, message: Message, now: int) -> tuple[Any, Decision]:
        decision = self._decide(state, message)
        for event in decision.events:
            state = self.evolve(state, event, now)
        if isinstance(message, Retry) and message.target == "break":
            raise RuntimeError("half folded")
        return state, decision

    @staticmethod
    def _decide(state: Notes | None, message: Message) -> Decision:
        if isinstance(message, TimerFired):
            return Decision([WaiterAdded(f"timer {message.key}")])
        if isinstance(message, OrderEnded):
            return Decision([WaiterAdded(message.order)])
        if isinstance(message, Undeliverable):
            return Decision([WaiterAdded(f"nobody at {message.to}")])
        if isinstance(message, TaskResult):
            return Decision([TaskCompleted(message.task, message.output)])
        assert isinstance(message, Retry)
        match message.target.split():
            case ["send", to, what]:
                return Decision([WaiterAdded("sent")], sends=[(to, OrderEnded(what, ""))])
            case ["timer", key, due]:
                return Decision([WaiterAdded("armed")], timers=[(key, int(due))])
            case ["task", key]:
                return Decision([TasksDispatched((key,), (0,))], dispatch=[key])
            case ["end"]:
                return Decision([OrderMoved(State.COMPLETED)])
            case ["nothing"]:
                return refused("nothing", "there was nothing to do")
        return Decision([WaiterAdded(message.target)])

    def creates(self, message: Message) -> bool:
        return isinstance(message, OrderEnded) and message.order == "begin"

    def evolve(self, state: Notes | None, event: Event, at: int) -> Notes:
        state = state or Notes()
        if isinstance(event, WaiterAdded):
            state.heard.append(event.order)
        elif isinstance(event, TasksDispatched):
            state.out += event.tasks
        elif isinstance(event, TaskCompleted):
            state.out.remove(event.task)
        elif isinstance(event, OrderMoved):
            state.over = True
        return state

    def ended(self, state: Notes) -> bool:
        return state.over

    def final_state(self, state: Notes) -> str:
        return "over"

    def index(self, state: Notes) -> tuple[int, tuple[tuple[str, str], ...]]:
        return NOW, (("over", str(state.over)),)

    def has_open_work(self, state: Notes) -> bool:
        return bool(state.out)

    def open_work(self, state: Notes) -> list[str]:
        return list(state.out)

    def dispatch(self, state: Notes, key: str) -> Dispatch:
        return Dispatch(key, 1, 1, "target", 0, {})


class Owner:
    """A kernel that owns shard 0 under an epoch, with its clock."""

    def __init__(
        self,
        journal: ModelJournal | None = None,
        *,
        epoch: int = 1,
        bounds: Bounds | None = None,
        kernel: Kernel | None = None,
    ) -> None:
        self.journal = journal or ModelJournal(1)
        self.epoch = epoch
        self.now = NOW
        self.kernel = kernel or Kernel([SmallKind()], bounds)
        state = self.journal.acquire(0, epoch=epoch, owner=f"owner {epoch}", coordinator=0)
        assert isinstance(state, ShardState)
        self.acquired = Acquired(
            0,
            epoch,
            state.position,
            self.journal.read(0, after=state.recovery),
            self.journal.due(0),
            self.journal.open_groups(0),
        )
        self.kernel.step([self.acquired], self.now, turns=False)

    @property
    def shard(self) -> Shard:
        return self.kernel.shards[0]

    # -- words --------------------------------------------------------------------------------------------------

    def tell(self, command: str, group: str = "g1", token: Any = "asker") -> Deliver:
        return Deliver(0, self.epoch, group, Retry(command), token)

    def read(self, group: str = "g1", token: Any = "reader") -> Read:
        return Read(0, self.epoch, group, token)

    def post(self, sequence: int, what: str, group: str = "g1", after: int = 0) -> Post:
        return Post(0, self.epoch, group, "g9", sequence, OrderEnded(what, ""), f"post {sequence}", after)

    def posted(self, sequence: int, taken: bool = True, group: str = "g1", to: str = "g2") -> Posted:
        return Posted(0, self.epoch, group, to, sequence, taken)

    # -- moving -------------------------------------------------------------------------------------------------

    def step(self, *inputs: Input, turns: bool = True) -> Outputs:
        return self.kernel.step(inputs, self.now, turns=turns)

    def look_up(self, asked: Lookup) -> Loaded:
        (stored,) = self.journal.lookup(0, [asked.group])
        positions = set(asked.positions)
        if stored.snapshot is None and stored.ended is not None:
            positions.update(unpack_positions(stored.ended))
        frames = self.journal.frames(0, sorted(positions))
        return Loaded(0, asked.epoch, asked.group, stored.snapshot, frames)

    def until_commit(self, *inputs: Input) -> tuple[Outputs, Outputs]:
        """Step, answering look-ups, until a commit is asked for: that step's outputs, and those of all before."""
        before = Outputs()
        outputs = self.step(*inputs)
        while outputs.lookups and not outputs.commits:
            gather(before, outputs)
            outputs = self.step(*[self.look_up(asked) for asked in outputs.lookups])
        return outputs, before

    def verdict(self, verdict: Verdict) -> Outputs:
        return self.step(CommitAnswered(0, self.epoch, verdict), turns=False)

    def settle(self, *inputs: Input) -> Outputs:
        """Step, commit and look up until nothing is left to do; everything that left on the way."""
        all_of_it = Outputs()
        waiting: Sequence[Input] = inputs
        while True:
            outputs = self.step(*waiting)
            gather(all_of_it, outputs)
            waiting = [self.look_up(asked) for asked in outputs.lookups]
            for commit in outputs.commits:
                gather(all_of_it, self.verdict(self.journal.commit_one(commit)))
            due = self.kernel.next_due()
            if not (waiting or self.kernel.busy or (due is not None and due <= self.now)):
                return all_of_it

    def state(self, group: str = "g1") -> Notes | None:
        """What a reader is shown."""
        (view,) = (answer for token, answer in self.settle(self.read(group)).answers if token == "reader")
        assert isinstance(view, View)
        return None if view.state is None else msgspec.msgpack.decode(view.state, type=Notes)

    def heard(self, group: str = "g1") -> list[str]:
        state = self.state(group)
        return [] if state is None else state.heard


def gather(into: Outputs, outputs: Outputs) -> None:
    for field in outputs.__struct_fields__:
        setattr(into, field, getattr(into, field) + getattr(outputs, field))


def answers(outputs: Outputs) -> dict[Any, Answer]:
    return dict(outputs.answers)


def left(outputs: Outputs) -> int:
    """How many things leave the kernel with these outputs, commits and look-ups apart."""
    return len(outputs.answers) + len(outputs.dispatches) + len(outputs.outgoing)


def only_commit(outputs: Outputs) -> Commit:
    (commit,) = outputs.commits
    return commit


def folded(journal: ModelJournal, group: str = "g1") -> Live:
    """The group as its frames alone make it."""
    live = Live(group, SmallKind())
    for position, data in journal.read(0, after=0):
        for record in decode_frame(data).records:
            if record.group == group:
                live.fold_record(position, record)
    return live


FENCED = Fenced(9, 9, "another owner has it")
IN_DOUBT = InDoubt("no answer came")
