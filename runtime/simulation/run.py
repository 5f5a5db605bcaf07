"""One seed, one world, one outcome: ``run`` judges it, ``replay`` shows it step by step, a ``Report`` sums many up."""

from collections.abc import Callable
from enum import StrEnum
from hashlib import blake2b
from random import Random

import msgspec

from actors.group import OrderGroupKind
from actors.kinds import kinds_with
from runtime.errors import InvariantBroken
from runtime.simulation.books import Broken
from runtime.simulation.client import Client, held
from runtime.simulation.cluster import Cluster
from runtime.simulation.faults import Storm
from runtime.simulation.host import Host
from runtime.simulation.impatience import catalogs_of
from runtime.simulation.judge import Judge
from runtime.simulation.liveness import Stuck, waiting
from runtime.simulation.orders import plans
from runtime.simulation.schedule import BEGIN_MS, Schedule
from runtime.simulation.trace import Trace
from runtime.simulation.world import World, describe, draw_world

CALM_MAX_MS = 600_000
CALM_CHECK_MS = 1_000
STEPS_MAX = 400_000


class Verdict(StrEnum):
    """How a run ended, the worst last."""

    KEPT = "kept"
    STUCK = "no progress"
    BROKEN = "broken promise"
    CRASHED = "simulator crashed"


EXIT_CODES = {Verdict.KEPT: 0, Verdict.BROKEN: 1, Verdict.STUCK: 3, Verdict.CRASHED: 4}
"""Distinct, so that a script can tell wrong from stuck from a fault of the simulator's own (2 is bad usage)."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of one seed."""

    seed: int
    verdict: Verdict
    promise: str
    """Which promise was broken; empty when all were kept."""
    sentence: str
    world: str
    """The drawn world, for people."""
    digest: str
    """Of everything that happened: the same for the same seed, everywhere."""
    steps: int
    virtual_ms: int
    orders: int
    completed: int

    def __str__(self) -> str:
        ending = f"seed {self.seed}: {self.verdict}"
        if self.verdict is Verdict.KEPT:
            return (
                f"{ending}, {self.completed} of {self.orders} orders ended, {self.steps} steps, {self.digest}"
            )
        return f"{ending}: {self.promise}: {self.sentence}\n{self.world}"


class Report(msgspec.Struct):
    """What became of many seeds."""

    seeds: int = 0
    steps: int = 0
    orders: int = 0
    virtual_ms: int = 0
    digest: str = ""
    """Of the outcomes in the order of their seeds: two runs of the same seeds have the same."""
    failures: list[Outcome] = []

    @property
    def exit_code(self) -> int:
        """0 when every promise was kept; else of the worst that happened."""
        worst = max((list(Verdict).index(failed.verdict) for failed in self.failures), default=0)
        return EXIT_CODES[list(Verdict)[worst]]

    def add(self, outcome: Outcome) -> None:
        """The next seed's outcome."""
        self.seeds += 1
        self.steps += outcome.steps
        self.orders += outcome.orders
        self.virtual_ms += outcome.virtual_ms
        self.digest = blake2b((self.digest + outcome.digest).encode(), digest_size=16).hexdigest()
        if outcome.verdict is not Verdict.KEPT:
            self.failures.append(outcome)


def replay(seed: int, write: Callable[[str], None], *, replay_always: bool = False) -> Outcome:
    """Run one seed and write everything that happens, step by step, its world first and its outcome last."""
    world = draw_world(seed, replay_always=replay_always)
    write(describe(world))
    outcome = run_world(world, write)
    write(str(outcome))
    return outcome


def run(seed: int, *, replay_always: bool = False) -> Outcome:
    """Run one seed; ``replay_always``: in a world where every group leaves memory after every message."""
    return run_world(draw_world(seed, replay_always=replay_always))


