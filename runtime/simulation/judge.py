"""Everything that happens in a simulated world, told to the judge of each promise."""

from collections.abc import Sequence

from actors.behaviour import Dispatch
from runtime.journal.contract import Commit, Verdict
from runtime.journal.model import ModelJournal
from runtime.kernel.kind import GroupKind
from runtime.kernel.words import Answer, Outgoing
from runtime.simulation.asks import Ask
from runtime.simulation.books import Books, Broken
from runtime.simulation.checkers import (
    Acknowledged,
    Effects,
    Index,
    Key,
    NothingBeforeCommit,
    Reads,
    Replay,
    SingleOwner,
    wrote,
)
from runtime.simulation.installed import Products


class Judge:
    """Hands what is seen to those whose promise it touches; the first broken one ends the run."""

    def __init__(self, kinds: Sequence[GroupKind], shards: int) -> None:
        self.journal = ModelJournal(shards)
        self.books = Books(kinds, shards)
        self.owner = SingleOwner(shards)
        self.before = NothingBeforeCommit(self.books)
        self.acknowledged = Acknowledged(self.books)
        self.reads = Reads(self.books)
        self.replay = Replay(self.books)
        self.index = Index(self.books)
        self.effects = Effects()
        self.products = Products(self.books)

    # -- at the journal -------------------------------------------------------------------------------------------

    def acquired(self, owner: str, shard: int, epoch: int) -> None:
        """The journal has a new owner for a shard."""
        self.owner.acquired(owner, shard, epoch)
        self.replay.acquired(self.journal, shard)

    def committed(self, owner: str, commit: Commit, verdict: Verdict) -> None:
        """The journal was asked for a commit and has a verdict."""
        shard = commit.shard
        before = self.books.positions[shard]
        news = self.books.advance(self.journal, shard)
        if wrote(verdict):
            self.owner.wrote(owner, commit)
        elif news:
            raise Broken("single_owner", f"shard {shard}: a commit of {owner} was refused and written")
        after = self.books.positions[shard]
        if after - before > 1 or (after > before and commit.expected != before):
            raise Broken(
                "one_history", f"shard {shard}: {owner} expected {commit.expected} and wrote at {after}"
            )
        self.replay.committed(self.journal, commit)
        self.index.committed(self.journal, shard, news)
        self.effects.recorded(news)
        self.products.recorded(news)

    # -- at the hosts' doors --------------------------------------------------------------------------------------

    def left(self, ask: Ask, answer: Answer) -> None:
        """An answer leaves a host."""
        self.before.answered(ask, answer)
        self.reads.left(ask, answer, self.owner.owners[ask.shard][0] == ask.epoch)

    def dispatched(self, group: str, dispatch: Dispatch) -> None:
        """A task leaves a host."""
        self.before.dispatched(group, dispatch)
        self.effects.dispatched(group, dispatch)

    def sent(self, out: Outgoing) -> None:
        """A message to another group leaves a host."""
        self.before.sent(out)

    def taken(self, out: Outgoing, answer: Answer) -> None:
        """The answer to such a message leaves the receiver's host."""
        self.before.taken(out, answer)

    # -- at the clients' and the elements' doors ------------------------------------------------------------------

    def asked(self, ask: Ask) -> None:
        """A client asks."""
        self.reads.asked(ask)
        self.effects.asked(ask.group, ask.message)

    def answered(self, ask: Ask, answer: Answer) -> None:
        """An answer reaches a client."""
        self.acknowledged.answered(ask, answer)
        self.reads.answered(ask, answer)

    def applied(self, key: Key, request: dict[str, object], output: dict[str, object]) -> None:
        """An effect was applied."""
        self.effects.applied(key, request, output)
