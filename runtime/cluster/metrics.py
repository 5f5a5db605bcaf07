"""What a host tells the metrics endpoint of its node, through ``ray.util.metrics``, and its own status.

Ray's metrics cost some microseconds a call, so counts are gathered here and handed over once a second.
"""

import time
from typing import Any

import psutil
from hdrh.histogram import HdrHistogram
from ray.util.metrics import Counter, Gauge, Histogram

from runtime.shell import Listener

CYCLE_BUCKETS_MS: list[float] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    60_000,
    600_000,
]
COMMIT_BUCKETS_MS: list[float] = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000]
BATCH_BUCKETS: list[float] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024]
CYCLE_MAX_MS = 30 * 24 * 3_600 * 1_000
_DONE = ("completed", "failed", "partial", "cancelled", "rejected")


class HostMetrics(Listener):
    """Counts of one host; ``flush`` hands them to Ray."""

    def __init__(self, host: str) -> None:
        tags = {"host": host}
        self._counters = {
            name: Counter(f"orderloom_orders_{name}_total", description=f"Orders {name}", tag_keys=("host",))
            for name in ("accepted", *_DONE)
        }
        self._commits = Counter("orderloom_commits_total", "Commits of shards", ("host",))
        self._events = Counter("orderloom_transitions_total", "Committed facts", ("host",))
        self._batch = Histogram("orderloom_commit_shards", "Shards per pipeline", BATCH_BUCKETS, ("host",))
        self._commit = Histogram(
            "orderloom_commit_ms", "Pipeline to durable, ms", COMMIT_BUCKETS_MS, ("host",)
        )
        self._cycle = Histogram(
            "orderloom_cycle_ms", "Order accepted to ended, ms", CYCLE_BUCKETS_MS, ("host",)
        )
        self._mailbox = Gauge("orderloom_mailbox_messages", "Messages waiting in mailboxes", ("host",))
        self._groups = Gauge("orderloom_groups_in_memory", "Groups in memory", ("host",))
        self._recovery = Gauge("orderloom_recovery_ms", "Duration of the last shard recovery, ms", ("host",))
        for metric in (*self._counters.values(), self._commits, self._events, self._batch, self._commit):
            metric.set_default_tags(tags)
        for metric in (self._cycle, self._mailbox, self._groups, self._recovery):
            metric.set_default_tags(tags)
        self.counts = dict.fromkeys(("accepted", *_DONE), 0)
        self.commits = 0
        self.events = 0
        self.cycle = HdrHistogram(1, CYCLE_MAX_MS, 3)
        self._told = dict(self.counts, commits=0, events=0)
        self._samples: list[tuple[int, float]] = []
        self._cycles: list[int] = []
        self._process = psutil.Process()

    def committed(self, commits: int, records: int, seconds: float) -> None:
        """See :class:`runtime.shell.Listener`."""
        self.commits += commits
        if len(self._samples) < 64:
            self._samples.append((commits, seconds * 1000))

    def ended(self, group: str, state: str, cycle_ms: int) -> None:
        """See :class:`runtime.shell.Listener`."""
        self.counts[state] = self.counts.get(state, 0) + 1
        self.cycle.record_value(min(max(cycle_ms, 1), CYCLE_MAX_MS))
        if len(self._cycles) < 64:
            self._cycles.append(cycle_ms)

    def accepted(self, orders: int) -> None:
        """See :class:`runtime.shell.Listener`."""
        self.counts["accepted"] += orders

    def transitions(self, events: int) -> None:
        """See :class:`runtime.shell.Listener`."""
        self.events += events

    def recovered(self, seconds: float) -> None:
        """A recovery of shards took so long."""
        self._recovery.set(seconds * 1000)

    def flush(self, mailbox: int, groups: int) -> None:
        """Hand to Ray what has gathered; histograms get a bounded sample of each second."""
        for name, counter in self._counters.items():
            if (new := self.counts[name] - self._told[name]) > 0:
                counter.inc(new)
                self._told[name] = self.counts[name]
        for key, value, metric in (
            ("commits", self.commits, self._commits),
            ("events", self.events, self._events),
        ):
            if value > self._told[key]:
                metric.inc(value - self._told[key])
                self._told[key] = value
        for shards, milliseconds in self._samples:
            self._batch.observe(shards)
            self._commit.observe(milliseconds)
        for milliseconds in self._cycles:
            self._cycle.observe(milliseconds)
        self._samples.clear()
        self._cycles.clear()
        self._mailbox.set(mailbox)
        self._groups.set(groups)

    def status(self, new_window: bool) -> dict[str, Any]:
        """The counts since this host started; ``new_window`` starts the cycle times anew after this answer."""
        cycle = self.cycle.encode()
        if new_window:
            self.cycle.reset()
        return {
            **self.counts,
            "commits": self.commits,
            "transitions": self.events,
            "rss": self._process.memory_info().rss,
            "cpu_seconds": time.process_time(),
            "cycle": cycle,
        }
