"""A cluster for the keeper to keep: a process below it instead of Ray, and what it does is chosen by its options."""

import os
import subprocess
import sys
import time
from typing import Any


class FakeCluster:
    """Answers like the real one. ``catalog`` of the options holds the words for what goes wrong."""

    child: subprocess.Popen[bytes]

    def __init__(self, options: Any) -> None:
        self.options = options
        self.dashboard = "http://127.0.0.1:1"
        self.dashboard_token = "sesame"

    @staticmethod
    def join(options: Any) -> "FakeCluster":
        if "no ray" in options.catalog:
            raise RuntimeError("no room for Ray")
        return FakeCluster(options)

    def populate(self, options: Any) -> None:
        self.options = options
        if "refuse" in options.catalog:
            raise TimeoutError("the cluster was not complete after 0 s")
        # A shell whose child outlives it: what Ray's workers are below a raylet.
        script = f"{sys.executable} -c 'import time; time.sleep(600)' & wait"
        self.child = subprocess.Popen(["sh", "-c", script])

    def status(self) -> dict[str, Any]:
        return {"pids": {"coordinator": os.getpid(), "hosts": {"Host 1": self.child.pid}}}

    def healthy(self) -> str:
        return "its host has ended" if self.child.poll() is not None else ""

    def stop(self) -> None:
        if "slow" in self.options.catalog:
            time.sleep(600)
        self.child.terminate()
        self.child.wait()
