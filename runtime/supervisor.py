"""What ``orderloom up`` does: hold the data folder, start the journal's server and Ray, keep both up, end both.

What each of them can mend, it mends itself (the Coordinator makes new hosts, executors and gateways). Here only what
stands around them: a server that ended is started again on its data, with back-off and once its disk has room, while
the hosts wait; a Ray that is lost is started anew, all of it, on the same journal. Nothing of ours is in Ray, so that
the recovery after ``kill -9`` of everything is the same as a start.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec
import structlog

from runtime import run_record
from runtime.cluster.options import ClusterOptions
from runtime.descendants import become_subreaper, below, end, end_below_us, reap_orphans
from runtime.journal.embedded import EmbeddedServer
from runtime.journal.lock import DataLock, Process
from runtime.journal.redis_journal import RedisJournal
from runtime.ray_keeper import Started
from runtime.ray_process import RayFailed, RayProcess, RaySide
from runtime.run_record import RunRecord

log = structlog.get_logger(__name__)

BACKOFF_FIRST_S: Final = 0.5
BACKOFF_MAX_S: Final = 15.0
LOOK_S: Final = 2.0
"""How often the processes below are written down."""

Say = Callable[[str], None]
"""Told in a sentence what happens, for whoever sits in front of it."""
Ready = Callable[[RunRecord, Started], Awaitable[None]]
"""Called once, when the gateway answers; runs beside the supervision until it returns or the system stops."""


class Supervisor:
    """One system on one data folder.

    ``options.journal_url`` empty: with an embedded server. ``shards``: what new data is made with, None for what the
    data has or the default. ``ray`` makes the Ray side, given the folder for its log.
    """

    def __init__(
        self,
        options: ClusterOptions,
        *,
        shards: int | None = None,
        say: Say = lambda _: None,
        ray: Callable[[Path], RaySide] = RayProcess,
        backoff_s: float = BACKOFF_FIRST_S,
    ) -> None:
        self.data = Path(options.data).absolute()
        self.options = msgspec.structs.replace(options, data=str(self.data), run=uuid4().hex)
        self._shards = shards
        self._say_aloud = say
        self._make_ray = ray
        self._backoff_first_s = backoff_s
        self._stop = asyncio.Event()
        self._at_once = asyncio.Event()
        embedded = not options.journal_url
        self._server = EmbeddedServer(self.data / "redis", shards=shards) if embedded else None
        self._ray: RaySide | None = None
        self._not_ours: set[int] = set()
        self.record = RunRecord(
            url=gateway_url(options),
            token_file=options.token_file,
            started=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            up=Process.of(os.getpid()),
            options=self.options,
        )

    # -- life -----------------------------------------------------------------------------------------------------

    async def run(self, ready: Ready) -> None:
        """Start everything, keep it up until :meth:`stop` or a signal, end everything.

        :raises runtime.journal.faults.DataInUse: another supervisor holds the folder.
        :raises runtime.journal.faults.JournalFault: the server does not start, or its data has other shards.
        :raises runtime.errors.JournalAway: the server at ``journal_url`` does not answer.
        :raises RayFailed: Ray did not come up the first time.
        """
        (self.data / "log").mkdir(parents=True, exist_ok=True)
        lock = await asyncio.to_thread(DataLock.take, self.data / "lock")
        try:
            with self._signals():
                # Whoever runs us may have processes of its own.
                self._not_ours = {process.pid for process in below(os.getpid())}
                become_subreaper()
                await self._end_leftovers()
                serving = asyncio.create_task(self._serve(ready))
                stopped = asyncio.create_task(self._stop.wait())
                await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
                try:
                    await _cancelled(stopped)
                    await _cancelled(serving)
                finally:
                    await self._end()
                _raise_what_ended(serving)
        finally:
            lock.release()

    def stop(self) -> None:
        """Stop in order; asked a second time, at once."""
        if self._stop.is_set():
            self._at_once.set()
        self._stop.set()

    async def _serve(self, ready: Ready) -> None:
        async with asyncio.TaskGroup() as tasks:
            # Both take long where much is stored, and neither needs the other.
            await self._prepare_ray()
            await self._start_server()
            if self._server is not None:
                tasks.create_task(self._mind_server(self._server))
            tasks.create_task(self._mind_processes())
            started = await self._start_ray()
            tasks.create_task(self._mind_ray())
            self._say(f"ready: {self.record.url}")
            tasks.create_task(self._tell_ready(ready, started))

    async def _tell_ready(self, ready: Ready, started: Started) -> None:
        await ready(self.record, started)

    async def _end(self) -> None:
        """End Ray, then the server, then whatever is left below us."""
        self._say("stopping")
        if self._ray is not None:
            await self._stop_ray(self._ray)
        await asyncio.to_thread(end_below_us, self._spared)
        if self._server is not None:
            await self._server.stop()
        await asyncio.to_thread(end_below_us, self._spared)
        run_record.remove(self.data)
        self._say("stopped")

    async def _stop_ray(self, ray: RaySide) -> None:
        stopping = asyncio.create_task(ray.stop())
        impatient = asyncio.create_task(self._at_once.wait())
        await asyncio.wait({stopping, impatient}, return_when=asyncio.FIRST_COMPLETED)
        if not stopping.done():
            await ray.kill()
        await _cancelled(impatient)
        await _cancelled(stopping)

    # -- the journal's server -------------------------------------------------------------------------------------

    async def _start_server(self) -> None:
        if self._server is None:
            shards = await _shards_of(self.options, self._shards)
            self.options = msgspec.structs.replace(self.options, shards=shards)
            self._note(options=self.options)
            return
        self._say("starting the journal's server")
        await self._server.start(self._say)
        self.options = msgspec.structs.replace(
            self.options, journal_url=self._server.url, shards=self._server.shards
        )
        self._note(options=self.options, server=_process(self._server.pid))

    async def _mind_server(self, server: EmbeddedServer) -> None:
        while True:
            await server.died()
            self._say(f"the journal's server is down: {server.why_ended()}")
            self._note(server=None)
            await server.restart(self._say)
            self._say("the journal's server is back")
            self._note(server=_process(server.pid))

    # -- Ray ------------------------------------------------------------------------------------------------------

    async def _prepare_ray(self) -> None:
        self._say(f"starting Ray, {_layout(self.options)}")
        self._ray = self._make_ray(self.data / "log")
        await self._ray.prepare(self.options)

    async def _start_ray(self) -> Started:
        assert self._ray is not None
        started = await self._ray.start(self.options)
        if started.remark:
            self._say(started.remark)
        self._note(
            ready=True,
            ray=self._ray.process,
            ray_address=started.ray_address,
            dashboard=started.dashboard,
            pids=started.pids,
        )
        return started

    async def _mind_ray(self) -> None:
        while self._ray is not None:
            reason = await self._ray.lost()
            self._say(f"Ray is lost: {reason}; all of it is started anew on the same data")
            self._note(ready=False, ray=None)
            pause_s = self._backoff_first_s
            while True:
                await self._ray.kill()
                await asyncio.to_thread(end_below_us, self._spared)
                await self._prepare_ray()
                try:
                    await self._start_ray()
                except RayFailed as failed:
                    self._say(f"Ray did not come up: {failed}; again in {pause_s:g} s")
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, BACKOFF_MAX_S)
                else:
                    break
            self._say("Ray is back")

    # -- processes ------------------------------------------------------------------------------------------------

    async def _end_leftovers(self) -> None:
        """End what a killed supervisor of this folder left; its server is found by the server's own lock."""
        ended = await asyncio.to_thread(end, run_record.read_processes(self.data))
        if ended:
            self._say(f"ended {ended} processes that an earlier run had left")

    async def _mind_processes(self) -> None:
        written: list[Process] = []
        while True:
            found = await asyncio.to_thread(below, os.getpid(), [*self._not_ours, *self._server_pids()])
            if found != written:
                try:
                    run_record.write_processes(self.data, found)
                    written = found
                except OSError as full:
                    log.warning("processes not written down", reason=str(full))
            reap_orphans(self._spared())
            await asyncio.sleep(LOOK_S)

    def _server_pids(self) -> list[int]:
        pid = self._server.pid if self._server is not None else None
        return [] if pid is None else [pid]

    def _spared(self) -> list[int]:
        """What does not end with Ray, and what the standard library waits for."""
        ray = self._ray.process if self._ray is not None else None
        keeper = [ray.pid] if ray is not None and ray.lives() else []
        return [*self._not_ours, *self._server_pids(), *keeper]

    def _note(self, **changes: object) -> None:
        self.record = msgspec.structs.replace(self.record, **changes)
        try:
            self.record.write(self.data)
        except OSError as full:
            # A full disk ends the server, not its supervisor; the record is written with the next change.
            self._say(f"what runs cannot be written down: {full}")

    def _say(self, sentence: str) -> None:
        log.info(sentence)
        self._say_aloud(sentence)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C, SIGTERM and a closed terminal stop in order; a second one at once."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        handled = []
        for number in numbers:
            # Only the main thread may handle signals; in another one, whoever runs us calls stop().
            with contextlib.suppress(RuntimeError, ValueError):
                loop.add_signal_handler(number, self.stop)
                handled.append(number)
        try:
            yield
        finally:
            for number in handled:
                loop.remove_signal_handler(number)