def run_world(world: World, write: Callable[[str], None] | None = None) -> Outcome:
    """Run a world; ``write`` gets everything that happens, and the trace of a fault of the simulator's own."""
    simulation = Simulation(world, write)
    verdict, promise, sentence = Verdict.KEPT, "", ""
    try:
        simulation.storm()
        simulation.calm()
    except Broken as broken:
        verdict, promise, sentence = Verdict.BROKEN, broken.promise, broken.sentence
    except InvariantBroken as broken:
        verdict, promise, sentence = Verdict.BROKEN, "invariant", str(broken)
    except Stuck as stuck:
        verdict, promise, sentence = Verdict.STUCK, "liveness", str(stuck)
    except Exception as bug:
        if write is not None:
            raise
        verdict, promise, sentence = Verdict.CRASHED, type(bug).__name__, str(bug)
    if sentence:
        simulation.trace.note("judge", f"{promise}: {sentence}")
    return Outcome(
        world.seed,
        verdict,
        promise,
        sentence,
        describe(world),
        simulation.trace.digest(),
        simulation.schedule.steps,
        simulation.schedule.now - BEGIN_MS,
        world.orders,
        sum(book.live.ended for book in simulation.judge.books.orders.values()),
    )


class Simulation:
    """A world that was drawn, at work."""

    def __init__(self, world: World, write: Callable[[str], None] | None = None) -> None:
        draw = Random(f"run {world.seed}")
        catalogs = catalogs_of(world.waits_ms)
        kinds = kinds_with(OrderGroupKind(catalogs))
        self.world = world
        self.schedule = Schedule()
        self.trace = Trace(self.schedule, write)
        self.judge = Judge(kinds, world.shards)
        self.weather = Storm(world.faults, Random(draw.random()), self.schedule)
        self.cluster = Cluster(
            world, kinds, self.schedule, self.weather, self.trace, self.judge, Random(draw.random())
        )
        hosts = Random(draw.random())
        self.cluster.begin(lambda name: Host(self.cluster, name, Random(hosts.random())))
        self.clients = [
            Client(self.cluster, plan, Random(draw.random()))
            for plan in plans(world, draw, catalogs.current.version)
        ]

    def storm(self) -> None:
        """Everything that can fail may fail."""
        self._until(BEGIN_MS + self.world.storm_ms)

    def calm(self) -> None:
        """No more faults: now every order must end, or say what it waits for.

        :raises Stuck: when one does neither.
        """
        self.cluster.calm()
        end = self.schedule.now + CALM_MAX_MS
        while unsettled := self._unsettled() or self._unsettled_to_all():
            if self.schedule.now > end:
                raise Stuck(self._why(unsettled[0]))
            called = [client for client in unsettled if self._needs_its_operator(client)]
            self._look(called)
            for client in called:
                client.decide()
            self._until(self.schedule.now + CALM_CHECK_MS)
        self.judge.products.at_rest()
        self.trace.note("world", "at rest")

    def _unsettled(self) -> list[Client]:
        """The clients whose orders should still move, by the judge's books.

        Nobody reads an order to find out: that would bring it into memory, and wake what the runtime has forgotten.
        """
        now = self.schedule.now
        books = self.judge.books
        groups = {order: book.state for order, book in books.orders.items()}
        products, services = books.products, books.services
        unheard = {order for order, book in books.orders.items() if book.live.mail.outbox}
        return [
            client
            for client in self.clients
            if not waiting(client, groups, products, services, now) or client.plan.order in unheard
        ]

    def _unsettled_to_all(self) -> list[Client]:
        """The same once everyone has read his order."""
        self._look(self.clients)
        return self._unsettled()

    def _needs_its_operator(self, client: Client) -> bool:
        book = self.judge.books.groups.get(client.plan.order)
        return book is not None and (book.state.order.in_review or bool(held(book.state)))

    def _look(self, clients: list[Client]) -> None:
        """These clients read their orders; none may stay unanswered."""
        left = {client.plan.order for client in clients}
        for client in clients:
            client.look(lambda order=client.plan.order: left.discard(order))  # type: ignore[misc]
        end = self.schedule.now + CALM_MAX_MS
        while left:
            if self.schedule.now > end:
                raise Stuck(f"{sorted(left)} cannot be read")
            self._until(self.schedule.now + 10)

    def _why(self, client: Client) -> str:
        order = client.plan.order
        if client.accepted is None:
            return f"{order} is neither accepted nor refused"
        state = self.judge.books.groups[order].state
        for_ms = self.schedule.now - state.order.since
        return f"{order} has been {state.order.state} for {for_ms} ms: {state}"

    def _until(self, instant: int) -> None:
        if not self.schedule.until(instant, STEPS_MAX):
            raise Stuck(f"{STEPS_MAX} steps, and no end")
