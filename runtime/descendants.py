"""Everything below a process: finding it, ending it, and keeping orphans from slipping away.

Ray starts some twenty processes, workers below a raylet below us. When one in the middle is killed, what it had
started would become init's and nobody could say any more whose it was. A *subreaper* gets such orphans instead, so
that what is below us stays below us.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from typing import Final

import psutil

from runtime.journal.lock import Process

PR_SET_CHILD_SUBREAPER: Final = 36
END_S: Final = 10.0
"""How long killed processes may take to be gone; longer than that they hang in the kernel."""


def become_subreaper() -> None:
    """Get the orphans among our descendants (Linux); elsewhere they go to init as ever."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def below(pid: int, spare: Iterable[int] = ()) -> list[Process]:
    """The living processes below ``pid``, without those to spare."""
    found = []
    spared = set(spare)
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if child.pid not in spared and child.status() != psutil.STATUS_ZOMBIE:
                    found.append(Process(child.pid, child.create_time()))
    return found


def end_below_us(spare: Callable[[], Iterable[int]] = tuple) -> int:
    """Kill everything below this process, orphans that came to us included, until nothing is left; how many it were.

    Blocks up to ``END_S`` seconds. What ``spare`` names, asked anew each time, is left alone.
    """
    ended = set()
    deadline = time.monotonic() + END_S
    # More than once: a raylet that is still alive may start a worker while we look.
    while (left := below(os.getpid(), spare())) and time.monotonic() < deadline:
        for process in left:
            ended.add(process.pid)
            _kill(process)
        reap_orphans(spare())
        time.sleep(0.02)
    return len(ended)


def end(processes: Iterable[Process]) -> int:
    """Kill those of these that still are who they were, wait until they are gone; how many it were."""
    left = [process for process in processes if process.lives()]
    ended = len(left)
    for process in left:
        _kill(process)
    deadline = time.monotonic() + END_S
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [process for process in left if process.lives()]
    return ended


def reap_orphans(spare: Iterable[int] = ()) -> None:
    """Collect what has ended directly below us, orphans that came to us for the most part.

    Only by pid, and none to spare: what the standard library waits for must stay there for it.
    """
    spared = set(spare)
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process().children():
            with contextlib.suppress(psutil.Error, ChildProcessError):
                if child.pid not in spared and child.status() == psutil.STATUS_ZOMBIE:
                    os.waitpid(child.pid, os.WNOHANG)


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(process.pid, signal.SIGKILL)
