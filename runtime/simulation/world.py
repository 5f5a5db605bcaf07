"""One seed draws the whole world: how many hosts and shards, how tight the bounds, which faults there are at all."""

from random import Random

import msgspec

from runtime.kernel.bounds import Bounds


class Faults(msgspec.Struct):
    """How likely each kind of fault is, from 0 (off) to 1 for each occasion; ``_per_s``: how often in a virtual second.

    What each of them means, and what is excluded, stands in ``faults.py``.
    """

    crash_per_s: float = 0.0
    crash_in_commit: float = 0.0
    crash_in_release: float = 0.0
    stop_per_s: float = 0.0
    cut_per_s: float = 0.0
    commit_lost: float = 0.0
    reply_lost: float = 0.0
    commit_doubled: float = 0.0
    slow_disk: float = 0.0
    journal_away_per_s: float = 0.0
    lost: float = 0.0
    doubled: float = 0.0
    delayed: float = 0.0
    clock_step_per_s: float = 0.0
    hand_over_per_s: float = 0.0
    coordinator_per_s: float = 0.0
    faulty_decision: float = 0.0


class World(msgspec.Struct, frozen=True):
    """Everything about a run that was drawn. Times in milliseconds."""

    seed: int
    hosts: int
    shards: int
    orders: int
    keepers: int
    """How many of the clients' reads and repetitions there are for each order."""
    operator_ms: int
    """How often an operator looks at each order. What is read comes into memory: who looks often hides what sleeps."""
    storm_ms: int
    lease_ms: int
    renewal_ms: int
    latency_ms: int
    disk_ms: int
    bounds: Bounds
    replay_always: bool
    """Every group leaves memory after every message and comes back from the journal with the next."""
    slow_targets: float
    failing_targets: float
    large_orders: float
    installed: float
    """How often a line is about a product that another order made."""
    people: float
    """How often people look at an order before it is fulfilled."""
    waits_ms: int
    """The deadline of every wait for a value; 0: as the catalog states it, longer than a run."""
    faults: Faults


def draw_world(seed: int, *, replay_always: bool = False) -> World:
    """The world of a seed: the same in every process and version of Python.

    With ``replay_always`` every world passivates and replays after every message, not only the share that draws it.
    """
    draw = Random(f"world {seed}")
    lease = draw.choice((400, 1_000, 4_000))
    calm = draw.random() < 0.05
    replay_always = draw.random() < 0.15 or replay_always
    return World(
        seed=seed,
        hosts=draw.randint(1, 4),
        shards=draw.randint(1, 6),
        orders=draw.randint(4, 16),
        keepers=draw.choice((0, 1, 3, 6)),
        operator_ms=draw.choice((700, 700, 3_000, 60_000)),
        storm_ms=draw.choice((1_000, 3_000, 8_000)),
        lease_ms=lease,
        renewal_ms=lease // 4,
        latency_ms=draw.choice((1, 3, 10)),
        # With one message between two commits a slow disk would only show that a queue grows.
        disk_ms=1 if replay_always else draw.choice((1, 5, 20)),
        bounds=_bounds(seed, draw, replay_always),
        replay_always=replay_always,
        slow_targets=draw.choice((0.0, 0.0, 0.1, 0.3)),
        failing_targets=draw.choice((0.0, 0.05, 0.2)),
        large_orders=0.3 if draw.random() < 0.02 else 0.0,
        installed=Random(f"installed {seed}").choice((0.0, 0.0, 0.2, 0.6)),
        people=Random(f"people {seed}").choice((0.0, 0.0, 0.3, 0.6)),
        waits_ms=Random(f"waits {seed}").choice((0, 0, 0, 0, 100, 700)),
        faults=Faults() if calm else _faults(draw),
    )


def _bounds(seed: int, draw: Random, replay_always: bool) -> Bounds:
    if replay_always:
        return Bounds(turn_messages=1, groups=0, idle_ms=0)
    return Bounds(
        mailbox=draw.choice((2, 5, 20, 1_000)),
        turn_messages=draw.choice((1, 2, 5, 64)),
        # Of a stream of its own, so that the seeds found before it was drawn keep the rest of their worlds.
        wakes=Random(f"wakes {seed}").choice((1, 4, 256)),
        groups=draw.choice((0, 1, 3, 100)),
        idle_ms=draw.choice((0, 20, 500, 60_000)),
        snapshot_bytes=draw.choice((0, 500, 5_000, 64 * 1024)),
        recovery_frames=draw.choice((1, 5, 30, 20_000)),
        passivate_per_turn=draw.choice((1, 3, 128)),
    )


def _faults(draw: Random) -> Faults:
    def some(*levels: float) -> float:
        return draw.choice((0.0, *levels))

    return Faults(
        crash_per_s=some(0.3, 1.0, 3.0),
        crash_in_commit=some(0.01, 0.05),
        crash_in_release=some(0.01, 0.05),
        stop_per_s=some(0.2, 0.6),
        cut_per_s=some(0.2, 0.6),
        commit_lost=some(0.02, 0.2),
        reply_lost=some(0.02, 0.2),
        commit_doubled=some(0.02, 0.2),
        slow_disk=some(0.02, 0.1),
        journal_away_per_s=some(0.2, 0.5),
        lost=some(0.02, 0.2),
        doubled=some(0.02, 0.2),
        delayed=some(0.05, 0.3),
        clock_step_per_s=some(0.3, 1.0),
        hand_over_per_s=some(0.5, 2.0),
        coordinator_per_s=some(0.2, 0.5),
        faulty_decision=some(0.005, 0.03),
    )


def describe(world: World) -> str:
    """The drawn world in a few lines, for whoever has to look at a failing seed."""
    faults = ", ".join(
        f"{name} {value:g}" for name, value in msgspec.structs.asdict(world.faults).items() if value
    )
    bounds = ", ".join(f"{name} {value}" for name, value in msgspec.structs.asdict(world.bounds).items())
    return (
        f"seed {world.seed}: {world.hosts} hosts, {world.shards} shards, {world.orders} orders, "
        f"an operator every {world.operator_ms} ms, "
        f"storm of {world.storm_ms} ms, lease {world.lease_ms} ms, latency {world.latency_ms} ms, "
        f"disk {world.disk_ms} ms, slow targets {world.slow_targets:g}, failing targets {world.failing_targets:g}"
        f"{f', lines about installed products {world.installed:g}' if world.installed else ''}"
        f"{f', orders people look at {world.people:g}' if world.people else ''}"
        f"{f', values waited for {world.waits_ms} ms' if world.waits_ms else ''}"
        f"{', passivate and replay after every message' if world.replay_always else ''}\n"
        f"  bounds: {bounds}\n"
        f"  faults: {faults or 'none'}"
    )
