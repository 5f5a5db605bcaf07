"""From a host to the executors and back: committed dispatches out, answers in.

One call per turn carries every task of the turn that goes to the same executor; what has gathered while two calls
are under way goes with the next. A task that an executor took and did not answer before it died goes out again, under
the same key.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from actors.behaviour import Dispatch
from actors.messages import TaskResult
from runtime.cluster.channel import Channel, PeerLost, channel_to
from runtime.cluster.names import find
from runtime.tasks.wire import decode_results, encode_dispatches

log = structlog.get_logger()

Entry = tuple[int, int, str, Dispatch]
CALLS_UNDER_WAY_MAX = 2
PAUSE_S = 0.2


class _Link:
    """The way to one executor."""

    def __init__(self, name: str, channel: Channel) -> None:
        self.name = name
        self.channel = channel
        self.waiting: list[Entry] = []
        self.under_way = 0
        self.open: dict[tuple[str, str, int], Entry] = {}
        self.collecting: asyncio.Task[None] | None = None


class Dispatching:
    """The tasks of one host that are out."""

    def __init__(self, host: str, results: Callable[[list[tuple[int, int, str, TaskResult]]], None]) -> None:
        self.host = host
        self._results = results
        self._named: list[str] = []
        self._links: list[_Link] = []
        self._homeless: list[Entry] = []
        self._sending: set[asyncio.Future[None]] = set()

    def set_executors(self, names: Sequence[str]) -> None:
        """The executors there are now; what was out at one that is gone goes out again."""
        self._named = list(names)
        if [link.name for link in self._links] == self._named:
            return
        known = {link.name: link for link in self._links}
        links = []
        for name in names:
            link = known.pop(name, None)
            if link is None and (handle := find(name)) is not None:
                link = _Link(name, channel_to(handle, self.host))
                link.collecting = asyncio.create_task(self._collect(link))
            if link is not None:
                links.append(link)
        self._links = links
        homeless, self._homeless = self._homeless, []
        for link in known.values():
            link.channel.close()
            homeless += [*link.waiting, *link.open.values()]
            link.open.clear()
        self.dispatch(homeless)

    def dispatch(self, entries: Sequence[Entry]) -> None:
        """Send committed dispatches on their way; never waits."""
        links = self._links
        if not links:
            self._homeless += entries
            return
        if len(links) == 1:
            links[0].waiting += entries
        else:
            # A key always goes to the same executor, so that a repeated dispatch meets the one under way.
            for entry in entries:
                links[entry[0] % len(links)].waiting.append(entry)
        for link in links:
            if link.waiting and link.under_way < CALLS_UNDER_WAY_MAX:
                link.under_way += 1
                sending = asyncio.ensure_future(self._send(link))
                self._sending.add(sending)
                sending.add_done_callback(self._sending.discard)

    async def _send(self, link: _Link) -> None:
        try:
            while link.waiting:
                batch, link.waiting = link.waiting, []
                for entry in batch:
                    link.open[entry[2], entry[3].task, entry[3].generation] = entry
                answer = await link.channel.call("dispatch", encode_dispatches(batch))
                self._take(link, decode_results(answer))
        except PeerLost as gone:
            await self._lost(link, gone)
        finally:
            link.under_way -= 1

    async def _collect(self, link: _Link) -> None:
        try:
            while True:
                self._take(link, decode_results(await link.channel.call("collect", b"")))
        except PeerLost as gone:
            await self._lost(link, gone)

    def _take(self, link: _Link, results: list[tuple[int, int, str, TaskResult]]) -> None:
        for _, _, order, result in results:
            link.open.pop((order, result.task, result.generation), None)
        if results:
            self._results(results)

    async def _lost(self, link: _Link, gone: PeerLost) -> None:
        """What was out there goes to the others; it is tried again soon, for only the connection may have ended."""
        if link not in self._links:
            return
        log.warning("executor lost", host=self.host, executor=link.name, reason=str(gone))
        named = self._named
        self.set_executors([other.name for other in self._links if other is not link])
        self._named = named
        await asyncio.sleep(PAUSE_S)
        self.set_executors(self._named)

    @property
    def out(self) -> int:
        """How many tasks are out."""
        return sum(len(link.open) + len(link.waiting) for link in self._links) + len(self._homeless)
