"""A host's kernel: the shards it owns, stepped together so that their commits can go as one pipeline."""

from collections.abc import Iterable

from runtime.kernel.bounds import Bounds
from runtime.kernel.kind import GroupKind
from runtime.kernel.shard import Enough, Shard, never
from runtime.kernel.words import (
    Acquired,
    CommitAnswered,
    Input,
    Loaded,
    Outputs,
    Posted,
    Released,
    WrongOwner,
)


class Kernel:
    """Hands inputs to shards and gathers what they want done. Deterministic; does no I/O."""

    def __init__(self, kinds: Iterable[GroupKind], bounds: Bounds | None = None) -> None:
        self.kinds = {kind.prefix: kind for kind in kinds}
        self.bounds = bounds or Bounds()
        self.shards: dict[int, Shard] = {}

    def step(
        self, inputs: Iterable[Input], now: int, *, turns: bool = True, enough: Enough = never
    ) -> Outputs:
        """Take inputs in order, then (with ``turns``) let every shard without a commit under way take a turn.

        Once it is ``enough``, those that had none come first in the next step.

        :param now: milliseconds since 1970 UTC; it may stand still or jump, each group's records never run back.
        """
        outputs = Outputs()
        for entry in inputs:
            self._take(entry, outputs)
        if turns:
            wakes = max(1, self.bounds.wakes // (len(self.shards) or 1))
            shards = list(self.shards.items())
            for had, (_, shard) in enumerate(shards, 1):
                shard.step(now, outputs, wakes, enough)
                if enough():
                    self.shards = dict(shards[had:] + shards[:had])
                    break
        return outputs

    def _take(self, entry: Input, outputs: Outputs) -> None:
        shard = self.shards.get(entry.shard)
        if isinstance(entry, Acquired):
            if shard is not None:
                if shard.epoch >= entry.epoch:
                    # A repeated answer: this shard has gone on since then.
                    return
                shard.give_up(outputs)
                outputs.lost.remove(entry.shard)
            self.shards[entry.shard] = Shard(entry, self.kinds, self.bounds)
        elif shard is None:
            if not isinstance(entry, Released | CommitAnswered | Loaded | Posted):
                outputs.answers.append((entry.token, WrongOwner(entry.shard)))
        elif isinstance(entry, CommitAnswered):
            if not shard.answered(entry, outputs):
                self._give_up(shard, outputs)
        elif isinstance(entry, Loaded):
            if not shard.loaded(entry, outputs):
                self._give_up(shard, outputs)
        elif isinstance(entry, Released):
            self._give_up(shard, outputs)
        else:
            shard.take(entry, outputs)

    def _give_up(self, shard: Shard, outputs: Outputs) -> None:
        shard.give_up(outputs)
        del self.shards[shard.number]

    @property
    def busy(self) -> bool:
        """Whether a step would do anything now, timers apart."""
        return any(shard.busy for shard in self.shards.values())

    @property
    def idle(self) -> bool:
        """Whether no commit is under way and no message waits."""
        return all(shard.turn is None and not shard.mailbox for shard in self.shards.values())

    def next_due(self) -> int | None:
        """When the kernel must be stepped at the latest, in ms since 1970 UTC."""
        return min(
            (due for shard in self.shards.values() if (due := shard.next_due()) is not None), default=None
        )
