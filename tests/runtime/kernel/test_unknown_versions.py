"""A group whose catalog version is not here yet waits for it, as if what it was told had not come."""

from typing import Any

import pytest

from actors.behaviour import Decision
from actors.message import Message
from actors.messages import Done, Retry
from catalog.refusals import UnknownCatalogVersion
from runtime.kernel.kernel import Kernel
from runtime.kernel.words import Faulted, Loaded
from tests.runtime.kernel.small import NOW, Notes, Owner, SmallKind, answers, only_commit


class Pinned(SmallKind):
    """``need V …`` is decided as ``…`` once version V is known."""

    def __init__(self) -> None:
        self.known: set[str] = set()

    def handle(self, group: str, state: Notes | None, message: Message, now: int) -> tuple[Any, Decision]:
        if isinstance(message, Retry) and message.target.startswith("need "):
            _, version, rest = message.target.split(" ", 2)
            if version not in self.known:
                raise UnknownCatalogVersion(f"{version} is not here", version)
            message = Retry(rest)
        return super().handle(group, state, message, now)


@pytest.fixture
def kind() -> Pinned:
    return Pinned()


@pytest.fixture
def owner(kind: Pinned) -> Owner:
    return Owner(kernel=Kernel([kind]))


def test_a_new_group_waits_for_its_version_and_then_decides(owner: Owner, kind: Pinned) -> None:
    outputs = owner.step(owner.tell("need v2 note a"))
    outputs = owner.step(*[owner.look_up(each) for each in outputs.lookups])
    (lookup,) = outputs.lookups
    assert (lookup.catalog, outputs.commits, outputs.answers, outputs.faults) == ("v2", [], [], [])
    kind.known.add("v2")
    outputs = owner.settle(owner.look_up(lookup))
    assert answers(outputs) == {"asker": Done("")}
    assert owner.heard() == ["note a"]


def test_what_was_decided_before_in_the_turn_is_decided_again_in_its_order(
    owner: Owner, kind: Pinned
) -> None:
    owner.settle(owner.tell("note first"))
    told = [
        owner.tell(f"{what}", token=number)
        for number, what in enumerate(("note a", "need v2 note b", "note c"))
    ]
    outputs = owner.step(*told, owner.tell("note other", group="g2", token="other"))
    (lookup,) = [each for each in outputs.lookups if each.group == "g1"]
    assert lookup.catalog == "v2" and not outputs.answers
    kind.known.add("v2")
    others = [each for each in outputs.lookups if each.group == "g2"]
    after = owner.settle(*[owner.look_up(each) for each in others])
    assert set(answers(after)) == {"other"}, "another group does not wait"
    after = owner.settle(owner.look_up(lookup))
    assert set(answers(after)) == {0, 1, 2}
    assert owner.heard() == ["note first", "note a", "note b", "note c"]


def test_only_the_group_waits_and_not_its_shard(owner: Owner) -> None:
    owner.settle(owner.tell("note a"))
    outputs = owner.step(owner.tell("need v2 note b"))
    assert [each.catalog for each in outputs.lookups] == ["v2"]
    assert owner.shard.parked.keys() == {"g1"} and owner.shard.turn is None


def test_timers_that_fell_due_meanwhile_ring_afterwards(owner: Owner, kind: Pinned) -> None:
    owner.settle(owner.tell(f"timer t {NOW + 10}"))
    outputs = owner.step(owner.tell("need v2 note b"))
    owner.now += 20
    assert not owner.step().commits
    kind.known.add("v2")
    owner.settle(*[owner.look_up(each) for each in outputs.lookups])
    assert owner.heard() == ["armed", "note b", "timer t"]


def test_a_version_that_was_never_published_is_a_fault_of_that_message_alone(owner: Owner) -> None:
    owner.settle(owner.tell("note a"))
    outputs = owner.step(owner.tell("need v9 note b"))
    (lookup,) = outputs.lookups
    outputs = owner.step(Loaded(0, owner.epoch, "g1", fault="version v9 was never published"))
    assert answers(outputs) == {"asker": Faulted("g1")}
    assert "never published" in outputs.faults[0][1] and lookup.positions
    assert answers(owner.settle(owner.tell("note c"))) == {"asker": Done("")}
    assert owner.heard() == ["note a", "note c"]


def test_a_commit_under_way_is_not_touched(owner: Owner, kind: Pinned) -> None:
    first, _ = owner.until_commit(owner.tell("note a", token="first"))
    owner.step(owner.tell("need v2 note b", token="second"))
    released = owner.verdict(owner.journal.commit_one(only_commit(first)))
    assert set(answers(released)) == {"first"}
    outputs = owner.step()
    kind.known.add("v2")
    assert answers(owner.settle(*[owner.look_up(each) for each in outputs.lookups])) == {"second": Done("")}
    assert owner.heard() == ["note a", "note b"]
