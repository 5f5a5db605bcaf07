"""Refusals with their sentences: the same words from every journal."""

from runtime.journal.contract import Commit, Fenced


def fenced(commit: Commit, epoch: int, position: int) -> Fenced:
    """The refusal of ``commit`` by a shard that stands at ``position`` under ``epoch``."""
    if epoch != commit.epoch:
        sentence = f"shard {commit.shard}: it is owned under epoch {epoch}, this commit came under epoch {commit.epoch}"
    else:
        sentence = (
            f"shard {commit.shard}: it stands at position {position}, this commit expected {commit.expected}"
        )
        if position < commit.expected:
            # Only a loss explains it: positions do not fall, and what was expected had been acknowledged.
            sentence += ": the server has lost acknowledged frames (was a replica promoted that was behind?)"
    return Fenced(epoch, position, sentence)


def refused_owner(
    shard: int, epoch: int, coordinator: int, stored: int, position: int, owner: str, above: int
) -> Fenced:
    """The refusal of an owner under ``epoch`` by a shard owned under ``stored``, assigned by coordinator ``above``."""
    if coordinator < above:
        sentence = (
            f"shard {shard}: assigned by coordinator {coordinator}, but coordinator {above} has taken over"
        )
    else:
        sentence = f"shard {shard}: {owner!r} owns it under epoch {stored}, epoch {epoch} is not above"
    return Fenced(stored, position, sentence)
