"""The CPU budget of one order, stage by stage, in one process: what the code itself costs, without Ray and sockets.

Each stage is fed exactly what the one before it produced, in batches as a loaded system has them, and its CPU time is
added up. The journal is the model in memory, so ``commit`` is packing the call, not the server. What Ray, HTTP and the
server cost on top is the difference to ``cpu_us_per_order`` of a measured run.
"""

import gc
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from actors.group import OrderGroupKind
from actors.kinds import kinds_with
from actors.messages import TaskResults
from benchmarks.shapes import Shape, order_lines
from catalog.store import sample_catalogs
from gateway.auth import Principal
from gateway.door import Admitted, Door
from runtime.errors import InvariantBroken
from runtime.journal.contract import Commit
from runtime.journal.functions import Calls
from runtime.journal.keys import Keys
from runtime.journal.model import ModelJournal
from runtime.kernel.kernel import Kernel
from runtime.kernel.words import (
    Acquired,
    CommitAnswered,
    Deliver,
    Loaded,
    Outputs,
    Post,
    Posted,
    Taken,
)
from runtime.port import shard_of
from runtime.tasks.executor import Executor
from runtime.tasks.targets import Targets
from runtime.tasks.wire import decode_results, encode_dispatches
from runtime.wire import decode_answers, decode_requests, encode_answers, encode_requests

STAGES = (
    "gateway: decode",
    "gateway: check and admit",
    "gateway: encode requests",
    "host: decode requests",
    "host: decide and fold",
    "host: encode answers",
    "host: pack commits",
    "host: encode dispatches",
    "executor: tasks",
    "host: decode results",
    "gateway: decode answers",
)
"""In the order in which an order meets them. ``decide and fold`` holds the kernel's turns, snapshots and frames too."""


