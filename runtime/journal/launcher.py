"""Becomes the embedded server, after arranging that it ends with whoever started it.

Run as a script, not imported: ``python -I -S launcher.py PARENT_PID COMMAND ...``. A process of its own, because the
signal must be arranged between fork and exec, and Python code between the two may dead-lock in a program with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for SIGTERM at the parent's death, then exec. A server that is told so writes out what it has and ends."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        # The parent went before the signal was arranged.
        sys.exit(1)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
