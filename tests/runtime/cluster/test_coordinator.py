"""Coordinators that are killed, stopped, or two at once: every shard keeps an owner that really has it."""

import asyncio
import time
from collections import Counter

import pytest
from ray.exceptions import ActorDiedError

from runtime.cluster.table import Owner
from runtime.errors import JournalAway, Superseded
from tests.runtime.cluster.conftest import LEASE_MS, World


async def test_every_shard_gets_an_owner_and_every_process_is_there(world: World) -> None:
    await world.begin()
    await world.until(world.kept)
    assert sorted(Counter(world.owners()).values()) == [4, 4]
    assert await world.coordinator.complete()


async def test_a_coordinator_that_comes_back_finds_what_runs(world: World) -> None:
    first = await world.begin()
    await world.until(world.kept)
    names, owners = set(world.actors), world.owners()
    await world.end(first)
    await world.begin()
    await world.until(world.kept)
    assert set(world.actors) == names
    assert world.owners() == owners


async def test_a_hand_over_that_was_interrupted_after_the_release_heals(world: World) -> None:
    first = await world.begin()
    await world.until(world.kept)
    giving, taking = sorted(set(world.owners()))
    world.actors[taking].gate["acquire"] = asyncio.Event()
    shard = world.owners().index(giving)
    moving = asyncio.create_task(first.assignment._hand_over(shard, giving, taking))
    first.assignment._moving[shard] = taking
    await world.until(lambda: shard not in world.actors[giving].held)
    await world.end(first)
    moving.cancel()
    # The journal still names the host that let go, and that host lives.
    await world.begin()
    assert world.owners()[shard] == giving
    await world.until(world.kept)


async def test_a_shard_that_was_acquired_for_a_coordinator_that_ended_is_known_to_the_next(
    world: World,
) -> None:
    first = await world.begin()
    await world.until(world.kept)
    giving, taking = sorted(set(world.owners()))
    shard = world.owners().index(giving)
    epoch = first.assignment.owners[shard].epoch + 1
    await world.end(first)
    await world.begin()
    # It was on its way when the second looked.
    await world.actors[giving]._release([shard], first.epoch)
    await world.actors[taking]._acquire([(shard, epoch)], first.epoch)
    await world.until(lambda: world.coordinator.assignment.owners[shard].epoch >= epoch)
    await world.until(world.kept)


async def test_a_shard_whose_new_owner_dies_on_the_way_is_given_to_another(world: World) -> None:
    await world.begin()
    await world.until(world.kept)
    before = set(world.owners())
    await world.coordinator.scale({"hosts": 3})
    await world.until(lambda: len(set(world.owners())) == 3)
    (third,) = set(world.owners()) - before
    world.actors[third].dead.set()
    await world.until(lambda: third not in world.owners() and world.kept())


async def test_a_shard_that_its_owner_lost_without_a_word_is_acquired_anew(world: World) -> None:
    await world.begin()
    await world.until(world.kept)
    owner = world.owners()[3]
    del world.actors[owner].held[3]  # it was fenced
    await world.until(world.kept)
    assert world.owners()[3] == owner


@pytest.mark.parametrize("method", ["acquire", "release"])
async def test_a_host_that_hangs_while_it_is_asked_holds_nobody_up(world: World, method: str) -> None:
    await world.begin()
    await world.until(world.kept)
    hanging = sorted(set(world.owners()))[0]
    world.actors[hanging].gate[method] = asyncio.Event()
    if method == "acquire":
        world.actors[sorted(set(world.owners()))[1]].dead.set()
    else:
        await world.coordinator.scale({"hosts": 3})
    await asyncio.sleep(0.15)
    world.actors[hanging].awake.clear()
    await world.until(lambda: hanging not in world.owners() and world.kept())
    assert hanging in world.killed


async def test_a_host_that_holds_what_is_anothers_by_now_is_told_so(world: World) -> None:
    await world.begin()
    await world.until(world.kept)
    one, other = sorted(set(world.owners()))
    shard = world.owners().index(other)
    world.actors[one].held[shard] = world.coordinator.assignment.owners[shard].epoch - 1
    renewal = await world.renew(world.actors[one])
    assert list(renewal.stale) == [(shard, world.coordinator.assignment.owners[shard].epoch - 1)]
    assert world.kept()


async def test_of_two_coordinators_the_newer_decides_and_the_older_does_nothing_any_more(
    world: World,
) -> None:
    older = await world.begin()
    await world.until(world.kept)
    newer = await world.begin()
    # All hosts renew at the newer one: to the older they are silent, far past their lease.
    await asyncio.sleep(LEASE_MS / 1_000 * 2)
    assert world.killed == []
    assert world.kept()
    for asked in (older.scale({"hosts": 5}), older.status(), older.watch((0, 0)), older.complete()):
        with pytest.raises(Superseded):
            await asked
    with pytest.raises(Superseded):
        await older.renew("Host 1.1", [])
    await newer.scale({"hosts": 3})
    await world.until(lambda: len(set(world.owners())) == 3 and world.kept())
    assert {owner.epoch for owner in older.assignment.owners} == {1}


async def test_an_older_coordinator_that_has_not_noticed_yet_is_refused(world: World) -> None:
    older = await world.begin()
    await world.until(world.kept)
    await world.begin()
    for actor in world.actors.values():
        actor.newest = world.coordinator.epoch
    world.asked.clear()
    for shard in range(4):
        older.assignment._moving[shard] = world.owners()[shard]
        await older.assignment._take(world.owners()[shard], [shard])
    assert world.kept()
    asked = [(name, method) for name, method, _ in world.asked if method == "acquire"]
    assert len(asked) == 4  # it does not ask again and again


