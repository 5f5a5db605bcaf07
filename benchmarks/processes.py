"""CPU time of a system by process: the parts that its ready line names, and Ray's own below them."""

import re
from collections.abc import Iterator
from typing import Any

import psutil

from benchmarks.system import System

OTHERS = "ray"
"""What is below `orderloom up` and has no name in the ready line: Ray's servers, agents and idle workers."""

PLURALS = {"hosts": "host", "executors": "executor", "gateways": "gateway", "servers": "server"}


def cpu_seconds(system: System) -> dict[str, float]:
    """CPU seconds (user and system) so far, summed by part: ``host``, ``gateway``, ``server``, …

    A process that has ended counts with nothing: take the difference of two readings of a system that lived through
    both.
    """
    named = {pid: name for name, pid in parts(system.pids)}
    named.setdefault(system.pid, "up")
    seconds = dict.fromkeys(named.values(), 0.0)
    try:
        below = {each.pid for each in psutil.Process(system.pid).children(recursive=True)}
    except psutil.NoSuchProcess:
        below = set()
    for pid in below | set(named):
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.NoSuchProcess:
            continue
        name = named.get(pid, OTHERS)
        seconds[name] = seconds.get(name, 0.0) + times.user + times.system
    return seconds


def parts(pids: Any, name: str = "process") -> Iterator[tuple[str, int]]:
    """The processes of a ready line's ``pids``, whatever its nesting, by the name of their kind.

    ``{"host 1": 7, "executors": [8, 9]}`` gives ``host`` once and ``executor`` twice.
    """
    if isinstance(pids, dict):
        for key, value in pids.items():
            yield from parts(value, name if str(key).isdigit() else str(key))
    elif isinstance(pids, list):
        for value in pids:
            yield from parts(value, name)
    elif isinstance(pids, int) and not isinstance(pids, bool):
        kind = re.sub(r"[\s_-]*[\d.]*$", "", name).lower() or name
        yield PLURALS.get(kind, kind), pids
