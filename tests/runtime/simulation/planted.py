"""Known bugs, each planted where it would really stand: in a part of the kernel or in the journal's model.

A bug takes the place of the sound part for a while; the product knows nothing of it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest

from actors import changes as changes_room
from actors import folds_of_graph as folds_room
from actors import installed_group as installed_room
from actors.alerts import values_of
from actors.behaviour import Decision, refused
from actors.graph import Graph, Held
from actors.installed_product import Installed, InstalledProductActor
from actors.message import Message
from actors.messages import Done
from actors.messages_of_products import ReserveProduct
from actors.order import Order, OrderActor
from runtime.journal.contract import Commit, Committed, Fenced
from runtime.journal.model import ModelJournal
from runtime.kernel import kernel as kernel_room
from runtime.kernel import shard as shard_room
from runtime.kernel.bounds import Bounds
from runtime.kernel.kind import GroupKind
from runtime.kernel.live import Live
from runtime.kernel.shard import Shard
from runtime.kernel.timers import Timers
from runtime.kernel.turn import Turn
from runtime.kernel.words import Acquired, Outputs, Post
from runtime.simulation import cluster as cluster_room
from runtime.simulation import disk as disk_room
from runtime.simulation.disk import Disk, Verdicts


class HastyShard(Shard):
    """Answers as soon as a message is decided, while its record is still on the way to the journal."""

    def _close(self, turn: Turn, now: int, outputs: Outputs) -> None:
        outputs.answers += turn.outputs.answers
        turn.outputs.answers = []
        super()._close(turn, now, outputs)


class UnfencedJournal(ModelJournal):
    """Looks at the position of a commit, and not at the epoch of whoever asks for it."""

    def commit_one(self, commit: Commit) -> Committed | Fenced:
        return super().commit_one(msgspec.structs.replace(commit, epoch=self.state(commit.shard).epoch))


class ForgetfulTurn(Turn):
    """Decides whatever comes from another group's outbox, also what it has decided before."""

    def _post(self, live: Live, message: Post, now: int) -> None:
        live.mail.received.pop(message.sender, None)
        super()._post(live, msgspec.structs.replace(message, after=message.sequence - 1), now)


class UnwokenShard(Shard):
    """Takes a shard over without its timers."""

    def __init__(self, acquired: Acquired, kinds: dict[str, GroupKind], bounds: Bounds) -> None:
        super().__init__(acquired, kinds, bounds)
        self.timers = Timers()


class EagerDisk(Disk):
    """Sends the snapshots of a commit ahead, in a request of their own."""

    def commit(self, owner: str, commits: list[Commit], answer: Verdicts) -> None:
        for commit in commits:
            if commit.epoch == self.model.state(commit.shard).epoch:
                self.model._shards[commit.shard].snapshots.update(commit.snapshots)
        super().commit(owner, commits, answer)


class EagerJournal(ModelJournal):
    """Writes a commit's snapshots before it has checked whether the commit may be written at all."""

    def commit_one(self, commit: Commit) -> Committed | Fenced:
        self._shards[commit.shard].snapshots.update(commit.snapshots)
        return super().commit_one(commit)


class GenerousProduct(InstalledProductActor):
    """Gives an installed product to whoever asks for it, also while another line has it."""

    @staticmethod
    def _reserve(product: Installed, message: ReserveProduct) -> Decision:
        return InstalledProductActor._reserve(msgspec.structs.replace(product, holder=None), message)


def told_for_ever(graph: Graph, line: str, held: tuple[Held, ...]) -> None:
    """Keeps the alerts of a line for which nothing is held back any more."""
    folds_room._keep(graph.held, line, held)
    if held:
        folds_room._keep(graph.alerts, line, values_of(held))


def promising(actor: OrderActor, order: Order | None, message: Message, now: int, group: str) -> Decision:
    """Says that a change is done, and leaves it at that."""
    return (
        Decision(reply=Done(order.state)) if order is not None else refused("unknownOrder", "there is none")
    )


class Bug(NamedTuple):
    """One planted bug: which promise must be found broken, within how many seeds from 0 on."""

    plant: Callable[[pytest.MonkeyPatch], None]
    promise: str
    within: int


def in_place_of(room: object, name: str, part: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(room, name, part)


BUGS = {
    "reply before commit": Bug(in_place_of(kernel_room, "Shard", HastyShard), "nothing_before_commit", 1),
    "no fence check": Bug(in_place_of(disk_room, "ModelJournal", UnfencedJournal), "single_owner", 60),
    "outbox not de-duplicated": Bug(in_place_of(shard_room, "Turn", ForgetfulTurn), "one_history", 20),
    "timer lost at hand-over": Bug(in_place_of(kernel_room, "Shard", UnwokenShard), "liveness", 60),
    "snapshot ahead of journal": Bug(in_place_of(cluster_room, "Disk", EagerDisk), "replay", 100),
    "product given twice": Bug(
        in_place_of(installed_room, "InstalledProductActor", GenerousProduct), "installed", 60
    ),
    "change answered and not recorded": Bug(
        in_place_of(changes_room, "decide", promising), "acknowledged", 5
    ),
    "alert outlives its wait": Bug(in_place_of(folds_room, "_keep_held", told_for_ever), "index", 20),
    "snapshot of a refused commit": Bug(in_place_of(disk_room, "ModelJournal", EagerJournal), "replay", 20),
}
"""The table of ``docs/simulator.md``: what is found, by which promise, within how many seeds."""
