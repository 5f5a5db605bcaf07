"""When there should be more hosts or executors, and when fewer: a policy over what a system says of itself. Pure.

More as soon as one of the two signs is above its target: messages that wait in mailboxes (per host) or the cycle time
of orders. Fewer only when both are far below theirs, which is another mark than the one for more, and never soon after
a change: a system that has just been scaled is judged by what it does after its shards have moved.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

FEWER_SHARE: Final = 0.25
"""Below this share of every target there may be fewer: between this and 1 nothing changes."""
STEP_MAX: Final = 2.0
"""At most so many times as many processes at once."""
MODES: Final = ("off", "dry-run", "on")
"""``dry-run`` says what it would do, in the log and in the status, and does nothing."""


class Targets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is wanted, and between which bounds."""

    waiting_per_host: int = 500
    """Messages in the mailboxes of a host."""
    cycle_p99_ms: int = 2_000
    """From acceptance to the end of an order, of those that ended since the last look."""
    out_per_executor: int = 2_000
    """Tasks that are out at an executor."""
    hosts: tuple[int, int] = (1, 8)
    """At least, at most."""
    executors: tuple[int, int] = (1, 8)
    cool_down_s: float = 60.0
    """How long after a change nothing is changed again."""

    def __post_init__(self) -> None:
        """Refuse what cannot be (:raises ValueError:)."""
        for name in ("hosts", "executors"):
            least, most = getattr(self, name)
            if not 1 <= least <= most:
                raise ValueError(f"{name}: at least {least} and at most {most} cannot be")
        if min(self.waiting_per_host, self.cycle_p99_ms, self.out_per_executor) < 1 or self.cool_down_s < 0:
            raise ValueError("targets are 1 or more, a cool-down is no negative time")


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What operators choose."""

    mode: str = "off"
    targets: Targets = Targets()

    def __post_init__(self) -> None:
        """Refuse a mode that there is none of (:raises ValueError:)."""
        if self.mode not in MODES:
            raise ValueError(f"there is no mode {self.mode!r}: {', '.join(MODES)}")


class Load(msgspec.Struct, frozen=True):
    """What a system said at one look."""

    hosts: int
    executors: int
    waiting: int
    """Messages in all mailboxes."""
    out: int
    """Tasks at all executors."""
    cycle_p99_ms: float
    ended: int
    """Orders that ended since the last look: without one its cycle time says nothing."""


class Advice(msgspec.Struct, frozen=True):
    """How many there should be, and why; ``why`` is empty when nothing should change."""

    hosts: int
    executors: int
    why: str = ""


def advise(load: Load, targets: Targets, since_change_s: float) -> Advice:
    """What to do about a load.

    :param since_change_s: how long ago the numbers were last changed, by whomever.
    """
    pressure_hosts = load.waiting / load.hosts / targets.waiting_per_host
    if load.ended:
        pressure_hosts = max(pressure_hosts, load.cycle_p99_ms / targets.cycle_p99_ms)
    pressure_executors = load.out / load.executors / targets.out_per_executor
    hosts = _number(load.hosts, pressure_hosts, targets.hosts)
    executors = _number(load.executors, pressure_executors, targets.executors)
    inside = all(
        least <= number <= most
        for number, (least, most) in ((load.hosts, targets.hosts), (load.executors, targets.executors))
    )
    if (hosts, executors) == (load.hosts, load.executors) or (
        inside and since_change_s < targets.cool_down_s
    ):
        return Advice(load.hosts, load.executors)
    why = (
        f"{load.waiting} messages wait at {load.hosts} hosts (target {targets.waiting_per_host} each), "
        f"cycle p99 {load.cycle_p99_ms:g} ms of {load.ended} orders (target {targets.cycle_p99_ms}), "
        f"{load.out} tasks are out at {load.executors} executors (target {targets.out_per_executor} each)"
    )
    return Advice(hosts, executors, why)


def ended_of(status: Mapping[str, Any]) -> int:
    """How many orders have ended, by the counters of the hosts that are there."""
    return sum(int(status[state]) for state in ("completed", "failed", "partial", "cancelled", "rejected"))


def load_of(status: Mapping[str, Any], ended_before: int) -> Load:
    """What a Coordinator's status says; ``ended_before``: how many orders had ended at the look before."""
    hosts = status["hosts"].values()
    return Load(
        hosts=max(1, int(status["wanted"]["hosts"])),
        executors=max(1, int(status["wanted"]["executors"])),
        waiting=sum(int(said.get("mailbox", 0)) + int(said.get("parked", 0)) for said in hosts),
        out=sum(int(said.get("tasks_out", 0)) for said in hosts),
        cycle_p99_ms=float(status["cycle_ms"]["p99"]),
        # A host that was lost takes its counters with it.
        ended=max(0, ended_of(status) - ended_before),
    )


def _number(now: int, pressure: float, bounds: tuple[int, int]) -> int:
    least, most = bounds
    wanted = now
    if pressure > 1:
        wanted = max(now + 1, int(now * min(pressure, STEP_MAX)))
    elif pressure < FEWER_SHARE:
        wanted = now - 1
    return min(max(wanted, least), most)
