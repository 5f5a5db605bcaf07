"""Processes held to a share of a core, so that more hosts on one machine are more CPU and not more quarrel for it.

By control groups, version 2 or 1, where this user may make them. On two cores four hosts at a fifth of a core each show
what four whole ones would do to each other; without shares they would only split what one had.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PERIOD_US = 20_000
"""Short, so that a host that has used its share up waits for milliseconds only."""


class NoShares(Exception):
    """Control groups cannot be used here; the text says why."""


@contextmanager
def held(pids: Sequence[int], cores: float, root: Path = ROOT) -> Iterator[None]:
    """Hold each process to ``cores`` of CPU for as long as the block runs.

    :raises NoShares: this user may not, or the machine has no CPU control group.
    """
    unified = (root / "cgroup.controllers").exists()
    parent = root if unified else root / "cpu"
    groups = [parent / f"orderloom-bench-{os.getpid()}-{pid}" for pid in pids]
    quota = round(PERIOD_US * cores)
    try:
        try:
            if unified:
                _allow_cpu(root)
            for group, pid in zip(groups, pids, strict=True):
                group.mkdir()
                for name, value in limits(unified, quota):
                    (group / name).write_text(value)
                (group / "cgroup.procs").write_text(str(pid))
        except OSError as error:
            raise NoShares(f"no CPU shares by control groups here: {error}") from None
        yield
    finally:
        for group, pid in zip(groups, pids, strict=True):
            # A process that has ended is in no group any more; the group itself goes once it is empty.
            with suppress(OSError):
                (parent / "cgroup.procs").write_text(str(pid))
            with suppress(OSError):
                group.rmdir()


def limits(unified: bool, quota_us: int) -> tuple[tuple[str, str], ...]:
    """The files of a group and what is written to them."""
    if unified:
        return (("cpu.max", f"{quota_us} {PERIOD_US}"),)
    return (("cpu.cfs_period_us", str(PERIOD_US)), ("cpu.cfs_quota_us", str(quota_us)))


def _allow_cpu(root: Path) -> None:
    control = root / "cgroup.subtree_control"
    if "cpu" not in control.read_text().split():
        control.write_text("+cpu")
