"""The shell around the kernel: what it hands in, what it lets go, and when."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest

from actors.behaviour import Dispatch
from actors.group import OrderGroupKind
from actors.kinds import kinds_with
from actors.messages import Accepted, SubmitOrder, TaskResult
from benchmarks.shapes import orders
from catalog.store import sample_catalogs
from runtime import shell as shell_room
from runtime.journal.contract import Commit, InDoubt, Verdict
from runtime.journal.frames import decode_frame
from runtime.journal.model import AsyncModelJournal, ModelJournal
from runtime.kernel.words import Answer, NotNow, Outgoing, Taken, View, WrongOwner
from runtime.shell import Request, Shell

CATALOGS = sample_catalogs()
EPOCH = 3


class SlowJournal(AsyncModelJournal):
    """The model, with a gate before single frames and a switch that takes commits' answers away."""

    def __init__(self) -> None:
        super().__init__(ModelJournal(1))
        self.gate = asyncio.Event()
        self.gate.set()
        self.silent = False

    async def frames(self, shard: int, positions: Sequence[int]) -> list[tuple[int, bytes]]:
        await self.gate.wait()
        return await super().frames(shard, positions)

    async def commit(self, commits: Sequence[Commit]) -> list[Verdict]:
        await asyncio.sleep(0)
        verdicts = await super().commit(commits)
        return [InDoubt("the answer was lost") for _ in verdicts] if self.silent else verdicts


class World:
    """A shell over one shard, whose targets answer at once."""

    def __init__(self) -> None:
        self.journal = SlowJournal()
        self.leased = True
        self.clock_ms = 0
        """How far the wall clock is off."""
        self.shell = Shell(
            "test",
            self.journal,
            kinds_with(OrderGroupKind(CATALOGS)),
            dispatch=self.dispatch,
            post=self.post,
            lease_valid=lambda: self.leased,
            wall_ms=lambda: time.time_ns() // 1_000_000 + self.clock_ms,
        )

    def dispatch(self, entries: list[tuple[int, int, str, Dispatch]]) -> None:
        done = [(s, e, g, TaskResult(d.task, d.generation, "completed", {})) for s, e, g, d in entries]
        asyncio.get_running_loop().call_soon(self.shell.results, done)

    async def post(self, out: Outgoing) -> Answer:
        return Taken(out.sequence)

    async def submit(self, number: int) -> Answer:
        order = next(orders("b6", 1, seed=number))
        message = SubmitOrder(msgspec.json.encode(order), b"%016d" % number, CATALOGS.current.version)
        return await self.ask((0, EPOCH, f"o{number:024d}", message, ""))

    async def read(self, number: int) -> Answer:
        return await self.ask((0, EPOCH, f"o{number:024d}", None, ""))

    async def ask(self, request: Request) -> Answer:
        (answer,) = await asyncio.wait_for(self.shell.ask([request]), 5)
        return answer

    async def ended(self, number: int) -> None:
        """Wait until the journal says that the order has ended."""
        async with asyncio.timeout(5):
            while not (await self.journal.lookup(0, [f"o{number:024d}"]))[0].ended:
                await asyncio.sleep(0.001)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    world.shell.start()
    assert await world.shell.acquire(0, epoch=EPOCH) is None
    yield world
    await world.shell.stop()


async def test_a_group_that_is_loaded_while_other_turns_go_by_is_answered(world: World) -> None:
    assert isinstance(await world.submit(1), Accepted)
    await world.ended(1)
    world.journal.gate.clear()
    reading = asyncio.create_task(world.read(1))
    for number in range(2, 6):
        assert isinstance(await world.submit(number), Accepted)
    world.journal.gate.set()
    answer = await reading
    assert isinstance(answer, View)
    assert answer.state is not None


async def test_a_commit_whose_answer_is_lost_is_repeated_and_counts_once(world: World) -> None:
    world.journal.silent = True
    submitting = asyncio.create_task(world.submit(1))
    await asyncio.sleep(0.1)
    assert not submitting.done()
    world.journal.silent = False
    assert isinstance(await submitting, Accepted)
    again = await world.submit(1)
    assert isinstance(again, Accepted)
    assert again.duplicate


async def test_while_the_journal_is_silent_new_requests_are_sent_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell_room, "JOURNAL_PATIENCE_S", 0.05)
    world.journal.silent = True
    first = asyncio.create_task(world.submit(1))
    await asyncio.sleep(0.3)
    assert await world.submit(2) == NotNow(0)
    world.journal.silent = False
    assert isinstance(await first, Accepted)


async def test_without_a_lease_only_what_rests_on_a_commit_is_answered(world: World) -> None:
    assert isinstance(await world.submit(1), Accepted)
    world.leased = False
    assert isinstance(await world.submit(2), Accepted)
    assert await world.submit(1) == WrongOwner(0)
    assert await world.read(1) == WrongOwner(0)


async def test_a_released_shard_answers_that_it_is_elsewhere(world: World) -> None:
    assert isinstance(await world.submit(1), Accepted)
    await world.shell.release(0)
    assert await world.read(1) == WrongOwner(0)


async def test_a_shard_is_given_up_however_much_comes_in_and_is_not_read_afterwards(world: World) -> None:
    async def load(number: int) -> int:
        asked = 0
        while not isinstance(await world.submit(number + 100 * asked), WrongOwner):
            asked += 1
        return asked

    loads = [asyncio.create_task(load(number)) for number in range(20)]
    await asyncio.sleep(0.1)
    async with asyncio.timeout(2):
        await world.shell.release(0)
    assert isinstance(await world.read(0), WrongOwner)
    assert min(await asyncio.gather(*loads)) > 0


async def test_a_shard_that_was_acquired_again_since_is_not_given_up(world: World) -> None:
    await world.shell.release(0, epoch=EPOCH - 1)
    assert isinstance(await world.read(0), View)


async def test_a_journal_that_lost_what_it_had_acknowledged_is_told_and_not_gone_on_from(
    world: World,
) -> None:
    assert isinstance(await world.submit(1), Accepted)
    await world.ended(1)
    world.journal.model._shards[0].frames.pop()  # a replica that was behind was promoted
    assert isinstance(await world.submit(2), WrongOwner)
    assert "has lost acknowledged frames" in world.shell.behind[0]


@pytest.mark.parametrize("step_ms", [-3_600_000, 3_600_000])
async def test_a_stepped_wall_clock_loses_no_order_and_no_record_runs_back(
    world: World, step_ms: int
) -> None:
    dispatched: list[tuple[int, int, str, Dispatch]] = []
    world.shell._dispatch = dispatched.extend
    assert isinstance(await world.submit(1), Accepted)
    world.clock_ms = step_ms
    # Ahead, its answers are overdue at once and tasks go out again; back, nothing waits for the hour to pass again.
    world.shell._dispatch = world.dispatch
    world.dispatch(list(dispatched))
    await world.ended(1)
    world.clock_ms = 0
    assert isinstance(await world.submit(2), Accepted)
    await world.ended(2)
    times = [
        record.at
        for _, data in world.journal.model.read(0, after=0)
        for record in decode_frame(data).records
        if record.group == f"o{1:024d}"
    ]
    assert len(times) > 1
    assert times == sorted(times)