def gateway_url(options: ClusterOptions) -> str:
    """Where this machine reaches the gateway; one that is bound to every address is reached over loopback."""
    host = "127.0.0.1" if options.bind in ("0.0.0.0", "") else options.bind
    return f"http://{host}:{options.port}"


async def _shards_of(options: ClusterOptions, asked: int | None) -> int:
    """How many shards the journal at a given URL has, making it when it is new."""
    journal = await RedisJournal.connect(
        options.journal_url, shards=asked, archive=Path(options.archive), cluster=options.journal_cluster
    )
    shards = journal.shards
    await journal.close()
    return shards


async def _cancelled(task: "asyncio.Task[None] | asyncio.Task[bool]") -> None:
    """Cancel a task and wait for its end, whatever it is; how it ended is read from the task."""
    task.cancel()
    await asyncio.wait({task})


def _raise_what_ended(serving: "asyncio.Task[None]") -> None:
    """Pass on the error that ended the service; of a group's errors the first."""
    if serving.cancelled() or (problem := serving.exception()) is None:
        return
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    raise problem


def _process(pid: int | None) -> Process | None:
    return None if pid is None else Process.of(pid)


def _layout(options: ClusterOptions) -> str:
    counts = {"host": options.hosts, "executor": options.executors, "gateway": options.gateways}
    named = ", ".join(f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in counts.items())
    return f"{named}, {options.placement}"