async def test_a_lease_is_no_longer_than_the_coordinator_knows_that_it_is_the_newest(world: World) -> None:
    await world.begin()
    await world.until(world.kept)
    world.journal.registry.away = True
    await asyncio.sleep(0.5)
    renewal = await world.coordinator.renew(world.owners()[0], [])
    assert renewal.member
    assert renewal.age_s > 0.25


async def test_a_coordinator_that_was_stopped_does_not_take_its_own_silence_for_that_of_hosts(
    world: World,
) -> None:
    await world.begin()
    await world.until(world.kept)
    time.sleep(LEASE_MS / 1_000 * 2)  # noqa: ASYNC251 - the whole process stands
    await asyncio.sleep(LEASE_MS / 1_000)
    assert world.killed == []
    assert world.kept()


async def test_a_process_that_cannot_be_started_is_ended_and_another_is_made(world: World) -> None:
    world.cannot_start = lambda name: name == "Executor 1.1"
    await world.begin()
    await world.until(world.kept)
    assert "Executor 1.1" in world.killed
    assert [*world.coordinator.staff.present["executors"]] == ["Executor 1.2"]
    assert (await world.coordinator.last_failure()).startswith("Executor 1.1 did not start: ")


async def test_one_that_was_made_and_not_started_is_started_by_the_next_coordinator(world: World) -> None:
    first = await world.begin()
    await world.until(world.kept)
    await world.end(first)
    world.actors["Executor 1.1"].dead.set()
    world.make("executors", "Executor 1.9")
    world.journal.registry.kept["executors"].append("Executor 1.9")
    await world.begin()
    await world.until(lambda: world.actors["Executor 1.9"].started > 0 and world.kept())
    assert [*world.coordinator.staff.present["executors"]] == ["Executor 1.9"]


@pytest.mark.parametrize("kind", ["executors", "gateways"])
async def test_an_executor_or_gateway_that_hangs_is_ended_and_replaced(world: World, kind: str) -> None:
    await world.begin()
    await world.until(world.kept)
    (name,) = world.coordinator.staff.present[kind]
    world.actors[name].awake.clear()
    await world.until(lambda: name in world.killed and world.kept())
    assert name not in world.coordinator.staff.present[kind]


async def test_what_was_scaled_outlives_the_coordinator_but_not_the_run(world: World) -> None:
    first = await world.begin()
    assert await first.scale({"hosts": 3, "executors": 2}) == {"hosts": 3, "executors": 2, "gateways": 1}
    await world.until(world.kept)
    await world.end(first)
    second = await world.begin()
    assert second.staff.wanted == {"hosts": 3, "executors": 2, "gateways": 1}
    await world.end(second)
    third = await world.begin(run="another run")
    assert third.staff.wanted == {"hosts": 2, "executors": 1, "gateways": 1}


async def test_a_number_that_cannot_be_recorded_is_not_promised(world: World) -> None:
    await world.begin()
    world.journal.registry.away = True
    with pytest.raises(JournalAway):
        await world.coordinator.scale({"hosts": 5})
    assert world.coordinator.staff.wanted["hosts"] == 2


async def test_a_host_too_many_hands_over_all_it_has_before_it_goes(world: World) -> None:
    await world.begin(hosts=3)
    await world.until(lambda: len(set(world.owners())) == 3 and world.kept())
    await world.coordinator.scale({"hosts": 1})
    await world.until(lambda: len(set(world.owners())) == 1 and len(world.coordinator.staff.hosts) == 1)
    assert world.kept()
    released = [(name, args[0]) for name, method, args in world.asked if method == "release"]
    for gone in world.killed:
        assert sum(name == gone for name, _ in released) >= 2


async def test_a_host_that_died_with_its_node_keeps_its_shards_until_its_lease_has_ended(
    world: World,
) -> None:
    await world.begin()
    await world.until(world.kept)
    name = world.owners()[0]
    actor = world.actors[name]
    actor.death = ActorDiedError()
    actor.death.error_msg = "The actor died because its node has died."
    actor.death.args = (actor.death.error_msg,)
    actor.awake.clear()
    actor.dead.set()
    await asyncio.sleep(0.05)
    assert name in world.owners()  # it may still answer reads
    await world.until(lambda: name not in world.owners() and world.kept())


async def test_a_shard_whose_journal_is_behind_is_stopped_for_this_run(world: World) -> None:
    first = await world.begin()
    await world.until(world.kept)
    host = world.owners()[3]
    epoch = first.assignment.owners[3].epoch
    del world.actors[host].held[3]
    await first.renew(host, list(world.actors[host].held.items()), {3: "shard 3 has lost frames"})
    await asyncio.sleep(LEASE_MS / 1_000)
    assert first.assignment.owners[3] == Owner("", epoch)
    assert (await first.watch((0, 0))).stopped == {3: "shard 3 has lost frames"}
    assert await first.complete()
    await world.end(first)
    second = await world.begin()
    await asyncio.sleep(0.1)
    assert second.assignment.owners[3].host == ""
    await world.end(second)
    await world.begin(run="another run")
    await world.until(world.kept)


async def test_the_journal_is_away_and_nobody_is_sent_away_for_it(world: World) -> None:
    await world.begin()
    await world.until(world.kept)
    world.journal.registry.away = True
    await asyncio.sleep(LEASE_MS / 1_000 * 2)
    world.journal.registry.away = False
    await world.until(world.kept)
    assert world.killed == []