class Budget:
    """Measures one shape. Time is CPU time of this process in seconds."""

    def __init__(self, shape: Shape, orders: int, batch: int, shards: int) -> None:
        self.orders = orders
        self.batch = batch
        self.shards = shards
        self.spent = dict.fromkeys(STAGES, 0.0)
        self.commits = 0
        self.facts = 0
        self.frame_bytes = 0
        self.ended = 0
        catalogs = sample_catalogs()
        self._lines = list(order_lines(shape, orders, seed=1))
        self._principal = Principal("budget", "budget")
        self._door = Door(_Published(catalogs))
        self._kernel = Kernel(kinds_with(OrderGroupKind(catalogs)))
        self._journal = ModelJournal(shards)
        self._calls = Calls(Keys(shards, ""))
        self._executor = Executor(Targets(), "budget")

    def run(self, on_batch: Callable[[int], None] = lambda done: None) -> dict[str, Any]:
        """Take every order to its end; gives µs of CPU an order by stage."""
        for shard in range(self.shards):
            self._journal.acquire(shard, epoch=1, owner="budget", coordinator=1)
            self._kernel.step([Acquired(shard, 1, 0)], _now())
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 50)
        for first in range(0, self.orders, self.batch):
            self._take(self._lines[first : first + self.batch])
            on_batch(min(first + self.batch, self.orders))
        each = {stage: round(1e6 * seconds / self.orders, 1) for stage, seconds in self.spent.items()}
        return {
            "orders": self.orders,
            "batch": self.batch,
            "completed": self.ended,
            "us_per_order": each,
            "us_per_order_total": round(sum(each.values()), 1),
            "commits_per_order": round(self.commits / self.orders, 3),
            "facts_per_order": round(self.facts / self.orders, 2),
            "frame_bytes_per_order": round(self.frame_bytes / self.orders),
        }

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        began = time.process_time()
        try:
            yield
        finally:
            self.spent[name] += time.process_time() - began

    def _take(self, lines: list[bytes]) -> None:
        with self._stage("gateway: decode"):
            decoded = [self._door.read(line) for line in lines]
        with self._stage("gateway: check and admit"):
            admitted: list[Admitted] = [
                self._door.admit(order, self._principal, raw=line)
                for order, line in zip(decoded, lines, strict=True)
            ]
        with self._stage("gateway: encode requests"):
            batch = encode_requests(
                [(shard_of(a.order, self.shards), 1, a.order, a.message, "") for a in admitted]
            )
        with self._stage("host: decode requests"):
            inputs = [
                Deliver(shard, epoch, group, message, number, by)
                for number, (shard, epoch, group, message, by) in enumerate(decode_requests(batch))
                if message is not None
            ]
        outputs = self._turn(inputs)
        with self._stage("host: encode answers"):
            answers = encode_answers([answer for _, answer in outputs.answers])
        with self._stage("gateway: decode answers"):
            decode_answers(answers)
        while True:
            more: list[Deliver | Post | Posted] = [*self._carried_out(outputs), *self._delivered(outputs)]
            if not more:
                break
            outputs = self._turn(more)

    def _carried_out(self, outputs: Outputs) -> list[Deliver]:
        if not outputs.dispatches:
            return []
        with self._stage("host: encode dispatches"):
            dispatched = encode_dispatches(outputs.dispatches)
        with self._stage("executor: tasks"):
            results = _at_once(self._executor.dispatch(dispatched, "budget"))
        with self._stage("host: decode results"):
            together: dict[tuple[int, int, str], list[Any]] = {}
            for shard, epoch, group, result in decode_results(results):
                together.setdefault((shard, epoch, group), []).append(result)
            return [
                Deliver(shard, epoch, group, mine[0] if len(mine) == 1 else TaskResults(tuple(mine)), None)
                for (shard, epoch, group), mine in together.items()
            ]

    def _delivered(self, outputs: Outputs) -> Iterator[Post | Posted]:
        """What groups tell each other, and that it was taken, so that the outboxes may forget it."""
        for out in outputs.outgoing:
            shard = shard_of(out.to, self.shards)
            yield Post(shard, 1, out.to, out.sender, out.sequence, out.message, out, out.after)
        for out, answer in outputs.answers:
            if isinstance(answer, Taken):
                yield Posted(out.shard, out.epoch, out.sender, out.to, answer.sequence, answer.taken)

    def _turn(self, inputs: Sequence[Deliver | Post | Posted]) -> Outputs:
        """Decide, commit, and give what may leave then."""
        with self._stage("host: decide and fold"):
            asked = self._kernel.step(inputs, _now())
        if asked.lookups:
            # Orders that the journal has never heard of: asked for all the same, since it alone knows that.
            unheard = [Loaded(lookup.shard, lookup.epoch, lookup.group) for lookup in asked.lookups]
            with self._stage("host: decide and fold"):
                told = self._kernel.step(unheard, _now())
            asked.commits += told.commits
        with self._stage("host: pack commits"):
            packed = [self._calls.commit(commit) for commit in asked.commits]
        verdicts = [self._verdict(commit) for commit in asked.commits]
        self.commits += len(packed)
        self.frame_bytes += sum(len(commit.frame) for commit in asked.commits)
        with self._stage("host: decide and fold"):
            released = self._kernel.step(verdicts, _now(), turns=False)
        self.facts += released.events
        self.ended += len(released.ended)
        return released

    def _verdict(self, commit: Commit) -> CommitAnswered:
        return CommitAnswered(commit.shard, commit.epoch, self._journal.commit_one(commit))


class _Published:
    """The door asks a runtime for its catalogs; here there is nothing else behind it."""

    def __init__(self, catalogs: Any) -> None:
        self.catalogs = catalogs


def _at_once(work: Coroutine[Any, Any, bytes]) -> bytes:
    """The result of work that has nothing to wait for."""
    try:
        work.send(None)
    except StopIteration as end:
        done: bytes = end.value
        return done
    raise InvariantBroken("simulated tasks of a standard load are answered at once")


def _now() -> int:
    return time.time_ns() // 1_000_000
